//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// A Secret Service over a password store: one GPG file a secret, as pass, gopass and gopass-secret-service keep them
///
/// It owns org.freedesktop.secrets on the bus of DBUS_SESSION_BUS_ADDRESS, which is to be the companion's. gpg-agent
/// asks for the passphrase of the store's key, by its pinentry.
#[derive(Parser)]
#[command(name = "sd-store", version)]
pub(crate) struct Cli {
    /// The folder of the store [default: PASSWORD_STORE_DIR, or ~/.password-store]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) store: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Makes the store's folder and its first collection; what is there already stays
    Init {
        /// Whom entries are encrypted to: a fingerprint, once for each key. One of them has to be ours.
        #[arg(long = "key", value_name = "FPR", required = true)]
        keys: Vec<String>,
        /// What the first collection is called, which everybody means who names none.
        #[arg(long, value_name = "LABEL", default_value = "Default")]
        collection: String,
    },
    /// What sd-store starts itself with, when a passphrase is to be asked for
    #[command(name = WORD, hide = true)]
    AskPassphrase {
        /// An entry that is encrypted to the key.
        name: String,
    },
}

/// How it calls itself when a passphrase is to be asked for.
pub(crate) const WORD: &str = "ask-passphrase";

impl Cli {
    /// Where the store is.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        self.store
            .clone()
            .or_else(|| set("PASSWORD_STORE_DIR"))
            .or_else(|| set("HOME").map(|home| home.join(".password-store")))
            .and_then(|folder| std::path::absolute(folder).ok())
    }
}
