//! What the screen says about the files of a commit.

use sd_git::change::{Change, File, Mode, ObjectId, What};
use sd_git::gap::Gap;
use sd_git::objects::Kind;
use sd_git::proof::{Against, Changes};
use sd_wire::ask::Want;
use sd_wire::bounded::Text;

use super::lists::to_the_end;
use super::stage::*;
use crate::caller::Caller;
use crate::made_up::{self, filing};
use crate::routing::Described;

/// A commit of which this is proved, or not.
fn proved(size: (u16, u16), changes: Changes) -> Stage {
    let want = Want::Sign { key: Text::default(), objects: true };
    let mut filing = filing(1, want, Caller::made_up(4711, 99));
    filing.changes = Some(changes);
    let mut stage = Stage::new(size);
    stage.file(filing, Described::Key(made_up::key()));
    stage
}

fn changes() -> Vec<Change> {
    let file = |mode, byte: u8| File { mode, id: ObjectId::from([byte; 20]) };
    let change = |path: &str, what| Change { path: path.into(), what };
    let plain = |byte| file(Mode::Plain, byte);
    vec![
        change("README", What::Added(plain(1))),
        change("bin/run", What::Modified(plain(2), file(Mode::Executable, 2))),
        change("lib/mill", What::Modified(file(Mode::Submodule, 3), file(Mode::Submodule, 4))),
        change("new\nline\x1b[2J", What::Deleted(plain(5))),
        change("src/engine.rs", What::Renamed { from: "src/mill.rs".into(), old: plain(6), new: plain(6) }),
        change("wheel", What::Retyped(plain(7), file(Mode::Link, 8))),
    ]
}

#[test]
fn the_files_of_a_commit_stand_there_as_proved() {
    for size in SIZES {
        let mut stage = proved(size, Ok(vec![Against { parent: None, changes: changes() }]));
        let first = stage.is_as_kept("proved-first");
        assert!(text(&first).contains("6 files: 1 added, 2 modified, 1 deleted, 1 renamed"));
        to_the_end(&mut stage);
        stage.is_as_kept("proved-last");
    }
}

#[test]
fn a_merge_is_shown_against_each_of_its_parents() {
    let against = |byte: u8, changes| Against { parent: Some(ObjectId::from([byte; 20])), changes };
    for size in SIZES {
        let mut stage = proved(size, Ok(vec![against(1, changes()), against(2, Vec::new())]));
        assert!(text(&stage.quiet()).contains("6, 0 against its 2 parents"));
        to_the_end(&mut stage);
        stage.is_as_kept("proved-merge-last");
    }
}

#[test]
fn what_is_not_proved_says_so_where_a_person_looks_first_and_says_why() {
    let id = ObjectId::from([7; 20]);
    let gaps = [
        ("nothing", Gap::Nothing),
        ("missing", Gap::Missing { kind: Kind::Tree, id }),
        ("malformed", Gap::Malformed { kind: Kind::Tree, id, why: "is not in git's order" }),
        ("collision", Gap::Collision),
        ("cut-off", Gap::NotABundle("it ends inside of an object")),
        ("too-much", Gap::TooMuch { what: "changed files", most: 20_000 }),
    ];
    for (name, gap) in gaps {
        let mut stage = proved((80, 25), Err(gap));
        assert!(text(&stage.quiet()).contains("~ files       NOT PROVED; see below"));
        to_the_end(&mut stage);
        stage.is_as_kept(&format!("unproved-{name}"));
    }
}
