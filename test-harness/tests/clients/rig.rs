//! The chain that the clients of this ring are put before, and where they are found.

use std::path::{Path, PathBuf};

use crate::support::{Going, RIG, Rig, eventually};

/// A rig for one test, with these options. The one place that says which backend is at its end.
pub(crate) fn with(options: &[&str]) -> Rig {
    Rig::real().with(&["--timeout", "280"]).with(options)
}

/// A line of shell that finds in `$CLIENTS` what scripts/clients.sh has got.
pub(crate) fn script(line: &str) -> String {
    format!("CLIENTS='{}'\n{line}\n", clients().display())
}

fn clients() -> PathBuf {
    let clients = Path::new(RIG).ancestors().nth(2).unwrap().join("clients");
    assert!(clients.is_dir(), "run scripts/clients.sh first: there is no {}", clients.display());
    clients
}

/// What stands on the screen when it waits for a key about one ask, and when it does not.
pub(crate) const ASKED: &str = "1 is waiting";
pub(crate) const IDLE: &str = "nothing is waiting";

/// Types y at the one ask on the screen, until it is answered: on a busy machine a key may be read too late to count.
pub(crate) fn says_yes(going: &Going) {
    let ask = eventually("an ask on the screen", || {
        let screen = going.screen();
        screen.split("│ ask ").nth(1).and_then(|rest| rest.split(' ').next()).map(str::to_owned)
    });
    for _ in 0..5 {
        going.types("y");
        for _ in 0..30 {
            if !going.screen().contains(&ask) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
    panic!("no key counts at\n{}", going.screen());
}
