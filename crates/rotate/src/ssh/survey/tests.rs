use super::*;

#[test]
fn a_property_with_several_values_keeps_all_of_them() {
    let shown = "Id=etcd.service\nEnvironmentFiles=/a (ignore_errors=no)\n\
                 EnvironmentFiles=/b c (ignore_errors=yes)\nDropInPaths=\n";
    let found = properties(shown);
    assert_eq!(found["EnvironmentFiles"], "/a (ignore_errors=no)\n/b c (ignore_errors=yes)");
    assert_eq!((found["Id"].as_str(), found["DropInPaths"].as_str()), ("etcd.service", ""));
}
