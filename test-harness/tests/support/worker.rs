//! One worker alone, started as the service manager would, with the test in the place of sd-decide.

use std::fs::{self, Permissions};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use sd_sys::identity::own_uid;
use sd_sys::listener::Listener;
use sd_wire::line::Words;
use sd_wire::parties::Parties;

use super::RIG;

/// The worker at its door, with the test as every party, which stands in a file in `place`. `shell` is a shell with the
/// worker's environment.
pub(crate) fn worker(mut shell: Command, name: &str, place: &Path, door: &Listener) -> Command {
    let uid = own_uid();
    let parties = Parties { desktop: uid, gate: uid, decide: uid, companion: uid, audit: None };
    let file = place.join("parties.json");
    fs::write(&file, parties.to_line().unwrap()).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    // A shell puts the descriptor where the service manager would: that takes no unsafe code.
    let script = "exec 3<&0 0</dev/null; export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=${1#sd-}; shift; exec \"$@\"";
    let program = Path::new(RIG).with_file_name(name);
    shell.args(["-c", script, "sh", name]).arg(program).arg("--parties").arg(file);
    shell.stdin(Stdio::from(door.as_fd().try_clone_to_owned().unwrap()));
    shell
}
