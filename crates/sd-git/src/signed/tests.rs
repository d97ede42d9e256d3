use super::*;

const COMMIT: &[u8] = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
parent 1111111111111111111111111111111111111111\n\
author Ada Lovelace <ada@example.org> 1700000000 +0100\n\
committer Grace Hopper <grace@example.org> 1700000060 +0000\n\
\n\
engine: count further\n\
\n\
The mill had one wheel too few.\n";

fn fact_of<'a>(signed: &'a Signed, name: &str) -> Vec<&'a str> {
    let all = signed.facts.iter().chain(&signed.rest);
    all.filter(|(found, _)| found == name).map(|(_, value)| value.as_str()).collect()
}

#[test]
fn a_commit_is_read_in_full() {
    let signed = Signed::read(COMMIT);
    assert_eq!(signed.what, "git commit");
    assert_eq!(fact_of(&signed, "author"), ["Ada Lovelace <ada@example.org>"]);
    assert_eq!(fact_of(&signed, "committer"), ["Grace Hopper <grace@example.org>"]);
    assert_eq!(fact_of(&signed, "date"), ["2023-11-14 23:13:20 +0100", "2023-11-14 22:14:20 +0000"]);
    assert_eq!(fact_of(&signed, "tree"), ["4b825dc642cb6eb9a060e54bf8d69288fbee4904"]);
    let text: Vec<&str> = signed.text.iter().map(Printable::as_str).collect();
    assert_eq!(text, ["engine: count further", "", "The mill had one wheel too few."]);
}

#[test]
fn a_sha256_commit_and_a_tag_are_read() {
    let tree = "a".repeat(64);
    let commit = format!("tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nm\n");
    assert_eq!(Signed::read(commit.as_bytes()).what, "git commit");
    let object = "1".repeat(40);
    let tag = format!("object {object}\ntype commit\ntag v1\ntagger A <a@b> 1700000000 +0000\n\nfirst\n");
    let signed = Signed::read(tag.as_bytes());
    assert_eq!(signed.what, "git tag");
    assert_eq!(fact_of(&signed, "tag"), ["v1"]);
    assert_eq!(fact_of(&signed, "object"), [format!("{object} (commit)")]);
}

#[test]
fn extra_headers_are_shown_line_by_line() {
    let commit = String::from_utf8(COMMIT.to_vec()).unwrap();
    let with = commit.replacen("\n\n", "\nmergetag object 1\n type commit\n tag hidden\n\n", 1);
    let signed = Signed::read(with.as_bytes());
    assert_eq!(fact_of(&signed, "mergetag"), ["object 1", "type commit", "tag hidden"]);
}

#[test]
fn what_is_no_commit_is_shown_as_it_is() {
    for bytes in [
        &b"tree zz\nhello\x1b[2J\n"[..],
        b"\xff\xfe",
        b"",
        b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n",
    ] {
        let signed = Signed::read(bytes);
        assert_eq!(signed.what, format!("unknown data, {} bytes", bytes.len()));
        assert!(signed.is_unknown());
    }
    let text = Signed::read(b"tree zz\nhello\x1b[2J\n").text;
    let rows = [
        "tree zz",
        "hello\\x1b[2J",
        "",
        "00000000  74 72 65 65 20 7a 7a 0a  tree zz.",
        "00000008  68 65 6c 6c 6f 1b 5b 32  hello.[2",
        "00000010  4a 0a                    J.",
    ];
    assert_eq!(text.iter().map(Printable::as_str).collect::<Vec<_>>(), rows);
}

#[test]
fn a_line_of_a_person_with_more_in_it_than_is_shown_is_no_commit() {
    let commit = String::from_utf8(COMMIT.to_vec()).unwrap();
    let (before, after) = commit.split_once("author ").unwrap();
    let (_, after) = after.split_once('\n').unwrap();
    let with = |author: &str| format!("{before}author {author}\n{after}");
    assert_eq!(Signed::read(with("A B <a@b> 17 -0130").as_bytes()).what, "git commit");
    for author in [
        "A <a@b> 17 +9999",
        "A <a@b> 17 +00000000000000",
        "A <a@b> 00000017 +0000",
        "  A   <  a@b  >   17   +0000   ",
        "A <a@b>",
    ] {
        assert!(Signed::read(with(author).as_bytes()).is_unknown(), "{author}");
        let tag = format!("object {}\ntype commit\ntag v\ntagger {author}\n\nm\n", "1".repeat(40));
        assert!(Signed::read(tag.as_bytes()).is_unknown(), "{author}");
    }
}

#[test]
fn a_header_whose_name_would_be_cut_is_shown_as_unknown_data_and_costs_no_more_than_its_bytes() {
    let commit = String::from_utf8(COMMIT.to_vec()).unwrap();
    let long = format!("\n{} x{}\n\n", "n".repeat(1024 * 1024), "\n x".repeat(15_000));
    for header in ["\nauthorising y\n\n", "\nauthorisings y\n\n", &long] {
        let signed = Signed::read(commit.replacen("\n\n", header, 1).as_bytes());
        assert_eq!(signed.is_unknown(), header.len() > 16, "{}", signed.what);
    }
}

#[test]
fn a_header_that_looks_like_a_usual_one_makes_it_unknown_data() {
    let commit = String::from_utf8(COMMIT.to_vec()).unwrap();
    let with = |header: &str| Signed::read(commit.replacen("\n\n", &format!("\n{header}\n\n"), 1).as_bytes());
    let parent = format!("parent {}", "2".repeat(40));
    let author = "author Eve <eve@example.org> 1700000000 +0000";
    for header in [
        &parent,
        "parent none: the first commit of its history",
        author,
        "committer Eve",
        "tree x",
        "object x",
        "type commit",
        "tag x",
        "tagger x",
        "encoding a\nencoding b",
        "gpgsig x\nencoding b",
        "date x",
        "message x",
        "Parent x",
        "AUTHOR x",
        "p\u{430}rent x",
        "> x",
        "+ x",
        "\u{2502} x",
        "\x1b[2J x",
    ] {
        let signed = with(header);
        assert!(signed.is_unknown(), "{header}");
        let bytes: Vec<&str> = signed.text.iter().map(Printable::as_str).collect();
        assert!(bytes.contains(&"author Ada Lovelace <ada@example.org> 1700000000 +0100"), "{bytes:?}");
    }
    for header in ["encoding latin1", "gpgsig x", "HG:extra x", "change-id x"] {
        assert_eq!(with(header).what, "git commit", "{header}");
    }
}

#[test]
fn nothing_of_an_extra_header_is_left_out() {
    let commit = String::from_utf8(COMMIT.to_vec()).unwrap();
    let with = |header: &str| Signed::read(commit.replacen("\n\n", &format!("\n{header}\n\n"), 1).as_bytes());
    assert_eq!(fact_of(&with("x-note a\r\n b\r"), "x-note"), ["a\\r", "b\\r"]);
    assert_eq!(fact_of(&with("x-note "), "x-note"), [""]);
    assert_eq!(fact_of(&with("x-note a\n \n b"), "x-note"), ["a", "", "b"]);
}

#[test]
fn more_lines_than_a_person_can_read_are_not_signed() {
    assert!(Signed::fits(&vec![b'\n'; MOST_LINES]));
    assert!(!Signed::fits(&vec![b'\n'; MOST_LINES + 1]));
}

const OLD: &str = "1111111111111111111111111111111111111111";
const NEW: &str = "2222222222222222222222222222222222222222";
const NULL: &str = "0000000000000000000000000000000000000000";

fn certificate(head: &str, updates: &str) -> String {
    format!("certificate version 0.1\npusher Ada <ada@example.org> 1700000000 +0100\n{head}\n{updates}")
}

#[test]
fn a_push_certificate_is_read_in_full() {
    let head = "pushee ssh://host/repo\nnonce 1700000000-abc\npush-option ci.skip\npush-option two words\n";
    let updates =
        format!("{OLD} {NEW} refs/heads/main\n{NULL} {NEW} refs/heads/new\n{OLD} {NULL} refs/tags/v1\n");
    let signed = Signed::read(certificate(head, &updates).as_bytes());
    assert_eq!(signed.what, "git push certificate");
    for (name, values) in [
        ("pusher", &["Ada <ada@example.org>"][..]),
        ("date", &["2023-11-14 23:13:20 +0100"]),
        ("pushee", &["ssh://host/repo"]),
        ("nonce", &["1700000000-abc"]),
        ("push-option", &["ci.skip", "two words"]),
    ] {
        assert_eq!(fact_of(&signed, name), values, "{name}");
    }
    let moves = format!("moves from {OLD} to {NEW}: refs/heads/main");
    let creates = format!("creates at {NEW}: refs/heads/new");
    let deletes = format!("DELETES, was at {OLD}: refs/tags/v1");
    assert_eq!(signed.text.iter().map(Printable::as_str).collect::<Vec<_>>(), [moves, creates, deletes]);
}

#[test]
fn a_certificate_that_git_would_not_write_is_unknown_data() {
    let update = format!("{OLD} {NEW} refs/heads/main\n");
    assert!(!Signed::read(certificate("", &update).as_bytes()).is_unknown());
    for (head, updates) in [
        ("", String::new()),
        ("", format!("{OLD} {NEW} refs/heads/main")),
        ("", format!("{update}\n")),
        ("", format!("{OLD} {NEW}\n")),
        ("", format!("{OLD} {NEW} \n")),
        ("", format!("{NULL} {NULL} refs/heads/main\n")),
        ("", format!("{OLD} {} refs/heads/main\n", "2".repeat(64))),
        ("", format!("{} {NEW} refs/heads/main\n", "A".repeat(40))),
        ("", format!("{update}\0")),
        ("nonce a\nnonce b\n", update.clone()),
        ("nonce a\npushee b\n", update.clone()),
        ("other x\n", update.clone()),
    ] {
        assert!(Signed::read(certificate(head, &updates).as_bytes()).is_unknown(), "{head:?} {updates:?}");
    }
    let odd = certificate("", &update).replace("+0100", "+0100 ");
    assert!(Signed::read(odd.as_bytes()).is_unknown());
    let odd = certificate("", &update).replace("0.1", "0.2");
    assert!(Signed::read(odd.as_bytes()).is_unknown());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_reader_fail(cut in 0_usize..200, at in 0_usize..200, byte: u8) {
        let mut bytes = COMMIT.get(..cut.min(COMMIT.len())).unwrap().to_vec();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        let _ = Signed::read(&bytes);
    }

    #[test]
    fn no_bytes_make_the_reader_of_certificates_fail(cut in 0_usize..250, at in 0_usize..250, byte: u8) {
        let whole = certificate("nonce a\n", &format!("{OLD} {NEW} refs/heads/main\n")).into_bytes();
        let mut bytes = whole.get(..cut.min(whole.len())).unwrap().to_vec();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        let _ = Signed::read(&bytes);
    }
}
