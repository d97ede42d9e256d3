//! python `keyring`, by its command line.

use crate::fates::{Deed, complains, ends, fates};

const STORED: &str = "printf hunter2 | $CLIENTS/python/bin/python -m keyring set demo ada";
const LOOKUP: &str = "secret-tool lookup service demo username ada";

const GET: Deed = Deed {
    before: STORED,
    does: "$CLIENTS/python/bin/python -m keyring get demo ada",
    approved: ends(0, "hunter2\n"),
    denied: complains(1, "", "keyring.errors.KeyringLocked: Failed to unlock the item!"),
    expired: complains(1, "", "keyring.errors.KeyringLocked: Failed to unlock the item!"),
    look: LOOKUP,
    after: "hunter2",
    untouched: "hunter2",
};

fates!(GET,
    approved: a_get_prints_the_password_after_a_yes,
    denied: a_get_says_that_it_is_locked_after_a_no_and_the_item_stays,
    expired: a_get_that_nobody_answers_says_that_it_is_locked_and_the_item_stays,
    killed: the_ask_of_a_killed_get_leaves_the_screen);

const SET: Deed = Deed {
    before: STORED,
    does: "printf changed | $CLIENTS/python/bin/python -m keyring set demo ada",
    approved: ends(0, ""),
    denied: complains(1, "", "secretstorage.exceptions.PromptDismissedException: Prompt dismissed."),
    expired: complains(1, "", "secretstorage.exceptions.PromptDismissedException: Prompt dismissed."),
    look: LOOKUP,
    after: "changed",
    untouched: "hunter2",
};

fates!(SET,
    approved: a_set_replaces_the_password_after_a_yes,
    denied: a_set_says_that_it_was_dismissed_after_a_no_and_changes_nothing,
    expired: a_set_that_nobody_answers_says_that_it_was_dismissed_and_changes_nothing,
    killed: the_ask_of_a_killed_set_leaves_the_screen_and_nothing_is_changed);

const DELETE: Deed = Deed {
    before: STORED,
    does: "$CLIENTS/python/bin/python -m keyring del demo ada",
    approved: ends(0, ""),
    denied: complains(1, "", "secretstorage.exceptions.PromptDismissedException: Prompt dismissed."),
    expired: complains(1, "", "secretstorage.exceptions.PromptDismissedException: Prompt dismissed."),
    look: "sd-ask search service=demo > items && wc -l < items",
    after: "0",
    untouched: "1",
};

fates!(DELETE,
    approved: a_delete_deletes_after_a_yes,
    denied: a_delete_says_that_it_was_dismissed_after_a_no_and_deletes_nothing,
    expired: a_delete_that_nobody_answers_says_that_it_was_dismissed_and_deletes_nothing,
    killed: the_ask_of_a_killed_delete_leaves_the_screen_and_nothing_is_deleted);
