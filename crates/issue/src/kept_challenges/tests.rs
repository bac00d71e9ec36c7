use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use model::{
    Action, CertificateList, Challenges as Open, Credentials, Dialect, Listener, ListenerKey,
    LoadBalancer, ObjectRef, RouteTable,
};
use zeroize::Zeroizing;

use super::*;
use crate::Fault;

#[derive(Default)]
struct InMemory(Mutex<BTreeMap<String, String>>);

impl Entries for InMemory {
    fn load<'a>(
        &'a self,
        secret: &'a str,
        key: &'a str,
    ) -> Future<'a, Result<Option<Zeroizing<String>>, StoreError>> {
        assert_eq!(secret, CHALLENGES_SECRET);
        let found = self.0.lock().unwrap().get(key).cloned().map(Zeroizing::new);
        Box::pin(async { Ok(found) })
    }

    fn save<'a>(
        &'a self,
        _: &'a str,
        key: &'a str,
        text: &'a str,
    ) -> Future<'a, Result<(), StoreError>> {
        self.0.lock().unwrap().insert(key.to_owned(), text.to_owned());
        Box::pin(async { Ok(()) })
    }

    fn remove<'a>(&'a self, _: &'a str, key: &'a str) -> Future<'a, Result<(), StoreError>> {
        self.0.lock().unwrap().remove(key);
        Box::pin(async { Ok(()) })
    }
}

impl InMemory {
    /// As they come back in a Model with one listener.
    fn seen_by(&self, port: u16, protocol: Protocol) -> Arc<Model> {
        let held = self.0.lock().unwrap();
        let entries = held.iter().map(|(token, text)| {
            (token.as_str().into(), Zeroizing::new(text.clone().into_bytes()))
        });
        let challenges = Open::read(&Credentials(entries.collect())).into();
        let balancer = LoadBalancer {
            name: "edge".into(),
            dialect: Dialect::Ingress,
            declared_by: ObjectRef::cluster("IngressClass", "edge"),
            members: [].into(),
            read_only: true,
            listeners: vec![listener(port, protocol).into()],
        };
        Model { load_balancers: vec![balancer], challenges, ..Model::default() }.into()
    }
}

fn listener(port: u16, protocol: Protocol) -> Listener {
    Listener {
        key: ListenerKey { load_balancer: "edge".into(), port, quic: false },
        protocol,
        address: ([127, 0, 0, 1], 0).into(),
        declared_by: ObjectRef::cluster("IngressClass", "edge"),
        certificates: CertificateList::default(),
        tls: None,
        servers: Vec::new(),
        tunnel: None,
        routes: Arc::new(RouteTable::new(Vec::new(), Action::Echo)),
        forwarded: Arc::default(),
        access: None,
        idle_timeout: Duration::from_secs(60),
        client_timeout: None,
        request_timeout: Duration::from_secs(60),
        gzip: false,
    }
}

fn challenge(key_authorization: &str) -> Challenge {
    Challenge::Http01 {
        host: Name::parse("a.test").unwrap(),
        token: "token".into(),
        key_authorization: key_authorization.into(),
    }
}

#[tokio::test]
async fn a_challenge_is_answered_once_the_model_has_it() {
    let kept = Arc::new(InMemory::default());
    let (models, receiver) = watch::channel(kept.seen_by(80, Protocol::Http));
    let challenges = KeptChallenges::new(kept.clone(), receiver);
    let challenge = challenge("token.key");
    challenges.open(&challenge).await.unwrap();
    assert!(!challenges.is_answered(&challenge).await.unwrap());
    models.send_replace(kept.seen_by(80, Protocol::Http));
    assert!(challenges.is_answered(&challenge).await.unwrap());
    challenges.close(&Name::parse("a.test").unwrap(), "token").await.unwrap();
    assert!(kept.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_open_stays_as_it_is() {
    let kept = Arc::new(InMemory::default());
    let (_models, receiver) = watch::channel(Arc::default());
    let challenges = KeptChallenges::new(kept.clone(), receiver);
    challenges.open(&challenge("token.first")).await.unwrap();
    challenges.open(&challenge("token.second")).await.unwrap();
    assert!(kept.0.lock().unwrap()["token"].contains("token.first"));
}

#[tokio::test]
async fn without_a_listener_where_the_ca_asks_the_cure_is_told() {
    let kept = Arc::new(InMemory::default());
    let (models, receiver) = watch::channel(kept.seen_by(443, Protocol::Https));
    let challenges = KeptChallenges::new(kept.clone(), receiver);
    let told = challenges.is_answered(&challenge("token.key")).await.unwrap_err();
    assert_eq!(told.fault, Fault::Refused);
    assert!(told.message.contains("port 80"), "{told}");

    models.send_replace(kept.seen_by(80, Protocol::Http));
    let over_tls = Challenge::TlsAlpn01 {
        host: Name::parse("a.test").unwrap(),
        token: "token".into(),
        certificate_pem: String::new(),
        key_pem: Zeroizing::default(),
    };
    let told = challenges.is_answered(&over_tls).await.unwrap_err();
    assert!(told.message.contains("port 443"), "{told}");
}
