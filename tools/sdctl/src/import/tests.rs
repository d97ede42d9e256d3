//! What is told of an import that ended early.

use sd_client::Failure as Client;
use sd_wire::fault::{Fault, Stage};
use sd_wire::outcome::What;

use super::batch::cut;
use super::batch::tests::item as tests_item;
use super::item::State;
use super::*;

fn report() -> (Report, Vec<Batch>) {
    let mut items = (0..3).map(|n| tests_item(&n.to_string(), 1)).collect();
    let batches = cut(&mut items);
    (Report::of("test", items), batches)
}

#[test]
fn an_item_that_was_under_way_when_the_chain_broke_is_called_unknown_and_the_rest_not_moved() {
    let (mut report, batches) = report();
    report.settle(&batches[0], 0, Fate::Stored {});
    report.stopped(&batches[0], &Client::Lost);
    let words: Vec<&str> = report.items.iter().map(|item| item.state.word()).collect();
    assert_eq!(words, ["stored", "unknown", "not_moved"]);
    assert!(!report.is_complete());
}

#[test]
fn after_a_no_nothing_is_unknown() {
    for why in [What::Denied {}, What::Failed { stage: Stage::Decide, why: Fault::Forbidden }] {
        let (mut report, batches) = report();
        report.stopped(&batches[0], &Client::Ended(why));
        assert!(report.items.iter().all(|item| item.state == State::Open));
    }
}

#[test]
fn an_item_that_cannot_be_moved_takes_no_number_in_the_manifest() {
    let (mut report, batches) = report();
    report.items[0].state = State::Unfit("too long".into());
    report.settle(&batches[0], 0, Fate::There {});
    let words: Vec<&str> = report.items.iter().map(|item| item.state.word()).collect();
    assert_eq!(words, ["failed", "already_there", "not_moved"]);
}
