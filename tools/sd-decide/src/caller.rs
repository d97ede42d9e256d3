//! Who asks: what the kernel attests, what `/proc` makes it look like, and what of its claims can be looked up.
//!
//! All of it is looked at once, when the ask comes in: what a process becomes later says nothing about who asked.

use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use nix::unistd::{SysconfVar, sysconf};
use sd_sys::process::{self, Ancestor, Family, Look, Process, Readers};
use sd_sys::sink::Sink;
use sd_wire::claims::{App, Claims};
use sd_wire::printable::Printable;

/// The name of the desktop's proxy, as the kernel cuts it.
const PROXY: &str = "sd-agent";
/// The end of its control group.
const PROXY_UNIT: &str = "/sd-agent.service";
/// The most parents that are looked at.
const MOST_PARENTS: usize = 8;
/// How long a process's arguments are waited for: it can keep them from being read.
const ARGUMENTS: Duration = Duration::from_millis(50);
/// How long those of all processes of one ask are. Meanwhile nothing else is done.
const ALL_ARGUMENTS: Duration = Duration::from_millis(200);
// The maker of the sink and the app that it claims: nobody else's arguments are shown.
const _: () = assert!(2 * ARGUMENTS.as_millis() <= ALL_ARGUMENTS.as_millis());

/// A process for good: a number can come again, a number with a start time cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pinned {
    /// Its process id.
    pub(crate) pid: i32,
    /// When it started, in clock ticks since boot.
    pub(crate) start: u64,
}

/// The maker of a sink.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Its process id, by the kernel's word on the sink.
    pub(crate) pid: i32,
    /// Its effective uid, likewise.
    pub(crate) uid: u32,
    /// Its effective gid, likewise.
    pub(crate) gid: u32,
    /// Whether `seen` is certainly the process that made the sink, and not a later one with its number.
    pub(crate) pinned: bool,
    /// What `/proc` says; `None` when the process was gone already.
    pub(crate) seen: Option<Seen>,
    /// The app that the caller says it asks for.
    pub(crate) app: Option<ClaimedApp>,
    /// What it belongs to, or the app that the desktop's proxy asks for: to fork is not to leave it. `None` when it was gone.
    pub(crate) family: Option<Family>,
    /// That in words.
    words: Printable,
}

/// A process and its parents.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The process itself.
    pub(crate) process: Process,
    /// Its arguments as it wishes them to be seen; `None` when they could not be read in time, or nobody is to see them.
    pub(crate) arguments: Option<Vec<Vec<u8>>>,
    /// Its parents, nearest first.
    pub(crate) parents: Vec<Ancestor>,
    /// How long before the ask it was started.
    pub(crate) age: Option<Duration>,
}

/// The app behind a proxy, by the proxy's word.
#[derive(Clone, Debug)]
pub(crate) struct ClaimedApp {
    /// The claim.
    pub(crate) claim: App,
    /// What `/proc` says of that process; `None` when there is none with this number, start time and uid.
    pub(crate) seen: Option<Seen>,
}

/// The name of git's processes.
const GIT: &str = "git";
/// The shells by which git runs what it is told to run.
const SHELLS: [&str; 3] = ["sh", "dash", "bash"];

impl Caller {
    /// Looks at the maker of the sink, and at the app that it claims to ask for. Arguments are for a person to see: without
    /// `readers` they are not read.
    pub(crate) fn look(sink: &Sink, claims: &Claims, readers: Option<&Readers>) -> Self {
        let maker = sink.maker();
        let until = Instant::now().checked_add(ALL_ARGUMENTS);
        let mut procs = Look::default();
        // A dead process's number may be another's by now.
        let seen = maker.alive().then(|| look(&mut procs, maker.pid, readers, until)).flatten();
        let seen = seen.filter(|_| maker.alive());
        let app = claims.app.clone();
        let app =
            app.map(|claim| ClaimedApp::look(claim, maker.uid, |pid| look(&mut procs, pid, readers, until)));
        // Asked once more, after its parents were opened by number: until now none of them was anybody else's.
        let family = procs.family(maker.pid).filter(|_| maker.alive());
        let (pid, uid, gid, pinned) = (maker.pid, maker.uid, maker.gid, maker.pinned());
        let mut caller = Self { pid, uid, gid, pinned, seen, app, family, words: Printable::default() };
        if let Some(app) = caller.behind_the_proxy() {
            let family = procs.family(app.pid);
            // Its start is read anew for the same reason.
            caller.family = family.filter(|_| process::start_of(app.pid).ok() == Some(app.start));
        }
        let words = caller.family.as_ref().map(|family| Printable::line(&family.words_of(&mut procs)));
        caller.words = words.unwrap_or_else(|| caller.name());
        caller
    }

    /// The process to which a grant may be tied; `None` when it was gone.
    pub(crate) fn maker(&self) -> Option<Pinned> {
        let start = self.seen.as_ref()?.process.start;
        Some(Pinned { pid: self.pid, start })
    }

    /// The app to which a grant is tied beside it, which may be none. `None` when one was claimed that is not there.
    #[expect(clippy::option_option, reason = "no claim and a false claim are different")]
    pub(crate) fn app(&self) -> Option<Option<Pinned>> {
        match &self.app {
            None => Some(None),
            Some(app) => {
                let process = &app.seen.as_ref()?.process;
                Some(Some(Pinned { pid: process.pid, start: process.start }))
            }
        }
    }

    /// The process that a mute or a remembered denial is about: the app, or the git behind a signature, or the maker
    /// itself. `None` when it cannot be told for good.
    pub(crate) fn principal(&self) -> Option<Pinned> {
        match self.app()? {
            Some(app) => Some(app),
            None => self.git().or_else(|| self.maker()),
        }
    }

    /// The process that started it: the principal's parent.
    pub(crate) fn parent(&self) -> Option<Pinned> {
        let principal = self.principal()?;
        let parents = &self.principal_seen()?.parents;
        let at = parents.iter().position(|parent| parent.pid == principal.pid).map_or(0, |at| at + 1);
        parents.get(at).map(Pinned::of)
    }

    fn principal_seen(&self) -> Option<&Seen> {
        match &self.app {
            Some(app) => app.seen.as_ref(),
            None => self.seen.as_ref(),
        }
    }

    /// The `git` that started the maker: the farthest in an unbroken line, since git runs git, itself or by a shell, as
    /// a rebase does with `--exec`. Which process that is the kernel attests; that it is git is only how it looks.
    pub(crate) fn git(&self) -> Option<Pinned> {
        let parents = &self.seen.as_ref()?.parents;
        let first = parents.first().filter(|parent| parent.comm == GIT)?;
        let line =
            parents.iter().take_while(|parent| parent.comm == GIT || SHELLS.contains(&parent.comm.as_str()));
        Some(Pinned::of(line.filter(|parent| parent.comm == GIT).last().unwrap_or(first)))
    }

    /// Whether this process is among those that started the maker of the sink. Whatever a caller claims says nothing
    /// about that: any process can claim an app that descends from anybody.
    pub(crate) fn descends_from(&self, process: Pinned) -> bool {
        self.seen.iter().any(|seen| seen.descends_from(process))
    }

    /// Whether this process is among those that started the maker, or the app that it claims. Enough to deny by.
    pub(crate) fn may_descend_from(&self, process: Pinned) -> bool {
        let app = self.app.as_ref().and_then(|app| app.seen.as_ref());
        self.seen.iter().chain(app).any(|seen| seen.descends_from(process))
    }

    /// The maker itself, unless that is the desktop's proxy, which asks for others.
    pub(crate) fn own(&self) -> Option<Pinned> {
        if self.looks_like_proxy() { None } else { self.maker() }
    }

    /// Whether it is the desktop's proxy with nobody behind it: what is decided for it would be decided for all apps.
    pub(crate) fn is_proxy_alone(&self) -> bool {
        self.looks_like_proxy() && !matches!(self.app(), Some(Some(_)))
    }

    /// The app, where the maker is the desktop's proxy: by its name, and where it is in a unit, by that.
    fn behind_the_proxy(&self) -> Option<Pinned> {
        let elsewhere = matches!(&self.family, Some(Family::Unit(path)) if !path.ends_with(PROXY_UNIT));
        if elsewhere || !self.looks_like_proxy() {
            return None;
        }
        self.app().flatten()
    }

    /// Whom a flood comes from, in words: its family.
    pub(crate) fn family_name(&self) -> &Printable {
        &self.words
    }

    fn looks_like_proxy(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.process.comm == PROXY)
    }

    /// Who asks, in a few words: the app by its name, else the maker by its own. So it looks; no more.
    pub(crate) fn name(&self) -> Printable {
        let looks = match &self.app {
            Some(app) => app.seen.as_ref().map(|seen| &seen.process),
            None => self.seen.as_ref().map(|seen| &seen.process),
        };
        match looks {
            Some(process) => Printable::line(&format!("{} ({})", process.comm, process.pid)),
            None => Printable::line(&format!("process {}", self.pid)),
        }
    }

    /// As [`Caller::name`], of the process that a grant or a mute is about.
    pub(crate) fn principal_name(&self) -> Printable {
        match (&self.app, self.git()) {
            (None, Some(git)) => Printable::line(&format!("git ({}) and what it starts", git.pid)),
            _ => self.name(),
        }
    }
}

impl Seen {
    fn descends_from(&self, process: Pinned) -> bool {
        self.parents.iter().any(|parent| Pinned::of(parent) == process)
    }
}

impl Pinned {
    fn of(parent: &Ancestor) -> Self {
        Self { pid: parent.pid, start: parent.start }
    }
}

impl ClaimedApp {
    fn look(claim: App, uid: u32, look: impl FnOnce(i32) -> Option<Seen>) -> Self {
        let pid = i32::try_from(claim.pid).ok();
        let seen = pid
            .and_then(look)
            .filter(|seen| seen.process.start == claim.start && seen.process.uid == Some(uid));
        Self { claim, seen }
    }
}

fn look(procs: &mut Look, pid: i32, readers: Option<&Readers>, until: Option<Instant>) -> Option<Seen> {
    let process = procs.process(pid).ok()?;
    // Before its arguments, in whose time a parent could end and its number be another's.
    let parents = procs.ancestors(pid, MOST_PARENTS);
    let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
    let start = process.start;
    let read = move || process::cmdline(pid, start).unwrap_or_default();
    let arguments = readers.and_then(|readers| readers.read(left.min(ARGUMENTS), read));
    let age = age(process.start);
    Some(Seen { process, arguments, parents, age })
}

/// How long ago that was, in clock ticks since boot.
fn age(start: u64) -> Option<Duration> {
    let ticks = u64::try_from(sysconf(SysconfVar::CLK_TCK).ok()??).ok()?;
    let started = Duration::from_secs(start.checked_div(ticks)?);
    let now = Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME).ok()?);
    Some(now.saturating_sub(started))
}

#[cfg(test)]
impl Caller {
    /// A caller that nobody looked up.
    pub(crate) fn made_up(pid: i32, start: u64) -> Self {
        let process = Process {
            pid,
            ppid: 1,
            start,
            comm: "secret-tool".to_owned(),
            uid: Some(1000),
            tty: Some("pts/3".to_owned()),
            cgroup: Some("/user.slice/user-1000.slice/user@1000.service/app.slice/foot.scope".to_owned()),
            session: None,
        };
        let parent = |pid, comm: &str| Ancestor { pid, ppid: 1, start, comm: comm.to_owned() };
        let parents = vec![parent(1234, "sh"), parent(1200, "sd-rig")];
        let arguments = Some(vec![b"secret-tool".to_vec(), b"lookup".to_vec(), b"a b".to_vec()]);
        let seen = Seen { process, arguments, parents, age: Some(Duration::from_secs(3)) };
        let family = Some(Family::Session { leader: pid, cgroup: "/".to_owned() });
        Self {
            pid,
            uid: 1000,
            gid: 1000,
            pinned: true,
            seen: Some(seen),
            app: None,
            family,
            words: Printable::line("app-demo.scope"),
        }
    }
}

#[cfg(test)]
mod tests {
    use sd_sys::identity::own_pid;
    use sd_sys::process::MOST_STUCK;

    use super::*;

    #[test]
    fn a_process_is_looked_at_without_its_arguments_when_four_reads_hang() {
        let readers = Readers::default();
        let until = Instant::now().checked_add(Duration::from_secs(60));
        let seen = look(&mut Look::default(), own_pid(), Some(&readers), until).unwrap();
        assert!(!seen.arguments.unwrap().is_empty());
        for _ in 0..MOST_STUCK {
            readers.read(Duration::ZERO, || {
                loop {
                    std::thread::park();
                }
            });
        }
        let before = Instant::now();
        let seen = look(&mut Look::default(), own_pid(), Some(&readers), until).unwrap();
        assert_eq!((seen.process.pid, seen.arguments), (own_pid(), None));
        assert!(before.elapsed() < ARGUMENTS, "it is not even tried");
    }
}
