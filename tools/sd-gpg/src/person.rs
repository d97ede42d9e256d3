//! Telling the person when git does not.
//!
//! git before 2.41 takes gpg's standard error for its status lines and drops it when gpg fails ("gpg failed to sign the
//! data", and nothing more). Debian 12 has such a git. The sentence then goes to the terminal that git was called from.

use std::fs::OpenOptions;
use std::io::{IsTerminal, Write};
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// The first git that shows what gpg said.
const SHOWS: (u32, u32) = (2, 41);

/// Writes the failure to the terminal, if git would keep it to itself and there is a terminal.
pub(crate) fn tell(failure: &Failure) {
    // To a person who has called us by hand it has been said already.
    if std::io::stderr().is_terminal() || !keeps_it_to_itself() {
        return;
    }
    // Without a terminal there is nobody to tell.
    if let Ok(mut terminal) = OpenOptions::new().write(true).open("/dev/tty") {
        let _ = writeln!(terminal, "sd-gpg: {failure}");
    }
}

fn keeps_it_to_itself() -> bool {
    let said = Command::new("git").arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    said.ok().and_then(|said| version(&said.stdout)).is_some_and(|found| found < SHOWS)
}

/// The first two numbers of `git version 2.39.5`.
fn version(said: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(said).ok()?;
    let mut numbers = text.strip_prefix("git version ")?.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gits_version_is_read_from_what_git_says() {
        assert_eq!(version(b"git version 2.39.5\n"), Some((2, 39)));
        assert_eq!(version(b"git version 2.47.3.windows.1\n"), Some((2, 47)));
        assert!(version(b"git version 2.41.0").unwrap() >= SHOWS);
        assert_eq!(version(b"something else"), None);
        assert_eq!(version(b"git version two"), None);
    }
}
