//! libsecret's own objects, through GObject introspection: what Seahorse, Evolution and the like are written with, where
//! `secret-tool` has its password functions only.

use crate::fates::{Deed, complains, ends, fates};
use crate::rig;

const STORED: &str = "printf hunter2 | secret-tool store --label=Demo service demo";
const LOOKUP: &str = "secret-tool lookup service demo";

const READ: Deed = Deed {
    before: STORED,
    does: "/usr/bin/python3 -c '
import gi
gi.require_version(\"Secret\", \"1\")
from gi.repository import Secret
service = Secret.Service.get_sync(Secret.ServiceFlags.OPEN_SESSION | Secret.ServiceFlags.LOAD_COLLECTIONS)
item, = service.search_sync(None, {\"service\": \"demo\"}, Secret.SearchFlags.ALL)
assert item.get_locked()
print(service.unlock_sync([item])[0], item.get_locked())
item.load_secret_sync()
print(item.get_secret().get_text())'",
    approved: ends(0, "1 False\nhunter2\n"),
    denied: complains(1, "0 True\n", "this secret needs your approval"),
    expired: complains(1, "0 True\n", "this secret needs your approval"),
    look: LOOKUP,
    after: "hunter2",
    untouched: "hunter2",
};

fates!(READ,
    approved: an_item_is_unlocked_and_read_after_a_yes,
    denied: an_item_is_still_locked_after_a_no,
    expired: an_item_is_still_locked_when_nobody_answers,
    killed: the_ask_of_a_killed_reader_leaves_the_screen);

const CREATE: Deed = Deed {
    before: STORED,
    does: "/usr/bin/python3 -c '
import gi
gi.require_version(\"Secret\", \"1\")
from gi.repository import Secret
service = Secret.Service.get_sync(Secret.ServiceFlags.OPEN_SESSION)
collection = Secret.Collection.for_alias_sync(service, \"default\", Secret.CollectionFlags.LOAD_ITEMS)
assert collection.get_label() == \"Login\"
value = Secret.Value.new(\"hunter3\", -1, \"text/plain\")
item = Secret.Item.create_sync(collection, None, {\"service\": \"demo\"}, \"Other\", value,
    Secret.ItemCreateFlags.REPLACE)
print(item.get_label(), item.get_attributes()[\"service\"])'",
    approved: ends(0, "Other demo\n"),
    denied: complains(1, "", "No such secret item at path: /"),
    expired: complains(1, "", "No such secret item at path: /"),
    look: LOOKUP,
    after: "hunter3",
    untouched: "hunter2",
};

fates!(CREATE,
    approved: an_item_is_made_in_the_place_of_another_after_a_yes,
    denied: no_item_is_made_after_a_no,
    expired: no_item_is_made_when_nobody_answers,
    killed: the_ask_of_a_killed_maker_leaves_the_screen);

#[test]
fn an_item_is_made_changed_found_and_deleted_by_its_object() {
    let run = rig::with(&["--answer", "yyyyyn"]).run(
        "/usr/bin/python3 -c '
import gi
gi.require_version(\"Secret\", \"1\")
from gi.repository import Secret
service = Secret.Service.get_sync(Secret.ServiceFlags.OPEN_SESSION)
collection = Secret.Collection.for_alias_sync(service, \"default\", Secret.CollectionFlags.LOAD_ITEMS)
def value(text): return Secret.Value.new(text, -1, \"text/plain\")
item = Secret.Item.create_sync(collection, None, {\"service\": \"demo\"}, \"Demo\", value(\"hunter2\"),
    Secret.ItemCreateFlags.NONE)
item.set_label_sync(\"Other\")
item.set_attributes_sync(None, {\"service\": \"new\"})
item.set_secret_sync(value(\"hunter3\"))
item.load_secret_sync()
print(item.get_label(), item.get_attributes()[\"service\"], item.get_secret().get_text())
found, = Secret.password_search_sync(None, {\"service\": \"new\"}, Secret.SearchFlags.ALL)
print(found.retrieve_secret_sync().get_text())
item.delete_sync()
print(Secret.password_search_sync(None, {\"service\": \"new\"}, Secret.SearchFlags.ALL))'",
    );
    assert_eq!(run.stdout, "Other new hunter3\nhunter3\n[]\n", "{}", run.all());
}
