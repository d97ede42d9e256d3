//! Against a fake sd-decide at a socket in a temporary directory.

use std::os::fd::AsFd;
use std::sync::mpsc;
use std::thread::JoinHandle;

use sd_sys::identity::own_uid;
use sd_sys::listener::Listener;
use sd_wire::bounded::{List, Text};
use sd_wire::passphrase::Unlocks;

use super::*;

const CANARY: &[u8] = b"correct horse";

fn wanted() -> Wanted {
    Wanted {
        unlocks: Unlocks::Key { grip: Text::new("0123ABCD").unwrap() },
        lines: List::new(vec![Text::new("Ada Example").unwrap()]).unwrap(),
        wrong: None,
        tries: Some((1, 3)),
    }
}

/// Asks a decider that does `decider` with its one connection, after it has read the question.
fn asked(
    decide: u32,
    patience: Duration,
    decider: impl FnOnce(Link) + Send + 'static,
) -> Result<Secret, NoPassphrase> {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("passphrase.sock");
    let thread = serve(&path, |link| {
        let question = link.receive_by(Instant::now() + Duration::from_secs(5)).unwrap().unwrap();
        assert_eq!(Packet::from_line(&question.bytes).unwrap(), Packet::Passphrase(Box::new(wanted())));
        decider(link);
    });
    let answer = ask(&path, decide, wanted(), Instant::now() + patience, || true);
    thread.join().unwrap();
    answer
}

fn serve(path: &Path, decider: impl FnOnce(Link) + Send + 'static) -> JoinHandle<()> {
    let listener = Listener::bind(path, 0o600).unwrap();
    std::thread::spawn(move || {
        assert!(listener.wait(Duration::from_secs(5)).unwrap());
        decider(listener.accept().unwrap().unwrap());
    })
}

fn say(link: &Link, note: &Note) {
    link.send(&note.to_line().unwrap(), &[]).unwrap();
}

fn entered(link: &Link, len: usize, bytes: &[u8]) {
    say(link, &Note::Entered { len: u32::try_from(len).unwrap() });
    // An asker that has refused the announcement may be gone.
    let _ = link.send(bytes, &[]);
}

const ENOUGH: Duration = Duration::from_secs(5);

#[test]
fn what_was_typed_arrives_as_it_is() {
    let got = asked(own_uid(), ENOUGH, |link| entered(&link, CANARY.len(), CANARY)).unwrap();
    assert_eq!(got.expose(), CANARY);
}

#[test]
fn an_empty_passphrase_is_one() {
    let got = asked(own_uid(), ENOUGH, |link| say(&link, &Note::Entered { len: 0 })).unwrap();
    assert!(got.is_empty());
}

#[test]
fn each_way_to_say_no_arrives_as_itself() {
    let no = |note: Note| asked(own_uid(), ENOUGH, move |link| say(&link, &note)).unwrap_err();
    assert!(matches!(no(Note::Dismissed {}), NoPassphrase::Dismissed));
    assert!(matches!(no(Note::Expired {}), NoPassphrase::Expired));
    assert!(matches!(no(Note::Refused {}), NoPassphrase::NotNow));
}

#[test]
fn an_answer_of_another_uid_is_not_believed() {
    let got = asked(own_uid() + 1, ENOUGH, |link| entered(&link, CANARY.len(), CANARY));
    assert!(matches!(got, Err(NoPassphrase::Forged(Some(uid))) if uid == own_uid()), "{got:?}");
}

#[test]
fn one_byte_too_long_is_refused_before_a_byte_of_it_is_read() {
    let got = asked(own_uid(), ENOUGH, |link| say(&link, &Note::Entered { len: 1025 }));
    assert!(matches!(got, Err(NoPassphrase::Garbled(_))), "{got:?}");
}

#[test]
fn the_longest_passphrase_there_is_arrives() {
    let got = asked(own_uid(), ENOUGH, |link| entered(&link, 1024, &[b'x'; 1024])).unwrap();
    assert_eq!(got.len(), 1024);
}

#[test]
fn more_and_fewer_bytes_than_announced_are_refused() {
    for bytes in [&b"abc"[..], b"abcde"] {
        let got = asked(own_uid(), ENOUGH, move |link| entered(&link, 4, bytes));
        assert!(matches!(got, Err(NoPassphrase::Garbled(_))), "{got:?}");
    }
}

#[test]
fn garbage_is_refused_and_not_answered() {
    let got = asked(own_uid(), ENOUGH, |link| {
        link.send(b"\xff{}", &[]).unwrap();
        assert!(link.receive_by(Instant::now() + ENOUGH).is_ok_and(|more| more.is_none()));
    });
    assert!(matches!(got, Err(NoPassphrase::Garbled(_))), "{got:?}");
}

#[test]
fn descriptors_beside_an_answer_are_refused() {
    let got = asked(own_uid(), ENOUGH, |link| {
        let (one, _) = Link::pair().unwrap();
        link.send(&Note::Dismissed {}.to_line().unwrap(), &[one.as_fd()]).unwrap();
    });
    assert!(matches!(got, Err(NoPassphrase::Garbled(_))), "{got:?}");
}

#[test]
fn a_decider_that_hangs_up_ends_it_at_once() {
    let began = Instant::now();
    assert!(matches!(asked(own_uid(), ENOUGH, drop), Err(NoPassphrase::Lost)));
    assert!(began.elapsed() < ENOUGH);
}

#[test]
fn a_decider_that_hangs_up_without_reading_ends_it_too() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("passphrase.sock");
    let thread = serve(&path, |link| {
        std::thread::sleep(Duration::from_millis(100));
        drop(link);
    });
    let got = ask(&path, own_uid(), wanted(), Instant::now() + ENOUGH, || true);
    assert!(matches!(got, Err(NoPassphrase::Lost)), "{got:?}");
    thread.join().unwrap();
}

#[test]
fn silence_ends_at_the_deadline() {
    let (done, wait) = mpsc::channel::<()>();
    let patience = Duration::from_millis(400);
    let began = Instant::now();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("passphrase.sock");
    let thread = serve(&path, move |link| {
        let _ = wait.recv();
        drop(link);
    });
    let got = ask(&path, own_uid(), wanted(), Instant::now() + patience, || true);
    assert!(matches!(got, Err(NoPassphrase::Silent)), "{got:?}");
    assert!(began.elapsed() >= patience);
    drop(done);
    thread.join().unwrap();
}

#[test]
fn silence_after_the_announcement_ends_too() {
    let got = asked(own_uid(), Duration::from_millis(400), |link| {
        say(&link, &Note::Entered { len: 4 });
        std::thread::sleep(Duration::from_millis(800));
    });
    assert!(matches!(got, Err(NoPassphrase::Silent)), "{got:?}");
}

#[test]
fn what_is_no_longer_wanted_leaves_the_screen() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("passphrase.sock");
    let thread = serve(&path, |link| {
        let until = Instant::now() + ENOUGH;
        assert!(link.receive_by(until).unwrap().is_some());
        assert!(link.receive_by(until).unwrap().is_none(), "the connection should have ended");
    });
    let began = Instant::now();
    let still = || began.elapsed() < Duration::from_millis(300);
    let got = ask(&path, own_uid(), wanted(), began + Duration::from_secs(60), still);
    assert!(matches!(got, Err(NoPassphrase::Withdrawn)), "{got:?}");
    thread.join().unwrap();
}

#[test]
fn without_a_decider_there_is_no_passphrase() {
    let place = tempfile::tempdir().unwrap();
    let got = ask(&place.path().join("none"), own_uid(), wanted(), Instant::now() + ENOUGH, || true);
    assert!(matches!(got, Err(NoPassphrase::Unavailable(_))), "{got:?}");
}
