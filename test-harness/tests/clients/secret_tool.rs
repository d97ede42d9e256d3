//! `secret-tool`, libsecret's own command line.

use crate::support::Rig;

#[test]
fn a_lookup_that_is_approved_prints_the_secret() {
    let run = Rig::real().with(&["--answer", "yy"]).run(
        "printf hunter2 | secret-tool store --label=demo service demo && secret-tool lookup service demo",
    );
    assert_eq!(run.stdout, "hunter2", "{}", run.all());
}
