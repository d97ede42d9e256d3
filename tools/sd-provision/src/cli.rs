//! The command line, and what is made from its description: completions and manual pages.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use sd_wire::sign::Fingerprint;

use crate::setup::choice::Backend;
use crate::setup::home::inside::Task;

const AFTER: &str = "\
What it would do is said by --dry-run. It can be interrupted at any point and run again, and done twice it changes nothing. \
What was made stands in /etc/secrets-dispatcher/NAME/provision.json. /usr/share/doc/secrets-dispatcher/docs/install.md says \
all of it, from the package to the first approved secret, and back.

Exit status: 0 done; 1 a check failed; 64 usage, or the terminal is taken; 65 the file holds no key that could be taken; 69 a \
program of the system is not there or refused, and a second run goes on there; 77 another user must run it; 78 this user is \
not set up, or a file of ours cannot be used.";

/// Sets Secrets Dispatcher up for a desktop user, checks it, and takes it away again.
///
/// The user's secrets and keys move to a user of their own, the companion, and leave it only by a key that is pressed on the
/// approval screen, a virtual terminal. Run it as root.
#[derive(Debug, Parser)]
#[command(name = "sd-provision", version, after_help = AFTER, args_conflicts_with_subcommands = true)]
#[command(arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) setup: Setup,
    #[command(subcommand)]
    pub(crate) wish: Option<Wish>,
}

/// What is done for a desktop user: set up, if nothing else is said.
#[derive(Clone, Debug, Args)]
pub(crate) struct Setup {
    /// The desktop user. To check and to upgrade, all that are set up if none is named.
    #[arg(long = "user", id = "desktop", value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// The number of the virtual terminal of the approval screen [default: 8, or the next one that is free].
    #[arg(long, value_name = "N")]
    pub(crate) vt: Option<u16>,
    /// The Secret Service that keeps the secrets [default: store].
    #[arg(long, value_name = "NAME")]
    pub(crate) backend: Option<Backend>,
    /// Says what would be done, and changes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Says of each part whether it is as it should be, and which command mends it; exit status 1 if one is not.
    #[arg(long, conflicts_with_all = ["vt", "backend", "dry_run", "remove", "upgrade"])]
    pub(crate) check: bool,
    /// With --check, one JSON object.
    #[arg(long, requires = "check")]
    pub(crate) json: bool,
    /// Takes everything away again, and puts back what was there before.
    #[arg(long, requires = "desktop", conflicts_with_all = ["vt", "backend", "upgrade"])]
    pub(crate) remove: bool,
    /// With --remove, leaves the companion's secrets and keys where they are, closed to all but root.
    #[arg(long, requires = "remove")]
    pub(crate) keep_data: bool,
    /// Writes anew what this version writes otherwise, keeps what was chosen, and restarts what changed.
    #[arg(long, conflicts_with_all = ["vt", "backend"])]
    pub(crate) upgrade: bool,
}

/// What is wanted.
#[derive(Debug, Subcommand)]
pub(crate) enum Wish {
    Key(Options),
    /// What is done in the companion's home, as the companion.
    #[command(hide = true)]
    CompanionHome {
        /// What is done.
        task: Task,
        /// The Secret Service that was chosen.
        #[arg(long)]
        backend: Backend,
    },
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

/// Brings over or makes the key that the companion signs with, and gives its public part away.
///
/// Run it as the companion (the user secrets-NAME), or as root with --user NAME, which becomes the companion.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) whose: Whose,
    #[command(subcommand)]
    pub(crate) deed: Deed,
}

/// Whose key.
#[derive(Clone, Debug, Args)]
pub(crate) struct Whose {
    /// The desktop user whose companion is meant; for root.
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) user: Option<String>,
    /// The companion's GnuPG home [default: $GNUPGHOME, else .gnupg in the companion's home].
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) gnupghome: Option<PathBuf>,
    /// Where sd-sign keeps the key of the first use [default: the state of the companion's unit; for who is no companion
    /// secrets-dispatcher in the GnuPG home].
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) state: Option<PathBuf>,
}

/// What is done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Deed {
    /// Takes a secret key over from a file that `gpg --export-secret-keys` wrote, and has the companion sign with it.
    ///
    /// The key keeps its passphrase, which is asked for on the approval screen when it first signs.
    Import {
        /// The file; `-` is standard input.
        file: PathBuf,
        /// Signs with it from now on also where another key signed until now.
        #[arg(long)]
        replace: bool,
    },
    /// Makes a new key that can only sign, and has the companion sign with it.
    ///
    /// Its passphrase is asked for on the terminal, twice.
    Generate(New),
    /// Writes the public part of the key that signs.
    ExportPublic {
        /// A new file; standard output if there is none.
        file: Option<PathBuf>,
    },
    /// Puts the public part of the key that signs into the desktop user's keyring, so that git verifies there.
    ///
    /// For root, with --user; or for anybody into a GnuPG home of their own, with --home.
    PublishToDesktop {
        /// The GnuPG home to put it into [default: the desktop user's own].
        #[arg(long, value_name = "DIR")]
        home: Option<PathBuf>,
        /// Marks it there as the user's own (ownertrust ultimate), so that signatures are shown as valid.
        #[arg(long)]
        trust: bool,
    },
    /// Signs with this key from now on, and with no other.
    Trust {
        /// The primary key's fingerprint.
        #[arg(value_name = "FPR", value_parser = fingerprint)]
        fingerprint: Fingerprint,
    },
    /// Prints the fingerprint of the key that signs.
    Signing,
    /// Lists the keys of the companion, and which of them sign.
    List,
    /// Begins the store of the backends `store` and `gopass`, encrypted to a key of the companion.
    ///
    /// If no key of the companion can be encrypted to, one is made, whose passphrase is asked for on the terminal, twice.
    /// From then on passphrases are asked for on the approval screen only.
    Store {
        /// The key, by its fingerprint [default: the only one that can be encrypted to, else a new one].
        #[arg(long, value_name = "FPR", value_parser = fingerprint)]
        key: Option<Fingerprint>,
        /// Leaves a new key without a passphrase: whoever reads the companion's files can read the secrets.
        #[arg(long)]
        no_passphrase: bool,
    },
}

/// A new key.
#[derive(Clone, Debug, Args)]
pub(crate) struct New {
    /// Whose key it is.
    #[arg(long, required_unless_present = "email")]
    pub(crate) name: Option<String>,
    /// The address that git has as user.email.
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// The algorithm, as `gpg --quick-gen-key` names it.
    #[arg(long, default_value = "ed25519")]
    pub(crate) algo: String,
    /// Expires after so many days; else never.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=36_500))]
    pub(crate) expire: Option<u64>,
    /// Leaves the key without a passphrase: whoever reads the companion's files can sign.
    #[arg(long)]
    pub(crate) no_passphrase: bool,
    /// Signs with it from now on also where another key signed until now.
    #[arg(long)]
    pub(crate) replace: bool,
}

fn fingerprint(word: &str) -> Result<Fingerprint, String> {
    sd_keys::fingerprint(word).map_err(str::to_owned)
}

/// Prints the completions of a shell.
pub(crate) fn completions(shell: Shell) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sd-provision", &mut script);
    io::Write::write_all(&mut io::stdout(), &script)
}

/// Writes sd-provision(1) and a page for each of its commands.
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
    fn no_option_takes_a_passphrase() {
        let mut all = vec![Cli::command()];
        while let Some(command) = all.pop() {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                let flag = !argument.get_action().takes_values();
                assert!(!name.contains("pass") || flag, "{name}");
            }
            all.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn every_command_has_a_manual_page() {
        let folder = tempfile::tempdir().unwrap();
        man(folder.path()).unwrap();
        for page in
            ["sd-provision.1", "sd-provision-key.1", "sd-provision-key-import.1", "sd-provision-key-trust.1"]
        {
            let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
            assert!(text.contains(".SH NAME"), "{page}: {text}");
        }
    }
}
