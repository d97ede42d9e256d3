//! `secret-tool`, libsecret's own command line.
//!
//! It cannot say why there is no secret: a lookup that was denied ends like one that found nothing, with 1 and without a
//! word. So it is looked at with another client whether the item is still there. That a store was dismissed it does not
//! tell at all (libsecret 0.20.5).

use crate::fates::{Deed, ends, fates};

const STORED: &str = "printf hunter2 | secret-tool store --label=demo service demo";
/// What sd-app, which is built on another library, reads of that item, wherever it is now: to some backends a secret in
/// the place of another is another item.
const READ: &str = "sd-app 'retry search service=demo' 'retry read FOUND' | tail -n 1";

const LOOKUP: Deed = Deed {
    before: STORED,
    does: "secret-tool lookup service demo",
    approved: ends(0, "hunter2"),
    denied: ends(1, ""),
    expired: ends(1, ""),
    look: READ,
    after: "hunter2",
    untouched: "hunter2",
};

fates!(LOOKUP,
    approved: a_lookup_prints_the_secret_after_a_yes,
    denied: a_lookup_prints_nothing_after_a_no_and_the_item_stays,
    expired: a_lookup_that_nobody_answers_ends_and_the_item_stays,
    killed: the_ask_of_a_killed_lookup_leaves_the_screen);

const STORE: Deed = Deed {
    before: STORED,
    does: "printf changed | secret-tool store --label=demo service demo",
    approved: ends(0, ""),
    denied: ends(0, ""),
    expired: ends(0, ""),
    look: READ,
    after: "changed",
    untouched: "hunter2",
};

fates!(STORE,
    approved: a_store_replaces_the_secret_after_a_yes,
    denied: a_store_changes_nothing_after_a_no,
    expired: a_store_that_nobody_answers_changes_nothing,
    killed: the_ask_of_a_killed_store_leaves_the_screen_and_nothing_is_changed);

const CLEAR: Deed = Deed {
    before: STORED,
    does: "secret-tool clear service demo",
    approved: ends(0, ""),
    denied: ends(0, ""),
    expired: ends(0, ""),
    look: "sd-ask search service=demo > items && wc -l < items",
    after: "0",
    untouched: "1",
};

fates!(CLEAR,
    approved: a_clear_deletes_after_a_yes,
    denied: a_clear_deletes_nothing_after_a_no,
    expired: a_clear_that_nobody_answers_deletes_nothing,
    killed: the_ask_of_a_killed_clear_leaves_the_screen_and_nothing_is_deleted);

/// Three items of one search; it prints what it may know, so the secrets only are picked out.
const SEARCH: Deed = Deed {
    before: "for n in 1 2 3; do printf secret$n | secret-tool store --label=demo$n service demo number $n; done",
    does: "secret-tool search --all --unlock service demo > found 2> found-err; status=$?
        grep '^secret = ' found | sort; grep -c '^\\[/' found; exit $status",
    approved: ends(0, "secret = secret1\nsecret = secret2\nsecret = secret3\n3\n"),
    denied: ends(0, "3\n"),
    expired: ends(0, "3\n"),
    look: "for n in 1 2 3; do sd-app \"retry search number=$n\" 'retry read FOUND' | tail -n 1; done | sort | tr '\\n' ' '",
    after: "secret1 secret2 secret3",
    untouched: "secret1 secret2 secret3",
};

#[test]
fn a_search_of_three_items_prints_their_secrets_after_one_yes() {
    SEARCH.is_approved_by_one_key();
}

#[test]
fn a_search_prints_items_without_secrets_after_a_no() {
    SEARCH.is_denied();
}

#[test]
fn a_search_that_nobody_answers_prints_items_without_secrets() {
    SEARCH.expires();
}

#[test]
fn the_ask_of_a_killed_search_leaves_the_screen() {
    SEARCH.is_killed();
}
