//! What the machine gets to install: the package, and the same as a later version.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::image::{root, target};

/// The package that `scripts/deb.sh` built last.
pub(crate) fn package() -> PathBuf {
    let folder = target().join("debian");
    // By its name: tests of the other ring make packages of other versions there.
    let name = format!("secrets-dispatcher_{}_", env!("CARGO_PKG_VERSION"));
    let newest = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "deb"))
        .filter(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&name)))
        .max_by_key(|path| path.metadata().and_then(|about| about.modified()).ok());
    newest
        .unwrap_or_else(|| panic!("no package is in {}: DEB_BUILD_OPTIONS=noopt just deb", folder.display()))
}

/// Writes a tar of `secrets-dispatcher.deb`, of its version 9 as `newer.deb`, and of the programs that tests start in the
/// machine. Not compressed: an emulated processor is slow at unpacking.
pub(super) fn pack(package: &Path, tar: &Path) {
    let folder =
        tempfile::Builder::new().prefix("sdvm-goods.").tempdir_in("/tmp").expect("a folder below /tmp");
    let done = Command::new("sh")
        .current_dir(folder.path())
        .args(["-euc", PACK, "pack"])
        .args([package, tar, &root().join("test-harness/tests/vm/inventory.sh")])
        .status()
        .expect("sh");
    assert!(done.success(), "the packages for the machine could not be made of {}", package.display());
}

const PACK: &str = r#"
dpkg-deb --raw-extract "$1" tree
dpkg-deb --root-owner-group -Znone --build tree secrets-dispatcher.deb >/dev/null
sed -i 's/^Version: .*/Version: 9/' tree/DEBIAN/control
dpkg-deb --root-owner-group -Znone --build tree newer.deb >/dev/null
cp "$3" .
tar -cf "$2" secrets-dispatcher.deb newer.deb "$(basename "$3")"
"#;
