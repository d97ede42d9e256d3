//! What may happen to the docket.

use sd_git::proof::Changes;
use sd_git::signed::Signed;
use sd_wire::ask::Ask;
use sd_wire::description::Description;
use sd_wire::digest::Digest;
use sd_wire::fault::Fault;
use sd_wire::id::AskId;
use sd_wire::import::Manifest;
use sd_wire::passphrase::Wanted;
use sd_wire::record::Unwritten;

use crate::caller::{Caller, Pinned};
use crate::docket::code::Code;
use crate::docket::entry::Face;
use crate::docket::history::Decision;
use crate::docket::prompts::PromptId;
use crate::docket::vault::Chore;
use crate::keys::Key;
use crate::routing::Described;

/// A point in time: milliseconds since some fixed point. The docket has no clock of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// The moment this much later.
    pub(crate) fn after(self, wait: std::time::Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
    }

    /// The milliseconds from `earlier` to this moment; none when it is not earlier.
    pub(crate) fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// An ask as it came in, with everything that was found out about it at that moment.
#[derive(Clone, Debug)]
pub(crate) struct Filing {
    /// The gate's words.
    pub(crate) ask: Ask,
    /// Who made the sink, and what the kernel and `/proc` say of it.
    pub(crate) caller: Caller,
    /// What would be signed, for a signature.
    pub(crate) signed: Option<Signed>,
    /// What the bytes are known by that would be signed.
    pub(crate) payload: Option<Digest>,
    /// Which files a commit changes; at first, that nothing proves it.
    pub(crate) changes: Option<Changes>,
    /// What would be stored, for an import.
    pub(crate) manifest: Option<Manifest>,
    /// What a person has to type instead of `y`, should a rule want it.
    pub(crate) code: Code,
}

/// What may happen.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The gate brought an ask.
    Filed(Box<Filing>),
    /// What was sent along with a commit proves its files, or does not. Comes before its description.
    Proved {
        /// Which ask.
        id: AskId,
        /// What is proved.
        changes: Changes,
    },
    /// A worker described what is asked for.
    Described {
        /// Which ask.
        id: AskId,
        /// As what.
        what: Described,
    },
    /// It did not.
    DescribeFailed {
        /// Which ask.
        id: AskId,
        /// Why.
        why: Fault,
    },
    /// A key was pressed. While a passphrase is typed these are only the keys that are no part of it.
    Key(Key),
    /// So many characters of the passphrase stand in its field now.
    Typed {
        /// How many.
        characters: usize,
    },
    /// A picture is on the terminal, all of it. It shows this ask or prompt, or none.
    Drawn(Option<Face>),
    /// The last line of the ask's detail has been on the terminal.
    SeenToEnd(Face),
    /// The screen appeared for the first time.
    Started,
    /// The terminal is in front of the person, or no longer.
    Active(bool),
    /// This process, or the machine, stood still: what is read now may have been typed before anything could be seen.
    Stalled,
    /// A switch to another virtual terminal was refused.
    SwitchRefused,
    /// The requester hung up.
    Withdrawn {
        /// Which ask.
        id: AskId,
    },
    /// The desktop user takes it back.
    Cancelled {
        /// Which ask.
        id: AskId,
    },
    /// It was its turn: the order without a key is out, and the sink with it.
    Sent {
        /// Which ask.
        id: AskId,
    },
    /// An order did not reach the worker: the sink is still here.
    DispatchFailed {
        /// Which ask.
        id: AskId,
        /// Why.
        why: Fault,
    },
    /// The worker carried the order out.
    WorkerDone {
        /// Which ask.
        id: AskId,
    },
    /// The worker has made or changed an item for the order, and is about to tell the requester.
    Made {
        /// Which ask.
        id: AskId,
        /// The item, as it is now.
        item: Box<Description>,
    },
    /// The worker did not, and told the requester so; or it is gone, and the sink with it.
    WorkerFailed {
        /// Which ask.
        id: AskId,
        /// Why, by its own word.
        why: Fault,
    },
    /// A chore came to its end.
    ChoreEnded {
        /// Which: the number that the docket gave it.
        number: u64,
        /// What it was.
        chore: Chore,
        /// Done, or for a question whether it is locked; or why not.
        how: Result<Option<bool>, Fault>,
    },
    /// The companion's side wants a passphrase.
    PassphraseWanted {
        /// Which.
        prompt: PromptId,
        /// For what.
        wanted: Box<Wanted>,
    },
    /// It does not want it any more.
    PassphraseForgone {
        /// Which.
        prompt: PromptId,
    },
    /// A line is in the record, for good.
    Recorded {
        /// Its number.
        number: u64,
    },
    /// A line is not, or nobody can say.
    Unrecorded {
        /// Its number.
        number: u64,
        /// Why; `None` when sd-audit does not answer.
        why: Option<Unwritten>,
    },
    /// What the record holds of before this process began, oldest first.
    Remembered(Vec<Decision>),
    /// A process that holds a grant has ended.
    ProcessEnded(Pinned),
    /// Time has passed.
    Tick,
}
