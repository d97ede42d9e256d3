//! Which uid a name stands for: that of the parties file, so that no directory service is asked.

use std::path::{Path, PathBuf};

use sd_sys::trusted::read_trusted;
use sd_wire::line::Words;
use sd_wire::parties::{MAX_FILE, Parties};

use crate::failure::Failure;

const ROOT: &str = "/etc/secrets-dispatcher";

/// The desktop uid that this user's parties file names.
///
/// # Errors
/// [`Failure::NotSetUp`] when the name is no user's name, or there is no such file that could be trusted.
pub(crate) fn uid(user: &str, file: Option<&Path>) -> Result<u32, Failure> {
    let told = |why: String| Failure::NotSetUp(user.to_owned(), why);
    // The name becomes part of a path.
    if user.is_empty() || user.starts_with('.') || user.contains('/') {
        return Err(told("this is no user's name".to_owned()));
    }
    let path = file.map_or_else(|| PathBuf::from(ROOT).join(user).join("parties.json"), Path::to_owned);
    let bytes = read_trusted(&path, MAX_FILE).map_err(|e| told(e.to_string()))?;
    let parties = Parties::from_line(&bytes).map_err(|e| told(format!("{}: {e}", path.display())))?;
    Ok(parties.desktop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_which_uid_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("parties.json");
        let words = r#"{"v":1,"body":{"desktop":1000,"gate":990,"decide":989,"companion":1001}}"#;
        std::fs::write(&path, format!("{words}\n")).unwrap();
        assert_eq!(uid("nb", Some(&path)).unwrap(), 1000);
    }

    #[test]
    fn a_user_who_is_not_provisioned_is_told_what_to_run() {
        let why = uid("no-such-user", None).unwrap_err().to_string();
        assert!(why.contains("sd-provision --user no-such-user"), "{why}");
    }

    #[test]
    fn a_name_is_no_path() {
        for name in ["", "..", "a/b", "../root"] {
            assert!(uid(name, None).is_err(), "{name}");
        }
    }
}
