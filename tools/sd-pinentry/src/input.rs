//! Lines of Assuan: at most 1000 bytes each, whatever the other side sends.

use std::io::{self, Read};

use crate::error::Error;

/// The longest line, without its end (libassuan, `ASSUAN_LINELENGTH` less CR and LF).
pub(crate) const MAX_LINE: usize = 1000;

/// Reads lines, and holds never more than one and a half of them.
pub(crate) struct Lines<R> {
    from: R,
    held: Vec<u8>,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(from: R) -> Self {
        Self { from, held: Vec::new() }
    }

    /// The next line without its end, or `None` when the other side has closed. What stands before the close without
    /// a line's end is no line.
    ///
    /// # Errors
    /// [`Error::TooLong`] as soon as that is certain; [`Error::Forgotten`] when nothing came in time.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            if let Some(end) = self.held.iter().position(|byte| *byte == b'\n') {
                let rest = self.held.split_off(end.saturating_add(1));
                let mut line = std::mem::replace(&mut self.held, rest);
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return if line.len() > MAX_LINE { Err(Error::TooLong) } else { Ok(Some(line)) };
            }
            // Longer than a line and its CR, and still no end.
            if self.held.len() > MAX_LINE + 1 {
                return Err(Error::TooLong);
            }
            let mut room = [0; MAX_LINE / 2];
            match self.from.read(&mut room) {
                Ok(0) => return Ok(None),
                Ok(n) => self.held.extend_from_slice(room.get(..n).unwrap_or_default()),
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) if why.kind() == io::ErrorKind::TimedOut => return Err(Error::Forgotten),
                Err(why) => return Err(Error::Gone(why)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_one_by_one_with_either_end() {
        let mut lines = Lines::new(&b"GETPIN\r\n\nBYE\nrest"[..]);
        assert_eq!(lines.next().unwrap().unwrap(), b"GETPIN");
        assert_eq!(lines.next().unwrap().unwrap(), b"");
        assert_eq!(lines.next().unwrap().unwrap(), b"BYE");
        assert_eq!(lines.next().unwrap(), None);
    }

    #[test]
    fn a_line_of_the_longest_length_is_one() {
        for end in ["\n", "\r\n"] {
            let text = "x".repeat(MAX_LINE) + end + "BYE\n";
            let mut lines = Lines::new(text.as_bytes());
            assert_eq!(lines.next().unwrap().unwrap().len(), MAX_LINE);
            assert_eq!(lines.next().unwrap().unwrap(), b"BYE");
        }
    }

    #[test]
    fn one_byte_more_is_too_long() {
        let text = "x".repeat(MAX_LINE + 1) + "\n";
        assert!(matches!(Lines::new(text.as_bytes()).next(), Err(Error::TooLong)));
    }

    #[test]
    fn a_line_without_an_end_is_not_gathered() {
        let mut lines = Lines::new(io::repeat(b'x'));
        assert!(matches!(lines.next(), Err(Error::TooLong)));
        assert!(lines.held.len() < 2 * MAX_LINE);
    }
}
