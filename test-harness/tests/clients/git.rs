//! git with `git-credential-libsecret`, by `git credential`.
//!
//! git takes a credential program that gives no password for one that has none, and asks on the terminal, which these
//! tests forbid. It never tells how `approve` and `reject` went.

use crate::fates::{Deed, complains, ends, fates};

const STORED: &str = "printf 'protocol=https\nhost=example.org\nusername=ada\npassword=hunter2\n' |
    $CLIENTS/git-credential-libsecret store";
const LOOKUP: &str = "secret-tool lookup protocol https server example.org";

const FILL: Deed = Deed {
    before: STORED,
    does: "printf 'protocol=https\nhost=example.org\n' | GIT_TERMINAL_PROMPT=0 \
        git -c credential.helper=$CLIENTS/git-credential-libsecret credential fill",
    approved: ends(0, "protocol=https\nhost=example.org\nusername=ada\npassword=hunter2\n"),
    denied: complains(128, "", "terminal prompts disabled"),
    expired: complains(128, "", "terminal prompts disabled"),
    look: LOOKUP,
    after: "hunter2",
    untouched: "hunter2",
};

fates!(FILL,
    approved: a_fill_gives_user_and_password_after_a_yes,
    denied: a_fill_gives_no_password_after_a_no_and_the_item_stays,
    expired: a_fill_that_nobody_answers_ends_and_the_item_stays,
    killed: the_ask_of_a_killed_fill_leaves_the_screen);

const APPROVE: Deed = Deed {
    before: STORED,
    does: "printf 'protocol=https\nhost=example.org\nusername=ada\npassword=changed\n' |
        git -c credential.helper=$CLIENTS/git-credential-libsecret credential approve",
    approved: ends(0, ""),
    denied: ends(0, ""),
    expired: ends(0, ""),
    look: LOOKUP,
    after: "changed",
    untouched: "hunter2",
};

fates!(APPROVE,
    approved: an_approve_stores_the_new_password_after_a_yes,
    denied: an_approve_changes_nothing_after_a_no,
    expired: an_approve_that_nobody_answers_changes_nothing,
    killed: the_ask_of_a_killed_approve_leaves_the_screen_and_nothing_is_changed);

const REJECT: Deed = Deed {
    before: STORED,
    does: "printf 'protocol=https\nhost=example.org\nusername=ada\n' |
        git -c credential.helper=$CLIENTS/git-credential-libsecret credential reject",
    approved: ends(0, ""),
    denied: ends(0, ""),
    expired: ends(0, ""),
    look: "sd-ask search server=example.org > items && wc -l < items",
    after: "0",
    untouched: "1",
};

fates!(REJECT,
    approved: a_reject_deletes_after_a_yes,
    denied: a_reject_deletes_nothing_after_a_no,
    expired: a_reject_that_nobody_answers_deletes_nothing,
    killed: the_ask_of_a_killed_reject_leaves_the_screen_and_nothing_is_deleted);
