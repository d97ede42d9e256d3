//! What the gate knows beside the sinks: what waits, what was settled, and its properties.

use std::time::Duration;

use sd_wire::id::AskId;
use zbus::Message;
use zbus::zvariant::{OwnedValue, Type};

use crate::gate::{INQUIRY, INTAKE, INTERFACE};
use crate::{Failure, Gate};

const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// The longest word for a kind or an outcome.
const WORD: usize = 32;

/// An ask that waits, as far as the gate knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: AskId,
    /// What it is for, in one word: lower-case letters only.
    pub kind: String,
    /// When it came, in seconds since 1970.
    pub since: u64,
    /// The process that asked: `sd-agent` for the applications behind it.
    pub pid: u32,
}

/// An ask that is settled, as far as the gate remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Its id.
    pub id: AskId,
    /// What it was for, in one word: lower-case letters only.
    pub kind: String,
    /// When it was settled, in seconds since 1970.
    pub at: u64,
    /// The process that had asked; another one may have its number by now.
    pub pid: u32,
    /// How it ended, in one word: lower-case letters only.
    pub outcome: String,
}

/// One of the gate's methods that take nothing.
pub(crate) trait Listing: serde::de::DeserializeOwned + Type {
    const MEMBER: &'static str;
}

/// As `List` returns it.
#[derive(serde::Deserialize, Type)]
pub(crate) struct WaitingRows(Vec<(String, String, u64, u32)>);

impl Listing for WaitingRows {
    const MEMBER: &'static str = "List";
}

/// As `History` returns it.
#[derive(serde::Deserialize, Type)]
pub(crate) struct SettledRows(Vec<(String, String, u64, u32, String)>);

impl Listing for SettledRows {
    const MEMBER: &'static str = "History";
}

impl Gate {
    /// What waits, in order of arrival.
    ///
    /// # Errors
    /// [`Failure::Absent`] without a gate, and any other that is not about an ask.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, Failure> {
        let WaitingRows(rows) = self.listing().await?;
        let row = |(id, kind, since, pid): (String, String, u64, u32)| {
            Ok(Waiting { id: id_of(&id)?, kind: word(&kind)?, since, pid })
        };
        rows.into_iter().map(row).collect()
    }

    /// What was settled while the gate has run, newest first.
    ///
    /// # Errors
    /// As [`Gate::list`].
    pub async fn history(&self) -> Result<Vec<Settled>, Failure> {
        let SettledRows(rows) = self.listing().await?;
        let row = |(id, kind, at, pid, outcome): (String, String, u64, u32, String)| {
            Ok(Settled { id: id_of(&id)?, kind: word(&kind)?, at, pid, outcome: word(&outcome)? })
        };
        rows.into_iter().map(row).collect()
    }

    /// The version of the gate's interface.
    ///
    /// # Errors
    /// As [`Gate::list`].
    pub async fn version(&self) -> Result<u32, Failure> {
        self.property("Version", INTAKE).await
    }

    /// Whether the approval screen answers the gate. It is given up to four seconds, as are `locked` and `pending`.
    ///
    /// # Errors
    /// As [`Gate::list`].
    pub async fn ready(&self) -> Result<bool, Failure> {
        self.property("Ready", INQUIRY).await
    }

    /// Whether the store is locked; true also when that cannot be found out.
    ///
    /// # Errors
    /// As [`Gate::list`].
    pub async fn locked(&self) -> Result<bool, Failure> {
        self.property("Locked", INQUIRY).await
    }

    /// How many asks wait for a key; 0 also when the approval screen does not answer.
    ///
    /// # Errors
    /// As [`Gate::list`].
    pub async fn pending(&self) -> Result<u32, Failure> {
        self.property("Pending", INQUIRY).await
    }

    async fn listing<L: Listing>(&self) -> Result<L, Failure> {
        let reply = self.call(INTERFACE, L::MEMBER, &(), INTAKE).await?;
        read(&reply)
    }

    async fn property<P: TryFrom<OwnedValue>>(&self, name: &str, patience: Duration) -> Result<P, Failure> {
        let reply = self.call(PROPERTIES, "Get", &(INTERFACE, name), patience).await?;
        let value: OwnedValue = read(&reply)?;
        P::try_from(value).map_err(|_| Failure::Garbled(format!("the property {name} has another type")))
    }
}

fn read<T: serde::de::DeserializeOwned + Type>(reply: &Message) -> Result<T, Failure> {
    reply.body().deserialize().map_err(|e| Failure::Garbled(e.to_string()))
}

/// An id that the gate names.
pub(crate) fn id_of(untrusted: &str) -> Result<AskId, Failure> {
    AskId::parse(untrusted).map_err(|e| Failure::Garbled(e.to_string()))
}

/// A kind or an outcome: a word that may be printed, also one that this release does not know yet.
pub(crate) fn word(untrusted: &str) -> Result<String, Failure> {
    let plain = untrusted.bytes().all(|b| b.is_ascii_lowercase());
    if plain && (1..=WORD).contains(&untrusted.len()) {
        Ok(untrusted.to_owned())
    } else {
        Err(Failure::Garbled("a kind or an outcome is not a word".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_paints_no_terminal_and_fills_no_line() {
        assert_eq!(word("read").unwrap(), "read");
        for bad in ["", "Read", "re ad", "read\u{1b}[2J", &"r".repeat(33)] {
            assert!(word(bad).is_err(), "{bad:?}");
        }
    }
}
