//! The companion's session for the time that its keyring is worked on: gpg finds its agent there and starts none itself.

use std::path::Path;

use crate::account::Account;
use crate::failure::Failure;
use crate::setup::run;

/// Keeps the companion's user manager there; it is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Awake {
    /// Whether it was there without us.
    pub(crate) was: bool,
    holder: Option<String>,
}

impl Awake {
    /// Wakes it if it is one that sd-provision has set up.
    pub(crate) fn of(desktop: &str, companion: &Account) -> Result<Self, Failure> {
        let manager = format!("user@{}.service", companion.uid);
        let drop_in = format!("/etc/systemd/system/{manager}.d/10-provision.conf");
        if !Path::new("/run/systemd/system").is_dir() || !Path::new(&drop_in).is_file() {
            return Ok(Self { was: false, holder: None });
        }
        if run::output(run::root("systemctl", &["is-active", "--quiet", &manager]))?.status.success() {
            return Ok(Self { was: true, holder: None });
        }
        // It stops when no unit needs it (StopWhenUnneeded=), so there has to be one.
        let holder = format!("provision-key-{desktop}-{}.service", std::process::id());
        let unit = format!("--unit={holder}");
        let (needs, after) =
            (format!("--property=Requires={manager}"), format!("--property=After={manager}"));
        let words = [
            "--quiet",
            "--collect",
            &unit,
            &needs,
            &after,
            "--property=RuntimeMaxSec=1h",
            "sleep",
            "infinity",
        ];
        run::success(run::root("systemd-run", &words))?;
        Ok(Self { was: false, holder: Some(holder) })
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        if let Some(holder) = &self.holder {
            // It ends by itself, if later.
            let _ = run::output(run::root("systemctl", &["stop", holder]));
        }
    }
}
