//! The steps of the desktop user's takeover: which files shadow what starts gnome-keyring, and what is told to whom.
//!
//! gnome-keyring becomes the Secret Service in four ways: the session bus starts it for one of three names; the user's
//! service manager does; the session's autostart does; PAM starts it at the login, but then without this component.
//! What it does besides, for SSH and PKCS#11, is started by files of their own, and these are left alone.

use std::fs;
use std::path::PathBuf;

use super::place::Place;
use super::state::State;
use super::step::{Act, Step};
use super::units;

/// The first line of every file of ours.
const MADE_BY: &str = "# Made by `sdctl takeover`; `sdctl release` takes it away.\n";
/// What starts gnome-keyring.
const KEYRING: &str = "gnome-keyring-daemon";
/// The other names for which the session bus starts gnome-keyring, and so its Secret Service.
const OTHER_NAMES: [(&str, &str); 2] =
    [("bus-keyring", "org.gnome.keyring"), ("bus-portal", "org.freedesktop.impl.portal.Secret")];
const AUTOSTART: &str = "gnome-keyring-secrets.desktop";

/// Every step, with these files in the middle.
pub(crate) fn around(files: Vec<Step>) -> Vec<Step> {
    let reload = "tells the session bus and the user's service manager of the files";
    let before = [
        Step::new(
            "owner",
            Act::Owner,
            "notes who is the Secret Service now",
            "starts what was the Secret Service before",
        ),
        Step::new("reload-back", Act::Reload, None, reload),
    ];
    let after = [
        Step::new("reload", Act::Reload, reload, None),
        Step::new("end", Act::End, "ends gnome-keyring, if it is the Secret Service now", None),
        Step::new("rest", Act::Rest, "starts gnome-keyring again for what else it did (SSH, PKCS#11)", None),
        Step::new(
            "agent",
            Act::Agent,
            "starts sd-agent, and looks whether it is the Secret Service",
            "stops sd-agent",
        ),
    ];
    before.into_iter().chain(files).chain(after).collect()
}

/// The files that a takeover puts somewhere here.
pub(crate) fn files(place: &Place) -> Vec<Step> {
    let mut steps = vec![ours_by_the_bus(place)];
    steps.extend(OTHER_NAMES.into_iter().filter_map(|(step, name)| not_by_the_bus(place, step, name)));
    steps.extend(units::KEYRING.into_iter().filter_map(|unit| masked(place, unit)));
    steps.extend(not_by_autostart(place));
    steps.extend(with_the_session(place));
    steps
}

/// What is not touched and a person should know of.
pub(crate) fn notes(place: &Place) -> Vec<String> {
    let mut notes = vec![
        "what gnome-keyring holds is still there and is not moved: see `sdctl import`".to_owned(),
        "PAM still hands the login password to gnome-keyring at each login; `sdctl takeover --system` as root ends that"
            .to_owned(),
    ];
    if portal_is_keyring(place) {
        notes.push(
            "Flatpak applications that use the Secret portal get an error until a release, for gnome-keyring was its \
             backend; their own files are left as they are. Where oo7-portal is installed, choose it in \
             ~/.config/xdg-desktop-portal/portals.conf: [preferred] org.freedesktop.impl.portal.Secret=oo7-portal"
                .to_owned(),
        );
    }
    notes
}

fn ours_by_the_bus(place: &Place) -> Step {
    let path = place.data.join("dbus-1/services/org.freedesktop.secrets.service");
    let agent = place.agent.display();
    let mut text = format!("{MADE_BY}[D-BUS Service]\nName=org.freedesktop.secrets\nExec={agent}\n");
    // A bus that starts units fails for one that is not there.
    if unit(place, units::AGENT).is_some() {
        text.push_str("SystemdService=sd-agent.service\n");
    }
    let says =
        format!("lets the session bus start sd-agent as the Secret Service: writes {}", path.display());
    Step::file("bus", path, State::file(text), says)
}

fn not_by_the_bus(place: &Place, step: &str, name: &str) -> Option<Step> {
    let file = format!("dbus-1/services/{name}.service");
    let theirs = Place::first(&place.data_dirs, &file)?;
    if !fs::read_to_string(theirs).ok()?.contains(KEYRING) {
        return None;
    }
    let path = place.data.join(&file);
    // Fails at once, where a file without Exec= would be skipped for the machine's.
    let text = format!("{MADE_BY}[D-BUS Service]\nName={name}\nExec=/bin/false\n");
    let says =
        format!("keeps the session bus from starting gnome-keyring for {name}: writes {}", path.display());
    Some(Step::file(step, path, State::file(text), says))
}

fn masked(place: &Place, name: &str) -> Option<Step> {
    unit(place, name)?;
    let path = place.config.join("systemd/user").join(name);
    let says = format!("masks {name}: links {} to /dev/null", path.display());
    Some(Step::file(&format!("mask-{}", kind(name)), path, State::link("/dev/null"), says))
}

fn not_by_autostart(place: &Place) -> Option<Step> {
    let file = format!("autostart/{AUTOSTART}");
    Place::first(&place.config_dirs, &file)?;
    let path = place.config.join(file);
    let text = format!(
        "{MADE_BY}[Desktop Entry]\nType=Application\nName=Secret Storage Service\nExec=/bin/false\nHidden=true\n"
    );
    let says =
        format!("keeps the session from starting gnome-keyring's Secret Service: writes {}", path.display());
    Some(Step::file("autostart", path, State::file(text), says))
}

fn with_the_session(place: &Place) -> Option<Step> {
    let unit = unit(place, units::AGENT)?;
    let path = place.config.join("systemd/user/graphical-session.target.wants").join(units::AGENT);
    let says = format!("lets sd-agent start with each graphical session: links {}", path.display());
    Some(Step::file("enable", path, State::link(unit), says))
}

fn unit(place: &Place, name: &str) -> Option<PathBuf> {
    Place::first(&place.unit_dirs, name)
}

fn kind(unit: &str) -> &str {
    unit.rsplit('.').next().unwrap_or_default()
}

/// Whether xdg-desktop-portal asks whoever is the Secret Service for the secret of a sandboxed application.
fn portal_is_keyring(place: &Place) -> bool {
    Place::first(&place.data_dirs, "xdg-desktop-portal/portals/gnome-keyring.portal").is_some()
}
