use std::collections::BTreeSet;

use super::*;
use crate::sign::Fingerprint;

fn print(digit: &str) -> Print {
    Print::from(&Fingerprint::parse(&digit.repeat(40)).unwrap())
}

#[test]
fn every_way_in_which_a_key_fails_has_a_sentence_of_its_own() {
    let faults = [
        Fault::UnusableKey,
        Fault::NoKey,
        Fault::KeyExpired,
        Fault::KeyRevoked,
        Fault::CardAbsent,
        Fault::KeyNotAllowed { found: print("B") },
        Fault::KeyChanged { trusted: print("A"), found: print("B") },
        Fault::KeysUnknown,
        Fault::NoAgent,
        Fault::GpgTimeout,
        Fault::WrongPassphrase,
        Fault::Dismissed,
        Fault::NoPassphrase,
        Fault::Timeout,
        Fault::Unavailable,
        Fault::NotFound,
    ];
    let sentences: BTreeSet<String> = faults.iter().map(Fault::to_string).collect();
    assert_eq!(sentences.len(), faults.len());
    assert!(sentences.iter().all(|sentence| !sentence.contains("  ")), "{sentences:#?}");
}

#[test]
fn a_changed_key_is_told_with_both_fingerprints_and_how_to_accept_it() {
    let said = Fault::KeyChanged { trusted: print("A"), found: print("B") }.to_string();
    assert!(said.contains(&"A".repeat(40)) && said.contains(&"B".repeat(40)), "{said}");
    assert!(said.contains(&format!("sd-provision key trust {}", "B".repeat(40))), "{said}");
}

#[test]
fn a_fault_that_says_more_or_less_than_it_may_is_refused() {
    let a = "A".repeat(40);
    for bad in [
        "{\"key_changed\":{}}".to_owned(),
        "\"key_changed\"".to_owned(),
        format!("{{\"key_changed\":{{\"trusted\":\"{a}\"}}}}"),
        format!("{{\"key_changed\":{{\"trusted\":\"{a}\",\"found\":\"{a}\",\"why\":\"x\"}}}}"),
        format!("{{\"key_not_allowed\":{{\"found\":\"{}\"}}}}", "x".repeat(40)),
    ] {
        assert!(serde_json::from_str::<Fault>(&bad).is_err(), "{bad}");
    }
    let good = format!("{{\"key_not_allowed\":{{\"found\":\"{a}\"}}}}");
    assert_eq!(serde_json::from_str::<Fault>(&good).unwrap(), Fault::KeyNotAllowed { found: print("A") });
}
