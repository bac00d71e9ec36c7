use issue::OrderBook;
use testkit::{api_server::ApiServer, pki::TestCa};
use translate::world::Key;
use zeroize::Zeroizing;

use super::*;
use crate::{
    client::{ClusterChoice, connect},
    lease::fixture::Ballot,
    source::tests::scene::{ingress, opaque, options},
    store::OrderSecrets,
};

async fn client(server: &ApiServer) -> Client {
    let choice = ClusterChoice { kubeconfig: Some(server.kubeconfig()), context: None };
    connect(&choice).await.unwrap()
}

#[tokio::test]
async fn all_that_a_leader_keeps_is_seen_and_nothing_is_written() {
    let server = ApiServer::start().await;
    server.put_yaml("{apiVersion: v1, kind: Namespace, metadata: {name: doorward-system}}");
    let (ballot, _leadership) = Ballot::open();
    let store = &*options().store_namespace;
    let book = OrderSecrets::new(client(&server).await, store, ballot.win());
    let page = Page { name: "order_shop_web_1".into(), text: Zeroizing::new("one".into()) };
    book.save(&page).await.unwrap();
    let console = ConsoleMap::new(client(&server).await, store);
    console.set_read_only("web", false).await.unwrap();
    server.put(ingress("web", "named"));
    server.put(opaque("named", &TestCa::new("root").leaf(&["a.test"])));
    server.forget_requests();

    let Glance { world, memory, pages } = glance(client(&server).await, options()).await.unwrap();
    assert_eq!(pages, [page]);
    assert!(memory.is_none());
    assert_eq!(world.console.read_only.get("web"), Some(&false));
    assert!(world.ingresses.contains_key(&Key::new("shop", "web")));
    assert!(world.secrets.contains_key(&Key::new("shop", "named")));
    let others = server.requests().into_iter().map(|asked| asked.verb);
    let others: Vec<_> = others.filter(|verb| !["get", "list", "watch"].contains(verb)).collect();
    assert_eq!(others, [""; 0]);
}

#[tokio::test]
async fn what_may_not_be_read_is_told_with_its_rule() {
    let server = ApiServer::start().await;
    server.deny("list", "secrets");
    let told = glance(client(&server).await, options()).await.err().unwrap().to_string();
    assert!(told.contains("doorward-order-") && told.contains("secrets"), "{told}");
}
