//! Which request is meant by the beginning of an id.

use sd_client::{Gate, Settled, Waiting};

use crate::failure::Failure;

/// One request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It waits.
    Waiting(Waiting),
    /// It is settled.
    Settled(Settled),
}

/// The one request that begins so, among what waits and what the gate remembers.
pub(crate) async fn find(gate: &Gate, beginning: &str) -> Result<Found, Failure> {
    // In this order: what is settled in between is then in both, and not in neither.
    let (waiting, settled) = (gate.waiting().await?, gate.history().await?);
    one(beginning, waiting, settled)
}

fn one(beginning: &str, mut waiting: Vec<Waiting>, settled: Vec<Settled>) -> Result<Found, Failure> {
    waiting.retain(|it| !settled.iter().any(|other| other.id == it.id));
    let waiting = waiting.into_iter().map(|it| (it.id.clone(), Found::Waiting(it)));
    let settled = settled.into_iter().map(|it| (it.id.clone(), Found::Settled(it)));
    let mut all = waiting.chain(settled).filter(|(id, _)| id.as_str().starts_with(beginning));
    let Some((first, found)) = all.next() else { return Err(Failure::Unknown(beginning.to_owned())) };
    let mut ids: Vec<_> = all.map(|(id, _)| id).collect();
    if ids.is_empty() {
        return Ok(found);
    }
    ids.insert(0, first);
    Err(Failure::Ambiguous(beginning.to_owned(), ids))
}

#[cfg(test)]
mod tests {
    use sd_wire::id::AskId;

    use super::*;

    fn waiting(id: &str) -> Waiting {
        Waiting { id: AskId::parse(id).unwrap(), kind: "read".into(), since: 1, pid: 7 }
    }

    fn settled(id: &str) -> Settled {
        let id = AskId::parse(id).unwrap();
        Settled { id, kind: "read".into(), at: 1, pid: 7, outcome: "denied".into() }
    }

    const A: &str = "0123456789abcdef";
    const B: &str = "0123456789abcdee";

    #[test]
    fn the_beginning_of_an_id_is_enough_when_there_is_but_one() {
        assert_eq!(one("01", vec![waiting(A)], vec![]).unwrap(), Found::Waiting(waiting(A)));
        assert_eq!(one(B, vec![waiting(A)], vec![settled(B)]).unwrap(), Found::Settled(settled(B)));
        assert!(matches!(one("02", vec![waiting(A)], vec![]), Err(Failure::Unknown(_))));
    }

    #[test]
    fn the_beginning_of_two_ids_names_both() {
        let error = one("0123", vec![waiting(A)], vec![settled(B)]).unwrap_err().to_string();
        assert!(error.contains(A) && error.contains(B), "{error}");
    }

    #[test]
    fn what_is_settled_while_one_looks_is_one_request() {
        assert_eq!(one("01", vec![waiting(A)], vec![settled(A)]).unwrap(), Found::Settled(settled(A)));
    }
}
