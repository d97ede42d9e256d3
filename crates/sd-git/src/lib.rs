//! What git has signed, read from the bytes alone.
//!
//! A commit names its tree and its parents by hash, so whoever holds the raw parents and the raw trees along the changed
//! paths can say which files it changes, and prove each step by hashing again. [`proof::collect`] gathers these objects
//! on the desktop, from git; [`proof::check`] recomputes every hash on the other side and walks the trees. Both walk by
//! the same code, over different [`objects::Objects`], so what is gathered is what is needed. File contents are never
//! part of it.
//!
//! No I/O and no unsafe code: bytes in, words out.
#![forbid(unsafe_code)]

pub mod bundle;
pub mod change;
mod commit;
pub mod gap;
#[cfg(any(test, fuzzing))]
pub mod hostile;
pub mod objects;
pub mod proof;
mod rename;
pub mod signed;
mod tree;
mod walk;
