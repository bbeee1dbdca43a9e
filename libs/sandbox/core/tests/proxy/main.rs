//! The proxy over real sockets, with real clients. Nothing leaves the loopback range: names lead to 127.0.0.0/8, and what is
//! refused is never connected to.
#![cfg(target_os = "linux")]

mod addresses;
mod clients;
mod http_attacks;
mod life;
mod machine;
mod support;
mod tunnel_attacks;
