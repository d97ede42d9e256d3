//! A record: a sentence, how serious it is, and fields that a search can find.

use std::fmt::Display;
use std::io::Write;

use libsystemd::logging::{Priority, connected_to_journal, journal_send};

use crate::line::{line, printable};

/// How serious a record is, in the words of syslog(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Something failed that should not.
    Error,
    /// Someone misspoke or was refused.
    Warning,
    /// One settled ask, a start, an end.
    Info,
}

/// A record in the making: `Record::info("ask settled").ask(id).outcome("denied").send()`.
#[derive(Debug, Clone)]
#[must_use = "a record is written by send()"]
pub struct Record {
    severity: Severity,
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Record {
    /// A record with this sentence and no fields.
    pub fn new(severity: Severity, message: impl Display) -> Record {
        Record { severity, message: message.to_string(), fields: Vec::new() }
    }

    /// As [`Record::new`] with [`Severity::Info`].
    pub fn info(message: impl Display) -> Record {
        Record::new(Severity::Info, message)
    }

    /// As [`Record::new`] with [`Severity::Warning`].
    pub fn warning(message: impl Display) -> Record {
        Record::new(Severity::Warning, message)
    }

    /// As [`Record::new`] with [`Severity::Error`].
    pub fn error(message: impl Display) -> Record {
        Record::new(Severity::Error, message)
    }

    /// Adds a field. Its name is in capitals, digits and underscores, at most 64, and does not
    /// begin with an underscore: the journal leaves out any other.
    pub fn field(mut self, name: &'static str, value: impl Display) -> Record {
        self.fields.push((name, value.to_string()));
        self
    }

    /// `MESSAGE_ID`: 32 hexadecimal digits that name this kind of record in the catalog.
    pub fn message_id(self, id: &'static str) -> Record {
        self.field("MESSAGE_ID", id)
    }

    /// `ASK_ID`: the ask that this is about.
    pub fn ask(self, id: impl Display) -> Record {
        self.field("ASK_ID", id)
    }

    /// `CALLER_UID`: the uid of the process that asked, as the kernel attests it.
    pub fn caller_uid(self, uid: u32) -> Record {
        self.field("CALLER_UID", uid)
    }

    /// `CALLER_PID`: the process that asked, as the kernel attests it.
    pub fn caller_pid(self, pid: i32) -> Record {
        self.field("CALLER_PID", pid)
    }

    /// `KIND`: what was asked for, e.g. `read`.
    pub fn kind(self, kind: impl Display) -> Record {
        self.field("KIND", kind)
    }

    /// `OUTCOME`: how it ended, e.g. `denied`.
    pub fn outcome(self, outcome: impl Display) -> Record {
        self.field("OUTCOME", outcome)
    }

    /// Writes the record: to the journal when standard error is connected to it, else as one line
    /// to standard error. A log that cannot be written is nobody's to hear of.
    pub fn send(self) {
        if connected_to_journal() && self.to_journal() {
            return;
        }
        let mut text = line(&tool(), &self.message, &self.fields);
        text.push('\n');
        // One write for the whole line: the tools of the rig share a log file.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    fn to_journal(&self) -> bool {
        let priority = match self.severity {
            Severity::Error => Priority::Error,
            Severity::Warning => Priority::Warning,
            Severity::Info => Priority::Info,
        };
        let own = [("SYSLOG_IDENTIFIER", tool())];
        let given = self.fields.iter().map(|(name, value)| (*name, printable(value)));
        journal_send(priority, &printable(&self.message), own.into_iter().chain(given)).is_ok()
    }
}

/// Writes a record of [`Severity::Info`] without fields.
pub fn info(message: impl Display) {
    Record::info(message).send();
}

/// Writes a record of [`Severity::Warning`] without fields.
pub fn warning(message: impl Display) {
    Record::warning(message).send();
}

/// Writes a record of [`Severity::Error`] without fields.
pub fn error(message: impl Display) {
    Record::error(message).send();
}

/// The name of this program: the last part of its first argument.
fn tool() -> String {
    let first = std::env::args_os().next().unwrap_or_default();
    let name = std::path::Path::new(&first).file_name().unwrap_or(first.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
