//! An annotated tag.

use gix_hash::Kind as Hash;
use gix_object::TagRef;
use sd_wire::printable::Printable;

use super::Signed;
use super::header::{fact, is_whole, is_written_as, lines, person};

pub(super) fn read(untrusted: &[u8], hash: Hash) -> Option<Signed> {
    let tag = TagRef::from_bytes(untrusted, hash).ok()?;
    if !is_written_as(&tag, untrusted) {
        return None;
    }
    let mut facts = vec![fact("tag", tag.name)];
    if let (Some(raw), Some(tagger)) = (tag.tagger, tag.tagger().ok()?) {
        let time = tagger.time().ok()?;
        if !is_whole(raw, tagger.name, tagger.email, time) {
            return None;
        }
        facts.extend(person("tagger", tagger.name, tagger.email, time));
    }
    let mut text = lines(tag.message);
    text.extend(tag.signature.map(|signature| lines(signature)).unwrap_or_default());
    let rest =
        vec![(String::from("object"), Printable::line(&format!("{} ({})", tag.target, tag.target_kind)))];
    Some(Signed { what: "git tag".to_owned(), facts, text, rest })
}
