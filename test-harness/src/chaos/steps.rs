//! What is done, one step after the other: by the dice alone, so that a seed gives the same steps again.

use std::fmt;

use crate::chaos::dice::Dice;

/// How many clients there are.
pub const MOBS: u64 = 3;
/// How many items the backend has from the start, which may be deleted: `i1` and so on.
pub const ITEMS: u64 = 8;
/// One more that nothing is done to.
pub const WELL: u64 = ITEMS + 1;

/// How a lane is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Everything is killed now and then.
    Deadly,
    /// The long-lived are never killed, so that what they lose of descriptors and memory adds up.
    Steady,
    /// As `Steady`, with much locking and unlocking, and a key that has a passphrase.
    Locking,
}

impl Lane {
    /// All.
    pub const ALL: [Self; 3] = [Self::Deadly, Self::Steady, Self::Locking];

    /// Its word, for replaying.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Deadly => "deadly",
            Self::Steady => "steady",
            Self::Locking => "locking",
        }
    }
}

/// A process of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// sd-gate.
    Gate,
    /// sd-decide.
    Decide,
    /// sd-agent.
    Agent,
    /// sd-fetch.
    Fetch,
    /// sd-sign.
    Sign,
    /// sd-audit.
    Audit,
    /// The backend.
    Backend,
    /// The companion's gpg-agent.
    GpgAgent,
    /// The system bus.
    SystemBus,
    /// The desktop's session bus.
    SessionBus,
    /// The companion's bus.
    CompanionBus,
}

impl Part {
    /// The tools of the project.
    pub const OURS: [Self; 6] = [Self::Gate, Self::Decide, Self::Agent, Self::Fetch, Self::Sign, Self::Audit];

    /// Its name, among a run's pids too.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gate => "sd-gate",
            Self::Decide => "sd-decide",
            Self::Agent => "sd-agent",
            Self::Fetch => "sd-fetch",
            Self::Sign => "sd-sign",
            Self::Audit => "sd-audit",
            Self::Backend => "backend",
            Self::GpgAgent => "gpg-agent",
            Self::SystemBus => "system-bus",
            Self::SessionBus => "session-bus",
            Self::CompanionBus => "companion-bus",
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A client asks for this; `{n}` is the number of the step.
    Ask {
        /// Which.
        mob: u64,
        /// In the words of `sd-mob`.
        words: String,
    },
    /// A client asks for the same so often, at once.
    Burst {
        /// Which.
        mob: u64,
        /// How often.
        times: u64,
        /// In the words of `sd-mob`.
        words: String,
    },
    /// A client takes its newest request back.
    Cancel {
        /// Which.
        mob: u64,
    },
    /// A client closes the sink of its newest request.
    HangUp {
        /// Which.
        mob: u64,
    },
    /// A client closes its connections to both buses.
    DropBus {
        /// Which.
        mob: u64,
    },
    /// A client is killed, and another takes its place.
    KillMob {
        /// Which.
        mob: u64,
    },
    /// A process is killed.
    Kill(Part),
    /// A process is stopped for so many milliseconds.
    Stop(Part, u64),
    /// A process may open so many descriptors more, for so many milliseconds.
    Pinch(Part, u64, u64),
    /// The backend has this fault, for so many milliseconds.
    Break(&'static str, u64),
    /// The disk of the audit record is full for so many milliseconds.
    Fill(u64),
    /// Somebody knocks at a socket so often, and says nothing for so many milliseconds.
    Loiter(&'static str, u64, u64),
    /// These keys are typed, whatever stands there. None of them approves.
    Noise(&'static str),
    /// Nothing happens for so many milliseconds.
    Rest(u64),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask { mob, words } => write!(f, "client {mob} asks: {words}"),
            Self::Burst { mob, times, words } => write!(f, "client {mob} asks {times} times: {words}"),
            Self::Cancel { mob } => write!(f, "client {mob} cancels"),
            Self::HangUp { mob } => write!(f, "client {mob} hangs up"),
            Self::DropBus { mob } => write!(f, "client {mob} leaves the buses"),
            Self::KillMob { mob } => write!(f, "client {mob} is killed"),
            Self::Kill(part) => write!(f, "{} is killed", part.name()),
            Self::Stop(part, time) => write!(f, "{} is stopped for {time} ms", part.name()),
            Self::Pinch(part, spare, time) => {
                write!(f, "{} may open {spare} descriptors more, for {time} ms", part.name())
            }
            Self::Break(fault, time) => write!(f, "the backend is at fault for {time} ms: {fault}"),
            Self::Fill(time) => write!(f, "the disk of the audit record is full for {time} ms"),
            Self::Loiter(socket, times, time) => {
                write!(f, "{times} say nothing at {socket}.sock for {time} ms")
            }
            Self::Noise(keys) => write!(f, "typed: {keys:?}"),
            Self::Rest(time) => write!(f, "nothing for {time} ms"),
        }
    }
}

/// The steps of a lane, without end.
#[derive(Debug)]
pub struct Steps {
    lane: Lane,
    dice: Dice,
    number: u64,
}

#[derive(Clone, Copy)]
enum Turn {
    Ask,
    Burst,
    Cancel,
    HangUp,
    DropBus,
    KillMob,
    Kill,
    Stop,
    Pinch,
    Break,
    Fill,
    Loiter,
    Noise,
    Rest,
}

impl Steps {
    /// Those that a seed gives.
    #[must_use]
    pub fn new(seed: u64, lane: Lane) -> Self {
        let purpose = match lane {
            Lane::Deadly => 1,
            Lane::Steady => 2,
            Lane::Locking => 3,
        };
        Self { lane, dice: Dice::new(seed, purpose), number: 0 }
    }

    fn item(&mut self) -> String {
        format!("/org/freedesktop/secrets/collection/fake/i{}", self.dice.between(1, ITEMS))
    }

    fn words(&mut self) -> String {
        let n = self.number;
        let some = self.dice.between(1, ITEMS);
        let locks = if self.lane == Lane::Locking { 6 } else { 1 };
        let word = self.dice.weighed(
            &[
                (12, "search"),
                (4, "collections"),
                (3, "list"),
                (14, "read"),
                (6, "access"),
                (8, "store"),
                (4, "replace"),
                (4, "delete"),
                (10, "sign"),
                (locks, "lock"),
                (locks + 1, "unlock"),
                (9, "app-search"),
                (12, "app-read"),
                (7, "app-store"),
                (3, "app-delete"),
                (1, "app-lock"),
            ],
            "search",
        );
        match word {
            "search" | "app-search" => format!("{word} number={some}"),
            "read" | "access" | "delete" | "app-read" | "app-delete" => format!("{word} {}", self.item()),
            "store" | "app-store" => format!("{word} stored-{n} step={n} stored-{n}"),
            // What is replaced are items that were stored, if any, and only those: the others keep their secrets.
            "replace" => {
                let item = WELL.saturating_add(self.dice.between(1, 6));
                format!("replace /org/freedesktop/secrets/collection/fake/i{item} stored-{n}")
            }
            "sign" => format!("sign message-{n}"),
            word => word.to_owned(),
        }
    }

    fn victim(&mut self) -> Part {
        let all: &[(u64, Part)] = &[
            (4, Part::Gate),
            (4, Part::Decide),
            (4, Part::Agent),
            (4, Part::Fetch),
            (3, Part::Sign),
            (3, Part::Audit),
            (3, Part::Backend),
            (2, Part::GpgAgent),
        ];
        let mortal: &[(u64, Part)] =
            &[(4, Part::Fetch), (3, Part::Sign), (3, Part::Audit), (3, Part::Backend), (2, Part::GpgAgent)];
        self.dice.weighed(if self.lane == Lane::Deadly { all } else { mortal }, Part::Fetch)
    }

    fn stopped(&mut self) -> Part {
        let all = [
            Part::Gate,
            Part::Decide,
            Part::Agent,
            Part::Fetch,
            Part::Sign,
            Part::Audit,
            Part::Backend,
            Part::GpgAgent,
            Part::SystemBus,
            Part::SessionBus,
            Part::CompanionBus,
        ];
        self.dice.one(&all, Part::Gate)
    }
}

impl Iterator for Steps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        self.number = self.number.saturating_add(1);
        let turn = self.dice.weighed(
            &[
                (66, Turn::Ask),
                (1, Turn::Burst),
                (5, Turn::Cancel),
                (5, Turn::HangUp),
                (1, Turn::DropBus),
                (2, Turn::KillMob),
                (3, Turn::Kill),
                (6, Turn::Stop),
                (3, Turn::Pinch),
                (3, Turn::Break),
                (1, Turn::Fill),
                (2, Turn::Loiter),
                (2, Turn::Noise),
                (2, Turn::Rest),
            ],
            Turn::Ask,
        );
        let mob = self.dice.below(MOBS);
        Some(match turn {
            Turn::Ask => Step::Ask { mob, words: self.words() },
            Turn::Burst => {
                let item = self.item();
                let words = self.dice.one(&["search number=1", "collections", "app-search number=1", ""], "");
                let words = if words.is_empty() { format!("read {item}") } else { words.to_owned() };
                Step::Burst { mob, times: self.dice.between(20, 90), words }
            }
            Turn::Cancel => Step::Cancel { mob },
            Turn::HangUp => Step::HangUp { mob },
            Turn::DropBus => Step::DropBus { mob },
            Turn::KillMob => Step::KillMob { mob },
            Turn::Kill => Step::Kill(self.victim()),
            Turn::Stop => {
                let part = self.stopped();
                // Mostly a delay; now and then longer than anybody should count on.
                let most = self.dice.one(&[40, 40, 300, 1500], 40);
                Step::Stop(part, self.dice.between(5, most))
            }
            Turn::Pinch => {
                let part = self.dice.one(&Part::OURS, Part::Gate);
                Step::Pinch(part, self.dice.below(4), self.dice.between(300, 3000))
            }
            Turn::Break => {
                let faults = [
                    "hang",
                    "crash",
                    "garbage",
                    "huge",
                    "relabel",
                    "locked",
                    "restless",
                    "mute",
                    "ghosts",
                    "forgetful",
                ];
                Step::Break(self.dice.one(&faults, "hang"), self.dice.between(200, 1500))
            }
            Turn::Fill => Step::Fill(self.dice.between(100, 2500)),
            Turn::Loiter => {
                let socket = self.dice.one(&["decide", "passphrase", "fetch", "sign"], "decide");
                // More than any of them lets in at once, now and then.
                let most = self.dice.one(&[5, 40, 400], 5);
                Step::Loiter(socket, self.dice.between(1, most), self.dice.between(50, 3000))
            }
            Turn::Noise => {
                Step::Noise(self.dice.one(&["j", "k", "x", "?x", " ", "d", "\x1b[B", "/\x1b", "\u{fc}"], "j"))
            }
            Turn::Rest => Step::Rest(self.dice.between(100, 900)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_steps_again() {
        for lane in Lane::ALL {
            let steps =
                |seed| Steps::new(seed, lane).take(500).map(|step| step.to_string()).collect::<Vec<_>>();
            assert_eq!(steps(7), steps(7));
            assert_ne!(steps(7), steps(8));
        }
    }

    #[test]
    fn a_lane_that_is_not_deadly_never_kills_the_long_lived() {
        for lane in [Lane::Steady, Lane::Locking] {
            let kills = Steps::new(1, lane).take(5000).filter_map(|step| match step {
                Step::Kill(part) => Some(part),
                _ => None,
            });
            assert!(kills.into_iter().all(|part| !matches!(part, Part::Gate | Part::Decide | Part::Agent)));
        }
    }

    #[test]
    fn no_noise_approves_or_locks() {
        let noises = Steps::new(1, Lane::Deadly).take(5000).filter_map(|step| match step {
            Step::Noise(keys) => Some(keys),
            _ => None,
        });
        assert!(noises.into_iter().all(|keys| !keys.contains(['y', 'g', 'L', 'u', 'm', 'n'])));
    }
}
