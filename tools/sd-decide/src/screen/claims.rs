//! Who asks: what the kernel attests, what it looks like, what it claims. Three sections that look different.

use sd_wire::ask::Want;
use sd_wire::printable::Printable;

use crate::caller::{Caller, ClaimedApp, Seen};
use crate::dates;
use crate::docket::entry::Entry;
use crate::screen::row::{Row, Trust};

/// The sections of the process that made the sink.
pub(super) fn caller(caller: &Caller, rows: &mut Vec<Row>) {
    rows.push(Row::Section(Trust::Fact, "KERNEL ATTESTS"));
    let fact = |name: &str, value: String| Row::fact(Trust::Fact, name, Printable::line(&value));
    let doubt = if caller.pinned { "" } else { "   (not pinned: this kernel cannot)" };
    rows.push(fact(
        "process",
        format!("pid {}   uid {}   gid {}{doubt}", caller.pid, caller.uid, caller.gid),
    ));
    let Some(seen) = &caller.seen else {
        rows.push(fact("state", "it ended before it could be looked at".to_owned()));
        return;
    };
    let age = seen.age.map(|age| format!("{} before it asked, ", dates::age(age))).unwrap_or_default();
    rows.push(fact("started", format!("{age}at tick {}", seen.process.start)));
    let tty = seen.process.tty.as_deref().unwrap_or("none");
    let session = seen.process.session.as_deref().unwrap_or("none");
    rows.push(fact("terminal", format!("{tty}   login session {session}")));
    let pids: Vec<String> = seen.parents.iter().map(|parent| parent.pid.to_string()).collect();
    rows.push(fact("parents", if pids.is_empty() { "none".to_owned() } else { pids.join(" ← ") }));
    rows.push(Row::Section(Trust::Looks, "LOOKS LIKE"));
    looks(seen, Trust::Looks, rows);
}

/// What a process says it is, by its name, its arguments and its group.
fn looks(seen: &Seen, trust: Trust, rows: &mut Vec<Row>) {
    rows.push(Row::fact(trust, "name", Printable::line(&seen.process.comm)));
    rows.push(Row::fact(trust, "command", command(seen)));
    let names: Vec<String> =
        seen.parents.iter().map(|parent| format!("{} ({})", parent.comm, parent.pid)).collect();
    if !names.is_empty() {
        rows.push(Row::fact(trust, "parents", Printable::line(&names.join(" ← "))));
    }
    if let Some(group) = seen.process.cgroup.as_deref().map(below_manager) {
        rows.push(Row::fact(trust, "group", Printable::line(group)));
    }
}

/// The arguments; one with blanks or none at all stands in quotes.
fn command(seen: &Seen) -> Printable {
    let Some(arguments) = &seen.arguments else { return Printable::line("not readable in time") };
    let mut line: Vec<u8> = Vec::new();
    for argument in arguments {
        if !line.is_empty() {
            line.push(b' ');
        }
        if argument.is_empty() || argument.iter().any(|byte| matches!(byte, b' ' | b'\'' | b'"')) {
            line.push(b'"');
            line.extend(argument);
            line.push(b'"');
        } else {
            line.extend(argument);
        }
    }
    Printable::bytes(&line)
}

/// The part of a group's path that its own user names, if there is one.
fn below_manager(group: &str) -> &str {
    group
        .split_once(".service/")
        .filter(|(above, _)| above.contains("/user@"))
        .map_or(group, |(_, below)| below)
}

/// The section of what nobody has checked.
pub(super) fn claimed(entry: &Entry, rows: &mut Vec<Row>) {
    let claims = &entry.filing().ask.claims;
    let mut said = Vec::new();
    if let Some(app) = &entry.filing().caller.app {
        claimed_app(app, &mut said);
    }
    let key = if let Want::Sign { key, .. } = entry.want() { Some(&**key) } else { None };
    let mut claim = |name: &str, value: Option<&str>| {
        said.extend(value.map(|value| Row::fact(Trust::Claim, name, Printable::line(value))));
    };
    claim("key wanted", key.filter(|key| !key.is_empty()));
    claim("says", claims.says.as_deref());
    claim("repository", claims.repository.as_deref());
    claim("branch", claims.branch.as_deref());
    claim("no proof", claims.unproved.as_deref());
    let title = |n: usize| if n == 0 { "files" } else { "" };
    for (n, file) in claims.files.iter().enumerate() {
        claim(title(n), Some(&format!("{} {}", &*file.status, &*file.path)));
    }
    if claims.files_omitted > 0 {
        claim(
            title(claims.files.len()),
            Some(&format!("+{} more files, which are not listed", claims.files_omitted)),
        );
    }
    if !said.is_empty() {
        rows.push(Row::Section(Trust::Claim, "CLAIMED, NOT CHECKED"));
        rows.extend(said);
    }
}

fn claimed_app(app: &ClaimedApp, rows: &mut Vec<Row>) {
    let pid = app.claim.pid;
    let Some(seen) = &app.seen else {
        let text = format!("pid {pid}: there is no such process of this user");
        rows.push(Row::fact(Trust::Claim, "app", Printable::line(&text)));
        return;
    };
    rows.push(Row::fact(Trust::Claim, "app", Printable::line(&format!("{} ({pid})", seen.process.comm))));
    if let Some(exe) = &app.claim.exe {
        rows.push(Row::fact(Trust::Claim, "executable", Printable::line(exe)));
    }
    rows.push(Row::fact(Trust::Claim, "command", command(seen)));
    let names: Vec<String> =
        seen.parents.iter().map(|parent| format!("{} ({})", parent.comm, parent.pid)).collect();
    if !names.is_empty() {
        rows.push(Row::fact(Trust::Claim, "parents", Printable::line(&names.join(" ← "))));
    }
}
