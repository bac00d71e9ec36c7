use proptest::prelude::*;
use regex::Regex;

use super::*;

const VARIABLES: Variables<'_> =
    Variables { host: "a.test", path: "/p", query: "q=1", port: 8443, protocol: "https" };

fn expanded(template: &str) -> String {
    expand(template, &VARIABLES, None)
}

#[test]
fn variables_are_put_in() {
    assert_eq!(
        expanded("${protocol}://${host}:${port}${path}?${query}"),
        "https://a.test:8443/p?q=1"
    );
    assert_eq!(expanded("/plain"), "/plain");
    assert_eq!(expanded(""), "");
}

#[test]
fn what_is_no_variable_stays() {
    for text in ["$", "a$", "$$", "${", "${}", "${user}", "$host", "$1", "${1}", "/ü${x}$é"] {
        assert_eq!(expanded(text), text);
    }
    assert_eq!(expanded("$${host}"), "$a.test");
}

#[test]
fn groups_are_put_in_where_there_are_some() {
    let regex = Regex::new("^/api(/|$)(.*)(z)?").unwrap();
    let groups = regex.captures("/api/users/7").unwrap();
    let expanded = |template| expand(template, &VARIABLES, Some(&groups));
    assert_eq!(expanded("/$2"), "/users/7");
    assert_eq!(expanded("/v2/${2}x"), "/v2/users/7x");
    assert_eq!(expanded("/$3-$9-${path}"), "/--/p");
}

#[test]
fn a_value_is_not_expanded_again() {
    let variables = Variables { path: "/${host}$1", ..VARIABLES };
    assert_eq!(expand("${path}", &variables, None), "/${host}$1");
}

proptest! {
    #[test]
    fn any_template_is_safe(template in "([$\\{\\}1-9a-zü]|\\$\\{host\\}){0,20}", text in "\\PC{0,20}") {
        let regex = Regex::new("(.)?(.*)").unwrap();
        let groups = regex.captures(&text);
        expand(&template, &VARIABLES, None);
        expand(&template, &VARIABLES, groups.as_ref());
    }
}
