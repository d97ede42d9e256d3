//! The words of the pipeline: what one tool may say to the next.
//!
//! One module a hop, so that a tool which imports only its own hop cannot even spell another's words:
//!
//! | module | from → to | and back |
//! |---|---|---|
//! | [`ask`] | `sd-gate` → `sd-decide` | [`ask::Note`] |
//! | [`fetch`] | `sd-decide` → `sd-fetch` | [`fetch::Note`] |
//! | [`sign`] | `sd-decide` → `sd-sign` | [`sign::Note`] |
//! | [`passphrase`] | `sd-pinentry`, `sd-fetch` → `sd-decide` | [`passphrase::Note`] |
//! | [`record`] | `sd-decide` → `sd-audit` | [`record::Note`] |
//! | [`outcome`] | whoever settles → the requester, through the sink | nothing |
//!
//! What an import is about travels beside its words, in a sealed memfd: [`import`].
//!
//! A message is one `SEQPACKET` packet: one JSON object and a newline, at most [`line::MAX_LINE`] bytes, with
//! file descriptors beside it. No secret is ever part of one: JSON libraries buffer values.
#![forbid(unsafe_code)]

pub mod ask;
pub mod bounded;
pub mod change;
pub mod claims;
pub mod deadline;
pub mod description;
pub mod digest;
pub mod fault;
pub mod fetch;
#[cfg(any(test, fuzzing))]
pub mod hostile;
pub mod id;
pub mod import;
pub mod line;
pub mod metadata;
pub mod outcome;
pub mod parties;
pub mod passphrase;
pub mod path;
pub mod pattern;
pub mod print;
pub mod printable;
pub mod record;
pub mod sign;
