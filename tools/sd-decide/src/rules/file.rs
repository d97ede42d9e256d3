//! The file of the rules: found, read, checked.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sd_start::NotServing;
use sd_sys::{exit, trusted};
use sd_wire::metadata::Metadata;

use crate::rules::{Invalid, Listed, MAX_FILE, Rules};

/// Why there are no rules to go by.
#[derive(Debug)]
enum Unusable {
    /// The file cannot be read, or is not to be trusted.
    Unread(trusted::Untrusted),
    /// Its text is at fault.
    Invalid(PathBuf, Invalid),
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unread(why) => write!(f, "{why}"),
            Self::Invalid(path, why) => write!(f, "{}:{why}", path.display()),
        }
    }
}

/// The rules to serve by: those of `file`; else of the credential `rules` (systemd.exec(5), `LoadCredential=`); else none.
///
/// # Errors
/// [`NotServing::Invalid`], with file, line and column: half a set of rules is worse than none, as nobody would notice.
pub(crate) fn load(file: Option<&Path>) -> Result<Rules, NotServing> {
    let credential = || {
        let path = Path::new(&std::env::var_os("CREDENTIALS_DIRECTORY")?).join("rules");
        // What is there in any form was meant to be read: also a symbolic link to nothing.
        path.symlink_metadata().is_ok().then_some(path)
    };
    match file.map(Path::to_owned).or_else(credential) {
        Some(path) => read(&path).map_err(|why| NotServing::Invalid(why.to_string())),
        None => Ok(Rules::default()),
    }
}

fn read(path: &Path) -> Result<Rules, Unusable> {
    let bytes = trusted::read_trusted(path, MAX_FILE).map_err(Unusable::Unread)?;
    let invalid = |why| Unusable::Invalid(path.to_owned(), why);
    let text = std::str::from_utf8(&bytes).map_err(|why| {
        let (before, _) = bytes.split_at_checked(why.valid_up_to()).unwrap_or_default();
        let before = String::from_utf8_lossy(before);
        invalid(Invalid::at(&before, before.len(), "not UTF-8"))
    })?;
    Rules::parse(text).map_err(invalid)
}

/// What `--check-rules --json` prints.
#[derive(serde::Serialize)]
struct Checked<'a> {
    file: String,
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<Listed>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// Says whether a file of rules is valid, and what each rule does: for a person, or as one JSON object. By the same
/// conditions as [`load`], also on who may write the file: the credential is a copy, in which that is not seen any more.
pub(crate) fn check(file: &Path, json: bool) -> ExitCode {
    let found = read(file);
    let said = if json { said_json(file, &found) } else { said_plainly(file, &found) };
    // To a reader that has gone away nothing can be said; the status still says it.
    let _ = said;
    if found.is_ok() { ExitCode::SUCCESS } else { exit::code(exit::MISCONFIGURED) }
}

fn said_plainly(file: &Path, found: &Result<Rules, Unusable>) -> std::io::Result<()> {
    let (rules, metadata) = match found {
        Ok(rules) => (rules.list(), rules.metadata()),
        Err(why) => return writeln!(std::io::stderr().lock(), "{why}"),
    };
    let mut out = std::io::stdout().lock();
    let are = if rules.len() == 1 { "rule is" } else { "rules are" };
    writeln!(out, "{}: {} {are} valid", file.display(), rules.len())?;
    if metadata != Metadata::default() {
        writeln!(out, "metadata: {}", super::says::metadata(metadata))?;
    }
    for rule in rules {
        writeln!(out, "{}: {}: {}", rule.line, rule.name, rule.says)?;
    }
    Ok(())
}

fn said_json(file: &Path, found: &Result<Rules, Unusable>) -> std::io::Result<()> {
    let unread = found.as_ref().err().map(ToString::to_string);
    let (rules, invalid) = match found {
        Ok(rules) => (Some(rules.list()), None),
        Err(Unusable::Invalid(_, why)) => (None, Some(why)),
        Err(Unusable::Unread(_)) => (None, None),
    };
    let checked = Checked {
        file: file.display().to_string(),
        valid: found.is_ok(),
        metadata: found.as_ref().ok().map(Rules::metadata),
        rules,
        line: invalid.map(|why| why.line),
        column: invalid.map(|why| why.column),
        reason: invalid.map(|why| why.reason.as_str()).or(unread.as_deref()),
    };
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &checked)?;
    writeln!(out)
}
