//! Clients that need another answer than the truth that serves all others.

use sd_sys::process::Process;

/// Programs that delete what they find: libsecret's `secret_service_clear` searches, deletes what the search calls
/// unlocked, and takes what it calls locked for nothing (libsecret 0.20.5 and 0.21, secret-methods.c,
/// `on_delete_searched`). For them alone what is found counts as unlocked. They say themselves who they are, and gain
/// nothing by a lie: either list tells the same paths, a read still needs its approval, and a deletion its own.
const DELETERS: &[(&str, &str)] = &[
    ("secret-tool", "clear"),
    ("git-credential-libsecret", "erase"),
    ("docker-credential-secretservice", "erase"),
];

/// Whether a process says that it is one of those programs.
pub(crate) fn deletes_what_it_finds(pid: i32) -> bool {
    Process::look(pid).is_ok_and(|process| is_deleter(&process.cmdline))
}

fn is_deleter(command_line: &[Vec<u8>]) -> bool {
    let [program, verb, ..] = command_line else { return false };
    let name = program.rsplit(|b| *b == b'/').next().unwrap_or_default();
    DELETERS.iter().any(|known| (name, verb.as_slice()) == (known.0.as_bytes(), known.1.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> Vec<Vec<u8>> {
        words.iter().map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn deleters_are_known_by_program_and_verb() {
        assert!(is_deleter(&line(&["secret-tool", "clear", "service", "demo"])));
        assert!(is_deleter(&line(&["/usr/lib/git-core/git-credential-libsecret", "erase"])));
        assert!(!is_deleter(&line(&["secret-tool", "lookup", "service", "clear"])));
        assert!(!is_deleter(&line(&["secret-tool"])));
        assert!(!is_deleter(&line(&["other", "clear"])));
        assert!(!is_deleter(&[]));
    }
}
