//! The terminal, and the service manager behind it.

use super::*;

/// The words to the service manager that are there now, or come within this time.
fn words(notify: &UnixDatagram, wait: Duration) -> Vec<String> {
    let until = Instant::now() + wait;
    let mut words = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        notify.set_read_timeout(Some(left)).unwrap();
        let mut bytes = [0; 64];
        match notify.recv(&mut bytes) {
            Ok(read) => words.push(String::from_utf8(bytes[..read].to_vec()).unwrap()),
            Err(_) => return words,
        }
        if Instant::now() > until {
            return words;
        }
    }
}

#[test]
fn another_size_is_drawn_anew() {
    let stage = Stage::new(300);
    let (_sink, _gate) = described(&stage, 1);
    stage.shows("y approve   n deny");
    stage.resize(120, 40);
    // Side by side now.
    stage.shows("│ ask 0000000000000001");
}

#[test]
fn a_terminal_that_takes_no_more_does_not_stop_the_clock() {
    let stage = Stage::new(3);
    let (sink, _gate) = described(&stage, 1);
    stage.shows("the label");
    let stalled = stage.stall();
    // Each size is a picture from nothing, until no more fits.
    for n in 0..300 {
        stage.say_size(120 - n % 2, stage::ROWS);
        std::thread::sleep(Duration::from_millis(5));
    }
    stage.say_size(stage::COLUMNS, stage::ROWS);
    assert_eq!(outcome(&sink).unwrap().what, What::Expired {});
    drop(stalled);
    stage.shows("nothing is waiting");
}

#[test]
fn told_to_end_it_settles_nothing_and_leaves_the_terminal_clear() {
    let mut stage = Stage::new(300);
    let (sink, _gate) = described(&stage, 1);
    stage.shows("the label");
    kill(Pid::from_raw(stage.decide.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    assert_eq!(stage.exit_code(), Some(0));
    assert!(outcome(&sink).is_none());
    assert_eq!(stage.picture().trim(), "");
}

#[test]
fn hung_up_it_ends_as_unavailable() {
    let mut stage = Stage::new(300);
    kill(Pid::from_raw(stage.decide.id().try_into().unwrap()), Signal::SIGHUP).unwrap();
    assert_eq!(stage.exit_code(), Some(69));
    assert!(stage.log().contains("the terminal hung up"));
}

#[test]
fn idle_it_says_that_it_goes_on_and_stopped_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let notify = UnixDatagram::bind(&path).unwrap();
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "400000")];
    let stage = Stage::start_with(everybody_is_me(), 300, &environment);
    stage.shows("nothing is waiting");
    let said = words(&notify, Duration::from_secs(2));
    assert_eq!(said[0], "READY=1\n");
    let pings = said.iter().filter(|word| *word == "WATCHDOG=1\n").count();
    // Every 200 ms, and not without a pause; a busy machine may be late.
    assert!((4..=12).contains(&pings) && pings == said.len() - 1, "{said:?}");
    let decide = Pid::from_raw(stage.decide.id().try_into().unwrap());
    kill(decide, Signal::SIGSTOP).unwrap();
    words(&notify, Duration::from_millis(100));
    assert!(words(&notify, Duration::from_millis(800)).is_empty(), "it is stopped");
    kill(decide, Signal::SIGCONT).unwrap();
    assert!(words(&notify, Duration::from_secs(1)).contains(&"WATCHDOG=1\n".to_owned()));
}

#[test]
fn nobody_who_did_not_ask_is_told_that_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let notify = UnixDatagram::bind(&path).unwrap();
    let stage = Stage::start_with(everybody_is_me(), 300, &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    stage.answers_whether_locked(false, false);
    let (_sink, _gate) = described(&stage, 1);
    stage.shows("y approve   n deny");
    assert_eq!(words(&notify, Duration::from_millis(300)), ["READY=1\n"]);
}
