//! Keys that do not sign: each says which it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sd_wire::fault::Fault;
use sd_wire::sign::{Fingerprint, Note, Order};

use crate::stage::{Person, RIGHT, Stage, id};

const ADA: &str = "Ada Example <ada@example.org>";

/// Both orders say so: before a person is asked, and after.
fn fails(stage: &Stage, key: &Fingerprint, why: Fault) {
    for name in ["", "ada@example.org", key.as_str()] {
        assert_eq!(stage.describe(name), Err(why), "{name:?}\n{}", stage.logs());
    }
    assert_eq!(stage.sign_with(key), Err(why), "{}", stage.logs());
}

#[test]
fn an_expired_key_is_said_to_be_expired() {
    let stage = Stage::without_key("");
    let key = stage.key_of(ADA, &["--faked-system-time", "20200101T000000"]);
    let later = ["--faked-system-time", "20200101T000001"];
    stage.must(&[&later[..], &["--quick-set-expire", key.as_str(), "seconds=10"]].concat(), "");
    fails(&stage, &key, Fault::KeyExpired);
}

#[test]
fn an_expired_subkey_is_said_to_be_expired() {
    let stage = Stage::without_key("");
    stage.make_key(
        "",
        &["--faked-system-time", "20200101T000000", "--quick-gen-key", ADA, "ed25519", "cert", "never"],
    );
    assert_eq!(stage.describe(""), Err(Fault::UnusableKey), "it certifies only");
    let listed = stage.must(&["--with-colons", "--list-keys"], "");
    let listed = String::from_utf8(listed).unwrap();
    let print = listed.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap();
    let key = Fingerprint::parse(print.trim_end_matches(':')).unwrap();
    stage.make_key(
        "",
        &[
            "--faked-system-time",
            "20200101T000001",
            "--quick-add-key",
            key.as_str(),
            "ed25519",
            "sign",
            "2020-02-02",
        ],
    );
    fails(&stage, &key, Fault::KeyExpired);
}

#[test]
fn a_revoked_key_is_said_to_be_revoked() {
    let stage = Stage::without_key("");
    let key = stage.key_of(ADA, &[]);
    stage.sign_with(&key).unwrap();
    let certificate = stage.at(&format!("g/openpgp-revocs.d/{}.rev", key.as_str()));
    // gpg puts a colon before the certificate so that nobody imports it by mistake.
    let armoured = fs::read_to_string(certificate).unwrap().replace("\n:-----BEGIN", "\n-----BEGIN");
    stage.must(&["--import"], &armoured);
    fails(&stage, &key, Fault::KeyRevoked);
}

#[test]
fn a_disabled_key_is_said_to_be_unusable() {
    let stage = Stage::without_key("");
    let key = stage.key_of(ADA, &[]);
    stage.must(&["--no-tty", "--command-fd", "0", "--edit-key", key.as_str(), "disable", "save"], "");
    fails(&stage, &key, Fault::UnusableKey);
}

#[test]
fn a_key_without_its_secret_part_is_missing_like_one_that_is_not_there_at_all() {
    let stage = Stage::without_key("");
    assert_eq!(stage.describe(""), Err(Fault::NoKey));
    let key = stage.key_of(ADA, &[]);
    assert_eq!(stage.describe("nobody@example.net"), Err(Fault::NoKey));
    let public = stage.must(&["--armor", "--export"], "");
    stage.must(&["--delete-secret-and-public-key", key.as_str()], "");
    stage.must(&["--import"], std::str::from_utf8(&public).unwrap());
    fails(&stage, &key, Fault::NoKey);
}

#[test]
fn without_gpg_agent_that_is_said_and_not_that_the_key_is_missing() {
    let stage = Stage::without_key("");
    let key = stage.key_of(ADA, &[]);
    stage.end_agent();
    fs::write(stage.at("g/gpg.conf"), "agent-program /bin/false\n").unwrap();
    fails(&stage, &key, Fault::NoAgent);
    stage.forbid_starting_agents();
    fails(&stage, &key, Fault::NoAgent);
}

#[test]
fn a_card_that_is_not_there_is_said_to_be_missing() {
    let stage = Stage::without_key("");
    let key = stage.key_of(ADA, &[]);
    move_to_a_card(&stage);
    // As gpg-agent finds no scdaemon, here or on a companion without readers.
    fs::write(stage.at("g/gpg-agent.conf"), "scdaemon-program /nonexistent\n").unwrap();
    stage.end_agent();
    assert_eq!(stage.describe(""), Ok(key.clone()), "it would sign, were it there");
    assert_eq!(stage.sign_with(&key), Err(Fault::CardAbsent), "{}", stage.logs());
    // The store can be unlocked all the same, which waits for the key.
    assert!(!stage.locked());
    assert_eq!(stage.order(&Order::Unlock { id: id() }, &[]).0, Note::Done {}, "{}", stage.logs());
}

#[test]
fn an_empty_reader_is_a_card_that_is_not_there() {
    let stage = Stage::without_key("");
    let key = stage.key_of(ADA, &[]);
    move_to_a_card(&stage);
    for refusal in
        ["100663408 Card not present", "100696144 Operation not supported by device", "100663404 Card error"]
    {
        let script = format!(
            "#!/bin/sh\necho 'OK fake'\nwhile read -r line; do case \"$line\" in\n\
             SERIALNO*|LEARN*|PKSIGN*) echo 'ERR {refusal}' ;;\nBYE*) echo OK; exit ;;\n*) echo OK ;;\nesac; done\n"
        );
        fs::write(stage.at("scdaemon"), script).unwrap();
        fs::set_permissions(stage.at("scdaemon"), fs::Permissions::from_mode(0o755)).unwrap();
        let conf = fs::read_to_string(stage.at("g/gpg-agent.conf")).unwrap();
        let conf = conf.lines().filter(|line| !line.starts_with("scdaemon")).collect::<Vec<_>>().join("\n");
        let conf = format!("{conf}\nscdaemon-program {}\n", stage.at("scdaemon").display());
        fs::write(stage.at("g/gpg-agent.conf"), conf).unwrap();
        stage.end_agent();
        assert_eq!(stage.sign_with(&key), Err(Fault::CardAbsent), "{refusal}\n{}", stage.logs());
    }
}

#[test]
fn a_gpg_that_hangs_is_said_to_be_slow_and_a_wrong_passphrase_to_be_wrong() {
    let stage = Stage::with_key(RIGHT, "");
    assert_eq!(stage.sign_fails(&[Person::Types("not it"); 3]).0, Fault::WrongPassphrase);
    let _stopped = stage.stop_agent();
    let described = stage.describe("");
    assert_eq!(described, Err(Fault::GpgTimeout), "{}", stage.logs());
}

/// gpg keeps of a key on a card where it is: the public part and the card's number.
fn move_to_a_card(stage: &Stage) {
    let keys: Vec<_> = fs::read_dir(stage.at("g/private-keys-v1.d")).unwrap().collect();
    assert_eq!(keys.len(), 1);
    let path = keys[0].as_ref().unwrap().path();
    let key = fs::read_to_string(&path).unwrap();
    let (public, _) = key.split_once("\n (d #").unwrap();
    let public = public.replace("(private-key", "(shadowed-private-key");
    fs::write(
        path,
        format!("{public}\n (shadowed t1-v1 (#D2760001240103040006123456780000# OPENPGP.1))\n ))\n"),
    )
    .unwrap();
    stage.end_agent();
}
