//! The chain of one lane, and everything that is done to it.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use test_harness::chaos::steps::{Lane, Part, WELL};
use test_harness::people::People;

use crate::support::{Going, keys};

/// Of the key, in the lane whose key has one.
pub(crate) const PASSPHRASE: &str = "correct-horse";
/// How long an ask may stand on the screen.
const EXPIRE: &str = "8";
/// What a process may open, as a unit has it.
const FDS: &str = "1024";

/// A chain, and what lasts of what was done to it.
pub(crate) struct Field {
    pub(crate) going: Going,
    fault: PathBuf,
    stopped: Vec<(Instant, Pid)>,
    pinched: Vec<(Instant, Pid)>,
    broken: Option<Instant>,
    filled: Option<Instant>,
    loiterers: Vec<(Instant, Child)>,
    agents: HashMap<(), Pid>,
}

impl Field {
    pub(crate) fn prepare(lane: Lane) -> Self {
        let passphrase = if lane == Lane::Locking { PASSPHRASE } else { "" };
        let (rig, _) = keys::rig_with_passphrase(
            passphrase,
            &[
                "--size",
                "150x60",
                "--expire",
                EXPIRE,
                "--timeout",
                "900",
                "--restarts",
                "100000",
                "--restart-backend",
            ],
        );
        let fault = rig.place().join("fault");
        fs::write(&fault, "none").unwrap();
        let items = (1..=WELL).map(|n| format!("--item=item-{n}=secret-of-i{n},number={n}"));
        let options: Vec<String> =
            items.chain([format!("--fault-in={}", fault.display()), "--unlocking=prompt".into()]).collect();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let going = Going::start(rig.with_fake_backend(&options).with_keyboard(), "true");
        let mut field = Self {
            going,
            fault,
            stopped: Vec::new(),
            pinched: Vec::new(),
            broken: None,
            filled: None,
            loiterers: Vec::new(),
            agents: HashMap::new(),
        };
        field.gives_the_record_a_disk();
        field
    }

    /// One of its own, so that it can be full alone. The run has its own view of the disks.
    fn gives_the_record_a_disk(&mut self) {
        let (at, uid) = (self.record(), People::here().audit);
        let before = self.going.pid("sd-audit");
        self.within(&format!(
            "cp -a {at} {at}.copy && mount -t tmpfs -o size=16m,mode=0750,uid={uid},gid={uid} record {at} && \
             cp -a {at}.copy/. {at}"
        ));
        // It starts anew, on the disk that it finds.
        let _ = kill(before, Signal::SIGKILL);
    }

    fn record(&self) -> String {
        self.going.dir.join("audit/record").display().to_string()
    }

    /// Runs this as root where the run's disks are.
    fn within(&self, script: &str) {
        let mounts = format!("--mount=/proc/{}/ns/mnt", self.going.pid("system-bus"));
        let done = Command::new("nsenter").args([&mounts, "sh", "-c", script]).stderr(Stdio::null()).status();
        assert!(done.unwrap().success(), "{script}");
    }

    pub(crate) fn fill(&mut self, time: u64) {
        self.within(&format!("cat /dev/zero > {}/fill || true", self.record()));
        self.filled = Some(Instant::now() + Duration::from_millis(time));
    }

    /// The address of the desktop's session bus.
    pub(crate) fn session_bus(&self) -> String {
        let environ = fs::read(format!("/proc/{}/environ", self.going.pid("sd-agent"))).unwrap();
        let environ = String::from_utf8_lossy(&environ).into_owned();
        environ.split('\0').find_map(|it| it.strip_prefix("DBUS_SESSION_BUS_ADDRESS=")).unwrap().to_owned()
    }

    /// The process, if it runs.
    pub(crate) fn pid(&mut self, part: Part) -> Option<Pid> {
        if part == Part::GpgAgent {
            return self.gpg_agent();
        }
        let text = fs::read_to_string(self.going.dir.join("pids").join(part.name())).ok()?;
        Some(Pid::from_raw(text.trim().parse().ok()?))
    }

    fn gpg_agent(&mut self) -> Option<Pid> {
        let is_one = |pid: &Pid| {
            sd_sys::Process::look(pid.as_raw()).is_ok_and(|it| {
                it.comm == "gpg-agent" && it.uid == Some(People::here().companion) && names(*pid, &self.going)
            })
        };
        if let Some(pid) = self.agents.get(&()).copied().filter(is_one) {
            return Some(pid);
        }
        let pids = fs::read_dir("/proc").unwrap().flatten();
        let found = pids
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .map(Pid::from_raw)
            .find(is_one)?;
        self.agents.insert((), found);
        Some(found)
    }

    pub(crate) fn kill(&mut self, part: Part) {
        if let Some(pid) = self.pid(part) {
            let _ = kill(pid, Signal::SIGKILL);
        }
    }

    pub(crate) fn stop(&mut self, part: Part, time: u64) {
        if let Some(pid) = self.pid(part)
            && kill(pid, Signal::SIGSTOP).is_ok()
        {
            self.stopped.push((Instant::now() + Duration::from_millis(time), pid));
        }
    }

    pub(crate) fn pinch(&mut self, part: Part, spare: u64, time: u64) {
        let Some(pid) = self.pid(part).filter(|pid| rests(*pid, part.name())) else { return };
        let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return };
        let most = u64::try_from(open.count()).unwrap() + spare;
        limit(pid, &most.to_string());
        self.pinched.push((Instant::now() + Duration::from_millis(time), pid));
    }

    pub(crate) fn breaks(&mut self, fault: &str, time: u64) {
        fs::write(&self.fault, fault).unwrap();
        self.broken = Some(Instant::now() + Duration::from_millis(time));
    }

    pub(crate) fn loiter(&mut self, socket: &str, times: u64, time: u64) {
        let people = People::here();
        let uid = match socket {
            "decide" => people.gate,
            "passphrase" => people.companion,
            _ => people.decide,
        };
        // Connections that say nothing, or half a line, held for a while.
        let path = self.going.dir.join("socket").join(format!("{socket}.sock"));
        let child = Command::new(env!("CARGO_BIN_EXE_sd-knock"))
            .arg(path)
            .args(["{\"v\":1", "--listen", &time.to_string(), "--times", &times.to_string()])
            .args(["--knocker", &uid.to_string(), "--maker", &uid.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.loiterers.push((Instant::now() + Duration::from_millis(time + 200), child));
    }

    /// Ends what has lasted long enough.
    pub(crate) fn tend(&mut self, now: Instant) {
        self.stopped.retain(|(until, pid)| {
            let over = now >= *until;
            if over {
                let _ = kill(*pid, Signal::SIGCONT);
            }
            !over
        });
        self.pinched.retain(|(until, pid)| {
            let over = now >= *until;
            if over {
                limit(*pid, FDS);
            }
            !over
        });
        if self.broken.is_some_and(|until| now >= until) {
            self.broken = None;
            fs::write(&self.fault, "none").unwrap();
        }
        if self.filled.is_some_and(|until| now >= until) {
            self.filled = None;
            self.within(&format!("rm -f {}/fill", self.record()));
        }
        self.loiterers.retain_mut(|(until, child)| {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            let over = now >= *until;
            if over {
                let _ = child.kill();
                let _ = child.wait();
            }
            !over
        });
    }

    /// Ends everything that lasts.
    pub(crate) fn heal(&mut self) {
        self.tend(Instant::now() + Duration::from_secs(3600));
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        // What is stopped could not be ended otherwise.
        self.heal();
    }
}

/// Whether it has become its program and sleeps, as it does when it waits for work, within half a second. Before that
/// the rig passes its listeners and the loader opens its libraries, and whoever has no descriptors for these never was
/// the tool: a unit's limit stands before it starts.
fn rests(pid: Pid, program: &str) -> bool {
    let asleep = format!("{pid} ({program}) S ");
    let until = Instant::now() + Duration::from_millis(500);
    while !fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.starts_with(&asleep)) {
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

fn limit(pid: Pid, fds: &str) {
    // One that has ended meanwhile is limited enough.
    let _ = Command::new("prlimit")
        .args(["--pid", &pid.to_string(), &format!("--nofile={fds}:")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Whether a process was told of this run.
fn names(pid: Pid, going: &Going) -> bool {
    let run = going.place().to_str().unwrap();
    ["cmdline", "environ"].iter().any(|file| {
        fs::read(format!("/proc/{pid}/{file}")).is_ok_and(|text| String::from_utf8_lossy(&text).contains(run))
    })
}
