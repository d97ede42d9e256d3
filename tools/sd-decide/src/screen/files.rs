//! The files that a commit changes: proved from its hashes, or not proved and why.

use sd_git::change::{Change, File, What};
use sd_git::proof::{Against, Changes};
use sd_wire::printable::Printable;

use crate::screen::detail::fact;
use crate::screen::row::{Row, Trust};

/// All of it in a line, for where a person looks first.
pub(super) fn summary(changes: &Changes) -> Row {
    match changes.as_deref() {
        Ok([only]) => fact("files", &sum(only)),
        Ok(all) => {
            let each = all.iter().map(|against| against.changes.len().to_string()).collect::<Vec<_>>();
            fact("files", &format!("{} against its {} parents", each.join(", "), all.len()))
        }
        Err(_) => Row::fact(Trust::Claim, "files", Printable::line("NOT PROVED; see below")),
    }
}

/// The section of the files. Whatever a path says, what happened to it stands before it.
pub(super) fn rows(changes: &Changes, rows: &mut Vec<Row>) {
    let all = match changes {
        Ok(all) => all,
        Err(gap) => {
            rows.push(Row::Section(Trust::Claim, "FILES: NOT PROVED"));
            rows.push(Row::Note(format!(" What this commit changes is not known: {gap}.")));
            return;
        }
    };
    rows.push(Row::Section(Trust::Fact, "FILES, PROVED BY THE SIGNED HASHES"));
    for (n, against) in all.iter().enumerate() {
        if all.len() > 1 {
            let parent = against.parent.map(|parent| parent.to_string()).unwrap_or_default();
            let which = format!("parent {} of {}, {parent}", n.saturating_add(1), all.len());
            rows.push(fact("against", &which));
        }
        rows.push(fact("files", &sum(against)));
        rows.extend(against.changes.iter().map(row));
    }
}

/// `3 files: 1 added, 2 modified`.
fn sum(against: &Against) -> String {
    let all = against.changes.len();
    let kinds = [('A', "added"), ('M', "modified"), ('D', "deleted"), ('R', "renamed"), ('T', "retyped")];
    let counted = kinds.into_iter().filter_map(|(letter, word)| {
        let many = against.changes.iter().filter(|change| change.what.letter() == letter).count();
        (many > 0).then(|| format!("{many} {word}"))
    });
    let counted: Vec<String> = counted.collect();
    match all {
        0 => "none: it changes no file".to_owned(),
        1 => format!("1 file: {}", counted.join(", ")),
        _ => format!("{all} files: {}", counted.join(", ")),
    }
}

/// What is no part of the path stands in lines of its own: there it cannot be part of it.
fn row(change: &Change) -> Row {
    let letter = [change.what.letter().to_string().as_bytes(), b" "].concat();
    let path = Printable::bytes(&[letter.as_slice(), &change.path].concat());
    let mut more = Vec::new();
    if let What::Renamed { from, .. } = &change.what {
        more.push(("from", Printable::bytes(from)));
    }
    more.extend(kept(&change.what).map(|kept| ("is", Printable::line(&kept))));
    Row::TextWith(Trust::Fact, path, more)
}

/// What a path is, or becomes, where it is not a plain file all the time.
fn kept(what: &What) -> Option<String> {
    let (old, new) = what.sides();
    let word = |file: File| match file.mode {
        sd_git::change::Mode::Submodule => format!("submodule at {}", file.id.to_hex_with_len(12)),
        mode => mode.word().to_owned(),
    };
    let plain = |file: File| file.mode == sd_git::change::Mode::Plain;
    match (old, new) {
        (Some(old), Some(new)) if word(old) != word(new) => Some(format!("{}, was {}", word(new), word(old))),
        (_, Some(file)) | (Some(file), None) if !plain(file) => Some(word(file)),
        _ => None,
    }
}
