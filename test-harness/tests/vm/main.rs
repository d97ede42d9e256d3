//! A booted machine with a keyboard and a screen: Debian under QEMU, the package installed, provisioned as a person does
//! it. Keys are pressed by QEMU on its keyboard, and the screen is photographed; see vm/README.md.
//!
//! Needs root to build the image once, and qemu-system-x86; the ring `vm` runs it. Each scenario is a file, begins at a
//! checkpoint of the provisioned machine, and leaves its pictures in `target/vm/<scenario>/`.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod a_commit_waits_for_the_screen;
mod a_no_is_a_clear_error;
mod a_process_dies;
mod an_application_gets_its_secret;
mod keyboard_and_screen;
mod locked_and_unlocked;
mod login_starts_the_companion;
mod logout_stops_the_companion;
mod machine;
mod moments;
mod nobody_else;
mod person;
mod removed_without_a_trace;
mod upgraded_under_a_session;
