//! The connections to the workers: one order each, and the notes that come back.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use sd_sys::link::{Link, Packet, ReceiveError};
use sd_wire::description::Description;
use sd_wire::fault::Fault;
use sd_wire::import::{MAX_MET, Met, Plan};
use sd_wire::line::Words;
use sd_wire::{fetch, sign};

use crate::routing::{Described, Order};

/// Where the workers listen, and who they are.
#[derive(Debug)]
pub(crate) struct Workers {
    /// `fetch.sock`.
    pub(crate) fetch: PathBuf,
    /// `sign.sock`.
    pub(crate) sign: PathBuf,
    /// Whose notes are believed.
    pub(crate) companion: u32,
}

/// An order that is out.
pub(crate) struct Errand {
    link: Link,
    companion: u32,
    speaks: Speaks,
}

/// In whose words the notes come, how many descriptions are still to come, and what came before the last one.
enum Speaks {
    Fetch { items: usize, described: Vec<Description>, met: Vec<Met> },
    Sign,
}

/// What came back.
#[derive(Debug)]
pub(crate) enum Report {
    /// What was asked about.
    Described(Described),
    /// Whether the store is locked.
    State {
        /// Locked, or absent.
        locked: bool,
    },
    /// Carried out.
    Done,
    /// This is what the item is now. More is to come.
    Made(Description),
    /// Not carried out, by the worker's word.
    Failed(Fault),
    /// The worker ended, or misspoke: nothing more will come.
    Lost,
}

impl Workers {
    /// Sends the order and the descriptors that belong beside it. They are still ours when this fails.
    pub(crate) fn order(&self, order: &Order, fds: &[BorrowedFd<'_>]) -> Result<Errand, Fault> {
        let (path, line, speaks): (&Path, _, _) = match order {
            Order::Fetch(order) => {
                let items = match order {
                    fetch::Order::Describe { items, .. } => items.len(),
                    _ => 0,
                };
                (
                    &self.fetch,
                    order.to_line(),
                    Speaks::Fetch { items, described: Vec::new(), met: Vec::new() },
                )
            }
            Order::Sign(order) => (&self.sign, order.to_line(), Speaks::Sign),
        };
        let line = line.map_err(|why| {
            sd_journal::warning(format!("order not sent: {why}"));
            Fault::TooLarge
        })?;
        let link = Link::connect(path).and_then(|link| link.send(&line, fds).map(|()| link));
        let link = link.map_err(|why| {
            sd_journal::warning(format!("order not sent to {}: {why}", path.display()));
            Fault::Unavailable
        })?;
        Ok(Errand { link, companion: self.companion, speaks })
    }
}

impl Errand {
    /// Sends the sink after an order that went ahead of it. It is still ours when this fails.
    pub(crate) fn go(&self, sink: BorrowedFd<'_>) -> io::Result<()> {
        let line = fetch::Sequel::Go {}.to_line().map_err(io::Error::other)?;
        self.link.send(&line, &[sink])
    }

    /// What has come back. `None` when there is more to wait for.
    pub(crate) fn report(&mut self) -> Option<Report> {
        loop {
            match self.link.receive() {
                Ok(Some(packet)) => {
                    if let Some(report) = self.read(&packet) {
                        return Some(report);
                    }
                }
                Err(why) if why.is_would_block() => return None,
                // A worker that closed with words of ours unread: what it said is still to be read.
                Err(ReceiveError::Io(why)) if why.kind() == io::ErrorKind::ConnectionReset => {}
                Ok(None) => return Some(Report::Lost),
                Err(why) => return Some(misspoke(why)),
            }
        }
    }

    fn read(&mut self, packet: &Packet) -> Option<Report> {
        let writer = packet.writer.as_ref().map(|writer| writer.uid);
        if writer != Some(self.companion) {
            let who = writer.map_or_else(|| "an unknown uid".to_owned(), |uid| format!("uid {uid}"));
            return Some(misspoke(format!("it was written by {who}, not by uid {}", self.companion)));
        }
        if !packet.fds.is_empty() {
            return Some(misspoke("it carried descriptors"));
        }
        match &mut self.speaks {
            Speaks::Fetch { items, described, met } => match fetch::Note::from_line(&packet.bytes) {
                Ok(fetch::Note::Described(item)) => {
                    described.push(item);
                    // Whether they fit what was asked for is for the docket to judge.
                    (described.len() >= *items)
                        .then(|| Report::Described(Described::Items(std::mem::take(described))))
                }
                Ok(fetch::Note::Target { collection, label, replaces }) => {
                    Some(Report::Described(Described::Target { collection, label, replaces }))
                }
                Ok(fetch::Note::Met(_)) if met.len() >= MAX_MET => {
                    Some(misspoke("it tells of more than an import may meet"))
                }
                Ok(fetch::Note::Met(one)) => {
                    met.push(one);
                    None
                }
                Ok(fetch::Note::Planned { met: count, .. }) if usize::try_from(count) != Ok(met.len()) => {
                    Some(misspoke("it counts what an import meets otherwise than it told"))
                }
                Ok(fetch::Note::Planned { collection, label, .. }) => {
                    let met = std::mem::take(met);
                    Some(Report::Described(Described::Plan(Plan { collection, label, met })))
                }
                Ok(fetch::Note::Listing { collections }) => {
                    Some(Report::Described(Described::Listing(collections.to_vec())))
                }
                Ok(fetch::Note::Before(before)) => Some(Report::Described(Described::Before(before))),
                Ok(fetch::Note::State { locked }) => Some(Report::State { locked }),
                Ok(fetch::Note::Done {}) => Some(Report::Done),
                Ok(fetch::Note::Made(item)) => Some(Report::Made(item)),
                Ok(fetch::Note::Failed { why }) => Some(Report::Failed(why)),
                Err(why) => Some(misspoke(why)),
            },
            Speaks::Sign => match sign::Note::from_line(&packet.bytes) {
                Ok(sign::Note::Key(key)) => Some(Report::Described(Described::Key(key))),
                Ok(sign::Note::State { locked }) => Some(Report::State { locked }),
                Ok(sign::Note::Done {}) => Some(Report::Done),
                Ok(sign::Note::Failed { why }) => Some(Report::Failed(why)),
                Err(why) => Some(misspoke(why)),
            },
        }
    }
}

impl AsFd for Errand {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.link.as_fd()
    }
}

fn misspoke(why: impl std::fmt::Display) -> Report {
    sd_journal::warning(format!("note of a worker refused: {why}"));
    Report::Lost
}
