//! A push certificate.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sd_git::signed::Signed;

fuzz_target!(|bytes: &[u8]| {
    let signed = Signed::read(bytes);
    if signed.what == "git push certificate" {
        let updates = bytes.split(|byte| *byte == b'\n').skip_while(|line| !line.is_empty()).skip(1);
        // Each line of its body is a line on the screen.
        assert_eq!(signed.text.len(), updates.filter(|line| !line.is_empty()).count());
    }
});
