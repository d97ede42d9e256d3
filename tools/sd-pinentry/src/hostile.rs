//! What the fuzzer feeds, and a test with any compiler: gpg-agent's lines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "no part of the product"
)]

use std::cell::Cell;

use sd_passphrase::{NoPassphrase, PATIENCE, Secret};

use crate::input::{Lines, MAX_LINE};
use crate::serve;

/// A whole conversation, in which every passphrase that is asked for is typed: nothing is handed over but in answer to
/// `GETPIN`, and each line of ours is one that gpg-agent reads.
pub fn assuan(bytes: &[u8]) {
    let (asked, mut heard) = (Cell::new(0_usize), Vec::new());
    let typed = || -> std::io::Result<Secret> {
        let mut typed = Secret::with_capacity(32)?;
        typed.push(b"hunter2\n%\r\0\xff").unwrap();
        Ok(typed)
    };
    let _ = serve::until_bye(&mut Lines::new(bytes), &mut heard, PATIENCE, |dialog, patience| {
        asked.set(asked.get() + 1);
        assert!(!patience.is_zero() && patience <= PATIENCE);
        // As it goes over the wire.
        let _ = dialog.wanted();
        typed().map_err(|_| NoPassphrase::Lost)
    });
    let lines: Vec<&[u8]> = heard.split(|byte| *byte == b'\n').collect();
    assert_eq!(lines.last(), Some(&&b""[..]), "half a line");
    let mut secrets = 0;
    for line in &lines[..lines.len() - 1] {
        assert!(line.len() <= MAX_LINE);
        secrets += usize::from(line.starts_with(b"D hunter2"));
        let known = [&b"OK"[..], b"ERR ", b"D "].iter().any(|word| line.starts_with(word));
        assert!(known, "{}", line.escape_ascii());
    }
    assert_eq!(secrets, asked.get());
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_line_of_gpg_agent_gets_a_passphrase_that_was_not_asked_for() {
        sd_twin::feed("assuan", super::assuan);
    }
}
