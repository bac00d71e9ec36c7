use serde_json::json;

use super::*;

#[test]
fn all_of_it_may_be_left_out() {
    let spec = AcmSpec::read(&json!({})).unwrap();
    assert_eq!((spec.cluster.as_str(), spec.records), ("doorward", Records::Keep));
    assert!(spec.zones.is_empty() && spec.certificate_authority_arn.is_none());
}

#[test]
fn all_of_it_may_be_written() {
    let spec = AcmSpec::read(&json!({
        "region": "eu-west-1", "endpoint": "http://127.0.0.1:1", "role": "arn:aws:iam::1:role/r",
        "externalId": "x", "zones": ["Z1"], "zoneRole": "arn:aws:iam::2:role/dns",
        "certificateAuthorityArn": "arn:aws:acm-pca:eu-west-1:1:certificate-authority/ca",
        "cluster": "blue", "tags": {"team": "edge"}, "records": "RemoveUnused",
    }));
    assert_eq!(spec.unwrap().records, Records::RemoveUnused);
    let arn = "arn:aws:acm-pca:eu-west-1:1:certificate-authority/ca";
    assert_eq!(PcaSpec::read(&json!({"arn": arn, "days": 7})).unwrap().days, 7);
}

#[test]
fn what_is_wrong_names_its_field() {
    for (value, field, says) in [
        (json!({"regoin": "eu-west-1"}), "spec.acm.regoin", "unknown field"),
        (json!({"zones": "Z1"}), "spec.acm.zones", "sequence"),
        (json!({"records": "Drop"}), "spec.acm.records", "Keep"),
    ] {
        let problem = AcmSpec::read(&value).unwrap_err();
        assert_eq!(problem.field, field);
        assert!(problem.message.contains(says), "{problem}");
    }
    for (value, field, says) in [
        (json!({}), "spec.acmPca", "arn"),
        (json!({"arn": "ca"}), "spec.acmPca.arn", "certificate-authority"),
        (
            json!({"arn": "arn:aws:acm-pca:x:1:certificate-authority/y", "days": 0}),
            "spec.acmPca.days",
            "one day",
        ),
    ] {
        let problem = PcaSpec::read(&value).unwrap_err();
        assert_eq!(problem.field, field);
        assert!(problem.message.contains(says), "{problem}");
    }
}
