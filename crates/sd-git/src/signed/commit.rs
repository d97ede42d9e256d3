//! A commit.

use gix_hash::Kind as Hash;
use gix_object::CommitRef;
use sd_wire::printable::Printable;

use super::Signed;
use super::header::{extra_name, fact, is_whole, is_written_as, lines, person};

pub(super) fn read(untrusted: &[u8], hash: Hash) -> Option<Signed> {
    let commit = CommitRef::from_bytes(untrusted, hash).ok()?;
    if !is_written_as(&commit, untrusted) {
        return None;
    }
    let (author, committer) = (commit.author().ok()?, commit.committer().ok()?);
    let (written, committed) = (author.time().ok()?, committer.time().ok()?);
    if !is_whole(commit.author, author.name, author.email, written)
        || !is_whole(commit.committer, committer.name, committer.email, committed)
    {
        return None;
    }
    let mut facts = Vec::from(person("author", author.name, author.email, written));
    facts.extend(person("committer", committer.name, committer.email, committed));
    let mut rest = vec![fact("tree", commit.tree)];
    rest.extend(commit.parents.iter().map(|parent| fact("parent", parent)));
    if commit.parents.is_empty() {
        rest.push(("parent".to_owned(), Printable::line("none: the first commit of its history")));
    }
    rest.extend(commit.encoding.map(|encoding| fact("encoding", encoding)));
    for (name, value) in &commit.extra_headers {
        let name = extra_name(name)?;
        rest.extend(lines(value).into_iter().map(|line| (name.to_owned(), line)));
    }
    Some(Signed { what: "git commit".to_owned(), facts, text: lines(commit.message), rest })
}
