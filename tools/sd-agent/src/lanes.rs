//! How much of the gate one application may take. All applications share the agent's one connection there, and the gate
//! lets 64 asks of a connection wait: without lanes of their own, one application could fill it for all others.
//!
//! What finds no room waits for it: a prompt that has to wait for the person anyway is not dismissed for that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sd_sys::process::{self, Family};
use sd_wire::claims::{App, Claims};
use smol::lock::{Semaphore, SemaphoreGuardArc};

/// The most asks of one application that wait for a person.
const PEOPLE: usize = 16;
/// The most of all applications together; the gate's other 16 are for what needs no key.
const PEOPLE_IN_ALL: usize = 48;
/// The most of all processes that belong to one application: what forks is not many.
const PEOPLE_OF_FAMILY: usize = 32;
/// The most of one application that need no key: one less than sd-decide sends off at once for all that ask by way of
/// us, so that there is always a turn for another.
pub(crate) const QUICK: usize = 3;
/// The most of all applications together: what the gate has left for them, whoever else asks.
const QUICK_IN_ALL: usize = 16;

type Key = (u32, u64);

/// The lanes of every application that asks for something just now.
pub(crate) struct Lanes {
    apps: Mutex<HashMap<Key, Lane>>,
    families: Mutex<HashMap<Option<Family>, Shared>>,
    /// To whom an application belongs.
    look: fn(&App) -> Option<Family>,
    people: Arc<Semaphore>,
    quick: Arc<Semaphore>,
}

struct Lane {
    people: Arc<Semaphore>,
    quick: Arc<Semaphore>,
    /// How many asks there are, on their way or waiting for room.
    users: usize,
}

/// What all processes of a family share.
struct Shared {
    people: Arc<Semaphore>,
    users: usize,
}

/// Room for one ask, for as long as it is kept.
pub(crate) struct Pass<'a> {
    _turns: Vec<SemaphoreGuardArc>,
    _user: User<'a>,
    _member: Option<Member<'a>>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self::told(|app| {
            let pid = i32::try_from(app.pid).ok()?;
            Family::of(pid).filter(|_| process::start_of(pid).ok() == Some(app.start))
        })
    }
}

impl Lanes {
    fn told(look: fn(&App) -> Option<Family>) -> Self {
        let of_all = |most| Arc::new(Semaphore::new(most));
        let (people, quick) = (of_all(PEOPLE_IN_ALL), of_all(QUICK_IN_ALL));
        Self { apps: Mutex::default(), families: Mutex::default(), look, people, quick }
    }

    /// Room for an ask that waits for a person.
    pub(crate) async fn people(&self, claims: &Claims) -> Pass<'_> {
        let (user, member) = (self.enter(claims), self.join(claims));
        let own = user.people.acquire_arc().await;
        let of_family = member.people.acquire_arc().await;
        let of_all = self.people.acquire_arc().await;
        Pass { _turns: vec![own, of_family, of_all], _user: user, _member: Some(member) }
    }

    /// Room for an ask that needs no key.
    pub(crate) async fn quick(&self, claims: &Claims) -> Pass<'_> {
        let user = self.enter(claims);
        let own = user.quick.acquire_arc().await;
        let of_all = self.quick.acquire_arc().await;
        Pass { _turns: vec![own, of_all], _user: user, _member: None }
    }

    fn enter(&self, claims: &Claims) -> User<'_> {
        let key = claims.app.as_ref().map_or((0, 0), |App { pid, start, .. }| (*pid, *start));
        let mut apps = self.apps();
        let lane = apps.entry(key).or_insert_with(|| Lane {
            people: Arc::new(Semaphore::new(PEOPLE)),
            quick: Arc::new(Semaphore::new(QUICK)),
            users: 0,
        });
        lane.users += 1;
        let (people, quick) = (Arc::clone(&lane.people), Arc::clone(&lane.quick));
        User { lanes: self, key, people, quick }
    }

    /// Counts an ask for the family of its application. To look who that is takes a dozen files, so it is done for none
    /// that is not counted.
    fn join(&self, claims: &Claims) -> Member<'_> {
        // Who cannot be told apart is one family.
        let family = claims.app.as_ref().and_then(self.look);
        let mut families = self.families();
        let shared = families
            .entry(family.clone())
            .or_insert_with(|| Shared { people: Arc::new(Semaphore::new(PEOPLE_OF_FAMILY)), users: 0 });
        shared.users += 1;
        let people = Arc::clone(&shared.people);
        Member { lanes: self, family, people }
    }

    fn apps(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Lane>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn families(&self) -> std::sync::MutexGuard<'_, HashMap<Option<Family>, Shared>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An ask of an application; with the last one the application's lane goes.
struct User<'a> {
    lanes: &'a Lanes,
    key: Key,
    people: Arc<Semaphore>,
    quick: Arc<Semaphore>,
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        let mut apps = self.lanes.apps();
        if let Some(lane) = apps.get_mut(&self.key) {
            lane.users -= 1;
            if lane.users == 0 {
                apps.remove(&self.key);
            }
        }
    }
}

/// An ask of a family, likewise.
struct Member<'a> {
    lanes: &'a Lanes,
    family: Option<Family>,
    people: Arc<Semaphore>,
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        let mut families = self.lanes.families();
        if let Some(shared) = families.get_mut(&self.family) {
            shared.users -= 1;
            if shared.users == 0 {
                families.remove(&self.family);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use smol::block_on;
    use smol::future::{FutureExt, poll_once};

    use super::*;

    fn app(pid: u32) -> Claims {
        Claims { app: Some(App { pid, start: 1, exe: None }), ..Claims::default() }
    }

    /// Each process is an application.
    fn own_families() -> Lanes {
        Lanes::told(|app| Some(Family::Unit(app.pid.to_string())))
    }

    /// As many passes as there are at once, of the applications in turn.
    async fn as_many_as_there_are(lanes: &Lanes, apps: impl Iterator<Item = u32>) -> Vec<Pass<'_>> {
        let mut passes = Vec::new();
        for pid in apps {
            let claims = app(pid);
            passes.extend(poll_once(lanes.people(&claims).boxed_local()).await);
        }
        passes
    }

    #[test]
    fn one_application_cannot_fill_the_gate_for_another() {
        let lanes = own_families();
        block_on(async {
            let passes = as_many_as_there_are(&lanes, std::iter::repeat_n(1, 100)).await;
            assert_eq!(passes.len(), PEOPLE);
            assert!(poll_once(lanes.people(&app(2)).boxed_local()).await.is_some());
            drop(passes);
            assert!(poll_once(lanes.people(&app(1)).boxed_local()).await.is_some());
        });
    }

    #[test]
    fn one_application_with_many_processes_leaves_room_for_another() {
        let lanes = Lanes::told(|app| Some(Family::Unit((app.pid / 1000).to_string())));
        block_on(async {
            let passes = as_many_as_there_are(&lanes, 1000..1100).await;
            assert_eq!(passes.len(), PEOPLE_OF_FAMILY);
            assert!(poll_once(lanes.people(&app(2000)).boxed_local()).await.is_some());
        });
    }

    #[test]
    fn all_applications_together_leave_room_for_what_needs_no_key() {
        let lanes = own_families();
        block_on(async {
            let mut passes = as_many_as_there_are(&lanes, 0..100).await;
            assert_eq!(passes.len(), PEOPLE_IN_ALL);
            assert!(poll_once(lanes.quick(&app(7)).boxed_local()).await.is_some());
            // Whoever waits gets the next room.
            let claims = app(200);
            let mut next = lanes.people(&claims).boxed_local();
            assert!(poll_once(&mut next).await.is_none());
            passes.pop();
            next.await;
        });
    }

    #[test]
    fn for_what_needs_no_key_nobody_is_looked_at() {
        let lanes = Lanes::told(|app| panic!("{} was looked at", app.pid));
        assert!(block_on(poll_once(lanes.quick(&app(1)).boxed_local())).is_some());
    }

    #[test]
    fn quick_ones_wait_for_their_own_applications_turn_only() {
        let lanes = own_families();
        block_on(async {
            let mut passes = Vec::new();
            for _ in 0..QUICK {
                passes.push(lanes.quick(&app(1)).await);
            }
            assert!(poll_once(lanes.quick(&app(1)).boxed_local()).await.is_none());
            assert!(poll_once(lanes.quick(&app(2)).boxed_local()).await.is_some());
            passes.pop();
            assert!(poll_once(lanes.quick(&app(1)).boxed_local()).await.is_some());
        });
    }

    #[test]
    fn a_flood_of_several_applications_waits_here_and_is_not_turned_away_by_the_gate() {
        let lanes = own_families();
        block_on(async {
            let mut passes = Vec::new();
            for pid in (1..=QUICK_IN_ALL.try_into().unwrap()).flat_map(|pid| [pid; QUICK]) {
                passes.extend(poll_once(lanes.quick(&app(pid)).boxed_local()).await);
            }
            assert_eq!(passes.len(), QUICK_IN_ALL);
        });
    }

    #[test]
    fn nothing_is_kept_of_applications_that_ask_for_nothing() {
        let lanes = own_families();
        block_on(async {
            let passes = as_many_as_there_are(&lanes, std::iter::repeat_n(1, 20)).await;
            assert_eq!(lanes.apps().len(), 1);
            drop(passes);
        });
        assert!(lanes.apps().is_empty() && lanes.families().is_empty());
    }
}
