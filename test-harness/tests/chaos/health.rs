//! A lull: nothing is done to the chain any more, and it must come back to where it was.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use test_harness::chaos::census::Census;
use test_harness::chaos::steps::{self, MOBS, Part};

use crate::crowd::Crowd;
use crate::field::Field;
use crate::person::Person;

/// How long the requests that are under way may take to end, once nothing stands in their way any more.
const ENDS: Duration = Duration::from_secs(120);
/// How long the chain may take to serve again.
const HEALS: Duration = Duration::from_secs(90);
/// How long the screen may take to answer a key.
const ANSWERS: Duration = Duration::from_secs(10);
/// How long the chain may take to be as idle as it was: an order that nobody waits for any more still has its time.
const SETTLES: Duration = Duration::from_secs(35);
/// What a process may hold more than when it was new: the allocator keeps what it once had, and sd-fetch lets four
/// connections to the backend rest, of which it had one when it was new.
const MAY: Census = Census { fds: 3, threads: 2, memory: 6 * 1024, ticks: 0 };
/// The most processor time that an idle process takes in a second, in clock ticks of 10 ms.
const IDLE: u64 = 15;

/// What each process held when it was new and idle.
pub(crate) type Baseline = HashMap<Part, Census>;

/// The client that nothing is done to.
pub(crate) const WELL: u64 = MOBS;

/// Waits for a lull and looks whether all is well; says how long the last request took to end.
pub(crate) fn check(
    field: &mut Field,
    crowd: &mut Crowd,
    person: &Person,
    baseline: &Baseline,
) -> Result<String, String> {
    field.heal();
    person.mind.attentive.store(true, Ordering::SeqCst);
    let began = Instant::now();
    // A key that was typed at random may have opened a page.
    person.types("\x1b");
    while crowd.waiting() > 0 {
        crowd.hear(Instant::now() + Duration::from_millis(50), &person.mind.judge)?;
        if began.elapsed() > ENDS {
            return Err(format!("still without an end after a lull of {ENDS:?}: {:#?}", crowd.waits_for()));
        }
    }
    let ended = began.elapsed();
    serves(crowd, person)?;
    let served = began.elapsed() - ended;
    screen(person)?;
    let grown = settles(field, baseline)?;
    person.mind.attentive.store(false, Ordering::SeqCst);
    Ok(format!("ends {:.1} s, heals {:.1} s; {grown}", ended.as_secs_f32(), served.as_secs_f32()))
}

/// One of each, by a client that nothing was done to.
pub(crate) fn serves(crowd: &mut Crowd, person: &Person) -> Result<(), String> {
    let item = format!("/org/freedesktop/secrets/collection/fake/i{}", steps::WELL);
    succeeds(crowd, person, "unlock", "unlocked")?;
    succeeds(crowd, person, &format!("search number={}", steps::WELL), "granted found")?;
    succeeds(crowd, person, &format!("read {item}"), &format!("granted secret secret-of-i{}", steps::WELL))?;
    succeeds(crowd, person, "sign healed", "granted signature")?;
    succeeds(crowd, person, &format!("app-search number={}", steps::WELL), "found")?;
    succeeds(crowd, person, &format!("app-read {item}"), &format!("got secret-of-i{}", steps::WELL))
}

fn succeeds(crowd: &mut Crowd, person: &Person, words: &str, end: &str) -> Result<(), String> {
    let began = Instant::now();
    let mut said = String::new();
    let mut all = Vec::new();
    while began.elapsed() < HEALS {
        let number = crowd.asks(WELL, words);
        loop {
            let ended = crowd.hear(Instant::now() + Duration::from_millis(20), &person.mind.judge)?;
            if let Some((_, how)) = ended.into_iter().find(|(n, _)| *n == number) {
                all.push(format!("{:.1} s: {how}", began.elapsed().as_secs_f32()));
                said = how;
                break;
            }
            if began.elapsed() > HEALS {
                return Err(format!(
                    "{words} is without an end after a lull; the screen:\n{}",
                    person.picture()
                ));
            }
        }
        if said.starts_with(end) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    Err(format!("not healed: {words} ends as {said:?} after {HEALS:?}; the screen:\n{}", person.picture()))
}

/// The screen answers a key, and then shows that nothing waits.
fn screen(person: &Person) -> Result<(), String> {
    for (key, what) in [("?", "any key closes this page"), ("x", "Nothing is waiting")] {
        person.types(key);
        let began = Instant::now();
        while !person.picture().contains(what) {
            if began.elapsed() > ANSWERS {
                return Err(format!("no {what:?} {ANSWERS:?} after the key {key:?}:\n{}", person.picture()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

/// What each process holds now.
pub(crate) fn census(field: &mut Field) -> Baseline {
    let each = Part::OURS.into_iter().filter_map(|part| Some((part, Census::of(field.pid(part)?.as_raw())?)));
    each.collect()
}

/// Nobody holds more than when it was new, and nobody is busy.
fn settles(field: &mut Field, baseline: &Baseline) -> Result<String, String> {
    let began = Instant::now();
    loop {
        let before = census(field);
        std::thread::sleep(Duration::from_secs(1));
        let now = census(field);
        let grown: Vec<String> = now
            .iter()
            .filter_map(|(part, it)| {
                Some(format!("{}: {}", part.name(), it.grown_over(baseline.get(part)?, &MAY)?))
            })
            .collect();
        let busy: Vec<String> = now
            .iter()
            .filter(|(part, it)| before.get(part).is_some_and(|was| it.ticks > was.ticks + IDLE))
            .map(|(part, _)| format!("{} is busy though nobody asks", part.name()))
            .collect();
        if grown.is_empty() && busy.is_empty() {
            let most = |f: fn(&Census) -> usize| {
                let more = now
                    .iter()
                    .map(|(part, it)| f(it).saturating_sub(baseline.get(part).map_or(usize::MAX, f)));
                more.max().unwrap_or_default()
            };
            return Ok(format!("at most {} fds and {} KiB more", most(|it| it.fds), most(|it| it.memory)));
        }
        if began.elapsed() > SETTLES {
            return Err(format!("leaked: {}", [grown, busy].concat().join("; ")));
        }
    }
}
