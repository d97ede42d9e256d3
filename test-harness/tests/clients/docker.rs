//! `docker-credential-secretservice`, built on libsecret.
//!
//! Whether a store or a deletion was denied it does not tell (0.6.4, as libsecret 0.20.5 does not). That a person may
//! refuse a secret it has not thought of, and crashes: not well, but not as if there were none, which has other words.

use crate::fates::{Deed, complains, ends, fates};

const STORED: &str =
    "printf '{\"ServerURL\":\"https://hub.example.org\",\"Username\":\"ada\",\"Secret\":\"hunter2\"}' |
    docker-credential-secretservice store";
const LOOKUP: &str = "secret-tool lookup server https://hub.example.org";
/// Of a secret that it has not got.
const NO_SECRET: &str = "secret_value_get: assertion 'value' failed";
/// Which accounts there are it knows before it asks for their secrets, and it lists them without.
const ACCOUNTS: &str = "{\"https://hub.example.org\":\"ada\"}\n";

const GET: Deed = Deed {
    before: STORED,
    does: "printf https://hub.example.org | docker-credential-secretservice get",
    approved: ends(
        0,
        "{\"ServerURL\":\"https://hub.example.org\",\"Username\":\"ada\",\"Secret\":\"hunter2\"}\n",
    ),
    denied: complains(2, "", NO_SECRET),
    expired: complains(2, "", NO_SECRET),
    look: LOOKUP,
    after: "hunter2",
    untouched: "hunter2",
};

fates!(GET,
    approved: a_get_prints_user_and_secret_after_a_yes,
    denied: a_get_prints_no_secret_after_a_no_and_the_item_stays,
    expired: a_get_that_nobody_answers_ends_and_the_item_stays,
    killed: the_ask_of_a_killed_get_leaves_the_screen);

const STORE: Deed = Deed {
    before: STORED,
    does: "printf '{\"ServerURL\":\"https://hub.example.org\",\"Username\":\"ada\",\"Secret\":\"changed\"}' |
        docker-credential-secretservice store",
    approved: ends(0, ""),
    denied: ends(0, ""),
    expired: ends(0, ""),
    look: LOOKUP,
    after: "changed",
    untouched: "hunter2",
};

fates!(STORE,
    approved: a_store_replaces_the_secret_after_a_yes,
    denied: a_store_changes_nothing_after_a_no,
    expired: a_store_that_nobody_answers_changes_nothing,
    killed: the_ask_of_a_killed_store_leaves_the_screen_and_nothing_is_changed);

const LIST: Deed = Deed {
    before: STORED,
    does: "docker-credential-secretservice list",
    approved: ends(0, ACCOUNTS),
    denied: ends(0, ACCOUNTS),
    expired: ends(0, ACCOUNTS),
    look: LOOKUP,
    after: "hunter2",
    untouched: "hunter2",
};

fates!(LIST,
    approved: a_list_prints_servers_and_users,
    denied: a_list_prints_no_secret_after_a_no_and_the_item_stays,
    expired: a_list_that_nobody_answers_ends_and_the_item_stays,
    killed: the_ask_of_a_killed_list_leaves_the_screen);

const ERASE: Deed = Deed {
    before: STORED,
    does: "printf https://hub.example.org | docker-credential-secretservice erase",
    approved: ends(0, ""),
    denied: ends(0, ""),
    expired: ends(0, ""),
    look: "sd-ask search server=https://hub.example.org > items && wc -l < items",
    after: "0",
    untouched: "1",
};

fates!(ERASE,
    approved: an_erase_deletes_after_a_yes,
    denied: an_erase_deletes_nothing_after_a_no,
    expired: an_erase_that_nobody_answers_deletes_nothing,
    killed: the_ask_of_a_killed_erase_leaves_the_screen_and_nothing_is_deleted);
