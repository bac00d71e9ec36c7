use super::*;

#[test]
fn a_value_is_text_or_one_command() {
    let literal = |text: &str| Ok(Format::Literal(text.into()));
    assert_eq!(parse("plain"), literal("plain"));
    assert_eq!(parse("100%%"), literal("100%"));
    assert_eq!(parse(""), literal(""));
    let header = HeaderSource::Header(HeaderName::from_static("x-id"));
    assert_eq!(parse("%REQ(X-Id)%"), Ok(Format::Known(header)));
    assert_eq!(parse("%DOWNSTREAM_LOCAL_PORT%"), Ok(Format::Known(HeaderSource::ListenerPort)));
    for text in ["%PROTOCOL%", "id-%REQ(x)%", "%REQ(:path)%", "%REQ(x?y)%"] {
        assert_eq!(parse(text), Ok(Format::Unknown), "{text}");
    }
    for text in ["50%", "%REQ(x)", "a%b%c%"] {
        assert_eq!(parse(text), Err(Unbalanced), "{text}");
    }
}
