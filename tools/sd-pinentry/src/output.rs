//! Replies to gpg-agent. A passphrase is escaped from its own memory into memory of the same kind.

use std::io::{self, Write};

use sd_sys::secret::{Secret, TooLong};

use crate::code::Code;

/// The most bytes of a data line's content: with `D ` and the end below the 1000 of a line.
const DATA: usize = 960;

/// `OK`.
pub(crate) fn ok(to: &mut impl Write) -> io::Result<()> {
    to.write_all(b"OK\n")
}

/// An error, with its number and words.
pub(crate) fn refuse(to: &mut impl Write, code: Code) -> io::Result<()> {
    to.write_all(format!("ERR {} {}\n", code.number(), code.words()).as_bytes())
}

/// A word about us that needs no escaping, and `OK`.
pub(crate) fn tell(to: &mut impl Write, word: &str) -> io::Result<()> {
    to.write_all(format!("D {word}\nOK\n").as_bytes())
}

/// A passphrase, and `OK`.
pub(crate) fn hand_over(to: &mut impl Write, passphrase: &Secret) -> io::Result<()> {
    let lines = escaped(passphrase)?.map_err(io::Error::other)?;
    to.write_all(lines.expose())
}

/// As many data lines as it takes, and `OK`. An empty passphrase has no data line.
fn escaped(passphrase: &Secret) -> io::Result<Result<Secret, TooLong>> {
    // Each byte may become three; each line has two before and one behind; and `OK` comes last.
    let most = passphrase.len().saturating_mul(3);
    let ends = most.div_ceil(DATA).saturating_add(1).saturating_mul(3);
    let mut lines = Secret::with_capacity(most.saturating_add(ends).saturating_add(3))?;
    Ok(escape(passphrase.expose(), &mut lines).map(|()| lines))
}

fn escape(bytes: &[u8], lines: &mut Secret) -> Result<(), TooLong> {
    // A line of this many bytes fits even when each of them becomes three.
    for part in bytes.chunks(DATA / 3) {
        lines.push(b"D ")?;
        for run in part.split_inclusive(|byte| matches!(byte, b'%' | b'\r' | b'\n')) {
            match run.split_last() {
                Some((b'%', plain)) => {
                    lines.push(plain)?;
                    lines.push(b"%25")?;
                }
                Some((b'\r', plain)) => {
                    lines.push(plain)?;
                    lines.push(b"%0D")?;
                }
                Some((b'\n', plain)) => {
                    lines.push(plain)?;
                    lines.push(b"%0A")?;
                }
                _ => lines.push(run)?,
            }
        }
        lines.push(b"\n")?;
    }
    lines.push(b"OK\n")
}

#[cfg(test)]
mod tests {
    use sd_wire::passphrase::MAX_PASSPHRASE;

    use super::*;

    fn said(passphrase: &[u8]) -> Vec<u8> {
        let mut secret = Secret::with_capacity(passphrase.len()).unwrap();
        secret.push(passphrase).unwrap();
        let mut said = Vec::new();
        hand_over(&mut said, &secret).unwrap();
        said
    }

    #[test]
    fn a_passphrase_is_escaped_as_assuan_wants_it() {
        assert_eq!(said(b"plain words"), b"D plain words\nOK\n");
        assert_eq!(said(b"100%\r\n%"), b"D 100%25%0D%0A%25\nOK\n");
        assert_eq!(said("pässwörd".as_bytes()), "D pässwörd\nOK\n".as_bytes());
        assert_eq!(said(b""), b"OK\n");
    }

    #[test]
    fn the_longest_and_worst_passphrase_fits_in_lines_that_are_short_enough() {
        let said = said(&[b'%'; MAX_PASSPHRASE]);
        assert!(said.split(|byte| *byte == b'\n').all(|line| line.len() <= crate::input::MAX_LINE));
        assert_eq!(said.iter().filter(|byte| **byte == b'%').count(), MAX_PASSPHRASE);
        assert!(said.ends_with(b"\nOK\n"));
    }

    #[test]
    fn what_gpg_agent_takes_at_all_fits_on_one_line() {
        // gpg-agent takes 255 bytes, and no second data line.
        assert_eq!(said(&[b'%'; 255]).iter().filter(|byte| **byte == b'\n').count(), 2);
    }
}
