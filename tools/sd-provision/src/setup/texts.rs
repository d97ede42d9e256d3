//! What stands in the files of one desktop user.

use sd_wire::line::Words;
use sd_wire::parties::Parties;

use crate::failure::Failure;
use crate::setup::site::Site;

/// The policy of the system bus, of which there is one a desktop user.
const POLICY: &str = include_str!("../../../../policy/net.mowaka.SecretsDispatcher1.conf.in");

/// The policy of the name without a uid, of which there is one a machine.
const PLAIN: &str = include_str!("../../../../policy/net.mowaka.SecretsDispatcher1.plain.conf.in");

/// The first line of every file that is a list of settings.
fn made(site: &Site) -> String {
    format!("# Made by `{}`, which writes it anew; `{0} --remove` takes it away.\n", site.command())
}

/// sysusers.d(5): a user of its own for each role.
pub(crate) fn sysusers(site: &Site) -> String {
    let [gate, decide, audit, companion] = site.servants();
    let (made, user, home) = (made(site), site.user(), site.home());
    format!(
        "{made}\
         u {gate} - \"Gate of Secrets Dispatcher for {user}\" - -\n\
         u {decide} - \"Decider of Secrets Dispatcher for {user}\" - -\n\
         u {audit} - \"Record of Secrets Dispatcher for {user}\" - -\n\
         u {companion} - \"Companion of {user}\" {home} /usr/sbin/nologin\n"
    )
}

/// tmpfiles.d(5): the folders.
pub(crate) fn tmpfiles(site: &Site) -> String {
    let [.., audit, companion] = site.servants();
    let (made, user, home) = (made(site), site.user(), site.home());
    format!(
        "{made}\
         d /run/secrets-dispatcher 0755 root root -\n\
         d /run/secrets-dispatcher/{user} 0755 root root -\n\
         d /var/lib/secrets-dispatcher 0755 root root -\n\
         d /var/lib/secrets-dispatcher/{user} 0755 root root -\n\
         d {home} 0700 {companion} {companion} -\n\
         d /var/log/secrets-dispatcher 0755 root root -\n\
         d /var/log/secrets-dispatcher/{user} 0750 {audit} {audit} -\n"
    )
}

/// Who is who.
pub(crate) fn parties(parties: &Parties) -> Result<String, Failure> {
    let line = parties.to_line().map_err(|e| Failure::Unavailable(e.to_string()))?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// No rules, and where it stands what could be one.
pub(crate) const RULES: &str = "\
# Rules that restrict what may be asked for, and how: see /usr/share/doc/secrets-dispatcher/rules.md.
# This file is yours: sd-provision makes it once. After a change:
#   /usr/libexec/secrets-dispatcher/sd-decide --check-rules THIS_FILE && systemctl restart sd-decide@USER.service
";

/// The policy of the bus.
pub(crate) fn policy(site: &Site) -> String {
    named(POLICY, site)
}

/// The policy of the name without a uid.
pub(crate) fn plain_policy(site: &Site) -> String {
    named(PLAIN, site)
}

fn named(template: &str, site: &Site) -> String {
    let [gate, ..] = site.servants();
    template.replace("@GATE@", &gate).replace("@DESKTOP@", &site.desktop.uid.to_string())
}

/// A template of units/companion.
fn filled(template: &str, site: &Site, parties: &Parties) -> String {
    let [.., companion] = site.servants();
    let words = [
        ("@USER@", site.user()),
        ("@COMPANION@", &companion),
        ("@HOME@", &site.home()),
        ("@UID@", &parties.desktop.to_string()),
        ("@CUID@", &parties.companion.to_string()),
        ("@VT@", &site.choice.vt.to_string()),
    ];
    words.iter().fold(made(site) + template, |text, (word, value)| text.replace(word, value))
}

/// secrets-dispatcher@.target: lives with the desktop user's sessions, on top of the companion's.
pub(crate) fn target(site: &Site, parties: &Parties) -> String {
    filled(include_str!("../../../../units/companion/secrets-dispatcher@.target.conf.in"), site, parties)
}

/// sd-decide@.service: the terminal.
pub(crate) fn decide(site: &Site, parties: &Parties) -> String {
    filled(include_str!("../../../../units/companion/sd-decide@.service.conf.in"), site, parties)
}

/// sd-fetch@.service: the companion's bus.
pub(crate) fn fetch(site: &Site, parties: &Parties) -> String {
    filled(include_str!("../../../../units/companion/sd-fetch@.service.conf.in"), site, parties)
}

/// sd-sign@.service: the companion's keyring, and its gpg-agent.
pub(crate) fn sign(site: &Site, parties: &Parties) -> String {
    filled(include_str!("../../../../units/companion/sd-sign@.service.conf.in"), site, parties)
}

/// user@.service of the companion: its sandbox, and no longer than it is needed.
pub(crate) fn manager(site: &Site, parties: &Parties) -> String {
    filled(include_str!("../../../../units/companion/user@.service.conf.in"), site, parties)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Account;
    use crate::setup::choice::{Backend, Choice};

    #[test]
    fn nothing_of_a_template_is_left_to_be_filled_in() {
        let choice = Choice { vt: 9, backend: Backend::Store, plain_name: true };
        let site = Site::below("/x".as_ref(), Account::former("nb", 1000), choice, |_| None);
        let parties = Parties { desktop: 1000, gate: 990, decide: 989, companion: 988, audit: Some(987) };
        for text in [target, decide, fetch, sign, manager].map(|text| text(&site, &parties)) {
            assert!(
                !text
                    .replace("user@988", "")
                    .replace("user@1000", "")
                    .replace("@nb", "")
                    .replace("@.", "")
                    .contains('@'),
                "{text}"
            );
        }
        assert!(decide(&site, &parties).contains("TTYPath=/dev/tty9\n"));
        assert!(target(&site, &parties).contains("StopPropagatedFrom=user@1000.service\n"));
    }
}
