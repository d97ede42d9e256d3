//! The numbers: by the rules of the text format, and by promtool where that is installed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::{Command, Stdio};

use sd_wire::ask::Resolution;
use sd_wire::bounded::Text;
use sd_wire::record::{Event, How, Record};

use crate::stage::{Stage, released};

/// What a service leaves behind that has seen some of everything.
fn left() -> (Stage, String) {
    let mut stage = Stage::with(&["--idle", "1"]);
    stage.start();
    let decide = stage.connect();
    decide.record(1, released(1)).unwrap();
    let ended = Record {
        kind: Text::new("a\"\\\n{}").unwrap(),
        how: Some(How::Expiry {}),
        ended: Some(Resolution::Expired),
        ..Record::of(Event::Ended)
    };
    decide.record(2, ended).unwrap();
    drop(decide);
    assert_eq!(stage.ended(), Some(0));
    let text = fs::read_to_string(stage.folder().join("metrics.prom")).unwrap();
    (stage, text)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[test]
fn the_numbers_are_in_the_text_format_and_each_is_there_once() {
    let (_stage, text) = left();
    let mut seen = BTreeSet::new();
    let mut families = BTreeSet::new();
    let mut family = String::new();
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().unwrap().to_owned();
            assert!(is_name(&family) && families.insert(family.clone()), "{line}");
            continue;
        }
        if let Some(sort) = line.strip_prefix("# TYPE ") {
            let (name, sort) = sort.split_once(' ').unwrap();
            assert_eq!(name, family);
            assert!(sort == "gauge" || (sort == "counter" && name.ends_with("_total")), "{line}");
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        value.parse::<f64>().unwrap();
        assert!(seen.insert(series.to_owned()), "{series} twice");
        let (name, labels) = series.strip_suffix('}').unwrap().split_once('{').unwrap();
        assert_eq!(name, family);
        for label in labels.split(',') {
            let (label, value) = label.split_once("=\"").unwrap();
            let value = value.strip_suffix('"').unwrap();
            assert!(is_name(label) && !value.contains(['"', '\\']), "{line}");
        }
    }
    assert!(families.len() >= 7, "{text}");
    assert!(text.contains("kind=\"a_____\",outcome=\"expired\"} 1\n"), "{text}");
}

#[test]
fn promtool_has_nothing_to_say_of_them() {
    let (stage, _) = left();
    let file = File::open(stage.folder().join("metrics.prom")).unwrap();
    match Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::from(file)).output() {
        Ok(done) => {
            let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
            assert!(done.status.success() && said.is_empty(), "{said}");
        }
        Err(e) if std::env::var_os("CI").is_some() => {
            panic!("promtool: {e}; scripts/get-promtool.sh gets it")
        }
        Err(e) => eprintln!("SKIPPED: promtool is not there, scripts/get-promtool.sh gets it: {e}"),
    }
}
