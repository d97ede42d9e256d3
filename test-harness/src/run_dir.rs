//! The directory of one run: sockets, credentials, homes, logs. It vanishes with the run.

use std::fs::{self, DirBuilder, Permissions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, chown, geteuid};

use crate::failure::{Doing, Failure};

/// A socket's whole path must fit into 107 bytes, and gpg-agent's are the longest inside: 56 with our own name.
const LONGEST_BASE: usize = 51;

/// A path for the directory of a run under `$XDG_RUNTIME_DIR`, else under the directory for temporary files.
///
/// Root uses the latter always: users of their own cannot enter `/run/user/0`.
/// Nothing is made yet: that is left to the keeper, so that whenever the directory exists, both guards know it.
///
/// # Errors
/// When the path would be too long for sockets.
pub fn choose() -> Result<PathBuf, Failure> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_dir());
    let base = match runtime {
        Some(dir) if !geteuid().is_root() && dir.as_os_str().len() <= LONGEST_BASE => dir,
        _ => std::env::temp_dir(),
    };
    if base.as_os_str().len() > LONGEST_BASE {
        let words = "is too long for a directory with sockets; set TMPDIR to a shorter one";
        return Err(Failure::Missing(format!("{} {words}", base.display())));
    }
    // The standard library's only source of random numbers: the keys of its hash maps.
    let random = RandomState::new().build_hasher().finish();
    Ok(base.join(format!("sd-rig.{:012x}", random >> 16)))
}

/// Makes a directory inside the run, owned by this uid and the gid of the same number.
///
/// # Errors
/// When the system refuses.
pub fn subdirectory(path: &Path, mode: u32, owner: u32) -> Result<(), Failure> {
    let doing = format!("make the directory {}", path.display());
    DirBuilder::new().mode(mode).create(path).doing(&doing)?;
    fs::set_permissions(path, Permissions::from_mode(mode)).doing(&doing)?;
    give(path, owner, owner)
}

/// Writes a file that everyone may read and only its owner, the rig, may change.
///
/// # Errors
/// When the system refuses.
pub fn public_file(path: &Path, text: &str) -> Result<(), Failure> {
    let doing = format!("write {}", path.display());
    fs::write(path, text).doing(&doing)?;
    fs::set_permissions(path, Permissions::from_mode(0o644)).doing(&doing)
}

/// Hands a path to a uid and a gid; as an ordinary user everything is one's own already.
///
/// # Errors
/// When the system refuses.
pub fn give(path: &Path, uid: u32, gid: u32) -> Result<(), Failure> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    chown(path, Some(uid), Some(gid)).doing(format_args!("hand over {}", path.display()))
}

/// Copies a directory with its files and subdirectories, all for one owner alone. Sockets and links stay behind.
///
/// # Errors
/// When something cannot be read or written.
pub fn private_copy(from: &Path, to: &Path, owner: u32) -> Result<(), Failure> {
    let doing = format!("copy {}", from.display());
    subdirectory(to, 0o700, owner)?;
    for entry in fs::read_dir(from).doing(&doing)? {
        let entry = entry.doing(&doing)?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type().doing(&doing)?;
        if kind.is_dir() {
            private_copy(&entry.path(), &target, owner)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target).doing(&doing)?;
            fs::set_permissions(&target, Permissions::from_mode(0o600)).doing(&doing)?;
            give(&target, owner, owner)?;
        }
    }
    Ok(())
}

/// Removes the directory. What is gone already is no error: both guards may come here.
pub fn remove(path: &Path) {
    // A process that is just dying may still drop a file into a directory that was found empty.
    for _ in 0..5 {
        match fs::remove_dir_all(path) {
            Ok(()) => return,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(_) => {}
        }
    }
    if path.exists() {
        eprintln!("sd-rig: could not remove {}", path.display());
    }
}
