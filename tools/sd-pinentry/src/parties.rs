//! Whose answers to believe: the parties file, as a program of the companion finds it.

use std::path::PathBuf;

use sd_sys::identity::own_uid;
use sd_sys::trusted::read_trusted;
use sd_wire::line::Words;
use sd_wire::parties::{MAX_FILE, Parties};

use crate::error::Error;

const ROOT: &str = "/etc/secrets-dispatcher";
const VARIABLE: &str = "SECRETS_DISPATCHER_CONFIG";

/// The parties of the desktop user whose companion runs this.
///
/// # Errors
/// [`Error::Misconfigured`] when there is no such file, others could have written it, or it names another companion.
pub(crate) fn of_the_companion() -> Result<Parties, Error> {
    let told = |why: String| Error::Misconfigured(why);
    let folder = match std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(ROOT).join(sd_passphrase::desktop_user().map_err(|e| told(e.to_string()))?),
    };
    let path = folder.join("parties.json");
    let bytes = read_trusted(&path, MAX_FILE).map_err(|e| told(e.to_string()))?;
    let parties = Parties::from_line(&bytes).map_err(|e| told(format!("{}: {e}", path.display())))?;
    if parties.companion == own_uid() {
        return Ok(parties);
    }
    let (theirs, ours) = (parties.companion, own_uid());
    Err(told(format!("{}: its companion is uid {theirs}, this is uid {ours}", path.display())))
}
