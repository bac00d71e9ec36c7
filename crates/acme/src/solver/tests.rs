use super::*;

fn solver(method: Method, names: &[&str]) -> Solver {
    let names = names.iter().map(|text| NamePattern::parse(text).unwrap()).collect();
    Solver { method, names }
}

fn chosen(solvers: &[Solver], name: &str) -> usize {
    choose(solvers, &Name::parse(name).unwrap()).unwrap().0
}

#[test]
fn the_first_solver_whose_names_fit_is_used() {
    let solvers = [
        solver(Method::TlsAlpn01, &["*.a.test", "b.test"]),
        solver(Method::Http01, &["*"]),
        solver(Method::TlsAlpn01, &[]),
    ];
    assert_eq!(chosen(&solvers, "www.a.test"), 0);
    assert_eq!(chosen(&solvers, "deep.www.a.test"), 0, "any depth");
    assert_eq!(chosen(&solvers, "b.test"), 0);
    assert_eq!(chosen(&solvers, "a.test"), 1, "what is below a name is not the name");
    assert_eq!(chosen(&solvers, "bya.test"), 1);
    assert_eq!(chosen(&solvers[2..], "a.test"), 0, "no names are all names");
}

#[test]
fn a_name_without_a_solver_is_told_what_to_add() {
    let solvers = [solver(Method::Http01, &["a.test"])];
    let told = choose(&solvers, &Name::parse("b.test").unwrap()).err().unwrap();
    assert!(told.message.contains("no solver of spec.acme.solvers is for b.test"), "{told}");
}
