use super::*;
use crate::{
    lease::fixture::Ballot,
    store::fixture::{NAMESPACE, client, clusters},
};

fn page(name: &str, text: &str) -> Page {
    Page { name: name.to_owned(), text: Zeroizing::new(text.to_owned()) }
}

#[tokio::test]
async fn pages_are_kept_for_the_next_leader_and_removed() {
    for cluster in clusters().await {
        let (ballot, _leadership) = Ballot::open();
        let book = OrderSecrets::new(client(&cluster).await, NAMESPACE, ballot.win());
        book.save(&page("order_shop_web_1", "one")).await.expect("writes");
        book.save(&page("order_shop_web_1", "two")).await.expect("replaces");
        book.save(&page("budgets", "three")).await.expect("writes");
        book.remove("budgets").await.expect("removes");
        book.remove("budgets").await.expect("is gone already");

        ballot.lose();
        let next = OrderSecrets::new(client(&cluster).await, NAMESPACE, ballot.win());
        let pages = next.load().await.expect("reads");
        assert_eq!(pages, [page("order_shop_web_1", "two")]);
        book.save(&page("order_shop_web_1", "late")).await.expect_err("its term is over");
        assert_eq!(next.load().await.expect("reads"), pages);
    }
}
