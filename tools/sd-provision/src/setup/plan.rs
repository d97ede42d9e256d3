//! The plan: every step, in the order in which they are taken. Taking back goes the other way.

use crate::setup::anew::Anew;
use crate::setup::audit::Audit;
use crate::setup::choice::Choice;
use crate::setup::files::{AFTER, BEFORE, FIRST};
use crate::setup::folders::Folders;
use crate::setup::home::Home;
use crate::setup::package::{Package, Program};
use crate::setup::pam::Pam;
use crate::setup::running::Running;
use crate::setup::step::Step;
use crate::setup::store::Store;
use crate::setup::switches;
use crate::setup::takeover::Takeover;
use crate::setup::tell::{Bus, Manager};
use crate::setup::users::Users;
use crate::setup::vt::Terminal;

/// What has to be so before anything is written: nothing of it can be made.
pub(crate) fn requirements() -> Vec<Box<dyn Step>> {
    vec![Box::new(Package), Box::new(Program), Box::new(Terminal)]
}

/// What is made.
pub(crate) fn steps(choice: Choice) -> Vec<Box<dyn Step>> {
    let mut steps: Vec<Box<dyn Step>> = Vec::new();
    for file in BEFORE {
        steps.push(Box::new(file));
    }
    steps.push(Box::new(Users));
    steps.push(Box::new(Folders));
    for file in AFTER {
        steps.push(Box::new(file));
    }
    if choice.plain_name {
        steps.push(Box::new(FIRST));
    }
    steps.push(Box::new(Audit));
    steps.push(Box::new(Home));
    steps.push(Box::new(Store));
    for switch in switches::ALL {
        steps.push(Box::new(switch));
    }
    steps.push(Box::new(Manager));
    steps.push(Box::new(Bus));
    // From here on a login starts it, so all of the above is there.
    steps.push(Box::new(Pam));
    steps.push(Box::new(Anew));
    steps.push(Box::new(Running));
    steps.push(Box::new(Takeover));
    steps
}
