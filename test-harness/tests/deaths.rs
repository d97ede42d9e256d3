//! Every process of the chain killed in turn: the request fails with a clear message, nothing is released, the chain
//! heals by itself.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sd_wire::deadline;
use support::keys::{self, REPOSITORY};
use support::{Going, Rig, eventually};

/// What a lookup prints and how it ends, in files.
const LOOKUP: &str =
    "{ secret-tool lookup service demo > out 2> err; echo $? > ended.part; mv ended.part ended; } &";

/// Something stored, and then a lookup that waits on the screen. The keys: yes to the store, then those given.
fn waiting(keys: &str, expire: &str) -> Going {
    let keys = format!("y{keys}");
    let rig = Rig::real().with(&["--answer", &keys, "--expire", expire]);
    let going = Going::start(
        rig,
        &format!("printf the-canary | secret-tool store --label=demo service demo && touch stored; {LOOKUP}"),
    );
    going.file("stored");
    going.shows(" access ");
    going
}

fn ends_without_release(going: &Going, within: Duration) -> String {
    let started = Instant::now();
    let status = going.file("ended");
    assert!(started.elapsed() < within, "it took {:?}", started.elapsed());
    assert_ne!(status.trim(), "0", "a lookup succeeded");
    let (out, err) = (going.file("out"), going.file("err"));
    assert!(!out.contains("the-canary"), "the secret came out: {out}");
    err
}

#[test]
fn killing_the_decider_fails_every_pending_ask_at_once_and_the_next_one_works() {
    let going = waiting("y", "60");
    kill(going.pid("sd-decide"), Signal::SIGKILL).unwrap();
    ends_without_release(&going, Duration::from_secs(5));
    let run = going.let_go();
    assert_eq!(run.status, 0, "{}", run.all());
}

#[test]
fn killing_the_agent_takes_the_ask_off_the_screen_and_releases_nothing() {
    let going = waiting("y", "60");
    kill(going.pid("sd-agent"), Signal::SIGKILL).unwrap();
    going.logged("sd-decide", "OUTCOME=withdrawn");
    // libsecret 0.20.5 itself hangs when the owner of its prompt vanishes (it completes a task with no error, which
    // GLib refuses), so secret-tool cannot be the one that says so; a call in flight ends at once, as below.
    assert_eq!(going.file("out"), "");
}

#[test]
fn a_call_in_flight_fails_at_once_when_the_agent_is_killed() {
    let rig = Rig::real().with_fake_backend(&["--hang", "SearchItems"]);
    let going = Going::start(
        rig,
        "{ gdbus call --session -d org.freedesktop.secrets -o /org/freedesktop/secrets \
            -m org.freedesktop.Secret.Service.SearchItems \"{'a': 'b'}\" > out 2> err
           echo $? > ended.part; mv ended.part ended; } &",
    );
    going.file("err");
    kill(going.pid("sd-agent"), Signal::SIGKILL).unwrap();
    let said = ends_without_release(&going, Duration::from_secs(5));
    assert!(said.contains("NoReply") || said.contains("disconnected") || said.contains("Error"), "{said}");
}

#[test]
fn an_agent_that_is_told_to_stop_ends_its_prompts_first() {
    let going = waiting("y", "60");
    kill(going.pid("sd-agent"), Signal::SIGTERM).unwrap();
    ends_without_release(&going, Duration::from_secs(5));
}

#[test]
fn killing_the_fetcher_in_the_middle_of_an_order_fails_the_request_at_once() {
    let rig = Rig::real()
        .with_fake_backend(&["--item", "one=the-canary,service=demo", "--fault", "hang"])
        .with(&["--answer", "y"]);
    let going = Going::start(
        rig,
        "{ sd-ask read /org/freedesktop/secrets/collection/fake/i1 > out 2> err
           echo $? > ended.part; mv ended.part ended; } &",
    );
    going.shows("nothing is waiting");
    eventually("the order to be in the fetcher's hands", || {
        going.log("sd-rig").contains("typed y").then_some(())
    });
    std::thread::sleep(Duration::from_millis(300));
    kill(going.pid("sd-fetch"), Signal::SIGKILL).unwrap();
    let said = ends_without_release(&going, Duration::from_secs(5));
    assert!(said.contains("without an answer"), "{said}");
}

/// Commits that wait for a key, one after the other, in files `N.err` (what its terminal showed) and `N.ended`; and the companion's agent.
fn committing(commits: usize) -> (Going, Pid) {
    let (rig, _) = keys::rig(&["--answer", "y", "--size", "120x60"]);
    let numbers: Vec<String> = (1..=commits).map(|n| n.to_string()).collect();
    let going = Going::start(
        rig.holding(),
        &format!(
            "here=$PWD; ( {REPOSITORY} set +e
             for n in {}; do
                 while ! test -e $here/go.$n; do sleep 0.02; done
                 script --quiet --return --command \"git commit --allow-empty -S -m signed.$n\" /dev/null \
                     < /dev/null > $here/$n.err 2>&1
                 echo $? > $here/$n.part; git log --format=%s > $here/$n.log; mv $here/$n.part $here/$n.ended
             done ) &",
            numbers.join(" ")
        ),
    );
    going.make("go.1");
    going.shows("y approve");
    // Awake, because the key has been described for the screen.
    let agent = eventually("the companion's gpg-agent", || agent_of(&going));
    (going, agent)
}

/// The gpg-agent that the companion's gpg speaks to.
fn agent_of(going: &Going) -> Option<Pid> {
    let companion = test_harness::people::People::here().companion;
    let homes = [going.dir.join("companion/gnupg"), going.place().join("gnupg")];
    let is_its = |p: &sd_sys::Process| {
        p.comm == "gpg-agent"
            && p.uid == Some(companion)
            && homes.iter().any(|home| words(p).contains(home.to_str().unwrap()))
    };
    processes().find(is_its).map(|p| Pid::from_raw(p.pid))
}

fn words(process: &sd_sys::Process) -> String {
    let words = sd_sys::process::cmdline(process.pid, process.start).unwrap_or_default();
    String::from_utf8_lossy(&words.join(&b' ')).into_owned()
}

fn processes() -> impl Iterator<Item = sd_sys::Process> {
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| sd_sys::Process::look(pid).ok())
}

/// A process that is stopped, until this is dropped: also one that the rig does not end when a test fails.
struct Stopped(Pid);

impl Stopped {
    fn now(pid: Pid) -> Self {
        kill(pid, Signal::SIGSTOP).unwrap();
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGCONT);
    }
}

/// Says yes while the agent is stopped, and waits until the order has started a gpg, which waits for the agent.
fn approved_while_it_is_stopped(going: &Going, agent: Pid) -> Stopped {
    // gpgme starts gpg so that it is nobody's child: the keeper of the run adopts it, whose child sd-sign is.
    let keeper = sd_sys::Process::look(going.pid("sd-sign").as_raw()).unwrap().ppid;
    let gpgs = || processes().filter(|p| p.comm == "gpg" && p.ppid == keeper).map(|p| p.pid);
    let stopped = Stopped::now(agent);
    let described: Vec<i32> = gpgs().collect();
    going.lets_type();
    eventually("gpg to be at work", || gpgs().find(|pid| !described.contains(pid)));
    stopped
}

#[test]
fn killing_the_signer_in_the_middle_of_an_order_fails_the_commit_at_once() {
    let (going, agent) = committing(1);
    let stopped = approved_while_it_is_stopped(&going, agent);
    let killed = Instant::now();
    kill(going.pid("sd-sign"), Signal::SIGKILL).unwrap();
    assert_ne!(going.file("1.ended").trim(), "0");
    assert!(killed.elapsed() < Duration::from_secs(5), "it took {:?}", killed.elapsed());
    let said = going.file("1.err");
    assert!(said.contains("without an answer"), "{said}");
    assert_eq!(going.file("1.log"), "start\n");
    drop(stopped);
}

#[test]
fn a_gpg_that_hangs_ends_in_a_time_out_and_the_next_signature_works() {
    let (going, agent) = committing(2);
    let signer = going.pid("sd-sign");
    let stopped = approved_while_it_is_stopped(&going, agent);
    let approved = Instant::now();
    // Longer than a test waits for anything else.
    while approved.elapsed() < deadline::DECIDE_WAITS && !going.has("1.ended") {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_ne!(going.file("1.ended").trim(), "0");
    let said = going.file("1.err");
    assert!(said.contains("sd-sign") && said.contains("did not answer in time"), "{said}");
    assert_eq!(going.file("1.log"), "start\n");
    drop(stopped);
    going.make("go.2");
    assert_eq!(going.file("2.ended").trim(), "0", "{}", going.file("2.err"));
    assert_eq!(going.file("2.log"), "signed.2\nstart\n");
    assert_ne!(going.pid("sd-sign"), signer, "the one that had hung signed again");
}

#[test]
fn killing_the_gate_loses_nothing_that_has_moved_on() {
    let going = waiting("y", "60");
    kill(going.pid("sd-gate"), Signal::SIGKILL).unwrap();
    // The ask is on the screen, the sink with sd-decide: the answer still comes home. The prompt is then approved, and
    // the read that follows it goes through the gate's next instance.
    going.file("ended");
    let run = going.let_go();
    assert_eq!(run.status, 0, "{}", run.all());
}

#[test]
fn killing_an_idle_fetcher_is_noticed_by_nobody() {
    let going = waiting("y", "60");
    kill(going.pid("sd-fetch"), Signal::SIGKILL).unwrap();
    assert_eq!(going.file("ended").trim(), "0", "{}", going.file("err"));
    assert_eq!(going.file("out"), "the-canary");
}

#[test]
fn killing_the_backend_fails_the_read_with_a_reason() {
    let going = waiting("y", "60");
    kill(going.pid("backend"), Signal::SIGKILL).unwrap();
    ends_without_release(&going, Duration::from_secs(20));
}

#[test]
fn a_backend_that_hangs_ends_in_a_time_out_and_not_in_a_release() {
    let going = waiting("y", "60");
    kill(going.pid("backend"), Signal::SIGSTOP).unwrap();
    ends_without_release(&going, deadline::DECIDE_WAITS + Duration::from_secs(5));
    kill(going.pid("backend"), Signal::SIGCONT).unwrap();
}

#[test]
fn killing_the_requester_takes_its_ask_off_the_screen() {
    let going = waiting("y", "60");
    let lookup = eventually("the lookup's process", || {
        let is_ours = |pid| {
            std::fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|e| String::from_utf8_lossy(&e).contains(going.dir.to_str().unwrap()))
        };
        processes().find(|p| p.comm == "secret-tool" && is_ours(p.pid)).map(|p| p.pid)
    });
    kill(Pid::from_raw(lookup), Signal::SIGKILL).unwrap();
    going.logged("sd-decide", "OUTCOME=withdrawn");
}

#[test]
fn a_decider_that_is_stopped_holds_nobody_past_the_asks_deadline_or_releases_anything() {
    let going = waiting("y", "3");
    let decider = going.pid("sd-decide");
    kill(decider, Signal::SIGSTOP).unwrap();
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(going.file("out"), "");
    kill(decider, Signal::SIGCONT).unwrap();
    // What was typed or due meanwhile is worth nothing: the ask's time is over.
    ends_without_release(&going, Duration::from_secs(5));
    assert!(going.log("sd-decide").contains("OUTCOME=expired"), "{}", going.log("sd-decide"));
}

#[test]
fn after_every_process_has_been_killed_the_chain_works_again() {
    let rig = Rig::real().with(&["--answer", "y"]);
    let going = Going::start(
        rig,
        "printf one | secret-tool store --label=demo service demo; touch stored
         while ! test -e again; do sleep 0.05; done
         gdbus wait --system --timeout 20 net.mowaka.SecretsDispatcher1
         gdbus wait --session --timeout 20 org.freedesktop.secrets
         secret-tool lookup service demo > out 2> err; echo $? > ended.part; mv ended.part ended",
    );
    going.file("stored");
    for tool in ["sd-agent", "sd-gate", "sd-decide", "sd-fetch"] {
        let before = going.pid(tool);
        kill(before, Signal::SIGKILL).unwrap();
        if tool != "sd-fetch" {
            eventually(&format!("{tool} to be started again"), || (going.pid(tool) != before).then_some(()));
        }
    }
    going.make("again");
    assert_eq!(
        (going.file("ended").trim(), going.file("out").as_str()),
        ("0", "one"),
        "{}",
        going.file("err")
    );
}
