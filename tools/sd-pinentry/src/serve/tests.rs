//! Whole conversations, without a screen.

use std::cell::RefCell;

use sd_wire::passphrase::Wanted;

use super::*;

fn secret(bytes: &[u8]) -> Secret {
    let mut secret = Secret::with_capacity(bytes.len()).unwrap();
    secret.push(bytes).unwrap();
    secret
}

/// A question, and the time for it.
type Asked = (Wanted, Duration);

/// What gpg-agent hears, line by line, and what was asked for.
fn talk(
    says: &str,
    answer: impl Fn() -> Result<Secret, NoPassphrase>,
) -> (Vec<String>, Vec<Asked>, Result<(), Error>) {
    let (asked, mut heard) = (RefCell::new(Vec::new()), Vec::new());
    let end = until_bye(
        &mut Lines::new(says.as_bytes()),
        &mut heard,
        sd_passphrase::PATIENCE,
        |dialog, patience| {
            asked.borrow_mut().push((dialog.wanted(), patience));
            answer()
        },
    );
    let heard = String::from_utf8(heard).unwrap();
    let mut lines = heard.lines().map(str::to_owned);
    assert!(lines.next().unwrap().starts_with("OK "));
    (lines.collect(), asked.into_inner(), end)
}

#[test]
fn a_passphrase_that_was_typed_is_handed_over() {
    let (heard, asked, end) = talk(
        "OPTION no-grab\nSETKEYINFO n/ABCD\nSETDESC one%0Atwo\nSETPROMPT Passphrase:\nGETPIN\nBYE\n",
        || Ok(secret(b"a%b")),
    );
    assert_eq!(heard, ["OK", "OK", "OK", "OK", "D a%25b", "OK", "OK"]);
    assert_eq!(asked[0].0.lines.iter().map(|line| line.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!((asked[0].0.wrong.clone(), asked[0].0.tries), (None, None));
    assert!(end.is_ok());
}

#[test]
fn a_second_try_says_what_was_wrong_and_a_third_says_it_anew() {
    let says = "GETPIN\nSETERROR Bad Passphrase (try 2 of 3)\nGETPIN\nGETPIN\nBYE\n";
    let (_, asked, _) = talk(says, || Ok(secret(b"x")));
    assert_eq!(asked[1].0.tries, Some((2, 3)));
    assert_eq!(asked[1].0.wrong.as_deref(), Some("Bad Passphrase"));
    assert_eq!(asked[2].0.wrong, None);
}

#[test]
fn each_reason_for_no_passphrase_has_a_number_of_its_own() {
    let number = |why: fn() -> NoPassphrase| {
        let (heard, ..) = talk("GETPIN\nBYE\n", || Err(why()));
        heard[0].split(' ').nth(1).unwrap().parse::<u32>().unwrap() & 0xffff
    };
    assert_eq!(number(|| NoPassphrase::Dismissed), 99);
    assert_eq!(number(|| NoPassphrase::Expired), 62);
    assert_eq!(number(|| NoPassphrase::NotNow), 251);
    assert_eq!(number(|| NoPassphrase::Lost), 85);
}

#[test]
fn a_new_passphrase_is_never_asked_for() {
    for mark in ["SETREPEAT again", "SETQUALITYBAR", "SETGENPIN x"] {
        let (heard, asked, _) = talk(&format!("{mark}\nGETPIN\nGETPIN\nBYE\n"), || Ok(secret(b"x")));
        assert!(heard[1].starts_with("ERR 83886140 ") && heard[2].starts_with("ERR 83886140 "), "{heard:?}");
        assert!(asked.is_empty());
    }
}

#[test]
fn what_cannot_be_shown_is_refused_and_the_talk_goes_on() {
    let (heard, asked, end) =
        talk("CONFIRM\nMESSAGE\nNONSENSE\n\x07\x1b[2J\nNOP\nBYE\n", || Ok(secret(b"x")));
    assert!(heard[..4].iter().all(|line| line.starts_with("ERR ")), "{heard:?}");
    assert_eq!(heard[4..], ["OK", "OK"]);
    assert!(asked.is_empty() && end.is_ok());
}

#[test]
fn a_shorter_patience_of_gpg_agent_is_kept_and_a_longer_one_is_not() {
    let (_, asked, _) =
        talk("SETTIMEOUT 5\nGETPIN\nSETTIMEOUT 99999\nGETPIN\nSETTIMEOUT 0\nGETPIN\n", || {
            Err(NoPassphrase::Expired)
        });
    let times: Vec<_> = asked.iter().map(|(_, patience)| patience.as_secs()).collect();
    let most = sd_passphrase::PATIENCE.as_secs();
    assert_eq!(times, [5, most, most]);
}

#[test]
fn silence_within_gpg_agents_own_time_is_a_timeout() {
    let (heard, ..) = talk("SETTIMEOUT 5\nGETPIN\n", || Err(NoPassphrase::Silent));
    assert!(heard[1].starts_with("ERR 83886142 "), "{heard:?}");
}

#[test]
fn a_reset_forgets_all_that_was_set() {
    let (_, asked, _) = talk("SETDESC x\nSETKEYINFO n/AB\nSETREPEAT\nRESET\nGETPIN\n", || Ok(secret(b"x")));
    assert_eq!(asked[0].0, Dialog::default().wanted());
}

#[test]
fn an_endless_line_ends_the_talk_with_an_error() {
    let (heard, _, end) = talk(&"x".repeat(100_000), || Ok(secret(b"x")));
    assert!(heard[0].starts_with("ERR 83886343 "), "{heard:?}");
    assert!(matches!(end, Err(Error::TooLong)));
}

#[test]
fn it_says_who_it_is() {
    let (heard, ..) =
        talk("GETINFO pid\nGETINFO flavor\nGETINFO ttyinfo\nGETINFO version\nGETINFO x\n", || {
            Err(NoPassphrase::Expired)
        });
    assert_eq!(heard[0], format!("D {}", std::process::id()));
    assert_eq!(heard[2], "D sd");
    assert!(heard[8].starts_with("ERR "), "{heard:?}");
}
