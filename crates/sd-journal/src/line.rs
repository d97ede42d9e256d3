//! The line that stands for a record where there is no journal.

use std::fmt::Write;

/// `tool: message FIELD=value …`, without the line break. Values with spaces are quoted; control
/// characters are escaped everywhere, so that one record is one line and cannot paint a terminal.
pub(crate) fn line(tool: &str, message: &str, fields: &[(&'static str, String)]) -> String {
    let mut text = String::new();
    escape(&mut text, tool, false);
    text.push_str(": ");
    escape(&mut text, message, false);
    for (name, value) in fields {
        text.push(' ');
        text.push_str(name);
        text.push('=');
        let quoted = value.is_empty() || value.contains([' ', '"', '=', '\\', '\n']);
        if quoted {
            text.push('"');
        }
        escape(&mut text, value, quoted);
        if quoted {
            text.push('"');
        }
    }
    text
}

/// A message or value with its control characters escaped, for the journal too: `journalctl` shows
/// what holds them as a blob, and other readers print it as it is.
pub(crate) fn printable(from: &str) -> String {
    let mut text = String::new();
    escape(&mut text, from, false);
    text
}

/// The most characters of one message or value: a peer that misspeaks at length fills no disk.
const MAX_CHARS: usize = 1024;

fn escape(text: &mut String, from: &str, quoted: bool) {
    for one in from.chars().take(MAX_CHARS) {
        match one {
            '\n' => text.push_str("\\n"),
            '"' | '\\' if quoted => {
                text.push('\\');
                text.push(one);
            }
            // Beside the controls of ASCII and Latin-1: the line and paragraph separators and the
            // marks that turn the direction of writing.
            _ if one.is_control() || turns(one) => {
                // Writing to a String does not fail.
                let _ = write!(text, "\\u{{{:x}}}", u32::from(one));
            }
            _ => text.push(one),
        }
    }
    if from.chars().nth(MAX_CHARS).is_some() {
        text.push('…');
    }
}

fn turns(one: char) -> bool {
    matches!(one,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
