use super::*;

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

async fn refusal(path: PathBuf, context: Option<&str>) -> String {
    let choice = ClusterChoice { kubeconfig: Some(path), context: context.map(Into::into) };
    connect(&choice).await.map(|_| ()).unwrap_err().to_string()
}

#[tokio::test]
async fn a_kubeconfig_that_cannot_be_used_is_told_with_its_path_and_the_cure() {
    let garbage = file("kind: [");
    let empty = file("apiVersion: v1\nkind: Config\n");
    for path in [PathBuf::from("/nowhere/config"), garbage.path().into(), empty.path().into()] {
        let text = refusal(path.clone(), None).await;
        assert!(text.contains(&path.display().to_string()), "{text}");
        assert!(text.contains("--kubeconfig FILE"), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    let text = refusal(empty.path().into(), Some("staging")).await;
    assert!(text.contains("staging"), "{text}");
}

#[tokio::test]
async fn a_context_that_is_not_there_is_told_with_those_that_are() {
    let two = file(
        "apiVersion: v1\nkind: Config\ncontexts:\n\
         - {name: staging, context: {cluster: c, user: u}}\n\
         - {name: live, context: {cluster: c, user: u}}\n",
    );
    for context in [Some("stagin"), None] {
        let text = refusal(two.path().into(), context).await;
        assert!(text.contains("give --context one of staging, live"), "{text}");
    }
}
