//! The image that the scripts build, and where things are.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::fcntl::{Flock, FlockArg};

/// The folder of what is built.
pub(super) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The checkout.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the checkout")
}

/// Holds whatever makes machines until the value goes: two test programs at once make one.
pub(super) fn alone() -> Flock<File> {
    let folder = target().join("machines/vm");
    std::fs::create_dir_all(&folder).expect("a folder for the machines");
    let file = File::create(folder.join("lock")).expect("a file to lock");
    Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| error).expect("the lock")
}

/// What a script of the project printed.
pub(super) fn script(name: &str, arguments: &[&Path]) -> String {
    let ran = Command::new(root().join(name)).args(arguments).output().expect("a script of the project");
    assert!(ran.status.success(), "{name} failed:\n{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("text").trim().to_owned()
}

/// Builds the image where there is none, and returns its folder: `disk`, `vmlinuz`, `initrd`, `key`.
pub(super) fn built() -> PathBuf {
    let _alone = alone();
    let tree = script("scripts/machine-tree.sh", &[]);
    let folder = target().join("machines/vm/image");
    script("vm/image.sh", &[Path::new(&tree), &folder]);
    folder
}
