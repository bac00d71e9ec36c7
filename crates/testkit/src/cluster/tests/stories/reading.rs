use super::*;

told_of_both! {
    lists_say_what_they_are_of
    labels_and_fields_select
    a_long_list_comes_in_pages
    a_client_can_ask_for_metadata_alone
    what_is_not_there_is_said_to_be_missing
    discovery_tells_what_there_is
    a_client_can_ask_whether_it_may
}

async fn lists_say_what_they_are_of(cluster: Cluster) {
    done(post(&cluster, SECRETS, &secret("web")).await);
    done(post(&cluster, INGRESSES, &ingress("web", "shop.test")).await);
    let secrets = done(cluster.api().get("/api/v1/secrets?fieldSelector=metadata.name=web").await);
    assert_eq!((&secrets["kind"], &secrets["apiVersion"]), (&json!("SecretList"), &json!("v1")));
    assert_eq!(secrets["items"][0]["kind"], Value::Null);
    assert!(version(&secrets).parse::<u64>().unwrap() > 1);
    let ingresses = done(cluster.api().get(INGRESSES).await);
    assert_eq!(ingresses["apiVersion"], "networking.k8s.io/v1");
    assert_eq!(names(&ingresses), ["web"]);
}

async fn labels_and_fields_select(cluster: Cluster) {
    for (name, kind, labels) in [
        ("a", "one/a", json!({"app": "web", "tier": "front"})),
        ("b", "Opaque", json!({"app": "api"})),
        ("c", "one/a", json!({})),
    ] {
        let mut secret = secret(name);
        secret["type"] = kind.into();
        secret["metadata"]["labels"] = labels;
        done(post(&cluster, SECRETS, &secret).await);
    }
    for (query, expected) in [
        ("labelSelector=app%3Dweb", "a"),
        ("labelSelector=app!=web", "b c"),
        ("labelSelector=app+in+(web,api)", "a b"),
        ("labelSelector=app+notin+(web,api)", "c"),
        ("labelSelector=app,tier!=front", "b"),
        ("labelSelector=!app", "c"),
        ("fieldSelector=type=one/a", "a c"),
        ("fieldSelector=type!=one/a", "b"),
        ("fieldSelector=metadata.name=b", "b"),
        ("fieldSelector=type=one/a,metadata.name!=a&labelSelector=!app", "c"),
        ("fieldSelector=metadata.namespace=other", ""),
    ] {
        let found = done(cluster.api().get(&format!("{SECRETS}?{query}")).await);
        assert_eq!(names(&found).join(" "), expected, "{query}");
    }
    let unknown = cluster.api().get(&format!("{SECRETS}?fieldSelector=data.a=b")).await;
    assert_eq!(refusal(&unknown), (400, "BadRequest".into()));
}

async fn a_long_list_comes_in_pages(cluster: Cluster) {
    for name in ["a", "b", "c", "d", "e"] {
        done(post(&cluster, SECRETS, &secret(name)).await);
    }
    let first = done(cluster.api().get(&format!("{SECRETS}?limit=2")).await);
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 3);
    let mut seen = names(&first).join("");
    let mut page = first.clone();
    while let Some(token) = page["metadata"]["continue"].as_str().filter(|token| !token.is_empty())
    {
        page = done(cluster.api().get(&format!("{SECRETS}?limit=2&continue={token}")).await);
        seen += &names(&page).join("");
        assert_eq!(version(&page), version(&first));
    }
    assert_eq!(seen, "abcde");
}

async fn a_client_can_ask_for_metadata_alone(cluster: Cluster) {
    done(post(&cluster, SECRETS, &secret("web")).await);
    let path = format!("{SECRETS}/web");
    let form = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    let one = done(cluster.api().accepting(&path, form).await);
    assert_eq!((&one["kind"], &one["data"]), (&json!("PartialObjectMetadata"), &Value::Null));
    let form = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let list = done(cluster.api().accepting(SECRETS, form).await);
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    assert_eq!((names(&list), &list["items"][0]["data"]), (vec!["web"], &Value::Null));
}

async fn what_is_not_there_is_said_to_be_missing(cluster: Cluster) {
    let secret = cluster.api().get(&format!("{SECRETS}/web")).await;
    assert_eq!(refusal(&secret), (404, "NotFound".into()));
    assert_eq!(secret.json()["message"], "secrets \"web\" not found");
    assert_eq!(secret.json()["details"], json!({"name": "web", "kind": "secrets"}));
    let ingress = cluster.api().get(&format!("{INGRESSES}/web")).await.json();
    assert_eq!(ingress["message"], "ingresses.networking.k8s.io \"web\" not found");
    assert_eq!(ingress["details"]["group"], "networking.k8s.io");
    for path in ["/api/v1/nothings", "/apis/nowhere.test/v1/things", "/apis/nowhere.test/v1"] {
        assert_eq!(cluster.api().get(path).await.status, 404, "{path}");
    }
}

async fn discovery_tells_what_there_is(cluster: Cluster) {
    let api = cluster.api();
    assert_eq!(done(api.get("/api").await)["versions"], json!(["v1"]));
    assert_eq!(done(api.get("/version").await)["major"], "1");
    assert_eq!(api.get("/readyz").await.text(), "ok");
    let groups = done(api.get("/apis").await);
    let find = |list: &Value, name: &str| {
        let found = list.as_array().unwrap().iter().find(|entry| entry["name"] == name).cloned();
        found.unwrap_or_else(|| panic!("no {name}: {list}"))
    };
    let group = find(&groups["groups"], "networking.k8s.io");
    assert_eq!(group["preferredVersion"]["groupVersion"], "networking.k8s.io/v1");
    let kinds = done(api.get("/apis/networking.k8s.io/v1").await);
    assert_eq!(kinds["groupVersion"], "networking.k8s.io/v1");
    let ingress = find(&kinds["resources"], "ingresses");
    assert_eq!((&ingress["kind"], &ingress["namespaced"]), (&json!("Ingress"), &json!(true)));
    assert_eq!(ingress["shortNames"], json!(["ing"]));
    assert_eq!(find(&kinds["resources"], "ingresses/status")["kind"], "Ingress");
    assert_eq!(find(&kinds["resources"], "ingressclasses")["namespaced"], false);
}

async fn a_client_can_ask_whether_it_may(cluster: Cluster) {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "list", "resource": "secrets", "namespace": "default"}},
    });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let answer = post(&cluster, path, &review).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]["allowed"]), (201, &json!(true)));
}
