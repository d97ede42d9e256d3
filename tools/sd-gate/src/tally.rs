//! What each connection has waiting, what became of the rest, and which connections want to hear of all.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sd_sys::process::Family;
use sd_wire::id::AskId;

use crate::history::History;
pub(crate) use crate::history::SettledRow;

/// The most requests that one connection may have waiting for a person, and as many brief ones.
pub(crate) const PER_CONNECTION: usize = 64;
/// The most requests that all connections of the desktop user may have waiting together.
pub(crate) const PER_USER: usize = 192;
/// How many more of them may be brief: searches, and reads, which a grant may cover. What waits for a person keeps
/// nobody from searching.
pub(crate) const BRIEF: usize = 64;
/// The most of those for one connection once all others are taken.
pub(crate) const BRIEF_OF_ONE: usize = 16;
/// How many requests may be on their way out at once, to make room for others.
const GIVING_WAY: usize = 16;
/// The most connections that are remembered.
const SENDERS: usize = 512;
/// The most connections that may subscribe.
pub(crate) const SUBSCRIBERS: usize = 64;

/// Shared by all method calls; every operation is short and waits for nothing.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Books>);

#[derive(Debug, Default)]
struct Books {
    // In order of arrival; so few that looking through all of them is nothing.
    waiting: Vec<(String, Waiting)>,
    history: History,
    subscribers: HashSet<String>,
    /// Connections of the desktop user, and whose they are. The bus gives no name a second time.
    senders: HashMap<String, u32>,
}

/// A request that waits, as far as the gate remembers it.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    /// Its id.
    pub(crate) id: AskId,
    /// What it is for, in one word.
    pub(crate) kind: &'static str,
    /// When it came, in seconds since 1970.
    pub(crate) since: u64,
    /// Who made it.
    pub(crate) pid: u32,
    /// To whom that belongs: other connections and other processes of it are no others.
    pub(crate) family: Option<Family>,
    /// It is being taken back, to make room.
    pub(crate) gives_way: bool,
}

impl Waiting {
    /// Whether it may be done without waiting for a person.
    fn is_brief(&self) -> bool {
        matches!(self.kind, "search" | "collections" | "read")
    }
}

/// [`Waiting`] on the bus, in the order of its fields.
pub(crate) type WaitingRow = (String, &'static str, u64, u32);

/// A cap was reached.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full(pub(crate) usize);

impl Tally {
    /// Notes one more request of a connection, unless that breaks a cap. Where it does because one family has more than
    /// a connection's share, its newest request gives way, and is returned: it is to be taken back.
    pub(crate) fn enter(&self, connection: &str, request: Waiting) -> Result<Option<AskId>, Full> {
        let mut books = self.books();
        let staying = || books.waiting.iter().filter(|(_, other)| !other.gives_way);
        let all = staying().count();
        let alike = || staying().filter(|(_, other)| other.is_brief() == request.is_brief());
        let own = alike().filter(|(c, _)| c == connection).count();
        if own >= PER_CONNECTION {
            return Err(Full(PER_CONNECTION));
        }
        // In room that nobody else may need what is brief is as welcome as any.
        let no_share = if request.is_brief() {
            all >= PER_USER && own >= BRIEF_OF_ONE
        } else {
            alike().count() >= PER_USER
        };
        let mut out = None;
        if no_share || all >= PER_USER + BRIEF {
            out = Some(books.gives_way_to(&request).ok_or(Full(PER_USER))?);
        }
        books.waiting.push((connection.to_owned(), request));
        Ok(out)
    }

    /// The request never got on: nobody was told of it.
    pub(crate) fn forget(&self, id: &AskId) {
        self.books().remove(id);
    }

    /// The request ended so, at that many seconds since 1970.
    pub(crate) fn settle(&self, id: &AskId, outcome: &'static str, now: u64) {
        let mut books = self.books();
        if let Some(request) = books.remove(id) {
            books.history.add(request, outcome, now);
        }
    }

    /// Whether a request of this id waits.
    pub(crate) fn knows(&self, id: &AskId) -> bool {
        self.books().waiting.iter().any(|(_, request)| request.id == *id)
    }

    /// What waits, in order of arrival.
    pub(crate) fn waiting(&self) -> Vec<WaitingRow> {
        let row = |(_, it): &(String, Waiting)| (it.id.to_string(), it.kind, it.since, it.pid);
        self.books().waiting.iter().map(row).collect()
    }

    /// What was settled, newest first.
    pub(crate) fn settled(&self) -> Vec<SettledRow> {
        self.books().history.rows()
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

    /// The process behind this connection of the desktop user, if it has been looked up before.
    pub(crate) fn sender(&self, connection: &str) -> Option<u32> {
        self.books().senders.get(connection).copied()
    }

    /// Remembers whose a connection of the desktop user is.
    pub(crate) fn remember(&self, connection: &str, pid: u32) {
        let mut books = self.books();
        if books.senders.len() >= SENDERS {
            books.senders.clear();
        }
        books.senders.insert(connection.to_owned(), pid);
    }

    /// The connection has left the bus. Its requests go when their sinks hang up.
    pub(crate) fn gone(&self, connection: &str) {
        let mut books = self.books();
        books.subscribers.remove(connection);
        books.senders.remove(connection);
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

impl Books {
    /// The newest request of the family that has the most, if that is more than a connection may have and more than the
    /// newcomer's has: one application is not many by having many connections.
    fn gives_way_to(&mut self, newcomer: &Waiting) -> Option<AskId> {
        let alike = |other: &Waiting| other.is_brief() == newcomer.is_brief();
        let most = if newcomer.is_brief() { BRIEF_OF_ONE } else { PER_CONNECTION };
        let mut families: HashMap<&Family, usize> = HashMap::new();
        for (_, other) in self.waiting.iter().filter(|(_, other)| alike(other) && !other.gives_way) {
            if let Some(family) = &other.family {
                *families.entry(family).or_default() += 1;
            }
        }
        let own = newcomer.family.as_ref().and_then(|family| families.get(family)).copied().unwrap_or(0);
        let (family, count) = families.into_iter().max_by_key(|(_, count)| *count)?;
        let leaving = self.waiting.iter().filter(|(_, other)| other.gives_way).count();
        if count <= most || count <= own.saturating_add(1) || leaving >= GIVING_WAY {
            return None;
        }
        let family = family.clone();
        let of = |other: &Waiting| alike(other) && !other.gives_way && other.family.as_ref() == Some(&family);
        let (_, newest) = self.waiting.iter_mut().rev().find(|(_, other)| of(other))?;
        newest.gives_way = true;
        Some(newest.id.clone())
    }

    fn remove(&mut self, id: &AskId) -> Option<Waiting> {
        let place = self.waiting.iter().position(|(_, request)| request.id == *id)?;
        Some(self.waiting.remove(place).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(n: usize) -> Waiting {
        Waiting { id: id(n), kind: "read", since: 1000, pid: 7, family: None, gives_way: false }
    }

    fn id(n: usize) -> AskId {
        AskId::from_random(u64::try_from(n).unwrap().to_be_bytes())
    }

    #[test]
    fn one_connection_cannot_fill_the_gate_for_another() {
        let tally = Tally::default();
        for n in 0..PER_CONNECTION {
            tally.enter(":1.1", request(n)).unwrap();
        }
        assert_eq!(tally.enter(":1.1", request(1000)), Err(Full(PER_CONNECTION)));
        assert_eq!(tally.enter(":1.2", request(1001)), Ok(None));
    }

    #[test]
    fn a_settled_request_makes_room() {
        let tally = Tally::default();
        for n in 0..PER_CONNECTION {
            tally.enter(":1.1", request(n)).unwrap();
        }
        tally.settle(&id(0), "granted", 1001);
        assert_eq!(tally.enter(":1.1", request(1000)), Ok(None));
    }

    #[test]
    fn what_waits_is_listed_in_order_of_arrival_and_what_is_settled_newest_first() {
        let tally = Tally::default();
        for n in 0..4 {
            tally.enter(":1.1", request(n)).unwrap();
        }
        tally.settle(&id(2), "denied", 1005);
        tally.settle(&id(0), "granted", 1006);
        tally.forget(&id(3));
        assert_eq!(tally.waiting(), [(id(1).to_string(), "read", 1000, 7)]);
        let settled =
            [(id(0).to_string(), "read", 1006, 7, "granted"), (id(2).to_string(), "read", 1005, 7, "denied")];
        assert_eq!(tally.settled(), settled);
        assert!(tally.knows(&id(1)) && !tally.knows(&id(0)));
    }

    #[test]
    fn what_never_waited_is_not_settled_and_nothing_is_settled_twice() {
        let tally = Tally::default();
        tally.settle(&id(0), "granted", 1);
        tally.enter(":1.1", request(1)).unwrap();
        tally.settle(&id(1), "granted", 2);
        tally.settle(&id(1), "denied", 3);
        assert_eq!(tally.settled(), [(id(1).to_string(), "read", 2, 7, "granted")]);
    }

    #[test]
    fn all_connections_together_stay_under_the_users_cap() {
        let tally = Tally::default();
        let of = |n, kind| Waiting { kind, ..request(n) };
        for n in 0..PER_USER {
            tally.enter(&format!(":1.{}", n % 10), of(n, "access")).unwrap();
        }
        assert_eq!(tally.enter(":1.99", of(1000, "access")), Err(Full(PER_USER)));
        for n in 0..BRIEF {
            let connection = format!(":2.{}", n / BRIEF_OF_ONE);
            tally.enter(&connection, of(2000 + n, "search")).unwrap();
        }
        assert_eq!(tally.enter(":1.99", of(1000, "search")), Err(Full(PER_USER)));
    }

    #[test]
    fn what_waits_for_a_person_leaves_room_for_what_does_not_and_no_connection_takes_it_all() {
        let tally = Tally::default();
        let of = |n, kind| Waiting { kind, ..request(n) };
        for n in 0..PER_USER {
            tally.enter(&format!(":1.{}", n % 10), of(n, "access")).unwrap();
        }
        for n in 0..BRIEF_OF_ONE {
            tally.enter(":1.98", of(1000 + n, "search")).unwrap();
        }
        assert_eq!(tally.enter(":1.98", of(1100, "read")), Err(Full(PER_USER)));
        assert_eq!(tally.enter(":1.99", of(1100, "read")), Ok(None));
    }

    fn of_family(n: usize, name: &str, kind: &'static str) -> Waiting {
        Waiting { family: Some(Family::Unit(name.to_owned())), kind, ..request(n) }
    }

    #[test]
    fn one_family_with_many_connections_makes_room_for_another_family_and_not_for_itself() {
        for (kind, most) in [("access", PER_USER), ("search", PER_USER + BRIEF)] {
            let tally = Tally::default();
            for n in 0..most {
                let connection = format!(":1.{}", n / BRIEF_OF_ONE);
                assert_eq!(tally.enter(&connection, of_family(n, "hostile", kind)), Ok(None));
            }
            assert_eq!(tally.enter(":2.1", of_family(1000, "hostile", kind)), Err(Full(PER_USER)));
            let entered = tally.enter(":3.1", of_family(1001, "other", kind));
            assert_eq!(entered, Ok(Some(id(most - 1))), "the newest gives way");
            assert!(tally.knows(&id(most - 1)), "until it is settled");
            assert_eq!(tally.enter(":3.1", of_family(1002, "other", kind)), Ok(Some(id(most - 2))));
            tally.settle(&id(most - 1), "cancelled", 1);
            assert_eq!(tally.waiting().len(), most + 1);
        }
    }

    #[test]
    fn families_within_a_connections_share_give_way_to_nobody() {
        let tally = Tally::default();
        for n in 0..PER_USER {
            let family = n / PER_CONNECTION;
            tally.enter(&format!(":1.{family}"), of_family(n, &family.to_string(), "access")).unwrap();
        }
        assert_eq!(tally.enter(":1.9", of_family(1000, "other", "access")), Err(Full(PER_USER)));
    }

    #[test]
    fn not_more_than_a_few_are_on_their_way_out_at_once() {
        let tally = Tally::default();
        for n in 0..PER_USER {
            tally.enter(&format!(":1.{}", n / 10), of_family(n, "hostile", "access")).unwrap();
        }
        for n in 0..GIVING_WAY {
            assert!(tally.enter(":2.1", of_family(1000 + n, "other", "access")).unwrap().is_some());
        }
        assert_eq!(tally.enter(":2.1", of_family(2000, "other", "access")), Err(Full(PER_USER)));
    }

    #[test]
    fn whose_a_connection_is_is_known_until_it_has_gone_and_of_so_many_at_most() {
        let tally = Tally::default();
        assert_eq!(tally.sender(":1.1"), None);
        tally.remember(":1.1", 77);
        assert_eq!(tally.sender(":1.1"), Some(77));
        tally.gone(":1.1");
        assert_eq!(tally.sender(":1.1"), None);
        for n in 0..10 * SENDERS {
            tally.remember(&format!(":2.{n}"), 1);
            assert!(tally.books().senders.len() <= SENDERS);
        }
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
