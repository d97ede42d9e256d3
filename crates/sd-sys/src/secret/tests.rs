use std::os::fd::AsFd;
use std::time::Duration;

use super::*;
use crate::identity::own_uid;
use crate::link::MAX_PACKET;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

fn receive(link: &Link, length: usize) -> Result<Secret, SecretError> {
    Secret::receive(link, length, own_uid(), soon())
}

#[test]
fn a_secret_holds_what_was_pushed_and_no_more_than_its_room() {
    let mut secret = Secret::with_capacity(8).unwrap();
    secret.push(b"hunt").unwrap();
    secret.push(b"er2").unwrap();
    assert_eq!(secret.expose(), b"hunter2");
    assert_eq!(secret.push(b"xx"), Err(TooLong), "all or none");
    assert_eq!((secret.expose(), secret.len()), (b"hunter2".as_slice(), 7));
    secret.push(b"!").unwrap();
    assert_eq!(secret.expose(), b"hunter2!");
}

#[test]
fn a_secret_does_not_show_itself() {
    let mut secret = Secret::with_capacity(7).unwrap();
    secret.push(b"hunter2").unwrap();
    assert_eq!(format!("{secret:?}"), "[secret]");
    assert_eq!(format!("{:?}", Some(&secret)), "Some([secret])");
}

#[test]
fn the_source_of_a_copy_is_wiped_also_when_it_did_not_fit() {
    let mut secret = Secret::with_capacity(7).unwrap();
    let mut source = *b"hunter2";
    secret.copy_from(&mut source).unwrap();
    assert_eq!((secret.expose(), source), (b"hunter2".as_slice(), [0; 7]));
    let mut more = *b"more";
    assert_eq!(secret.copy_from(&mut more), Err(TooLong));
    assert_eq!(more, [0; 4]);
}

#[test]
fn wiping_leaves_nothing_but_zeros_in_every_page() {
    let mut memory = Mapping::new(10_000).unwrap();
    memory.bytes_mut().fill(0xaa);
    memory.wipe();
    assert!(memory.bytes().len() >= 10_000 && memory.bytes().iter().all(|byte| *byte == 0));
}

#[test]
fn an_empty_secret_is_legal() {
    let secret = Secret::with_capacity(0).unwrap();
    assert!(secret.is_empty() && secret.expose().is_empty());
    let (here, there) = Link::pair().unwrap();
    drop(here);
    assert!(receive(&there, 0).unwrap().is_empty());
}

#[test]
fn a_secret_has_the_best_memory_there_is_and_works_without_any_to_lock() {
    use nix::sys::resource::{Resource, setrlimit};
    // SAFETY: memfd_secret takes one integer; the descriptor is closed with the process.
    let has = unsafe { libc::syscall(libc::SYS_memfd_secret, libc::O_CLOEXEC) } >= 0;
    // A container may refuse what the limit would allow.
    let page = vec![0_u8; 4096];
    // SAFETY: mlock takes an address range of this process and changes none of its bytes; unlocked at exit.
    let lockable = unsafe { libc::mlock(page.as_ptr().cast(), page.len()) } == 0;
    let best = Secret::with_capacity(1).unwrap().kind();
    match (lockable, has) {
        (true, true) => assert_eq!(best, MemoryKind::MemfdSecret),
        (true, false) => assert_eq!(best, MemoryKind::Locked),
        (false, _) => {}
    }
    // In the same test, since the limit holds for the whole process.
    setrlimit(Resource::RLIMIT_MEMLOCK, 0, 0).unwrap();
    let mut secret = Secret::with_capacity(7).unwrap();
    secret.push(b"hunter2").unwrap();
    assert_eq!(secret.expose(), b"hunter2");
    if own_uid() != 0 {
        assert_eq!(secret.kind(), MemoryKind::Plain);
    }
}

#[test]
fn dropping_a_secret_wipes_its_pages() {
    let mut secret = Secret::with_capacity(7).unwrap();
    secret.push(b"hunter2").unwrap();
    if secret.kind() != MemoryKind::MemfdSecret {
        // Private pages are gone with their mapping; only shared ones can be watched afterwards.
        return;
    }
    let (at, page) = (secret.expose().as_ptr().cast_mut().cast(), 4096);
    // SAFETY: an old size of 0 makes a second mapping of the same shared pages (mremap(2)) and
    // leaves the first alone.
    let alias = unsafe { libc::mremap(at, 0, page, libc::MREMAP_MAYMOVE) };
    assert_ne!(alias, libc::MAP_FAILED);
    // SAFETY: the second mapping has one page and is never unmapped.
    let watch = || unsafe { std::slice::from_raw_parts(alias.cast::<u8>(), page) }.to_vec();
    assert!(watch().starts_with(b"hunter2"));
    drop(secret);
    assert_eq!(watch(), vec![0; page]);
}

#[test]
fn the_memory_of_a_secret_is_in_no_dump_and_in_no_child() {
    let secret = Secret::with_capacity(1).unwrap();
    let at = secret.expose().as_ptr().addr();
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    // Plain pages may have been joined with their neighbours: the range that holds ours.
    let holds = |line: &str| {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        let number = |text| usize::from_str_radix(text, 16).ok();
        range.is_some_and(|(low, high)| {
            number(low).is_some_and(|low| low <= at) && number(high).is_some_and(|high| at < high)
        })
    };
    let mut ours = maps.lines().skip_while(|line| !holds(line));
    let flags = ours.find_map(|line| line.strip_prefix("VmFlags:")).unwrap();
    assert!(flags.contains(" dd") && flags.contains(" dc"), "dontdump, dontcopy: {flags}");
}

#[test]
fn a_secret_comes_in_packets_and_then_the_end() {
    let (here, there) = Link::pair().unwrap();
    let bytes: Vec<u8> = (0..150_000u32).map(|n| n.to_le_bytes()[0]).collect();
    let sent = bytes.clone();
    let writer = std::thread::spawn(move || {
        for packet in sent.chunks(MAX_PACKET / 2) {
            here.send_by(packet, &[], soon()).unwrap();
        }
    });
    assert_eq!(receive(&there, bytes.len()).unwrap().expose(), bytes);
    writer.join().unwrap();
}

#[test]
fn a_secret_of_another_length_than_announced_is_refused() {
    for (packets, refused_as_short) in [
        (vec![b"hunter".as_slice()], true),
        (vec![b"hunter22".as_slice()], false),
        (vec![b"hunter2".as_slice(), b"2".as_slice()], false),
        (vec![], true),
    ] {
        let (here, there) = Link::pair().unwrap();
        for packet in &packets {
            here.send(packet, &[]).unwrap();
        }
        drop(here);
        let why = receive(&there, 7).unwrap_err();
        match refused_as_short {
            true => assert!(matches!(why, SecretError::Short), "{packets:?}: {why}"),
            false => assert!(matches!(why, SecretError::TooLong), "{packets:?}: {why}"),
        }
    }
}

#[test]
fn an_empty_packet_after_the_last_byte_is_one_too_many() {
    let (here, there) = Link::pair().unwrap();
    here.send(b"hunter2", &[]).unwrap();
    crate::message::send_one(here.as_fd(), b"", &[]).unwrap();
    assert!(matches!(receive(&there, 7), Err(SecretError::TooLong)));
}

#[test]
fn a_secret_whose_end_never_comes_is_refused_at_the_deadline() {
    for sent in [b"hunter2".as_slice(), b"hunt".as_slice()] {
        let (here, there) = Link::pair().unwrap();
        here.send(sent, &[]).unwrap();
        let deadline = Instant::now() + Duration::from_millis(50);
        let why = Secret::receive(&there, 7, own_uid(), deadline).unwrap_err();
        assert!(matches!(&why, SecretError::Io(e) if e.kind() == io::ErrorKind::TimedOut), "{why}");
    }
}

#[test]
fn empty_packets_without_end_do_not_outlast_the_deadline() {
    let (here, there) = Link::pair().unwrap();
    let deadline = Instant::now() + Duration::from_millis(100);
    let writer = std::thread::spawn(move || {
        while Instant::now() < deadline + Duration::from_millis(200) {
            let _ = crate::message::send_one(here.as_fd(), b"", &[]);
        }
    });
    let why = Secret::receive(&there, 7, own_uid(), deadline).unwrap_err();
    assert!(matches!(&why, SecretError::Io(e) if e.kind() == io::ErrorKind::TimedOut), "{why}");
    drop(there);
    writer.join().unwrap();
}

#[test]
fn a_secret_of_another_writer_or_with_fds_is_refused() {
    let (here, there) = Link::pair().unwrap();
    here.send(b"hunter2", &[]).unwrap();
    let why = Secret::receive(&there, 7, own_uid() + 1, soon()).unwrap_err();
    assert!(matches!(why, SecretError::WrongWriter));
    let (here, there) = Link::pair().unwrap();
    for fds in [1, 3, 5] {
        crate::message::send_one(here.as_fd(), b"hunter2", &vec![here.as_fd(); fds]).unwrap();
        assert!(matches!(receive(&there, 7), Err(SecretError::UnexpectedFds)), "{fds}");
    }
}

#[test]
fn what_is_truncated_is_wiped_and_makes_room() {
    let mut secret = Secret::with_capacity(8).unwrap();
    secret.push(b"hunter22").unwrap();
    secret.truncate(3);
    assert_eq!(secret.expose(), b"hun");
    assert!(secret.memory.bytes()[3..8].iter().all(|byte| *byte == 0));
    secret.truncate(5);
    assert_eq!(secret.len(), 3, "it grows by no truncation");
    secret.push(b"dreds").unwrap();
    assert_eq!(secret.expose(), b"hundreds");
}
