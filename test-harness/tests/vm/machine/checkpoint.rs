//! A machine kept at one moment, disk and memory, from which any number of scenarios start.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::image;
use super::qemu::{self, Made};
use super::{Machine, goods, image::target};

/// Such a moment, in a folder of its own.
pub(crate) struct Checkpoint {
    boot: PathBuf,
    folder: PathBuf,
}

impl Checkpoint {
    /// A machine with this package on its second disk, booted from the bare image, after `then` was done to it, turned off,
    /// and booted again. It is taken from an earlier run as long as image, package and `made` (what is done, in a text that
    /// changes with it) are the same.
    pub(crate) fn rebooted(name: &str, package: &Path, made: &str, then: impl FnOnce(&mut Machine)) -> Self {
        let boot = image::built();
        let key = format!("{} {} {} {made}", word(&boot.join("key")), digest(package), qemu::accelerator());
        let folder = target().join("machines/vm").join(name);
        let checkpoint = Self { boot, folder };
        checkpoint.made(&key, |checkpoint| {
            let disk = checkpoint.folder.join("disk");
            copy(&checkpoint.boot.join("disk"), &disk);
            goods::pack(package, &checkpoint.goods());
            let first = checkpoint.made_of(&disk, true, None);
            let mut machine = Machine::start(&first, &format!("{name}.first"));
            machine.booted();
            then(&mut machine);
            machine.turn_off();
            let mut machine = Machine::start(&first, name);
            machine.booted();
            machine.see(1, "login:");
            machine.freeze(&checkpoint.folder.join("state"));
        });
        checkpoint
    }

    /// This machine some time later, after `then` was done to it.
    pub(crate) fn later(&self, name: &str, made: &str, then: impl FnOnce(&mut Machine)) -> Self {
        let later = Self { boot: self.boot.clone(), folder: target().join("machines/vm").join(name) };
        let key = format!("{} {made}", word(&self.folder.join("key")));
        later.made(&key, |later| {
            let disk = later.folder.join("disk");
            copy(&self.folder.join("disk"), &disk);
            copy(&self.goods(), &later.goods());
            let state = self.folder.join("state");
            let mut machine = Machine::start(&later.made_of(&disk, true, Some(state)), name);
            then(&mut machine);
            machine.freeze(&later.folder.join("state"));
        });
        later
    }

    /// A machine that goes on from here, for the scenario of this name. Nothing of what it does stays.
    pub(crate) fn resume(&self, scenario: &str) -> Machine {
        let disk = self.folder.join("disk");
        let state = self.folder.join("state");
        Machine::start(&self.made_of(&disk, false, Some(state)), scenario)
    }

    fn made_of(&self, disk: &Path, stays: bool, state: Option<PathBuf>) -> Made {
        Made { boot: self.boot.clone(), disk: disk.to_owned(), stays, goods: self.goods(), state }
    }

    fn goods(&self) -> PathBuf {
        self.folder.join("goods.tar")
    }

    fn made(&self, key: &str, make: impl FnOnce(&Self)) {
        let _alone = image::alone();
        let noted = self.folder.join("key");
        if std::fs::read_to_string(&noted).is_ok_and(|there| there == key) {
            return;
        }
        let _ = std::fs::remove_dir_all(&self.folder);
        std::fs::create_dir_all(&self.folder).expect("a folder for the checkpoint");
        let begun = Instant::now();
        make(self);
        println!("| {} took {:.0?}", self.folder.display(), begun.elapsed());
        std::fs::write(noted, key).expect("the checkpoint's key");
    }
}

fn word(file: &Path) -> String {
    std::fs::read_to_string(file).expect("a key").trim().to_owned()
}

/// Copies a disk, holes and all.
fn copy(from: &Path, to: &Path) {
    let done =
        Command::new("cp").args(["--sparse=always", "--reflink=auto"]).args([from, to]).status().expect("cp");
    assert!(done.success(), "{} could not be copied", from.display());
}

fn digest(file: &Path) -> String {
    let said = Command::new("sha256sum").arg(file).output().expect("sha256sum").stdout;
    String::from_utf8_lossy(&said).split_whitespace().next().expect("a digest").to_owned()
}
