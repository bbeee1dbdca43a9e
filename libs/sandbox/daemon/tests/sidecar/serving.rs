//! What a client gets.

use std::fs;

use crate::world::{Client, Daemon, Folder, processes_with, shell, until};
use serde_json::{Value, json};

fn code(error: &Value) -> &str {
    error["data"]["code"].as_str().unwrap_or_default()
}

fn opened() -> (Daemon, Client, Folder, u64) {
    let (daemon, workspace) = (Daemon::start(), Folder::new());
    let mut client = daemon.client();
    let sandbox = client.open(&workspace.0, &json!({}));
    (daemon, client, workspace, sandbox)
}

#[test]
fn a_command_s_output_and_end_are_told() {
    let (_daemon, mut client, _workspace, sandbox) = opened();
    let (ended, stdout, stderr) = client.run(sandbox, "echo out; echo err >&2; exit 3");
    assert_eq!((&stdout[..], &stderr[..]), (&b"out\n"[..], &b"err\n"[..]));
    assert_eq!(ended["exitCode"], 3);
    assert_eq!(ended["signal"], Value::Null);
    assert_eq!(ended["truncated"], false);
    assert!(ended["durationMs"].as_f64().unwrap() > 0.0);
    assert_eq!(ended["violations"], json!([]));
}

#[test]
fn opening_tells_what_holds() {
    let (daemon, workspace) = (Daemon::start(), Folder::new());
    let mut client = daemon.client();
    let opened = client.call("open", json!({ "workspace": workspace.0 }));
    assert_eq!(opened["workspace"], json!(workspace.0));
    assert_eq!(opened["enforcement"]["backend"], "linux");
    assert!(["full", "kernel"].contains(&opened["level"].as_str().unwrap()));
}

#[test]
fn input_is_read_and_limits_hold() {
    let (_daemon, mut client, _workspace, sandbox) = opened();
    let mut params = shell(sandbox, 7, "cat; sleep 60");
    params["stdin"] = json!("YWJjCg==");
    params["timeoutMs"] = json!(300);
    client.call("start", params);
    let (ended, stdout, _) = client.ended(7);
    assert_eq!(stdout, b"abc\n");
    assert_eq!(ended["limitHit"], "wallMs");
}

/// `YWJjCg==` is a line of three letters.
#[test]
fn input_comes_in_pieces_and_a_client_that_does_not_wait_for_room_is_told() {
    let (_daemon, mut client, _workspace, sandbox) = opened();
    let mut params = shell(sandbox, 1, "cat");
    params["isOpen"] = json!(true);
    client.call("start", params.clone());
    for last in [false, true] {
        let piece = json!({ "run": 1, "data": "YWJjCg==", "isLast": last });
        assert_eq!(client.call("input", piece)["hasRoom"], true);
    }
    let (ended, stdout, _) = client.ended(1);
    assert_eq!(
        (&ended["exitCode"], &stdout[..]),
        (&json!(0), &b"abc\nabc\n"[..])
    );
    // An end may be on the way: nothing is said.
    client.call("input", json!({ "run": 1, "data": "YWJjCg==" }));

    params["stdin"] = json!("YWJjCg==");
    assert_eq!(code(&client.fail("start", params)), "INPUT_INVALID");

    let mut deaf = shell(sandbox, 2, "sleep 60");
    deaf["isOpen"] = json!(true);
    client.call("start", deaf);
    let much = json!({ "run": 2, "data": "AAAA".repeat(1 << 19) });
    assert_eq!(client.call("input", much.clone())["hasRoom"], false);
    assert_eq!(code(&client.fail("input", much)), "INPUT_INVALID");
    client.call("kill", json!({ "run": 2 }));
    client.ended(2);
}

#[test]
fn variables_are_those_of_the_client_and_never_the_daemon_s() {
    let (daemon, workspace) = (Daemon::start(), Folder::new());
    let mut client = daemon.client();
    let policy = json!({ "env": { "inherit": "core", "pass": ["SECRET_OF_THE_DAEMON"] } });
    let sandbox = client.open(&workspace.0, &policy);
    let params = json!({
        "sandbox": sandbox, "run": 1, "command": "/usr/bin/env",
        "env": { "MINE": "1" },
    });
    client.call("start", params);
    assert_eq!(client.ended(1).1, b"MINE=1\n");
}

#[test]
fn files_are_read_written_listed_and_judged_under_the_policy() {
    let (_daemon, mut client, workspace, sandbox) = opened();
    let at = |path: &str| json!({ "sandbox": sandbox, "path": path });
    client.call(
        "writeFile",
        json!({ "sandbox": sandbox, "path": "a.txt", "data": "aGk=" }),
    );
    assert_eq!(fs::read(workspace.0.join("a.txt")).unwrap(), b"hi");
    assert_eq!(
        client.call("readFile", at("a.txt")),
        json!({ "data": "aGk=" })
    );
    let listed = client.call("list", at("."));
    assert_eq!(
        listed,
        json!({ "entries": [{ "name": "a.txt", "kind": "file" }] })
    );
    let asked = json!({ "sandbox": sandbox, "path": "a.txt", "intent": "delete" });
    let decision = client.call("evaluate", asked.clone());
    assert_eq!(decision["decision"], "needs-confirmation");
    let grant = json!({ "path": "a.txt", "intents": ["delete"] });
    client.call(
        "updateGrants",
        json!({ "sandbox": sandbox, "grants": [grant] }),
    );
    assert_eq!(client.call("evaluate", asked)["decision"], "allow");

    let error = client.fail(
        "writeFile",
        json!({ "sandbox": sandbox, "path": "/etc/x", "data": "" }),
    );
    assert_eq!(code(&error), "ACCESS_DENIED");
    assert_eq!(error["data"]["decision"]["resolvedPath"], "/etc/x");
    assert_eq!(code(&client.fail("readFile", at("b.txt"))), "FILE_MISSING");
    let bounded = json!({ "sandbox": sandbox, "path": "a.txt", "maxBytes": 1 });
    assert_eq!(code(&client.fail("readFile", bounded)), "TOO_LARGE");
}

#[test]
fn what_cannot_be_started_is_an_error_with_a_code() {
    let (_daemon, mut client, _workspace, sandbox) = opened();
    let start = |command: &str, cwd: Option<&str>| json!({ "sandbox": sandbox, "run": 1, "command": command, "cwd": cwd });
    client.call("start", start("/no/such", None));
    assert_eq!(code(&client.ended(1).0["error"]), "COMMAND_NOT_FOUND");
    client.call("start", start("/bin/true", Some("/no/such")));
    assert_eq!(code(&client.ended(1).0["error"]), "CWD_INVALID");
    assert_eq!(
        code(&client.fail("start", start("a\0b", None))),
        "INPUT_INVALID"
    );
    let mut params = start("/bin/true", None);
    params["env"] = json!({ "A=B": "c" });
    assert_eq!(code(&client.fail("start", params)), "INPUT_INVALID");
    // The number is free again.
    assert_eq!(client.run(sandbox, "true").0["exitCode"], 0);
}

#[test]
fn policies_workspaces_and_grants_that_are_none_are_refused() {
    let (daemon, workspace) = (Daemon::start(), Folder::new());
    let mut client = daemon.client();
    let path = &workspace.0;
    for (params, expected) in [
        (
            json!({ "workspace": path, "policy": { "mode": "weak" } }),
            "POLICY_INVALID",
        ),
        (
            json!({ "workspace": path, "policy": { "more": 1 } }),
            "POLICY_INVALID",
        ),
        (json!({ "workspace": "/no/such" }), "WORKSPACE_INVALID"),
        (
            json!({ "workspace": path, "grants": [{}] }),
            "GRANT_INVALID",
        ),
        (json!({ "workspace": path, "more": 1 }), "INPUT_INVALID"),
        (json!({}), "INPUT_INVALID"),
    ] {
        assert_eq!(
            code(&client.fail("open", params.clone())),
            expected,
            "{params}"
        );
    }
}

#[test]
fn another_version_is_refused_with_both_versions() {
    let daemon = Daemon::start();
    let mut client = daemon.stranger();
    let error = client.fail("initialize", json!({ "version": "9.9.9" }));
    assert_eq!(code(&error), "SIDECAR_UNAVAILABLE");
    assert_eq!(error["data"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(error["message"].as_str().unwrap().contains("9.9.9"));
    let early = client.fail("open", json!({ "workspace": "/" }));
    assert_eq!(code(&early), "INPUT_INVALID");
}

#[test]
fn what_is_no_request_is_answered_and_the_next_one_served() {
    let (_daemon, mut client, _workspace, sandbox) = opened();
    for (body, number) in [
        (&b"{"[..], -32700),
        (b"\xff", -32700),
        (b"", -32700),
        (b"[]", -32600),
        (br#"{"jsonrpc":"2.0","id":{},"method":"open"}"#, -32600),
    ] {
        client.send(body);
        let answer = client.receive().unwrap();
        assert_eq!(answer["error"]["code"], number);
        assert_eq!(answer["id"], Value::Null);
        assert_eq!(code(&answer["error"]), "INPUT_INVALID");
    }
    assert_eq!(client.fail("stop", json!({}))["code"], -32601);
    assert_eq!(client.fail("kill", json!({ "run": "a" }))["code"], -32602);
    assert_eq!(client.fail("kill", json!([1]))["code"], -32602);
    assert_eq!(client.run(sandbox, "true").0["exitCode"], 0);
}

#[test]
fn garbage_ends_its_connection_and_no_other() {
    use std::io::Write;
    let (mut daemon, mut client, _workspace, sandbox) = opened();
    let mut seed = 0x9e37_79b9_u32;
    for round in 0..50 {
        let mut other = daemon.stranger();
        let mut garbage: Vec<u8> = (0..5000)
            .map(|_| {
                seed ^= seed << 13;
                seed ^= seed >> 17;
                seed ^= seed << 5;
                seed.to_le_bytes()[0]
            })
            .collect();
        if round % 2 == 0 {
            garbage.splice(..0, *b"Content-Length: 99999999999\r\n\r\n");
        }
        let _ = other.stream.write_all(&garbage);
        let answer = other.receive().unwrap();
        assert_eq!(answer["error"]["code"], -32700);
        assert_eq!(other.receive(), None);
    }
    assert!(!daemon.has_ended());
    assert_eq!(client.run(sandbox, "true").0["exitCode"], 0);
}

#[test]
fn two_clients_do_not_see_each_other() {
    let (daemon, mut first, workspace, sandbox) = opened();
    let mut second = daemon.client();
    let error = second.fail("start", shell(sandbox, 1, "true"));
    assert_eq!(code(&error), "SANDBOX_CLOSED");
    let other = second.open(&workspace.0, &json!({}));
    first.call("start", shell(sandbox, 1, "sleep 0.2; echo first"));
    second.call("start", shell(other, 1, "echo second"));
    assert_eq!(second.ended(1).1, b"second\n");
    assert_eq!(first.ended(1).1, b"first\n");
}

#[test]
fn sixty_four_commands_run_at_once() {
    let (_daemon, mut client, workspace, sandbox) = opened();
    fs::create_dir(workspace.0.join("here")).unwrap();
    // Each waits until all are there.
    let script = "touch here/$0; while [ $(ls here | wc -l) -lt 64 ]; do sleep 0.1; done; echo $0";
    for run in 0..64 {
        let mut params = shell(sandbox, run, script);
        params["args"]
            .as_array_mut()
            .unwrap()
            .push(json!(run.to_string()));
        client.request("start", &params);
    }
    for run in 0..64 {
        let (ended, stdout, stderr) = client.ended(run);
        assert_eq!(ended["exitCode"], 0, "{ended} {}", stderr.escape_ascii());
        assert_eq!(stdout, format!("{run}\n").as_bytes());
    }
}

#[test]
fn a_number_is_taken_as_long_as_its_command_runs() {
    let (_daemon, mut client, _workspace, sandbox) = opened();
    client.call("start", shell(sandbox, 1, "exec sleep 30.0101"));
    let error = client.fail("start", shell(sandbox, 1, "true"));
    assert_eq!(error["code"], -32602);
    client.call("kill", json!({ "run": 1 }));
    assert_eq!(client.ended(1).0["signal"], 15);
    client.call("kill", json!({ "run": 1 }));
}

#[test]
fn closing_a_sandbox_ends_its_commands_and_leaves_others() {
    let (_daemon, mut client, workspace, sandbox) = opened();
    let other = client.open(&workspace.0, &json!({}));
    client.call("start", shell(sandbox, 1, "exec sleep 30.0201"));
    client.call("start", shell(other, 2, "sleep 1; echo on"));
    client.call("close", json!({ "sandbox": sandbox }));
    assert_eq!(client.ended(1).0["signal"], 15);
    assert_eq!(client.ended(2).1, b"on\n");
    let error = client.fail("close", json!({ "sandbox": sandbox }));
    assert_eq!(code(&error), "SANDBOX_CLOSED");
}

#[test]
fn whoever_does_not_read_costs_no_more_memory_than_the_bound() {
    let (daemon, mut client, _workspace, sandbox) = opened();
    let before = daemon.memory("VmRSS");
    let mut params = shell(sandbox, 1, "head -c 100000000 /dev/zero; exec sleep 0.3301");
    params["isListening"] = json!(true);
    client.request("start", &params);
    until("it runs", || processes_with("0.3301") > 0);
    until("it has ended", || processes_with("0.3301") == 0);
    let grown = daemon.memory("VmHWM") - before;
    assert!(grown < 48 << 20, "grown by {grown} bytes");
    let (ended, stdout, _) = client.ended(1);
    assert_eq!(ended["truncated"], true);
    // What the result keeps is all there; of the rest, something is missing.
    assert!(
        (8 << 20..50_000_000).contains(&stdout.len()),
        "{}",
        stdout.len()
    );
}

#[test]
fn a_client_that_reads_gets_all_when_it_listens_and_the_beginning_when_not() {
    let (_daemon, mut client, _workspace, sandbox) = opened();
    let mut params = shell(
        sandbox,
        1,
        "head -c 300000 /dev/zero; head -c 5 /dev/zero >&2",
    );
    params["maxOutputBytes"] = json!(1000);
    client.call("start", params.clone());
    let (ended, stdout, stderr) = client.ended(1);
    assert_eq!((stdout.len(), stderr.len()), (1000, 5));
    assert_eq!(ended["truncated"], true);
    params["isListening"] = json!(true);
    client.call("start", params);
    let (ended, stdout, _) = client.ended(1);
    assert_eq!(stdout.len(), 300_000);
    assert_eq!(ended["truncated"], false);
}

#[test]
fn a_kill_is_heard_of_a_client_that_does_not_read() {
    let (_daemon, mut client, _workspace, sandbox) = opened();
    let mut params = shell(sandbox, 1, "exec cat /dev/zero 30.0301");
    params["args"]
        .as_array_mut()
        .unwrap()
        .push(json!("30.0302"));
    params["isListening"] = json!(true);
    client.request("start", &params);
    until("it runs", || processes_with("30.0301") > 0);
    std::thread::sleep(std::time::Duration::from_millis(300));
    client.request("kill", &json!({ "run": 1 }));
    until("it has ended", || processes_with("30.0301") == 0);
}
