//! The desktop's Secret Service: handed to sd-agent by `sdctl takeover`, as the desktop user.

use serde_json::Value;

use crate::account::Account;
use crate::failure::Failure;
use crate::setup::run;
use crate::setup::running::is_logged_in;
use crate::setup::site::Site;
use crate::setup::step::{Found, Step, Work};

const SDCTL: &str = "/usr/bin/sdctl";

/// The takeover.
#[derive(Debug)]
pub(crate) struct Takeover;

/// Whether one is recorded in the user's home, as the user sees it; `None` when that could not be found out.
fn is_recorded(site: &Site) -> Option<bool> {
    let said = run::output(run::apart(&site.desktop, SDCTL, &["status", "--json"])).ok()?;
    let said: Value = serde_json::from_slice(&said.stdout).ok()?;
    said.pointer("/takeover/recorded").and_then(Value::as_bool)
}

impl Step for Takeover {
    fn name(&self) -> &'static str {
        "takeover"
    }

    fn says(&self, site: &Site) -> String {
        format!("{}'s applications ask sd-agent: `sdctl takeover`", site.user())
    }

    fn look(&self, work: &Work) -> Result<Found, Failure> {
        Ok(match is_recorded(&work.site) {
            Some(true) => Found::Good,
            // Taken over once, and given back by a person since: that word stands.
            Some(false) if work.renewing && work.record.took_over => {
                Found::Left("applications ask whoever was the Secret Service before".into())
            }
            Some(false) => Found::Lacking("applications ask whoever was the Secret Service before".into()),
            None => Found::Lacking(format!("`sdctl status` does not answer as {}", work.site.user())),
        })
    }

    fn apply(&self, work: &mut Work) -> Result<(), Failure> {
        work.record.took_over = true;
        work.save()?;
        let mut arguments = vec!["takeover"];
        if !is_logged_in(&work.site) {
            // The gate is not there before the login.
            arguments.push("--force");
        }
        run::success(run::apart(&work.site.desktop, SDCTL, &arguments)).map(drop)
    }

    fn undo(&self, work: &mut Work) -> Result<(), Failure> {
        let desktop = Account::named(work.site.user()).is_ok_and(|it| it.uid == work.site.desktop.uid);
        if !desktop || !work.record.took_over || is_recorded(&work.site) == Some(false) {
            return Ok(());
        }
        run::success(run::apart(&work.site.desktop, SDCTL, &["release"])).map(drop)
    }

    fn mend(&self, _: &Site) -> String {
        "as the desktop user: sdctl takeover".into()
    }
}
