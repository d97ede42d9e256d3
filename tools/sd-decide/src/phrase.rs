//! The personal phrase: chosen when the companion is provisioned, known to nobody on the desktop's side, and on this
//! screen all the time. A picture of this screen that the desktop draws does not have it.

use std::path::{Path, PathBuf};

use sd_start::NotServing;
use sd_sys::trusted;
use sd_wire::printable::Printable;

/// The most bytes of the file.
const MAX_FILE: usize = 256;
/// The most columns of the phrase.
const MAX_COLUMNS: usize = 60;

/// The phrase of `file`; else of the credential `phrase` (systemd.exec(5), `LoadCredential=`); else none. An empty file
/// is none as well.
///
/// # Errors
/// [`NotServing::Invalid`], when it is not one line of at most 60 printable characters, or others may write the file.
pub(crate) fn load(file: Option<&Path>) -> Result<Option<Printable>, NotServing> {
    let credential = || {
        let path = Path::new(&std::env::var_os("CREDENTIALS_DIRECTORY")?).join("phrase");
        path.symlink_metadata().is_ok().then_some(path)
    };
    let Some(path) = file.map(Path::to_owned).or_else(credential) else { return Ok(None) };
    let bytes = trusted::read_trusted(&path, MAX_FILE).map_err(|why| NotServing::Invalid(why.to_string()))?;
    read(&bytes).map_err(|why| invalid(&path, why))
}

/// What the file's bytes are as a phrase.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Printable>, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the phrase is not UTF-8")?;
    let text = text.strip_suffix('\n').unwrap_or(text).trim();
    let phrase = Printable::line(text);
    if phrase.as_str() != text {
        return Err(
            "the phrase has characters that a terminal would not show as they are; choose plain words",
        );
    }
    if phrase.as_str().chars().count() > MAX_COLUMNS {
        return Err("the phrase is longer than 60 characters; choose fewer words");
    }
    Ok((!text.is_empty()).then_some(phrase))
}

fn invalid(path: &Path, why: &str) -> NotServing {
    NotServing::Invalid(format!("{}: {why}", PathBuf::from(path).display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrase(bytes: &[u8]) -> Result<Option<String>, &'static str> {
        read(bytes).map(|phrase| phrase.map(|phrase| phrase.as_str().to_owned()))
    }

    #[test]
    fn one_line_of_plain_words_is_a_phrase() {
        assert_eq!(phrase(b"three herons at dusk\n"), Ok(Some("three herons at dusk".to_owned())));
        assert_eq!(phrase("drei Häher\n".as_bytes()), Ok(Some("drei Häher".to_owned())));
        assert_eq!((phrase(b""), phrase(b"\n")), (Ok(None), Ok(None)));
    }

    #[test]
    fn what_would_spoil_the_header_is_refused() {
        assert!(phrase(b"two\nlines").is_err());
        assert!(phrase(b"\x1b[31mred").is_err());
        assert!(phrase(&[b'x'; 61]).is_err());
        assert!(phrase(b"\xff").is_err());
    }
}
