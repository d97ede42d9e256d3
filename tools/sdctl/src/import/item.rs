//! One item of the source, and what became of it.

use std::collections::BTreeMap;

use sd_wire::bounded::Text;
use sd_wire::import::{Fate, Listed};
use serde_json::{Value, json};

use crate::import::session::Session;
use crate::import::source::{Source, bounded};

/// The attribute that says as much as none.
const NO_SCHEMA: (&str, &str) = ("xdg:schema", "org.freedesktop.Secret.Generic");

/// One item, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Its path at the source.
    pub(super) path: String,
    /// The label of its collection there.
    pub(super) collection: String,
    pub(super) label: String,
    pub(super) attributes: BTreeMap<String, String>,
    /// When it was last changed, if the source tells.
    modified: Option<u64>,
    content_type: String,
    len: Option<u32>,
    pub(super) state: State,
}

/// What became of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing yet.
    Open,
    /// It was sent, and then nothing more was heard: it may be there.
    Unknown,
    /// Settled.
    Settled(Fate),
    /// It cannot be moved.
    Unfit(String),
    /// It is in the store, and gone from the source.
    Deleted(Fate),
}

impl Item {
    pub(super) fn new(
        path: &str,
        collection: &str,
        label: String,
        attributes: BTreeMap<String, String>,
        modified: Option<u64>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            collection: collection.to_owned(),
            label,
            attributes,
            modified,
            content_type: String::new(),
            len: None,
            state: State::Open,
        }
    }

    /// With a secret of this length.
    #[cfg(test)]
    pub(super) fn measured(self, len: u32) -> Self {
        Self { len: Some(len), ..self }
    }

    /// Reads its secret for its length and its media type.
    pub(super) async fn measure(&mut self, source: &Source, session: &Session) {
        match session.secret(source, &self.path).await {
            Ok((secret, content_type)) => {
                self.len = u32::try_from(secret.len()).ok();
                self.content_type = content_type;
            }
            Err(why) => self.state = State::Unfit(why.to_string()),
        }
        if self.state == State::Open && self.listed().is_none() {
            self.state = State::Unfit("its label, attributes or media type are too long to be shown".into());
        }
    }

    /// As it stands in a manifest. `None` when it does not fit one.
    pub(super) fn listed(&self) -> Option<Listed> {
        Some(Listed {
            label: Text::new(self.label.as_str()).ok()?,
            attributes: bounded(&self.attributes)?,
            content_type: Text::new(self.content_type.as_str()).ok()?,
            len: self.len?,
        })
    }

    /// Its secret's length in bytes, once it was measured.
    pub(super) fn len(&self) -> Option<u32> {
        self.len
    }

    /// What it is, whatever its secret: what the store looks at when it says "already there".
    pub(super) fn thing(&self) -> (BTreeMap<String, String>, Option<String>) {
        let telling = self.attributes.iter().filter(|(n, v)| (n.as_str(), v.as_str()) != NO_SCHEMA);
        let telling: BTreeMap<_, _> = telling.map(|(name, value)| (name.clone(), value.clone())).collect();
        let label = telling.is_empty().then(|| self.label.clone());
        (telling, label)
    }

    /// Whether the source still tells the same of it.
    pub(super) fn is_still(&self, now: &Self) -> bool {
        (&self.path, &self.label, &self.attributes, self.modified)
            == (&now.path, &now.label, &now.attributes, now.modified)
    }

    pub(super) fn settle(&mut self, fate: Fate) {
        self.state = State::Settled(fate);
    }

    /// As a script reads it.
    pub(super) fn document(&self) -> Value {
        let mut document = json!({
            "collection": self.collection,
            "path": self.path,
            "label": self.label,
            "attributes": self.attributes,
            "fate": self.state.word(),
        });
        if let (Some(why), Some(object)) = (self.state.why(), document.as_object_mut()) {
            object.insert("why".to_owned(), why.into());
        }
        document
    }
}

impl State {
    /// One word for it.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Open => "not_moved",
            Self::Unknown => "unknown",
            Self::Settled(Fate::Stored {}) => "stored",
            Self::Settled(Fate::Replaced {}) => "replaced",
            Self::Settled(Fate::There {}) => "already_there",
            Self::Settled(Fate::Conflict {}) => "conflict",
            Self::Settled(Fate::Failed { .. }) | Self::Unfit(_) => "failed",
            Self::Deleted(_) => "moved",
        }
    }

    /// Why not, where that is known.
    pub(super) fn why(&self) -> Option<String> {
        match self {
            Self::Settled(Fate::Failed { why }) => Some(why.to_string()),
            Self::Settled(Fate::Conflict {}) => {
                Some("one with the same attributes and another secret is there; see --replace".to_owned())
            }
            Self::Unknown => Some("it was being stored when the import ended".to_owned()),
            Self::Unfit(why) => Some(why.clone()),
            _ => None,
        }
    }

    /// Whether it is in the store.
    pub(super) fn is_there(&self) -> bool {
        match self {
            Self::Settled(fate) => fate.is_there(),
            Self::Deleted(_) => true,
            _ => false,
        }
    }
}
