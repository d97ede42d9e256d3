//! Our end of the sink: packets come in, each with the uid that the kernel saw writing it.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use async_io::{Async, Timer};
use sd_sys::link::{Link, Packet};
use sd_wire::line::Words;
use sd_wire::outcome::{BODY_PACKET, Upload};
use sd_wire::parties::{Parties, Role};

use crate::Failure;

/// Where the answer comes home. Dropping it withdraws the ask: the other end reports the hang-up.
pub(crate) struct Home {
    link: Async<Link>,
    parties: Parties,
    until: Instant,
}

impl Home {
    /// Our end, and the sink to send along with the request. Nobody waits longer than `patience` for all of it.
    pub(crate) fn pair(parties: Parties, patience: Duration) -> Result<(Self, Link), Failure> {
        let (ours, sink) = Link::pair()?;
        let until = Instant::now() + patience;
        // A link never blocks already.
        Ok((Self { link: Async::new_nonblocking(ours)?, parties, until }, sink))
    }

    /// The uid that a role has.
    pub(crate) fn uid(&self, role: Role) -> u32 {
        self.parties.uid(role)
    }

    /// The next packet, whoever wrote it.
    pub(crate) async fn packet(&self) -> Result<Packet, Failure> {
        let arrival = async {
            loop {
                match self.link.get_ref().receive() {
                    Ok(Some(packet)) => return Ok(packet),
                    Ok(None) => return Err(Failure::Lost),
                    Err(e) if e.is_would_block() => self.link.readable().await?,
                    Err(e) => return Err(Failure::Garbled(e.to_string())),
                }
            }
        };
        by(self.until, arrival).await
    }

    /// Whether this packet may say what only `role` may.
    pub(crate) fn check(&self, packet: &Packet, role: Role) -> Result<(), Failure> {
        let writer = packet.writer.map(|writer| writer.uid);
        if writer == Some(self.uid(role)) { Ok(()) } else { Err(Failure::Forged { role, writer }) }
    }

    /// Exactly `len` bytes from `role`, handed to `take` packet by packet, which should wipe what it was given.
    pub(crate) async fn body(
        &self,
        len: u32,
        role: Role,
        mut take: impl FnMut(&mut [u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut missing = usize::try_from(len).unwrap_or(usize::MAX);
        while missing > 0 {
            let mut packet = match self.packet().await {
                Err(Failure::Lost) => {
                    return Err(Failure::Garbled(format!("its last {missing} bytes did not come")));
                }
                other => other?,
            };
            self.check(&packet, role)?;
            if !packet.fds.is_empty() {
                return Err(Failure::Garbled("a descriptor came among its bytes".into()));
            }
            let longer = || Failure::Garbled("it is longer than announced".into());
            missing = missing.checked_sub(packet.bytes.len()).ok_or_else(longer)?;
            take(&mut packet.bytes)?;
        }
        Ok(())
    }
}

/// Writes how many bytes will come, and then the bytes, into the socket that an invitation brought, and closes it.
/// Should this process die half way, the announced length keeps the half from being taken for the whole.
pub(crate) async fn upload(
    socket: OwnedFd,
    companion: u32,
    bytes: &[u8],
    patience: Duration,
) -> Result<(), Failure> {
    let link = Link::adopt(socket).map_err(|e| Failure::Garbled(format!("the invitation: {e}")))?;
    // Before the first byte: SO_PEERCRED says who made the pair, whoever carried its end to us.
    let peer = link.peer()?;
    if peer.uid != companion {
        return Err(Failure::Forged { role: Role::Companion, writer: Some(peer.uid) });
    }
    let link = Async::new_nonblocking(link)?;
    let until = Instant::now() + patience;
    let len = u32::try_from(bytes.len()).map_err(|e| Failure::Garbled(e.to_string()))?;
    let announced = Upload { len }.to_line().map_err(|e| Failure::Garbled(e.to_string()))?;
    for part in std::iter::once(announced.as_slice()).chain(bytes.chunks(BODY_PACKET)) {
        let sent = async {
            loop {
                match link.get_ref().send(part, &[]) {
                    Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => link.writable().await?,
                    Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => return Err(Failure::Lost),
                    other => return Ok(other?),
                }
            }
        };
        by(until, sent).await?;
    }
    Ok(())
}

/// The future's result, or [`Failure::Timeout`] when it is not there at the deadline.
pub(crate) async fn by<T>(
    until: Instant,
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let late = async {
        Timer::at(until).await;
        Err(Failure::Timeout)
    };
    smol::future::or(future, late).await
}
