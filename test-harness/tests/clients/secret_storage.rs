//! python `SecretStorage` without keyring on top: its items, their labels, new collections.
//!
//! `Item.get_secret` raises LockedException for an item that is locked and never asks for a prompt: that is what
//! `Item.unlock` is for, which says whether it was dismissed.

use crate::fates::{Deed, awaited, complains, ends, fates};
use crate::rig;
use crate::support::Going;

/// The keyring with the item that these tests are about. In the test's own words: `c` is the connection, `item` the item.
const STORED: &str = "$CLIENTS/python/bin/python -c '
import secretstorage
collection = secretstorage.get_default_collection(secretstorage.dbus_init())
collection.create_item(\"demo\", {\"service\": \"demo\"}, b\"hunter2\")'";
const LOOKUP: &str = "secret-tool lookup service demo";

const READ: Deed = Deed {
    before: STORED,
    does: "$CLIENTS/python/bin/python -c '
import secretstorage
item = next(secretstorage.search_items(secretstorage.dbus_init(), {\"service\": \"demo\"}))
print(\"dismissed\" if item.unlock() else item.get_secret().decode())'",
    approved: ends(0, "hunter2\n"),
    denied: ends(0, "dismissed\n"),
    expired: ends(0, "dismissed\n"),
    look: LOOKUP,
    after: "hunter2",
    untouched: "hunter2",
};

fates!(READ,
    approved: a_read_gives_the_secret_after_a_yes,
    denied: a_read_is_dismissed_after_a_no_and_the_item_stays,
    expired: a_read_that_nobody_answers_is_dismissed_and_the_item_stays,
    killed: the_ask_of_a_killed_read_leaves_the_screen);

/// As [`READ`], by a program that does not know of `Item.unlock` and tries again instead.
const RETRY: Deed = Deed {
    does: "$CLIENTS/python/bin/python -c '
import secretstorage, time
collection = secretstorage.get_default_collection(secretstorage.dbus_init())
item = next(collection.search_items({\"service\": \"demo\"}))
for n in range(100):
    try:
        print(item.get_secret().decode())
        break
    except Exception as error:
        assert \"VT8\" in str(error)
        time.sleep(0.3)'",
    ..READ
};

#[test]
fn a_read_without_unlocking_says_where_to_approve_it_and_passes_when_it_is_tried_again() {
    RETRY.is_approved();
}

const CREATE: Deed = Deed {
    before: STORED,
    does: "$CLIENTS/python/bin/python -c '
import secretstorage
collection = secretstorage.get_default_collection(secretstorage.dbus_init())
collection.create_item(\"demo\", {\"service\": \"demo\"}, b\"changed\", replace=True)'",
    approved: ends(0, ""),
    denied: complains(1, "", "PromptDismissedException: Prompt dismissed."),
    expired: complains(1, "", "PromptDismissedException: Prompt dismissed."),
    look: LOOKUP,
    after: "changed",
    untouched: "hunter2",
};

fates!(CREATE,
    approved: a_new_item_replaces_the_old_one_after_a_yes,
    denied: a_new_item_is_dismissed_after_a_no_and_the_old_one_stays,
    expired: a_new_item_that_nobody_answers_is_dismissed_and_the_old_one_stays,
    killed: the_ask_of_a_killed_create_leaves_the_screen_and_nothing_is_changed);

const DELETE: Deed = Deed {
    before: STORED,
    does: "$CLIENTS/python/bin/python -c '
import secretstorage
item = next(secretstorage.search_items(secretstorage.dbus_init(), {\"service\": \"demo\"}))
item.delete()'",
    approved: ends(0, ""),
    denied: complains(1, "", "PromptDismissedException: Prompt dismissed."),
    expired: complains(1, "", "PromptDismissedException: Prompt dismissed."),
    look: "sd-ask search service=demo > items && wc -l < items",
    after: "0",
    untouched: "1",
};

fates!(DELETE,
    approved: a_delete_deletes_after_a_yes,
    denied: a_delete_is_dismissed_after_a_no_and_deletes_nothing,
    expired: a_delete_that_nobody_answers_is_dismissed_and_deletes_nothing,
    killed: the_ask_of_a_killed_delete_leaves_the_screen_and_nothing_is_deleted);

/// A label has no prompt: the call waits itself.
const RELABEL: Deed = Deed {
    before: STORED,
    does: "$CLIENTS/python/bin/python -c '
import secretstorage
item = next(secretstorage.search_items(secretstorage.dbus_init(), {\"service\": \"demo\"}))
item.set_label(\"other\")'",
    approved: ends(0, ""),
    denied: complains(1, "", "org.freedesktop.Secret.Error.IsLocked"),
    expired: complains(1, "", "org.freedesktop.Secret.Error.IsLocked"),
    look: "sd-ask list /org/freedesktop/secrets/collection/login > items && cut -d '\"' -f 2 items",
    after: "other",
    untouched: "demo",
};

fates!(RELABEL,
    approved: a_label_changes_after_a_yes,
    denied: a_label_is_called_locked_after_a_no_and_stays,
    expired: a_label_that_nobody_answers_is_called_locked_and_stays,
    killed: the_ask_of_a_killed_relabel_leaves_the_screen_and_the_label_stays);

/// Whether there is the collection that these tests make.
const COLLECTIONS: &str = "sd-ask collections > collections && { grep -c Work collections || true; }";
const MAKE: &str = "$CLIENTS/python/bin/python -c '
import secretstorage
made = secretstorage.create_collection(secretstorage.dbus_init(), \"Work\")
print(made.get_label(), made.is_locked())'";

/// That it is approved is told below: it takes a password as well.
const COLLECTION: Deed = Deed {
    before: "true",
    does: MAKE,
    approved: ends(0, "Work False\n"),
    denied: complains(1, "", "PromptDismissedException: Prompt dismissed."),
    expired: complains(1, "", "PromptDismissedException: Prompt dismissed."),
    look: COLLECTIONS,
    after: "1",
    untouched: "0",
};

#[test]
fn a_new_collection_is_made_after_a_yes_with_the_password_typed_on_the_screen() {
    let going = with_password_asked_for();
    going.types("a new password\r");
    assert_eq!(awaited(&going, "status").trim(), "0", "{}", going.file("err"));
    assert_eq!(going.file("out"), COLLECTION.approved.stdout);
    assert_eq!(awaited(&going, "seen").trim(), COLLECTION.after);
}

#[test]
fn a_new_collection_is_dismissed_when_its_password_is() {
    let going = with_password_asked_for();
    going.types("\u{1b}");
    assert_eq!(awaited(&going, "status").trim(), "1");
    let said = going.file("err");
    assert!(said.contains(COLLECTION.denied.stderr), "{said}");
    assert_eq!(awaited(&going, "seen").trim(), COLLECTION.untouched);
}

/// A run in which a collection has been approved, and its password is asked for on the screen.
fn with_password_asked_for() -> Going {
    let rig = rig::with(&["--answer", "y"]).with_keyboard();
    let script =
        format!("{MAKE} > out 2> err; echo $? > part; mv part status\n{COLLECTIONS} > part; mv part seen");
    let going = Going::start(rig, &rig::script(&script));
    going.stands("This is a NEW password");
    going.stands("collection  Work");
    going
}

#[test]
fn a_new_collection_is_dismissed_after_a_no_and_there_is_none() {
    COLLECTION.is_denied();
}

#[test]
fn a_new_collection_that_nobody_answers_is_dismissed_and_there_is_none() {
    COLLECTION.expires();
}

#[test]
fn the_ask_of_a_killed_create_collection_leaves_the_screen_and_there_is_none() {
    COLLECTION.is_killed();
}
