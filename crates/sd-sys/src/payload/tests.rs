use std::io::{Seek, SeekFrom};

use super::*;

const LIMIT: usize = 1024;

fn memfd(bytes: &[u8], seals: SealFlag) -> OwnedFd {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let mut file = File::from(memfd_create(c"test", flags).unwrap());
    file.write_all(bytes).unwrap();
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals)).unwrap();
    file.into()
}

#[test]
fn what_was_sealed_is_what_is_read_wherever_the_position_is() {
    let payload = Payload::seal(b"tree 4b825dc\n").unwrap();
    assert_eq!(payload.len(), 13);
    let fd: OwnedFd = payload.into();
    let mut file = File::from(fd.try_clone().unwrap());
    file.seek(SeekFrom::End(0)).unwrap();
    let admitted = Payload::admit(fd, LIMIT).unwrap();
    assert_eq!(admitted.read().unwrap(), b"tree 4b825dc\n");
    assert_eq!(admitted.read().unwrap(), b"tree 4b825dc\n", "as often as one likes");
}

#[test]
fn after_sealing_nobody_can_write_shrink_grow_or_unseal() {
    let payload = Payload::seal(b"fixed").unwrap();
    let fd: OwnedFd = payload.into();
    let mut file = File::from(fd);
    file.seek(SeekFrom::Start(0)).unwrap();
    let refused = |result: io::Result<()>| {
        assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EPERM));
    };
    refused(file.write_all(b"other"));
    refused(file.set_len(1));
    refused(file.set_len(100));
    let more = fcntl(&file, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_WRITE));
    assert_eq!(more, Err(Errno::EPERM));
}

#[test]
fn a_payload_with_any_seal_missing_is_refused() {
    let all = [SealFlag::F_SEAL_WRITE, SealFlag::F_SEAL_SHRINK, SealFlag::F_SEAL_GROW, SealFlag::F_SEAL_SEAL];
    for missing in all {
        let fd = memfd(b"bytes", all_seals() - missing);
        assert!(matches!(Payload::admit(fd, LIMIT), Err(PayloadRefused::SealMissing)), "{missing:?}");
    }
    assert!(Payload::admit(memfd(b"bytes", all_seals()), LIMIT).is_ok());
}

#[test]
fn what_is_no_memfd_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plain");
    std::fs::write(&path, "bytes").unwrap();
    let refused = |fd: OwnedFd| {
        let why = Payload::admit(fd, LIMIT).unwrap_err();
        assert!(matches!(why, PayloadRefused::NotSealable | PayloadRefused::SealMissing), "{why}");
    };
    refused(File::open(&path).unwrap().into());
    refused(nix::unistd::pipe().unwrap().0);
    refused(crate::Link::pair().unwrap().0.into());
    refused(File::open("/dev/shm").or_else(|_| File::open("/")).unwrap().into());
    refused(std::fs::OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(&path).unwrap().into());
}

#[test]
fn an_empty_or_too_long_payload_is_refused() {
    assert!(matches!(Payload::admit(memfd(b"", all_seals()), LIMIT), Err(PayloadRefused::Empty)));
    let long = memfd(&[1; LIMIT + 1], all_seals());
    assert!(matches!(Payload::admit(long, LIMIT), Err(PayloadRefused::TooLong { max: LIMIT })));
    let just = memfd(&[1; LIMIT], all_seals());
    assert_eq!(Payload::admit(just, LIMIT).unwrap().len(), LIMIT);
    assert_eq!(Payload::seal(b"").unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn a_payload_that_someone_still_maps_for_writing_cannot_have_been_sealed() {
    use nix::sys::mman::{MapFlags, ProtFlags, mmap};
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let file = File::from(memfd_create(c"test", flags).unwrap());
    file.set_len(5).unwrap();
    let page = std::num::NonZeroUsize::new(4096).unwrap();
    // SAFETY: no address is asked for; the pages are not used.
    let _at = unsafe {
        mmap(None, page, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED, &file, 0)
    }
    .unwrap();
    assert_eq!(fcntl(&file, FcntlArg::F_ADD_SEALS(all_seals())), Err(Errno::EBUSY));
    assert!(matches!(Payload::admit(file.into(), LIMIT), Err(PayloadRefused::SealMissing)));
}

use std::os::unix::fs::OpenOptionsExt;
