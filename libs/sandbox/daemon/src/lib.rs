//! The sidecar of the sandbox track: sandboxes over a Unix socket, by JSON-RPC 2.0. The protocol is docs/formats/sandboxd.md.
//!
//! | thread | does |
//! | --- | --- |
//! | one that accepts | lets in whoever is of the same user, up to a bound |
//! | one that reads, for each client | calls methods in their order; when the client is gone, ends all that it runs |
//! | one that writes, for each client | takes from a bounded queue, so that nobody else waits for a client |
//! | up to four for files, for each client | read, write and list |
//! | the supervisor's | watches over all commands, and fills the queues without waiting |
#![deny(missing_docs)]

#[cfg(unix)]
mod connection;
#[cfg(unix)]
mod endpoint;
pub mod fault;
pub mod frame;
mod input;
pub mod message;
pub mod options;
pub mod outgoing;
#[cfg(unix)]
mod peer;
mod pump;
mod run;
#[cfg(unix)]
pub mod server;
pub mod session;
