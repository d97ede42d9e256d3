use proptest::prelude::*;

use super::*;

fn secret_of(bytes: &[u8]) -> Secret {
    copied(bytes).unwrap()
}

fn facts_of(label: &str, pairs: &[(&str, &str)]) -> Facts {
    Facts {
        label: label.to_owned(),
        attributes: pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        content_type: TEXT.to_owned(),
        created: 1_705_314_600,
        modified: 1_705_314_601,
    }
}

fn text_of(facts: &Facts, bytes: &[u8]) -> String {
    let text = compose(facts, &secret_of(bytes), b"").unwrap();
    String::from_utf8(text.expose().to_vec()).unwrap()
}

#[test]
fn an_entry_is_as_gopass_secret_service_writes_it() {
    let facts =
        facts_of("My mail", &[("service", "smtp"), ("xdg:schema", "net.example.Mail"), ("empty", "")]);
    let expected = "hunter2\n_ss_label: My mail\n_ss_created: 2024-01-15T10:30:00Z\n_ss_modified: \
                    2024-01-15T10:30:01Z\n_ss_content_type: text/plain\nempty: \nservice: smtp\nxdg:schema: \
                    net.example.Mail\n";
    assert_eq!(text_of(&facts, b"hunter2"), expected);
    assert_eq!(super::facts(expected.as_bytes()), facts);
}

#[test]
fn an_entry_of_its_older_versions_with_a_line_of_dashes_is_read_too() {
    let text =
        b"hunter2\n---\n_ss_label: My Secret\n_ss_created: 2024-01-15T10:30:00Z\nusername: ada: example\n";
    let facts = super::facts(text);
    assert_eq!((facts.label.as_str(), facts.created), ("My Secret", 1_705_314_600));
    assert_eq!(facts.attributes["username"], "ada: example");
    assert_eq!(secret(text).unwrap().expose(), b"hunter2");
}

#[test]
fn an_entry_of_pass_is_a_password_and_whatever_else_somebody_wrote() {
    let text = b"hunter2\r\nuser: ada\r\nnotes without a colon\nuser: eve\n";
    assert_eq!(secret(text).unwrap().expose(), b"hunter2");
    assert_eq!(super::facts(text).attributes["user"], "ada");
    assert_eq!(secret(b"").unwrap().expose(), b"");
    assert_eq!(secret(b"one").unwrap().expose(), b"one");
}

#[test]
fn what_somebody_wrote_below_stays_when_the_secret_changes() {
    let before = b"old\nuser: ada\notpauth://x\n_ss_encoding: base64\n";
    let after = with_secret(&secret_of(b"new"), before).unwrap();
    assert_eq!(after.expose(), b"new\nuser: ada\notpauth://x\n");
    let after = with_secret(&secret_of(b"a\nb"), before).unwrap();
    assert_eq!(after.expose(), b"YQpi\n_ss_encoding: base64\nuser: ada\notpauth://x\n");
    let after = compose(&facts_of("It", &[("user", "eve")]), &secret_of(b"new"), before).unwrap();
    let after = String::from_utf8(after.expose().to_vec()).unwrap();
    assert!(after.contains("otpauth://x") && after.contains("user: eve") && !after.contains("user: ada"));
}

#[test]
fn what_gopass_would_take_for_another_format_does_not_stand_there() {
    for bytes in [&b"---"[..], b"---\n", b"GOPASS-SECRET-1.0", b"a\nb", b"a\r", b"\n"] {
        let text = compose(&facts_of("It", &[]), &secret_of(bytes), b"").unwrap();
        assert!(!is_marker(text.expose()) && !text.expose().starts_with(b"GOPASS"));
        assert_eq!(secret(text.expose()).unwrap().expose(), bytes);
    }
    assert!(!text_of(&facts_of("It", &[("---", "x")]), b"x").contains("\n---"));
}

#[test]
fn attributes_that_are_no_lines_are_kept_nevertheless() {
    let pairs = [
        ("_ss_label", "x"),
        ("a: b", "c"),
        ("", "empty"),
        ("n", "two\nlines"),
        ("b", " blank "),
        ("c:", "d"),
    ];
    let facts = facts_of("two\nlines ", &pairs);
    assert_eq!(super::facts(text_of(&facts, b"x").as_bytes()), facts);
}

#[test]
fn a_broken_encoding_is_an_error_and_no_secret() {
    assert!(secret(b"not base64\n_ss_encoding: base64\n").is_err());
}

proptest! {
    #[test]
    fn whatever_is_kept_comes_back(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        label in ".{0,40}",
        attributes in proptest::collection::btree_map(".{0,20}", ".{0,20}", 0..6),
    ) {
        let facts = Facts { attributes, ..facts_of(&label, &[]) };
        let text = compose(&facts, &secret_of(&bytes), b"").unwrap();
        prop_assert_eq!(super::facts(text.expose()), facts);
        let kept = secret(text.expose()).unwrap();
        prop_assert_eq!(kept.expose(), &bytes[..]);
    }

    #[test]
    fn whatever_stands_in_a_file_breaks_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let facts = super::facts(&bytes);
        let _ = secret(&bytes);
        compose(&facts, &secret_of(b"x"), &bytes).unwrap();
    }
}

#[test]
fn what_stands_beside_the_secret_keeps_its_carriage_returns_when_that_is_exchanged() {
    let text = b"hunter2\r\nuser: ada\r\r\nnotes without a colon\r\n";
    let other = with_secret(&secret_of(b"other"), text).unwrap();
    assert_eq!(other.expose(), b"other\nuser: ada\r\r\nnotes without a colon\r\n");
    assert_eq!(super::facts(other.expose()), super::facts(text));
    let composed = compose(&super::facts(text), &secret_of(b"other"), text).unwrap();
    assert!(composed.expose().ends_with(b"notes without a colon\r\n"));
    assert_eq!(super::facts(composed.expose()).attributes["user"], "ada\r");
}
