//! `sd-audit verify`: what was found, in words or for a script.

use std::path::Path;

use sd_sys::identity::own_uid;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::cli;
use crate::entry::Own;
use crate::failure::Failure;
use crate::key::Key;
use crate::paper::{Ink, Paper};
use crate::place;
use crate::verify::{self, Report};

/// Verifies a record, and says what was found.
pub(crate) fn verify(options: &cli::Verify, paper: &mut Paper) -> Result<(), Failure> {
    let folder = place::of(&options.which)?;
    let key = match &options.key {
        Some(path) => Some(read(path)?),
        None => own_key(&folder, options.which.folder.is_some())?,
    };
    let report = verify::verify(&folder, key)?;
    let said = if options.json { paper.line(&document(&report).to_string()) } else { words(&report, paper) };
    said.and_then(|()| paper.flush()).map_err(Failure::Output)?;
    if report.is_good() { Ok(()) } else { Err(Failure::Changed) }
}

/// The key that provisioning has put aside. Whoever cannot read it gets what can be told without; root is told that it is
/// not there.
fn own_key(folder: &Path, is_copy: bool) -> Result<Option<Key>, Failure> {
    let path = place::key(folder);
    match read(&path) {
        Err(Failure::Forbidden(_)) => Ok(None),
        Err(Failure::NoRecord(_)) if is_copy || own_uid() != 0 => Ok(None),
        Err(Failure::NoRecord(path)) => {
            Err(Failure::NoKey(path, "it is not there; `sd-provision` makes it".into()))
        }
        key => key.map(Some),
    }
}

fn read(path: &Path) -> Result<Key, Failure> {
    use sd_sys::trusted::Reason;
    let bytes = match sd_sys::read_trusted(path, 65) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(sd_sys::Untrusted { path, reason: Reason::Io(e) }) => return Err(Failure::reading(path)(e)),
        Err(e) => return Err(Failure::NoKey(path.to_owned(), e.to_string())),
    };
    let key = std::str::from_utf8(&bytes).ok().and_then(Key::read);
    key.ok_or_else(|| Failure::NoKey(path.to_owned(), "it is not 64 hexadecimal digits".into()))
}

fn words(report: &Report, paper: &mut Paper) -> std::io::Result<()> {
    for finding in &report.findings {
        let line = paper.paint(Ink::Bad, &finding.to_string());
        paper.line(&line)?;
    }
    if report.more > 0 {
        paper.line(&format!("and {} more", report.more))?;
    }
    for (seq, own, note) in &report.notices {
        let note = sd_wire::printable::Printable::line(note);
        let what = match own {
            Own::Broken => "sd-audit found the record changed",
            _ => "sd-audit mended the end",
        };
        paper.line(&format!("line {seq} says that {what}: {note}"))?;
    }
    if report.unfinished > 0 {
        paper.line(&format!(
            "{} bytes at the end are no line yet: sd-audit is writing, or was cut off and mends it at its next start",
            report.unfinished
        ))?;
    }
    if report.dropped > 0 {
        paper.line(&format!(
            "the lines up to {} were deleted for want of room, and the record says so",
            report.dropped
        ))?;
    }
    let span = match (&report.first, &report.last) {
        (Some((first, from)), Some((last, to))) => format!(", from {first} of {from} to {last} of {to}"),
        _ => String::new(),
    };
    let verdict = format!("{} lines are as they were written{span}", report.good);
    let ink = if report.is_good() { Ink::Good } else { Ink::Plain };
    let verdict = paper.paint(ink, &verdict);
    paper.line(&verdict)?;
    if !report.with_key {
        paper.line(
            "THIS WAS LOOKED AT WITHOUT THE KEY: who can write the record can make one that passes; run it as root, or \
             with --key",
        )?;
    }
    Ok(())
}

fn document(report: &Report) -> Value {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            let place = finding.place();
            let (first, last) = finding.lines().unzip();
            json!({
                "what": finding.word(),
                "first": first,
                "last": last,
                "file": place.map(|place| &place.file),
                "line_of_file": place.map(|place| place.number),
                "says": finding.to_string(),
            })
        })
        .collect();
    let span = |end: &Option<(u64, String)>| {
        end.as_ref().map_or(Value::Null, |(seq, time)| json!({ "line": seq, "time": time }))
    };
    json!({
        "good": report.is_good(),
        "with_key": report.with_key,
        "lines": report.good,
        "first": span(&report.first),
        "last": span(&report.last),
        "dropped_through": report.dropped,
        "unfinished_bytes": report.unfinished,
        "findings": findings,
        "more_findings": report.more,
        "notices": report.notices.iter().map(|(seq, own, note)| json!({
            "line": seq, "event": own.as_str(), "says": note,
        })).collect::<Vec<_>>(),
    })
}
