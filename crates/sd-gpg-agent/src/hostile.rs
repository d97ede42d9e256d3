//! What the fuzzer feeds, and a test with any compiler: gpg-agent's end of a conversation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "no part of the product"
)]

use crate::{MAX_REPLY, answer, asks};

/// What gpg-agent, or who sits at its socket, answers.
pub fn agent_says(bytes: &[u8]) {
    const GRIP: &str = "998CCEF4A6BDD898D312F745CA2514E727EFFFA3";
    let Ok(said) = answer(&mut &*bytes) else { return };
    let length: usize = said.iter().map(|line| line.len() + 1).sum();
    assert!(u64::try_from(length).unwrap() < MAX_REPLY && length < bytes.len());
    for line in &said {
        // Of another key nothing is learned.
        assert!(asks(line, GRIP).is_none() || line.contains(GRIP));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_that_gpg_agent_says_breaks_its_client() {
        sd_twin::feed("agent_says", super::agent_says);
    }
}
