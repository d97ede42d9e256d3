//! sd-store over a store that pass keeps as well: what the one writes the other reads.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use nix::unistd::geteuid;
use sd_wire::bounded::{List, Text};
use sd_wire::description::Description;
use sd_wire::fault::{Fault, Stage};
use sd_wire::fetch::{Note, Order};
use sd_wire::id::AskId;
use sd_wire::outcome::{Granted, What};
use sd_wire::path::ItemPath;
use support::companion::{Companion, MASTER, Person};
use support::memory::memory_holds;
use support::{Going, RIG, Rig};

const DEMO: &[(&str, &str)] = &[("service", "demo"), ("user", "ada")];

fn id() -> AskId {
    AskId::from_random([7; 8])
}

fn folder(companion: &Companion) -> PathBuf {
    companion.at("data/password-store")
}

/// What a program that keeps the store says, and what it is told on its standard input.
fn keeps(companion: &Companion, program: &str, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = companion.command(Path::new(program));
    command.args(arguments).env("PASSWORD_STORE_DIR", folder(companion)).env("LC_ALL", "C.UTF-8");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// What pass, or gpg, says.
fn says(companion: &Companion, program: &str, arguments: &[&str], input: &[u8]) -> String {
    let output = keeps(companion, program, arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn described(companion: &Companion, item: &ItemPath) -> Description {
    let order = Order::Describe { id: id(), items: List::new(vec![item.clone()]).unwrap() };
    match companion.order(&order).remove(0) {
        Note::Described(it) => it,
        other => panic!("{other:?}"),
    }
}

fn read(companion: &Companion, item: &ItemPath) -> Vec<u8> {
    let digest = described(companion, item).digest();
    let (what, secret, _) = companion.order_with_sink(&Order::Read { id: id(), item: item.clone(), digest });
    assert!(matches!(what, What::Granted(Granted::Secret { .. })), "{what:?}");
    secret
}

fn set(companion: &Companion, item: &ItemPath, secret: &[u8]) {
    let digest = described(companion, item).digest();
    let content_type = Text::new("text/plain").unwrap();
    let order = Order::SetSecret { id: id(), item: item.clone(), digest, content_type };
    let (what, ..) = companion.order_with_upload(&order, || secret.to_vec());
    assert!(matches!(what, What::Granted(Granted::Stored { .. })), "{what:?}");
}

fn attributes(it: &Description) -> Vec<(&str, &str)> {
    it.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The name of an item's entry, as pass has it.
fn entry(item: &ItemPath) -> String {
    format!("secret-service/login/{}", item.as_str().rsplit('/').next().unwrap())
}

fn lock(companion: &Companion) {
    assert_eq!(companion.order(&Order::Lock { id: id() }), [Note::Done {}]);
}

fn unlock(companion: &Companion) {
    let (noted, _) = companion.order_with(&Order::Unlock { id: id() }, &[Person::Types(MASTER)]);
    assert_eq!(noted, [Note::Done {}]);
}

/// Every file below a folder, with its content.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for one in fs::read_dir(folder).unwrap() {
        let path = one.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn an_item_is_an_entry_that_pass_shows_line_by_line_as_gopass_secret_service_has_it() {
    let companion = Companion::with_store();
    companion.store("My demo", &["service", "demo", "user", "ada"]);
    let shown = says(&companion, "pass", &["show", &entry(&companion.first())], b"");
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[..2], ["hunter2", "_ss_label: My demo"]);
    assert!(lines[2].starts_with("_ss_created: 20") && lines[2].ends_with('Z'), "{shown}");
    assert!(lines[3].starts_with("_ss_modified: 20"), "{shown}");
    assert_eq!(lines[4..], ["_ss_content_type: text/plain", "service: demo", "user: ada"]);
    let collection = says(&companion, "pass", &["show", "secret-service/login/_meta"], b"");
    assert!(collection.starts_with("collection-metadata\n_ss_coll_label: Login\n_ss_coll_created: 20"));
    let aliases = says(&companion, "pass", &["show", "secret-service/_aliases"], b"");
    assert_eq!(aliases, "aliases\ndefault: login\n");
}

#[test]
fn what_pass_inserts_is_an_item_at_once_and_what_it_removes_is_none_any_more() {
    let companion = Companion::with_store();
    let text = b"correct horse\nuser: ada\nPIN: 1234\n";
    says(&companion, "pass", &["insert", "--multiline", "web/example.org"], text);
    let path = &[("path", "web/example.org")];
    let item = companion.items_of(path).remove(0);
    assert_eq!(item.as_str(), "/org/freedesktop/secrets/collection/pass/web_2fexample_2eorg");
    let it = described(&companion, &item);
    assert_eq!((it.label.as_str(), it.collection.as_str()), ("web/example.org", "Password store"));
    // Not the lines of somebody's own: who searches has pressed no key.
    assert_eq!(attributes(&it), path);
    assert_eq!(read(&companion, &item), b"correct horse");

    set(&companion, &item, b"battery staple");
    let shown = says(&companion, "pass", &["show", "web/example.org"], b"");
    assert_eq!(shown, "battery staple\nuser: ada\nPIN: 1234\n");

    says(&companion, "pass", &["mv", "web/example.org", "web/other"], b"");
    assert_eq!(companion.items_of(path), []);
    let item = companion.items_of(&[("path", "web/other")]).remove(0);
    let digest = described(&companion, &item).digest();
    let (what, ..) = companion.order_with_sink(&Order::Delete { id: id(), item, digest });
    assert_eq!(what, What::Granted(Granted::Deleted {}));
    assert!(!keeps(&companion, "pass", &["show", "web/other"], b"").status.success());
    assert!(!folder(&companion).join("web").exists());
}

#[test]
fn an_entry_that_pass_makes_or_edits_beside_ours_has_the_attributes_of_its_lines() {
    let companion = Companion::with_store();
    let ours = "secret-service/login/by_hand";
    says(&companion, "pass", &["insert", "-m", ours], b"one\n_ss_label: By hand\nservice: demo\nuser: ada\n");
    let item = companion.items_of(DEMO).remove(0);
    let it = described(&companion, &item);
    assert_eq!((it.label.as_str(), attributes(&it)), ("By hand", DEMO.to_vec()));
    assert!(it.created > 0);
    // As versions of gopass-secret-service before it used the library of gopass wrote it.
    let text = b"two\n---\n_ss_label: Older\n_ss_created: 2024-01-15T10:30:00Z\nservice: demo\nuser: eve\n";
    says(&companion, "pass", &["insert", "-m", "-f", ours], text);
    let it = described(&companion, &item);
    assert_eq!((it.label.as_str(), it.created), ("Older", 1_705_314_600));
    assert_eq!(read(&companion, &item), b"two");
    set(&companion, &item, b"three");
    let shown = says(&companion, "pass", &["show", ours], b"");
    assert!(shown.starts_with("three\n_ss_label: Older\n_ss_created: 2024-01-15T10:30:00Z\n"), "{shown}");
    assert!(!shown.contains("---") && shown.contains("user: eve"), "{shown}");
}

#[test]
fn a_secret_of_any_bytes_comes_back_after_a_restart() {
    let mut companion = Companion::with_store();
    companion.store("Demo", &["service", "demo"]);
    let item = companion.first();
    let all: Vec<u8> = (0..=255).collect();
    let long = b"0123456789abcde\n".repeat(2_500);
    for secret in [&b"two\nlines"[..], b"---", b"ends\r", b"", &all, &long] {
        set(&companion, &item, secret);
        companion.restart_keyring();
        assert_eq!(read(&companion, &item), secret);
    }
    set(&companion, &item, b"two\nlines");
    let shown = says(&companion, "pass", &["show", &entry(&item)], b"");
    assert!(shown.starts_with("dHdvCmxpbmVz\n_ss_encoding: base64\n_ss_label: Demo\n"), "{shown}");
}

#[test]
fn a_locked_store_tells_no_more_than_its_files_and_nobody_is_asked_for_anything() {
    let companion = Companion::with_store();
    companion.store("Demo", &["service", "demo"]);
    says(&companion, "pass", &["insert", "-m", "web/a"], b"x\n");
    let ours = companion.items_of(&[("service", "demo")]).remove(0);
    let plain = companion.items_of(&[("path", "web/a")]).remove(0);
    let digest = described(&companion, &ours).digest();
    lock(&companion);
    // A person who would press Esc at any prompt.
    let person = [Person::PressesEsc; 4];
    let describe = Order::Describe { id: id(), items: List::new(vec![ours.clone()]).unwrap() };
    let (noted, shown) = companion.order_with(&describe, &person);
    assert_eq!((noted, shown.len()), (vec![Note::Failed { why: Fault::Locked }], 0));
    assert_eq!(companion.items_of(&[("path", "web/a")]), std::slice::from_ref(&plain));
    assert!(described(&companion, &plain).locked);
    let (what, ..) = companion.order_with_sink(&Order::Read { id: id(), item: ours.clone(), digest });
    assert_eq!(what, What::Failed { stage: Stage::Fetch, why: Fault::Locked });
    unlock(&companion);
    assert_eq!(read(&companion, &ours), b"hunter2");
    assert!(!described(&companion, &plain).locked);
}

#[test]
fn what_entries_tell_is_kept_encrypted_and_known_again_after_an_unlock() {
    let mut companion = Companion::with_store();
    for n in 0..5 {
        companion.store(&format!("Item {n}"), &["service", "the-canary", "n", &n.to_string()]);
    }
    lock(&companion);
    let kept = files(&companion.at("home/.local/state/sd-store"));
    assert_eq!(kept.len(), 1);
    for (path, content) in kept {
        assert!(!content.windows(10).any(|some| some == b"the-canary"));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        unlock(&companion);
        assert_eq!(companion.items_of(&[("service", "the-canary")]).len(), 5);
        // It is of use, and never needed.
        lock(&companion);
        fs::write(&path, "rubbish").unwrap();
    }
    companion.restart_keyring();
    assert_eq!(companion.items_of(&[("service", "the-canary")]).len(), 5);
}

#[test]
fn an_entry_under_a_key_that_stays_locked_keeps_no_other_back() {
    let companion = Companion::with_store();
    companion.store("Demo", &["service", "demo"]);
    let other = ["--batch", "--pinentry-mode", "loopback", "--passphrase", "other", "--quick-gen-key"];
    says(
        &companion,
        "gpg",
        &[&other[..], &["Other <other@example.org>", "rsa2048", "encr", "never"]].concat(),
        b"",
    );
    let foreign = folder(&companion).join("secret-service/login/foreign.gpg");
    let to =
        ["--batch", "--trust-model", "always", "--encrypt", "--recipient", "other@example.org", "--output"];
    let entry = b"x\nservice: demo\n";
    says(&companion, "gpg", &[&to[..], &[foreign.to_str().unwrap()]].concat(), entry);
    // Which makes gpg-agent forget the other passphrase, too.
    lock(&companion);
    unlock(&companion);
    let found = companion.items_of(&[("service", "demo")]);
    assert_eq!(found.len(), 1);
    assert_eq!(read(&companion, &found[0]), b"hunter2");
    assert!(companion.logged("backend").contains("an entry is not found by any search"));
}

#[test]
fn no_secret_stays_in_the_memory_of_sd_store() {
    let companion = Companion::with_store();
    companion.store("Demo", &["service", "demo"]);
    let item = companion.first();
    set(&companion, &item, b"the-canary-of-a-secret");
    assert_eq!(read(&companion, &item), b"the-canary-of-a-secret");
    says(&companion, "pass", &["insert", "-m", "web/a"], b"another-canary\n");
    assert_eq!(read(&companion, &companion.items_of(&[("path", "web/a")])[0]), b"another-canary");
    for canary in ["the-canary-of-a-secret", "another-canary"] {
        let held = memory_holds(companion.backend().cast_signed(), canary.as_bytes());
        assert_eq!(held, geteuid().is_root().then_some(false), "{canary}");
    }
}

#[test]
fn a_gpg_agent_that_says_nothing_for_a_while_locks_nothing() {
    let companion = Companion::with_store();
    companion.store("Demo", &["service", "demo", "user", "ada"]);
    let item = companion.first();
    assert!(!companion.is_locked());
    let (socket, aside) = (companion.at("gnupg/S.gpg-agent"), companion.at("gnupg/aside"));
    fs::rename(&socket, &aside).unwrap();
    // Whoever comes is hung up on.
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    for _ in 0..3 {
        // Longer than an answer of gpg-agent's is good for.
        std::thread::sleep(std::time::Duration::from_millis(300));
        let notes = companion.order(&Order::State {});
        assert!(matches!(notes[..], [Note::Failed { .. }]), "{notes:?}");
    }
    fs::rename(&aside, &socket).unwrap();
    assert!(!companion.is_locked(), "{}", companion.logged("backend"));
    assert_eq!(read(&companion, &item), b"hunter2");
    lock(&companion);
    assert!(companion.is_locked());
}

#[test]
fn the_history_that_git_keeps_of_a_store_is_not_touched() {
    let companion = Companion::with_store();
    for (name, value) in [("user.name", "Ada"), ("user.email", "ada@example.org"), ("gc.auto", "0")] {
        fs::create_dir_all(companion.at("home")).unwrap();
        says(&companion, "git", &["config", "--global", name, value], b"");
    }
    says(&companion, "pass", &["git", "init"], b"");
    let git = folder(&companion).join(".git");
    let before = files(&git);
    companion.store("Demo", &["service", "demo"]);
    assert_eq!(read(&companion, &companion.first()), b"hunter2");
    assert_eq!(files(&git), before);
    // What it has written is there for whoever commits.
    says(&companion, "pass", &["git", "add", "--all"], b"");
    says(&companion, "pass", &["git", "commit", "-q", "-m", "by hand"], b"");
    assert!(says(&companion, "pass", &["git", "status", "--porcelain"], b"").is_empty());
}

#[test]
fn a_store_that_others_could_write_to_is_not_worked_with() {
    let companion = Companion::with_store();
    companion.store("Demo", &["service", "demo"]);
    let item = companion.first();
    let digest = described(&companion, &item).digest();
    let chmod = |mode| fs::set_permissions(folder(&companion), fs::Permissions::from_mode(mode)).unwrap();
    chmod(0o770);
    let read_it =
        || companion.order_with_sink(&Order::Read { id: id(), item: item.clone(), digest: digest.clone() }).0;
    assert_eq!(read_it(), What::Failed { stage: Stage::Fetch, why: Fault::Refused });
    assert!(companion.logged("backend").contains("it must be closed to others"));
    chmod(0o700);
    assert!(matches!(read_it(), What::Granted(_)));
}

#[test]
fn a_store_is_begun_once_and_for_its_own_keys_only() {
    let companion = Companion::with_store();
    let program = Path::new(RIG).with_file_name("sd-store");
    let ids = fs::read_to_string(folder(&companion).join(".gpg-id")).unwrap();
    let before = files(&folder(&companion));
    let init = |key: &str| {
        let store = folder(&companion);
        let arguments = ["--store", store.to_str().unwrap(), "init", "--key", key];
        keeps(&companion, program.to_str().unwrap(), &arguments, b"")
    };
    assert!(init(ids.trim()).status.success());
    assert_eq!(files(&folder(&companion)), before, "run again, it changes nothing");
    for (key, why) in [("store@example.org", "by its fingerprint"), (&"A".repeat(40), "means no key")] {
        let refused = init(key);
        assert!(String::from_utf8_lossy(&refused.stderr).contains(why), "{refused:?}");
        assert_eq!(refused.status.code(), Some(78));
    }
    assert_eq!(files(&folder(&companion)), before);
}

#[test]
fn the_passphrase_of_the_store_is_typed_on_the_screen_after_each_lock() {
    let rig = Rig::real()
        .with(&["--backend", "store", "--password", "battery staple", "--timeout", "100", "--size", "120x60"])
        .with_keyboard();
    let going = Going::start(
        rig,
        "printf the-canary | secret-tool store --label=demo service demo && touch stored
         for n in 1 2; do
             while ! test -e lock.$n; do sleep 0.05; done
             sd-ask lock > part 2>&1; echo $? >> part; mv part locked.$n
             while ! test -e unlock.$n; do sleep 0.05; done
             sd-ask unlock > part 2>&1; echo $? >> part; mv part unlocked.$n
         done
         secret-tool lookup service demo > part; mv part read",
    );
    let approves = |kind: &str| {
        going.stands(&format!(" {kind} "));
        going.stands("KERNEL ATTESTS");
        going.stands("y approve");
        going.types_at_once("y");
    };
    approves("store");
    going.file("stored");
    for n in 1..=2 {
        going.make(&format!("lock.{n}"));
        assert!(going.file(&format!("locked.{n}")).ends_with("0\n"));
        going.stands("LOCKED");
        going.make(&format!("unlock.{n}"));
        approves("unlock");
        going.stands("OpenPGP secret key");
        going.types("wrong\r");
        going.stands("2 of 3");
        going.types("battery staple\r");
        assert!(going.file(&format!("unlocked.{n}")).ends_with("0\n"));
    }
    approves("access");
    assert_eq!(going.file("read"), "the-canary");
    for name in ["sd-decide", "sd-fetch", "sd-sign", "backend"] {
        assert!(!going.log(name).contains("battery"), "{}", going.log(name));
    }
    going.let_go();
}
