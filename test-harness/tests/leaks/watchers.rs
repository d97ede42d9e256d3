//! Those who look while it goes on: at the arguments and environments of all processes, and at what crosses the buses.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::unistd::geteuid;
use test_harness::people::People;

use crate::canaries::Canaries;
use crate::support::{Going, eventually};

/// How often all processes are looked at. What lives shorter is gone before; it has its arguments from others that live on.
const LOOK: Duration = Duration::from_millis(15);
/// Clients of the tests that are given secrets as arguments, and the shells that give them.
const CLIENTS: &[&str] = &["sd-keyring", "sh", "sd-rig"];

pub(crate) struct Watchers {
    canaries: Arc<Canaries>,
    found: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
    monitors: Mutex<Vec<(String, PathBuf, Child)>>,
}

impl Watchers {
    pub(crate) fn of(canaries: Canaries, going: &Going) -> Self {
        let canaries = Arc::new(canaries);
        let (found, over) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(AtomicBool::new(false)));
        let thread = std::thread::spawn({
            let (canaries, found, over) = (Arc::clone(&canaries), Arc::clone(&found), Arc::clone(&over));
            move || {
                while !over.load(Ordering::SeqCst) {
                    for what in everybody(&canaries) {
                        let mut found = found.lock().unwrap();
                        if !found.contains(&what) {
                            found.push(what);
                        }
                    }
                    std::thread::sleep(LOOK);
                }
            }
        });
        let people = People::here();
        let buses = [
            // Only root may listen there, as on any machine.
            ("bus/socket", people.apart.then_some(0)),
            ("desktop/bus", Some(people.desktop)),
            ("companion/bus", Some(people.companion)),
        ];
        let monitors = buses
            .into_iter()
            .filter_map(|(name, uid)| Some(monitor(going.place(), name, &going.dir.join(name), uid?)));
        Self {
            canaries,
            found,
            over,
            thread: Mutex::new(Some(thread)),
            monitors: Mutex::new(monitors.collect()),
        }
    }

    /// What was seen; they look no longer.
    pub(crate) fn found(&self) -> Vec<String> {
        self.over.store(true, Ordering::SeqCst);
        let _ = self.thread.lock().unwrap().take().map(JoinHandle::join);
        let mut found = self.found.lock().unwrap().clone();
        for (name, file, mut child) in self.monitors.lock().unwrap().drain(..) {
            let _ = child.kill();
            let _ = child.wait();
            let crossed = fs::read(&file).unwrap();
            assert!(crossed.len() > 2000, "nothing was heard on {name}: {} bytes", crossed.len());
            let flows = self.canaries.among(&crossed);
            // It was searched for also where an application wants it in the clear.
            for flow in flows {
                if !(name == "desktop/bus" && flow.starts_with("plain")) {
                    found.push(format!("{flow}: on the bus {name}"));
                }
            }
            fs::remove_file(file).unwrap();
        }
        found
    }
}

impl Drop for Watchers {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        for (_, _, child) in self.monitors.lock().unwrap().iter_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A dbus-monitor, listening.
fn monitor(place: &Path, name: &str, socket: &Path, uid: u32) -> (String, PathBuf, Child) {
    let file = place.join(name.replace('/', "-")).with_extension("traffic");
    let address = format!("unix:path={}", socket.display());
    let mut command = Command::new("setpriv");
    if geteuid().is_root() {
        command.args([format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".to_owned()]);
    }
    let child = command
        .arg("dbus-monitor")
        .args(["--address", &address, "--binary"])
        .stdout(Stdio::from(File::create(&file).unwrap()))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It says by a signal of its own that it listens.
    eventually("dbus-monitor to listen", || (file.metadata().unwrap().len() > 0).then_some(()));
    (name.to_owned(), file, child)
}

fn everybody(canaries: &Canaries) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        for file in ["cmdline", "environ"] {
            let flows =
                fs::read(entry.path().join(file)).map(|text| canaries.among(&text)).unwrap_or_default();
            for flow in flows {
                let comm = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
                if !CLIENTS.contains(&comm.trim()) && pid != std::process::id() {
                    found.push(format!("{flow}: in {file} of {}", comm.trim()));
                }
            }
        }
    }
    found
}
