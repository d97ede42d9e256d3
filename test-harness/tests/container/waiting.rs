//! Waiting for what becomes so, never for ever.

use std::time::{Duration, Instant};

/// How long anything of a machine may take on two busy cores.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something to become so; `told` is what to say when it does not.
pub(crate) fn eventually(what: &str, told: impl Fn() -> String, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "waited in vain for {what}\n{}", told());
        std::thread::sleep(Duration::from_millis(20));
    }
}
