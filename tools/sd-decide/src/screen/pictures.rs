//! Pictures of the screen, as a person would see them.
//!
//! The whole ones stand in `pictures/*.txt`; `BLESS=1` writes them anew, and then somebody has to look at them.

mod asks;
mod commits;
mod hostile;
mod lists;
mod modes;
mod pages;
mod prompts;
mod random;
mod scrolling;
mod stage;
