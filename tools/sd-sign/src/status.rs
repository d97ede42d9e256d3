//! What gpg's `--status-fd` says of a signature, for git, which looks for `SIG_CREATED` (gnupg doc/DETAILS).

use std::time::UNIX_EPOCH;

use gpgme::results::NewSignature;
use gpgme::{HashAlgorithm, KeyAlgorithm};

/// The status lines without `[GNUPG:] ` before them. `None` when gpgme names an algorithm that we cannot.
pub(crate) fn lines(made: &NewSignature<'_>) -> Option<String> {
    let hash = hash(made.hash_algorithm())?;
    let seconds = made.creation_time().duration_since(UNIX_EPOCH).ok()?.as_secs();
    let fingerprint = made.fingerprint().ok()?;
    let class = made.signature_class();
    let key = key(made.key_algorithm())?;
    Some(format!("BEGIN_SIGNING H{hash}\nSIG_CREATED D {key} {hash} {class:02x} {seconds} {fingerprint}"))
}

/// The number of RFC 9580, section 9.1; gpgme counts the curves otherwise.
fn key(algorithm: KeyAlgorithm) -> Option<u8> {
    Some(match algorithm {
        KeyAlgorithm::Rsa => 1,
        KeyAlgorithm::RsaSign => 3,
        KeyAlgorithm::Dsa => 17,
        KeyAlgorithm::Ecdsa => 19,
        KeyAlgorithm::Eddsa => 22,
        _ => return None,
    })
}

/// The number of RFC 9580, section 9.5.
fn hash(algorithm: HashAlgorithm) -> Option<u8> {
    Some(match algorithm {
        HashAlgorithm::Sha1 => 2,
        HashAlgorithm::RipeMd160 => 3,
        HashAlgorithm::Sha256 => 8,
        HashAlgorithm::Sha384 => 9,
        HashAlgorithm::Sha512 => 10,
        HashAlgorithm::Sha224 => 11,
        _ => return None,
    })
}
