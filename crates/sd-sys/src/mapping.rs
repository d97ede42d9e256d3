//! Pages for secrets: the best kind of memory that this kernel and these limits allow.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr::NonNull;

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mlock, mmap, mmap_anonymous, munmap};
use nix::unistd::{SysconfVar, ftruncate, sysconf};
use zeroize::Zeroize;

/// What kind of memory holds a secret, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryKind {
    /// `memfd_secret`: not even the kernel maps it, so it is in no dump, no swap, no `/proc/<pid>/mem`.
    MemfdSecret,
    /// Ordinary memory that is locked (no swap) and left out of core files.
    Locked,
    /// Ordinary memory that is left out of core files but could be swapped out.
    Plain,
}

impl MemoryKind {
    /// The name for a log.
    pub fn name(self) -> &'static str {
        match self {
            MemoryKind::MemfdSecret => "memfd_secret",
            MemoryKind::Locked => "locked",
            MemoryKind::Plain => "plain",
        }
    }
}

/// Whole pages of zeros, ours alone, wiped and unmapped on drop; a forked child does not get them.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    size: usize,
    kind: MemoryKind,
}

// SAFETY: the pages belong to this value alone, and are reached only through borrows of it.
unsafe impl Send for Mapping {}
// SAFETY: a shared borrow gives out only `&[u8]`; there is no interior mutability.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// At least `room` bytes (one page when that is 0).
    pub(crate) fn new(room: usize) -> io::Result<Mapping> {
        let size = whole_pages(room)?;
        if let Ok(start) = secret_pages(size) {
            let mapping = Mapping { start, size: size.get(), kind: MemoryKind::MemfdSecret };
            mapping.keep_from_children()?;
            return Ok(mapping);
        }
        // SAFETY: no address is asked for, so no existing mapping is replaced.
        let start = unsafe {
            mmap_anonymous(None, size, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_PRIVATE)
        }?;
        let mut mapping = Mapping { start: start.cast(), size: size.get(), kind: MemoryKind::Plain };
        mapping.keep_from_children()?;
        // SAFETY: the range is exactly the mapping that was just made.
        unsafe { madvise(start, mapping.size, MmapAdvise::MADV_DONTDUMP) }?;
        // SAFETY: as above.
        if unsafe { mlock(start, mapping.size) }.is_ok() {
            mapping.kind = MemoryKind::Locked;
        }
        Ok(mapping)
    }

    fn keep_from_children(&self) -> io::Result<()> {
        // SAFETY: the range is exactly our own mapping.
        unsafe { madvise(self.start.cast(), self.size, MmapAdvise::MADV_DONTFORK) }?;
        Ok(())
    }

    pub(crate) fn kind(&self) -> MemoryKind {
        self.kind
    }

    /// Overwrites every byte with zero, by writes that the compiler may not leave out.
    pub(crate) fn wipe(&mut self) {
        self.bytes_mut().zeroize();
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: start and size are those of a live mapping, which the kernel filled with zeros,
        // and which only `bytes_mut` changes, through an exclusive borrow.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.size) }
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as for `bytes`, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.size) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        self.wipe();
        // SAFETY: the range is exactly our own mapping, and no borrow of it outlives `self`.
        // It cannot fail for such a range; if it did, the pages would stay, wiped.
        let _ = unsafe { munmap(self.start.cast(), self.size) };
    }
}

fn whole_pages(room: usize) -> io::Result<NonZeroUsize> {
    let page = sysconf(SysconfVar::PAGE_SIZE)?.and_then(|size| usize::try_from(size).ok()).unwrap_or(4096);
    room.max(1)
        .checked_next_multiple_of(page)
        .and_then(NonZeroUsize::new)
        .ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))
}

/// Pages of `memfd_secret`; an error where the kernel lacks it (before 5.14, or not switched on
/// before 6.5), a system call filter forbids it, or `RLIMIT_MEMLOCK` is used up.
fn secret_pages(size: NonZeroUsize) -> io::Result<NonNull<u8>> {
    // SAFETY: memfd_secret takes one integer and touches no memory of ours.
    let raw = unsafe { libc::syscall(libc::SYS_memfd_secret, libc::O_CLOEXEC) };
    let raw = i32::try_from(raw).ok().filter(|raw| *raw >= 0).ok_or_else(Errno::last)?;
    // SAFETY: the kernel has just made this descriptor for us.
    let fd = unsafe { OwnedFd::from_raw_fd(raw) };
    let length = i64::try_from(size.get()).map_err(|_| Errno::EFBIG)?;
    ftruncate(&fd, length)?;
    // The descriptor is closed at the end: the mapping keeps the pages, and nobody else can map them.
    // SAFETY: no address is asked for, so no existing mapping is replaced.
    let start = unsafe {
        mmap(None, size, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED, &fd, 0)
    }?;
    Ok(start.cast())
}
