//! What is on a machine's disk, to be compared with what was there before.

use std::collections::BTreeMap;

use crate::machine::Machine;

/// Everything of a machine's tree: its kind, mode, owner, and what is in it, by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree(BTreeMap<String, String>);

/// What changes by itself while a machine runs, and what only says that something else was changed.
const VOLATILE: &str = "^(dev|proc|run|sys|tmp)/|^var/(log|cache|tmp)/|^root/|^var/lib/systemd/|^home/[a-z]*/\\.(cache|bash_history)\
    |^etc/(passwd|shadow|group|gshadow|subuid|subgid)-$|^etc/\\.pwd\\.lock$|^etc/machine-id$|/dbus-1/.*\\.cache\
    |^var/lib/dpkg/|^var/lib/logrotate|^var/lib/pam/seen$|^usr/share/mime/|^var/lib/lastlog|^etc/systemd/system/[a-z-]*\\.wants$";

impl Machine {
    /// What is on its disk now.
    pub(crate) fn tree(&self) -> Tree {
        let listed = self.ok(&format!(
            "cd / && find . -xdev -printf '%P\\t%y %m %U:%G %l\\n' | grep -Ev {volatile} | sort
             find etc home var -xdev -type f | grep -Ev {volatile} | sort | xargs -d '\\n' sha256sum",
            volatile = crate::session::quoted(VOLATILE)
        ));
        let mut things = BTreeMap::new();
        for line in listed.lines() {
            let (path, what) = match line.split_once('\t') {
                Some(pair) => pair,
                None => line.split_once("  ").map(|(sum, path)| (path, sum)).unwrap(),
            };
            let entry: &mut String = things.entry(path.to_owned()).or_default();
            entry.push_str(what);
            entry.push(' ');
        }
        assert!(things.len() > 5000, "{} things are no machine", things.len());
        Tree(things)
    }
}

impl Tree {
    /// A line for each difference of what is now: `+` is new, `-` gone, `!` changed.
    pub(crate) fn differences(&self, now: &Self) -> Vec<String> {
        let new = now.0.keys().filter(|path| !self.0.contains_key(*path)).map(|path| format!("+ {path}"));
        let rest = self.0.iter().filter_map(|(path, was)| match now.0.get(path) {
            None => Some(format!("- {path}")),
            Some(is) if is != was => Some(format!("! {path}: {was}-> {is}")),
            Some(_) => None,
        });
        new.chain(rest).collect()
    }
}
