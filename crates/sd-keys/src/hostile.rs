//! What the fuzzer feeds, and a test with any compiler: the list of keys that may sign.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "no part of the product"
)]

use crate::list::{List, MAX_KEYS};

/// A file `signing_keys`, or what is kept of the first use.
pub fn signing_keys(bytes: &[u8]) {
    let Ok(list) = List::parse(bytes) else { return };
    let text = std::str::from_utf8(bytes).unwrap();
    match list {
        // Only ever by that word, for it lets any key in once.
        List::FirstUse => assert!(text.contains("first-use")),
        List::Keys(keys) => {
            assert!(keys.len() <= MAX_KEYS);
            let digits: String = text.to_ascii_uppercase().split_ascii_whitespace().collect();
            for key in &keys {
                assert!(digits.contains(key.as_str()), "{key:?} is not in the file");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_list_of_keys_names_a_key_that_is_not_written_there() {
        sd_twin::feed("signing_keys", super::signing_keys);
    }
}
