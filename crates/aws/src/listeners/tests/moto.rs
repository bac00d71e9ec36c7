//! The same calls against moto, which others wrote from AWS's documentation.

use aws_sdk_elasticloadbalancingv2::{
    Client,
    types::{Action, ActionTypeEnum, Certificate, LoadBalancerTypeEnum, ProtocolEnum},
};
use testkit::moto::Moto;

use super::*;
use crate::fixture::account_at;

#[tokio::test]
async fn a_listener_gets_what_is_wanted_and_is_then_left_alone() {
    let Some(moto) = Moto::start().await else { return };
    let account = account_at(moto.url(), 1);
    let (first, second) = (issued(&account, "a.test").await, issued(&account, "b.test").await);
    let listener = listener(&account, &subnet(moto.url()).await, &first).await;
    let listeners = Listeners::new(&account);
    let facts = Facts { names: vec!["b.test".parse().unwrap()], not_after: Timestamp::MAX };
    let wished = Wished { arn: arn(&second), facts: Some(facts) };
    let wish = Wish { certificates: vec![wished], pending: Vec::new() };
    let (mut record, book) = (Record::new(arn(&listener), "amazon"), Slate::default());
    let mut rounds = Vec::new();
    for _ in 0..2 {
        let round = listeners.reconcile(&wish, &mut record, &book, Timestamp::UNIX_EPOCH).await;
        rounds.push(round.unwrap());
    }
    assert_eq!(rounds[0].done, [super::super::Action::Add(arn(&second))]);
    assert_eq!((rounds[1].done.len(), rounds[1].again_in), (0, None));
    assert_eq!(rounds[1].carried, [arn(&second)]);
}

async fn issued(account: &Account, name: &str) -> String {
    let client = aws_sdk_acm::Client::new(&account.config);
    let made = client.request_certificate().domain_name(name).send().await.unwrap();
    made.certificate_arn.unwrap()
}

/// One of those that every account has; asked for by hand, as nothing else needs EC2's client.
async fn subnet(url: &str) -> String {
    let ask = "Action=DescribeSubnets&Version=2016-11-15";
    let mut request = testkit::http::request(http::Method::POST, url, ask);
    for (name, value) in [
        ("content-type", "application/x-www-form-urlencoded"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDTEST/20260301/eu-central-1/ec2/aws4_request, \
             SignedHeaders=host, Signature=0",
        ),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let address = url.trim_start_matches("http://").parse().unwrap();
    let answer = testkit::http::send(address, request).await.unwrap().text();
    let (_, rest) = answer.split_once("<subnetId>").unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

async fn listener(account: &Account, subnet: &str, certificate: &str) -> String {
    let client = Client::new(&account.config);
    let made = client
        .create_load_balancer()
        .name("shop")
        .r#type(LoadBalancerTypeEnum::Network)
        .subnets(subnet)
        .send()
        .await
        .unwrap();
    let load_balancer = made.load_balancers()[0].load_balancer_arn.clone().unwrap();
    let forward = Action::builder()
        .r#type(ActionTypeEnum::FixedResponse)
        .fixed_response_config(
            aws_sdk_elasticloadbalancingv2::types::FixedResponseActionConfig::builder()
                .status_code("404")
                .build(),
        )
        .build();
    let made = client
        .create_listener()
        .load_balancer_arn(load_balancer)
        .protocol(ProtocolEnum::Tls)
        .port(443)
        .certificates(Certificate::builder().certificate_arn(certificate).build())
        .default_actions(forward)
        .send()
        .await
        .unwrap();
    made.listeners()[0].listener_arn.clone().unwrap()
}
