use serde_json::json;

use super::*;

fn wrong(text: &str) -> (u32, u32, String) {
    let error = yaml(text.as_bytes()).unwrap_err();
    (error.line, error.column, error.message)
}

#[test]
fn a_yaml_error_has_line_and_column() {
    let (line, column, _) = wrong("a: 1\nb: [1\nc: 2\n");
    assert_eq!((line, column), (3, 2));
    let error = yaml(b"a: 1\nb: \xff\n").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 4: is not UTF-8: save the file in UTF-8");
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let (line, column, message) = wrong("metadata:\n  name: a\n  name: b\n");
    assert_eq!((line, column), (3, 3));
    assert_eq!(message, "key \"name\" stands twice: remove one");
    let error = json("{\"a\": 1,\n \"a\": 2}".as_bytes()).unwrap_err();
    assert_eq!((error.line, error.message.as_str()), (2, "key \"a\" stands twice: remove one"));
}

#[test]
fn a_message_quotes_nothing_of_the_text() {
    for text in [
        "data:\n  tls.key: |\n   U0VDUkVU\n  U0VDUkVU\n",
        "data:\n  tls.key: \"U0VDUkVU\n",
        "data: {tls.key: U0VDUkVU\n",
        "data:\n  tls.key: 'U0VDUkVU' U0VDUkVU\n",
        "data:\n  tls.key: @U0VDUkVU\n",
        "data:\n  tls.key: &a U0VDUkVU\n  b: *c\n",
        "data:\n  tls.key: !!int U0VDUkVU\n",
        "data:\n  tls.key: !!float U0VDUkVU\n",
    ] {
        if let Err(error) = yaml(text.as_bytes()) {
            assert!(!error.message.contains("U0VD"), "{error}");
            assert!(!error.message.contains('\n'), "{error}");
        }
    }
}

#[test]
fn quoted_scalars_stay_text() {
    let value = yaml(b"a: \"true\"\nb: true\nc: '80'\nd: 80\n").unwrap();
    assert_eq!(value, json!({"a": "true", "b": true, "c": "80", "d": 80}));
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let list = vec![format!("*a{}", level - 1); 10].join(", ");
        text += &format!("a{level}: &a{level} [{list}]\n");
    }
    assert!(yaml(text.as_bytes()).is_err());
    assert!(yaml("[".repeat(100_000).as_bytes()).is_err());
    assert!(json("[".repeat(100_000).as_bytes()).is_err());
}

#[test]
fn a_json_text_may_hold_several_values() {
    let text = b"\n{\"a\": 1}\n\n {\"b\": [true, null, 1.5, -2, \"x\"]}\n";
    assert_eq!(
        json(text).unwrap(),
        [(2, json!({"a": 1})), (4, json!({"b": [true, null, 1.5, -2, "x"]}))]
    );
    assert_eq!(json(b"  ").unwrap(), []);
}
