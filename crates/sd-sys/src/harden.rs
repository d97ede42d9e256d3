//! What each daemon gives up before it reads its first byte.

use std::fmt;

use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::{Mode, umask};

/// Which of the measures the kernel refused. The tool must not go on.
#[derive(Debug)]
pub enum HardenError {
    /// The process could not be made undumpable (`PR_SET_DUMPABLE`).
    Dumpable(Errno),
    /// Core files could not be switched off (`RLIMIT_CORE`).
    Core(Errno),
    /// The gain of privileges by exec could not be given up (`PR_SET_NO_NEW_PRIVS`).
    NewPrivileges(Errno),
}

impl fmt::Display for HardenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HardenError::Dumpable(why) => write!(f, "this process could not be made undumpable: {why}"),
            HardenError::Core(why) => write!(f, "core files could not be switched off: {why}"),
            HardenError::NewPrivileges(why) => {
                write!(f, "the gain of privileges could not be given up: {why}")
            }
        }
    }
}

impl std::error::Error for HardenError {}

/// Makes this process undumpable (no ptrace, no `/proc/<pid>/mem` for its own uid), without core
/// files, unable to gain privileges by exec, and with the umask 077.
///
/// From here on the files in `/proc/<pid>` of this process belong to root, so the owner of that
/// directory says nothing about its uid (proc(5)).
pub fn this_process() -> Result<(), HardenError> {
    nix::sys::prctl::set_dumpable(false).map_err(HardenError::Dumpable)?;
    // A pipe in core_pattern ignores RLIMIT_CORE; undumpable, above, holds there as well.
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(HardenError::Core)?;
    nix::sys::prctl::set_no_new_privs().map_err(HardenError::NewPrivileges)?;
    umask(Mode::from_bits_truncate(0o077));
    Ok(())
}

#[cfg(test)]
mod tests;
