//! Why something failed, as a closed list: no tool's inner error text crosses a hop.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::print::Print;

/// The stage at which a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// `sd-gate`.
    Gate,
    /// `sd-decide`.
    Decide,
    /// `sd-fetch`.
    Fetch,
    /// `sd-sign`.
    Sign,
}

/// What went wrong, from the point of view of the person who must mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The backend or gpg did not answer in time.
    Timeout,
    /// The stage's next tool, the backend or gpg cannot be reached.
    Unavailable,
    /// The stage's next tool ended before it had answered.
    Lost,
    /// There is no such item, collection or key.
    NotFound,
    /// The backend's collection is locked.
    Locked,
    /// The item is no longer what the screen showed.
    Changed,
    /// Too large to be shown or carried.
    TooLarge,
    /// The requester did not send what it was invited to send.
    NoUpload,
    /// The requester was gone when the answer came, or did not read it: it got none of it, or not all.
    NoReader,
    /// The key may not sign, or is disabled or damaged.
    UnusableKey,
    /// The companion's keyring has no secret key of that name, or none at all.
    NoKey,
    /// The key has expired.
    KeyExpired,
    /// The key was revoked.
    KeyRevoked,
    /// The key is on a card, and the card is not there.
    CardAbsent,
    /// The companion's list of signing keys does not name this one.
    KeyNotAllowed {
        /// The one that would have signed.
        found: Print,
    },
    /// The key is another one than that with which was first signed.
    KeyChanged {
        /// That one.
        trusted: Print,
        /// The one that would have signed.
        found: Print,
    },
    /// The companion's list of signing keys, or what it keeps of the first use, cannot be read or written.
    KeysUnknown,
    /// No gpg-agent runs on the companion's side.
    NoAgent,
    /// gpg or gpg-agent did not answer in time.
    GpgTimeout,
    /// Too many asks are waiting already.
    TooMany,
    /// The request or the answer to it was not well formed.
    Malformed,
    /// The passphrase was wrong each time.
    WrongPassphrase,
    /// A person dismissed the passphrase prompt.
    Dismissed,
    /// Nobody typed the passphrase in time.
    NoPassphrase,
    /// A rule on the companion's side says no.
    Forbidden,
    /// It could not be written into the audit record, and what is not recorded is not released.
    Unrecorded,
    /// The backend or gpg refused, and said nothing that fits better.
    Refused,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gate => "sd-gate",
            Self::Decide => "sd-decide",
            Self::Fetch => "sd-fetch",
            Self::Sign => "sd-sign",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyNotAllowed { found } => {
                return write!(
                    f,
                    "key {found} is not among those that the companion may sign with; \
                     see signing_keys on its side"
                );
            }
            Self::KeyChanged { trusted, found } => {
                return write!(
                    f,
                    "THE SIGNING KEY IS ANOTHER ONE: {trusted} signed until now, the companion's keyring offers \
                     {found}; if you changed it yourself, run `sd-provision key trust {found}` as the companion"
                );
            }
            Self::Timeout => "the backend did not answer in time; see its log on the companion's side",
            Self::Unavailable => {
                "the stage behind it is not running: log in again, or run `systemctl restart secrets-dispatcher@<user>.target` \
                 as root"
            }
            Self::Lost => "the next stage ended before it had answered; try again",
            Self::NotFound => "there is no such item, collection or key on the companion's side",
            Self::Locked => "the companion's store is locked; unlock it first",
            Self::Changed => "the item changed after it was shown; try again and look at it anew",
            Self::TooLarge => "it is too large to be shown in full or to be carried",
            Self::NoUpload => "the secret to be stored did not arrive",
            Self::NoReader => "the requester was gone when the answer came, or did not read all of it",
            Self::UnusableKey => "that key cannot sign: it is not made for signing, or is disabled or damaged",
            Self::NoKey => {
                "the companion has no secret key of that name; see `sd-provision key list`, \
                 or bring the key over with `sd-provision key import`"
            }
            Self::KeyExpired => {
                "the signing key has expired; prolong it on the companion's side \
                 (gpg --quick-set-expire) or take another one"
            }
            Self::KeyRevoked => {
                "the signing key was revoked and signs nothing any more; \
                 take another one (`sd-provision key import` or `generate`)"
            }
            Self::CardAbsent => "the signing key is on a card that is not there; insert the card and try again",
            Self::KeysUnknown => {
                "which key may sign is not known: the companion's signing_keys, or what it keeps of the first use, \
                 cannot be read or written; see the log of sd-sign"
            }
            Self::NoAgent => {
                "gpg-agent does not run on the companion's side; start gpg-agent.socket of its user manager, \
                 or log in again"
            }
            Self::GpgTimeout => {
                "gpg did not answer in time on the companion's side; try again, and see the log of sd-sign"
            }
            Self::TooMany => "too many requests are waiting already; settle some of them first",
            Self::Malformed => "the request was not well formed",
            Self::WrongPassphrase => "the passphrase was wrong each time; try again",
            Self::Dismissed => "the passphrase prompt was dismissed on the approval screen",
            Self::NoPassphrase => {
                "nobody typed the passphrase on the approval screen in time; look there and try again"
            }
            Self::Forbidden => "a rule on the companion's side forbids it; see rules.toml there",
            Self::Unrecorded => {
                "it could not be written into the audit record, and what is not recorded is not released; \
                 see `systemctl status sd-audit@<user>` as root, and whether the disk is full"
            }
            Self::Refused => "the backend refused; see its log on the companion's side",
        })
    }
}

#[cfg(test)]
mod tests;
