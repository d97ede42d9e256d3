use std::process::Command;

use super::*;

#[test]
fn the_words_of_a_record_have_their_names_in_the_journal() {
    let record = Record::info("ask settled")
        .message_id("0123456789abcdef0123456789abcdef")
        .ask(7)
        .caller_uid(1000)
        .caller_pid(4242)
        .kind("read")
        .outcome("denied")
        .field("BACKEND", "oo7");
    let names: Vec<_> = record.fields.iter().map(|(name, _)| *name).collect();
    let expected = ["MESSAGE_ID", "ASK_ID", "CALLER_UID", "CALLER_PID", "KIND", "OUTCOME", "BACKEND"];
    assert_eq!(names, expected);
    assert_eq!((record.severity, record.message.as_str()), (Severity::Info, "ask settled"));
    assert_eq!(Record::warning("w").severity, Severity::Warning);
    assert_eq!(Record::error("e").severity, Severity::Error);
}

#[test]
fn without_a_journal_a_record_is_one_line_on_standard_error() {
    const MARK: &str = "SD_JOURNAL_TEST_WRITES";
    if std::env::var_os(MARK).is_some() {
        Record::warning("a sink is refused\nforged: line").caller_uid(1000).send();
        return;
    }
    let name = "record::tests::without_a_journal_a_record_is_one_line_on_standard_error";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(MARK, "1")
        // Claims a journal that standard error is not: it must be compared, not believed.
        .env("JOURNAL_STREAM", "1:1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("a sink is refused")).collect();
    assert_eq!(lines.len(), 1, "{text}");
    assert!(lines[0].ends_with(": a sink is refused\\nforged: line CALLER_UID=1000"), "{text}");
    assert!(lines[0].starts_with("sd_journal"), "the name of the program, without its directory: {text}");
}
