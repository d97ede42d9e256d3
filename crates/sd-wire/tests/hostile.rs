//! What no reader of a line may let in, and what no screen may be shown.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sd_wire::ask::Packet;
use sd_wire::bounded::{Attributes, Text};
use sd_wire::import::Manifest;
use sd_wire::line::{MAX_LINE, Words};
use sd_wire::outcome::Outcome;
use sd_wire::path::{CollectionPath, ItemPath};
use sd_wire::printable::Printable;

fn refused(line: &[u8]) -> String {
    Packet::from_line(line).unwrap_err().to_string()
}

#[test]
fn another_version_is_refused_by_its_number() {
    assert!(refused(b"{\"v\":2,\"body\":{\"status\":{}}}\n").contains("version 2"));
}

#[test]
fn an_unknown_field_is_refused_by_its_name() {
    assert!(refused(b"{\"v\":1,\"body\":{\"status\":{\"loud\":true}}}\n").contains("loud"));
    assert!(refused(b"{\"v\":1,\"body\":{\"status\":{}},\"extra\":1}\n").contains("extra"));
}

#[test]
fn an_unknown_kind_is_refused_by_its_name() {
    assert!(refused(b"{\"v\":1,\"body\":{\"approve\":{}}}\n").contains("approve"));
}

#[test]
fn a_line_must_end_and_be_one() {
    assert!(refused(b"{\"v\":1,\"body\":{\"status\":{}}}").contains("newline"));
    assert!(refused(b"{\"v\":1,\"body\":{\"status\":{}}}\n{\"v\":1}\n").contains("more than one line"));
    assert!(refused(b"{\"v\":1,\"body\":{\"status\":{}}} x\n").contains("trailing"));
    assert!(refused(b"").contains("newline"));
}

#[test]
fn an_overlong_line_is_refused_before_it_is_parsed() {
    let line = [b"\"".as_slice(), &vec![b'x'; MAX_LINE], b"\"\n"].concat();
    assert!(refused(&line).contains("65536"));
}

#[test]
fn a_text_over_its_bound_is_refused_by_its_field() {
    let key = "k".repeat(600);
    let line = format!(
        "{{\"v\":1,\"body\":{{\"ask\":{{\"id\":\"0123456789abcdef\",\"want\":{{\"sign\":{{\"key\":\"{key}\"}}}}}}}}}}\n"
    );
    let why = refused(line.as_bytes());
    assert!(why.contains("want.sign.key") && why.contains("512"), "{why}");
}

#[test]
fn a_path_that_leaves_the_secret_services_tree_is_refused() {
    for path in [
        "/",
        "/org/freedesktop/secrets",
        "/org/freedesktop/secrets/session/s1",
        "/org/freedesktop/secrets/collection/login",
        "/org/freedesktop/secrets/collection/login/../x",
        "/org/freedesktop/secrets/collection//x",
        "/org/freedesktop/secrets/collection/login/1/2",
        "/org/freedesktop/secretsX/collection/login/1",
        "org/freedesktop/secrets/collection/login/1",
        "/org/freedesktop/secrets/collection/lo gin/1",
        "/org/freedesktop/secrets/collection/login/1\n",
    ] {
        assert!(ItemPath::parse(path).is_err(), "{path:?}");
    }
    assert!(
        ItemPath::parse(&format!("/org/freedesktop/secrets/collection/login/{}", "x".repeat(600))).is_err()
    );
    let item = ItemPath::parse("/org/freedesktop/secrets/aliases/default/1").unwrap();
    assert_eq!(item.collection(), CollectionPath::parse("/org/freedesktop/secrets/aliases/default").unwrap());
}

#[test]
fn attributes_are_bounded_in_number_and_in_bytes() {
    assert!(Attributes::new((0..200).map(|n| (n.to_string(), String::new()))).is_err());
    assert!(Attributes::new([("a".to_owned(), "x".repeat(20_000))]).is_err());
}

#[test]
fn clipped_text_keeps_to_its_bound_and_to_whole_characters() {
    let text = Text::<8>::clipped("ääääääää");
    assert!(text.len() <= 8 && text.ends_with('…'), "{text:?}");
}

#[test]
fn what_a_terminal_would_act_on_is_shown_as_an_escape() {
    let cases = [
        ("a\u{1b}[2Jb", r"a\x1b[2Jb"),
        ("one\ntwo\ttab\rback", r"one\ntwo\ttab\rback"),
        ("evil\u{202e}gpj.exe", r"evil\u{202e}gpj.exe"),
        ("zero\u{200b}width\u{feff}", r"zero\u{200b}width\u{feff}"),
        ("nbsp\u{a0}x\u{3000}", r"nbsp\u{a0}x\u{3000}"),
        ("back\\x1b", r"back\\x1b"),
        ("c1\u{9b}31m", r"c1\u{9b}31m"),
        ("filler\u{3164}\u{ffa0}", r"filler\u{3164}\u{ffa0}"),
        ("line\u{2028}sep", r"line\u{2028}sep"),
        ("combining e\u{301}", r"combining e\u{301}"),
        ("Grüße 漢字 €", "Grüße 漢字 €"),
    ];
    for (text, shown) in cases {
        assert_eq!(Printable::line(text).as_str(), shown);
    }
}

#[test]
fn what_is_left_out_is_counted() {
    assert_eq!(Printable::clipped(&"x".repeat(10_000), 4).as_str(), "xxxx…+9996 more");
    assert_eq!(Printable::clipped("xxxx", 4).as_str(), "xxxx");
    assert_eq!(Printable::line("äxxx").beginning(4).as_str(), "äxxx");
    assert_eq!(Printable::line("äxxxx").beginning(4).as_str(), "äxx»");
    assert_eq!(Printable::line("x").beginning(0).as_str(), "»");
}

#[test]
fn bytes_that_are_not_text_are_shown_as_bytes() {
    assert_eq!(Printable::bytes(b"a\xffb\xc3\xa9").as_str(), "a\\xffbé");
    assert_ne!(Printable::bytes(b"\xad"), Printable::bytes("\u{ad}".as_bytes()));
}

proptest! {
    #[test]
    fn nothing_printable_moves_the_cursor(text in any::<String>()) {
        for c in Printable::line(&text).as_str().chars() {
            prop_assert!(!c.is_control() && (c == ' ' || !c.is_whitespace()), "{c:?}");
        }
    }

    #[test]
    fn two_texts_never_look_the_same(a in any::<String>(), b in any::<String>()) {
        prop_assert_eq!(Printable::line(&a) == Printable::line(&b), a == b);
    }

    #[test]
    fn no_bytes_crash_a_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Packet::from_line(&bytes);
        let _ = Manifest::from_line(&bytes);
        let _ = Outcome::from_line(&bytes);
    }
}

#[test]
fn a_character_about_whose_width_consoles_disagree_is_escaped() {
    // A circled number on a square, a hexagram or an ideographic half fill: two columns on older consoles.
    for c in ['\u{3248}', '\u{303e}', '\u{a4c7}', '\u{31e4}'] {
        let shown = Printable::line(&c.to_string());
        let as_it_is = shown.as_str() == c.to_string();
        assert!(!as_it_is || unicode_width::UnicodeWidthChar::width(c) == Some(2), "{shown}");
    }
    assert_eq!(Printable::line("\u{3248}").as_str(), "\\u{3248}");
    assert_eq!(Printable::line("日本 é Ж").as_str(), "日本 é Ж");
}

#[test]
fn a_pair_is_quoted_only_where_its_sides_would_not_be_plain() {
    let pair = |name: &str, value: &str| Printable::pair(name, value).as_str().to_owned();
    assert_eq!(pair("service", "demo"), "service = demo");
    assert_eq!(pair("query", "a=b&token=abc=="), "query = a=b&token=abc==");
    assert_eq!(pair("a", "b = c"), "a = \"b = c\"");
    assert_eq!(pair("a = b", "c"), "\"a = b\" = c");
    assert_eq!(pair("a =", "= c"), "\"a =\" = \"= c\"");
    assert_eq!(pair(" a", "c "), "\" a\" = \"c \"");
    assert_eq!(pair("", "say \"yes\"\\"), "\"\" = \"say \\\"yes\\\"\\\\\"");
    assert_eq!(pair("a\n", "\u{202e}"), "a\\n = \\u{202e}");
}

#[test]
fn two_pairs_never_look_the_same() {
    // Every word of at most four of the characters that matter.
    let signs = ["", "a", " ", "=", "\"", "\\"];
    let mut words = std::collections::BTreeSet::from([String::new()]);
    for _ in 0..4 {
        words = words.iter().flat_map(|word| signs.map(|sign| format!("{word}{sign}"))).collect();
    }
    let mut seen = std::collections::HashSet::new();
    for name in &words {
        for value in &words {
            assert!(seen.insert(Printable::pair(name, value)), "{name:?}, {value:?}");
        }
    }
}

#[test]
fn two_lists_of_pairs_never_look_the_same() {
    let signs = ["", "a", " ", "=", "\"", "\\"];
    let words: std::collections::BTreeSet<String> =
        signs.iter().flat_map(|one| signs.map(|other| format!("{one}{other}"))).collect();
    let mut seen = std::collections::HashSet::new();
    let pairs: Vec<(&str, &str)> = words
        .iter()
        .flat_map(|name| words.iter().map(move |value| (name.as_str(), value.as_str())))
        .collect();
    for one in &pairs {
        assert!(seen.insert(Printable::pairs([*one])), "{one:?}");
        for other in &pairs {
            assert!(seen.insert(Printable::pairs([*one, *other])), "{one:?}, {other:?}");
        }
    }
    assert_eq!(
        Printable::pairs([("service", "demo"), ("user", "a b")]).as_str(),
        "service=demo user=\"a b\""
    );
}
