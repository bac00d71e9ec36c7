use std::{collections::BTreeMap, path::Path};

use translate::{claim::OnDelete, settings::Mesh};

use crate::config::file::File;

fn settings(text: &str) -> anyhow::Result<Mesh> {
    let file = File::parse(text, Path::new("doorward.yaml"))?;
    super::settings(file.mesh.as_ref())
}

#[test]
fn what_is_not_written_is_as_in_istio() {
    for text in ["{}\n", "mesh: {}\n"] {
        let mesh = settings(text).unwrap();
        assert_eq!(&*mesh.name, "istio-ingressgateway");
        assert_eq!(&*mesh.gateway_namespace, "istio-system");
        assert_eq!(mesh.workload, None, "every selector fits");
        assert_eq!(mesh.on_delete, OnDelete::KeepLastGood);
    }
}

#[test]
fn all_that_is_written_counts() {
    let mesh = settings(
        "mesh:\n  gatewayNamespace: edge\n  name: door\n  workload: {labels: {istio: edge}}\n  \
         asmStrictNames: true\n  onDelete: withdraw\n",
    );
    let expected = Mesh {
        name: "door".into(),
        gateway_namespace: "edge".into(),
        workload: Some(BTreeMap::from([("istio".to_owned(), "edge".to_owned())])),
        asm_strict_names: true,
        on_delete: OnDelete::Withdraw,
    };
    assert_eq!(mesh.unwrap(), expected);
}

#[test]
fn a_mistake_is_told_with_its_key_on_one_line() {
    for (text, says) in [
        ("mesh: {gatewayNamespace: Istio_System}\n", "mesh.gatewayNamespace in doorward.yaml"),
        ("mesh: {name: \"a b\"}\n", "names no load balancer"),
        ("mesh: {ondelete: withdraw}\n", "did you mean \"onDelete\"?"),
        ("mesh: {onDelete: keep}\n", "keep-last-good"),
        ("mesh: {workload: {label: {a: b}}}\n", "did you mean \"labels\"?"),
    ] {
        let said = settings(text).unwrap_err().to_string();
        assert!(said.contains(says), "{text}: {said}");
        assert!(!said.contains('\n'), "{said}");
    }
}
