//! Whether the audit record is as it was written.

use crate::setup::audit;
use crate::setup::check::line::Line;
use crate::setup::package::AUDIT;
use crate::setup::run;
use crate::setup::site::Site;
use crate::setup::step::Found;
use sd_sys::exit;

/// The line that says so.
pub(crate) fn line(site: &Site) -> Line {
    Line {
        name: "audit-record",
        what: "every line of the audit record is as it was written".into(),
        found: found(site),
        mend: format!(
            "sd-audit verify --user {}; what it finds cannot be mended: docs/audit.md",
            site.user()
        ),
    }
}

fn found(site: &Site) -> Found {
    if !audit::holds_lines(&audit::folder(site)) {
        return Found::Skipped("nothing is recorded yet".into());
    }
    let done = match run::output(run::root(AUDIT, &["verify", "--user", site.user()])) {
        Ok(done) => done,
        Err(e) => return Found::Lacking(e.to_string()),
    };
    if done.status.success() {
        return Found::Good;
    }
    let said = if done.status.code() == Some(i32::from(exit::DATA)) { done.stdout } else { done.stderr };
    Found::Lacking(String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned())
}
