//! What `sdctl import` is told.

use clap::Args;
use sd_wire::path::CollectionPath;

use crate::import::Why;

/// The collection that applications store into.
const DEFAULT: &str = "/org/freedesktop/secrets/aliases/default";

const AFTER: &str = "\
Where the keyring is: by default on this session's bus, as long as sd-agent has not taken its place there. Afterwards, \
start the old keyring on a bus of its own and import from there, for example with gnome-keyring:

  dbus-run-session -- sh -c 'gnome-keyring-daemon --unlock --components=secrets; sdctl import'

(it reads the password of the keyring `login` from standard input, up to its end).

Each item is stored with its label, attributes, secret and media type, read back and compared. The times at which it was \
made and changed are lost: the Secret Service has no way to set them. An item that is there already with the same \
attributes and the same secret is not stored again, so an import that was cut short can simply be made again. One with \
another secret is a conflict: it is left as it is, unless --replace is given.

One ask has at most 256 items and 4 MiB of secrets; more become more asks.";

/// Moves the items of another Secret Service into the store: one answer on the approval screen for up to 256 of them.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(crate) struct Options {
    /// The D-Bus address of the bus on which the source is [default: the session bus].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) from: Option<String>,
    /// Only this collection of the source, by its label or its object path [default: all but `session`].
    #[arg(long, value_name = "LABEL|PATH")]
    pub(crate) collection: Option<String>,
    /// The collection of the store to put them in, by its object path [default: the default collection].
    #[arg(long, value_name = "PATH")]
    into: Option<String>,
    /// Replaces what is there with the same attributes and another secret.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Only lists what would be moved; reads no secret, unlocks nothing, and asks for nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Deletes the items from the source once every one of them is in the store.
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) delete_from_source: bool,
    /// Deletes them without the question on the terminal.
    #[arg(long, requires = "delete_from_source")]
    pub(crate) yes: bool,
    /// Prints JSON: one document, without secrets.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Options {
    /// Where the items go.
    pub(super) fn target(&self) -> Result<CollectionPath, Why> {
        let path = self.into.as_deref().unwrap_or(DEFAULT);
        CollectionPath::parse(path).map_err(|e| Why::Usage(format!("--into {path}: {e}")))
    }
}
