//! The virtual terminal: one that nobody else has, or could get.

use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::setup::run;
use crate::setup::site::Site;
use crate::setup::step::{Found, Step, Work, others};

/// The kernel's last one.
const LAST: u16 = 63;
/// The one that is chosen if nobody chooses: Ctrl+Alt+F8.
pub(crate) const USUAL: u16 = 8;
/// Below it are those that logind offers a login on, whatever it is told.
const FIRST: u16 = 7;
/// What logind offers where nothing else is configured.
const LOGINS: u16 = 6;

/// That it can be had.
#[derive(Debug)]
pub(crate) struct Terminal;

impl Step for Terminal {
    fn name(&self) -> &'static str {
        "vt"
    }

    fn says(&self, site: &Site) -> String {
        format!("/dev/tty{} is nobody else's", site.choice.vt)
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        Ok(taken(&work.site).map_or(Found::Good, Found::Lacking))
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        match taken(&work.site) {
            None => Ok(()),
            Some(why) => Err(Failure::Usage(format!("{why}; choose another one by --vt"))),
        }
    }

    fn undo(&self, _: &mut Work) -> Result<(), Failure> {
        Ok(())
    }

    fn mend(&self, site: &Site) -> String {
        format!("{} --vt N", site.command())
    }
}

/// The usual one, or the first above it that can be had.
pub(crate) fn free(site: &Site) -> Option<u16> {
    (USUAL..=LAST).find(|vt| taken(&site.on(*vt)).is_none())
}

/// Why it cannot be had, if so.
fn taken(site: &Site) -> Option<String> {
    let vt = site.choice.vt;
    if !(FIRST..=LAST).contains(&vt) {
        return Some(format!(
            "there is no virtual terminal {vt} for this: it has to be from {FIRST} to {LAST}"
        ));
    }
    let logins = logins(site);
    if vt <= logins {
        return Some(format!("logind offers logins on the terminals up to {logins} (NAutoVTs=)"));
    }
    let getty = site.at(format!("/etc/systemd/system/getty.target.wants/getty@tty{vt}.service"));
    if getty.symlink_metadata().is_ok() {
        return Some(format!("a login waits on terminal {vt}: {} starts it", getty.display()));
    }
    if let Some(other) = others(site).into_iter().find(|other| other.choice.vt == vt) {
        return Some(format!("terminal {vt} is that of {}'s companion", other.user));
    }
    if !site.live {
        return None;
    }
    if !Path::new(&format!("/dev/tty{vt}")).exists() {
        return Some(format!("this machine has no /dev/tty{vt}"));
    }
    user_of(vt, site.user()).map(|who| format!("terminal {vt} is in use by {who}"))
}

/// Up to which terminal logind starts a login when somebody switches there.
fn logins(site: &Site) -> u16 {
    let property = [
        "get-property",
        "org.freedesktop.login1",
        "/org/freedesktop/login1",
        "org.freedesktop.login1.Manager",
        "NAutoVTs",
    ];
    let said = site.live.then(|| run::success(run::root("busctl", &property)).ok()).flatten();
    let said = said.and_then(|said| said.trim().strip_prefix("u ")?.parse().ok());
    said.unwrap_or_else(|| configured_logins(&site.at("/etc/systemd")))
}

/// What the files say, for a system that does not run.
fn configured_logins(folder: &Path) -> u16 {
    let mut texts = vec![fs::read_to_string(folder.join("logind.conf")).unwrap_or_default()];
    let mut parts: Vec<_> = fs::read_dir(folder.join("logind.conf.d"))
        .map(|parts| parts.filter_map(Result::ok).map(|part| part.path()).collect())
        .unwrap_or_default();
    parts.sort();
    texts.extend(parts.iter().filter_map(|part| fs::read_to_string(part).ok()));
    let value = |text: &String| {
        text.lines().filter_map(|line| line.trim().strip_prefix("NAutoVTs=")?.trim().parse().ok()).next_back()
    };
    texts.iter().filter_map(value).next_back().unwrap_or(LOGINS)
}

/// A process that has the terminal open or for its own, but for those of this desktop user's decider.
fn user_of(vt: u16, user: &str) -> Option<String> {
    let device = format!("/dev/tty{vt}");
    // By its control group, which root alone sets: what systemd has only just forked for it is still root's.
    let group = format!("/sd-decide@{user}.service");
    let processes = fs::read_dir("/proc").ok()?.filter_map(Result::ok);
    let processes =
        processes.filter(|it| it.file_name().to_string_lossy().bytes().all(|c| c.is_ascii_digit()));
    for process in processes {
        let path = process.path();
        let ours = || {
            let groups = fs::read_to_string(path.join("cgroup")).unwrap_or_default();
            groups.lines().any(|line| line.ends_with(&group) && line.contains("/system.slice/"))
        };
        if (controls(&path, vt) || has_open(&path, &device)) && !ours() {
            let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
            return Some(format!("{:?} (pid {})", name.trim(), process.file_name().to_string_lossy()));
        }
    }
    None
}

fn has_open(process: &Path, device: &str) -> bool {
    let Ok(open) = fs::read_dir(process.join("fd")) else { return false };
    open.filter_map(Result::ok).any(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == Path::new(device)))
}

/// proc(5): the terminal is the fifth word after the name, which stands in brackets; a virtual one is 4:N.
fn controls(process: &Path, vt: u16) -> bool {
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    let words = stat.rsplit_once(')').map(|(_, words)| words).unwrap_or_default();
    words.split_whitespace().nth(4).and_then(|word| word.parse().ok()) == Some((4 << 8) | i64::from(vt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_on_logins_counts() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(configured_logins(folder.path()), 6);
        fs::write(folder.path().join("logind.conf"), "[Login]\n#NAutoVTs=6\nNAutoVTs=8\n").unwrap();
        assert_eq!(configured_logins(folder.path()), 8);
        fs::create_dir(folder.path().join("logind.conf.d")).unwrap();
        fs::write(folder.path().join("logind.conf.d/a.conf"), "[Login]\nNAutoVTs = 9\nNAutoVTs=10\n")
            .unwrap();
        assert_eq!(configured_logins(folder.path()), 10);
    }
}
