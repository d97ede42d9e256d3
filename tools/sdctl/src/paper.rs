//! Standard output: for a person or for a script, with colour or without.

use std::io::{self, IsTerminal, StdoutLock, Write};

use serde_json::Value;

/// What a piece of text means; a terminal shows it by colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// No colour.
    Plain,
    /// A heading.
    Heading,
    /// All is well.
    Good,
    /// Somebody is waited for.
    Waiting,
    /// Something is not there, or was refused.
    Bad,
}

impl Ink {
    /// For a request that ended so.
    pub(crate) fn of(outcome: &str) -> Self {
        match outcome {
            "granted" | "approved" => Self::Good,
            "denied" | "expired" | "failed" => Self::Bad,
            _ => Self::Plain,
        }
    }

    /// ECMA-48 SGR: colours that every terminal has.
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Heading => "\u{1b}[1m",
            Self::Good => "\u{1b}[32m",
            Self::Waiting => "\u{1b}[33m",
            Self::Bad => "\u{1b}[31m",
        }
    }
}

/// Where the answer is written.
#[derive(Debug)]
pub(crate) struct Paper {
    out: StdoutLock<'static>,
    json: bool,
    terminal: bool,
    colour: bool,
}

impl Paper {
    /// Standard output; as JSON for a script.
    pub(crate) fn new(json: bool) -> Self {
        let out = io::stdout().lock();
        let terminal = out.is_terminal();
        // https://no-color.org: set, and not empty.
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self { out, json, terminal, colour: terminal && !unwanted && !dumb }
    }

    /// Whether a script reads.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Whether a person reads at once.
    pub(crate) fn terminal(&self) -> bool {
        self.terminal
    }

    /// Text in its colour.
    pub(crate) fn paint(&self, ink: Ink, text: &str) -> String {
        paint(self.colour, ink, text)
    }

    /// Writes a line; it is out when this returns.
    pub(crate) fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{}", line.trim_end())?;
        self.out.flush()
    }

    /// Writes a JSON document on a line.
    pub(crate) fn document(&mut self, document: &Value) -> io::Result<()> {
        self.line(&document.to_string())
    }
}

fn paint(colour: bool, ink: Ink, text: &str) -> String {
    if colour && ink != Ink::Plain { format!("{}{text}\u{1b}[0m", ink.code()) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_there_is_no_escape() {
        for ink in [Ink::Plain, Ink::Heading, Ink::Good, Ink::Waiting, Ink::Bad] {
            assert_eq!(paint(false, ink, "x"), "x");
        }
        assert_eq!(paint(true, Ink::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(paint(true, Ink::Plain, "x"), "x");
    }
}
