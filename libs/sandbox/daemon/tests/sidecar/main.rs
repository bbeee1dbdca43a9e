//! The daemon as clients see it: real ones, on a real socket.
#![cfg(target_os = "linux")]

mod lifetime;
mod serving;
mod world;
