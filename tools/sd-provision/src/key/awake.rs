//! The companion's gpg-agent, for the time that its keyring is worked on: gpg finds it and starts none itself
//! (no-autostart). While the desktop user is logged in that is the one of the companion's session.

use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::failure::Failure;
use crate::setup::run;

/// Keeps an agent there; one that was started for it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Awake {
    /// Whether the companion's session is there.
    pub(crate) in_session: bool,
    started: Option<(Account, Option<PathBuf>)>,
}

impl Awake {
    /// Starts one for a companion that sd-provision has set up, unless its session is there.
    pub(crate) fn of(companion: &Account, home: Option<&Path>) -> Result<Self, Failure> {
        let manager = format!("user@{}.service", companion.uid);
        let active = || run::output(run::root("systemctl", &["is-active", "--quiet", &manager]));
        if Path::new("/run/systemd/system").is_dir() && active()?.status.success() {
            return Ok(Self { in_session: true, started: None });
        }
        let drop_in = format!("/etc/systemd/system/{manager}.d/10-provision.conf");
        if !Path::new(&drop_in).is_file() {
            return Ok(Self { in_session: false, started: None });
        }
        run::success(gpgconf(companion, home, "--launch"))?;
        Ok(Self { in_session: false, started: Some((companion.clone(), home.map(Path::to_owned))) })
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        if let Some((companion, home)) = &self.started {
            // What is left of it would end with the machine.
            let _ = run::output(gpgconf(companion, home.as_deref(), "--kill"));
        }
    }
}

fn gpgconf(companion: &Account, home: Option<&Path>, task: &str) -> std::process::Command {
    let home = home.map(|home| home.to_string_lossy().into_owned());
    let mut words: Vec<&str> = home.iter().flat_map(|home| ["--homedir", home.as_str()]).collect();
    words.extend([task, "gpg-agent"]);
    run::apart(companion, "gpgconf", &words)
}
