//! One line of a check, for a person and for scripts.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::setup::step::Found;

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its name, for scripts: it stays.
    pub(crate) name: &'static str,
    /// What should be.
    pub(crate) what: String,
    /// Whether it is.
    pub(crate) found: Found,
    /// The command that mends it.
    pub(crate) mend: String,
}

/// What was found of one desktop user.
#[derive(Debug)]
pub(crate) struct Report {
    /// The user's name.
    pub(crate) user: String,
    /// All that was looked at.
    pub(crate) lines: Vec<Line>,
}

impl Report {
    /// Whether nothing fails.
    pub(crate) fn is_good(&self) -> bool {
        !self.lines.iter().any(|line| matches!(line.found, Found::Lacking(_) | Found::Left(_)))
    }
}

/// For a person: a line for each, and one below it that says what to do.
pub(crate) fn table(reports: &[Report]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if reports.is_empty() {
        return writeln!(
            out,
            "FAIL  record         nobody is set up on this machine\n      mend: sd-provision --user NAME"
        );
    }
    for report in reports {
        writeln!(out, "{}:", report.user)?;
        for line in &report.lines {
            match &line.found {
                Found::Good => writeln!(out, "pass  {:14} {}", line.name, line.what)?,
                Found::Skipped(why) => writeln!(out, "skip  {:14} {} ({why})", line.name, line.what)?,
                Found::Lacking(why) | Found::Left(why) => {
                    writeln!(out, "FAIL  {:14} {why}\n      mend: {}", line.name, line.mend)?;
                }
            }
        }
        let failing = report
            .lines
            .iter()
            .filter(|line| matches!(line.found, Found::Lacking(_) | Found::Left(_)))
            .count();
        match failing {
            0 => writeln!(out, "all is as it should be")?,
            n => writeln!(out, "{n} of {} fail", report.lines.len())?,
        }
    }
    Ok(())
}

/// For scripts: one object.
pub(crate) fn document(reports: &[Report], good: bool) -> io::Result<()> {
    let users: Vec<Value> = reports
        .iter()
        .map(|report| {
            let checks: Vec<Value> = report.lines.iter().map(value).collect();
            json!({"user": report.user, "pass": report.is_good(), "checks": checks})
        })
        .collect();
    writeln!(io::stdout().lock(), "{}", json!({"v": 1, "pass": good, "users": users}))
}

fn value(line: &Line) -> Value {
    match &line.found {
        Found::Good => json!({"name": line.name, "result": "pass", "what": line.what}),
        Found::Skipped(why) => json!({"name": line.name, "result": "skip", "what": line.what, "why": why}),
        Found::Lacking(why) | Found::Left(why) => {
            json!({"name": line.name, "result": "fail", "what": line.what, "why": why, "mend": line.mend})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_line_says_why_and_what_mends_it() {
        let line =
            Line { name: "swap", what: "w".into(), found: Found::Lacking("y".into()), mend: "m".into() };
        assert_eq!(
            value(&line),
            json!({"name": "swap", "result": "fail", "what": "w", "why": "y", "mend": "m"})
        );
        let report = Report { user: "nb".into(), lines: vec![line] };
        assert!(!report.is_good());
    }

    #[test]
    fn what_is_skipped_does_not_fail() {
        let line =
            Line { name: "swap", what: "w".into(), found: Found::Skipped("y".into()), mend: "m".into() };
        assert!(Report { user: "nb".into(), lines: vec![line] }.is_good());
    }
}
