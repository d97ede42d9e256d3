//! As the companion, in its own home.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::account::Account;
use crate::failure::Failure;
use crate::setup::choice::Backend;
use crate::setup::package;
use crate::setup::put::{self, Wanted};
use crate::setup::store::store_of;

/// Where the package puts units of users.
const USER_UNITS: &str = "/usr/lib/systemd/user";
/// What gpg and its agent are told, and what the companion's bus starts.
const AGENT: &str = include_str!("../../../../../units/companion/gpg-agent.conf");
const GPG: &str = include_str!("../../../../../units/companion/gpg.conf");
const SERVICE: &str = include_str!("../../../../../units/companion/org.freedesktop.secrets.service.in");
const GOPASS: &str = include_str!("../../../../../units/companion/gopass-secret-service.yaml");
const PROGRAM: &str = include_str!("../../../../../units/companion/sd-backend.service.conf.in");
const WANTS: &str = ".config/systemd/user/default.target.wants";

/// What the child does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Task {
    /// Says what is wrong.
    Look,
    /// Mends it.
    Fill,
    /// Says whether the store has been begun.
    Store,
}

impl Task {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Fill => "fill",
            Self::Store => "store",
        }
    }
}

/// Does it in the home of whoever runs this process.
pub(crate) fn run(task: Task, backend: Backend) -> Result<(), Failure> {
    let own = Account::own().filter(|own| own.desktop().is_some()).ok_or_else(|| {
        Failure::Permission(
            "this is what sd-provision starts as the companion; run sd-provision as root".into(),
        )
    })?;
    let lacking = |why: String| {
        println!("{why}");
        Failure::Data(why)
    };
    match task {
        Task::Look => wrong(&own.home, backend).map_or(Ok(()), |why| Err(lacking(why))),
        Task::Fill => fill(&own.home, backend)
            .map_err(|e| lacking(format!("{} cannot be written: {e}", own.home.display()))),
        Task::Store => match store_of(&own.home, backend).map(|folder| folder.join(".gpg-id")) {
            Some(file) if !file.is_file() => {
                Err(lacking(format!("{} is not there: the store has no key yet", file.display())))
            }
            _ => Ok(()),
        },
    }
}

/// Every file, the folders above it being made as need be.
fn files(home: &Path, backend: Backend) -> Vec<(PathBuf, Wanted)> {
    let private = |text: String| Wanted::File { text, mode: 0o600 };
    let mut files = vec![
        (home.join(".gnupg/gpg-agent.conf"), private(AGENT.into())),
        (home.join(".gnupg/gpg.conf"), private(GPG.into())),
        (
            home.join(".local/share/dbus-1/services/org.freedesktop.secrets.service"),
            private(SERVICE.replace("@BACKEND@", backend.word())),
        ),
    ];
    if starts_with_the_session(backend) {
        let unit = backend.unit();
        files.push((home.join(WANTS).join(&unit), Wanted::Link { to: Path::new(USER_UNITS).join(&unit) }));
    }
    if backend == Backend::Gopass {
        files.push((home.join(".config/gopass-secret-service/config.yaml"), private(GOPASS.into())));
    }
    if let Some(program) = package::elsewhere(backend) {
        let text = PROGRAM.replace("@BACKEND@", backend.word()).replace("@PROGRAM@", program);
        files.push((program_of(home, backend), private(text)));
    }
    files
}

/// gopass opens its store as it starts, so it is started by an unlock, when the key is open.
fn starts_with_the_session(backend: Backend) -> bool {
    backend != Backend::Gopass
}

/// The drop-in that says where a backend's program is.
fn program_of(home: &Path, backend: Backend) -> PathBuf {
    home.join(format!(".config/systemd/user/{}.d/10-provision.conf", backend.unit()))
}

/// What belongs to the backends that were not chosen: the links that start them, and where they are.
fn others(home: &Path, backend: Backend) -> impl Iterator<Item = PathBuf> {
    let unlike = |other: &&Backend| **other != backend || !starts_with_the_session(**other);
    let links =
        Backend::value_variants().iter().filter(unlike).map(|other| home.join(WANTS).join(other.unit()));
    let others = Backend::value_variants().iter().filter(|other| **other != backend);
    let places: Vec<PathBuf> = links.chain(others.map(|other| program_of(home, *other))).collect();
    places.into_iter()
}

fn wrong(home: &Path, backend: Backend) -> Option<String> {
    let differs = files(home, backend).into_iter().find_map(|(path, wanted)| wanted.differs(&path));
    differs.or_else(|| {
        others(home, backend)
            .find(|link| link.symlink_metadata().is_ok())
            .map(|path| format!("{} is there for another Secret Service", path.display()))
    })
}

fn fill(home: &Path, backend: Backend) -> std::io::Result<()> {
    for (path, wanted) in files(home, backend) {
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        if wanted.differs(&path).is_some() {
            wanted.put(&path)?;
        }
    }
    let gnupg = home.join(".gnupg");
    fs::set_permissions(gnupg, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    others(home, backend).try_for_each(|link| put::remove(&link))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_that_was_filled_is_good_and_another_backend_takes_the_place_of_the_first() {
        let home = tempfile::tempdir().unwrap();
        assert!(wrong(home.path(), Backend::Store).is_some());
        fill(home.path(), Backend::Store).unwrap();
        assert_eq!(wrong(home.path(), Backend::Store), None);
        assert!(wrong(home.path(), Backend::Oo7).is_some());
        fill(home.path(), Backend::Oo7).unwrap();
        assert_eq!(wrong(home.path(), Backend::Oo7), None);
        assert_eq!(fs::read_dir(home.path().join(WANTS)).unwrap().count(), 1);
    }

    #[test]
    fn gopass_is_configured_and_started_by_nothing_but_an_unlock() {
        let home = tempfile::tempdir().unwrap();
        fill(home.path(), Backend::GnomeKeyring).unwrap();
        fill(home.path(), Backend::Gopass).unwrap();
        assert_eq!(wrong(home.path(), Backend::Gopass), None);
        assert_eq!(fs::read_dir(home.path().join(WANTS)).unwrap().count(), 0);
        assert!(home.path().join(".config/gopass-secret-service/config.yaml").is_file());
    }
}
