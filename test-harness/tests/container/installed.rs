//! The package on a machine, and users who are provisioned.

use std::fs;
use std::path::{Path, PathBuf};

use crate::machine::{Machine, Said};
use crate::waiting::eventually;

/// The line before what a test tells whoever reads the output of the ring; scripts/run-rings.sh looks for it.
pub(crate) fn tell(text: &str) {
    let lines: Vec<String> = text.lines().map(|line| format!("| {line}\n")).collect();
    // At once, and on lines of its own: other tests speak at the same time.
    print!("\n{}", lines.concat());
}

/// The Secret Service of companions where a test is not about it: it needs no key.
pub(crate) const BACKEND: &str = "gnome-keyring";

impl Machine {
    /// A machine with the package, and the user nb provisioned on its first terminal.
    pub(crate) fn installed() -> Self {
        let machine = Self::boot();
        machine.install();
        machine.provision("nb", 0);
        machine
    }

    /// Installs the package that was built last.
    pub(crate) fn install(&self) {
        self.bring(&package());
        self.ok("dpkg --install /root/secrets-dispatcher.deb");
    }

    /// Lays a package down as /root/secrets-dispatcher.deb.
    pub(crate) fn bring(&self, package: &Path) {
        fs::copy(package, self.path("/root/secrets-dispatcher.deb")).unwrap();
    }

    /// Provisions a user on one of the machine's terminals.
    pub(crate) fn provision(&self, user: &str, terminal: usize) -> Said {
        let said = self.run(&format!(
            "sd-provision --user {user} --vt {} --backend gnome-keyring",
            self.terminal(terminal).number()
        ));
        assert_eq!(said.code, 0, "{said:#?}\n{}", self.journal());
        said
    }

    /// What systemctl says a unit is.
    pub(crate) fn state(&self, unit: &str) -> String {
        self.run(&format!("systemctl is-active {unit}")).out
    }

    /// Who owns a name on the system bus.
    pub(crate) fn owner(&self, name: &str) -> Option<String> {
        let said =
            self.run(&format!("busctl --system status --json=short {name} || busctl --system status {name}"));
        let user = said.out.lines().find_map(|line| line.strip_prefix("EUID=").map(str::to_owned));
        user.map(|uid| self.ok(&format!("id -nu {uid}")))
    }

    /// Waits until everything of a user is up: the target, the gate with its name, the decider on its terminal.
    pub(crate) fn comes_up(&self, user: &str) {
        eventually(&format!("the companion of {user}"), || self.journal(), || self.is_up(user));
    }

    /// Whether everything of a user is up.
    pub(crate) fn is_up(&self, user: &str) -> bool {
        let units =
            format!("secrets-dispatcher@{user}.target sd-gate@{user}.service sd-decide@{user}.service");
        self.state(&units) == "active\nactive\nactive"
    }

    /// Waits until nothing of a user is left: no unit, no process.
    pub(crate) fn goes_down(&self, user: &str) {
        let told = || format!("{}\n{}", self.left(user), self.journal());
        eventually(&format!("the end of {user}'s companion"), told, || self.is_down(user));
    }

    /// Whether nothing of a user is left.
    pub(crate) fn is_down(&self, user: &str) -> bool {
        self.left(user).is_empty()
    }

    /// How often a user's companion was started since the boot.
    pub(crate) fn starts(&self, user: &str) -> String {
        self.ok(&format!(
            "journalctl --boot --no-pager --output cat --unit user@$(id -u secrets-{user}).service | grep -c ^Started || true"
        ))
    }

    /// The units that are not inactive and the processes of a user's companion.
    pub(crate) fn left(&self, user: &str) -> String {
        let units = format!(
            "systemctl list-units --plain --no-legend --state=active,activating,deactivating,reloading \
             'secrets-dispatcher@{user}.*' 'sd-*@{user}.*'"
        );
        let processes = format!(
            "for role in sd-gate-{user} sd-decide-{user} sd-audit-{user} secrets-{user}; do
                 id $role >/dev/null 2>&1 && ps -o pid=,user:20=,args= -u $role
             done; true"
        );
        format!("{}{}", self.run(&units).out, self.run(&processes).out)
    }
}

/// The package of scripts/deb.sh.
pub(crate) fn package() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    let name = format!("secrets-dispatcher_{}_", env!("CARGO_PKG_VERSION"));
    let files = fs::read_dir(target.join("debian")).into_iter().flatten().flatten().map(|file| file.path());
    let is_it = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "deb")
            && path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&name))
    };
    files.filter(is_it).max().expect("no package in target/debian: DEB_BUILD_OPTIONS=noopt just deb makes it")
}
