//! What an error of gpg's means for the person who asked.

use gpgme::Error;
use sd_wire::fault::Fault;

/// What gpg's error means. gpg hands through what the pinentry and gpg-agent said, number and source. `on_card`: the
/// key that was to sign is on a card, so that what is missing is the card.
pub fn fault(e: Error, on_card: bool) -> Fault {
    /// `GPG_ERR_SOURCE_PINENTRY`.
    const PINENTRY: u32 = 5;
    let code = e.code();
    let is = |other: Error| code == other.code();
    let any = |others: &[Error]| others.iter().any(|other| is(*other));
    let of_pinentry = e.raw() >> 24 & 0x7f == PINENTRY;
    // gpg-agent 2.2 ends at an entry that is empty or longer than 255 bytes, and calls that no passphrase.
    if any(&[Error::BAD_PASSPHRASE, Error::NO_PASSPHRASE, Error::BAD_PIN]) {
        Fault::WrongPassphrase
    } else if any(&[Error::CARD_NOT_PRESENT, Error::CARD_REMOVED, Error::NO_SCDAEMON, Error::WRONG_CARD])
        || on_card && any(ABSENT)
    {
        sd_journal::warning(format!("gpg: {e}"));
        Fault::CardAbsent
    } else if any(&[Error::CANCELED, Error::FULLY_CANCELED]) {
        Fault::Dismissed
    } else if is(Error::TIMEOUT) && of_pinentry {
        Fault::NoPassphrase
    } else if is(Error::TIMEOUT) {
        Fault::GpgTimeout
    } else if is(Error::KEY_EXPIRED) {
        Fault::KeyExpired
    } else if is(Error::CERT_REVOKED) {
        Fault::KeyRevoked
    } else if is(Error::NO_SECKEY) {
        Fault::NoKey
    } else if any(&[Error::UNUSABLE_SECKEY, Error::KEY_DISABLED]) {
        Fault::UnusableKey
    } else if is(Error::NO_AGENT) {
        Fault::NoAgent
    } else if any(&[Error::INV_ENGINE, Error::NO_PIN_ENTRY]) {
        Fault::Unavailable
    } else if is(Error::EOF) && of_pinentry {
        Fault::Lost
    } else {
        sd_journal::warning(format!("gpg: {e}"));
        Fault::Refused
    }
}

/// As scdaemon and gpg-agent say it when there is no reader, no card in it, or nobody asked for the card: sd-pinentry
/// shows no request to insert one.
const ABSENT: &[Error] = &[
    Error::CARD,
    Error::SCDAEMON,
    Error::ENODEV,
    Error::NOT_SUPPORTED,
    Error::NOT_CONFIRMED,
    Error::NOT_FOUND,
    Error::NO_SECKEY,
    Error::UNUSABLE_SECKEY,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_card_is_not_a_missing_key() {
        assert_eq!(fault(Error::NO_SECKEY, true), Fault::CardAbsent);
        assert_eq!(fault(Error::NO_SECKEY, false), Fault::NoKey);
        assert_eq!(fault(Error::CARD_NOT_PRESENT, false), Fault::CardAbsent);
    }

    #[test]
    fn the_pin_of_a_card_is_a_passphrase() {
        assert_eq!(fault(Error::BAD_PIN, true), Fault::WrongPassphrase);
        assert_eq!(fault(Error::CANCELED, true), Fault::Dismissed);
    }
}
