//! A worker at a moment when the machine has nothing left to give: it must not stay as it was then.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use sd_sys::link::Link;
use sd_sys::listener::Listener;
use sd_wire::bounded::Text;
use sd_wire::fault::Fault;
use sd_wire::id::AskId;
use sd_wire::line::Words;
use sd_wire::sign::{Note, Order};
use support::{eventually, place};
use tempfile::TempDir;

/// sd-sign at its door, with an empty keyring.
struct Signer {
    place: TempDir,
    door: Listener,
    process: Child,
}

impl Signer {
    /// With a gpgconf that only works while there is a file `gpg-is-there`.
    fn new() -> Self {
        let place = place();
        let at = |name: &str| place.path().join(name);
        for folder in ["gnupg", "bin"] {
            fs::create_dir(at(folder)).unwrap();
            fs::set_permissions(at(folder), Permissions::from_mode(0o700)).unwrap();
        }
        let there = at("gpg-is-there").display().to_string();
        support::script(&at("bin/gpgconf"), &format!("test -e {there} && exec /usr/bin/gpgconf \"$@\""));
        let door = Listener::bind(&at("sign.sock"), 0o600).unwrap();
        let process = start(place.path(), &door);
        Self { place, door, process }
    }

    fn gpg_is_there(&self) {
        File::create(self.place.path().join("gpg-is-there")).unwrap();
    }

    /// Asks for the key that signs, and does not wait for it.
    fn begin(&self) -> Link {
        let link = Link::connect(&self.place.path().join("sign.sock")).unwrap();
        let order = Order::Describe { id: AskId::from_random([7; 8]), key: Text::clipped("") };
        link.send(&order.to_line().unwrap(), &[]).unwrap();
        link
    }

    fn logged(&self) -> String {
        fs::read_to_string(self.place.path().join("sd-sign.log")).unwrap()
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn start(place: &Path, door: &Listener) -> Child {
    let path = format!("{}:{}", place.join("bin").display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.env("GNUPGHOME", place.join("gnupg")).env("PATH", path).env_remove("STATE_DIRECTORY");
    let log = File::options().create(true).append(true).open(place.join("sd-sign.log")).unwrap();
    support::worker::worker(shell, "sd-sign", place, door).stderr(log).spawn().unwrap()
}

fn answer(link: &Link) -> Note {
    let packet = link.receive_by(Instant::now() + Duration::from_secs(30)).unwrap().unwrap();
    Note::from_line(&packet.bytes).unwrap()
}

#[test]
fn a_signer_that_could_not_ask_gpg_when_it_began_makes_room_for_one_that_can() {
    let mut signer = Signer::new();
    assert_eq!(answer(&signer.begin()), Note::Failed { why: Fault::Unavailable });
    signer.gpg_is_there();
    let ended = eventually("its end", || signer.process.try_wait().unwrap());
    assert!(ended.success(), "{}", signer.logged());
    signer.process = start(signer.place.path(), &signer.door);
    assert_eq!(answer(&signer.begin()), Note::Failed { why: Fault::NoKey });
}

#[test]
fn a_worker_without_descriptors_has_orders_wait_and_carries_them_out_when_there_are_some() {
    let signer = Signer::new();
    signer.gpg_is_there();
    assert_eq!(answer(&signer.begin()), Note::Failed { why: Fault::NoKey });
    let limit = |most: &str| {
        let pid = signer.process.id().to_string();
        let done = Command::new("prlimit").args(["--pid", &pid, &format!("--nofile={most}:")]).status();
        assert!(done.unwrap().success());
    };
    // As many as it has at least.
    limit("4");
    let waits = signer.begin();
    eventually("a word of it in the log", || signer.logged().contains("orders have to wait").then_some(()));
    limit("1024");
    assert_eq!(answer(&waits), Note::Failed { why: Fault::NoKey });
    assert_eq!(signer.logged().matches("orders have to wait").count(), 1, "{}", signer.logged());
}
