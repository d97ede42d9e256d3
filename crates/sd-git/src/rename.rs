//! Renames of files whose content is the same, found as git finds them (`find_exact_renames` in diffcore-rename.c).

use std::collections::{HashMap, VecDeque};

use gix_hash::ObjectId;
use gix_object::bstr::BStr;

use crate::change::{Change, File, What};

/// How many files of the same content git looks at before it takes the best so far.
const ALTERNATIVES: usize = 101;

/// Makes a rename of each added file that has a deleted one of the same content: the one with the same file name, or
/// else the first. Its place in the list is that of the new path.
pub(crate) fn find(changes: Vec<Change>) -> Vec<Change> {
    let mut sources = HashMap::<ObjectId, VecDeque<(usize, File)>>::new();
    for (index, change) in changes.iter().enumerate() {
        if let What::Deleted(old) = change.what {
            sources.entry(old.id).or_default().push_back((index, old));
        }
    }
    let mut came_from = HashMap::new();
    for (index, change) in changes.iter().enumerate() {
        let What::Added(new) = change.what else { continue };
        let Some(alike) = sources.get_mut(&new.id) else { continue };
        let name_of = |source: usize| changes.get(source).map(|change| file_name(change.path.as_ref()));
        let here = Some(file_name(change.path.as_ref()));
        let usable = |(_, old): &&(usize, File)| {
            old.mode == new.mode || (old.mode.is_regular() && new.mode.is_regular())
        };
        let looked_at = alike.iter().take(ALTERNATIVES).filter(usable);
        let best =
            looked_at.clone().find(|(source, _)| name_of(*source) == here).or(looked_at.clone().next());
        let Some((source, old)) = best.copied() else { continue };
        alike.retain(|(other, _)| *other != source);
        came_from.insert(index, (source, old, new));
    }
    let gone: std::collections::HashSet<usize> = came_from.values().map(|(source, ..)| *source).collect();
    let paths: HashMap<usize, _> =
        gone.iter().filter_map(|source| Some((*source, changes.get(*source)?.path.clone()))).collect();
    let stay = changes.into_iter().enumerate().filter(|(index, _)| !gone.contains(index));
    stay.map(|(index, change)| match came_from.get(&index) {
        Some((source, old, new)) => {
            let from = paths.get(source).cloned().unwrap_or_default();
            Change { path: change.path, what: What::Renamed { from, old: *old, new: *new } }
        }
        None => change,
    })
    .collect()
}

fn file_name(path: &BStr) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}
