//! What comes home by the sink: lines until one ends the request, and the bytes that it announces.

use std::os::fd::OwnedFd;

use sd_sys::secret::Secret;
use sd_wire::deadline;
use sd_wire::id::AskId;
use sd_wire::import::{Fate, Manifest};
use sd_wire::line::Words;
use sd_wire::outcome::{Granted, Listed, MAX_BODY, MAX_SECRET, MAX_SHOWN, Outcome, What};
use sd_wire::parties::Role;
use serde::de::DeserializeOwned;

use crate::Failure;
use crate::ear::Heard;
use crate::home::{Home, upload};

/// The sink's end after the gate took the request: what comes now belongs to `id`.
pub(crate) struct Answer {
    home: Home,
    id: AskId,
    /// Dropped with this: then the request has ended here.
    _heard: Option<Heard>,
}

impl Answer {
    pub(crate) fn new(home: Home, id: AskId, heard: Option<Heard>) -> Self {
        Self { home, id, _heard: heard }
    }

    /// What the request yields, or [`Failure::Ended`] with what else ended it.
    pub(crate) async fn granted(&self) -> Result<Granted, Failure> {
        match self.end(None, alone).await? {
            What::Granted(granted) => Ok(granted),
            other => Err(Failure::Ended(other)),
        }
    }

    /// As [`Answer::granted`], and writes the secret where the companion invites it.
    pub(crate) async fn granted_after_upload(&self, secret: &Secret) -> Result<Granted, Failure> {
        match self.end(Some(secret), alone).await? {
            What::Granted(granted) => Ok(granted),
            other => Err(Failure::Ended(other)),
        }
    }

    /// As [`Answer::granted_after_upload`], for many items: `settled` hears what became of each. Granted only when each of
    /// them was told of, once.
    pub(crate) async fn imported(
        &self,
        manifest: &Manifest,
        secrets: &Secret,
        mut settled: impl FnMut(u32, Fate),
    ) -> Result<Granted, Failure> {
        let mut open: Vec<bool> = manifest.items.iter().map(|_| true).collect();
        let take = |n: u32, fate: Fate| {
            let place = usize::try_from(n).ok().and_then(|n| open.get_mut(n)).filter(|open| **open);
            let Some(place) = place else {
                return Err(Failure::Garbled(format!("item {n} was settled, which was not open")));
            };
            *place = false;
            settled(n, fate);
            Ok(())
        };
        match self.end(Some(secrets), take).await? {
            What::Granted(_) if open.contains(&true) => {
                Err(Failure::Garbled("not every item was settled".into()))
            }
            What::Granted(granted) => Ok(granted),
            other => Err(Failure::Ended(other)),
        }
    }

    /// For how many seconds the reads of a prompt's items need no further keypress, and what the person saw of them;
    /// nothing of that when it was too much to be told.
    pub(crate) async fn approved(&self) -> Result<(u32, Listed), Failure> {
        match self.end(None, alone).await? {
            What::Approved { seconds, len: 0 } => Ok((seconds, Listed::default())),
            What::Approved { seconds, len } => {
                let shown = read(&self.bytes(len, MAX_SHOWN, Role::Decide).await?)?;
                Ok((seconds, shown))
            }
            What::Granted(_) => Err(Failure::Garbled("a prompt was answered with a grant".into())),
            other => Err(Failure::Ended(other)),
        }
    }

    /// Nothing, once the whole store is locked.
    pub(crate) async fn locked(&self) -> Result<(), Failure> {
        match self.end(None, alone).await? {
            What::Locked {} => Ok(()),
            What::Granted(_) => Err(Failure::Garbled("a lock was answered with a grant".into())),
            other => Err(Failure::Ended(other)),
        }
    }

    /// Nothing, once the whole store is unlocked.
    pub(crate) async fn unlocked(&self) -> Result<(), Failure> {
        match self.end(None, alone).await? {
            What::Unlocked {} => Ok(()),
            What::Granted(_) => Err(Failure::Garbled("an unlock was answered with a grant".into())),
            other => Err(Failure::Ended(other)),
        }
    }

    /// The secret of `len` bytes that a grant announced.
    pub(crate) async fn secret(&self, len: u32) -> Result<Secret, Failure> {
        bound(len, MAX_SECRET)?;
        let mut secret = Secret::with_capacity(usize::try_from(len).unwrap_or(usize::MAX))?;
        let take = |bytes: &mut [u8]| secret.copy_from(bytes).map_err(|e| Failure::Garbled(e.to_string()));
        self.home.body(len, Role::Companion, take).await?;
        Ok(secret)
    }

    /// The signature of `len` bytes that a grant announced.
    pub(crate) async fn signature(&self, len: u32) -> Result<Vec<u8>, Failure> {
        self.bytes(len, MAX_BODY, Role::Companion).await
    }

    /// A list that a grant announced as `len` bytes of JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&self, len: u32) -> Result<T, Failure> {
        read(&self.bytes(len, MAX_BODY, Role::Companion).await?)
    }

    /// Bytes of something that is not secret, from whoever has `role`.
    async fn bytes(&self, len: u32, max: u32, role: Role) -> Result<Vec<u8>, Failure> {
        bound(len, max)?;
        let mut all = Vec::new();
        let take = |bytes: &mut [u8]| {
            all.extend_from_slice(bytes);
            Ok(())
        };
        self.home.body(len, role, take).await?;
        Ok(all)
    }

    async fn end(
        &self,
        mut upload_of: Option<&Secret>,
        mut settled: impl FnMut(u32, Fate) -> Result<(), Failure>,
    ) -> Result<What, Failure> {
        loop {
            let (what, socket) = self.line().await?;
            if let What::Settled { n, fate } = what {
                settled(n, fate)?;
                continue;
            }
            let Some(socket) = socket else { return Ok(what) };
            // Taken: whoever is invited twice has sent the secret once already.
            let Some(secret) = upload_of.take() else {
                return Err(Failure::Garbled("an invitation came that nothing was asked for".into()));
            };
            upload(socket, self.home.uid(Role::Companion), secret.expose(), deadline::UPLOAD).await?;
        }
    }

    /// The next line; a descriptor beside it exactly when it is an invitation.
    async fn line(&self) -> Result<(What, Option<OwnedFd>), Failure> {
        let mut packet = self.home.packet().await?;
        let Outcome { id, what } =
            Outcome::from_line(&packet.bytes).map_err(|e| Failure::Garbled(e.to_string()))?;
        self.home.check(&packet, what.role())?;
        if id != self.id {
            return Err(Failure::Garbled(format!("it is for request {id}, this is {}", self.id)));
        }
        let socket = packet.fds.pop();
        if !packet.fds.is_empty() || socket.is_some() != matches!(what, What::Invited {}) {
            return Err(Failure::Garbled("it came with too many or too few descriptors".into()));
        }
        Ok((what, socket))
    }
}

/// What became of one item of many, where there is but one.
fn alone(_: u32, _: Fate) -> Result<(), Failure> {
    Err(Failure::Garbled("one item of many was settled, which was not asked for".into()))
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(json).map_err(|e| Failure::Garbled(e.to_string()))
}

fn bound(len: u32, max: u32) -> Result<(), Failure> {
    if len > max {
        return Err(Failure::Garbled(format!("it announces {len} bytes where at most {max} are allowed")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
