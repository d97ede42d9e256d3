//! What a process that asks looks like. It runs as the same uid as we do and can look as it likes.

use sd_sys::process::Look;
use sd_wire::printable::Printable;

use super::words::Who;

/// A comm has at most 15 bytes; escapes make more of them.
const CLIP: usize = 64;

/// Looks at a process; at none but the one that started at `start`, where that is known.
pub(crate) fn look(pid: u32, start: Option<u64>) -> (Who, Option<u64>) {
    let mut looks = Look::default();
    let found = i32::try_from(pid).ok().and_then(|pid| looks.process(pid).ok());
    let Some(found) = found.filter(|found| start.is_none_or(|start| found.start == start)) else {
        return (Who { pid, name: None, parent: None }, None);
    };
    let name = |comm: &str| Printable::clipped(comm, CLIP);
    // Whoever is its parent only for want of a nearer one (init, the user's service manager) started nothing.
    let parent =
        looks.ancestors(found.pid, 1).pop().filter(|parent| parent.pid > 1 && parent.comm != "systemd");
    let parent = parent.and_then(|parent| Some((u32::try_from(parent.pid).ok()?, name(&parent.comm))));
    (Who { pid, name: Some(name(&found.comm)), parent }, Some(found.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_another_start_is_another_process() {
        let own = std::process::id();
        let (who, start) = look(own, None);
        assert!(who.name.is_some());
        assert!(start.is_some());
        assert_eq!(look(own, start.map(|start| start + 1)).0.name, None);
        assert_eq!(look(u32::MAX, None).0, Who { pid: u32::MAX, name: None, parent: None });
    }
}
