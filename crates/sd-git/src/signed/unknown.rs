//! Anything else, as text and as bytes.

use std::fmt::Write as _;

use sd_wire::printable::Printable;

use super::Signed;
use super::header::lines;

/// Bytes in a row: it fits the narrowest screen.
const ROW: usize = 8;
/// The most bytes that stand there once more as hex. More than that nobody reads.
const MOST_HEX: usize = 16 * 1024;

pub(super) fn read(untrusted: &[u8]) -> Signed {
    let mut text = lines(untrusted);
    text.push(Printable::default());
    let shown = untrusted.get(..MOST_HEX).unwrap_or(untrusted);
    text.extend(shown.chunks(ROW).enumerate().map(|(n, row)| hex(n.saturating_mul(ROW), row)));
    if let Some(more) = untrusted.len().checked_sub(MOST_HEX).filter(|more| *more > 0) {
        text.push(Printable::line(&format!("{more} more bytes stand above as text")));
    }
    Signed {
        what: format!("unknown data, {} bytes", untrusted.len()),
        facts: Vec::new(),
        text,
        rest: Vec::new(),
    }
}

/// `00000010  68 65 6c 6c 6f 20 79 6f  hello yo`, as hexdump(1) has it.
fn hex(at: usize, row: &[u8]) -> Printable {
    let mut line = format!("{at:08x} ");
    for byte in row {
        let _ = write!(line, " {byte:02x}");
    }
    for _ in row.len()..ROW {
        line.push_str("   ");
    }
    line.push_str("  ");
    line.extend(row.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' }));
    Printable::line(&line)
}
