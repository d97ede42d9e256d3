//! What the fuzzer feeds, and a test with any compiler: arguments, what git says, and what git wants signed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "no part of the product"
)]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::arguments::{Wanted, wanted};
use crate::{changed, summary};

/// Arguments, with a zero byte behind each: what is not surely a detached signature is gpg's own.
pub fn arguments(bytes: &[u8]) {
    let arguments: Vec<OsString> =
        bytes.split(|byte| *byte == 0).map(|one| OsString::from_vec(one.to_vec())).collect();
    if let Wanted::Signature(request) = wanted(&arguments) {
        let detached = |one: &OsString| {
            let one = one.to_string_lossy();
            one == "--detach-sign" || one.starts_with('-') && !one.starts_with("--") && one.contains('b')
        };
        assert!(arguments.iter().any(detached), "{arguments:?}");
        assert!(
            request.key.is_empty()
                || arguments.iter().any(|one| one.to_string_lossy().contains(&request.key))
        );
    }
}

/// The output of `git diff-tree`, and a payload: claims, bounded.
pub fn claims(bytes: &[u8]) {
    let (files, omitted) = changed::parse(bytes);
    let entries = bytes.split(|byte| *byte == 0).count().saturating_sub(1) / 2;
    assert_eq!(files.len() + usize::try_from(omitted).unwrap(), entries);
    if let Some((from, to)) = changed::trees(bytes) {
        for id in [from, to] {
            assert!(matches!(id.len(), 40 | 64) && id.bytes().all(|digit| digit.is_ascii_hexdigit()));
        }
    }
    assert!(summary::of::<1024>(bytes).is_none_or(|said| said.len() <= 1024 && !said.contains('\n')));
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_but_a_detached_signature_is_asked_for_at_the_gate() {
        sd_twin::feed("arguments", super::arguments);
    }

    #[test]
    fn whatever_git_says_becomes_bounded_claims() {
        sd_twin::feed("claims", super::claims);
    }
}
