mod kubectl;
mod rights;
mod stories;

use super::*;

/// Each story, told of both.
macro_rules! told_of_both {
    ($($story:ident)*) => {
        mod in_this_process {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    super::$story(super::Cluster::in_process().await).await;
                }
            )*
        }

        mod real {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    if let Some(cluster) = super::Cluster::real().await {
                        super::$story(cluster).await;
                    }
                }
            )*
        }
    };
}
use told_of_both;
