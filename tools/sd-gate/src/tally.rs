//! How many requests each connection has waiting, and which connections want to hear of all.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sd_wire::id::AskId;

/// The most requests that one connection may have waiting.
pub(crate) const PER_CONNECTION: usize = 64;
/// The most requests that all connections of the desktop user may have waiting together.
pub(crate) const PER_USER: usize = 192;
/// The most connections that may subscribe.
pub(crate) const SUBSCRIBERS: usize = 64;

/// Shared by all method calls; every operation is short and waits for nothing.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Books>);

#[derive(Debug, Default)]
struct Books {
    waiting: HashMap<AskId, String>,
    subscribers: HashSet<String>,
}

/// A cap was reached.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full(pub(crate) usize);

impl Tally {
    /// Counts one more request of a connection, unless that breaks a cap.
    pub(crate) fn enter(&self, connection: &str, id: &AskId) -> Result<(), Full> {
        let mut books = self.books();
        if books.waiting.len() >= PER_USER {
            return Err(Full(PER_USER));
        }
        if books.waiting.values().filter(|c| *c == connection).count() >= PER_CONNECTION {
            return Err(Full(PER_CONNECTION));
        }
        books.waiting.insert(id.clone(), connection.to_owned());
        Ok(())
    }

    /// The request is settled, or never got on.
    pub(crate) fn leave(&self, id: &AskId) {
        self.books().waiting.remove(id);
    }

    /// Whether a request of this id waits.
    pub(crate) fn knows(&self, id: &AskId) -> bool {
        self.books().waiting.contains_key(id)
    }

    /// From now on this connection gets every signal.
    pub(crate) fn subscribe(&self, connection: &str) -> Result<(), Full> {
        let mut books = self.books();
        if books.subscribers.len() >= SUBSCRIBERS && !books.subscribers.contains(connection) {
            return Err(Full(SUBSCRIBERS));
        }
        books.subscribers.insert(connection.to_owned());
        Ok(())
    }

    /// The connection has left the bus. Its requests go when their sinks hang up.
    pub(crate) fn gone(&self, connection: &str) {
        self.books().subscribers.remove(connection);
    }

    /// Who is to hear of a request of `requester`: itself and the subscribers, each once.
    pub(crate) fn audience(&self, requester: &str) -> Vec<String> {
        let books = self.books();
        let others = books.subscribers.iter().filter(|s| *s != requester);
        std::iter::once(requester.to_owned()).chain(others.cloned()).collect()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // The books are whole after every statement, so a panic elsewhere does not spoil them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> AskId {
        AskId::from_random(u64::try_from(n).unwrap().to_be_bytes())
    }

    #[test]
    fn one_connection_cannot_fill_the_gate_for_another() {
        let tally = Tally::default();
        for n in 0..PER_CONNECTION {
            tally.enter(":1.1", &id(n)).unwrap();
        }
        assert_eq!(tally.enter(":1.1", &id(1000)), Err(Full(PER_CONNECTION)));
        assert_eq!(tally.enter(":1.2", &id(1001)), Ok(()));
    }

    #[test]
    fn a_settled_request_makes_room() {
        let tally = Tally::default();
        for n in 0..PER_CONNECTION {
            tally.enter(":1.1", &id(n)).unwrap();
        }
        tally.leave(&id(0));
        assert_eq!(tally.enter(":1.1", &id(1000)), Ok(()));
    }

    #[test]
    fn all_connections_together_stay_under_the_users_cap() {
        let tally = Tally::default();
        for n in 0..PER_USER {
            tally.enter(&format!(":1.{}", n % 10), &id(n)).unwrap();
        }
        assert_eq!(tally.enter(":1.99", &id(1000)), Err(Full(PER_USER)));
    }

    #[test]
    fn a_subscriber_that_is_the_requester_hears_once() {
        let tally = Tally::default();
        tally.subscribe(":1.1").unwrap();
        tally.subscribe(":1.2").unwrap();
        let mut audience = tally.audience(":1.1");
        audience.sort();
        assert_eq!(audience, [":1.1", ":1.2"]);
        tally.gone(":1.2");
        assert_eq!(tally.audience(":1.1"), [":1.1"]);
    }
}
