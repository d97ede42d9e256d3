//! What a process looks like: its present appearance, which it can rewrite. Evidence, never proof.

use std::fs;

use sd_wire::printable::Printable;

/// The longest name that is shown.
const LONGEST: usize = 40;

/// The name in a process's arguments, or else its short one; `None` when it is gone or another user hides it.
pub(crate) fn looks_like(pid: u32) -> Option<String> {
    // proc_pid_cmdline(5): unlike the link to the executable it can also be read of a process that is not dumpable,
    // such as sd-agent.
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let program = arguments.split(|b| *b == 0).next().unwrap_or_default();
    let name = program.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).into_owned();
    let name = if name.is_empty() { fs::read_to_string(format!("/proc/{pid}/comm")).ok()? } else { name };
    Some(Printable::clipped(name.trim_end(), LONGEST).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_named_by_its_program_and_one_that_is_gone_is_not() {
        assert!(looks_like(std::process::id()).unwrap().starts_with("sdctl"));
        assert_eq!(looks_like(u32::MAX), None);
    }
}
