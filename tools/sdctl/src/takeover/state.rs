//! What is at a path: read, compared, and put there in one stroke.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown, symlink};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Files of settings are small; what is larger is none.
const LARGEST: u64 = 1 << 20;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum State {
    /// Nothing.
    Absent {},
    /// A symbolic link.
    Link {
        /// What it says, as it says it.
        to: PathBuf,
    },
    /// A file.
    File {
        /// All of it.
        text: String,
        /// Its permissions.
        mode: u32,
        /// User and group; a new file's are its maker's.
        owner: Option<(u32, u32)>,
    },
}

impl State {
    /// A file of this text that everybody may read.
    pub(crate) fn file(text: impl Into<String>) -> Self {
        Self::File { text: text.into(), mode: 0o644, owner: None }
    }

    /// A link that says this.
    pub(crate) fn link(to: impl Into<PathBuf>) -> Self {
        Self::Link { to: to.into() }
    }

    /// What is there now. Errors: it is neither a link nor a small file of text, or may not be read.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        let about = match fs::symlink_metadata(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::Absent {}),
            about => about?,
        };
        if about.is_symlink() {
            return Ok(Self::Link { to: fs::read_link(path)? });
        }
        if !about.is_file() || about.len() > LARGEST {
            return Err(io::Error::other("it is no file of settings"));
        }
        let mut text = String::new();
        File::open(path)?.take(LARGEST).read_to_string(&mut text)?;
        Ok(Self::File { text, mode: about.mode() & 0o7777, owner: Some((about.uid(), about.gid())) })
    }

    /// Whether it says the same. Permissions and owner do not count: nobody loses anything when they are put back.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File { text, .. }, Self::File { text: other, .. }) => text == other,
            _ => self == other,
        }
    }

    /// Puts it there, in the place of whatever is there: whoever looks sees the one or the other. The folder must exist.
    pub(crate) fn put(&self, path: &Path) -> io::Result<()> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::Error::other("it is no path of a file"));
        };
        let part = folder.join(format!(".{}.sdctl-part", name.to_string_lossy()));
        match self {
            Self::Absent {} => none(path)?,
            Self::Link { to } => {
                none(&part)?;
                symlink(to, &part)?;
                fs::rename(&part, path)?;
            }
            Self::File { text, mode, owner } => {
                none(&part)?;
                let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
                file.write_all(text.as_bytes())?;
                let made = file.metadata()?;
                if let Some((uid, gid)) = owner.filter(|owner| *owner != (made.uid(), made.gid())) {
                    fchown(&file, Some(uid), Some(gid))?;
                }
                // Last: a change of the owner takes set-id bits away.
                file.set_permissions(Permissions::from_mode(*mode))?;
                file.sync_all()?;
                fs::rename(&part, path)?;
            }
        }
        // So that it outlives a loss of power, and the record that was written before it is never the younger one.
        File::open(folder).and_then(|folder| folder.sync_all())
    }
}

/// The folders above a path that are not there, the outermost first.
pub(crate) fn missing(path: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> =
        path.ancestors().skip(1).take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
    missing.reverse();
    missing
}

/// Makes folders, as the XDG base directory specification wants them. One that is there by now is as good.
pub(crate) fn make(folders: &[PathBuf]) -> io::Result<()> {
    folders.iter().try_for_each(|folder| match DirBuilder::new().mode(0o700).create(folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => Err(e),
        _ => Ok(()),
    })
}

/// Takes folders away that were made, the innermost first, unless something else is in them now.
pub(crate) fn unmake(folders: impl Iterator<Item = PathBuf>) {
    for folder in folders {
        let _ = fs::remove_dir(folder);
    }
}

fn none(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_back_is_what_was_there() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("x");
        assert_eq!(State::at(&path).unwrap(), State::Absent {});
        for state in [State::link("/dev/null"), State::file("a\nb"), State::Absent {}] {
            state.put(&path).unwrap();
            assert!(State::at(&path).unwrap().says_the_same(&state));
        }
        fs::write(&path, "mine\r\n\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let before = State::at(&path).unwrap();
        State::link("elsewhere").put(&path).unwrap();
        before.put(&path).unwrap();
        assert_eq!(State::at(&path).unwrap(), before);
        assert_eq!(fs::read(&path).unwrap(), b"mine\r\n\n");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_text_is_not_touched() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("x");
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(State::at(&path).is_err());
        assert!(State::at(place.path()).is_err());
    }
}
