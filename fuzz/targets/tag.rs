//! An annotated tag.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sd_git::signed::Signed;

fuzz_target!(|bytes: &[u8]| {
    let signed = Signed::read(bytes);
    assert_eq!(signed.is_unknown(), signed.what.starts_with("unknown data"));
});
