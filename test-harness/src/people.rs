//! The uids of the roles: one for all as an ordinary user, one each as root.

use std::fs;
use std::path::Path;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Uid, geteuid};

use crate::failure::{Doing, Failure};

/// Between the ranges that distributions and systemd hand out, and below 65534 so that it also exists inside a
/// container that maps the first 65536 only.
const FIRST: u32 = 65520;

/// Who runs what. Every uid has the gid of the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct People {
    /// COMMAND, sd-agent and the session bus.
    pub desktop: u32,
    /// sd-gate.
    pub gate: u32,
    /// sd-decide.
    pub decide: u32,
    /// sd-fetch, sd-sign, the backend and its bus.
    pub companion: u32,
    /// The system bus.
    pub bus: u32,
    /// sd-audit.
    pub audit: u32,
    /// Whether they differ, which takes root.
    pub apart: bool,
}

impl People {
    /// The people of a run started by whoever runs this process.
    #[must_use]
    pub fn here() -> Self {
        let me = geteuid();
        if me.is_root() {
            Self {
                desktop: FIRST,
                gate: FIRST + 1,
                decide: FIRST + 2,
                companion: FIRST + 3,
                bus: FIRST + 4,
                audit: FIRST + 5,
                apart: true,
            }
        } else {
            Self::all_one(me)
        }
    }

    fn all_one(me: Uid) -> Self {
        let uid = me.as_raw();
        Self { desktop: uid, gate: uid, decide: uid, companion: uid, bus: uid, audit: uid, apart: false }
    }

    /// The file of the roles, as provisioning writes it.
    #[must_use]
    pub fn parties(&self) -> String {
        let Self { desktop, gate, decide, companion, audit, .. } = self;
        format!(
            "{{\"v\":1,\"body\":{{\"desktop\":{desktop},\"gate\":{gate},\"decide\":{decide},\"companion\":{companion},\
             \"audit\":{audit}}}}}\n"
        )
    }

    /// Gives the people names, in a view of /etc/passwd and /etc/group that only this thread and its children have.
    ///
    /// dbus-daemon looks every uid of its policy up, and drops a rule whose user it does not find.
    ///
    /// # Errors
    /// When the kernel allows no mount namespace, as in a container without CAP_SYS_ADMIN.
    pub fn introduce(&self, dir: &Path) -> Result<(), Failure> {
        if !self.apart {
            return Ok(());
        }
        let why =
            "give each tool a user of its own (root without CAP_SYS_ADMIN? run the rig as an ordinary user)";
        unshare(CloneFlags::CLONE_NEWNS).doing(why)?;
        let nothing: Option<&str> = None;
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(nothing, "/", nothing, private, nothing).doing(why)?;
        let (mut passwd, mut group) = (String::new(), String::new());
        for (role, uid) in self.roles() {
            passwd.push_str(&format!("sd-rig-{role}:x:{uid}:{uid}::{}:/bin/sh\n", dir.join(role).display()));
            group.push_str(&format!("sd-rig-{role}:x:{uid}:\n"));
        }
        for (file, lines) in [("passwd", passwd), ("group", group)] {
            let real = Path::new("/etc").join(file);
            let ours = dir.join(file);
            let known = fs::read_to_string(&real).doing(format_args!("read {}", real.display()))?;
            fs::write(&ours, known + &lines).doing(format_args!("write {}", ours.display()))?;
            mount(Some(&ours), &real, nothing, MsFlags::MS_BIND, nothing).doing(why)?;
        }
        Ok(())
    }

    /// Each role and its uid.
    #[must_use]
    pub fn roles(&self) -> [(&'static str, u32); 6] {
        [
            ("desktop", self.desktop),
            ("gate", self.gate),
            ("decide", self.decide),
            ("companion", self.companion),
            ("bus", self.bus),
            ("audit", self.audit),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_roles_names_the_five_of_the_chain() {
        let mut people = People::all_one(Uid::from_raw(1000));
        people.gate = 990;
        let expected = "{\"v\":1,\"body\":{\"desktop\":1000,\"gate\":990,\"decide\":1000,\"companion\":1000,\"audit\":1000}}\n";
        assert_eq!(people.parties(), expected);
    }
}
