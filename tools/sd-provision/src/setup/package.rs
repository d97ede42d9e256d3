//! What has to be installed before anything can be set up.

use crate::failure::Failure;
use crate::setup::choice::Backend;
use crate::setup::site::{LIBEXEC, Site};
use crate::setup::step::{Found, Step, Work};

/// The programs and units of the package.
#[derive(Debug)]
pub(crate) struct Package;

/// The program of the backend that was chosen.
#[derive(Debug)]
pub(crate) struct Program;

const PROGRAMS: [&str; 8] =
    ["sd-bell", "sd-session", "sd-gate", "sd-decide", "sd-fetch", "sd-sign", "sd-pinentry", "sd-agent"];
/// A person calls it, too.
pub(crate) const AUDIT: &str = "/usr/sbin/sd-audit";
/// Below /usr/lib/systemd/system. Without its drop-ins a unit would run without its sandbox, or not at all.
const UNITS: [&str; 19] = [
    "secrets-dispatcher@.target",
    "sd-login@.service",
    "sd-logout@.service",
    "sd-logout@.path",
    "sd-gate@.service",
    "sd-decide@.service",
    "sd-decide@.socket",
    "sd-passphrase@.socket",
    "sd-fetch@.service",
    "sd-fetch@.socket",
    "sd-sign@.service",
    "sd-sign@.socket",
    "sd-audit@.service",
    "sd-audit@.socket",
    "sd-.service.d/10-sandbox.conf",
    "sd-decide@.service.d/20-terminal.conf",
    "sd-fetch@.service.d/20-companion.conf",
    "sd-sign@.service.d/20-companion.conf",
    "sd-audit@.service.d/20-record.conf",
];
/// Without it the companion's user manager has nothing to start.
const MANAGER: &str = "/usr/lib/secrets-dispatcher/companion/default.target";

impl Step for Package {
    fn name(&self) -> &'static str {
        "package"
    }

    fn says(&self, _: &Site) -> String {
        "the programs and units of the package are there".into()
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        let programs = PROGRAMS.iter().map(|name| format!("{LIBEXEC}/{name}"));
        let units = UNITS.iter().map(|unit| format!("/usr/lib/systemd/system/{unit}"));
        let of_users = ["sd-agent.service".to_owned(), work.site.choice.backend.unit()];
        let of_users = of_users.map(|unit| format!("/usr/lib/systemd/user/{unit}"));
        let missing: Vec<String> = programs
            .chain(units)
            .chain(of_users)
            .chain(["/usr/bin/sdctl".to_owned(), AUDIT.to_owned(), MANAGER.to_owned()])
            .filter(|path| !work.site.at(path).is_file())
            .collect();
        Ok(if missing.is_empty() {
            Found::Good
        } else {
            Found::Lacking(format!("{} is not there", missing.join(", ")))
        })
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        refuse(self.look(work)?, "install the package secrets-dispatcher first")
    }

    fn undo(&self, _: &mut Work) -> Result<(), Failure> {
        Ok(())
    }

    fn mend(&self, _: &Site) -> String {
        "apt install --reinstall secrets-dispatcher".into()
    }
}

/// Where the program of a backend may lie, and what brings it.
fn program(backend: Backend) -> (&'static [&'static str], &'static str) {
    match backend {
        Backend::Store => {
            (&["/usr/libexec/secrets-dispatcher/sd-store"], "apt install --reinstall secrets-dispatcher")
        }
        Backend::Gopass => (
            &["/usr/bin/gopass-secret-service", "/usr/local/bin/gopass-secret-service"],
            "install gopass-secret-service into /usr/local/bin, from its authors (Debian has no package of it)",
        ),
        Backend::GnomeKeyring => (&["/usr/bin/gnome-keyring-daemon"], "apt install gnome-keyring"),
        Backend::Oo7 => (
            &[
                OO7,
                "/usr/local/libexec/oo7-daemon",
                "/usr/lib/oo7-daemon",
                "/usr/bin/oo7-daemon",
                "/usr/local/bin/oo7-daemon",
            ],
            "install oo7-daemon 0.7 or newer into /usr/local/libexec (Debian 12 has no package of it)",
        ),
    }
}

/// Where the unit of oo7-daemon looks for it.
const OO7: &str = "/usr/libexec/oo7-daemon";

/// The program of a backend, on this machine, where it is elsewhere than its unit says. Units find programs in /usr/bin
/// and /usr/local/bin by themselves.
pub(crate) fn elsewhere(backend: Backend) -> Option<&'static str> {
    let (places, _) = program(backend);
    let found = places.iter().find(|place| std::path::Path::new(place).is_file());
    found.copied().filter(|place| backend == Backend::Oo7 && *place != OO7)
}

impl Step for Program {
    fn name(&self) -> &'static str {
        "backend"
    }

    fn says(&self, site: &Site) -> String {
        format!("the program of the backend {} is there", site.choice.backend)
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        let (places, _) = program(work.site.choice.backend);
        Ok(if places.iter().any(|place| work.site.at(place).is_file()) {
            Found::Good
        } else {
            Found::Lacking(format!("there is no {}", places.join(" or ")))
        })
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        let (_, advice) = program(work.site.choice.backend);
        refuse(self.look(work)?, &format!("{advice}, or choose another one by --backend"))
    }

    fn undo(&self, _: &mut Work) -> Result<(), Failure> {
        Ok(())
    }

    fn mend(&self, site: &Site) -> String {
        program(site.choice.backend).1.to_owned()
    }
}

fn refuse(found: Found, advice: &str) -> Result<(), Failure> {
    match found {
        Found::Lacking(why) => Err(Failure::Unavailable(format!("{why}: {advice}"))),
        Found::Good | Found::Skipped(_) | Found::Left(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_unit_of_the_system_manager_is_looked_for_and_no_other() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../units/system");
        let mut there = Vec::new();
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            match std::fs::read_dir(entry.path()) {
                Ok(parts) => {
                    there.extend(
                        parts.map(|part| format!("{name}/{}", part.unwrap().file_name().to_string_lossy())),
                    );
                }
                Err(_) => there.push(name),
            }
        }
        there.sort();
        let mut known = UNITS.map(str::to_owned).to_vec();
        known.sort();
        assert_eq!(there, known);
    }
}
