//! Why something failed, as a closed list: no tool's inner error text crosses a hop.

use std::fmt;

use serde::{Deserialize, Serialize};

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
#[serde(rename_all = "snake_case")]
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
    /// The key has no secret part here, or may not sign, or is expired or revoked.
    UnusableKey,
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
            Self::UnusableKey => {
                "that key cannot sign here: no secret part, expired, revoked, or not for signing"
            }
            Self::TooMany => "too many requests are waiting already; settle some of them first",
            Self::Malformed => "the request was not well formed",
            Self::WrongPassphrase => "the passphrase was wrong each time; try again",
            Self::Dismissed => "the passphrase prompt was dismissed on the approval screen (VT8)",
            Self::NoPassphrase => {
                "nobody typed the passphrase on the approval screen (VT8) in time; press Ctrl+Alt+F8 and try again"
            }
            Self::Forbidden => "a rule on the companion's side forbids it; see rules.toml there",
            Self::Refused => "the backend refused; see its log on the companion's side",
        })
    }
}
