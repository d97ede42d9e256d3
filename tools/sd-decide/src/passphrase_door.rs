//! The door of `passphrase.sock`: the companion's side comes in, says for what it wants a passphrase, and waits.

use std::os::fd::{AsFd, BorrowedFd};

use sd_sys::link::{Link, Packet};
use sd_sys::listener::Listener;
use sd_sys::secret::Secret;
use sd_wire::line::Words;
use sd_wire::passphrase::{self, Note, Wanted};

use crate::docket::prompts::PromptId;
use crate::lobby::Lobby;

/// The most connections that wait for a passphrase at once.
const MOST: usize = 8;

/// The door.
pub(crate) struct PassphraseDoor {
    pub(crate) lobby: Lobby,
    waiting: Vec<(PromptId, Link)>,
    numbers: u64,
}

impl PassphraseDoor {
    /// The door behind this listener, for the companion alone.
    pub(crate) fn new(listener: Listener, companion: u32) -> Self {
        let lobby = Lobby::new(listener, companion, "the companion");
        Self { lobby, waiting: Vec::new(), numbers: 0 }
    }

    /// Whether there is room for one more.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len().saturating_add(self.lobby.len()) < MOST
    }

    /// The connections that wait, with whose they are.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (PromptId, BorrowedFd<'_>)> {
        self.waiting.iter().map(|(id, link)| (*id, link.as_fd()))
    }

    /// What the visitors at these places want.
    pub(crate) fn hear(&mut self, places: &[usize]) -> Vec<(PromptId, Wanted)> {
        let mut wanted = Vec::new();
        for (packet, link) in self.lobby.hear(places) {
            match read(&packet) {
                Ok(wants) => {
                    self.numbers = self.numbers.saturating_add(1);
                    let id = PromptId(self.numbers);
                    self.waiting.push((id, link));
                    wanted.push((id, wants));
                }
                Err(why) => sd_journal::warning(format!("a wish for a passphrase was refused: {why}")),
            }
        }
        wanted
    }

    /// Sends the passphrase that was typed.
    pub(crate) fn enter(&mut self, id: PromptId, passphrase: &Secret) {
        let Some(link) = self.take(id) else { return };
        let len = u32::try_from(passphrase.len()).unwrap_or(u32::MAX);
        let line = Note::Entered { len }.to_line().map_err(|why| why.to_string());
        let sent = line.and_then(|line| {
            link.send(&line, &[]).map_err(|why| why.to_string())?;
            // An empty packet would be taken for the end, which follows anyway.
            if passphrase.is_empty() {
                return Ok(());
            }
            link.send(passphrase.expose(), &[]).map_err(|why| why.to_string())
        });
        if let Err(why) = sent {
            sd_journal::warning(format!("a passphrase was not taken: {why}"));
        }
    }

    /// Sends something else instead.
    pub(crate) fn answer(&mut self, id: PromptId, note: &Note) {
        // Whoever has gone needs no answer.
        if let Some(link) = self.take(id) {
            let _ = note.to_line().map(|line| link.send(&line, &[]));
        }
    }

    /// Lets go of one that has hung up.
    pub(crate) fn forget(&mut self, id: PromptId) {
        let _ = self.take(id);
    }

    fn take(&mut self, id: PromptId) -> Option<Link> {
        let at = self.waiting.iter().position(|(waits, _)| *waits == id)?;
        Some(self.waiting.remove(at).1)
    }
}

fn read(packet: &Packet) -> Result<Wanted, String> {
    if !packet.fds.is_empty() {
        return Err(format!("{} descriptors came where none belong", packet.fds.len()));
    }
    let passphrase::Packet::Passphrase(wanted) =
        passphrase::Packet::from_line(&packet.bytes).map_err(|why| why.to_string())?;
    Ok(*wanted)
}
