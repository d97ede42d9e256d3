//! Who this process is.

/// The effective user id of this process: the one that the kernel shows to its peers.
pub fn own_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// The process id of this process, in its own pid namespace.
pub fn own_pid() -> i32 {
    nix::unistd::getpid().as_raw()
}
