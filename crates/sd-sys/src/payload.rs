//! Bytes that nobody can change any more: a memfd with all four seals.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

/// What is parsed for the screen and what is signed: the same bytes, by the kernel's guarantee.
#[derive(Debug)]
pub struct Payload {
    file: File,
    length: usize,
}

/// Why a file descriptor is not a payload.
#[derive(Debug)]
pub enum PayloadRefused {
    /// It is not a memfd that can be sealed.
    NotSealable,
    /// At least one of the four seals is missing, so its sender could still change it.
    SealMissing,
    /// It is empty.
    Empty,
    /// It is longer than it may be.
    TooLong {
        /// The most bytes that are taken.
        max: usize,
    },
    /// It could not be examined.
    Io(io::Error),
}

impl fmt::Display for PayloadRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PayloadRefused::NotSealable => f.write_str("the payload is refused: it is not a sealed memfd"),
            PayloadRefused::SealMissing => {
                f.write_str("the payload is refused: it lacks one of the seals write, shrink, grow, seal")
            }
            PayloadRefused::Empty => f.write_str("the payload is refused: it is empty"),
            PayloadRefused::TooLong { max } => {
                write!(f, "the payload is refused: it is longer than {max} bytes")
            }
            PayloadRefused::Io(why) => write!(f, "the payload could not be examined: {why}"),
        }
    }
}

impl std::error::Error for PayloadRefused {}

/// Linux 6.3; nix does not name it. Older kernels refuse it with `EINVAL`.
const NOEXEC_SEAL: MFdFlags = MFdFlags::from_bits_retain(0x0008);

fn all_seals() -> SealFlag {
    SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL
}

impl Payload {
    /// A new payload with these bytes; `InvalidInput` when there are none.
    pub fn seal(bytes: &[u8]) -> io::Result<Payload> {
        if bytes.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a payload is never empty"));
        }
        let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
        let fd = match memfd_create(c"payload", flags | NOEXEC_SEAL) {
            Err(Errno::EINVAL) => memfd_create(c"payload", flags)?,
            other => other?,
        };
        let mut file = File::from(fd);
        file.write_all(bytes)?;
        fcntl(&file, FcntlArg::F_ADD_SEALS(all_seals()))?;
        Ok(Payload { file, length: bytes.len() })
    }

    /// Takes a descriptor as a payload if it has all four seals and 1 to `max` bytes.
    pub fn admit(fd: OwnedFd, max: usize) -> Result<Payload, PayloadRefused> {
        let seals = match fcntl(&fd, FcntlArg::F_GET_SEALS) {
            Ok(bits) => SealFlag::from_bits_retain(bits),
            Err(Errno::EINVAL | Errno::EBADF) => return Err(PayloadRefused::NotSealable),
            Err(why) => return Err(PayloadRefused::Io(why.into())),
        };
        if !seals.contains(all_seals()) {
            return Err(PayloadRefused::SealMissing);
        }
        // Only now: the length of an unsealed file is nobody's promise.
        let file = File::from(fd);
        let size = file.metadata().map_err(PayloadRefused::Io)?.len();
        match usize::try_from(size) {
            Ok(0) => Err(PayloadRefused::Empty),
            Ok(length) if length <= max => Ok(Payload { file, length }),
            _ => Err(PayloadRefused::TooLong { max }),
        }
    }

    /// All its bytes, wherever its sender left the file position.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.length];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    /// How many bytes it has; never 0.
    #[expect(clippy::len_without_is_empty, reason = "a payload is never empty")]
    pub fn len(&self) -> usize {
        self.length
    }
}

impl AsFd for Payload {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl From<Payload> for OwnedFd {
    fn from(payload: Payload) -> OwnedFd {
        payload.file.into()
    }
}

#[cfg(test)]
mod tests;
