//! Programs that agents run: curl, Python, OpenSSL, Node. One that is missing is skipped with a word.

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use fishplate_sandbox::proxy::Proxy;

use crate::support::{Names, Server, codes, loopback, start, wait_for};

/// A server that speaks TLS, with a certificate of its own for good.test.
struct TlsServer {
    process: Child,
    folder: PathBuf,
    address: SocketAddr,
}

impl TlsServer {
    fn start(name: &str, arguments: &[&str]) -> Option<Self> {
        if !has("openssl") {
            return None;
        }
        let folder = std::env::temp_dir().join(format!("fishplate-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "2",
            ])
            .args([
                "-subj",
                "/CN=good.test",
                "-addext",
                "subjectAltName=DNS:good.test,DNS:evil.test",
            ])
            .args(["-keyout", "key.pem", "-out", "certificate.pem"])
            .current_dir(&folder)
            .output()
            .expect("openssl");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let address = free_address();
        let process = Command::new("openssl")
            .args([
                "s_server",
                "-www",
                "-quiet",
                "-key",
                "key.pem",
                "-cert",
                "certificate.pem",
            ])
            .args(["-accept", &address.to_string()])
            .args(arguments)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a server");
        let server = Self {
            process,
            folder,
            address,
        };
        wait_for("the TLS server", || TcpStream::connect(address).is_ok());
        Some(server)
    }

    fn certificate(&self) -> String {
        self.folder.join("certificate.pem").display().to_string()
    }

    fn proxy(&self) -> Proxy {
        let ip = self.address.ip().to_string();
        let names = Names::new(&[("good.test", &[&[&ip]])]);
        let entries = [
            format!("good.test:{}", self.address.port()),
            self.address.to_string(),
        ];
        start(&entries, &names)
    }

    fn url(&self) -> String {
        format!("https://good.test:{}/", self.address.port())
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind((IpAddr::V4(loopback()), 0)).expect("a listener");
    listener.local_addr().expect("an address")
}

fn has(program: &str) -> bool {
    let found = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    });
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}

/// Runs a program that knows the proxy by its environment, as in a sandbox.
fn run(proxy: &Proxy, program: &str, arguments: &[&str], certificate: Option<&str>) -> Output {
    let url = format!("http://{}", proxy.address());
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
        command.env(name, &url);
    }
    for name in ["no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    if let Some(certificate) = certificate {
        for name in ["CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"] {
            command.env(name, certificate);
        }
    }
    command.output().expect("the program runs")
}

fn text(output: &Output) -> String {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    format!("{out}\n{err}")
}

fn curl(proxy: &Proxy, arguments: &[&str], certificate: Option<&str>) -> (Option<i32>, String) {
    let all = [&["-sS", "--max-time", "20"], arguments].concat();
    let output = run(proxy, "curl", &all, certificate);
    (output.status.code(), text(&output))
}

#[test]
fn curl_speaks_plain_http() {
    if !has("curl") {
        return;
    }
    let server = Server::http();
    let proxy = start(
        &server.entries("good.test"),
        &Names::of("good.test", &server),
    );
    let url = format!("http://good.test:{}/x", server.port());
    let (code, text) = curl(&proxy, &[&url, &url], None);
    assert_eq!(
        (code, text.matches("GET /x HTTP/1.1").count()),
        (Some(0), 2),
        "{text}"
    );
    let (code, text) = curl(&proxy, &["-d", &"x".repeat(5000), &url], None);
    assert!(
        code == Some(0) && text.contains("Content-Length: 5000"),
        "{text}"
    );
    let (code, text) = curl(
        &proxy,
        &["-H", "Transfer-Encoding: chunked", "-d", "abc", &url],
        None,
    );
    assert!(
        code == Some(0) && text.contains("Transfer-Encoding: chunked"),
        "{text}"
    );
    let (code, text) = curl(&proxy, &["-I", &url], None);
    assert!(
        code == Some(0) && text.contains("Content-Length:"),
        "{text}"
    );
    let (code, text) = curl(&proxy, &["-0", &url], None);
    assert_eq!(code, Some(0), "{text}");
    // In a tunnel.
    let (code, text) = curl(&proxy, &["-p", &url, &url], None);
    assert_eq!(
        (code, text.matches("GET /x HTTP/1.1").count()),
        (Some(0), 2),
        "{text}"
    );
    let (code, text) = curl(&proxy, &["-p", "-H", "Host: evil.test", &url], None);
    assert!(
        code == Some(0) && text.contains("asked for evil.test"),
        "{text}"
    );
    let (_, text) = curl(&proxy, &["http://evil.test/"], None);
    assert!(text.contains("add \"evil.test\" to allowDomains"), "{text}");
}

#[test]
fn curl_speaks_tls_of_each_version() {
    let Some(server) = TlsServer::start("curl-tls", &[]).filter(|_| has("curl")) else {
        return;
    };
    let (proxy, url, certificate) = (server.proxy(), server.url(), server.certificate());
    for version in ["1.2", "1.3"] {
        let (code, text) = curl(&proxy, &["--tls-max", version, &url], Some(&certificate));
        assert!(
            code == Some(0) && text.contains(&format!("TLSv{version}")),
            "{text}"
        );
    }
    assert!(proxy.violations().is_empty());
    let (code, text) = curl(&proxy, &["https://evil.test/"], Some(&certificate));
    assert_eq!(code, Some(56), "{text}");
    assert!(text.contains("403"), "{text}");
}

#[test]
fn a_server_that_asks_for_a_second_hello_is_served() {
    // The client offers a share of another group first.
    let arguments = ["-groups", "P-384", "-tls1_3"];
    let Some(server) = TlsServer::start("curl-retry", &arguments).filter(|_| has("curl")) else {
        return;
    };
    let (proxy, url, certificate) = (server.proxy(), server.url(), server.certificate());
    let arguments = ["-v", "--curves", "X25519:P-384", &url];
    let (code, text) = curl(&proxy, &arguments, Some(&certificate));
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(
        text.matches("TLS handshake, Client hello (1)").count(),
        2,
        "{text}"
    );
}

#[test]
fn curl_with_another_name_in_tls_than_in_the_tunnel_is_refused() {
    let Some(server) = TlsServer::start("curl-sni", &[]).filter(|_| has("curl")) else {
        return;
    };
    let (proxy, certificate) = (server.proxy(), server.certificate());
    let connect_to = format!("evil.test:443:good.test:{}", server.address.port());
    let arguments = ["--connect-to", connect_to.as_str(), "https://evil.test/"];
    let (code, text) = curl(&proxy, &arguments, Some(&certificate));
    assert_eq!(code, Some(35), "{text}");
    assert!(text.contains("unrecognized name"), "{text}");
    assert_eq!(codes(&proxy), ["good.test other-host"]);
}

#[test]
fn curl_speaks_socks() {
    let Some(server) = TlsServer::start("curl-socks", &[]).filter(|_| has("curl")) else {
        return;
    };
    let (proxy, certificate) = (server.proxy(), server.certificate());
    let address = proxy.address().to_string();
    let socks = ["--socks5-hostname", address.as_str()];
    let (code, text) = curl(
        &proxy,
        &[&socks[..], &[&server.url()]].concat(),
        Some(&certificate),
    );
    assert_eq!(code, Some(0), "{text}");
    let with_password = format!("socks5h://user:password@{address}");
    let (code, text) = curl(
        &proxy,
        &["-x", &with_password, &server.url()],
        Some(&certificate),
    );
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = curl(&proxy, &[&socks[..], &["http://evil.test/"]].concat(), None);
    assert_eq!(code, Some(97), "{text}");
    let (code, text) = curl(&proxy, &[&socks[..], &["http://127.0.0.1/"]].concat(), None);
    assert_eq!(code, Some(97), "{text}");
}

#[test]
fn python_fetches_by_its_environment() {
    let Some(server) = TlsServer::start("python", &[]).filter(|_| has("python3")) else {
        return;
    };
    let plain = Server::http();
    let ip = plain.address.ip().to_string();
    let tls_ip = server.address.ip().to_string();
    let names = Names::new(&[("plain.test", &[&[&ip]]), ("good.test", &[&[&tls_ip]])]);
    let entries = [
        plain.entries("plain.test"),
        vec![
            format!("good.test:{}", server.address.port()),
            server.address.to_string(),
        ],
    ];
    let proxy = start(&entries.concat(), &names);
    let script = "import sys, urllib.request\nfor url in sys.argv[1:]: print(urllib.request.urlopen(url, timeout=20).status)";
    let url = format!("http://plain.test:{}/", plain.port());
    let output = run(
        &proxy,
        "python3",
        &["-c", script, &url, &server.url()],
        Some(&server.certificate()),
    );
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "200\n200\n",
        "{}",
        text(&output)
    );
    let output = run(
        &proxy,
        "python3",
        &["-c", script, "https://evil.test/"],
        None,
    );
    assert!(
        !output.status.success() && text(&output).contains("403"),
        "{}",
        text(&output)
    );
}

#[test]
fn openssl_without_a_name_is_refused_and_with_one_served() {
    let Some(server) = TlsServer::start("openssl", &[]) else {
        return;
    };
    let proxy = server.proxy();
    let (at, target) = (
        proxy.address().to_string(),
        format!("good.test:{}", server.address.port()),
    );
    let client = |name: &[&str]| {
        let base = [
            "s_client",
            "-proxy",
            at.as_str(),
            "-connect",
            target.as_str(),
        ];
        run(&proxy, "openssl", &[&base[..], name].concat(), None)
    };
    let output = client(&["-servername", "good.test"]);
    assert!(output.status.success(), "{}", text(&output));
    for name in [["-noservername"].as_slice(), &["-servername", "evil.test"]] {
        let output = client(name);
        assert!(
            text(&output).contains("unrecognized name"),
            "{name:?}: {}",
            text(&output)
        );
    }
}

/// The first Node that reads the proxy from its environment has `NODE_USE_ENV_PROXY`; older ones make the tunnel themselves.
#[test]
fn node_fetches_through_a_tunnel() {
    let node = std::env::var("FISHPLATE_TEST_NODE").unwrap_or_else(|_| "node".into());
    let is_there = Path::new(&node).is_file() || has(&node);
    let Some(server) = TlsServer::start("node", &[]).filter(|_| is_there) else {
        return;
    };
    let proxy = server.proxy();
    let script = r"
const [url, proxy] = process.argv.slice(-2), target = new URL(url)
const [major, minor] = process.versions.node.split('.').map(Number)
const hasEnv = major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21)
const fail = (error) => { console.log('failed ' + (error.cause?.message ?? error.message)); process.exit(1) }
if (hasEnv) {
  fetch(url).then((response) => console.log('status ' + response.status), fail)
} else {
  const [host, port] = proxy.split(':')
  require('http').request({ host, port, method: 'CONNECT', path: target.hostname + ':' + (target.port || 443) })
    .on('connect', (response, socket) => {
      if (response.statusCode !== 200) fail(new Error('tunnel ' + response.statusCode))
      const secure = require('tls').connect({ socket, servername: target.hostname })
      secure.on('error', fail).on('data', (data) => console.log('status ' + String(data).split(' ')[1]))
      secure.write('GET / HTTP/1.0\r\n\r\n')
    }).on('error', fail).end()
}";
    let fetch = |url: &str| {
        let address = proxy.address().to_string();
        let mut command = Command::new(&node);
        command
            .args(["-e", script, url, &address])
            .stdin(Stdio::null());
        let via = format!("http://{address}");
        command
            .env("HTTP_PROXY", &via)
            .env("HTTPS_PROXY", &via)
            .env("NODE_USE_ENV_PROXY", "1");
        command
            .env("NODE_EXTRA_CA_CERTS", server.certificate())
            .env_remove("NO_PROXY")
            .env_remove("no_proxy");
        text(&command.output().expect("node"))
    };
    let answer = fetch(&server.url());
    assert!(answer.contains("status 200"), "{answer}");
    let answer = fetch("https://evil.test/");
    assert!(
        answer.contains("403") || answer.contains("failed"),
        "{answer}"
    );
    assert_eq!(codes(&proxy), ["evil.test not-listed"]);
}
