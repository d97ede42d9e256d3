//! Keys of lines by their numbers.

use crate::key::Key;

/// A key is kept each so many lines, to go back to.
const STRIDE: u64 = 1024;

/// The keys of lines, forwards and back.
#[derive(Debug)]
pub(super) struct Keys {
    every: Vec<Key>,
    latest: (u64, Key),
}

impl Keys {
    /// From that of the first line.
    pub(super) fn from(first: Key) -> Self {
        Self { every: vec![first.clone()], latest: (0, first) }
    }

    /// The key of the line with this number; none for 0.
    pub(super) fn of(&mut self, seq: u64) -> Option<Key> {
        let steps = seq.checked_sub(1)?;
        let (mut at, mut key) = if self.latest.0 <= steps {
            self.latest.clone()
        } else {
            let kept = steps / STRIDE;
            (kept * STRIDE, self.every.get(usize::try_from(kept).ok()?)?.clone())
        };
        while at < steps {
            key = key.next();
            at += 1;
            if at % STRIDE == 0 && usize::try_from(at / STRIDE).is_ok_and(|place| place == self.every.len()) {
                self.every.push(key.clone());
            }
        }
        if at > self.latest.0 {
            self.latest = (at, key.clone());
        }
        Some(key)
    }
}
