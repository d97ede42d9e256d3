//! The files of root's, one step each.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::setup::put::{self, Wanted};
use crate::setup::site::Site;
use crate::setup::step::{Found, Step, Work};
use crate::setup::{phrase, texts};

/// Who has to hear of a changed file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tell {
    /// Nobody.
    Nobody,
    /// The system bus.
    Bus,
    /// systemd; and this unit is started anew if it runs. `%` is the user, `%C` the companion's uid.
    Unit(Option<&'static str>),
}

/// A file of root's. `None` while the users are not there that it names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    name: &'static str,
    what: &'static str,
    path: fn(&Site) -> Option<PathBuf>,
    text: fn(&Site) -> Option<Result<String, Failure>>,
    mode: u32,
    /// A person may change it: it is made once, and then only its owner and permissions count.
    once: bool,
    tell: Tell,
}

/// What is wanted before there are users.
pub(crate) const BEFORE: [Settings; 2] = [
    Settings {
        name: "sysusers",
        what: "the list of the users that serve",
        path: |site| Some(site.at(format!("/etc/sysusers.d/secrets-dispatcher-{}.conf", site.user()))),
        text: |site| Some(Ok(texts::sysusers(site))),
        mode: 0o644,
        once: false,
        tell: Tell::Nobody,
    },
    Settings {
        name: "tmpfiles",
        what: "the list of the folders",
        path: |site| Some(site.at(format!("/etc/tmpfiles.d/secrets-dispatcher-{}.conf", site.user()))),
        text: |site| Some(Ok(texts::tmpfiles(site))),
        mode: 0o644,
        once: false,
        tell: Tell::Nobody,
    },
];

/// What names them.
pub(crate) const AFTER: [Settings; 9] = [
    Settings {
        name: "parties",
        what: "which uid has which role",
        path: |site| Some(site.configured("parties.json")),
        text: |site| site.parties().as_ref().map(texts::parties),
        mode: 0o644,
        once: false,
        tell: Tell::Unit(Some("secrets-dispatcher@%.target")),
    },
    Settings {
        name: "rules",
        what: "the rules, of which there are none yet",
        path: |site| Some(site.configured("rules.toml")),
        text: |site| Some(Ok(texts::RULES.replace("USER", site.user()))),
        mode: 0o644,
        once: true,
        tell: Tell::Nobody,
    },
    Settings {
        name: "phrase",
        what: "the phrase by which you know the approval screen; you see it there first",
        path: |site| Some(site.configured("phrase")),
        text: |_| Some(phrase::fresh()),
        mode: 0o600,
        once: true,
        tell: Tell::Nobody,
    },
    Settings {
        name: "policy",
        what: "who may own the gate's name on the system bus, and who may call it",
        path: |site| {
            let uid = site.desktop.uid;
            Some(site.at(format!("/etc/dbus-1/system.d/net.mowaka.SecretsDispatcher1.u{uid}.conf")))
        },
        text: |site| Some(Ok(texts::policy(site))),
        mode: 0o644,
        once: false,
        tell: Tell::Bus,
    },
    Settings {
        name: "unit-target",
        what: "that all of it ends with your session",
        path: |site| Some(drop_in(site, &site.target())),
        text: |site| site.parties().map(|parties| Ok(texts::target(site, &parties))),
        mode: 0o644,
        once: false,
        tell: Tell::Unit(None),
    },
    Settings {
        name: "unit-decide",
        what: "the virtual terminal of the approval screen",
        path: |site| Some(drop_in(site, &format!("sd-decide@{}.service", site.user()))),
        text: |site| site.parties().map(|parties| Ok(texts::decide(site, &parties))),
        mode: 0o644,
        once: false,
        tell: Tell::Unit(Some("sd-decide@%.service")),
    },
    Settings {
        name: "unit-fetch",
        what: "the bus of the companion's session, for sd-fetch",
        path: |site| Some(drop_in(site, &format!("sd-fetch@{}.service", site.user()))),
        text: |site| site.parties().map(|parties| Ok(texts::fetch(site, &parties))),
        mode: 0o644,
        once: false,
        tell: Tell::Unit(Some("sd-fetch@%.service")),
    },
    Settings {
        name: "unit-sign",
        what: "the companion's keyring, for sd-sign",
        path: |site| Some(drop_in(site, &format!("sd-sign@{}.service", site.user()))),
        text: |site| site.parties().map(|parties| Ok(texts::sign(site, &parties))),
        mode: 0o644,
        once: false,
        tell: Tell::Unit(Some("sd-sign@%.service")),
    },
    Settings {
        name: "unit-manager",
        what: "that the companion's session ends when nothing needs it",
        path: |site| site.companion().map(|it| drop_in(site, &format!("user@{}.service", it.uid))),
        text: |site| site.parties().map(|parties| Ok(texts::manager(site, &parties))),
        mode: 0o644,
        once: false,
        tell: Tell::Unit(Some("user@%C.service")),
    },
];

/// What one user of the machine has only: the first.
pub(crate) const FIRST: Settings = Settings {
    name: "policy-plain",
    what: "the gate's name without a number, which one gate of a machine has",
    path: |site| Some(site.at("/etc/dbus-1/system.d/net.mowaka.SecretsDispatcher1.conf")),
    text: |site| Some(Ok(texts::plain_policy(site))),
    mode: 0o644,
    once: false,
    tell: Tell::Bus,
};

fn drop_in(site: &Site, unit: &str) -> PathBuf {
    site.at(format!("/etc/systemd/system/{unit}.d/10-provision.conf"))
}

impl Settings {
    fn wanted(&self, site: &Site) -> Result<Option<(PathBuf, Wanted)>, Failure> {
        let (Some(path), Some(text)) = ((self.path)(site), (self.text)(site)) else { return Ok(None) };
        Ok(Some((path, Wanted::File { text: text?, mode: self.mode })))
    }

    fn pending(&self, work: &mut Work) {
        match self.tell {
            Tell::Nobody => {}
            Tell::Bus => {
                work.record.pending.insert("bus".into());
            }
            Tell::Unit(unit) => {
                work.record.pending.insert("manager".into());
                let companion = work.site.companion().map(|it| it.uid.to_string()).unwrap_or_default();
                let unit = unit.map(|unit| unit.replace("%C", &companion).replace('%', work.site.user()));
                work.record.pending.extend(unit);
            }
        }
    }
}

impl Step for Settings {
    fn name(&self) -> &'static str {
        self.name
    }

    fn says(&self, site: &Site) -> String {
        match (self.path)(site) {
            Some(path) => format!("{}: {}", self.what, path.display()),
            None => self.what.to_owned(),
        }
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        let Some((path, wanted)) = self.wanted(&work.site)? else {
            return Ok(Found::Lacking("the users that it names are not there".into()));
        };
        let wrong = match std::fs::symlink_metadata(&path) {
            Ok(about) if self.once => put::permissions(&path, &about, self.mode),
            _ => wanted.differs(&path),
        };
        Ok(wrong.map_or(Found::Good, Found::Lacking))
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        let Some((path, wanted)) = self.wanted(&work.site)? else {
            return Err(Failure::Misconfigured("the users that serve are not there".into()));
        };
        let cannot =
            |e: std::io::Error| Failure::Unavailable(format!("{} cannot be written: {e}", path.display()));
        let earlier = work.record.paths.insert(self.name.to_owned(), path.clone());
        self.pending(work);
        work.folders(&path)?;
        // First, so that a run that is interrupted here is known to have written it.
        work.save()?;
        if let Some(earlier) = earlier.filter(|earlier| *earlier != path) {
            take_away(&earlier).map_err(cannot)?;
        }
        if self.once && std::fs::symlink_metadata(&path).is_ok_and(|about| about.is_file()) {
            return put::give(&path, self.mode).map_err(cannot);
        }
        wanted.put(&path).map_err(cannot)
    }

    fn undo(&self, work: &mut Work) -> Result<(), Failure> {
        let Some(path) = work.record.paths.get(self.name).cloned() else { return Ok(()) };
        self.pending(work);
        work.save()?;
        take_away(&path)
            .map_err(|e| Failure::Unavailable(format!("{} cannot be removed: {e}", path.display())))
    }
}

/// A file, and the folder of drop-ins that was made for it.
fn take_away(path: &std::path::Path) -> std::io::Result<()> {
    put::remove(path)?;
    if let Some(folder) = path.parent().filter(|folder| folder.extension().is_some_and(|d| d == "d"))
        && path.ends_with("10-provision.conf")
    {
        // With something else in it, it is not ours to remove.
        let _ = std::fs::remove_dir(folder);
    }
    Ok(())
}
