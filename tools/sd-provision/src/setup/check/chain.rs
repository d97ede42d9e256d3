//! What runs: units, their sandbox, sockets, the names on the buses.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use nix::unistd::Group;

use crate::account::Account;
use crate::setup::check::line::Line;
use crate::setup::run;
use crate::setup::running::is_logged_in;
use crate::setup::site::Site;
use crate::setup::step::Found;

/// The services that are always there, and those that an order starts.
const SERVICES: [&str; 5] = ["sd-gate", "sd-decide", "sd-fetch", "sd-sign", "sd-audit"];
const ALWAYS: [&str; 2] = ["sd-gate", "sd-decide"];
/// Each socket, whose it is, and whose group may connect: indexes of `Site::servants`.
const SOCKETS: [(&str, &str, &str); 5] = [
    ("decide.sock", "sd-decide-", "sd-gate-"),
    ("passphrase.sock", "sd-decide-", "secrets-"),
    ("fetch.sock", "secrets-", "sd-decide-"),
    ("sign.sock", "secrets-", "sd-decide-"),
    ("audit.sock", "sd-audit-", "sd-decide-"),
];

/// All of it; of what runs only while the user is logged in nothing is said when not.
pub(crate) fn lines(site: &Site) -> Vec<Line> {
    if !site.live {
        return Vec::new();
    }
    let running = is_logged_in(site);
    let only = |found: Found| match running {
        true => found,
        false => Found::Skipped(format!("{} is not logged in", site.user())),
    };
    let user = site.user();
    let line = |name, what: String, found, mend: String| Line { name, what, found, mend };
    let restart = format!("systemctl restart {}", site.target());
    vec![
        line(
            "units",
            "no unit has failed".into(),
            units(site, running),
            format!(
                "systemctl reset-failed 'sd-*@{user}*'; {restart}; journalctl -b -u 'sd-*@{user}*' says why"
            ),
        ),
        line(
            "sandbox",
            "every service of ours is in its sandbox".into(),
            sandbox(site),
            "apt install --reinstall secrets-dispatcher; systemctl daemon-reload".into(),
        ),
        line("sockets", "each socket has one client".into(), only(sockets(site)), restart.clone()),
        line("bus-name", "the gate has its name on the system bus".into(), only(name(site)), restart),
        line(
            "bus-policy",
            format!("{user} may call the gate, and nobody else"),
            only(policy(site)),
            "systemctl reload dbus.service".into(),
        ),
    ]
}

/// Values of a unit, in the order asked for.
fn values(unit: &str, properties: &[&str]) -> Vec<String> {
    let said =
        run::success(run::root("systemctl", &["show", "--property", &properties.join(","), "--", unit]));
    let said = said.unwrap_or_default();
    let value = |name: &&str| {
        let found = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_default().to_owned()
    };
    properties.iter().map(value).collect()
}

fn units(site: &Site, running: bool) -> Found {
    let sockets = SOCKETS
        .iter()
        .map(|(name, ..)| format!("sd-{}@{}.socket", name.trim_end_matches(".sock"), site.user()));
    let services = SERVICES.iter().map(|name| format!("{name}@{}.service", site.user()));
    let mut wrong = Vec::new();
    for unit in services.chain(sockets).chain([site.target()]) {
        let always = !unit.ends_with(".service") || ALWAYS.iter().any(|name| unit.starts_with(name));
        let values = values(&unit, &["LoadState", "ActiveState", "Result", "NeedDaemonReload"]);
        let [load, active, result, reload] = values.as_slice() else { continue };
        if load != "loaded" {
            wrong.push(format!("{unit} is {load}"));
        } else if active == "failed" {
            wrong.push(format!("{unit} has failed ({result})"));
        } else if running && always && active != "active" {
            wrong.push(format!("{unit} is {active}"));
        } else if reload == "yes" {
            wrong.push(format!("{unit} was changed, and systemd has not read it"));
        }
    }
    all(wrong)
}

fn sandbox(site: &Site) -> Found {
    let mut wrong = Vec::new();
    for name in SERVICES {
        let unit = format!("{name}@{}.service", site.user());
        let values = values(
            &unit,
            &["DropInPaths", "NoNewPrivileges", "CapabilityBoundingSet", "ProtectSystem", "User"],
        );
        let [drop_ins, privileges, capabilities, system, user] = values.as_slice() else { continue };
        if !drop_ins.contains("/sd-.service.d/10-sandbox.conf") {
            wrong.push(format!(
                "{unit} has no sandbox: /usr/lib/systemd/system/sd-.service.d/10-sandbox.conf"
            ));
        } else if privileges != "yes" || !capabilities.is_empty() || system != "strict" {
            wrong.push(format!("somebody loosened the sandbox of {unit}: see `systemctl cat {unit}`"));
        } else if user.is_empty() || user == "root" {
            wrong.push(format!("{unit} runs as root"));
        }
    }
    all(wrong)
}

fn sockets(site: &Site) -> Found {
    let mut wrong = Vec::new();
    for (name, owner, client) in SOCKETS {
        let path = site.at(format!("/run/secrets-dispatcher/{}/{name}", site.user()));
        let shown = path.display();
        let (owner, client) = (format!("{owner}{}", site.user()), format!("{client}{}", site.user()));
        let group = Group::from_name(&client).ok().flatten().map(|group| group.gid.as_raw());
        match fs::symlink_metadata(&path) {
            Err(e) => wrong.push(format!("{shown}: {e}")),
            Ok(about) if !about.file_type().is_socket() => wrong.push(format!("{shown} is no socket")),
            Ok(about) if Account::named(&owner).ok().map(|it| it.uid) != Some(about.uid()) => {
                wrong.push(format!("{shown} belongs to uid {}, not to {owner}", about.uid()));
            }
            Ok(about) if group != Some(about.gid()) => {
                wrong.push(format!("{shown} is for the group {}, not for {client}", about.gid()));
            }
            Ok(about) if about.mode() & 0o777 != 0o660 => {
                wrong.push(format!("{shown} has mode {:03o}, not 660", about.mode() & 0o777));
            }
            Ok(_) => {}
        }
    }
    all(wrong)
}

/// The name with the uid, and of the first user also the one without.
fn names(site: &Site) -> Vec<String> {
    let own = format!("net.mowaka.SecretsDispatcher1.u{}", site.desktop.uid);
    let plain = site.choice.plain_name.then(|| "net.mowaka.SecretsDispatcher1".to_owned());
    [own].into_iter().chain(plain).collect()
}

fn name(site: &Site) -> Found {
    let gate = site.parties().map(|parties| format!("u {}", parties.gate));
    let mut wrong = Vec::new();
    for name in names(site) {
        let call = [
            "call",
            "org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            "GetConnectionUnixUser",
            "s",
            &name,
        ];
        match run::success(run::root("busctl", &call)) {
            Ok(said) if Some(said.trim()) == gate.as_deref() => {}
            Ok(said) => wrong.push(format!(
                "{name} belongs to uid {}, not to the gate",
                said.trim().trim_start_matches("u ")
            )),
            Err(_) => wrong.push(format!("nobody has the name {name}")),
        }
    }
    all(wrong)
}

fn policy(site: &Site) -> Found {
    let Some(other) = Account::named(&format!("sd-audit-{}", site.user())).ok() else {
        return Found::Lacking("there is no other user to try it as".into());
    };
    let mut wrong = Vec::new();
    for name in names(site) {
        let ping = [
            "--system",
            "call",
            &name,
            "/net/mowaka/SecretsDispatcher1",
            "org.freedesktop.DBus.Peer",
            "Ping",
        ];
        let reaches = |who: &Account| {
            run::output(run::apart(who, "busctl", &ping)).is_ok_and(|done| done.status.success())
        };
        if !reaches(&site.desktop) {
            wrong.push(format!("the system bus does not let {} call {name}", site.user()));
        }
        if reaches(&other) {
            wrong.push(format!(
                "the system bus lets {} call {name}, which is for {} only",
                other.name,
                site.user()
            ));
        }
    }
    all(wrong)
}

fn all(wrong: Vec<String>) -> Found {
    if wrong.is_empty() { Found::Good } else { Found::Lacking(wrong.join("; ")) }
}
