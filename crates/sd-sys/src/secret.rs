//! A secret on its way: in memory of its own, shown to nobody by accident, wiped at the end.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use nix::poll::PollFlags;
use zeroize::Zeroize;

use crate::link::Link;
use crate::mapping::Mapping;
pub use crate::mapping::MemoryKind;
use crate::message::receive_into;
use crate::parting::Parting;
use crate::wait;

/// Bytes that must not get out. No `Clone`, no `Display`; `Debug` prints `[secret]`.
pub struct Secret {
    memory: Mapping,
    capacity: usize,
    length: usize,
}

/// The bytes do not fit in the room that was made for them. Nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the secret is longer than the room made for it")
    }
}

impl std::error::Error for TooLong {}

/// Why a secret could not be received. What had come is wiped.
#[derive(Debug)]
pub enum SecretError {
    /// A system call failed; `TimedOut` at the deadline, also when the end never came.
    Io(io::Error),
    /// The end came before the announced length.
    Short,
    /// More came than was announced.
    TooLong,
    /// A packet came from another uid (or from nobody that the kernel would name).
    WrongWriter,
    /// A packet carried file descriptors.
    UnexpectedFds,
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretError::Io(why) if why.kind() == io::ErrorKind::TimedOut => {
                f.write_str("the secret did not come whole in time")
            }
            SecretError::Io(why) => write!(f, "the secret could not be received: {why}"),
            SecretError::Short => f.write_str("the secret is shorter than announced"),
            SecretError::TooLong => f.write_str("the secret is longer than announced"),
            SecretError::WrongWriter => {
                f.write_str("the secret was written by another uid than may write it")
            }
            SecretError::UnexpectedFds => f.write_str("the secret came with file descriptors"),
        }
    }
}

impl std::error::Error for SecretError {}

impl Secret {
    /// An empty secret with room for `capacity` bytes, in the best memory there is.
    pub fn with_capacity(capacity: usize) -> io::Result<Secret> {
        Ok(Secret { memory: Mapping::new(capacity)?, capacity, length: 0 })
    }

    /// A secret that `write` puts into the memory itself, such as a decryption. `write` gets room for `capacity` zero
    /// bytes and returns how many of them are the secret; `None` makes it `None`.
    pub fn fill(
        capacity: usize,
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> io::Result<Option<Secret>> {
        let mut secret = Secret::with_capacity(capacity)?;
        let room = secret.memory.bytes_mut().get_mut(..capacity).unwrap_or_default();
        let written = write(room).filter(|length| *length <= capacity);
        Ok(written.map(|length| Secret { length, ..secret }))
    }

    /// Appends bytes, all or none. The caller still holds the source.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        let end = self.length.checked_add(bytes.len()).filter(|end| *end <= self.capacity).ok_or(TooLong)?;
        let room = self.memory.bytes_mut().get_mut(self.length..end).ok_or(TooLong)?;
        room.copy_from_slice(bytes);
        self.length = end;
        Ok(())
    }

    /// Appends bytes, all or none, and wipes the source in either case.
    pub fn copy_from(&mut self, source: &mut [u8]) -> Result<(), TooLong> {
        let done = self.push(source);
        source.zeroize();
        done
    }

    /// Forgets what stands behind the first `length` bytes, and wipes it.
    pub fn truncate(&mut self, length: usize) {
        if let Some(rest) = self.memory.bytes_mut().get_mut(length.min(self.length)..self.length) {
            rest.zeroize();
            self.length = self.length.min(length);
        }
    }

    /// The bytes. To be read where they are, and copied nowhere.
    pub fn expose(&self) -> &[u8] {
        self.memory.bytes().get(..self.length).unwrap_or_default()
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether it has no bytes, which is legal.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Which memory it lives in, for a log.
    pub fn kind(&self) -> MemoryKind {
        self.memory.kind()
    }

    /// Receives exactly `length` bytes and then the end, straight from the kernel into the
    /// secret's memory. Every packet must have been written by `writer_uid` and carry no descriptor.
    pub fn receive(
        link: &Link,
        length: usize,
        writer_uid: u32,
        deadline: Instant,
    ) -> Result<Secret, SecretError> {
        let mut secret = Secret::with_capacity(length).map_err(SecretError::Io)?;
        loop {
            // One byte at the end, when nothing more may come: a packet of any length would show.
            let mut last = [0u8; 1];
            let room = match secret.memory.bytes_mut().get_mut(secret.length..length) {
                Some(room) if !room.is_empty() => room,
                _ => &mut last,
            };
            let got = match receive_into(link.as_fd(), room) {
                Ok(got) => got,
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {
                    wait::until(link, PollFlags::POLLIN, deadline).map_err(SecretError::Io)?;
                    continue;
                }
                Err(why) => return Err(SecretError::Io(why)),
            };
            let full = secret.length == length;
            if got.is_end() {
                return if full { Ok(secret) } else { Err(SecretError::Short) };
            }
            if !got.fds.is_empty() || got.control_truncated {
                // Whoever sends what nobody asked for may have loaded it.
                got.fds.into_iter().map(Parting::new).for_each(drop);
                return Err(SecretError::UnexpectedFds);
            }
            if got.writer.map(|who| who.uid) != Some(writer_uid) {
                return Err(SecretError::WrongWriter);
            }
            if got.truncated || full {
                last.zeroize();
                return Err(SecretError::TooLong);
            }
            secret.length += got.length;
            // Empty packets, one after the other, must not keep us here for ever.
            if Instant::now() >= deadline {
                return Err(SecretError::Io(io::ErrorKind::TimedOut.into()));
            }
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests;
