//! The kinds of asks as rules see them: what can be known of each, and whether a person settles it.

use std::fmt;

/// A kind of ask.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// As [`sd_wire::ask::Want::kind`] names it.
    pub(super) name: &'static str,
    /// What can be known of such an ask, by the words for its matchers; `kind` and `process` always are.
    pub(super) knows: &'static [&'static str],
    /// Whether it waits for a key.
    pub(super) waits: bool,
}

/// Of one or several items.
const OF_ITEMS: &[&str] = &["item", "collection", "label", "attributes"];

/// Many stores in one: what is said of a store holds for it too.
const IMPORT: &str = "import";

/// Every kind that a rule can restrict. Not `lock`: to keep somebody from locking takes nothing away, it leaves
/// everything open.
pub(super) static KINDS: [Kind; 12] = [
    Kind { name: "read", knows: OF_ITEMS, waits: true },
    Kind { name: "access", knows: OF_ITEMS, waits: true },
    Kind { name: "search", knows: &["attributes"], waits: false },
    Kind { name: "collections", knows: &[], waits: false },
    Kind { name: "store", knows: OF_ITEMS, waits: true },
    Kind { name: IMPORT, knows: OF_ITEMS, waits: true },
    Kind { name: "delete", knows: OF_ITEMS, waits: true },
    Kind { name: "list", knows: &["collection"], waits: true },
    Kind { name: "set", knows: OF_ITEMS, waits: true },
    Kind { name: "change", knows: OF_ITEMS, waits: true },
    Kind { name: "sign", knows: &["key"], waits: true },
    Kind { name: "unlock", knows: &[], waits: true },
];

impl Kind {
    /// The kind of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// Whether what is said of this kind is said of the one named so.
    pub(super) fn means(&self, name: &str) -> bool {
        self.name == name || (self.name == "store" && name == IMPORT)
    }

    /// Whether this matcher can ever be decided for such an ask.
    pub(super) fn knows(&self, matcher: &str) -> bool {
        self.knows.contains(&matcher)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
