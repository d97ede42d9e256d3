//! The ring `chaos`, less its processes: what is done, what a person sees, what may have been released, what a process
//! holds. All of it pure but for `census`, so that a seed gives the same steps each time.

pub mod census;
pub mod dice;
pub mod face;
pub mod judge;
pub mod steps;
