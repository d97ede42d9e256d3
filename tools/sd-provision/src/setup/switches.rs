//! Switches of the kernel: set at each start of the machine by the package's sysctl.d file, and now by us.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::setup::site::Site;
use crate::setup::step::{Found, Step, Work};

/// A switch, and what the package's file sets it to.
#[derive(Debug)]
pub(crate) struct Switch {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) path: &'static str,
    pub(crate) value: &'static str,
}

/// What /usr/lib/sysctl.d/50-secrets-dispatcher.conf says.
pub(crate) const ALL: [Switch; 2] = [
    Switch {
        name: "set-printk",
        what: "that the kernel does not write over the approval screen",
        path: "/proc/sys/kernel/printk",
        value: "1",
    },
    Switch {
        name: "set-tiocsti",
        what: "that nobody types into a terminal in the name of the keyboard",
        path: "/proc/sys/dev/tty/legacy_tiocsti",
        value: "0",
    },
];

impl Switch {
    fn file(&self, site: &Site) -> PathBuf {
        site.at(self.path)
    }

    fn key(&self) -> String {
        self.path.trim_start_matches("/proc/sys/").replace('/', ".")
    }
}

fn first(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

impl Step for Switch {
    fn name(&self) -> &'static str {
        self.name
    }

    fn says(&self, _: &Site) -> String {
        format!("{}: {} = {}", self.what, self.key(), self.value)
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        if !work.site.live {
            return Ok(Found::Skipped("this system does not run; it is set when it starts".into()));
        }
        let Ok(text) = fs::read_to_string(self.file(&work.site)) else {
            return Ok(Found::Skipped("this kernel has no such switch".into()));
        };
        if first(&text) == self.value {
            return Ok(Found::Good);
        }
        if !writable(&self.file(&work.site)) {
            return Ok(Found::Skipped(
                "the kernel's switches cannot be set from in here, a container".into(),
            ));
        }
        Ok(Found::Lacking(format!("{} is {}, not {}", self.key(), first(&text), self.value)))
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        let path = self.file(&work.site);
        let before = first(&fs::read_to_string(&path).unwrap_or_default()).to_owned();
        work.machine.switches.entry(self.path.into()).or_insert(before);
        work.save()?;
        set(&path, self.value)
    }

    fn undo(&self, work: &mut Work) -> Result<(), Failure> {
        if !work.site.live || !work.is_last() {
            return Ok(());
        }
        let path: PathBuf = self.path.into();
        let Some(before) = work.machine.switches.get(&path).cloned() else { return Ok(()) };
        // What somebody has set since stays.
        if fs::read_to_string(self.file(&work.site)).is_ok_and(|now| first(&now) == self.value) {
            set(&self.file(&work.site), &before)?;
        }
        work.machine.switches.remove(&path);
        work.save()
    }

    fn mend(&self, _: &Site) -> String {
        format!("sysctl {}={}", self.key(), self.value)
    }
}

/// Whether it can be opened for writing; nothing is written.
fn writable(path: &Path) -> bool {
    fs::OpenOptions::new().write(true).open(path).is_ok()
}

fn set(path: &Path, value: &str) -> Result<(), Failure> {
    fs::write(path, value).map_err(|e| Failure::Unavailable(format!("{} cannot be set: {e}", path.display())))
}
