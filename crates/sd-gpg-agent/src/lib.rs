//! gpg-agent itself, at its own socket: what gpg and gpgme do not tell about passphrases (gnupg doc, "Agent
//! Protocol"). A socket at which nobody listens is left so: no second agent is started.
#![forbid(unsafe_code)]

#[cfg(any(test, fuzzing))]
pub mod hostile;
mod says;

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

use sd_wire::deadline;
use sd_wire::fault::Fault;

pub use says::fault;

/// More than gpg-agent says to either command.
const MAX_REPLY: u64 = 16 * 1024;

/// Whether gpgme knows its gpg. It asks gpgconf and gpg once in the life of a process, and for good, also where neither
/// could be started at that moment (gpgme, `src/dirinfo.c` and `src/engine.c`): a process that has heard nothing can
/// only make room for another one.
#[must_use]
pub fn gpg_is_known() -> bool {
    let gpgme = gpgme::init();
    gpgme.get_dir_info("homedir").is_ok()
        && gpgme.engine_info().is_ok_and(|engines| {
            engines.get(gpgme::Protocol::OpenPgp).is_some_and(|gpg| gpg.version().is_ok())
        })
}

/// Whether there is a gpg-agent.
///
/// # Errors
/// [`Fault::NoAgent`] when its socket is there and may not be used.
pub fn runs() -> Result<bool, Fault> {
    Ok(connect()?.is_some())
}

/// Makes gpg-agent forget every passphrase. When there is none, there is nothing to forget.
///
/// # Errors
/// [`Fault`], when it does not say that it has.
pub fn forget() -> Result<(), Fault> {
    match connect()? {
        Some(agent) => transact(agent, "RELOADAGENT").map(drop),
        None => Ok(()),
    }
}

/// Whether using the key with this keygrip would make gpg-agent ask for its passphrase. A key on a card is said to
/// need none: whether the card wants its PIN, the agent does not know.
///
/// # Errors
/// [`Fault::NoAgent`] when no agent runs, [`Fault::NotFound`] when it has no such key.
pub fn would_ask(grip: &str) -> Result<bool, Fault> {
    if grip.len() != 40 || !grip.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(Fault::Malformed);
    }
    let agent = connect()?.ok_or(Fault::NoAgent)?;
    let said = transact(agent, &format!("KEYINFO {grip}"))?;
    said.iter().find_map(|line| asks(line, grip)).ok_or(Fault::NotFound)
}

/// One status line: `S KEYINFO <grip> <type> <serial> <id> <cached> <protection> …`.
fn asks(line: &str, grip: &str) -> Option<bool> {
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["S", "KEYINFO", of, kind, _, _, cached, protection, ..] if *of == grip => {
            Some(*kind == "D" && *cached != "1" && *protection != "C")
        }
        _ => None,
    }
}

fn connect() -> Result<Option<UnixStream>, Fault> {
    let path = gpgme::init().get_dir_info("agent-socket").map_err(|_| Fault::Unavailable)?;
    match UnixStream::connect(path) {
        Ok(agent) => {
            agent.set_read_timeout(Some(deadline::BACKEND_CALL)).map_err(lost)?;
            agent.set_write_timeout(Some(deadline::BACKEND_CALL)).map_err(lost)?;
            Ok(Some(agent))
        }
        Err(why) if matches!(why.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        Err(why) => {
            sd_journal::warning(format!("gpg-agent cannot be reached at {path}: {why}"));
            Err(Fault::NoAgent)
        }
    }
}

/// Says one command after the greeting, and gives the status lines before the `OK`.
fn transact(mut agent: impl Read + Write, command: &str) -> Result<Vec<String>, Fault> {
    answer(&mut agent)?;
    agent.write_all(format!("{command}\n").as_bytes()).map_err(lost)?;
    answer(&mut agent)
}

/// Reads up to `OK` or `ERR`. The agent says no more after it until it is asked, so that nothing is read too far.
fn answer(agent: &mut impl Read) -> Result<Vec<String>, Fault> {
    let mut said = Vec::new();
    let mut lines = BufReader::new(agent.take(MAX_REPLY));
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).map_err(lost)?;
        let Some(line) = line.strip_suffix('\n') else { return Err(Fault::Lost) };
        match line.split(' ').next() {
            Some("OK") => return Ok(said),
            Some("ERR") => return Err(refused(line)),
            _ => said.push(line.to_owned()),
        }
    }
}

fn refused(line: &str) -> Fault {
    /// `GPG_ERR_NOT_FOUND`, in the low 16 bits.
    const NOT_FOUND: u32 = 27;
    let number = line.split(' ').nth(1).and_then(|number| number.parse::<u32>().ok());
    if number.is_some_and(|number| number & 0xffff == NOT_FOUND) {
        return Fault::NotFound;
    }
    sd_journal::warning(format!("gpg-agent: {line}"));
    Fault::Refused
}

fn lost(why: io::Error) -> Fault {
    if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) {
        Fault::GpgTimeout
    } else {
        Fault::Lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRIP: &str = "998CCEF4A6BDD898D312F745CA2514E727EFFFA3";

    fn said(flags: &str) -> Option<bool> {
        asks(&format!("S KEYINFO {GRIP} {flags} - - -"), GRIP)
    }

    #[test]
    fn a_protected_key_asks_until_its_passphrase_is_cached() {
        // As gpg-agent 2.2.40 says it.
        assert_eq!(said("D - - - P"), Some(true));
        assert_eq!(said("D - - 1 P"), Some(false));
        assert_eq!(said("D - - - C"), Some(false), "no passphrase");
        assert_eq!(said("T D27600 OPENPGP.1 - -"), Some(false), "a card");
    }

    #[test]
    fn another_key_says_nothing_of_this_one() {
        assert_eq!(asks("S KEYINFO 00 D - - - P - - -", GRIP), None);
        assert_eq!(asks("S KEYINFO", GRIP), None);
        assert_eq!(asks("", GRIP), None);
    }

    #[test]
    fn what_is_no_keygrip_is_not_said_to_the_agent() {
        assert_eq!(would_ask("--list"), Err(Fault::Malformed));
        assert_eq!(would_ask(&format!("{GRIP}\nKILLAGENT")), Err(Fault::Malformed));
    }

    #[test]
    fn an_agent_that_babbles_or_stops_half_way_is_given_up() {
        let read = |text: &str| answer(&mut text.as_bytes());
        assert_eq!(read("S a\n# b\nOK\n"), Ok(vec!["S a".into(), "# b".into()]));
        assert_eq!(read("S a\nOK"), Err(Fault::Lost));
        assert_eq!(read(&"S babble\n".repeat(10_000)), Err(Fault::Lost));
        assert_eq!(read(&"x".repeat(100_000)), Err(Fault::Lost));
        assert_eq!(read("ERR 67108891 Not found <GPG Agent>\n"), Err(Fault::NotFound));
        assert_eq!(read("ERR\n"), Err(Fault::Refused));
    }
}
