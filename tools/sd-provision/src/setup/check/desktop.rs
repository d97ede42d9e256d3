//! What the desktop user may do that undermines the promises: groups, devices, sudo, another Secret Service.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::setup::check::line::Line;
use crate::setup::run;
use crate::setup::site::Site;
use crate::setup::step::Found;

/// Groups that lead round the screen: to keyboards, to terminals, to disks and memory, to root, to the journal.
const GROUPS: [&str; 11] =
    ["input", "tty", "video", "kmem", "docker", "disk", "lxd", "libvirt", "adm", "systemd-journal", "shadow"];

/// All of it.
pub(crate) fn lines(site: &Site) -> Vec<Line> {
    vec![groups(site), keyboards(site), devices(site), home(site), sudo(site), owner(site)]
}

fn groups(site: &Site) -> Line {
    let user = site.user();
    let said = run::success(run::root("id", &["-Gn", "--", user]));
    let found = match said {
        Err(e) => Found::Lacking(e.to_string()),
        Ok(said) => {
            let bad: Vec<&str> = said.split_whitespace().filter(|group| GROUPS.contains(group)).collect();
            if bad.is_empty() {
                Found::Good
            } else {
                Found::Lacking(format!(
                    "{user} is in the groups {}, which lead round the approval screen",
                    bad.join(", ")
                ))
            }
        }
    };
    let mend = match &found {
        Found::Lacking(why) => GROUPS
            .iter()
            .filter(|group| why.split([' ', ',']).any(|word| word == **group))
            .map(|group| format!("gpasswd -d {user} {group}"))
            .collect::<Vec<_>>()
            .join("; "),
        _ => String::new(),
    };
    let what = format!("{user} is in no group that leads round the approval screen");
    Line { name: "groups", what, found, mend: format!("{mend}; then log out and in") }
}

/// Those of these files to which the user may do this (`-r`, `-w`), by access lists too: the kernel says so to a child
/// that is that user.
fn may(site: &Site, how: &str, paths: &[String]) -> Vec<String> {
    let script = format!("for f; do if [ {how} \"$f\" ]; then printf '%s\\n' \"$f\"; fi; done");
    let mut arguments = vec!["-c", &script, "sh"];
    arguments.extend(paths.iter().map(String::as_str));
    run::output(run::apart(&site.desktop, "/bin/sh", &arguments))
        .map(|done| String::from_utf8_lossy(&done.stdout).lines().map(str::to_owned).collect())
        .unwrap_or_default()
}

fn keyboards(site: &Site) -> Line {
    let events = fs::read_dir("/dev/input").map(|all| {
        all.filter_map(Result::ok)
            .map(|it| it.path().to_string_lossy().into_owned())
            .filter(|path| path.contains("event"))
            .collect::<Vec<_>>()
    });
    let mut open = may(site, "-w", &["/dev/uinput".to_owned()]);
    open.extend(may(site, "-r", &events.unwrap_or_default()));
    let first = open.first().cloned().unwrap_or_else(|| "/dev/uinput".into());
    let found = if open.is_empty() {
        Found::Good
    } else {
        Found::Lacking(format!(
            "{} may open {}: its programs can type on the approval screen, or read what is typed there",
            site.user(),
            open.join(", ")
        ))
    };
    Line {
        name: "uinput",
        what: format!("no program of {} can act as a keyboard, or listen to one", site.user()),
        found,
        mend: format!(
            "chmod 0600 {first}; setfacl -b {first}; and remove the udev rule that opens it: grep -r uinput /etc/udev \
             /usr/lib/udev/rules.d"
        ),
    }
}

fn devices(site: &Site) -> Line {
    let vt = site.choice.vt;
    let paths = [
        format!("/dev/tty{vt}"),
        format!("/dev/vcs{vt}"),
        format!("/dev/vcsa{vt}"),
        format!("/dev/vcsu{vt}"),
        "/dev/tty0".to_owned(),
        "/dev/console".to_owned(),
        "/dev/mem".to_owned(),
    ];
    let mut open = may(site, "-r", &paths);
    open.extend(may(site, "-w", &paths));
    open.sort();
    open.dedup();
    let first = open.first().cloned().unwrap_or_default();
    let found = if open.is_empty() {
        Found::Good
    } else {
        Found::Lacking(format!(
            "{} may open {}: its programs see or write the approval screen",
            site.user(),
            open.join(", ")
        ))
    };
    Line {
        name: "screen",
        what: format!("no program of {} opens the approval screen", site.user()),
        found,
        mend: format!("chmod 0600 {first}; setfacl -b {first}"),
    }
}

fn home(site: &Site) -> Line {
    let home = site.home();
    let paths = [home.clone(), format!("{home}/.gnupg"), format!("{home}/.")];
    let open = may(site, "-r", &paths);
    Line {
        name: "companion-home",
        what: format!("{} cannot read the companion's home", site.user()),
        found: if open.is_empty() {
            Found::Good
        } else {
            Found::Lacking(format!("{} can read {}, where the secrets lie", site.user(), open.join(", ")))
        },
        mend: format!("chmod 0700 {home}; setfacl -b {home}"),
    }
}

fn sudo(site: &Site) -> Line {
    let user = site.user();
    let found = if !Path::new("/usr/bin/sudo").exists() {
        Found::Good
    } else {
        match run::output(run::root("sudo", &["-n", "-l", "-U", user])) {
            Err(e) => Found::Lacking(e.to_string()),
            Ok(said) => {
                let said = String::from_utf8_lossy(&said.stdout).into_owned();
                match without_password(&said).as_slice() {
                    [] => Found::Good,
                    open => Found::Lacking(format!(
                        "{user} may become another user without a password, and so may its programs: {}",
                        open.join("; ")
                    )),
                }
            }
        }
    };
    Line {
        name: "sudo",
        what: format!("sudo asks {user} for a password"),
        found,
        mend: "visudo, and the files in /etc/sudoers.d: remove NOPASSWD and !authenticate".into(),
    }
}

/// The lines of `sudo -l` that do not ask.
fn without_password(said: &str) -> Vec<&str> {
    said.lines()
        .map(str::trim)
        .filter(|line| line.contains("NOPASSWD:") || line.contains("!authenticate"))
        .collect()
}

fn owner(site: &Site) -> Line {
    let said = run::output(run::apart(&site.desktop, "/usr/bin/sdctl", &["status", "--json"])).ok();
    let said = said.and_then(|said| serde_json::from_slice::<Value>(&said.stdout).ok());
    Line {
        name: "secret-service",
        what: format!("nobody but sd-agent is the Secret Service of {}", site.user()),
        found: owned(said.as_ref().map_or(&Value::Null, |said| said.get("secrets").unwrap_or(&Value::Null))),
        mend: format!("as {}: sdctl takeover", site.user()),
    }
}

fn owned(secrets: &Value) -> Found {
    match (secrets.get("ours").and_then(Value::as_bool), secrets.get("pid").and_then(Value::as_u64)) {
        (Some(false), pid) => {
            let name = secrets.get("owner").and_then(Value::as_str).unwrap_or("a process of another user");
            Found::Lacking(format!(
                "org.freedesktop.secrets belongs to {name} (pid {}): applications do not ask here",
                pid.unwrap_or_default()
            ))
        }
        (Some(true), _) => Found::Good,
        (None, _) if secrets.is_null() => Found::Skipped("there is no session bus of that user now".into()),
        (None, _) => match secrets.get("startable").and_then(Value::as_bool) {
            Some(true) => Found::Good,
            _ => Found::Lacking("org.freedesktop.secrets is nobody's, and nothing starts it".into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_sudo_lets_go_without_a_password_is_quoted() {
        let said = "User nb may run the following commands on m:\n    (ALL : ALL) ALL\n    (root) NOPASSWD: /bin/ls\n";
        assert_eq!(without_password(said), ["(root) NOPASSWD: /bin/ls"]);
        assert_eq!(
            without_password("Matching Defaults entries for nb on m:\n    env_reset, !authenticate\n").len(),
            1
        );
        assert!(without_password("User nb is not allowed to run sudo on m.\n").is_empty());
    }

    #[test]
    fn another_owner_of_the_secret_service_fails_and_no_session_does_not() {
        assert_eq!(owned(&json!({"owner": "sd-agent", "pid": 5, "ours": true})), Found::Good);
        assert!(
            matches!(owned(&json!({"owner": "x", "pid": 5, "ours": false})), Found::Lacking(why) if why.contains("x (pid 5)"))
        );
        assert_eq!(owned(&json!({"owner": null, "startable": true})), Found::Good);
        assert!(matches!(owned(&json!({"owner": null, "startable": false})), Found::Lacking(_)));
        assert!(matches!(owned(&Value::Null), Found::Skipped(_)));
    }
}
