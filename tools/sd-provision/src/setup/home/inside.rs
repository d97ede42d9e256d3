//! As the companion, in its own home.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::account::Account;
use crate::failure::Failure;
use crate::setup::choice::Backend;
use crate::setup::put::{self, Wanted};

/// Where the package puts units of users.
const USER_UNITS: &str = "/usr/lib/systemd/user";
/// What gpg and its agent are told, and what the companion's bus starts.
const AGENT: &str = include_str!("../../../../../units/companion/gpg-agent.conf");
const GPG: &str = include_str!("../../../../../units/companion/gpg.conf");
const SERVICE: &str = include_str!("../../../../../units/companion/org.freedesktop.secrets.service.in");
const WANTS: &str = ".config/systemd/user/default.target.wants";

/// What the child does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Task {
    /// Says what is wrong.
    Look,
    /// Mends it.
    Fill,
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
    }
}

/// Every file, the folders above it being made as need be.
fn files(home: &Path, backend: Backend) -> Vec<(PathBuf, Wanted)> {
    let private = |text: String| Wanted::File { text, mode: 0o600 };
    let unit = backend.unit();
    vec![
        (home.join(".gnupg/gpg-agent.conf"), private(AGENT.into())),
        (home.join(".gnupg/gpg.conf"), private(GPG.into())),
        (
            home.join(".local/share/dbus-1/services/org.freedesktop.secrets.service"),
            private(SERVICE.replace("@BACKEND@", backend.word())),
        ),
        (home.join(WANTS).join(&unit), Wanted::Link { to: Path::new(USER_UNITS).join(&unit) }),
    ]
}

/// The links that start the backends that were not chosen.
fn others(home: &Path, backend: Backend) -> impl Iterator<Item = PathBuf> {
    let others = Backend::value_variants().iter().filter(move |other| **other != backend);
    others.map(move |other| home.join(WANTS).join(other.unit()))
}

fn wrong(home: &Path, backend: Backend) -> Option<String> {
    let differs = files(home, backend).into_iter().find_map(|(path, wanted)| wanted.differs(&path));
    differs.or_else(|| {
        others(home, backend)
            .find(|link| link.symlink_metadata().is_ok())
            .map(|link| format!("{} starts a second Secret Service", link.display()))
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
}
