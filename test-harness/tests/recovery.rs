//! Who is not there, who goes, and who comes back: what applications are told within a second, what the desktop is told
//! once, and that everything works again by itself. The tests are applications on the desktop's bus, which admits its own
//! user only: the root ring leaves this file out.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use support::keys::REPOSITORY;
use support::{Going, Hold, Rig, eventually};
use zbus::Connection;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

const SECRETS: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const ITEM: &str = "/org/freedesktop/secrets/collection/fake/i1";
const SERVICE: &str = "org.freedesktop.Secret.Service";
/// A second, and what a busy machine takes for the rest.
const SOON: Duration = Duration::from_millis(1500);

fn rig() -> Rig {
    Rig::real().with_fake_backend(&["--item", "one=the-canary,service=demo"])
}

/// A connection to the desktop's session bus, as an application has one.
fn application(going: &Going) -> Connection {
    let address = format!("unix:path={}", going.dir.join("desktop/bus").display());
    let connect = async { zbus::connection::Builder::address(address.as_str()).unwrap().build().await };
    smol::block_on(connect).unwrap()
}

/// A call of the Secret Service: its answer, or the error's name and sentence.
fn call<B, R>(
    app: &Connection,
    path: &str,
    interface: &str,
    member: &str,
    body: &B,
) -> Result<R, (String, String)>
where
    B: serde::Serialize + zbus::zvariant::DynamicType,
    R: serde::de::DeserializeOwned + zbus::zvariant::Type,
{
    match smol::block_on(app.call_method(Some(SECRETS), path, Some(interface), member, body)) {
        Ok(reply) => Ok(reply.body().deserialize().unwrap()),
        Err(zbus::Error::MethodError(name, sentence, _)) => {
            Err((name.to_string(), sentence.unwrap_or_default()))
        }
        Err(e) => panic!("{member}: {e}"),
    }
}

fn session(app: &Connection) -> OwnedObjectPath {
    let body = ("plain", Value::from(""));
    let (_, session): (OwnedValue, OwnedObjectPath) = call(app, ROOT, SERVICE, "OpenSession", &body).unwrap();
    session
}

type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

fn secret(app: &Connection, session: &OwnedObjectPath) -> Result<Secret, (String, String)> {
    call(app, ITEM, "org.freedesktop.Secret.Item", "GetSecret", &(session))
}

/// Has the item approved: the prompt of an unlock, with the key that the rig types for it.
fn unlock(app: &Connection) {
    let items = [ObjectPath::try_from(ITEM).unwrap()];
    let (_, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) =
        call(app, ROOT, SERVICE, "Unlock", &(&items[..])).unwrap();
    call::<_, ()>(app, prompt.as_str(), "org.freedesktop.Secret.Prompt", "Prompt", &("")).unwrap();
}

/// The owner of the Secret Service, once it is another one than this.
fn owner_but(app: &Connection, than: &str) -> String {
    let bus = smol::block_on(zbus::fdo::DBusProxy::new(app)).unwrap();
    eventually("an owner of the name", || {
        let name = zbus::names::BusName::try_from(SECRETS).unwrap();
        smol::block_on(bus.get_name_owner(name)).ok().map(|it| it.to_string()).filter(|it| it != than)
    })
}

/// A notification server that prints into the file `notices`, and the agent following the gate.
const WITH_SERVER: &str = "
    while ! grep -q 'the gate tells of every ask' $SD_RIG_RUN/log/sd-agent.log; do sleep 0.02; done
    sd-fake-notices > notices & while ! grep -q serving notices; do sleep 0.02; done; touch shown";

/// Thirty calls at once of one application, and how each ended and when.
fn thirty_searches(going: &Going) -> Vec<(String, Duration)> {
    let app = application(going);
    let attributes = HashMap::from([("service", "demo")]);
    let body = (attributes,);
    let search = || {
        let (app, body) = (app.clone(), body.clone());
        smol::spawn(async move {
            let began = Instant::now();
            let ended = app.call_method(Some(SECRETS), ROOT, Some(SERVICE), "SearchItems", &body).await;
            (ended.unwrap_err().to_string(), began.elapsed())
        })
    };
    let searches: Vec<_> = (0..30).map(|_| search()).collect();
    searches.into_iter().map(smol::block_on).collect()
}

fn notices(going: &Going, title: &str) -> usize {
    going.file("notices").lines().filter(|line| line.starts_with("notify") && line.contains(title)).count()
}

/// Everything that is true of a stage that is not there.
fn absence_is_told(going: &Going, sentence: &str) {
    let told = thirty_searches(going);
    for (error, took) in &told {
        assert!(error.contains(sentence), "{error}");
        assert!(*took < SOON, "it took {took:?}");
    }
    eventually("a notification", || (notices(going, "Nobody can approve requests") > 0).then_some(()));
    thirty_searches(going);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(notices(going, "Nobody can approve requests"), 1, "{}", going.file("notices"));
    let line = going.file("notices").lines().find(|line| line.contains("Nobody can")).unwrap().to_owned();
    assert!(line.contains(&sentence.replace('<', "&lt;").replace('>', "&gt;")), "{line}");
}

#[test]
fn without_a_gate_each_call_ends_within_a_second_with_what_to_do_and_the_desktop_is_told_once() {
    let going = Going::start(rig(), WITH_SERVER);
    going.file("shown");
    let gate = going.pid("sd-gate");
    let hold = Hold::of(&going);
    kill(gate, Signal::SIGKILL).unwrap();
    absence_is_told(&going, "the approval side is not running: log in again");
    drop(hold);
    let app = application(&going);
    eventually("the search to work again", || {
        let attributes = HashMap::from([("service", "demo")]);
        type Found = (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>);
        call::<_, Found>(&app, ROOT, SERVICE, "SearchItems", &(attributes)).ok()
    });
}

#[test]
fn a_gate_that_answers_nothing_holds_no_call_for_longer_than_a_second() {
    let going = Going::start(rig(), WITH_SERVER);
    going.file("shown");
    kill(going.pid("sd-gate"), Signal::SIGSTOP).unwrap();
    absence_is_told(&going, "the approval side is not running: log in again");
    kill(going.pid("sd-gate"), Signal::SIGCONT).unwrap();
}

#[test]
fn without_the_companion_each_call_ends_within_a_second_with_what_to_do_and_the_desktop_is_told_once() {
    let going = Going::start(rig(), WITH_SERVER);
    going.file("shown");
    // As when the companion's session has ended, and its sockets with it.
    std::fs::remove_file(going.dir.join("socket/fetch.sock")).unwrap();
    absence_is_told(&going, "the stage behind it is not running: log in again");
}

#[test]
fn an_agent_that_is_started_again_has_no_session_of_before_and_serves_the_same_connection_again() {
    let going = Going::start(rig().with(&["--answer", "y"]), "");
    let app = application(&going);
    let owner = owner_but(&app, "");
    let before = session(&app);
    kill(going.pid("sd-agent"), Signal::SIGKILL).unwrap();
    owner_but(&app, &owner);
    let (name, _) = secret(&app, &before).unwrap_err();
    assert_eq!(name, "org.freedesktop.Secret.Error.NoSession");
    let after = session(&app);
    assert_ne!(before, after, "what is left of before would be taken for the new one");
    unlock(&app);
    let secret = eventually("the approval", || secret(&app, &after).ok());
    assert_eq!(secret.2, b"the-canary");
    let (name, _) = self::secret(&app, &before).unwrap_err();
    assert_eq!(name, "org.freedesktop.Secret.Error.NoSession");
}

#[test]
fn what_a_connection_had_is_gone_with_it_and_no_other_can_use_it() {
    let going = Going::start(rig(), "");
    let (app, other) = (application(&going), application(&going));
    let session = session(&app);
    unlock(&app);
    going.shows(" access ");
    let (name, _) = secret(&other, &session).unwrap_err();
    assert_eq!(name, "org.freedesktop.Secret.Error.NoSession", "a session is its maker's");
    drop(app);
    going.logged("sd-decide", "OUTCOME=withdrawn");
    let (name, _) = secret(&other, &session).unwrap_err();
    assert_eq!(name, "org.freedesktop.Secret.Error.NoSession");
}

#[test]
fn after_the_decider_was_killed_what_waited_has_failed_and_the_next_read_is_approved() {
    let going = Going::start(rig().with(&["--answer", "y"]).holding(), "");
    let app = application(&going);
    let session = session(&app);
    unlock(&app);
    going.shows(" access ");
    let before = going.pid("sd-decide");
    kill(before, Signal::SIGKILL).unwrap();
    eventually("another decider", || (going.pid("sd-decide") != before).then_some(()));
    let (name, sentence) = secret(&app, &session).unwrap_err();
    assert!(name.ends_with("IsLocked") && sentence.contains("VT8"), "{name}: {sentence}");
    // That call has opened an ask, at the decider that there is now.
    going.lets_type();
    let secret = eventually("the approval", || secret(&app, &session).ok());
    assert_eq!(secret.2, b"the-canary");
}

#[test]
fn an_agent_whose_session_bus_has_gone_ends_so_that_it_is_started_again() {
    let script = "
        dbus-daemon --session --nofork --address=unix:path=$PWD/other > /dev/null 2>&1 & bus=$!
        while ! test -S other; do sleep 0.02; done
        DBUS_SESSION_BUS_ADDRESS=unix:path=$PWD/other sd-agent 2> agent & agent=$!
        while ! grep -q 'is ours' agent; do sleep 0.02; done
        kill -KILL $bus; status=0; wait $agent || status=$?; echo $status > ended.part; mv ended.part ended";
    let going = Going::start(rig(), script);
    assert_eq!(going.file("ended").trim(), "69", "{}", going.file("agent"));
    assert!(going.file("agent").contains("session bus"), "{}", going.file("agent"));
}

#[test]
fn without_a_gate_git_does_not_wait_and_hears_what_to_do() {
    // Who is ended by timeout says nothing.
    let script = format!(
        "( here=$PWD; {REPOSITORY} while ! test -e $here/no-gate; do sleep 0.02; done
           timeout 3 git commit -S -m x ) > said 2>&1; touch done"
    );
    let going = Going::start(rig(), &script);
    let hold = Hold::of(&going);
    kill(going.pid("sd-gate"), Signal::SIGKILL).unwrap();
    going.make("no-gate");
    eventually("git to end", || going.has("done").then_some(()));
    drop(hold);
    let said = going.file("said");
    assert!(said.contains("sd-gpg: no signature: the approval side is not running"), "{said}");
    assert!(said.contains("systemctl start"), "{said}");
}
