//! Takeovers and releases in made-up homes and roots, with the files of Debian 12's packages.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use smol::block_on;
use tempfile::TempDir;

use super::carry::Carrier;
use super::files::Manner;
use super::place::Place;
use super::record::Record;
use super::say::Story;
use super::state::State;
use super::step::{Act, Ended, Way};
use super::{forget, go, plan, recorded};

mod login;

const DO: Manner = Manner { dry: false, force: false };
const DRY: Manner = Manner { dry: true, force: false };
const FORCE: Manner = Manner { dry: false, force: true };

/// gnome-keyring 42.1-1: what starts its Secret Service, and what starts the rest of it.
const KEYRING: [(&str, &str); 8] = [
    (
        "usr/share/dbus-1/services/org.freedesktop.secrets.service",
        "[D-BUS Service]\nName=org.freedesktop.secrets\n\
         Exec=/usr/bin/gnome-keyring-daemon --start --foreground --components=secrets\n",
    ),
    (
        "usr/share/dbus-1/services/org.gnome.keyring.service",
        "[D-BUS Service]\nName=org.gnome.keyring\n\
         Exec=/usr/bin/gnome-keyring-daemon --start --foreground --components=secrets\n",
    ),
    (
        "usr/share/dbus-1/services/org.freedesktop.impl.portal.Secret.service",
        "[D-BUS Service]\nName=org.freedesktop.impl.portal.Secret\n\
         Exec=/usr/bin/gnome-keyring-daemon --start --foreground --components=secrets\n",
    ),
    (
        "usr/share/xdg-desktop-portal/portals/gnome-keyring.portal",
        "[portal]\nDBusName=org.freedesktop.secrets\nInterfaces=org.freedesktop.impl.portal.Secret\nUseIn=gnome\n",
    ),
    (
        "etc/xdg/autostart/gnome-keyring-secrets.desktop",
        "[Desktop Entry]\nType=Application\nName=Secret Storage Service\n\
         Exec=/usr/bin/gnome-keyring-daemon --start --components=secrets\nOnlyShowIn=GNOME;Unity;MATE;\n\
         NoDisplay=true\nX-GNOME-Autostart-Phase=PreDisplayServer\n",
    ),
    (
        "etc/xdg/autostart/gnome-keyring-ssh.desktop",
        "[Desktop Entry]\nType=Application\nName=SSH Key Agent\n\
         Exec=/usr/bin/gnome-keyring-daemon --start --components=ssh\nOnlyShowIn=GNOME;Unity;MATE;\n",
    ),
    (
        "usr/lib/systemd/user/gnome-keyring-daemon.socket",
        "[Unit]\nDescription=GNOME Keyring daemon\n\n[Socket]\nPriority=6\nBacklog=5\n\
         ListenStream=%t/keyring/control\nDirectoryMode=0700\n\n[Install]\nWantedBy=sockets.target\n",
    ),
    (
        "usr/lib/systemd/user/gnome-keyring-daemon.service",
        "[Unit]\nDescription=GNOME Keyring daemon\n\nRequires=gnome-keyring-daemon.socket\n\n[Service]\nType=simple\n\
         StandardError=journal\nExecStart=/usr/bin/gnome-keyring-daemon --foreground \
         --components=\"pkcs11,secrets\" --control-directory=%t/keyring\nRestart=on-failure\n\n[Install]\n\
         Also=gnome-keyring-daemon.socket\nWantedBy=graphical-session-pre.target\n",
    ),
];

struct Machine {
    dir: TempDir,
    place: Place,
}

impl Machine {
    fn with(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |below: &str| dir.path().join(below);
        for (path, text) in files {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), text).unwrap();
        }
        fs::create_dir_all(at("home/.config")).unwrap();
        let place = Place {
            root: "/".into(),
            config: at("home/.config"),
            data: at("home/.local/share"),
            sockets: None,
            data_dirs: vec![at("usr/local/share"), at("usr/share")],
            config_dirs: vec![at("etc/xdg")],
            unit_dirs: vec![at("etc/systemd/user"), at("usr/lib/systemd/user")],
            record: at("home/.local/state/secrets-dispatcher/takeover.json"),
            agent: "/usr/libexec/secrets-dispatcher/sd-agent".into(),
        };
        Self { dir, place }
    }

    fn of_debian() -> Self {
        let agent = ("usr/lib/systemd/user/sd-agent.service", "[Service]\n");
        Self::with(&[&KEYRING[..], &[agent]].concat())
    }

    fn at(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// Everything but the record: what it is, and its permissions.
    fn all(&self) -> BTreeMap<PathBuf, (Option<State>, u32)> {
        let mut all = BTreeMap::new();
        let mut folders = vec![self.dir.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path == self.at("home/.local/state/secrets-dispatcher/takeover.json") {
                    continue;
                }
                let about = fs::symlink_metadata(&path).unwrap();
                let state = (!about.is_dir()).then(|| State::at(&path).unwrap());
                all.insert(path.clone(), (state, about.permissions().mode()));
                if about.is_dir() {
                    folders.push(path);
                }
            }
        }
        all
    }

    fn takeover(&self, manner: Manner) -> Story {
        let record = Record::load(&self.place.record).unwrap().unwrap_or_default();
        let mut carrier = Carrier::of_files(&self.place, record, manner);
        block_on(go(&mut carrier, &plan::around(plan::files(&self.place)), Way::Takeover))
    }

    fn release(&self, manner: Manner) -> Story {
        let Some(record) = Record::load(&self.place.record).unwrap() else { return Story::default() };
        let steps = plan::around(recorded(&record));
        let mut carrier = Carrier::of_files(&self.place, record, manner);
        let story = block_on(go(&mut carrier, &steps, Way::Release));
        forget(&mut carrier, &story).unwrap();
        story
    }
}

/// How each step that has a file ended.
fn words(story: &Story) -> Vec<(&str, &str)> {
    let session = ["owner", "reload", "reload-back", "end", "rest", "agent"];
    let steps = story.steps.iter().filter(|(name, _, _)| !session.contains(&name.as_str()));
    steps.map(|(name, _, ended)| (name.as_str(), ended.word())).collect()
}

#[test]
fn a_takeover_shadows_all_that_starts_the_keyrings_secret_service_and_nothing_else() {
    let machine = Machine::of_debian();
    let before = machine.all();
    let story = machine.takeover(DO);
    let steps = ["bus", "bus-keyring", "bus-portal", "mask-socket", "mask-service", "autostart", "enable"];
    assert_eq!(words(&story), steps.map(|step| (step, "done")), "{story:?}");
    let text = |below: &str| fs::read_to_string(machine.at(below)).unwrap();
    let bus = text("home/.local/share/dbus-1/services/org.freedesktop.secrets.service");
    assert!(
        bus.contains("Exec=/usr/libexec/secrets-dispatcher/sd-agent\nSystemdService=sd-agent.service\n"),
        "{bus}"
    );
    assert!(text("home/.config/autostart/gnome-keyring-secrets.desktop").contains("\nHidden=true\n"));
    for unit in ["gnome-keyring-daemon.socket", "gnome-keyring-daemon.service"] {
        let mask = fs::read_link(machine.at("home/.config/systemd/user").join(unit)).unwrap();
        assert_eq!(mask, Path::new("/dev/null"));
    }
    let now = machine.all();
    assert!(before.iter().all(|(path, was)| now.get(path) == Some(was)), "what was there is untouched");
    assert!(
        !now.keys()
            .any(|path| path.starts_with(machine.at("home")) && path.to_string_lossy().contains("ssh"))
    );
}

#[test]
fn a_release_puts_back_exactly_what_was_there_also_what_the_person_had_there() {
    let machine = Machine::of_debian();
    let own = machine.at("home/.config/autostart/gnome-keyring-secrets.desktop");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, "[Desktop Entry]\nX-Mine=1\n").unwrap();
    fs::set_permissions(&own, fs::Permissions::from_mode(0o600)).unwrap();
    let unit = machine.at("home/.config/systemd/user/gnome-keyring-daemon.service");
    fs::create_dir_all(unit.parent().unwrap()).unwrap();
    symlink("../mine.service", &unit).unwrap();
    let before = machine.all();
    machine.takeover(DO);
    assert_ne!(machine.all(), before);
    let story = machine.release(DO);
    assert!(!story.has_failed(), "{story:?}");
    assert_eq!(machine.all(), before);
    assert!(!machine.place.record.exists());
}

#[test]
fn what_the_session_lacks_is_skipped_and_said() {
    let machine = Machine::of_debian();
    for story in [machine.takeover(DO), machine.release(DO)] {
        let skipped = story
            .steps
            .iter()
            .filter(|(_, _, ended)| matches!(ended, Ended::Skipped(why) if why.contains("no session bus")));
        assert!(skipped.count() >= 2, "{story:?}");
        assert!(!story.has_failed());
    }
}

#[test]
fn twice_is_once_also_with_what_has_come_since() {
    let machine = Machine::with(&KEYRING[..3]);
    let before = machine.all();
    machine.takeover(DO);
    let once = (machine.all(), Record::load(&machine.place.record).unwrap());
    let story = machine.takeover(DO);
    assert!(words(&story).iter().all(|(_, word)| *word == "already"), "{story:?}");
    assert_eq!((machine.all(), Record::load(&machine.place.record).unwrap()), once);
    // An upgrade brings the autostart file.
    let late = machine.at(KEYRING[4].0);
    fs::create_dir_all(late.parent().unwrap()).unwrap();
    fs::write(&late, KEYRING[4].1).unwrap();
    assert!(words(&machine.takeover(DO)).contains(&("autostart", "done")));
    machine.release(DO);
    machine.release(DO);
    fs::remove_dir_all(machine.at("etc")).unwrap();
    assert_eq!(machine.all(), before);
}

#[test]
fn a_dry_run_tells_each_step_and_changes_nothing() {
    let machine = Machine::of_debian();
    let before = machine.all();
    let told = machine.takeover(DRY);
    assert!(words(&told).iter().all(|(_, word)| *word == "would"), "{told:?}");
    assert_eq!(machine.all(), before);
    assert!(!machine.place.record.exists());
    let done = machine.takeover(DO);
    let steps = |story: &Story| {
        story.steps.iter().map(|(name, says, _)| (name.clone(), says.clone())).collect::<Vec<_>>()
    };
    assert_eq!(steps(&told), steps(&done));
    let after = machine.all();
    let record = fs::read(&machine.place.record).unwrap();
    let told = {
        let record = Record::load(&machine.place.record).unwrap().unwrap();
        let steps = plan::around(recorded(&record));
        block_on(go(&mut Carrier::of_files(&machine.place, record, DRY), &steps, Way::Release))
    };
    assert!(words(&told).iter().all(|(_, word)| *word == "would"), "{told:?}");
    assert_eq!((machine.all(), fs::read(&machine.place.record).unwrap()), (after, record));
}

#[test]
fn a_takeover_that_stopped_half_way_is_put_back_whole() {
    let machine = Machine::of_debian();
    // A file where a folder is needed: the third kind of file cannot be written.
    fs::write(machine.at("home/.config/systemd"), "in the way").unwrap();
    let before = machine.all();
    let story = machine.takeover(DO);
    assert!(story.has_failed(), "{story:?}");
    let (last, _, _) = story.steps.last().unwrap();
    assert_eq!(last, "mask-socket", "nothing is done after it");
    machine.release(DO);
    assert_eq!(machine.all(), before);
}

#[test]
fn one_that_was_killed_between_the_record_and_the_file_is_put_back_too() {
    let machine = Machine::of_debian();
    let before = machine.all();
    machine.takeover(DO);
    fs::remove_file(machine.at("home/.config/autostart/gnome-keyring-secrets.desktop")).unwrap();
    let story = machine.release(DO);
    assert!(words(&story).contains(&("autostart", "already")), "{story:?}");
    assert_eq!(machine.all(), before);
}

#[test]
fn what_somebody_has_changed_since_is_not_overwritten_and_by_force_it_is_kept() {
    let machine = Machine::of_debian();
    let before = machine.all();
    machine.takeover(DO);
    let changed = machine.at("home/.config/autostart/gnome-keyring-secrets.desktop");
    fs::write(&changed, "mine now").unwrap();
    let story = machine.release(DO);
    assert!(words(&story).contains(&("autostart", "refused")), "{story:?}");
    assert_eq!(fs::read_to_string(&changed).unwrap(), "mine now");
    let record = Record::load(&machine.place.record).unwrap().unwrap();
    assert_eq!(record.files.len(), 1, "all else is back: {record:?}");
    // A takeover does not overwrite it either.
    assert!(words(&machine.takeover(DO)).contains(&("autostart", "refused")));
    let story = machine.release(FORCE);
    assert!(!story.has_failed(), "{story:?}");
    let kept = machine.at("home/.config/autostart/gnome-keyring-secrets.desktop.before-release");
    assert_eq!(fs::read_to_string(&kept).unwrap(), "mine now");
    fs::remove_dir_all(kept.parent().unwrap()).unwrap();
    assert_eq!(machine.all(), before);
}

#[test]
fn without_a_keyring_only_the_bus_is_told() {
    let machine = Machine::with(&[]);
    let story = machine.takeover(DO);
    assert_eq!(words(&story), [("bus", "done")]);
    let bus = machine.at("home/.local/share/dbus-1/services/org.freedesktop.secrets.service");
    assert!(!fs::read_to_string(bus).unwrap().contains("SystemdService"), "there is no such unit");
}

#[test]
fn every_step_says_what_it_does_on_each_way_that_it_has() {
    let machine = Machine::of_debian();
    for step in plan::around(plan::files(&machine.place)) {
        let both = [Way::Takeover, Way::Release].map(|way| step.words(way));
        assert!(both.iter().flatten().all(|words| !words.is_empty()), "{step:?}");
        assert!(both.iter().any(Option::is_some), "{step:?}");
        if let Act::File { .. } = step.act {
            assert!(both.iter().all(Option::is_some), "{step:?}");
        }
    }
}
