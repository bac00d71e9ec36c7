//! The same calls against moto, which others wrote from AWS's documentation: what the fake and
//! this crate both misread would show here. Its zones refuse little, so refusals are left to the
//! fake.

use testkit::moto::Moto;

use super::*;
use crate::fixture::account_at;

#[tokio::test]
async fn records_come_and_go() {
    let Some(moto) = Moto::start().await else { return };
    let account = account_at(moto.url(), 1);
    for n in 0..120 {
        let (client, name) = (Client::new(&account.config), format!("z{n}.test"));
        let made = client.create_hosted_zone().name(&name).caller_reference(&name);
        made.send().await.unwrap();
    }
    let dns = Route53::new(&account, Vec::new());
    let validation = cname("_x.z119.test", "_y.acm.test");
    dns.add(&validation).await.unwrap();
    let texts = ["one", "two \"quoted\""].map(|value| txt("_t.z7.test", value));
    for text in &texts {
        dns.add(text).await.unwrap();
    }
    for record in texts.iter().chain([&validation]) {
        assert!(dns.is_served(record).await.unwrap(), "{record:?} is there");
        dns.remove(record).await.unwrap();
        assert!(!dns.is_served(record).await.unwrap(), "{record:?} is gone");
    }
}
