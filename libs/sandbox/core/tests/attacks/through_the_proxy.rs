//! Ways round the proxy of named hosts, where only ports tell it from other services of the host.

use std::net::TcpListener;

use crate::arena::{self, World};

/// Landlock is asked about `connect`, and not about data that is sent to make a connection.
#[test]
fn no_connection_is_made_by_sending_first() {
    for mode in arena::modes() {
        let world = World::new(mode);
        let service = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = service.local_addr().expect("it has one").port();
        for call in [
            format!("s.sendto(b'x', socket.MSG_FASTOPEN, ('127.0.0.1', {port}))"),
            format!("s.sendmsg([b'x'], [], socket.MSG_FASTOPEN, ('127.0.0.1', {port}))"),
        ] {
            let script = format!("import socket; s = socket.socket(); {call}; print('OK')");
            let command = ["/usr/bin/python3", "-c", &script];
            let plain = world.plain(&command, &[]);
            if plain.stdout != b"OK\n" {
                arena::skip("sending first", "the kernel is told not to");
                continue;
            }
            let policy = serde_json::json!({
                "require": "none",
                "network": { "allowDomains": ["example.com"] },
            });
            let confined = world.confined(&policy, &command, &[]);
            assert_eq!(
                confined.told["exitCode"],
                1,
                "{mode:?}: {}",
                confined.stderr()
            );
            assert_eq!(confined.stdout(), "", "{mode:?}: {call}");
        }
    }
}
