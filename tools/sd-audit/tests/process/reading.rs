use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::stage::{Stage, released};

fn recorded(lines: u8) -> Stage {
    let mut stage = Stage::new();
    stage.start();
    let decide = stage.connect();
    for n in 1..lines {
        decide.record(u64::from(n), released(n)).unwrap();
    }
    stage
}

fn out(done: &std::process::Output) -> String {
    String::from_utf8(done.stdout.clone()).unwrap()
}

#[test]
fn a_person_reads_what_was_decided_and_a_script_the_lines_themselves() {
    let stage = recorded(6);
    let shown = stage.says(&["show"]);
    assert!(shown.status.success());
    let text = out(&shown);
    assert_eq!(text.lines().count(), 7, "a heading and six lines: {text}");
    assert!(!text.contains('\u{1b}'));
    assert!(text.lines().nth(2).unwrap().contains("released  read         key"), "{text}");
    let lines = stage.lines();
    assert_eq!(out(&stage.says(&["show", "--json"])).lines().collect::<Vec<_>>(), lines);
    assert_eq!(out(&stage.says(&["tail", "-n", "2", "--json"])).lines().collect::<Vec<_>>(), lines[4..]);
    assert_eq!(out(&stage.says(&["export", "--from", "3"])).lines().collect::<Vec<_>>(), lines[2..]);
    let document: Value = serde_json::from_str(&out(&stage.says(&["export", "--json"]))).unwrap();
    assert_eq!(document.as_array().unwrap().len(), 6);
    let one = out(&stage.says(&["show", "--json", "--ask", "0303"]));
    assert_eq!(one.lines().collect::<Vec<_>>(), [lines[3].as_str()]);
}

#[test]
fn verify_says_which_line_was_changed_and_ends_with_65() {
    let mut stage = recorded(6);
    assert!(stage.verified().0, "{}", stage.verified().1);
    stage.stop();
    let text = fs::read_to_string(stage.file()).unwrap();
    fs::write(stage.file(), text.replacen("0303030303030303", "0303030303030304", 1)).unwrap();
    let (good, said) = stage.verified();
    assert!(!good);
    assert!(said.contains("audit.jsonl:4: line 4 was changed after it was written"), "{said}");
    let key = stage.key();
    let done = stage.says(&["verify", "--json", "--key", key.to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(65));
    let document: Value = serde_json::from_str(&out(&done)).unwrap();
    assert_eq!(document["good"], false);
    assert_eq!(
        (&document["findings"][0]["what"], &document["findings"][0]["first"]),
        (&"changed".into(), &4.into())
    );
}

#[test]
fn without_the_key_it_says_that_it_cannot_tell_all() {
    let stage = recorded(3);
    let done = stage.says(&["verify"]);
    assert!(done.status.success());
    assert!(out(&done).contains("WITHOUT THE KEY"), "{}", out(&done));
}

#[test]
fn what_is_not_there_is_said_with_what_to_do() {
    let stage = Stage::new();
    for (words, code, part) in [
        (&["show"][..], 69, "there is no record"),
        (&["show", "--since", "noon"][..], 69, "there is no record"),
        (&["frobnicate"][..], 64, "unrecognized"),
    ] {
        let done = stage.says(words);
        assert_eq!(done.status.code(), Some(code), "{words:?}");
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(said.contains(part), "{words:?}: {said}");
    }
    let stage = recorded(2);
    let done = stage.says(&["show", "--since", "noon"]);
    assert_eq!(done.status.code(), Some(64));
}

#[test]
fn what_comes_is_followed_across_a_new_file() {
    let mut stage = Stage::with(&["--rotate", "1"]);
    stage.start();
    let decide = stage.connect();
    decide.record(0, released(1)).unwrap();
    let mut tail = Command::new(env!("CARGO_BIN_EXE_sd-audit"))
        .args(["tail", "--follow", "--json", "--folder"])
        .arg(stage.folder())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut last = 0;
    let mut follow = |until: u64| {
        while last < until {
            let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
            assert_eq!(line["seq"], last + 1);
            last += 1;
        }
    };
    follow(2);
    // A MiB and more, in records as large as they come.
    let mut large = released(2);
    large.claimed = Some(Box::new(sd_wire::record::Claimed {
        arguments: Some(sd_wire::bounded::Text::new("\u{1}".repeat(512)).unwrap()),
        ..Default::default()
    }));
    for n in 0..330 {
        decide.record(n, large.clone()).unwrap();
    }
    follow(333);
    tail.kill().unwrap();
    tail.wait().unwrap();
    assert_eq!(
        fs::read_dir(stage.folder())
            .unwrap()
            .filter(|it| { it.as_ref().unwrap().file_name().to_string_lossy().starts_with("audit") })
            .count(),
        2
    );
    assert!(stage.verified().0, "{}", stage.verified().1);
}
