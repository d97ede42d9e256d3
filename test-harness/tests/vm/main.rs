//! A booted machine with a keyboard and a screen: Debian under QEMU, the package installed, provisioned as a person does
//! it. Keys are pressed by QEMU on its keyboard, and the screen is photographed; see vm/README.md.
//!
//! Needs root to build the image once, and qemu-system-x86; the ring `vm` runs it. Each scenario is a file, begins at a
//! checkpoint of the provisioned machine, and leaves its pictures in `target/vm/<scenario>/`.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod keyboard_and_screen;
mod machine;
