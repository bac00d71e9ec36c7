use super::*;

fn quoted(log: &str) -> Option<String> {
    let lines: Vec<_> = log.lines().map(str::to_owned).collect();
    reason(&lines).map(str::to_owned)
}

#[test]
fn the_last_line_says_why_where_it_is_no_trace() {
    assert_eq!(quoted("starting\nlisten failed: address in use\n\n").as_deref(), {
        Some("listen failed: address in use")
    });
    assert_eq!(quoted(""), None);
}

#[test]
fn a_trace_is_preceded_by_its_reason() {
    let trace = "\ngoroutine 114 [running]:\nlog.Panicf(0xc0002, 0x2)\n\t/build/log.go:75 +0x135\n\
                 created by raft.StartNode\n\t/build/node.go:233 +0x8f6\n";
    let earlier = format!("panic: of the start before\n{trace}starting\n");
    let now = "panic: tocommit(12) is out of range [lastIndex(7)]";
    assert_eq!(quoted(&format!("{earlier}{now}\n{trace}")).as_deref(), Some(now));
    let fatal = "F1122 08:00:00 1 server.go:100] cannot listen";
    assert_eq!(quoted(&format!("starting\n{fatal}\n{trace}")).as_deref(), Some(fatal));
    assert_eq!(
        quoted("\t/build/node.go:233 +0x8f6").as_deref(),
        Some("\t/build/node.go:233 +0x8f6")
    );
}
