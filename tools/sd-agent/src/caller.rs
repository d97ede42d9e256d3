//! Who is behind a name on the session bus. It runs as the same uid as we do, so this is evidence, not proof.

use sd_sys::identity::own_uid;
use sd_sys::process::start_of;
use sd_wire::bounded::Text;
use sd_wire::claims::{App, Claims};
use std::collections::HashMap;
use zbus::Connection;
use zbus::names::UniqueName;
use zbus::zvariant::OwnedValue;

use crate::refusal::Refusal;

/// The application behind a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Its process, as the bus saw it connect, and the executable it has now.
    pub(crate) app: App,
}

impl Caller {
    /// What is said of it in an ask.
    pub(crate) fn claims(&self) -> Claims {
        Claims { app: Some(self.app.clone()), ..Claims::default() }
    }

    /// Asks the bus who a name is, and `/proc` what it looks like.
    pub(crate) async fn look(bus: &Connection, name: &UniqueName<'_>) -> Result<Self, Refusal> {
        let unknown = |why: &dyn std::fmt::Display| {
            Refusal::access_denied(format!("the session bus does not say who you are: {why}"))
        };
        let daemon = "org.freedesktop.DBus";
        let call = bus.call_method(
            Some(daemon),
            "/org/freedesktop/DBus",
            Some(daemon),
            "GetConnectionCredentials",
            &(name),
        );
        let reply = call.await.map_err(|e| unknown(&e))?;
        let body = reply.body();
        let credentials: HashMap<String, OwnedValue> = body.deserialize().map_err(|e| unknown(&e))?;
        let number = |key: &str| credentials.get(key).and_then(|value| u32::try_from(value).ok());
        // A session bus admits its own uid only; a bus that somebody set up otherwise is not one.
        if number("UnixUserID") != Some(own_uid()) {
            return Err(unknown(&"you do not run as this desktop's user"));
        }
        let pid = number("ProcessID").ok_or_else(|| unknown(&"it names no process"))?;
        appearance(pid).ok_or_else(|| unknown(&format_args!("process {pid} is gone")))
    }
}

fn appearance(pid: u32) -> Option<Caller> {
    let number = i32::try_from(pid).ok()?;
    let start = start_of(number).ok()?;
    let exe = std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    // Read by number: it is this process's only if the number still is.
    if start_of(number).ok()? != start {
        return None;
    }
    let exe = exe.map(|path| Text::clipped(&path.to_string_lossy()));
    Some(Caller { app: App { pid, start, exe } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_pinned_by_its_start_time() {
        let own = std::process::id();
        let caller = appearance(own).unwrap();
        assert_eq!(caller.app.pid, own);
        assert!(caller.app.start > 0);
        assert!(caller.app.exe.is_some());
        assert_eq!(appearance(u32::MAX), None);
    }
}
