//! sd-pinentry as a process: what it shows, what it survives, how it ends.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod running;
mod stage;

use std::io::Write;
use std::process::Stdio;

use sd_sys::identity::own_uid;
use sd_wire::line::Words;
use sd_wire::parties::Parties;
use sd_wire::passphrase::{Note, Packet, Unlocks};

use running::Pinentry;
use stage::{Stage, goes_away, private, typed};

const CANARY: &str = "a canary of a passphrase";

#[test]
fn what_gpg_agent_sets_is_shown_and_what_was_typed_is_handed_over() {
    let stage = Stage::new();
    let mut pinentry = Pinentry::of(&stage);
    for line in ["SETKEYINFO n/ABCD", "SETDESC unlock%0AAda", "SETERROR Bad Passphrase (try 2 of 3)"] {
        pinentry.tell(line.as_bytes());
        assert_eq!(pinentry.reply(), "OK");
    }
    pinentry.tell(b"GETPIN");
    let (screen, question) = stage.prompt();
    let Packet::Passphrase(wanted) = Packet::from_line(&question.bytes).unwrap();
    assert!(matches!(&wanted.unlocks, Unlocks::Key { grip } if grip.as_str() == "ABCD"));
    assert_eq!(wanted.lines.len(), 2);
    assert_eq!(wanted.tries, Some((2, 3)));
    typed(&screen, "100% sure");
    drop(screen);
    assert_eq!(pinentry.reply(), "D 100%25 sure");
    assert_eq!(pinentry.reply(), "OK");
    pinentry.tell(b"BYE");
    assert_eq!((pinentry.reply().as_str(), pinentry.end()), ("OK", Some(0)));
}

#[test]
fn a_passphrase_is_out_of_reach_and_gone_once_it_is_handed_over() {
    let stage = Stage::new();
    let mut pinentry = Pinentry::of(&stage);
    pinentry.tell(b"GETPIN");
    let (screen, _) = stage.prompt();
    typed(&screen, CANARY);
    drop(screen);
    assert_eq!(pinentry.reply(), format!("D {CANARY}"));
    assert_eq!(pinentry.reply(), "OK");
    let proc = |file: &str| format!("/proc/{}/{file}", pinentry.child.id());
    let limits = std::fs::read_to_string(proc("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    if own_uid() != 0 {
        // Not even for its own uid.
        assert!(std::fs::File::open(proc("mem")).is_err());
        return;
    }
    assert!(!holds(&proc("maps"), &proc("mem"), CANARY.as_bytes()), "it is still there");
    // What stands in its environment is found, so that the search would find a passphrase too.
    assert!(holds(&proc("maps"), &proc("mem"), b"SECRETS_DISPATCHER_PASSPHRASE"));
}

/// Whether these bytes stand anywhere in a process's writable memory.
fn holds(maps: &str, mem: &str, what: &[u8]) -> bool {
    use std::os::unix::fs::FileExt;
    let (maps, mem) = (std::fs::read_to_string(maps).unwrap(), std::fs::File::open(mem).unwrap());
    maps.lines().filter(|line| line.contains(" rw")).any(|line| {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|at| u64::from_str_radix(at, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // Some pages, such as those of memfd_secret, nobody may read.
        mem.read_exact_at(&mut bytes, from).is_ok() && bytes.windows(what.len()).any(|part| part == what)
    })
}

#[test]
fn a_prompt_leaves_the_screen_when_gpg_agent_goes_away() {
    let stage = Stage::new();
    let mut pinentry = Pinentry::of(&stage);
    pinentry.tell(b"GETPIN");
    let (screen, _) = stage.prompt();
    pinentry.says = None;
    assert!(goes_away(&screen));
    assert_eq!(pinentry.end(), Some(0));
}

#[test]
fn garbage_is_answered_and_the_talk_goes_on() {
    let stage = Stage::new();
    let mut pinentry = Pinentry::of(&stage);
    for line in [&b"\xff\xfe\x00"[..], b"\x1b[2J", b"D x", b"OK", b"SETTIMEOUT x", b"INQUIRE", b"CONFIRM"] {
        pinentry.tell(line);
        let reply = pinentry.reply();
        assert!(reply.starts_with("ERR 838"), "{line:?}: {reply}");
    }
    pinentry.tell(b"# a comment\n\nNOP");
    assert_eq!(pinentry.reply(), "OK");
    assert!(stage.is_quiet());
}

#[test]
fn an_endless_line_ends_it_as_a_fault_of_the_protocol() {
    let stage = Stage::new();
    let mut pinentry = Pinentry::of(&stage);
    // It may be gone before it has been sent all of it.
    let _ = pinentry.says.as_mut().unwrap().write_all(&[b'x'; 4096]);
    assert!(pinentry.reply().starts_with("ERR 83886343 "));
    assert_eq!(pinentry.end(), Some(76));
}

#[test]
fn an_answer_that_sd_decide_did_not_write_is_no_passphrase() {
    let uid = own_uid();
    let stage =
        Stage::among(Parties { desktop: uid, gate: uid, decide: uid + 1, companion: uid, audit: None });
    let mut pinentry = Pinentry::of(&stage);
    pinentry.tell(b"GETPIN");
    let (screen, _) = stage.prompt();
    // It may have left after the first packet.
    let _ = screen.send(&Note::Entered { len: 4 }.to_line().unwrap(), &[]);
    let _ = screen.send(b"evil", &[]);
    assert!(pinentry.reply().starts_with("ERR 83886165 "));
}

#[test]
fn a_user_who_is_not_set_up_gets_status_78() {
    let stage = Stage::new();
    let status = || {
        let mut run = stage.companion(env!("CARGO_BIN_EXE_sd-pinentry"));
        run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().code()
    };
    assert_eq!(status(), Some(0));
    let uid = own_uid();
    let others = Parties { desktop: uid, gate: uid, decide: uid, companion: uid + 1, audit: None };
    private(&stage.at("parties.json"), &others.to_line().unwrap());
    assert_eq!(status(), Some(78));
    std::fs::remove_file(stage.at("parties.json")).unwrap();
    assert_eq!(status(), Some(78));
}

#[test]
fn it_takes_the_options_of_every_pinentry_and_no_others() {
    let stage = Stage::new();
    let status = |options: &[&str]| {
        let mut run = stage.companion(env!("CARGO_BIN_EXE_sd-pinentry"));
        run.args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .code()
    };
    assert_eq!(status(&["--display", ":0", "--ttyname=/dev/pts/1", "-N", "xterm", "-g", "-o", "5"]), Some(0));
    assert_eq!(status(&["--help"]), Some(0));
    assert_eq!(status(&["--no-such-option"]), Some(64));
}
