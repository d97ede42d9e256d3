use super::*;

fn of(message: &str, fields: &[(&'static str, &str)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    line("sd-gate", message, &fields)
}

#[test]
fn a_record_is_the_tool_the_message_and_the_fields_in_order() {
    assert_eq!(of("started", &[]), "sd-gate: started");
    let fields = [("ASK_ID", "7"), ("CALLER_UID", "1000"), ("OUTCOME", "denied")];
    assert_eq!(of("ask settled", &fields), "sd-gate: ask settled ASK_ID=7 CALLER_UID=1000 OUTCOME=denied");
}

#[test]
fn a_value_that_could_be_read_in_two_ways_is_quoted() {
    assert_eq!(of("m", &[("KIND", "")]), "sd-gate: m KIND=\"\"");
    assert_eq!(of("m", &[("KIND", "x OUTCOME=granted")]), "sd-gate: m KIND=\"x OUTCOME=granted\"");
    assert_eq!(of("m", &[("KIND", "a\"b\\")]), "sd-gate: m KIND=\"a\\\"b\\\\\"");
}

#[test]
fn no_value_breaks_the_line_or_paints_a_terminal() {
    let hostile =
        "x\nsd-decide: ask settled OUTCOME=granted\r\u{1b}[2J\u{9b}2J\u{202e}\u{2028}\0\u{7f}\u{feff}";
    for text in [of(hostile, &[]), of("m", &[("KIND", hostile)])] {
        assert_eq!(text.lines().count(), 1);
        assert!(!text.chars().any(char::is_control), "{text}");
        assert!(!text.contains(['\u{202e}', '\u{2028}', '\u{feff}']), "{text}");
        assert!(text.contains("\\n") && text.contains("\\u{1b}[2J"), "{text}");
    }
}

#[test]
fn ordinary_text_of_any_language_stays_as_it_is() {
    assert_eq!(of("schlüssel 鍵 🔑", &[("KIND", "größe")]), "sd-gate: schlüssel 鍵 🔑 KIND=größe");
}

#[test]
fn a_long_value_is_cut_and_says_so() {
    let text = of("m", &[("KIND", &"é".repeat(100_000))]);
    assert_eq!(text.chars().filter(|one| *one == 'é').count(), MAX_CHARS);
    assert!(text.ends_with('…'));
    assert!(!of("m", &[("KIND", &"é".repeat(MAX_CHARS))]).contains('…'));
}

#[test]
fn what_goes_to_the_journal_is_escaped_as_well() {
    assert_eq!(printable("a\nb\u{1b}c \"d\""), "a\\nb\\u{1b}c \"d\"");
}
