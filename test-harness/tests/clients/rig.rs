//! The chain that the clients of this ring are put before, and where they are found.

use std::path::{Path, PathBuf};

use crate::support::{RIG, Rig};

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
