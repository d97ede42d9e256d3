//! Which key signs: a list of the companion's, or the key of the first use.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sd_wire::fault::Fault;
use sd_wire::sign::{Fingerprint, Note, Order};

use crate::stage::{Stage, id};

const ADA: &str = "Ada Example <ada@example.org>";
const EVE: &str = "Eve Example <eve@example.org>";
const KEPT: &str = "g/secrets-dispatcher/trusted_key";

fn changed(trusted: &Fingerprint, found: &Fingerprint) -> Fault {
    Fault::KeyChanged { trusted: trusted.into(), found: found.into() }
}

#[test]
fn the_first_key_that_signs_is_kept_and_another_one_is_refused_with_both_fingerprints() {
    let stage = Stage::without_key("");
    let ada = stage.key_of(ADA, &[]);
    assert_eq!(stage.describe(""), Ok(ada.clone()));
    assert!(!stage.at(KEPT).exists(), "to be looked at is not to sign");
    stage.sign_with(&ada).unwrap();
    let kept = fs::read_to_string(stage.at(KEPT)).unwrap();
    assert!(kept.contains(ada.as_str()), "{kept}");
    assert_eq!(fs::metadata(stage.at(KEPT)).unwrap().permissions().mode() & 0o777, 0o600);

    let eve = stage.key_of(EVE, &[]);
    assert_eq!(stage.describe("eve@example.org"), Err(changed(&ada, &eve)));
    assert_eq!(stage.sign_with(&eve), Err(changed(&ada, &eve)));
    assert_eq!(stage.describe(""), Ok(ada.clone()), "the kept one is found among others");
    assert_eq!(fs::read_to_string(stage.at(KEPT)).unwrap(), kept);
    let logs = stage.logs();
    assert!(logs.contains(ada.as_str()) && logs.contains(eve.as_str()), "{logs}");
}

#[test]
fn a_keyring_whose_key_was_exchanged_is_refused_until_a_person_takes_the_new_one() {
    let stage = Stage::without_key("");
    let ada = stage.key_of(ADA, &[]);
    stage.sign_with(&ada).unwrap();
    stage.must(&["--delete-secret-and-public-key", ada.as_str()], "");
    // Of the same name: only the fingerprint tells them apart.
    let other = stage.key_of(ADA, &[]);
    for name in ["", "ada@example.org", ADA, other.as_str(), other.key_id()] {
        assert_eq!(stage.describe(name), Err(changed(&ada, &other)), "{name}");
    }
    assert_eq!(stage.sign_with(&other), Err(changed(&ada, &other)));
    // Nothing is locked, for there is nothing that could sign.
    assert!(!stage.locked());
    assert_eq!(stage.order(&Order::Unlock { id: id() }, &[]).0, Note::Done {});
    fs::write(stage.at(KEPT), other.as_str()).unwrap();
    stage.sign_with(&other).unwrap();
}

#[test]
fn a_list_is_the_only_licence_and_nothing_is_kept_beside_it() {
    let folder = Stage::without_key("");
    let ada = folder.key_of(ADA, &[]);
    let secret = folder.must(&["--armor", "--export-secret-keys", ada.as_str()], "");
    let secret = String::from_utf8(secret).unwrap();
    let stage = Stage::listing("", Some(&format!("# mine\n{}\n", ada.as_str().to_lowercase())));
    let eve = stage.key_of(EVE, &[]);
    let not_allowed = Fault::KeyNotAllowed { found: (&eve).into() };
    assert_eq!(stage.describe(""), Err(not_allowed));
    stage.must(&["--import"], &secret);
    assert_eq!(stage.describe(""), Ok(ada.clone()));
    assert_eq!(stage.describe("example.org"), Ok(ada.clone()), "of those that are meant, the one that may");
    assert_eq!(stage.describe(EVE), Err(not_allowed));
    assert_eq!(stage.sign_with(&eve), Err(not_allowed));
    stage.sign_with(&ada).unwrap();
    assert!(!stage.at(KEPT).exists());
    assert!(stage.logs().contains("signing_keys"), "{}", stage.logs());
}

#[test]
fn a_list_that_says_so_leaves_it_to_the_first_use_and_an_empty_one_forbids_all() {
    let stage = Stage::listing("", Some("first-use\n"));
    let ada = stage.key_of(ADA, &[]);
    stage.sign_with(&ada).unwrap();
    assert!(stage.at(KEPT).exists());
    fs::write(stage.at("signing_keys"), "# nobody\n").unwrap();
    assert_eq!(stage.describe(""), Err(Fault::KeyNotAllowed { found: (&ada).into() }));
}

#[test]
fn where_it_is_not_known_which_key_may_sign_none_does() {
    let stage = Stage::listing("", Some("first-use\n"));
    let ada = stage.key_of(ADA, &[]);
    fs::write(stage.at("signing_keys"), "any\n").unwrap();
    assert_eq!(stage.describe(""), Err(Fault::KeysUnknown));
    assert_eq!(stage.sign_with(&ada), Err(Fault::KeysUnknown));
    fs::write(stage.at("signing_keys"), ada.as_str()).unwrap();
    fs::set_permissions(stage.at("signing_keys"), fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(stage.sign_with(&ada), Err(Fault::KeysUnknown), "anybody may write it");
    fs::remove_file(stage.at("signing_keys")).unwrap();
    assert_eq!(stage.sign_with(&ada), Err(Fault::KeysUnknown), "it went away");
}

#[test]
fn a_signature_whose_key_cannot_be_kept_does_not_leave() {
    let stage = Stage::without_key("");
    let ada = stage.key_of(ADA, &[]);
    fs::write(stage.at("g/secrets-dispatcher"), "no folder").unwrap();
    assert_eq!(stage.sign_with(&ada), Err(Fault::KeysUnknown));
    fs::remove_file(stage.at("g/secrets-dispatcher")).unwrap();
    fs::create_dir(stage.at("g/secrets-dispatcher")).unwrap();
    fs::write(stage.at(KEPT), "").unwrap();
    assert_eq!(stage.sign_with(&ada), Err(Fault::KeysUnknown), "half a file is not none");
}
