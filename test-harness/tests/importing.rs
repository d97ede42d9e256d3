//! `sdctl import` through the whole chain: from a real gnome-keyring on a bus of its own into the rig's.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use serde_json::Value;
use support::{Going, RIG, Rig, eventually};

/// A keyring of the desktop user's, on a bus of its own.
struct Keyring {
    address: String,
}

impl Keyring {
    /// The one that COMMAND has started.
    fn of(going: &Going) -> Self {
        let line =
            eventually("the keyring", || Some(going.file("source")).filter(|text| text.ends_with('\n')));
        Self { address: line.trim().strip_prefix("address ").unwrap().to_owned() }
    }

    /// What is in it: a line an item.
    fn items(&self, going: &Going) -> Vec<String> {
        lines(going.as_desktop("sd-keyring", &["dump", &self.address]))
    }

    fn put(&self, going: &Going, item: &[&str]) {
        lines(going.as_desktop("sd-keyring", &[&["put", &self.address], item].concat()));
    }
}

fn lines(mut command: Command) -> Vec<String> {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap().lines().map(str::to_owned).collect()
}

/// sd-keyring as the companion, about the backend.
fn at_backend(going: &Going, wish: &str, arguments: &[&str]) -> Vec<String> {
    let mut command = Command::new("setpriv");
    if nix::unistd::geteuid().is_root() {
        let uid = test_harness::people::People::here().companion;
        command.args([format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".to_owned()]);
    }
    let bus = format!("unix:path={}", going.dir.join("companion/bus").display());
    command.arg(Path::new(RIG).with_file_name("sd-keyring")).args([wish, &bus]).args(arguments);
    lines(command)
}

fn stored(going: &Going) -> Vec<String> {
    at_backend(going, "dump", &[])
}

fn import(going: &Going, from: &Keyring, options: &[&str]) -> Command {
    going.as_desktop("sdctl", &[&["import", "--from", &from.address], options].concat())
}

/// To its end, as JSON: exit status, document, standard error.
fn imported(going: &Going, from: &Keyring, options: &[&str]) -> (i32, Value, String) {
    let command = &mut import(going, from, &[&["--json"], options].concat());
    let Output { status, stdout, stderr } = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&stderr).into_owned();
    let document = serde_json::from_slice(&stdout).unwrap_or_else(|e| panic!("{e}: {stderr}"));
    (status.code().unwrap(), document, stderr)
}

/// The whole chain, and a keyring of so many items beside it.
fn chain(answers: &str, items: usize) -> (Going, Keyring) {
    started(&["--answer", answers, "--size", "200x90"], items)
}

fn started(options: &[&str], items: usize) -> (Going, Keyring) {
    let rig = Rig::real().with(options).with(&["--timeout", "170"]);
    let going = Going::start(rig, &format!("sd-keyring serve {items} > source &"));
    let from = Keyring::of(&going);
    (going, from)
}

#[test]
fn a_whole_keyring_is_moved_by_one_yes_and_once_only_and_deleted_when_told() {
    let (going, from) = chain("y", 214);
    let had = from.items(&going);
    assert_eq!(had.len(), 214);

    let (status, document, stderr) = imported(&going, &from, &[]);
    assert_eq!((status, &document["stored"], &document["asks"]), (0, &214.into(), &1.into()), "{stderr}");
    assert!(stderr.contains("214 items from gnome-keyring-daemon") && stderr.contains("VT8"), "{stderr}");
    assert_eq!(stored(&going), had);
    assert_eq!(from.items(&going), had, "the source was touched");
    assert!(going.screen().contains("import"), "{}", going.screen());

    let (status, document, _) = imported(&going, &from, &[]);
    assert_eq!((status, &document["stored"], &document["already_there"]), (0, &0.into(), &214.into()));
    assert_eq!(stored(&going), had, "something is there twice");

    let (status, document, _) = imported(&going, &from, &["--delete-from-source", "--yes"]);
    let kept: Vec<&Value> =
        document["items"].as_array().unwrap().iter().filter(|item| item["fate"] != "moved").collect();
    assert_eq!((status, &document["moved"]), (0, &214.into()), "{kept:?}");
    assert_eq!(from.items(&going), Vec::<String>::new());
    assert_eq!(stored(&going), had);
    let run = going.let_go();
    let shown = run.screens.join("\n");
    assert!(shown.contains("1 of 214") && shown.contains("214 of 214"), "not all of it was shown");
    assert!(shown.contains(r"Пароль № 3 密码 “\x1b[31m”\n3"), "a label was not shown as it is");
}

#[test]
fn a_dry_run_lists_labels_asks_nobody_and_moves_nothing() {
    let (going, from) = chain("y", 8);
    let Output { status, stdout, .. } = import(&going, &from, &["--dry-run"]).output().unwrap();
    let words = String::from_utf8_lossy(&stdout);
    assert!(status.success() && words.contains("8 items") && words.contains("user=user0"), "{words}");
    assert!(!words.contains('\u{1b}') && !words.contains("secret of"), "{words}");
    assert_eq!(stored(&going), Vec::<String>::new());
    assert!(going.screen().contains("nothing is waiting"), "{}", going.screen());
}

#[test]
fn a_no_moves_nothing_and_deletes_nothing() {
    let (going, from) = chain("n", 20);
    let had = from.items(&going);
    let (status, document, stderr) = imported(&going, &from, &["--delete-from-source", "--yes"]);
    assert_eq!((status, &document["not_moved"], &document["stored"]), (1, &20.into(), &0.into()));
    assert!(stderr.contains("denied on the approval screen"), "{stderr}");
    assert_eq!(stored(&going), Vec::<String>::new());
    assert_eq!(from.items(&going), had);
}

#[test]
fn an_import_that_nobody_answers_expires_and_one_that_is_killed_leaves_the_screen() {
    let (going, from) = started(&["--answer", "none", "--expire", "3"], 3);
    let (status, _, stderr) = imported(&going, &from, &[]);
    assert!(status == 1 && stderr.contains("nobody answered"), "{stderr}");
    let mut child = import(&going, &from, &[]).stderr(Stdio::null()).spawn().unwrap();
    going.stands("import 3 items");
    // setpriv has become sdctl.
    child.kill().unwrap();
    child.wait().unwrap();
    going.stands("nothing is waiting");
    assert_eq!(stored(&going), Vec::<String>::new());
}

#[test]
fn what_is_there_with_another_secret_is_kept_unless_it_is_to_be_replaced() {
    let (going, from) = chain("y", 0);
    for (label, secret, user) in [("one", "same", "a"), ("two", "new", "b"), ("three", "third", "c")] {
        from.put(&going, &[label, secret, "service=demo", &format!("user={user}")]);
    }
    at_backend(&going, "put", &["another label", "same", "service=demo", "user=a"]);
    at_backend(&going, "put", &["two of old", "old", "service=demo", "user=b"]);
    // More attributes make another thing.
    at_backend(&going, "put", &["more", "other", "service=demo", "user=c", "port=1"]);

    let (status, document, stderr) = imported(&going, &from, &["--delete-from-source", "--yes"]);
    let count = |word: &str| document[word].as_u64().unwrap();
    assert_eq!(
        (status, count("stored"), count("already_there"), count("conflict")),
        (1, 1, 1, 1),
        "{document}"
    );
    assert!(stderr.contains("nothing was deleted from the source"), "{stderr}");
    assert_eq!(from.items(&going).len(), 3);
    assert_eq!(stored(&going).len(), 4);
    assert!(stored(&going).iter().any(|line| line.contains("two of old")), "{:?}", stored(&going));

    let (status, document, _) = imported(&going, &from, &["--replace"]);
    let count = |word: &str| document[word].as_u64().unwrap();
    assert_eq!((status, count("already_there"), count("replaced")), (0, 2, 1), "{document}");
    let now = stored(&going);
    assert_eq!(now.len(), 4);
    let new: String = b"new".iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(now.iter().any(|line| line.starts_with(&new) && line.contains("\"two\"")), "{now:?}");
    let run = going.let_go();
    let shown = run.screens.join("\n");
    assert!(shown.contains("is there    changed") && shown.contains("REPLACES    changed"), "{}", run.all());
}

#[test]
fn an_import_that_was_cut_short_says_what_is_there_and_goes_on_when_it_is_made_again() {
    let (going, from) = chain("y", 140);
    let had = from.items(&going);
    let options = ["--json", "--delete-from-source", "--yes"];
    let mut command = import(&going, &from, &options);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    eventually("some items to be there", || (stored(&going).len() > 5).then_some(()));
    kill(going.pid("sd-fetch"), Signal::SIGKILL).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&stderr);
    let document: Value = serde_json::from_slice(&stdout).unwrap();
    assert_eq!(status.code(), Some(1), "{stderr}");
    let count = |word: &str| usize::try_from(document[word].as_u64().unwrap()).unwrap();
    let (told, there) = (count("stored"), stored(&going).len());
    assert!((5..140).contains(&there), "{there} are there: it was not in the middle");
    assert!(there == told || there == told + 1, "{there} are there, {told} were told of: {stderr}");
    assert_eq!((count("unknown"), count("not_moved")), (1, 140 - told - 1), "{document}");
    assert_eq!(from.items(&going), had, "the source was touched");

    let (status, document, stderr) = imported(&going, &from, &[]);
    assert_eq!((status, &document["already_there"]), (0, &there.into()), "{stderr}");
    assert_eq!(document["stored"], 140 - there);
    assert_eq!(stored(&going), had);
}

#[test]
fn more_than_one_ask_can_have_become_as_few_as_may_be() {
    let (going, from) = chain("yn", 300);
    let (status, document, stderr) = imported(&going, &from, &[]);
    assert!(stderr.contains("ask 1 of 2") && stderr.contains("ask 2 of 2"), "{stderr}");
    assert_eq!((status, &document["asks"]), (1, &2.into()), "{stderr}");
    assert_eq!((&document["stored"], &document["not_moved"]), (&256.into(), &44.into()), "{stderr}");
    assert_eq!(stored(&going).len(), 256);
}

#[test]
fn a_keyring_that_nobody_serves_any_more_is_imported_from_its_files() {
    let rig = Rig::real().with(&["--answer", "y", "--size", "200x90"]);
    let run = rig.run(
        r#"cd "$(mktemp -d)"; export XDG_DATA_HOME="$PWD/data"; mkdir -m 700 data
           sd-keyring serve 15 --data "$XDG_DATA_HOME" > source & keyring=$!
           while ! test -s source; do sleep 0.05; done
           sd-keyring dump "$(cut -d' ' -f2 source)" > had; kill $keyring; wait $keyring
           printf 'made up' | sdctl import --from-gnome-keyring && echo imported
           printf 'not this one' | sdctl import --from-gnome-keyring --json > /dev/null || echo "no: $?"
           ls "$XDG_RUNTIME_DIR" /tmp | grep sdctl-import
           cat had"#,
    );
    assert!(run.stdout.contains("15 stored\nimported\nno: 1\n"), "{}", run.all());
    assert!(!run.stdout.contains("sdctl-import."), "it left something behind: {}", run.all());
    assert!(run.stderr.contains("the collection Login of the source stayed locked"), "{}", run.all());
}

#[test]
fn sd_agent_is_no_source_and_says_how_to_give_it_one() {
    let (going, _) = chain("none", 0);
    let from = eventually("sd-agent", || {
        let bus = format!("unix:path={}", going.dir.join("desktop/bus").display());
        let output = going.as_desktop("sdctl", &["import", "--from", &bus]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        (!stderr.contains("nobody owns")).then_some((output.status.code(), stderr))
    });
    assert!(
        from.0 == Some(69) && from.1.contains("sd-agent itself") && from.1.contains("--from"),
        "{from:?}"
    );
}
