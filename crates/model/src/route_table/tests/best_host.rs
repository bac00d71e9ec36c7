use super::*;

fn best(hosts: &[&[&str]]) -> RouteTable {
    let rules = hosts.iter().map(|hosts| Arc::new(rule(hosts, vec![]))).collect();
    RouteTable::new(rules, fixed()).choosing(HostChoice::BestHost)
}

fn asked(table: &RouteTable, target: &str) -> Option<usize> {
    found_in(table, target, Method::GET, &HeaderMap::new())
}

#[test]
fn the_name_itself_beats_the_longest_wildcard_and_that_the_shorter_ones() {
    let table = best(&[&[], &["*.test"], &["*.a.test"], &["www.a.test"]]);
    for (host, expected) in [
        ("www.a.test", 3),
        ("img.a.test", 2),
        ("x.img.a.test", 2),
        ("a.test", 1),
        ("x.y.b.test", 1),
        ("test", 0),
        ("other.example", 0),
    ] {
        assert_eq!(asked(&table, &format!("{host}/")), Some(expected), "{host}");
    }
}

/// As with Envoy's virtual hosts, where a host that fits worse is not asked again.
#[test]
fn rules_of_a_host_that_fits_worse_are_not_considered() {
    let only_a = rule(&["www.a.test"], vec![exact("/a")]);
    let rules = vec![only_a, rule(&["*.a.test"], vec![]), rule(&[], vec![])];
    let rules: Vec<Arc<Rule>> = rules.into_iter().map(Arc::new).collect();
    let table = RouteTable::new(rules, fixed()).choosing(HostChoice::BestHost);
    assert_eq!(asked(&table, "www.a.test/a"), Some(0));
    assert_eq!(asked(&table, "www.a.test/b"), None);
    assert_eq!(asked(&table, "img.a.test/b"), Some(1));
}

#[test]
fn a_host_under_a_deep_wildcard_is_known() {
    let table = best(&[&["*.a.test"]]);
    assert!(table.knows_host("x.y.a.test"));
    assert!(!table.knows_host("a.test"));
}

#[test]
fn tables_of_another_choice_are_not_equal() {
    let every = || RouteTable::new(vec![], fixed());
    assert_ne!(every(), every().choosing(HostChoice::BestHost));
    assert_eq!(every(), every().choosing(HostChoice::EveryRule));
}

/// How well a rule's host fits: the longer the better, and nothing beats the name itself.
fn fit(name: &Name, host: &str) -> Option<usize> {
    match name.wildcard_parent() {
        Some(parent) => {
            let start = host.strip_suffix(parent)?;
            (start.len() > 1 && start.ends_with('.')).then_some(parent.len())
        }
        None => (name.as_str() == host).then_some(usize::MAX),
    }
}

fn oracle(rules: &[Rule], host: &str, path: &str) -> Option<usize> {
    let fit_of = |rule: &Rule| {
        let hosts = &rule.matches.hosts;
        match hosts.is_empty() {
            true => Some(0),
            false => hosts.iter().filter_map(|name| fit(name, host)).max(),
        }
    };
    let names_fit = |rule: &Rule, wanted: usize| match rule.matches.hosts.is_empty() {
        true => wanted == 0,
        false => rule.matches.hosts.iter().any(|name| fit(name, host) == Some(wanted)),
    };
    let best = rules.iter().filter_map(fit_of).max()?;
    rules.iter().position(|rule| {
        let paths = &rule.matches.paths;
        names_fit(rule, best)
            && (paths.is_empty() || paths.iter().any(|wanted| wanted.matches(path)))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_search_agrees_with_the_oracle(
        rules in prop::collection::vec(any_rule(), 0..9),
        host in prop::sample::select(
            vec!["a.test", "b.test", "x.a.test", "y.a.test", "z.y.a.test", "c.test", "test"],
        ),
        path in prop::sample::select(vec!["/", "/a", "/a/", "/a/b", "/ab", "/b/c", "/x/b"]),
    ) {
        let expected = oracle(&rules, host, path);
        let rules = rules.into_iter().map(Arc::new).collect();
        let table = RouteTable::new(rules, fixed()).choosing(HostChoice::BestHost);
        prop_assert_eq!(asked(&table, &format!("{host}{path}")), expected);
    }
}
