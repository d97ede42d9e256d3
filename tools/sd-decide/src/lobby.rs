//! Behind a listening socket: whoever has the right uid may come in and say one packet, in good time.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use sd_sys::link::{Link, Packet};
use sd_sys::listener::Listener;

use crate::docket::event::Moment;

/// How long a connection may stay without saying anything.
const PATIENCE: Duration = Duration::from_secs(2);

/// The lobby.
pub(crate) struct Lobby {
    listener: Listener,
    /// Who may come in.
    only: u32,
    /// Who that is, for the log.
    whose: &'static str,
    visitors: Vec<Visitor>,
    /// Until then nobody is let in, since there was no descriptor left to do it with.
    rests: Moment,
}

/// A connection that has not said anything yet.
struct Visitor {
    link: Link,
    until: Moment,
}

impl Lobby {
    /// The lobby behind this listener, for this uid alone.
    pub(crate) fn new(listener: Listener, only: u32, whose: &'static str) -> Self {
        Self { listener, only, whose, visitors: Vec::new(), rests: Moment::default() }
    }

    /// The connections that have not said anything yet.
    pub(crate) fn visitors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.visitors.iter().map(|visitor| visitor.link.as_fd())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.visitors.len()
    }

    /// When the first of them has stayed too long, or the door opens again.
    pub(crate) fn due(&self, now: Moment) -> Option<Moment> {
        let rests = self.rests(now).then_some(self.rests);
        self.visitors.iter().map(|visitor| visitor.until).chain(rests).min()
    }

    /// Whether nobody is let in just now.
    pub(crate) fn rests(&self, now: Moment) -> bool {
        self.rests > now
    }

    /// Lets in one connection that waits, if it has the right uid. When the kernel gives us no more descriptors nobody
    /// is let in for a second: the listener would report the same connection without end.
    pub(crate) fn admit(&mut self, now: Moment) {
        if let Err(why) = self.try_admit(now) {
            sd_journal::warning(format!("a connection could not be accepted: {why}"));
            self.rests = now.after(Duration::from_secs(1));
        }
    }

    fn try_admit(&mut self, now: Moment) -> io::Result<()> {
        let Some(link) = self.listener.accept()? else { return Ok(()) };
        match link.peer() {
            Ok(peer) if peer.uid == self.only => {
                self.visitors.push(Visitor { link, until: now.after(PATIENCE) });
            }
            Ok(peer) => refuse(format!(
                "connection of uid {} refused: only {}, uid {}, may come",
                peer.uid, self.whose, self.only
            )),
            Err(why) => refuse(format!("connection refused: its peer cannot be told: {why}")),
        }
        Ok(())
    }

    /// Drops the connections that have stayed too long.
    pub(crate) fn clear(&mut self, now: Moment) {
        let before = self.visitors.len();
        self.visitors.retain(|visitor| visitor.until > now);
        if self.visitors.len() < before {
            refuse("connection dropped: it said nothing for 2 s");
        }
    }

    /// What the visitors at these places have said. Each says one packet and leaves the lobby by it.
    pub(crate) fn hear(&mut self, places: &[usize]) -> Vec<(Packet, Link)> {
        let mut said = Vec::new();
        let mut silent = Vec::new();
        for (n, visitor) in std::mem::take(&mut self.visitors).into_iter().enumerate() {
            if !places.contains(&n) {
                silent.push(visitor);
                continue;
            }
            match visitor.link.receive() {
                Ok(Some(packet)) => said.push((packet, visitor.link)),
                Ok(None) => refuse("connection dropped: it was closed before it said anything"),
                Err(why) if why.is_would_block() => silent.push(visitor),
                Err(why) => refuse(format!("packet refused: {why}")),
            }
        }
        self.visitors = silent;
        said
    }
}

impl AsFd for Lobby {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

fn refuse(why: impl std::fmt::Display) {
    sd_journal::warning(why);
}
