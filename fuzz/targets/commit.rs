//! A commit, and beside it whatever somebody sends as its objects.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sd_git::proof;
use sd_git::signed::Signed;

fuzz_target!(|bytes: &[u8]| {
    let cut = bytes.windows(4).position(|four| four == b"\n--\n").unwrap_or(bytes.len());
    let (commit, objects) = bytes.split_at(cut);
    let objects = objects.get(4..).unwrap_or_default();
    let signed = Signed::read(commit);
    if let Some(Ok(all)) = proof::check(commit, objects) {
        // Nothing is proved of what is not shown as a commit, and each parent has its list.
        assert!(!all.is_empty());
        assert_eq!(all.iter().filter(|against| against.parent.is_none()).count(), usize::from(all.len() == 1 && all[0].parent.is_none()));
    }
    // All of it stands on the screen, or stands there as unknown data.
    assert!(signed.is_unknown() || signed.what.starts_with("git "));
});
