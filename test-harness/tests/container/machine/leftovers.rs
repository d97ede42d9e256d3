//! What a killed keeper of a former run could leave: its folder below /run, and its control group.

use std::fs::{self, File};
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};

/// Removes what nobody holds any more.
pub(crate) fn clear() {
    for entry in fs::read_dir("/run").unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with("sd-machine-") {
            continue;
        }
        let Ok(lock) = File::options().write(true).open(entry.path().join("lock")) else {
            // Without a lock it is just being made, if there is anybody to make it.
            if !name.split('-').nth(2).is_some_and(|pid| Path::new("/proc").join(pid).exists()) {
                let _ = fs::remove_dir(entry.path());
            }
            continue;
        };
        if Flock::lock(lock, FlockArg::LockExclusiveNonblock).is_ok() {
            for hierarchy in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"] {
                let group = Path::new(hierarchy).join(&name);
                let _ = fs::write(group.join("cgroup.kill"), "1");
                remove(&group);
            }
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Removes a control group with those in it, as far as nobody is in them.
fn remove(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}
