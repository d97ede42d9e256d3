//! Where a desktop program finds out which uid may say what.

use std::path::PathBuf;

use sd_sys::identity::own_uid;
use sd_sys::trusted::read_trusted;
use sd_wire::line::Words;
use sd_wire::parties::{MAX_FILE, Parties};

use crate::Failure;

const ROOT: &str = "/etc/secrets-dispatcher";
const VARIABLE: &str = "SECRETS_DISPATCHER_CONFIG";

/// The parties of the user who runs this process: `parties.json` in `$SECRETS_DISPATCHER_CONFIG`, or else in
/// `/etc/secrets-dispatcher/<user name>`.
///
/// The variable opens nothing: whoever can set it for this process runs as the same uid, and what is at stake is only
/// whose answers this process believes.
///
/// # Errors
/// [`Failure::Misconfigured`] when the file is missing, can be written by others, or is written for another user.
pub(crate) fn own() -> Result<Parties, Failure> {
    let path = place()?;
    let told = |why: &dyn std::fmt::Display| {
        Failure::Misconfigured(format!(
            "this user is not set up for Secrets Dispatcher: {}: {why}; run sd-provision",
            path.display()
        ))
    };
    let bytes = read_trusted(&path, MAX_FILE).map_err(|e| told(&e))?;
    let parties = Parties::from_line(&line(bytes)).map_err(|e| told(&e))?;
    if parties.desktop == own_uid() {
        Ok(parties)
    } else {
        Err(told(&format_args!("it is written for uid {}, this is uid {}", parties.desktop, own_uid())))
    }
}

pub(crate) fn place() -> Result<PathBuf, Failure> {
    let folder = match std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(ROOT).join(user_name()?),
    };
    Ok(folder.join("parties.json"))
}

fn user_name() -> Result<String, Failure> {
    let uid = own_uid();
    match nix::unistd::User::from_uid(uid.into()) {
        Ok(Some(user)) => Ok(user.name),
        Ok(None) => Err(Failure::Misconfigured(format!("uid {uid} has no user name on this machine"))),
        Err(e) => Err(Failure::Misconfigured(format!("the name of uid {uid} cannot be looked up: {e}"))),
    }
}

/// A person who edits the file may leave out the last newline, or have an editor add one.
fn line(mut bytes: Vec<u8>) -> Vec<u8> {
    while bytes.last().is_some_and(u8::is_ascii_whitespace) {
        bytes.pop();
    }
    bytes.push(b'\n');
    bytes
}
