//! The whole agent without a bus: calls go in as messages, replies and signals come out as messages.

mod bench;
mod objects;
mod prompts;
mod reads;
mod store;
