//! What a line of the record says, in the words of its file.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use sd_wire::ask::Resolution;
use sd_wire::bounded::Text;
use sd_wire::fault::Fault;
use sd_wire::id::AskId;
use sd_wire::record::{Attested, Claimed, Event, How, Matter, Record};

/// The version of the format.
pub(crate) const VERSION: u32 = 1;

/// Everything of a line but its MAC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The version.
    pub(crate) v: u32,
    /// Its number; the first is 1.
    pub(crate) seq: u64,
    /// When it was written.
    pub(crate) time: String,
    /// The boot in which it was.
    pub(crate) boot: String,
    /// What is told.
    #[serde(flatten)]
    pub(crate) told: Told,
    /// The hash of the line before it.
    pub(crate) prev: String,
}

/// What is told: by `sd-decide`, or by `sd-audit` of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// A word of [`Event`], or one of [`Own`].
    pub(crate) event: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ask: Option<AskId>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) how: Option<String>,
    /// Of a grant or a mute: how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seconds: Option<u64>,
    /// Of a grant: which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<u64>,
    /// Of a rule: which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<Resolution>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attested: Option<Attested>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) claimed: Option<Box<Claimed>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) what: Option<Box<Matter>>,
    /// A sentence of `sd-audit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    /// Of lines that are not there any more: the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) through: Option<u64>,
}

/// What `sd-audit` tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    /// The record begins.
    Opened,
    /// A last line that was not whole was moved aside: power was cut. Nobody had been told that it is written.
    Mended,
    /// What is there is not what was written last.
    Broken,
    /// The file is full: the next one begins.
    Rotated,
    /// The oldest lines were deleted, to keep within the folder's bound.
    Dropped,
}

impl Own {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Opened, Self::Mended, Self::Broken, Self::Rotated, Self::Dropped];

    /// The word for it in the file.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Mended => "mended",
            Self::Broken => "broken",
            Self::Rotated => "rotated",
            Self::Dropped => "dropped",
        }
    }
}

impl Told {
    /// A sentence of `sd-audit` about itself.
    pub(crate) fn own(own: Own, note: impl Into<String>) -> Self {
        Self { event: own.as_str().to_owned(), note: Some(note.into()), ..Self::default() }
    }

    /// What `sd-decide` said.
    pub(crate) fn of(record: Record) -> Self {
        let Record { event, ask, kind, how, ended, why, attested, claimed, what } = record;
        let (mut seconds, mut number, mut rule) = (None, None, None);
        match &how {
            Some(How::KeyAndGrant { seconds: s } | How::KeyAndMute { seconds: s }) => seconds = Some(*s),
            Some(How::Grant { number: n }) => number = Some(*n),
            Some(How::Rule { name }) => rule = Some(name.as_str().to_owned()),
            _ => {}
        }
        Self {
            event: event.as_str().to_owned(),
            ask,
            kind: kind.as_str().to_owned(),
            how: how.map(|how| how.as_str().to_owned()),
            seconds,
            number,
            rule,
            ended,
            why: why.and_then(|why| serde_json::to_value(why).ok()),
            attested,
            claimed,
            what,
            note: None,
            through: None,
        }
    }

    /// As `sd-decide` said it; `None` for what `sd-audit` said, or a later version.
    pub(crate) fn record(&self) -> Option<Record> {
        let event = Event::ALL.into_iter().find(|event| event.as_str() == self.event)?;
        let how = match &self.how {
            None => None,
            Some(how) => Some(self.how(how)?),
        };
        Some(Record {
            event,
            ask: self.ask.clone(),
            kind: Text::new(self.kind.as_str()).ok()?,
            how,
            ended: self.ended,
            why: self.why.clone().and_then(|why| serde_json::from_value::<Fault>(why).ok()),
            attested: self.attested.clone(),
            claimed: self.claimed.clone(),
            what: self.what.clone(),
        })
    }

    fn how(&self, word: &str) -> Option<How> {
        Some(match word {
            "key" => How::Key {},
            "code" => How::Code {},
            "key_and_grant" => How::KeyAndGrant { seconds: self.seconds? },
            "key_and_mute" => How::KeyAndMute { seconds: self.seconds? },
            "grant" => How::Grant { number: self.number? },
            "wrong_code" => How::WrongCode {},
            "muted" => How::Muted {},
            "remembered" => How::Remembered {},
            "everything" => How::Everything {},
            "rule" => How::Rule { name: Text::new(self.rule.clone()?).ok()? },
            "expiry" => How::Expiry {},
            "free" => How::Free {},
            "nobody" => How::Nobody {},
            _ => return None,
        })
    }

    /// Which of its own, if it is one.
    pub(crate) fn is_own(&self) -> Option<Own> {
        Own::ALL.into_iter().find(|own| own.as_str() == self.event)
    }
}
