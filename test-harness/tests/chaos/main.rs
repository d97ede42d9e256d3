//! The chain under fire: many clients that ask at random while processes are killed, stopped, starved and lied to, and a
//! person who answers. Nothing comes out without a yes, everybody hears one end, nothing is lost for good.
//!
//! The ring `chaos` runs it, as root: only root may look into the processes. `just chaos --seed N` plays a seed again.

// A test fails by panicking; clippy.toml knows that of #[test] functions only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod crowd;
mod field;
mod health;
mod lane;
mod person;

use std::time::{SystemTime, UNIX_EPOCH};

use nix::unistd::geteuid;
use test_harness::chaos::steps::Lane;

/// What `just chaos` sets: the seed, the steps of a lane, and the only lane to be played.
const SEED: &str = "CHAOS_SEED";
const STEPS: &str = "CHAOS_STEPS";
const LANE: &str = "CHAOS_LANE";

/// The steps of each lane where nobody says otherwise: of what two processors get done in a minute.
const IN_CI: usize = 500;

fn play(seed: u64, name: &str) {
    assert!(geteuid().is_root(), "only root may look into the processes of others");
    let seed = std::env::var(SEED).map_or(seed, |seed| seed.parse().expect("CHAOS_SEED is a number"));
    let steps = std::env::var(STEPS).map_or(IN_CI, |steps| steps.parse().expect("CHAOS_STEPS is a number"));
    let lanes = Lane::ALL
        .into_iter()
        .filter(|lane| std::env::var(LANE).is_ok_and(|it| it == lane.word()) || std::env::var(LANE).is_err());
    println!(
        "| chaos: {name} seed {seed}, {steps} steps in each lane; again: just chaos --seed {seed} --steps {steps}"
    );
    let played: Vec<_> =
        lanes.map(|lane| (lane, std::thread::spawn(move || lane::play(seed, lane, steps)))).collect();
    let mut failed = Vec::new();
    for (lane, thread) in played {
        match thread.join().unwrap_or_else(|_| Err("it panicked; see above".into())) {
            Ok(said) => println!("| chaos: {:7} {said}", lane.word()),
            Err(why) => failed.push(format!(
                "{}: {why}\n    again: just chaos --seed {seed} --steps {steps} --lane {}",
                lane.word(),
                lane.word()
            )),
        }
    }
    assert!(failed.is_empty(), "seed {seed}:\n{}", failed.join("\n"));
}

#[test]
fn nothing_comes_out_without_a_yes_and_everything_heals_with_the_fixed_seed() {
    play(20_261_122, "the fixed");
}

/// So that no two days try the same. What it finds is played again by its seed.
#[test]
fn nothing_comes_out_without_a_yes_and_everything_heals_with_the_seed_of_the_day() {
    if std::env::var(SEED).is_ok() {
        return;
    }
    let days = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / (24 * 60 * 60);
    play(days, "the day's");
}
