//! The command line, and what is made from its description: completions and manual pages.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::import;

const AFTER: &str = "\
It cannot approve anything: answers are given on the approval screen only; `sdctl status` says which key leads there (usually Ctrl+Alt+F8).

Times are relative in tables, UTC in `watch`, and seconds since 1970 in JSON.
Colour is used on a terminal only, and not when NO_COLOR is set.

Exit status: 0 done; 1 no such id, or more than one; an import that was denied, or not all of which is in the store; 64 usage; \
69 the gate or what is behind it is not there, or not every step of a takeover or release was done; 76 an answer was \
refused because it was not understood or came from somebody else; 77 it takes root; 78 this user is not set up.";

/// Shows what waits for an answer on the approval screen, and takes back or locks what is yours.
#[derive(Debug, Parser)]
#[command(name = "sdctl", version, after_help = AFTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) wish: Wish,
}

/// What is wanted.
#[derive(Debug, Subcommand)]
pub(crate) enum Wish {
    /// Says whether all is there, what waits, which key leads to the approval screen, and what to do if not.
    Status(Script),
    /// Lists what waits for an answer, in order of arrival.
    List(Script),
    /// Shows what the gate knows of one request; what exactly is asked for stands on the approval screen only.
    Show {
        /// The request's id, or the beginning of it.
        #[arg(value_parser = beginning)]
        id: String,
        #[command(flatten)]
        script: Script,
    },
    /// Lists what was settled since the gate was started, newest first: at most 200, kept in memory. No audit record.
    History(Script),
    /// Takes a request back that waits, whichever of your programs made it.
    Cancel {
        /// The request's id, or the beginning of it.
        #[arg(value_parser = beginning)]
        id: String,
    },
    /// Locks the whole store and forgets the passphrases; needs no answer on the approval screen.
    Lock,
    Import(import::Options),
    /// Follows what comes and how it is settled, one line an event, until Ctrl+C; also across a restart of the gate.
    Watch(Script),
    /// Hands the session's Secret Service over from gnome-keyring to sd-agent; `sdctl release` puts everything back.
    Takeover(Handover),
    /// Puts back what was there before `sdctl takeover`, unless somebody has changed it since.
    Release(Handover),
    /// Prints a completion script; see your shell's manual for where to put it.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Writes the manual pages into a folder.
    #[command(hide = true)]
    Man {
        /// The folder, which must be there.
        folder: PathBuf,
    },
}

/// For scripts.
#[derive(Debug, Args)]
pub(crate) struct Script {
    /// Prints JSON: one document; for `watch` one object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How the Secret Service is handed over, or back.
#[derive(Debug, Args)]
pub(crate) struct Handover {
    /// Shows each step and changes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Takes over although sd-agent could serve nobody; puts back what was there also over what somebody has changed
    /// since, which is kept beside it.
    #[arg(long)]
    pub(crate) force: bool,
    /// The login (PAM), for every user of this machine; as root.
    #[arg(long)]
    pub(crate) system: bool,
    /// The machine whose root is this folder, and not `/`.
    #[arg(long, value_name = "DIR", requires = "system")]
    pub(crate) root: Option<PathBuf>,
    /// The sd-agent that the session bus is to start.
    #[arg(long, value_name = "FILE", default_value = "/usr/libexec/secrets-dispatcher/sd-agent")]
    pub(crate) agent: PathBuf,
    #[command(flatten)]
    pub(crate) script: Script,
}

/// One to sixteen hexadecimal digits, as an id begins.
fn beginning(word: &str) -> Result<String, String> {
    let word = word.to_ascii_lowercase();
    if (1..=16).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(word)
    } else {
        Err("an id is sixteen hexadecimal digits; the first of them are enough".to_owned())
    }
}

/// Prints the completions of a shell.
pub(crate) fn completions(shell: Shell) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sdctl", &mut script);
    io::Write::write_all(&mut io::stdout(), &script)
}

/// Writes sdctl(1) and a page for each of its commands.
pub(crate) fn man(folder: &Path) -> io::Result<()> {
    clap_mangen::generate_to(Cli::command(), folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_id_may_be_begun_but_not_made_up() {
        assert_eq!(beginning("3F2a"), Ok("3f2a".to_owned()));
        for bad in ["", "3f2g", "--", "0123456789abcdef0", "3f 2"] {
            assert!(beginning(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn help_says_that_it_cannot_approve_and_offers_no_such_command() {
        let mut command = Cli::command();
        assert!(command.render_help().to_string().contains("cannot approve"));
        for word in ["approve", "grant", "allow", "answer", "confirm", "yes", "unlock"] {
            assert!(command.find_subcommand(word).is_none(), "{word}");
        }
    }

    #[test]
    fn every_command_has_a_manual_page() {
        let folder = tempfile::tempdir().unwrap();
        man(folder.path()).unwrap();
        for page in ["sdctl.1", "sdctl-status.1", "sdctl-watch.1", "sdctl-cancel.1"] {
            let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
            assert!(text.contains(".SH NAME"), "{page}: {text}");
        }
        let page = std::fs::read_to_string(folder.path().join("sdctl.1")).unwrap();
        assert!(page.contains("Exit status") && page.contains("cannot approve"), "{page}");
    }

    #[test]
    fn every_shell_that_is_named_has_completions() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "sdctl", &mut script);
            assert!(String::from_utf8(script).unwrap().contains("history"), "{shell}");
        }
    }
}
