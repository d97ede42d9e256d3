//! The two things that a desktop user may do without the approval screen: `cancel` and `lock`.

use sd_client::Gate;
use sd_wire::claims::Claims;

use crate::failure::Failure;
use crate::find::{Found, find};
use crate::paper::Paper;

/// `sdctl cancel ID`.
pub(crate) async fn cancel(gate: &Gate, id: &str, paper: &mut Paper) -> Result<(), Failure> {
    match find(gate, id).await? {
        Found::Waiting(it) => {
            gate.cancel(&it.id).await?;
            Ok(paper.line(&format!("cancelled {} ({} of pid {})", it.id, it.kind, it.pid))?)
        }
        Found::Settled(it) => Err(Failure::Settled(it.id, it.outcome)),
    }
}

/// `sdctl lock`.
pub(crate) async fn lock(gate: &Gate, paper: &mut Paper) -> Result<(), Failure> {
    gate.lock(&Claims::default()).await?;
    Ok(paper.line("locked")?)
}
