//! What no single golden case can show: many certificates, and what holds for any input.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use model::{
    Action, CertificateTable, Choice, Dialect, FixedResponse, ForwardedHeaders, HostChoice,
    Listener, Name, ObjectRef, Protocol, TlsVersions,
};
use proptest::prelude::*;

use super::*;
use crate::{
    Translation, Translator,
    claim::{
        CertificateClaim, Declaration, FixedCertificates, ListenerClaim, LoadBalancerClaim,
        OnDelete, TlsClaim, TlsMember,
    },
    dialect::Claims,
    tests::{Facts, Source, at},
    world::Object,
};

fn member(index: usize, hosts: &[&str], secret: Option<&str>) -> Arc<TlsMember> {
    Arc::new(TlsMember {
        object: ObjectRef::namespaced("Ingress", "shop", &format!("web-{index}")),
        origin: None,
        field: "spec.tls[0]".into(),
        certificate_field: "secretName".into(),
        hosts: hosts.iter().map(|host| Name::parse(host).unwrap()).collect(),
        certificate: secret.map(|name| CertificateId::secret("shop", name)),
        issuer: None,
        as_one: false,
    })
}

fn https(certificates: CertificateClaim) -> Claims {
    let listener = ListenerClaim {
        host_choice: HostChoice::default(),
        servers: Vec::new(),
        tunnel: None,
        port: 443,
        protocol: Protocol::Https,
        field: "spec.listeners[0]".into(),
        shared_by: Vec::new(),
        tls: Some(TlsClaim {
            ciphers: None,
            versions: TlsVersions::V12AndV13,
            http2: true,
            client_ca: None,
            certificates,
        }),
        rules: Vec::new(),
        default_action: Action::Fixed(FixedResponse {
            status: http::StatusCode::SERVICE_UNAVAILABLE,
            content_type: http::HeaderValue::from_static("text/plain"),
            body: "".into(),
            reason: None,
        }),
        forwarded: Arc::new(ForwardedHeaders::default()),
        access: None,
        idle_timeout: Duration::from_secs(60),
        client_timeout: None,
        request_timeout: Duration::from_secs(60),
        gzip: false,
    };
    let load_balancer = LoadBalancerClaim {
        name: "edge-lb".into(),
        dialect: Dialect::Alb,
        declared_by: Declaration::of(&Object {
            reference: ObjectRef::cluster("AlbConfig", "edge-lb"),
            origin: None,
            created: at("-1d"),
            sequence: 0,
            body: (),
        }),
        bind: None,
        members: [].into(),
        listeners: vec![listener],
    };
    Claims { load_balancers: vec![load_balancer], ..Claims::default() }
}

fn settle(claims: Claims, world: &World, memory: &Memory, now: Timestamp) -> Translation {
    Translator::default().settle(claims, world, &Settings::default(), memory, now)
}

fn only_listener(translation: &Translation) -> &Arc<Listener> {
    translation.model.listeners().next().unwrap()
}

#[test]
fn fifteen_hundred_certificates_on_one_listener() {
    let mut source = Source::default();
    let mut ids = Vec::new();
    for index in 0..1_500 {
        let id = format!("{index}-cn-hangzhou");
        let names = vec![format!("h{index}.test")];
        source.put(&Facts { id: Some(id.clone()), names, ..Facts::default() });
        ids.push(CertificateId::store(&id));
    }
    let fixed = FixedCertificates { source: None, ids: ids.clone(), default: None };
    let claims = https(CertificateClaim { fixed: Some(Ok(fixed)), ..CertificateClaim::default() });
    let translation = settle(claims, &source.world, &Memory::default(), at("+0d"));
    let list = &only_listener(&translation).certificates;
    let bound: Vec<_> = list.bindings.iter().map(|binding| binding.id.clone()).collect();
    assert_eq!(bound, ids);
    assert_eq!(list.bindings.iter().filter(|binding| binding.is_default).count(), 1);
    assert!(list.bindings[0].is_default);
    assert_eq!(translation.verdicts, []);
    let table = CertificateTable::new(list);
    let last = table.choose(Some("h1499.test"), |_| true).certificate();
    assert_eq!(last, list.bindings[1_499].certificate.as_ref());
}

#[test]
fn an_equal_listener_keeps_its_pointer() {
    let mut source = Source::default();
    let names = vec!["a.test".to_owned()];
    source.put(&Facts { secret: Some("shop/tls-a".into()), names, ..Facts::default() });
    let claims = || {
        let members = vec![member(0, &["a.test"], Some("tls-a"))];
        https(CertificateClaim { members, ..CertificateClaim::default() })
    };
    let (mut translator, settings) = (Translator::default(), Settings::default());
    let mut run =
        |memory: &Memory| translator.settle(claims(), &source.world, &settings, memory, at("+0d"));
    let first = run(&Memory::default());
    let second = run(&first.memory);
    assert!(Arc::ptr_eq(only_listener(&first), only_listener(&second)));
}

const HOSTS: [&str; 5] = ["a.test", "b.test", "x.a.test", "*.a.test", "y.b.test"];

#[derive(Clone, Debug)]
enum Harm {
    None,
    Deleted,
    Garbage,
    /// Overwritten with an expired certificate.
    Expired,
}

/// A certificate of the store, or of the Secret that the member of the same index names.
#[derive(Clone, Debug)]
struct Upload {
    is_stored: bool,
    names: Vec<&'static str>,
    ends: i64,
    harm: Harm,
}

fn uploads() -> impl Strategy<Value = Vec<Upload>> {
    let harm = prop_oneof![
        Just(Harm::None),
        Just(Harm::Deleted),
        Just(Harm::Garbage),
        Just(Harm::Expired),
    ];
    let names = prop::sample::subsequence(HOSTS.to_vec(), 1..3);
    let upload = (any::<bool>(), names, 1_i64..40, harm)
        .prop_map(|(is_stored, names, ends, harm)| Upload { is_stored, names, ends, harm });
    prop::collection::vec(upload, 1..6)
}

impl Upload {
    fn facts(&self, index: usize) -> Facts {
        Facts {
            id: self.is_stored.then(|| format!("{index}-cn-hangzhou")),
            secret: (!self.is_stored).then(|| format!("shop/tls-{index}")),
            names: self.names.iter().map(|name| (*name).to_owned()).collect(),
            not_after: Some(format!("+{}d", self.ends)),
            ..Facts::default()
        }
    }

    fn harm(&self, index: usize, source: &mut Source) {
        let facts = self.facts(index);
        match self.harm {
            Harm::None => {}
            Harm::Deleted => match (&facts.id, &facts.secret) {
                (Some(id), _) => source.delete(id),
                (_, Some(secret)) => source.delete(&format!("Secret {secret}")),
                (None, None) => {}
            },
            Harm::Garbage => {
                source.put(&Facts { problem: Some("garbage".into()), ..facts });
            }
            Harm::Expired => source.put(&Facts { not_after: Some("-1d".into()), ..facts }),
        }
    }
}

/// The hosts that a client can reach with a certificate that is valid and carries them.
fn reached(translation: &Translation, now: Timestamp) -> BTreeSet<&'static str> {
    let table = CertificateTable::new(&only_listener(translation).certificates);
    let is_good = |host: &&str| match table.choose_for(&Name::parse(host).unwrap()) {
        Choice::Exact(found) | Choice::Wildcard(found) | Choice::Assigned(found) => {
            !found.is_expired(now)
        }
        Choice::Default(_) | Choice::Nothing => false,
    };
    HOSTS.into_iter().filter(is_good).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Nothing good is ever lost, whatever happens to the Secrets: not at once, and not by a
    /// restart after that.
    #[test]
    fn harm_to_secrets_takes_no_host_down(
        uploads in uploads(),
        listed in prop::option::of(any::<bool>()),
    ) {
        let mut source = Source::default();
        let mut members = vec![member(99, &HOSTS, None)];
        let mut fixed = FixedCertificates::default();
        for (index, upload) in uploads.iter().enumerate() {
            source.put(&upload.facts(index));
            if upload.is_stored {
                fixed.ids.push(CertificateId::store(&format!("{index}-cn-hangzhou")));
            } else {
                members.push(member(index, &upload.names, Some(&format!("tls-{index}"))));
            }
        }
        let fixed = listed.map(|_| Ok(fixed));
        let claims = || https(CertificateClaim { on_delete: OnDelete::KeepLastGood,
            fixed: fixed.clone(),
            members: members.clone(),
            default: None,
        });
        let now = at("+0d");
        let before = settle(claims(), &source.world, &Memory::default(), now);
        for (index, upload) in uploads.iter().enumerate() {
            upload.harm(index, &mut source);
        }
        let after = settle(claims(), &source.world, &before.memory, now);
        prop_assert!(reached(&after, now).is_superset(&reached(&before, now)));
        let kept = Memory {
            defaults: after.memory.defaults.clone(),
            held_over: after.memory.held_over.clone(),
            ..Memory::default()
        };
        let restarted = settle(claims(), &source.world, &kept, now);
        prop_assert_eq!(reached(&restarted, now), reached(&after, now));
        let defaults = after.model.listeners().map(|listener| {
            listener.certificates.bindings.iter().filter(|binding| binding.is_default).count()
        });
        prop_assert!(defaults.into_iter().all(|count| count <= 1));
    }
}
