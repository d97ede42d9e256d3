//! The whole agent without a bus: calls go in as messages, replies and signals come out as messages.

mod bench;
mod browsers;
mod changes;
mod dummies;
mod hidden;
mod lists;
mod objects;
mod open;
mod prompts;
mod reads;
mod signals;
mod store;
