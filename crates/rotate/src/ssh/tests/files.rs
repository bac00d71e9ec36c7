use super::*;
use crate::facts::{Attributes, Content};

/// What is written, with the attributes of the file that is there.
fn replacing(seen: &FileSeen, content: &[u8]) -> FileWrite {
    FileWrite {
        path: seen.path.clone(),
        content: Content::new(content.to_vec()),
        attributes: seen.attributes.clone(),
        keep_time: false,
    }
}

#[tokio::test]
async fn a_file_is_read_with_all_that_has_to_be_kept() {
    let Some(bed) = Bed::new().await else { return };
    let key = bed.read("/var/lib/etcd/cert/ca-key.pem").await;
    let Attributes { mode, uid, gid, hard_links, .. } = key.attributes;
    assert_eq!((mode, uid, gid, hard_links), (0o600, 991, 991, 1));
    assert!(key.content.unwrap().bytes().starts_with(b"-----BEGIN PRIVATE KEY-----\n"));
    assert_eq!(key.links, []);

    let missing = bed.read("/var/lib/etcd/cert/none.pem").await;
    assert_eq!((missing.content, missing.problem.as_deref()), (None, Some("no such file")));
    let folder = bed.read("/var/lib/etcd/cert").await;
    assert_eq!(folder.problem.as_deref(), Some("it is a directory"));
}

#[tokio::test]
async fn names_with_blanks_quotes_and_dollars_are_only_names() {
    let Some(bed) = Bed::new().await else { return };
    let path = "/etc/it's $HOME/a \"b\" `c`.pem";
    let file = FileWrite {
        path: path.into(),
        content: Content::new(b"\0\xff $x 'y'\n".to_vec()),
        attributes: Attributes { mode: 0o640, ..Attributes::default() },
        keep_time: false,
    };
    bed.site.write(&bed.host, &file).await.unwrap();
    assert_eq!(bed.read(path).await.content, Some(file.content));
    let folders = ["/etc/it's $HOME".into(), "/no/where".into(), "/var/lib/etcd".into()];
    let [odd, none, data] = bed.site.list(&bed.host, &folders).await.unwrap().try_into().unwrap();
    assert_eq!(odd, ["a \"b\" `c`.pem"]);
    assert_eq!(none, [""; 0]);
    assert!(data.contains(&"cert".to_owned()), "{data:?}");
    bed.site.remove(&bed.host, Path::new(path)).await.unwrap();
    bed.site.remove(&bed.host, Path::new(path)).await.unwrap();
    assert_eq!(bed.read(path).await.problem.as_deref(), Some("no such file"));
}

#[tokio::test]
async fn links_are_followed_and_stay() {
    let Some(bed) = Bed::new().await else { return };
    bed.machine().must(
        "mv /var/lib/etcd/cert /etc/certs; ln -s /etc/certs /var/lib/etcd/cert\n\
         cd /etc/certs; mv ca.pem real.pem; ln -s real.pem second.pem; ln -s second.pem ca.pem",
    );
    let path = "/var/lib/etcd/cert/ca.pem";
    let seen = bed.read(path).await;
    assert_eq!(seen.target, Path::new("/etc/certs/real.pem"));
    let links: [(PathBuf, PathBuf); 3] = [
        ("/var/lib/etcd/cert".into(), "/etc/certs".into()),
        ("/etc/certs/ca.pem".into(), "second.pem".into()),
        ("/etc/certs/second.pem".into(), "real.pem".into()),
    ];
    assert_eq!(seen.links, links);

    bed.site.write(&bed.host, &replacing(&seen, b"new")).await.unwrap();
    let after = bed.read(path).await;
    assert_eq!(after.content.unwrap().bytes(), b"new");
    assert_eq!(after.links, links);
    assert_eq!(after.attributes.mode, seen.attributes.mode);
    let names = bed.list("/etc/certs").await;
    assert!(!names.iter().any(|name| name.contains("doorward")), "{names:?}");
}

#[tokio::test]
async fn dangling_and_circular_links_are_refused() {
    let Some(bed) = Bed::new().await else { return };
    bed.machine().must("ln -s /etc/none /etc/dangling; ln -s round /etc/round");
    let dangling = bed.read("/etc/dangling").await;
    let problem = dangling.problem.as_deref().unwrap();
    assert_eq!(problem, "the link leads to /etc/none, which is not there");
    let error = bed.site.write(&bed.host, &replacing(&dangling, b"x")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "master-1: /etc/dangling is a link to /etc/none, which is not there"
    );
    let circle = bed.read("/etc/round").await;
    assert_eq!(circle.problem.as_deref(), Some("the links go round in a circle"));
}

#[tokio::test]
async fn a_write_sets_owner_mode_and_time_and_repeats_itself_without_a_trace() {
    let Some(bed) = Bed::new().await else { return };
    let path = "/var/lib/etcd/cert/new-key.pem";
    let file = FileWrite {
        path: path.into(),
        content: Content::new(b"key".to_vec()),
        attributes: Attributes {
            mode: 0o640,
            uid: 991,
            gid: 65534,
            modified: "2021-02-03T04:05:06.123456789Z".parse().unwrap(),
            ..Attributes::default()
        },
        keep_time: true,
    };
    bed.site.write(&bed.host, &file).await.unwrap();
    let Attributes { mode, uid, gid, modified, .. } = bed.read(path).await.attributes;
    assert_eq!((mode, uid, gid), (0o640, 991, 65534));
    assert_eq!(modified, file.attributes.modified);
    let inode = || bed.machine().must(&format!("stat -c %i {path}"));
    let before = inode();
    bed.site.write(&bed.host, &file).await.unwrap();
    assert_eq!(inode(), before, "it was there already");
    let changed = FileWrite { content: Content::new(b"kez".to_vec()), ..file };
    bed.site.write(&bed.host, &changed).await.unwrap();
    assert_ne!(inode(), before, "never in place");
}

#[tokio::test]
async fn a_folder_that_is_full_keeps_what_it_has() {
    let Some(bed) = Bed::new().await else { return };
    bed.machine().must(
        "mkdir /etc/small; mount -t tmpfs -o size=16k small /etc/small; echo old >/etc/small/f",
    );
    let seen = bed.read("/etc/small/f").await;
    let room = bed.site.room(&bed.host, Path::new("/etc/small/not/yet/there")).await.unwrap();
    assert!(room.bytes <= 16 * 1024 && room.inodes > 0, "{room:?}");
    let error = bed.site.write(&bed.host, &replacing(&seen, &[b'x'; 40_000])).await.unwrap_err();
    assert!(error.to_string().contains("/etc/small: No space left on device"), "{error}");
    assert_eq!(bed.read("/etc/small/f").await.content.unwrap().bytes(), b"old\n");
    let names = bed.list("/etc/small").await;
    assert_eq!(names, ["f"]);
}

#[tokio::test]
async fn a_read_only_file_system_is_told_and_refuses() {
    let Some(bed) = Bed::new().await else { return };
    bed.machine().must(
        "mkdir /etc/fixed; mount -t tmpfs fixed /etc/fixed; echo old >/etc/fixed/f\n\
         mount -o remount,ro /etc/fixed",
    );
    let seen = bed.read("/etc/fixed/f").await;
    let fixed = seen.attributes.fixed.as_deref().unwrap();
    assert!(fixed.contains("read-only"), "{fixed}");
    let error = bed.site.write(&bed.host, &replacing(&seen, b"new")).await.unwrap_err();
    assert!(error.to_string().ends_with("/etc/fixed: Read-only file system"), "{error}");
}

#[tokio::test]
async fn the_kernel_says_who_may_read() {
    let Some(bed) = Bed::new().await else { return };
    bed.machine().must("cd /var/lib/etcd/cert; cp ca-key.pem stolen.pem; chmod 600 stolen.pem");
    let folder = Path::new("/var/lib/etcd/cert");
    let paths = ["ca-key.pem", "stolen.pem", "none.pem"].map(|name| folder.join(name));
    let etcd = bed.site.can_read(&bed.host, 991, 991, &paths).await.unwrap();
    assert_eq!(etcd, [true, false, false]);
    let root = bed.site.can_read(&bed.host, 0, 0, &paths).await.unwrap();
    assert_eq!(root, [true, true, false]);
}

#[tokio::test]
async fn the_lock_is_whoever_came_first() {
    let Some(bed) = Bed::new().await else { return };
    let owner = |who: &str| LockOwner {
        run: "R12".to_owned(),
        folder: "/root/.doorward/pki/R12".into(),
        who: who.to_owned(),
        since: "2026-11-22T00:00:00Z".parse().unwrap(),
    };
    let (first, second) = (owner("root@ops1 pid 4242"), owner("root@ops2 pid 17"));
    assert_eq!(bed.site.lock(&bed.host, &first).await.unwrap(), None);
    assert_eq!(bed.site.lock(&bed.host, &first).await.unwrap(), None, "it is the first's own");
    assert_eq!(bed.site.lock(&bed.host, &second).await.unwrap(), Some(first));
    bed.site.unlock(&bed.host).await.unwrap();
    bed.site.unlock(&bed.host).await.unwrap();
    assert_eq!(bed.site.lock(&bed.host, &second).await.unwrap(), None);
    assert_eq!(bed.machine().must("stat -c %a /var/lib/pki /var/lib/pki/lock.d"), "700\n700\n");
}

#[tokio::test]
async fn journal_lines_are_added_once_and_never_to_a_torn_one() {
    let Some(bed) = Bed::new().await else { return };
    let path = Path::new("R1/journal.jsonl");
    for line in ["{\"a\":1}", "{\"a\":1}", "{\"b\":'$x'}"] {
        bed.site.append(&bed.host, path, line).await.unwrap();
    }
    bed.machine().must("printf torn >>/var/lib/pki/R1/journal.jsonl");
    bed.site.append(&bed.host, path, "{\"c\":1}").await.unwrap();
    let text = bed.machine().must("cat /var/lib/pki/R1/journal.jsonl");
    assert_eq!(text, "{\"a\":1}\n{\"b\":'$x'}\ntorn\n{\"c\":1}\n");
}
