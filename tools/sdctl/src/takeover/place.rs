//! Where things are: the person's folders by the XDG base directory specification, and the machine's.

use std::env;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The folders of a takeover.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// In front of every path of the steps; `/` but for `--root`.
    pub(crate) root: PathBuf,
    /// `$XDG_CONFIG_HOME`.
    pub(crate) config: PathBuf,
    /// `$XDG_DATA_HOME`.
    pub(crate) data: PathBuf,
    /// The keyring's folder of sockets.
    pub(crate) sockets: Option<PathBuf>,
    /// The machine's folders of data, the first before the others.
    pub(crate) data_dirs: Vec<PathBuf>,
    /// The machine's folders of settings.
    pub(crate) config_dirs: Vec<PathBuf>,
    /// Where the machine's units for users are.
    pub(crate) unit_dirs: Vec<PathBuf>,
    /// Where what was there before is recorded.
    pub(crate) record: PathBuf,
    /// The sd-agent that is to be started.
    pub(crate) agent: PathBuf,
}

/// Where systemd looks for units of users, less what the person has (systemd.unit(5)).
const UNIT_DIRS: [&str; 3] = ["/etc/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user"];

impl Place {
    /// The desktop user's own.
    pub(crate) fn of_user(agent: &Path) -> Result<Self, Failure> {
        let home = folder("HOME").ok_or_else(|| Failure::Undone("HOME names no folder".to_owned()))?;
        let or = |name, below: &str| folder(name).unwrap_or_else(|| home.join(below));
        Ok(Self {
            root: "/".into(),
            config: or("XDG_CONFIG_HOME", ".config"),
            data: or("XDG_DATA_HOME", ".local/share"),
            sockets: folder("XDG_RUNTIME_DIR").map(|it| it.join("keyring")),
            data_dirs: folders("XDG_DATA_DIRS", "/usr/local/share:/usr/share"),
            config_dirs: folders("XDG_CONFIG_DIRS", "/etc/xdg"),
            unit_dirs: UNIT_DIRS.map(PathBuf::from).to_vec(),
            record: record_of_user().unwrap_or_default(),
            agent: agent.to_owned(),
        })
    }

    /// The machine's, below a root.
    pub(crate) fn of_machine(root: &Path) -> Self {
        Self {
            record: root.join("var/lib/secrets-dispatcher/takeover.json"),
            root: root.to_owned(),
            config: PathBuf::new(),
            data: PathBuf::new(),
            sockets: None,
            data_dirs: Vec::new(),
            config_dirs: Vec::new(),
            unit_dirs: Vec::new(),
            agent: PathBuf::new(),
        }
    }

    /// A path of a step as it is on this machine.
    pub(crate) fn real(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The first of some folders that has this, with what is there.
    pub(crate) fn first(folders: &[PathBuf], below: &str) -> Option<PathBuf> {
        folders.iter().map(|folder| folder.join(below)).find(|path| path.symlink_metadata().is_ok())
    }
}

/// Where the desktop user's takeover is recorded.
pub(crate) fn record_of_user() -> Option<PathBuf> {
    let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))?;
    Some(state.join("secrets-dispatcher/takeover.json"))
}

/// By the specification a relative path is no path.
fn folder(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

fn folders(variable: &str, otherwise: &str) -> Vec<PathBuf> {
    let named = env::var_os(variable).filter(|value| !value.is_empty()).unwrap_or_else(|| otherwise.into());
    env::split_paths(&named).filter(|path| path.is_absolute()).collect()
}
