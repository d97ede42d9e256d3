//! The real gpg, which this process becomes for everything that is not signing.

use std::ffi::OsString;
use std::fs::Metadata;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// Where gpg is when PATH does not say.
const FALLBACK: &str = "/usr/bin/gpg";

/// Replaces this process by gpg: its streams, signals and exit code are gpg's then. Returns only if that fails.
pub(crate) fn become_gpg(arguments: &[OsString]) -> Failure {
    let own = std::fs::metadata("/proc/self/exe").ok();
    let path = std::env::var_os("PATH").unwrap_or_default();
    match find(&path, own.as_ref()) {
        Some(gpg) => {
            let e = Command::new(&gpg).args(arguments).exec();
            Failure::Exec(gpg, e)
        }
        None => Failure::NoGpg,
    }
}

/// An armoured signature as bytes, by `gpg --dearmor`.
///
/// # Errors
/// [`Failure::NoGpg`], or what running it gave.
pub(crate) fn without_armour(armoured: &[u8]) -> Result<Vec<u8>, Failure> {
    let own = std::fs::metadata("/proc/self/exe").ok();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let gpg = find(&path, own.as_ref()).ok_or(Failure::NoGpg)?;
    let failed = |e| Failure::Exec(gpg.clone(), e);
    let mut child = Command::new(&gpg)
        .args(["--batch", "--dearmor"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    // A signature is shorter than a pipe's buffer, so gpg need not read before we have written it all.
    if let Some(mut input) = child.stdin.take() {
        input.write_all(armoured).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(failed(std::io::ErrorKind::InvalidData.into()))
    }
}

/// The first gpg in PATH that is not this program under another name.
fn find(path: &std::ffi::OsStr, own: Option<&Metadata>) -> Option<PathBuf> {
    let in_path = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    in_path
        .map(|folder| folder.join("gpg"))
        .chain([PathBuf::from(FALLBACK)])
        .find(|candidate| is_another_program(candidate, own))
}

fn is_another_program(candidate: &Path, own: Option<&Metadata>) -> bool {
    // Followed through links: a link named gpg that leads here is this program.
    let Ok(found) = std::fs::metadata(candidate) else { return false };
    let itself = own.is_some_and(|own| (own.dev(), own.ino()) == (found.dev(), found.ino()));
    found.is_file() && found.permissions().mode() & 0o111 != 0 && !itself
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpg_is_the_first_in_path_that_is_not_this_program() {
        let place = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = place.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            folder
        };
        let program = place.path().join("sd-gpg");
        std::fs::write(&program, "").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let own = std::fs::metadata(&program).unwrap();
        let (linked, hard, unusable, real) = (folder("a"), folder("b"), folder("c"), folder("d"));
        std::os::unix::fs::symlink(&program, linked.join("gpg")).unwrap();
        std::fs::hard_link(&program, hard.join("gpg")).unwrap();
        std::fs::write(unusable.join("gpg"), "").unwrap();
        std::fs::copy(&program, real.join("gpg")).unwrap();
        let path = std::env::join_paths([Path::new("."), &linked, &hard, &unusable, &real]).unwrap();
        assert_eq!(find(&path, Some(&own)), Some(real.join("gpg")));
    }
}
