//! Files and folders of root's: looked at without following what lies there, replaced in one step, on the disk when done.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown, symlink};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use sd_sys::identity::own_uid;

/// Files of settings are small; what is larger is none.
const LARGEST: u64 = 1 << 20;

/// What shall be at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A file of this text and with these permissions.
    File { text: String, mode: u32 },
    /// A symbolic link that says this.
    Link { to: PathBuf },
}

impl Wanted {
    /// A file that everybody may read.
    pub(crate) fn file(text: impl Into<String>) -> Self {
        Self::File { text: text.into(), mode: 0o644 }
    }

    /// What is wrong with what is there, if anything.
    pub(crate) fn differs(&self, path: &Path) -> Option<String> {
        let about = match fs::symlink_metadata(path) {
            Ok(about) => about,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Some(format!("{} is not there", path.display()));
            }
            Err(e) => return Some(format!("{} cannot be looked at: {e}", path.display())),
        };
        match self {
            Self::Link { to } => match fs::read_link(path) {
                Ok(said) if said == *to => None,
                Ok(said) => Some(format!("{} leads to {}", path.display(), said.display())),
                Err(_) => Some(format!("{} is no link", path.display())),
            },
            Self::File { text, mode } => {
                if let Some(why) = permissions(path, &about, *mode) {
                    return Some(why);
                }
                match read(path) {
                    Ok(found) if found == *text => None,
                    Ok(_) => Some(format!("{} does not hold what belongs there", path.display())),
                    Err(e) => Some(format!("{} cannot be read: {e}", path.display())),
                }
            }
        }
    }

    /// Puts it there, in the place of whatever is there: whoever looks sees the one or the other. The folder must exist.
    pub(crate) fn put(&self, path: &Path) -> io::Result<()> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::Error::other("it is no path of a file"));
        };
        let part = part(folder, &name.to_string_lossy());
        gone(&part)?;
        match self {
            Self::Link { to } => symlink(to, &part)?,
            Self::File { text, mode } => {
                let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
                file.write_all(text.as_bytes())?;
                file.set_permissions(Permissions::from_mode(*mode))?;
                file.sync_all()?;
            }
        }
        fs::rename(&part, path)?;
        sync(folder)
    }
}

/// Where a file is written before it takes its place. Configuration folders skip names that begin with a dot, or end so.
fn part(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!(".{name}.sd-provision-part"))
}

/// What is wrong with the kind, the owner or the permissions of a file, if anything.
pub(crate) fn permissions(path: &Path, about: &fs::Metadata, mode: u32) -> Option<String> {
    let path = path.display();
    if !about.is_file() {
        return Some(format!("{path} is no file"));
    }
    if about.uid() != own_uid() {
        return Some(format!("{path} belongs to uid {}, not to {}", about.uid(), own_uid()));
    }
    let found = about.mode() & 0o7777;
    (found != mode).then(|| format!("{path} has mode {found:03o}, not {mode:03o}"))
}

/// Gives a file to this process' user, with these permissions, and leaves what stands in it.
pub(crate) fn give(path: &Path, mode: u32) -> io::Result<()> {
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    fchown(&file, Some(own_uid()), None)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}

/// A small file of text, which no link leads to.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    // Not blocking: the open of a pipe without a writer would wait for ever.
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let about = file.metadata()?;
    if !about.is_file() || about.len() > LARGEST {
        return Err(io::Error::other("it is no file of settings"));
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// Takes a file or a link away, and what an interrupted run left of it.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
    gone(&part(folder, &name.to_string_lossy()))?;
    gone(path)
}

/// The folders above a path that are not there, the outermost first.
pub(crate) fn missing_above(path: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> =
        path.ancestors().skip(1).take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
    missing.reverse();
    missing
}

/// Makes these folders, each in one that is there by then.
pub(crate) fn make(folders: &[PathBuf]) -> io::Result<()> {
    for folder in folders {
        match DirBuilder::new().mode(0o755).create(folder) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            // The umask of this process may be stricter.
            _ => fs::set_permissions(folder, Permissions::from_mode(0o755))?,
        }
    }
    Ok(())
}

fn gone(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Err(e),
        _ => Ok(()),
    }
}

/// So that it outlives a loss of power.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_somewhere_is_what_was_wanted_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.conf");
        for wanted in [
            Wanted::file("a"),
            Wanted::File { text: "b".into(), mode: 0o600 },
            Wanted::Link { to: "/dev/null".into() },
            Wanted::file("c"),
        ] {
            assert!(wanted.differs(&path).is_some());
            fs::write(part(folder.path(), "x.conf"), "half").unwrap();
            wanted.put(&path).unwrap();
            assert_eq!(wanted.differs(&path), None);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_link_is_replaced_and_never_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("x"), folder.path().join("other"));
        fs::write(&other, "theirs").unwrap();
        symlink(&other, &path).unwrap();
        let wanted = Wanted::file("theirs");
        assert!(wanted.differs(&path).unwrap().contains("is no file"));
        Wanted::file("ours").put(&path).unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "theirs");
        assert!(!path.is_symlink());
    }

    #[test]
    fn permissions_that_are_too_wide_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phrase");
        fs::write(&path, "a").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let why = Wanted::File { text: "a".into(), mode: 0o600 }.differs(&path).unwrap();
        assert!(why.ends_with("has mode 644, not 600"), "{why}");
    }
}
