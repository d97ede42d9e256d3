//! One lane: a chain of its own, and steps until they are over or something is wrong.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use test_harness::chaos::dice::Dice;
use test_harness::chaos::steps::{Lane, MOBS, Part, Step, Steps};

use crate::crowd::Crowd;
use crate::field::{Field, PASSPHRASE};
use crate::health;
use crate::person::Person;
use crate::support::RIG;

/// How many lulls there are.
const LULLS: usize = 2;
/// The longest pause between two steps, in milliseconds.
const PAUSE: u64 = 60;
/// How many of the last steps a failure shows.
const SHOWN: usize = 25;

/// Plays so many steps; what was seen, or what was wrong.
pub(crate) fn play(seed: u64, lane: Lane, steps: usize) -> Result<String, String> {
    let mut field = Field::prepare(lane);
    let person = Person::sits_down(field.going.place(), PASSPHRASE, Dice::new(seed, 11));
    let session_bus = field.session_bus();
    let mut crowd = Crowd::gathers(&field.going, &session_bus, MOBS + 1);
    let (mut last, mut number) = (VecDeque::new(), 0);
    let began = Instant::now();
    let played = go(seed, lane, steps, &mut field, &mut crowd, &person, &mut last, &mut number);
    let lulls = played.map_err(|why| {
        let kept = keep(seed, lane, &field, &person);
        let last: Vec<String> = last.into_iter().collect();
        format!(
            "at step {number}: {why}\n    the last steps:\n{}\n    logs: {}",
            last.join("\n"),
            kept.display()
        )
    })?;
    let mut ends: Vec<_> = crowd.ends.iter().collect();
    ends.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let ends: Vec<String> = ends.into_iter().map(|(end, count)| format!("{count} {end}")).collect();
    Ok(format!(
        "{steps} steps in {} s, {} requests, {} times yes, the slowest {:.1} s\n|   {}\n|   {}",
        began.elapsed().as_secs(),
        crowd.asked,
        person.mind.judge.lock().unwrap().yeses(),
        crowd.slowest.as_secs_f32(),
        ends.join(", "),
        lulls.join("\n|   ")
    ))
}

#[expect(
    clippy::too_many_arguments,
    reason = "everything that a lane has, and what is left of it when it fails"
)]
fn go(
    seed: u64,
    lane: Lane,
    steps: usize,
    field: &mut Field,
    crowd: &mut Crowd,
    person: &Person,
    last: &mut VecDeque<String>,
    number: &mut usize,
) -> Result<Vec<String>, String> {
    // Twice: what is made at the first use stays.
    person.mind.attentive.store(true, std::sync::atomic::Ordering::SeqCst);
    for _ in 0..2 {
        health::serves(crowd, person)?;
    }
    person.mind.attentive.store(false, std::sync::atomic::Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(1500));
    let baseline = health::census(field);
    let mut pauses = Dice::new(seed, 12);
    let mut lulls = Vec::new();
    for (n, step) in Steps::new(seed, lane).take(steps).enumerate() {
        *number = n + 1;
        last.push_back(format!("    {:5} {step}", n + 1));
        if last.len() > SHOWN {
            last.pop_front();
        }
        let rests = if let Step::Rest(time) = step { time } else { pauses.below(PAUSE) };
        act(step, field, crowd);
        let until = Instant::now() + Duration::from_millis(rests);
        loop {
            field.tend(Instant::now());
            crowd.hear(until.min(Instant::now() + Duration::from_millis(20)), &person.mind.judge)?;
            if Instant::now() >= until {
                break;
            }
        }
        if (n + 1) % (steps / LULLS).max(1) == 0 {
            lulls.push(health::check(field, crowd, person, &baseline)?);
            nobody_fell(lane, field)?;
        }
    }
    Ok(lulls)
}

/// Nobody has ended but by our hand.
fn nobody_fell(lane: Lane, field: &Field) -> Result<(), String> {
    for entry in fs::read_dir(field.going.dir.join("log")).into_iter().flatten().flatten() {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        if let Some(line) = text.lines().find(|line| line.contains("panicked at")) {
            return Err(format!("{}: {line}", entry.path().display()));
        }
    }
    let ours = |name: &str| Part::OURS.iter().any(|part| part.name() == name);
    let lasting = |name: &str| matches!(name, "sd-gate" | "sd-decide" | "sd-agent");
    for line in field.going.log("sd-rig").lines() {
        let Some((name, how)) = line.split_once(": it ") else { continue };
        let killed = how == "was killed by SIGKILL";
        // A worker that is idle, hangs, or has lost its bus ends well, or unavailable.
        let ended = how == "exited with status 0" || how == "exited with status 69";
        if ours(name) && !killed && !ended || lasting(name) && lane != Lane::Deadly {
            return Err(format!("{name} {how}, which nobody did to it"));
        }
    }
    Ok(())
}

fn act(step: Step, field: &mut Field, crowd: &mut Crowd) {
    match step {
        Step::Ask { mob, words } => {
            crowd.asks(mob, &words);
        }
        Step::Burst { mob, times, words } => {
            for _ in 0..times {
                crowd.asks(mob, &words);
            }
        }
        Step::Cancel { mob } => crowd.tells(mob, "cancel"),
        Step::HangUp { mob } => crowd.tells(mob, "hang-up"),
        Step::DropBus { mob } => crowd.tells(mob, "drop-bus"),
        Step::KillMob { mob } => crowd.replaces(&field.going, mob),
        Step::Kill(part) => field.kill(part),
        Step::Stop(part, time) => field.stop(part, time),
        Step::Pinch(part, spare, time) => field.pinch(part, spare, time),
        Step::Break(fault, time) => field.breaks(fault, time),
        Step::Fill(time) => field.fill(time),
        Step::Loiter(socket, times, time) => field.loiter(socket, times, time),
        Step::Noise(keys) => field.going.types_at_once(keys),
        Step::Rest(_) => {}
    }
}

/// Keeps the logs and the last picture where they outlive the lane.
fn keep(seed: u64, lane: Lane, field: &Field, person: &Person) -> PathBuf {
    let target = PathBuf::from(RIG).ancestors().nth(2).unwrap().to_owned();
    let kept = target.join("chaos").join(format!("{seed}-{}", lane.word()));
    let _ = fs::create_dir_all(&kept);
    for entry in fs::read_dir(field.going.dir.join("log")).into_iter().flatten().flatten() {
        let _ = fs::copy(entry.path(), kept.join(entry.file_name()));
    }
    let _ = fs::write(kept.join("screen.txt"), person.picture());
    let columns = "user,pid,ppid,stat,etime,wchan:24,args";
    if let Ok(ps) = Command::new("ps").args(["-eo", columns, "--cols", "200"]).output() {
        let _ = fs::write(kept.join("processes.txt"), ps.stdout);
    }
    let list = "for p in /proc/[0-9]*; do
        case $(readlink $p/exe) in */sd-*) readlink $p/exe; ls -l $p/fd ;; esac; done";
    if let Ok(ls) = Command::new("sh").args(["-c", list]).output() {
        let _ = fs::write(kept.join("descriptors.txt"), ls.stdout);
    }
    kept
}
