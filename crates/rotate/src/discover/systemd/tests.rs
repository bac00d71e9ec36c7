use super::*;

#[test]
fn quotes_and_escapes_hold_words_together() {
    for (line, expected) in [
        ("a  b\tc ", &["a", "b", "c"][..]),
        (r#"--name="a b" 'c "d"' e"f g"h"#, &["--name=a b", "c \"d\"", "ef gh"]),
        (r"a\x20b c\sd \101 \u00e9 tab\t", &["a b", "c d", "A", "é", "tab\t"]),
        (r#""a\"b" 'c\'d' \\ \q"#, &["a\"b", "c'd", "\\", "\\q"]),
        (r#""" ''"#, &["", ""]),
        ("", &[]),
    ] {
        assert_eq!(words(line), expected, "{line}");
    }
}

#[test]
fn a_command_ends_at_a_semicolon_of_its_own_and_begins_behind_its_marks() {
    for (line, expected) in [
        ("/bin/a b ; /bin/c", &["/bin/a", "b"][..]),
        (r"/bin/a \; ';' x;y", &["/bin/a", ";", ";", "x;y"]),
        ("-+/bin/a b", &["/bin/a", "b"]),
        ("@/bin/a etcd --x", &["etcd", "--x"]),
        (r#""/opt/my etcd/etcd" --x"#, &["/opt/my etcd/etcd", "--x"]),
    ] {
        assert_eq!(command(line), expected, "{line}");
    }
}

#[test]
fn variables_are_filled_in_as_words_or_within_one() {
    let environment = [("A", "x y"), ("B", "--k='p q' --l")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let fill = |line: &str| filled(words(line), &environment.clone().into());
    assert_eq!(fill("e ${A} $A $B $NONE"), ["e", "x y", "x", "y", "--k=p q", "--l"]);
    assert_eq!(fill("--a=${A}-$A $$A ${NONE}z $"), ["--a=x y-$A", "$A", "z", "$"]);
}

#[test]
fn a_file_of_variables_is_read_as_systemd_reads_it() {
    let text = "# comment\n; comment\nA=plain word  \nB = \"quoted \\\"x\\\" \\n\" \nC='single \\ $'\n\
                D=one\\\n  two\nE=\"over\ntwo lines\"\nF=a\\ b\\\\\nG='a'b\"c\"\nexport H=1\n3X=1\nI=\nJ=a#b\n\
                no assignment\nK=last";
    let found = variables(text);
    let expected = [
        ("A", "plain word"),
        ("B", "quoted \"x\" \\n"),
        ("C", "single \\ $"),
        ("D", "one  two"),
        ("E", "over\ntwo lines"),
        ("F", "a b\\"),
        ("G", "abc"),
        ("I", ""),
        ("J", "a#b"),
        ("K", "last"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(found, BTreeMap::from(expected));
}

#[test]
fn drop_ins_take_back_and_add_to_what_the_unit_says() {
    let unit = "[Unit]\nExecStart=no\n[Service]\n# x\nExecStart=/bin/a \\\n  # in between\n  --b \\\n  --c\nUser=etcd\n";
    let drop_in = "[Service]\nExecStart=\nExecStart=/bin/z\n";
    assert_eq!(settings([unit].into_iter(), "ExecStart"), ["/bin/a    --b    --c"]);
    assert_eq!(settings([unit, drop_in].into_iter(), "ExecStart"), ["/bin/z"]);
    assert_eq!(settings([unit, drop_in].into_iter(), "User"), ["etcd"]);
}
