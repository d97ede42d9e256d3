//! What is judged: an ask, as far as it is known.

use std::collections::BTreeMap;

/// An ask. When it is filed its kind and its processes are known, of a search or a store also the attributes, of others
/// the paths of the items; when it is described everything is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Subject<'a> {
    /// What kind of ask, by [`sd_wire::ask::Want::kind`].
    pub(crate) kind: &'a str,
    /// What it is about: the items that are asked for; of a search the one that is described by what is searched for; of
    /// a store the new item, and the one that it replaces. None for other kinds.
    pub(crate) things: &'a [Thing<'a>],
    /// The primary key's fingerprint that would sign, in upper-case hexadecimal digits. Not what the requester calls it.
    pub(crate) key: Option<&'a str>,
    /// The names (`comm`) of the caller, of the app that it claims to ask for, and of the parents of both.
    /// Empty when nobody could be looked at; then every pattern fits.
    pub(crate) processes: &'a [&'a str],
}

/// One of the things that an ask is about. `None`: not known, or not known yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Thing<'a> {
    /// The item's path.
    pub(crate) item: Option<&'a str>,
    /// The label of its collection.
    pub(crate) collection: Option<&'a str>,
    /// Its label.
    pub(crate) label: Option<&'a str>,
    /// Its attributes; of a search those that are searched for.
    pub(crate) attributes: Option<&'a BTreeMap<String, String>>,
}
