use std::{collections::BTreeMap, convert::Infallible, sync::Mutex};

use ::watch::{
    folder::{Folder, FolderOptions},
    read::ISSUED_BY,
    state::{NewSecret, StateFolder},
};
use model::{Name, ObjectRef, Want};
use testkit::pki::{LeafOptions, TestCa};

use super::*;

fn put(state: &StateFolder, name: &str, issuer: Option<&str>, options: LeafOptions) {
    let pair = TestCa::new("root").issue(&["a.test"], options);
    let secret = NewSecret {
        namespace: "shop",
        name,
        labels: issuer.map(|issuer| (ISSUED_BY, issuer)).into_iter().collect::<BTreeMap<_, _>>(),
        annotations: BTreeMap::new(),
        certificate_pem: &pair.chain_pem,
        key_pem: &pair.key_pem,
    };
    state.put_secret(&secret).unwrap();
}

fn want(id: CertificateId) -> Want {
    Want {
        id,
        names: vec![Name::parse("a.test").unwrap()],
        issuer: "local".into(),
        wanted_by: ObjectRef::namespaced("Ingress", "shop", "web"),
        key: None,
        held: None,
        held_from: None,
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_was_issued_has_expired_and_is_not_wanted_goes() {
    let home = tempfile::tempdir().unwrap();
    let state = Arc::new(StateFolder::open(home.path()).unwrap());
    put(&state, "outlived", Some("local"), LeafOptions::expired());
    put(&state, "wanted", Some("local"), LeafOptions::expired());
    put(&state, "fresh", Some("local"), LeafOptions::default());
    put(&state, "uploaded", None, LeafOptions::expired());
    let world = Folder::new(FolderOptions {
        roots: Vec::new(),
        state: Some(state.view().clone()),
        store_namespace: "doorward-system".into(),
    })
    .load();
    assert_eq!((world.secrets.len(), world.faults.len()), (4, 0));
    let model =
        Model { wants: vec![want(CertificateId::secret("shop", "wanted"))], ..Model::default() };
    assert_eq!(outlived(&world, &model, Timestamp::now()), [Key::new("shop", "outlived")]);

    let (_worlds, world) = watch::channel(Arc::new(world));
    let (_models, model) = watch::channel(Arc::new(model));
    let cancel = CancellationToken::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let delete = {
        let told = told.clone();
        move |Key { namespace, name }| {
            told.lock().unwrap().push(format!("{namespace}/{name}"));
            std::future::ready(Ok::<_, Infallible>(true))
        }
    };
    let sweeping = tokio::spawn(sweep(delete, world, model, cancel.clone()));
    let deleted = || told.lock().unwrap().clone();
    time::sleep(PAUSE - Duration::from_secs(1)).await;
    assert_eq!(deleted(), [""; 0], "nothing goes soon after a start");
    testkit::wait_until(testkit::LIMIT, || async { !deleted().is_empty() }).await;
    assert_eq!(deleted(), ["shop/outlived"]);
    cancel.cancel();
    sweeping.await.unwrap();
}
