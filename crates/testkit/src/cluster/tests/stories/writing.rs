use super::*;

told_of_both! {
    objects_outlive_a_restart
    the_server_says_who_and_when
    a_name_is_taken_once_and_can_be_made_up
    a_write_of_what_was_read_long_ago_is_a_conflict
    a_write_that_changes_nothing_is_none
    what_is_wanted_and_what_is_so_are_written_apart
    a_deletion_can_insist_on_the_object_it_means
    finalizers_hold_an_object
    a_namespace_comes_first
    texts_of_a_secret_become_data
    patches_of_each_kind_change_what_they_say
    a_lease_is_taken_once
    an_update_makes_a_lease_and_no_secret
    a_method_has_its_place
    an_event_lives_beside_what_it_is_about
    both_groups_have_the_same_events
    a_dry_run_leaves_no_trace
}

async fn objects_outlive_a_restart(mut cluster: Cluster) {
    let mut secret = secret("web");
    secret["metadata"]["namespace"] = "shop".into();
    let before = cluster.put(&secret).await;
    cluster.away().await;
    let asked = cluster.api().try_ask(Method::GET, SECRETS, content_type::JSON, &Value::Null).await;
    assert!(asked.is_err(), "{:?}", asked.map(|answer| answer.text()));
    cluster.back().await;
    let after = cluster.wait_for("Secret", "shop", "web", |secret| Some(secret.clone())).await;
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert!(cluster.delete("Secret", "shop", "web").await);
    assert!(cluster.object("Secret", "shop", "web").await.is_none());
}

async fn the_server_says_who_and_when(cluster: Cluster) {
    let mut wanted = ingress("web", "shop.test");
    wanted["metadata"]["uid"] = "mine".into();
    wanted["metadata"]["creationTimestamp"] = "2001-01-01T00:00:00Z".into();
    wanted["status"] = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}});
    let made = done(post(&cluster, INGRESSES, &wanted).await);
    assert_eq!(text(&made, "/metadata/uid").len(), 36);
    assert!(text(&made, "/metadata/creationTimestamp") > "2020");
    assert_eq!(made["metadata"]["generation"], 1);
    assert_eq!(made["metadata"]["namespace"], "default");
    assert_eq!(made["status"], json!({"loadBalancer": {}}));
}

async fn a_name_is_taken_once_and_can_be_made_up(cluster: Cluster) {
    done(post(&cluster, SECRETS, &secret("web")).await);
    let again = post(&cluster, SECRETS, &secret("web")).await;
    assert_eq!(refusal(&again), (409, "AlreadyExists".into()));
    assert_eq!(again.json()["message"], "secrets \"web\" already exists");
    let mut unnamed = secret("");
    unnamed["metadata"] = json!({"generateName": "web-"});
    let made = done(post(&cluster, SECRETS, &unnamed).await);
    assert!(
        text(&made, "/metadata/name").starts_with("web-")
            && text(&made, "/metadata/name").len() == 9
    );
    let bad = post(&cluster, SECRETS, &secret("Not_A_Name")).await;
    assert_eq!(refusal(&bad), (422, "Invalid".into()));
}

async fn a_write_of_what_was_read_long_ago_is_a_conflict(cluster: Cluster) {
    let path = format!("{SECRETS}/web");
    let first = done(post(&cluster, SECRETS, &secret("web")).await);
    let mut second = first.clone();
    second["data"]["a"] = "eQ==".into();
    let written = done(put(&cluster, &path, &second).await);
    assert_ne!(version(&written), version(&first));
    let late = put(&cluster, &path, &second).await;
    assert_eq!(refusal(&late), (409, "Conflict".into()));
    let message = text(&late.json(), "/message").to_owned();
    assert!(message.contains("the object has been modified"), "{message}");
    let patch = json!({"metadata": {"resourceVersion": version(&first)}, "data": {"a": "eg=="}});
    assert_eq!(refusal(&merge(&cluster, &path, &patch).await), (409, "Conflict".into()));
    let missing = put(&cluster, &format!("{SECRETS}/other"), &secret("other")).await;
    assert_eq!(refusal(&missing), (404, "NotFound".into()));
}

async fn a_write_that_changes_nothing_is_none(cluster: Cluster) {
    let path = format!("{SECRETS}/web");
    let made = done(post(&cluster, SECRETS, &secret("web")).await);
    let replaced = done(put(&cluster, &path, &made).await);
    let patched = done(merge(&cluster, &path, &json!({"data": {"a": "eA=="}})).await);
    assert_eq!((version(&replaced), version(&patched)), (version(&made), version(&made)));
}

async fn what_is_wanted_and_what_is_so_are_written_apart(cluster: Cluster) {
    let path = format!("{INGRESSES}/web");
    done(post(&cluster, INGRESSES, &ingress("web", "shop.test")).await);
    let status = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}});
    let both = json!({"spec": {"ingressClassName": "alb"}, "status": status});

    let so = done(merge(&cluster, &format!("{path}/status"), &both).await);
    assert_eq!((&so["status"], &so["spec"]["ingressClassName"]), (&status, &Value::Null));
    assert_eq!(so["metadata"]["generation"], 1);

    let other = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.2"}]}});
    let both = json!({"spec": {"ingressClassName": "alb"}, "status": other});
    let wanted = done(merge(&cluster, &path, &both).await);
    assert_eq!((&wanted["status"], &wanted["spec"]["ingressClassName"]), (&status, &json!("alb")));
    assert_eq!(wanted["metadata"]["generation"], 2);

    let labelled = done(merge(&cluster, &path, &json!({"metadata": {"labels": {"a": "b"}}})).await);
    assert_eq!(labelled["metadata"]["generation"], 2);
    let missing =
        merge(&cluster, &format!("{INGRESSES}/other/status"), &json!({"status": status})).await;
    assert_eq!(refusal(&missing), (404, "NotFound".into()));
}

async fn a_deletion_can_insist_on_the_object_it_means(cluster: Cluster) {
    let path = format!("{SECRETS}/web");
    let made = done(post(&cluster, SECRETS, &secret("web")).await);
    let other = json!({"preconditions": {"uid": "11111111-1111-4111-a111-111111111111"}});
    assert_eq!(refusal(&delete(&cluster, &path, &other).await), (409, "Conflict".into()));
    let old = json!({"preconditions": {"resourceVersion": "1"}});
    assert_eq!(refusal(&delete(&cluster, &path, &old).await), (409, "Conflict".into()));
    let this = json!({"preconditions": {
        "uid": made["metadata"]["uid"], "resourceVersion": made["metadata"]["resourceVersion"],
    }});
    assert_eq!(done(delete(&cluster, &path, &this).await)["status"], "Success");
    assert_eq!(refusal(&delete(&cluster, &path, &this).await), (404, "NotFound".into()));
}

async fn finalizers_hold_an_object(cluster: Cluster) {
    let path = format!("{SECRETS}/web");
    let mut held = secret("web");
    held["metadata"]["finalizers"] = json!(["test/hold"]);
    done(post(&cluster, SECRETS, &held).await);
    done(delete(&cluster, &path, &Value::Null).await);
    let marked = done(cluster.api().get(&path).await);
    assert!(text(&marked, "/metadata/deletionTimestamp") > "2020", "{marked}");
    done(merge(&cluster, &path, &json!({"metadata": {"finalizers": null}})).await);
    assert_eq!(cluster.api().get(&path).await.status, 404);
}

async fn a_namespace_comes_first(cluster: Cluster) {
    let answer = post(&cluster, "/api/v1/namespaces/shop/secrets", &secret("web")).await;
    assert_eq!(refusal(&answer), (404, "NotFound".into()));
    assert_eq!(answer.json()["message"], "namespaces \"shop\" not found");
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    let made = done(post(&cluster, "/api/v1/namespaces", &namespace).await);
    assert_eq!(made["metadata"]["labels"]["kubernetes.io/metadata.name"], "shop");
    done(post(&cluster, "/api/v1/namespaces/shop/secrets", &secret("web")).await);
    let elsewhere = cluster.api().get("/api/v1/namespaces/nowhere/secrets").await;
    assert_eq!(names(&done(elsewhere)), Vec::<&str>::new());
}

async fn texts_of_a_secret_become_data(cluster: Cluster) {
    let mut texts = secret("web");
    texts["stringData"] = json!({"b": "text"});
    let made = done(post(&cluster, SECRETS, &texts).await);
    assert_eq!(made["data"], json!({"a": "eA==", "b": "dGV4dA=="}));
    assert_eq!((&made["stringData"], &made["type"]), (&Value::Null, &json!("Opaque")));
    let typed = merge(&cluster, &format!("{SECRETS}/web"), &json!({"type": "other"})).await;
    assert_eq!(refusal(&typed), (422, "Invalid".into()));
    let mut tls = secret("tls");
    tls["type"] = "kubernetes.io/tls".into();
    assert_eq!(refusal(&post(&cluster, SECRETS, &tls).await), (422, "Invalid".into()));
}

async fn patches_of_each_kind_change_what_they_say(cluster: Cluster) {
    let services = "/api/v1/namespaces/default/services";
    let path = format!("{services}/web");
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]},
    });
    let made = done(post(&cluster, services, &service).await);
    assert_eq!(
        (&made["spec"]["type"], &made["spec"]["ports"][0]["protocol"]),
        (&json!("ClusterIP"), &json!("TCP"))
    );

    let by_port = json!({"spec": {"ports": [
        {"port": 80, "name": "renamed"}, {"port": 81, "$patch": "delete"}, {"port": 82, "name": "c"},
    ]}});
    let patched = cluster.api().ask(Method::PATCH, &path, content_type::STRATEGIC, &by_port).await;
    let patched = done(patched);
    let mut ports: Vec<_> = patched["spec"]["ports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|port| (port["port"].as_u64().unwrap(), port["name"].as_str().unwrap()))
        .collect();
    ports.sort_unstable();
    assert_eq!(ports, [(80, "renamed"), (82, "c")]);

    let operations = json!([
        {"op": "test", "path": "/metadata/name", "value": "web"},
        {"op": "add", "path": "/metadata/labels", "value": {"a/b": "c"}},
        {"op": "replace", "path": "/metadata/labels/a~1b", "value": "d"},
    ]);
    let patched =
        cluster.api().ask(Method::PATCH, &path, content_type::JSON_PATCH, &operations).await;
    assert_eq!(done(patched)["metadata"]["labels"], json!({"a/b": "d"}));
    let unknown = cluster.api().ask(Method::PATCH, &path, content_type::JSON, &by_port).await;
    assert_eq!(refusal(&unknown), (415, "UnsupportedMediaType".into()));
}

async fn a_lease_is_taken_once(cluster: Cluster) {
    let leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    let held_by = |who: &str| {
        json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "doorward"},
            "spec": {"holderIdentity": who, "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.123456Z"},
        })
    };
    let first = done(post(&cluster, leases, &held_by("a")).await);
    assert_eq!(first["spec"]["renewTime"], "2026-01-01T00:00:00.123456Z");
    assert_eq!(
        refusal(&post(&cluster, leases, &held_by("b")).await),
        (409, "AlreadyExists".into())
    );
    let mut taken = held_by("b");
    taken["metadata"]["resourceVersion"] = first["metadata"]["resourceVersion"].clone();
    let path = format!("{leases}/doorward");
    done(put(&cluster, &path, &taken).await);
    assert_eq!(refusal(&put(&cluster, &path, &taken).await), (409, "Conflict".into()));
    let blind = put(&cluster, &path, &held_by("c")).await;
    assert_eq!(refusal(&blind), (422, "Invalid".into()));
}

async fn an_event_lives_beside_what_it_is_about(cluster: Cluster) {
    let event = |name: &str, about: &str| {
        json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": name},
            "involvedObject": {"kind": "Ingress", "name": "web", "namespace": about},
            "reason": "Tested", "message": "it works", "type": "Normal",
            "source": {"component": "doorward"},
        })
    };
    let events = "/api/v1/namespaces/default/events";
    done(post(&cluster, events, &event("a", "default")).await);
    let elsewhere = post(&cluster, events, &event("b", "shop")).await;
    assert_eq!(refusal(&elsewhere), (422, "Invalid".into()));
    // Of the whole cluster: in the namespace `default`, and in no other.
    done(post(&cluster, events, &event("c", "")).await);
    let elsewhere = post(&cluster, "/api/v1/namespaces/kube-public/events", &event("d", "")).await;
    assert_eq!(refusal(&elsewhere), (422, "Invalid".into()));
    let found = done(cluster.api().get(&format!("{events}?fieldSelector=involvedObject.name=web,involvedObject.namespace=default,reason=Tested")).await);
    assert_eq!(names(&found), ["a"]);
}

async fn both_groups_have_the_same_events(cluster: Cluster) {
    let new_form = "/apis/events.k8s.io/v1/namespaces/default/events";
    let event = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "a"},
        "eventTime": "2026-01-01T00:00:00.123456Z", "action": "Test", "reason": "Tested", "type": "Warning",
        "reportingController": "doorward.dev/doorward", "reportingInstance": "doorward-1",
        "regarding": {"kind": "Ingress", "name": "web", "namespace": "default"}, "note": "it works",
    });
    done(post(&cluster, new_form, &event).await);
    let core = cluster.object("Event", "default", "a").await.unwrap();
    assert_eq!((&core["apiVersion"], &core["message"]), (&json!("v1"), &json!("it works")));
    assert_eq!(core["involvedObject"]["name"], "web");
    assert_eq!(core["reportingComponent"], "doorward.dev/doorward");
    let series = json!({"series": {"count": 2, "lastObservedTime": "2026-01-01T00:01:00.000000Z"}});
    let path = format!("{new_form}/a");
    done(merge(&cluster, &path, &series).await);
    let found = format!(
        "{new_form}?fieldSelector=regarding.name=web,reportingController=doorward.dev/doorward"
    );
    let list = done(cluster.api().get(&found).await);
    assert_eq!(
        (&list["apiVersion"], &list["items"][0]["note"]),
        (&json!("events.k8s.io/v1"), &json!("it works"))
    );
    assert_eq!(list["items"][0]["series"]["count"], 2);
    // Only the series may change.
    let other = merge(&cluster, &path, &json!({"note": "it does not"})).await;
    assert_eq!(refusal(&other), (422, "Invalid".into()));
    let mut incomplete = event.clone();
    incomplete["metadata"]["name"] = "b".into();
    incomplete.as_object_mut().unwrap().remove("action");
    assert_eq!(refusal(&post(&cluster, new_form, &incomplete).await), (422, "Invalid".into()));
}

async fn a_dry_run_leaves_no_trace(cluster: Cluster) {
    let made = done(post(&cluster, &format!("{SECRETS}?dryRun=All"), &secret("web")).await);
    assert_eq!(made["metadata"]["name"], "web");
    assert_eq!(cluster.api().get(&format!("{SECRETS}/web")).await.status, 404);
}

async fn an_update_makes_a_lease_and_no_secret(cluster: Cluster) {
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "doorward"},
    });
    let path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/doorward";
    assert_eq!(put(&cluster, path, &lease).await.status, 201);
    let answer = put(&cluster, &format!("{SECRETS}/web"), &secret("web")).await;
    assert_eq!(refusal(&answer), (404, "NotFound".into()));
}

async fn a_method_has_its_place(cluster: Cluster) {
    for path in ["/api/v1/secrets", "/api/v1/namespaces/default/secrets/web"] {
        let answer = post(&cluster, path, &secret("web")).await;
        assert_eq!(refusal(&answer), (405, "MethodNotAllowed".into()), "{path}");
    }
    let ahead = cluster.api().get(&format!("{SECRETS}?resourceVersion=999999999")).await;
    assert_eq!(refusal(&ahead), (504, "Timeout".into()));
}
