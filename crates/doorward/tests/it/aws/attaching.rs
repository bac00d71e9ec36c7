//! Certificates on listeners of AWS's own load balancers, from the annotation to the listener and
//! off it again.

use fake_aws::Fault;

use super::*;

/// AWS is given a minute before anything is taken away.
const DETACH_LIMIT: Duration = Duration::from_secs(150);

/// `shop/NAME` with one host, on these listeners.
fn web(name: &str, hosts: &[&str], wish: &str, listener: &str) -> String {
    let annotations = format!(
        "{wish}
    alb.ingress.kubernetes.io/listen-ports: '[{{\"HTTP\": 80}}]'
    alb.ingress.kubernetes.io/group.name: shop
    doorward.dev/aws-listener-arn: {listener}"
    );
    ingress(&annotations, hosts).replacen("name: web", &format!("name: {name}"), 1)
}

/// A certificate that AWS shows already.
fn issued(aws: &FakeAws, names: &[&str]) -> String {
    let arn = aws.issued_certificate(names);
    aws.pass(Duration::from_secs(2));
    arn
}

fn named(arn: &str) -> String {
    format!("    alb.ingress.kubernetes.io/certificate-arn: {arn}")
}

/// What is attached beside the default, once there are `count`.
async fn attached(aws: &FakeAws, listener: &str, count: usize) -> Vec<String> {
    wait_for(ORDER_LIMIT, || async {
        let attached = aws.attached(listener);
        (attached.len() == count).then_some(attached)
    })
    .await
}

async fn trouble(app: &App) -> String {
    wait_for(LIMIT, || async {
        let verdicts = app.verdicts("Ingress shop/web").await;
        let told = verdicts.iter().find(|verdict| verdict["reason"] == "AttachmentFailed")?;
        Some(told["message"].as_str()?.to_owned())
    })
    .await
}

#[tokio::test]
async fn what_is_made_is_attached_replaced_and_detached_and_a_kill_forgets_nothing() {
    let account = Account::open().await;
    let aws = &account.aws;
    aws.zone("shop.test");
    let theirs = issued(aws, &["theirs.test"]);
    let (one, two) = (aws.listener(&theirs), aws.listener(&theirs));
    aws.attach(&one, &theirs);
    let other = issued(aws, &["other.test"]);
    let mut app = account
        .setup("acm", "")
        .manifest("web.yaml", &web("web", &["a.shop.test"], MADE, &one))
        .manifest("other.yaml", &web("other", &["other.test"], &named(&other), &two))
        .start()
        .await;
    assert_eq!(attached(aws, &two, 1).await, [other.as_str()]);
    attached(aws, &one, 2).await;
    let old = aws.handshake(&one, "a.shop.test");
    let id = orders(&app).await[0]["id"].as_str().unwrap().to_owned();
    let shown = app.get(&format!("/api/v1/certificates/{}", id.replace('/', "%2F"))).await.json();
    assert_eq!(
        (&shown["issuedAs"], &shown["attachedTo"][0]),
        (&old.clone().into(), &one.clone().into())
    );

    app.restart().await;
    app.write("web.yaml", &web("web", &["a.shop.test", "b.shop.test"], MADE, &one));
    app.remove("other.yaml");
    wait_until(ORDER_LIMIT, || async {
        let answer = aws.handshake(&one, "a.shop.test");
        assert_ne!(answer, theirs, "never less than before");
        aws.handshake(&one, "b.shop.test") != theirs
    })
    .await;
    let new = aws.handshake(&one, "b.shop.test");
    app.restart().await;
    wait_until(DETACH_LIMIT, || async {
        assert_ne!(aws.handshake(&one, "a.shop.test"), theirs, "never less than before");
        !aws.attached(&one).contains(&old) && aws.attached(&two).is_empty()
    })
    .await;
    let mut left = [theirs.clone(), new];
    left.sort();
    assert_eq!(aws.attached(&one), left, "what somebody else attached stays");
    assert_eq!(
        (aws.default_certificate(&one), aws.default_certificate(&two)),
        (theirs.clone(), theirs)
    );
}

#[tokio::test]
async fn a_default_that_is_named_is_replaced_by_the_one_that_is_named_next() {
    let account = Account::open().await;
    let aws = &account.aws;
    let old = issued(aws, &["shop.test"]);
    let listener = aws.listener(&old);
    let mut app = account
        .setup("acm", "")
        .manifest("web.yaml", &web("web", &["shop.test"], &named(&old), &listener))
        .start()
        .await;
    attached(aws, &listener, 1).await;
    let new = issued(aws, &["shop.test"]);
    app.write("web.yaml", &web("web", &["shop.test"], &named(&new), &listener));
    attached(aws, &listener, 2).await;
    app.restart().await;
    wait_until(ORDER_LIMIT, || async { aws.default_certificate(&listener) == new }).await;
    let metrics = wait_for(LIMIT, || async {
        let text = app.get("/metrics").await.text();
        text.contains("doorward_attachments{state=\"attached\"} 1").then_some(text)
    })
    .await;
    assert!(metrics.contains("doorward_attachment_troubles 0"), "{metrics}");
}

#[tokio::test]
async fn a_full_load_balancer_is_told_to_who_finds_no_room() {
    let account = Account::open().await;
    let aws = &account.aws;
    let (theirs, ours) = (issued(aws, &["a.test"]), issued(aws, &["b.test"]));
    let listener = aws.listener(&theirs);
    aws.attach(&listener, &theirs);
    aws.allow_listener_certificates(1);
    let app = account
        .setup("acm", "")
        .manifest("web.yaml", &web("web", &["b.test"], &named(&ours), &listener))
        .start()
        .await;
    let message = trouble(&app).await;
    assert!(message.contains("takes no more") && message.contains("quota"), "{message}");
    assert_eq!(aws.attached(&listener), [theirs]);
    let metrics = app.get("/metrics").await.text();
    assert!(metrics.contains("doorward_attachments{state=\"missing\"} 1"), "{metrics}");
}

#[tokio::test]
async fn a_missing_permission_is_named_and_an_edit_tries_again_at_once() {
    let account = Account::open().await;
    let aws = &account.aws;
    let theirs = issued(aws, &["a.test"]);
    let (one, two) = (issued(aws, &["b.test"]), issued(aws, &["b.test"]));
    let listener = aws.listener(&theirs);
    aws.fail("AddListenerCertificates", 1, Fault::Refuse("AccessDenied"));
    let app = account
        .setup("acm", "")
        .manifest("web.yaml", &web("web", &["b.test"], &named(&one), &listener))
        .start()
        .await;
    let message = trouble(&app).await;
    assert!(message.contains("allow elasticloadbalancing:AddListenerCertificates"), "{message}");
    app.write("web.yaml", &web("web", &["b.test"], &named(&two), &listener));
    assert_eq!(attached(aws, &listener, 1).await, [two]);
    wait_until(LIMIT, || async {
        let verdicts = app.verdicts("Ingress shop/web").await;
        verdicts.iter().all(|verdict| verdict["reason"] != "AttachmentFailed")
    })
    .await;
}

#[tokio::test]
async fn a_listener_that_is_not_there_is_told_with_its_arn() {
    let account = Account::open().await;
    let ours = issued(&account.aws, &["b.test"]);
    let gone = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/gone/1/2";
    let app = account
        .setup("acm", "")
        .manifest("web.yaml", &web("web", &["b.test"], &named(&ours), gone))
        .start()
        .await;
    let message = trouble(&app).await;
    assert!(message.contains(&format!("there is no listener {gone}")), "{message}");
}
