//! What a service says to systemd (sd_notify(3)). Without `NOTIFY_SOCKET` these do nothing.

use std::time::Duration;

use libsystemd::daemon::{self, NotifyState};

/// Says that the service is ready; whether there was anyone to say it to.
pub fn ready() -> bool {
    say(NotifyState::Ready)
}

/// Says that the service is about to end; whether there was anyone to say it to.
pub fn stopping() -> bool {
    say(NotifyState::Stopping)
}

/// Says that the service is alive; whether there was anyone to say it to.
pub fn watchdog() -> bool {
    say(NotifyState::Watchdog)
}

/// How often systemd wants to hear [`watchdog`] at least, when it does: say it twice as often.
pub fn watchdog_interval() -> Option<Duration> {
    daemon::watchdog_enabled(false)
}

fn say(state: NotifyState) -> bool {
    // A supervisor that cannot be reached is no reason for a service to stop serving; it is for
    // the supervisor to notice.
    daemon::notify(false, &[state]).unwrap_or(false)
}

#[cfg(test)]
mod tests;
