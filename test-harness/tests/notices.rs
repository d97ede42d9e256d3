//! What the desktop is told by notifications, with a server that prints it: something waits, it is settled, nobody can
//! be asked; and with servers that are not there, slow, or gone in between.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use support::keys::REPOSITORY;
use support::{Going, Hold, Rig, eventually, keys};

const ITEM: &str = "/org/freedesktop/secrets/collection/fake/i1";
/// A lookup by an application through sd-agent, which waits for a key.
const LOOKUP: &str =
    "{ secret-tool lookup service demo > out 2> err; echo $? > ended.part; mv ended.part ended; } &";
/// Waits until the agent hears of other programs' asks.
const FOLLOWED: &str =
    "while ! grep -q 'the gate tells of every ask' $SD_RIG_RUN/log/sd-agent.log; do sleep 0.02; done";
/// The title of one ask's notification.
const ONE: &str = r#"title "Approve on VT8 (Ctrl+Alt+F8)""#;

fn rig() -> Rig {
    Rig::real().with_fake_backend(&["--item", "one=the-canary,service=demo"])
}

/// With a server of these options from the beginning, and then this script.
fn with_server(rig: Rig, options: &str, script: &str) -> Going {
    let going = Going::start(rig, &format!("{FOLLOWED}\n{}\n{script}", serve("notices", options)));
    eventually("the server", || going.file("notices").contains("serving").then_some(()));
    going
}

/// Starts a server that prints into this file, and waits until it serves.
fn serve(file: &str, options: &str) -> String {
    format!(
        "sd-fake-notices {options} > {file} & echo $! > {file}.pid
         while ! grep -q serving {file}; do sleep 0.02; done"
    )
}

fn told(going: &Going) -> Vec<String> {
    lines(&going.file("notices"))
}

fn lines(text: &str) -> Vec<String> {
    text.lines().filter(|line| !line.starts_with("serving")).map(str::to_owned).collect()
}

/// Waits for a line in a server's file that has all of these in it.
fn says(going: &Going, file: &str, words: &[&str]) -> String {
    let has = |line: &String| words.iter().all(|word| line.contains(word));
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let text = going.file(file);
        if let Some(line) = lines(&text).into_iter().find(has) {
            return line;
        }
        assert!(Instant::now() < end, "no {words:?} in {text}\nagent: {}", going.log("sd-agent"));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What stands on the desktop in the end: the number and the last line of each.
fn stands(lines: &[String]) -> Vec<(String, String)> {
    let mut stands: Vec<(String, String)> = Vec::new();
    for line in lines {
        let mut words = line.split(' ');
        let (verb, number) = (words.next().unwrap(), words.next().unwrap().to_owned());
        stands.retain(|(known, _)| *known != number);
        if verb == "notify" {
            stands.push((number, line.clone()));
        }
    }
    stands
}

#[test]
fn an_application_that_asks_is_named_and_the_notification_closes_with_the_answer() {
    let going = with_server(rig().with(&["--answer", "y"]).holding(), "", LOOKUP);
    let line = says(&going, "notices", &[ONE, "Read a secret: process ", "looks like secret-tool"]);
    assert!(line.contains("urgency=byte 0x01") && line.contains("actions 0"), "{line}");
    assert!(line.contains("category=\"x-secrets-dispatcher.ask\""), "{line}");
    assert!(line.contains("desktop-entry=\"net.mowaka.SecretsDispatcher\""), "{line}");
    assert!(!line.contains("the-canary") && !line.contains("label"), "{line}");
    assert!(!told(&going).iter().any(|line| line.starts_with("close")));
    going.lets_type();
    says(&going, "notices", &["close 1"]);
    assert_eq!((going.file("ended").trim(), going.file("out").as_str()), ("0", "the-canary"));
    // What an approved prompt is followed by needs no key, and so nobody.
    std::thread::sleep(Duration::from_secs(2));
    let told = told(&going);
    assert_eq!(told.iter().filter(|line| line.starts_with("notify")).count(), 1, "{told:?}");
    assert!(stands(&told).is_empty(), "{told:?}");
}

#[test]
fn five_asks_share_one_notification() {
    let going =
        with_server(rig(), "", &format!("for n in 1 2 3 4 5; do sd-ask read {ITEM} 2> err.$n & done"));
    let line = says(&going, "notices", &[r#"title "5 requests wait on VT8 (Ctrl+Alt+F8)""#]);
    assert!(line.contains("looks like sd-ask") && line.contains("and 2 more"), "{line}");
    let told = told(&going);
    assert_eq!(stands(&told).len(), 1, "{told:?}");
    // They end with those who asked.
    kill(going.pid("sd-decide"), Signal::SIGKILL).unwrap();
    eventually("all to be closed", || stands(&lines(&going.file("notices"))).is_empty().then_some(()));
}

#[test]
fn the_ask_of_a_git_that_signs_is_seen_though_it_goes_past_the_agent() {
    let (rig, _) = keys::rig(&["--answer", "y"]);
    let script =
        format!("here=$PWD; ( {REPOSITORY} git commit -q -S -m \"the <subject>\"; echo $? > $here/ended ) &");
    let going = with_server(rig.holding(), "", &script);
    let line = says(&going, "notices", &[ONE, "Sign with your key", "looks like sd-gpg"]);
    assert!(line.contains("looks like git"), "{line}");
    assert!(line.contains("It says: the &lt;subject&gt;"), "{line}");
    going.lets_type();
    says(&going, "notices", &["close 1"]);
    assert_eq!(going.file("ended").trim(), "0");
}

#[test]
fn a_hostile_name_of_a_process_is_escaped_for_a_server_that_reads_markup() {
    let name = "<b>&\u{202e}\u{1b}[1m";
    let script = format!("cp \"$(command -v sd-ask)\" '{name}'; PATH=.:$PATH; '{name}' read {ITEM} 2> err &");
    let escaped = r"looks like &lt;b&gt;&amp;\\u{202e}\\x1b[1m";
    let going = with_server(rig(), "", &script);
    says(&going, "notices", &[ONE, escaped]);

    let plain = r"looks like <b>&\\u{202e}\\x1b[1m";
    let going = with_server(rig(), "--without body-markup", &script);
    says(&going, "notices", &[ONE, plain]);

    let going = with_server(rig(), "--without body", &script);
    let line = says(&going, "notices", &["title \"Approve on VT8 (Ctrl+Alt+F8): Read a secret: process "]);
    assert!(line.contains(r"looks like ?b??\\u{202e}\\x1b[1m") && line.contains(r#"body """#), "{line}");
}

#[test]
fn a_server_that_comes_late_or_is_started_again_is_told_what_waits() {
    let late = format!(
        "while ! test -e come; do sleep 0.02; done; {}
         while ! test -e restart; do sleep 0.02; done; kill $(cat notices.pid); {}",
        serve("notices", ""),
        serve("again", "")
    );
    let going = Going::start(rig(), &format!("{FOLLOWED}; sd-ask read {ITEM} 2> err & {{ {late}; }} &"));
    going.shows(" read ");
    eventually("the absence to be seen", || {
        going.log("sd-agent").contains("the notification server is of no use").then_some(())
    });
    going.make("come");
    says(&going, "notices", &[ONE, "looks like sd-ask"]);
    going.make("restart");
    says(&going, "again", &[ONE, "notify 1 replaces 0 ", "looks like sd-ask"]);
}

#[test]
fn without_a_server_or_with_one_that_never_answers_secrets_come_as_ever() {
    for server in
        ["", "sd-fake-notices --fault mute > notices &", "sd-fake-notices --fault refuse > notices &"]
    {
        let going = Going::start(rig().with(&["--answer", "y"]), &format!("{server} {LOOKUP}"));
        assert_eq!((going.file("ended").trim(), going.file("out").as_str()), ("0", "the-canary"));
        let run = going.let_go();
        assert_eq!(run.status, 0, "{}", run.all());
    }
}

#[test]
fn what_a_slow_server_shows_after_the_answer_is_closed_all_the_same() {
    let going = with_server(rig().with(&["--answer", "y"]), "--fault slow", LOOKUP);
    assert_eq!((going.file("ended").trim(), going.file("out").as_str()), ("0", "the-canary"));
    says(&going, "notices", &[ONE]);
    says(&going, "notices", &["close 1"]);
}

#[test]
fn a_server_that_closes_nothing_is_told_of_the_next_ask_all_the_same() {
    let script = format!("{{ sd-ask read {ITEM} 2> err; sd-ask read {ITEM} 2> err2; }} &");
    let going = with_server(rig().with_keyboard(), "--fault noclose", &script);
    says(&going, "notices", &[ONE, "notify 1 replaces 0 "]);
    going.types("n");
    says(&going, "notices", &["close 1"]);
    says(&going, "notices", &[ONE, "notify 2 replaces 0 "]);
}

#[test]
fn what_a_person_has_put_away_stays_away() {
    let going = with_server(rig(), "--dismiss 300", &format!("sd-ask read {ITEM} 2> err &"));
    says(&going, "notices", &["dismiss 1"]);
    std::thread::sleep(Duration::from_secs(3));
    let told = told(&going);
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn a_gate_that_is_started_again_is_followed_again() {
    let script = format!(
        "sd-ask read {ITEM} 2> err & echo $! > first
         while ! test -e go; do sleep 0.02; done; sd-ask read {ITEM} 2> err2 & echo $! > second"
    );
    let going = with_server(rig(), "", &format!("{{ {script}\n }} &"));
    says(&going, "notices", &[ONE, &format!("process {}", going.pid_in("first"))]);
    let before = going.pid("sd-gate");
    kill(before, Signal::SIGKILL).unwrap();
    eventually("another gate", || (going.pid("sd-gate") != before).then_some(()));
    std::thread::sleep(Duration::from_secs(1));
    assert!(!told(&going).iter().any(|line| line.starts_with("close")), "it waits on VT8 as before");
    going.make("go");
    let second = says(&going, "notices", &[ONE, &format!("process {}", going.pid_in("second"))]);
    // Nobody is left to say how the first one ended but its own end.
    kill(going.pid_in("first"), Signal::SIGKILL).unwrap();
    says(&going, "notices", &["close 1"]);
    assert!(stands(&told(&going)).iter().any(|(_, line)| *line == second), "{:?}", told(&going));
}

#[test]
fn that_nobody_can_be_asked_is_told_once_and_until_somebody_can() {
    let script = "while ! test -e go; do sleep 0.02; done
        for n in 1 2 3 4 5 6; do secret-tool lookup service demo 2>> err; done; touch tried";
    let going = with_server(rig(), "", &format!("{{ {script}\n }} &"));
    let gate = going.pid("sd-gate");
    // Gone for as long as the applications try: the rig starts a dead one again.
    let hold = Hold::of(&going);
    kill(gate, Signal::SIGKILL).unwrap();
    going.make("go");
    let words = ["title \"Nobody can approve requests\"", "log in again", "looks like secret-tool"];
    let line = says(&going, "notices", &words);
    assert!(line.contains("&lt;user&gt;"), "{line}");
    going.file("tried");
    let count = told(&going).iter().filter(|line| line.contains("Nobody can")).count();
    assert_eq!(count, 1, "{:?}", told(&going));
    drop(hold);
    says(&going, "notices", &["close 1"]);
}

#[test]
fn a_screen_that_is_not_there_is_told_likewise() {
    let going =
        with_server(rig(), "", "while ! test -e go; do sleep 0.02; done; secret-tool lookup a b 2> err &");
    std::fs::remove_file(going.dir.join("socket/decide.sock")).unwrap();
    going.make("go");
    says(&going, "notices", &["title \"Nobody can approve requests\"", "the approval screen is not running"]);
}

#[test]
fn an_agent_that_is_started_again_tells_what_waits_already() {
    let going = with_server(rig(), "", &format!("sd-ask read {ITEM} 2> err &"));
    says(&going, "notices", &[ONE, "notify 1 "]);
    kill(going.pid("sd-agent"), Signal::SIGKILL).unwrap();
    says(&going, "notices", &[ONE, "notify 2 replaces 0 ", "looks like sd-ask"]);
}

#[test]
fn an_agent_that_is_told_to_stop_takes_its_notifications_down() {
    let going = with_server(rig(), "", &format!("sd-ask read {ITEM} 2> err &"));
    says(&going, "notices", &[ONE]);
    kill(going.pid("sd-agent"), Signal::SIGTERM).unwrap();
    says(&going, "notices", &["close 1"]);
}
