//! The pieces of `sd-rig`, which runs the whole of Secrets Dispatcher for one command, and of the
//! test rings that need processes.
//!
//! Two processes guard one another: the *front* is what was called, the *keeper* (its child) runs
//! everything else. Whichever is killed, the other kills what is left and removes the files.
#![forbid(unsafe_code)]

pub mod activation;
pub mod answer;
pub mod await_backend;
pub mod backend;
pub mod bus;
pub mod caller_terminal;
pub mod chaos;
pub mod cli;
pub mod descendants;
pub mod descriptors;
pub mod environment;
pub mod failure;
pub mod front;
pub mod keeper;
pub mod keyboard;
pub mod launch;
pub mod launched;
pub mod notify;
pub mod output;
pub mod people;
pub mod run_dir;
pub mod screen;
pub mod supervision;
pub mod tools;
pub mod vt;
