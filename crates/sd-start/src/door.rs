//! A door: one packet from one peer, or a reason.

use std::fmt;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use sd_sys::link::{Link, ReceiveError};
use sd_wire::line::{Malformed, Words};

/// How long a peer may take to say the one thing it came for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a peer may take to make room for an answer.
const TAKES: Duration = Duration::from_secs(1);

/// Waits for one packet on a fresh connection, and gives its words and the descriptors beside it.
///
/// # Errors
/// [`Refused`], when the peer has another uid than `only` (the socket's group should have kept it out; this is the
/// second lock), says nothing within two seconds, or says something that is not in the hop's words.
pub fn one_packet<W: Words>(link: &Link, only: u32) -> Result<(W, Vec<OwnedFd>), Refused> {
    let uid = link.peer().map_err(|e| Refused::Receive(ReceiveError::Io(e)))?.uid;
    if uid != only {
        return Err(Refused::Stranger { uid, only });
    }
    let packet =
        link.receive_by(Instant::now() + PATIENCE).map_err(Refused::Receive)?.ok_or(Refused::Silence)?;
    let words = W::from_line(&packet.bytes).map_err(Refused::Malformed)?;
    Ok((words, packet.fds))
}

/// Says one thing back on the connection that the packet came by. A peer that does not take it within a second is
/// left to itself.
pub fn answer<W: Words>(link: &Link, words: &W) {
    let said = words
        .to_line()
        .map_err(|e| e.to_string())
        .and_then(|line| link.send_by(&line, &[], Instant::now() + TAKES).map_err(|e| e.to_string()));
    if let Err(why) = said {
        sd_journal::warning(format!("a {} could not be said: {why}", W::NAME));
    }
}

/// Why a packet was not taken. For the log; a peer that misspeaks is dropped, not answered.
#[derive(Debug)]
pub enum Refused {
    /// The peer is not the one that this door is for.
    Stranger {
        /// Its uid.
        uid: u32,
        /// The uid that may come.
        only: u32,
    },
    /// It hung up without a word.
    Silence,
    /// The packet was not received whole.
    Receive(ReceiveError),
    /// The packet is not in this hop's words.
    Malformed(Malformed),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stranger { uid, only } => write!(f, "it came from uid {uid}, only uid {only} may"),
            Self::Silence => f.write_str("the peer hung up without a word"),
            Self::Receive(e) => write!(f, "{e}"),
            Self::Malformed(e) => write!(f, "{e}"),
        }
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use sd_sys::identity::own_uid;
    use sd_wire::ask::Packet;

    use super::*;

    fn say(bytes: &[u8], only: u32) -> Result<(Packet, Vec<OwnedFd>), Refused> {
        let (ours, theirs) = Link::pair().unwrap();
        ours.send(bytes, &[]).unwrap();
        one_packet(&theirs, only)
    }

    #[test]
    fn the_right_peer_with_the_right_words_comes_in() {
        let line = Packet::Status {}.to_line().unwrap();
        assert_eq!(say(&line, own_uid()).unwrap().0, Packet::Status {});
    }

    #[test]
    fn another_uid_stays_out_whatever_it_says() {
        let line = Packet::Status {}.to_line().unwrap();
        assert!(matches!(say(&line, own_uid() + 1), Err(Refused::Stranger { .. })));
    }

    #[test]
    fn garbage_and_other_versions_stay_out_by_name() {
        assert!(matches!(say(b"\xff\xfe\n", own_uid()), Err(Refused::Malformed(_))));
        let why = say(b"{\"v\":2,\"body\":{\"status\":{}}}\n", own_uid()).unwrap_err().to_string();
        assert!(why.contains("version 2"), "{why}");
    }

    #[test]
    fn a_peer_that_says_nothing_is_not_waited_for_longer_than_its_patience() {
        let (_ours, theirs) = Link::pair().unwrap();
        let began = Instant::now();
        assert!(matches!(one_packet::<Packet>(&theirs, own_uid()), Err(Refused::Receive(_))));
        assert!(began.elapsed() >= PATIENCE);
    }
}
