//! Standard output: for a person or for a script, with colour or without.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

/// What a piece of text means; a terminal shows it by colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Heading,
    Good,
    Bad,
    Faint,
}

impl Ink {
    /// ECMA-48 SGR: colours that every terminal has.
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Heading => "\u{1b}[1m",
            Self::Good => "\u{1b}[32m",
            Self::Bad => "\u{1b}[31m",
            Self::Faint => "\u{1b}[2m",
        }
    }
}

/// Where the answer is written.
#[derive(Debug)]
pub(crate) struct Paper {
    out: BufWriter<StdoutLock<'static>>,
    colour: bool,
}

impl Paper {
    /// Standard output.
    pub(crate) fn new() -> Self {
        let out = io::stdout().lock();
        // https://no-color.org: set, and not empty.
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let colour = out.is_terminal() && !unwanted && !dumb;
        Self { out: BufWriter::new(out), colour }
    }

    /// Text in its colour.
    pub(crate) fn paint(&self, ink: Ink, text: &str) -> String {
        if self.colour && ink != Ink::Plain {
            format!("{}{text}\u{1b}[0m", ink.code())
        } else {
            text.to_owned()
        }
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{}", line.trim_end())
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// All of it is out when this returns.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
