//! What was typed as a passphrase stays on no terminal: not on the screen, not in its scrollback, not in its queue.

use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sd_wire::line::Words;
use sd_wire::passphrase::Note;
use test_harness::chaos::dice::Dice;

use crate::stage::OnTheVt;
use crate::terminal::{NUMBER, eventually, open, screen, switch_to, type_in};

/// So many characters in a row are no accident.
const PART: usize = 4;

/// Letters that no run has had before.
fn passphrase() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut dice = Dice::new(now.as_secs(), now.subsec_nanos().into());
    let letters: Vec<char> = ('a'..='z').chain('2'..='9').collect();
    (0..24).map(|_| dice.one(&letters, 'a')).collect()
}

/// The parts of it that can be read on the screen, as it is or scrolled back as far as the kernel remembers.
fn legible(passphrase: &str) -> Vec<String> {
    let there = |screen: &str| {
        let parts = (0..=passphrase.len() - PART).map(|at| &passphrase[at..at + PART]);
        parts.filter(|part| screen.contains(part)).map(str::to_owned).collect::<Vec<_>>()
    };
    let now = there(&screen());
    scroll(-1000);
    let before = there(&screen());
    scroll(1000);
    [now, before].concat()
}

/// Scrolls what is shown, where the kernel remembers what stood above (ioctl_console(2), `TIOCL_SCROLLCONSOLE`; Linux 5.9
/// has taken the memory away and left the call).
fn scroll(lines: i32) {
    let script = "my $b = pack('Cx3l', 13, $ARGV[0]); ioctl(STDIN, 0x541C, $b) or die $!";
    let done =
        Command::new("perl").args(["-e", script, "--", &lines.to_string()]).stdin(open()).status().unwrap();
    assert!(done.success());
}

/// What waits in the terminal's queue for whoever reads it next (ioctl_tty(2), `FIONREAD`).
fn queued() -> String {
    let script = "my $n = pack 'i', 0; ioctl(STDIN, 0x541B, $n) or die $!; print unpack 'i', $n";
    let said = Command::new("perl").args(["-e", script]).stdin(open()).output().unwrap();
    String::from_utf8(said.stdout).unwrap()
}

#[test]
fn a_passphrase_stays_neither_on_the_terminal_nor_in_its_scrollback_nor_in_its_queue() {
    let mut vt = OnTheVt::start();
    switch_to(NUMBER);
    let (waits, _unlocking) = vt.prompts();
    let passphrase = passphrase();
    let (first, rest) = passphrase.split_at(1);
    eventually("the first character", || {
        // Not before the quiet time is over.
        std::thread::sleep(Duration::from_millis(900));
        type_in(first);
        std::thread::sleep(Duration::from_millis(100));
        screen().contains("*_")
    });
    for letter in rest.split("").filter(|letter| !letter.is_empty()) {
        type_in(letter);
        assert_eq!(legible(&passphrase), Vec::<String>::new());
    }
    vt.shows("*_");
    // The other end is told how long it is, and then what it is: it was all typed.
    type_in("\n");
    let receive = || waits.receive_by(Instant::now() + Duration::from_secs(5)).unwrap().unwrap().bytes;
    assert_eq!(Note::from_line(&receive()).unwrap(), Note::Entered { len: 24 });
    assert_eq!(receive(), passphrase.as_bytes());
    eventually("the end of the prompt", || !screen().contains("passphrase:"));
    assert_eq!(legible(&passphrase), Vec::<String>::new());

    // Typed at once, with more behind it than anybody reads.
    type_in(&format!("{passphrase}{passphrase}"));
    vt.stop();
    assert_eq!((legible(&passphrase), queued().as_str()), (Vec::new(), "0"));

    // What is looked for would be found.
    std::fs::write("/dev/tty8", &passphrase).unwrap();
    assert!(!legible(&passphrase).is_empty());
    std::fs::write("/dev/tty8", "\r\x1b[2K").unwrap();
}
