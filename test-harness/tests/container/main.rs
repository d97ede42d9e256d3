//! Installed machines: a Debian tree that systemd-nspawn boots, with the package, users who log in through PAM, and
//! the kernel's own virtual terminals.
//!
//! Needs root, systemd-nspawn, and the tree of scripts/machine-tree.sh; the ring `container` runs it, and nothing else
//! does. A file of tests is about one subject and boots a machine for it, on which its tests run one after the other.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod backends;
mod broken;
mod bus;
mod checks;
mod doors;
mod installed;
mod leaks;
mod logins;
mod machine;
mod packages;
mod provisioning;
mod scores;
mod session;
mod terminal;
mod tree;
mod two;
mod using;
mod waiting;
