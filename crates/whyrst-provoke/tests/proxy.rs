//! The proxy between a real client and a real server on loopback: what passes, what each cause does to the client, and
//! the control API.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::Linger;
use whyrst_provoke::{After, Cause, ProvokeError, Proxy, Running, Share, Trouble, control};

const LOOPBACK: &str = "127.0.0.1:0";
const MOMENT: Duration = Duration::from_millis(150);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// A server that answers `ok` to whatever comes, on any number of connections.
fn server() -> SocketAddr {
    let listener = TcpListener::bind(LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while matches!(stream.read(&mut buffer), Ok(1..)) && stream.write_all(b"ok").is_ok() {}
            });
        }
    });
    address
}

type Said = Arc<Mutex<Vec<String>>>;

fn proxy(troubles: Vec<Trouble>, most: usize) -> (Running, Said) {
    proxy_to(server(), troubles, most)
}

fn proxy_to(upstream: SocketAddr, troubles: Vec<Trouble>, most: usize) -> (Running, Said) {
    let said = Said::default();
    let heard = Arc::clone(&said);
    let proxy = Proxy {
        name: "proxy".into(),
        listen: LOOPBACK.parse().unwrap(),
        upstream: upstream.to_string(),
        most,
        seed: 1,
    };
    let sink = move |report: &whyrst_model::provoke::ProvokedReport<'_>| {
        heard.lock().unwrap().push(format!("{} {}", report.what, report.cause.as_deref().unwrap_or_default()));
    };
    (proxy.run(troubles, Arc::new(sink)).unwrap(), said)
}

fn client(running: &Running) -> TcpStream {
    let stream = TcpStream::connect(running.listen()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream
}

/// One request, and how it ended: the answer's length, or the error's kind.
fn ask(stream: &mut TcpStream) -> Result<usize, ErrorKind> {
    stream.write_all(REQUEST).map_err(|error| error.kind())?;
    stream.read(&mut [0; 4096]).map_err(|error| error.kind())
}

/// Closes with RST.
fn break_off(stream: TcpStream) {
    setsockopt(&stream, Linger, &nix::libc::linger { l_onoff: 1, l_linger: 0 }).unwrap();
    drop(stream);
}

/// A client at the proxy, and what the upstream has accepted for it.
fn both_ends() -> (Running, TcpStream, TcpStream) {
    let upstream = TcpListener::bind(LOOPBACK).unwrap();
    let (running, _) = proxy_to(upstream.local_addr().unwrap(), vec![], 10);
    let client = client(&running);
    let (server, _) = upstream.accept().unwrap();
    server.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    (running, client, server)
}

fn assert_soon(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(3);
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_reset_is_passed_on_as_a_reset_both_ways() {
    let (_running, mut client, mut server) = both_ends();
    server.write_all(b"ok").unwrap();
    sleep(MOMENT);
    break_off(server);
    assert_eq!(client.read(&mut [0; 2]).unwrap(), 2, "what was carried before arrives");
    assert_eq!(client.read(&mut [0; 2]).map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));
    let (_running, client, mut server) = both_ends();
    break_off(client);
    assert_eq!(server.read(&mut [0; 2]).map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));
}

#[test]
fn a_client_that_has_closed_its_side_and_breaks_off_ends_the_connection() {
    let (running, mut client, mut server) = both_ends();
    client.write_all(b"x").unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!((server.read(&mut [0; 9]).unwrap(), server.read(&mut [0; 9]).unwrap()), (1, 0));
    break_off(client);
    assert_soon("the connection has ended", || running.counts().open == 0);
}

#[test]
fn a_client_that_breaks_off_while_the_upstream_takes_nothing_ends_the_connection() {
    let (running, mut client, _server) = both_ends();
    client.set_nonblocking(true).unwrap();
    // Until all buffers are full, and stay so.
    let mut last = Instant::now();
    while last.elapsed() < MOMENT * 3 {
        if client.write(&[0; 16_384]).is_ok() {
            last = Instant::now();
        }
        sleep(Duration::from_millis(1));
    }
    break_off(client);
    assert_soon("the connection has ended", || running.counts().open == 0);
}

#[test]
fn an_upstream_that_takes_what_came_before_the_fins_late_has_it_all() {
    let (running, mut client, mut server) = both_ends();
    client.set_nonblocking(true).unwrap();
    let (mut last, mut written) = (Instant::now(), 0);
    while last.elapsed() < MOMENT * 2 {
        if let Ok(count) = client.write(&[0; 16_384]) {
            (last, written) = (Instant::now(), written + count);
        }
        sleep(Duration::from_millis(1));
    }
    client.shutdown(std::net::Shutdown::Write).unwrap();
    server.shutdown(std::net::Shutdown::Write).unwrap();
    client.set_nonblocking(false).unwrap();
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    let mut all = Vec::new();
    server.read_to_end(&mut all).unwrap();
    assert_eq!(all.len(), written);
    assert_soon("the connection has ended", || running.counts().open == 0);
}

#[test]
fn a_burst_waits_in_the_queue_and_not_for_seconds() {
    // The first one takes the only place, so that nothing is accepted after it.
    let (running, _) = proxy(vec![], 1);
    let mut first = client(&running);
    assert_eq!(ask(&mut first), Ok(2));
    let soon = Duration::from_millis(900);
    let waiting: Vec<_> = (0..300).map(|_| TcpStream::connect_timeout(&running.listen(), soon).is_ok()).collect();
    assert!(waiting.iter().all(|connected| *connected), "a SYN was dropped");
}

#[test]
fn what_is_not_struck_passes_untouched_both_ways_and_ends_in_order() {
    let (running, said) = proxy(vec![], 10);
    let mut stream = client(&running);
    for _ in 0..3 {
        assert_eq!(ask(&mut stream), Ok(2));
    }
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0; 10]).unwrap(), 0);
    assert!(said.lock().unwrap().is_empty());
}

#[test]
fn the_request_after_those_that_pass_is_reset() {
    for cause in [Cause::CloseUnread, Cause::LingerZero, Cause::ExitUnread] {
        let (running, said) = proxy(vec![Trouble { after: After::Requests(2), ..Trouble::new(cause) }], 10);
        let mut stream = client(&running);
        assert_eq!((ask(&mut stream), ask(&mut stream)), (Ok(2), Ok(2)), "{cause}");
        assert_eq!(ask(&mut stream), Err(ErrorKind::ConnectionReset), "{cause}");
        sleep(MOMENT);
        assert_eq!(*said.lock().unwrap(), [format!("provoked {cause}")]);
        assert_eq!((running.counts().provoked, running.counts().failed), (1, 0));
    }
}

#[test]
fn between_requests_the_connection_is_closed_and_the_next_request_is_reset() {
    for cause in [Cause::DataAfterClose, Cause::StaleConnection] {
        let (running, said) = proxy(vec![Trouble::new(cause)], 10);
        let mut stream = client(&running);
        assert_eq!(ask(&mut stream), Ok(2));
        sleep(MOMENT);
        assert_eq!(ask(&mut stream), Ok(0), "{cause}: the FIN");
        assert_eq!((running.counts().provoked, running.counts().closed), (0, 1), "{cause}");
        assert_eq!(*said.lock().unwrap(), [format!("closed {cause}")]);
        sleep(MOMENT);
        assert_eq!(stream.write(REQUEST).map_err(|error| error.kind()), Err(ErrorKind::BrokenPipe), "{cause}");
    }
}

#[test]
fn a_client_that_never_pauses_is_broken_off_all_the_same() {
    let linger = Trouble { after: After::Bytes(65_536), ..Trouble::new(Cause::LingerZero) };
    let (running, _) = proxy(vec![linger], 10);
    let mut stream = client(&running);
    let began = Instant::now();
    let error = loop {
        if let Err(error) = stream.write_all(&[0; 1_000]) {
            break error.kind();
        }
        assert!(began.elapsed() < Duration::from_secs(3), "it is read for ever");
        sleep(Duration::from_millis(1));
    };
    assert!([ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error), "{error}");
}

#[test]
fn a_port_that_another_program_has_taken_meanwhile_is_said_once() {
    let soon = Trouble {
        after: After::Time(Duration::ZERO),
        lasting: Duration::from_millis(400),
        ..Trouble::new(Cause::ClosedPort)
    };
    let (running, said) = proxy(vec![soon], 10);
    sleep(MOMENT);
    let other = TcpListener::bind(running.listen()).unwrap();
    sleep(MOMENT * 5);
    assert_eq!(*said.lock().unwrap(), ["closed closed-port", "cannot-listen "]);
    drop(other);
    sleep(MOMENT);
    assert_eq!(ask(&mut client(&running)), Ok(2));
}

#[test]
fn silence_is_aborted_and_not_a_connection_in_use() {
    let idle = Trouble { after: After::Time(Duration::from_millis(400)), ..Trouble::new(Cause::AppIdleTimeout) };
    let (running, _) = proxy(vec![idle], 10);
    let mut stream = client(&running);
    for _ in 0..4 {
        assert_eq!(ask(&mut stream), Ok(2));
        sleep(MOMENT);
    }
    sleep(MOMENT * 4);
    assert_eq!(stream.read(&mut [0; 10]).map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));
}

#[test]
fn an_answer_comes_before_the_request_was_read() {
    let (running, _) = proxy(vec![Trouble::new(Cause::EarlyAnswer)], 10);
    let mut stream = client(&running);
    stream.write_all(REQUEST).unwrap();
    sleep(MOMENT);
    let mut answer = [0; 4096];
    // The RST follows the answer at once, and may be there first.
    match stream.read(&mut answer) {
        Ok(count) => assert!(answer[..count].starts_with(b"HTTP/1.1 413"), "{count}"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

#[test]
fn a_share_of_the_connections_is_struck_and_the_same_seed_strikes_the_same() {
    let draw = || {
        let some = Trouble { share: Share::of(0.3).unwrap(), ..Trouble::new(Cause::CloseUnread) };
        let (running, _) = proxy(vec![some], 10);
        (0..40).map(|_| ask(&mut client(&running)).is_err()).collect::<Vec<_>>()
    };
    let first = draw();
    let struck = first.iter().filter(|struck| **struck).count();
    assert!((4..=22).contains(&struck), "{struck} of 40");
    assert_eq!(first, draw());
}

#[test]
fn a_port_is_closed_for_a_while_and_listens_again() {
    let soon = Trouble { after: After::Time(Duration::ZERO), ..Trouble::new(Cause::ClosedPort) };
    let (running, _) = proxy(vec![soon], 10);
    sleep(MOMENT * 2);
    let refused = TcpStream::connect(running.listen()).map(drop).map_err(|error| error.kind());
    assert_eq!(refused, Err(ErrorKind::ConnectionRefused));
    sleep(Duration::from_millis(2_300));
    assert_eq!(ask(&mut client(&running)), Ok(2));
}

#[test]
fn no_more_connections_than_said_are_carried_at_a_time() {
    let (running, said) = proxy(vec![], 2);
    let mut open: Vec<TcpStream> = (0..2).map(|_| client(&running)).collect();
    for stream in &mut open {
        assert_eq!(ask(stream), Ok(2));
    }
    let mut third = client(&running);
    third.set_read_timeout(Some(MOMENT)).unwrap();
    assert_eq!(ask(&mut third), Err(ErrorKind::WouldBlock));
    assert_eq!(*said.lock().unwrap(), ["full "]);
    open.clear();
    third.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert_eq!(third.read(&mut [0; 10]).unwrap(), 2);
}

#[test]
fn an_upstream_that_is_gone_is_said_and_the_client_is_closed() {
    let gone = TcpListener::bind(LOOPBACK).unwrap().local_addr().unwrap();
    let said = Said::default();
    let heard = Arc::clone(&said);
    let proxy =
        Proxy { name: "proxy".into(), listen: LOOPBACK.parse().unwrap(), upstream: gone.to_string(), most: 2, seed: 1 };
    let sink = move |report: &whyrst_model::provoke::ProvokedReport<'_>| {
        heard.lock().unwrap().push(report.text.to_string());
    };
    let running = proxy.run(vec![], Arc::new(sink)).unwrap();
    assert_eq!(ask(&mut client(&running)), Ok(0));
    assert!(said.lock().unwrap()[0].contains("Connection refused"), "{said:?}");
}

#[test]
fn a_port_that_is_taken_and_an_upstream_that_is_the_proxy_are_refused() {
    let taken = TcpListener::bind(LOOPBACK).unwrap().local_addr().unwrap();
    let other = TcpListener::bind(taken).unwrap();
    let at = |upstream: SocketAddr| Proxy {
        name: "proxy".into(),
        listen: taken,
        upstream: upstream.to_string(),
        most: 2,
        seed: 1,
    };
    let error = at(server()).run(vec![], Arc::new(|_| {})).unwrap_err();
    assert!(matches!(error, ProvokeError::Listen { .. }), "{error}");
    drop(other);
    let error = at(taken).run(vec![], Arc::new(|_| {})).unwrap_err();
    assert!(matches!(error, ProvokeError::Itself(_)), "{error}");
    let everywhere = SocketAddr::from(([0, 0, 0, 0], taken.port()));
    let error = Proxy { listen: everywhere, ..at(taken) }.run(vec![], Arc::new(|_| {})).unwrap_err();
    assert!(matches!(error, ProvokeError::Itself(_)), "{error}");
}

/// What the control API answers: status and body.
fn http(address: SocketAddr, request: &str, headers: &str, body: &str) -> (u16, String) {
    http_to(address, "127.0.0.1", request, headers, body)
}

fn http_to(address: SocketAddr, host: &str, request: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let text = format!(
        "{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[test]
fn the_control_api_adds_shows_changes_and_removes() {
    let (running, _) = proxy(vec![], 10);
    let api = control(LOOPBACK.parse().unwrap(), &running).unwrap();
    let toxics = "/proxies/proxy/toxics";
    let unread = r#"{"type": "close-unread", "toxicity": 1.0, "attributes": {"after": "1-requests"}}"#;
    assert_eq!(http(api, &format!("POST {toxics}"), "", unread).0, 200);
    assert_eq!(http(api, &format!("POST {toxics}"), "", unread).0, 409);
    let mut stream = client(&running);
    assert_eq!((ask(&mut stream), ask(&mut stream)), (Ok(2), Err(ErrorKind::ConnectionReset)));
    let changed = http(api, &format!("POST {toxics}/close-unread"), "", r#"{"toxicity": 0}"#);
    assert_eq!(changed.0, 200);
    assert!(changed.1.contains("\"after\":\"1-requests\""), "{}", changed.1);
    let mut stream = client(&running);
    assert_eq!((ask(&mut stream), ask(&mut stream)), (Ok(2), Ok(2)));
    assert!(http(api, "GET /proxies", "", "").1.contains("close-unread"));
    assert_eq!(http(api, &format!("DELETE {toxics}/close-unread"), "", "").0, 204);
    assert_eq!(http(api, &format!("DELETE {toxics}/close-unread"), "", "").0, 404);
    assert_eq!(http(api, "POST /proxies/proxy", "", r#"{"enabled": false}"#).0, 200);
    sleep(MOMENT * 2);
    assert!(TcpStream::connect(running.listen()).is_err());
    assert_eq!(http(api, "POST /reset", "", "").0, 204);
    sleep(MOMENT * 2);
    assert_eq!(ask(&mut client(&running)), Ok(2));
}

#[test]
fn the_control_api_says_what_is_wrong_and_is_not_for_browsers() {
    let (running, _) = proxy(vec![], 10);
    assert!(matches!(control("0.0.0.0:0".parse().unwrap(), &running), Err(ProvokeError::ControlBeyond(_))));
    let api = control(LOOPBACK.parse().unwrap(), &running).unwrap();
    let add = |body: &str| http(api, "POST /proxies/proxy/toxics", "", body);
    for (body, words) in [
        (r#"{"type": "linger-zer0"}"#, "did you mean linger-zero?"),
        (r#"{"type": "linger-zero", "toxicity": 2}"#, "from 0 to 1"),
        (r#"{"type": "linger-zero", "attributes": {"after": "soon"}}"#, "3-requests"),
        (r#"{"type": "linger-zero", "stream": "upstream"}"#, "downstream"),
        (r#"{"type": "linger-zero", "name": "\u001b[31m"}"#, "a name has"),
        ("[", "EOF"),
        ("{}", "needs its type"),
    ] {
        let (status, answer) = add(body);
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(answer.contains(words), "{body}: {answer}");
    }
    assert_eq!(add(&format!("{{\"type\": \"{}\"}}", "x".repeat(20_000))).0, 413);
    assert_eq!(http(api, "GET /proxies/other", "", "").0, 404);
    assert_eq!(http(api, "GET /proxies", "Origin: http://evil.example\r\n", "").0, 403);
}

#[test]
fn a_changed_toxic_keeps_what_was_not_said_again() {
    let (running, _) = proxy(vec![], 10);
    let api = control(LOOPBACK.parse().unwrap(), &running).unwrap();
    let toxics = "/proxies/proxy/toxics";
    let late = r#"{"type": "close-unread", "attributes": {"after": "7-requests"}}"#;
    assert_eq!(http(api, &format!("POST {toxics}"), "", late).0, 200);
    for body in [
        r#"{"toxicity": 0.5}"#,
        r#"{"type": "close-unread", "toxicity": 0.5}"#,
        r#"{"type": "linger-zero", "toxicity": 0.5}"#,
    ] {
        let (status, answer) = http(api, &format!("POST {toxics}/close-unread"), "", body);
        assert_eq!(status, 200, "{answer}");
        assert!(answer.contains(r#""after":"7-requests""#) && answer.contains("0.5"), "{body}: {answer}");
    }
    let closed = r#"{"type": "closed-port", "attributes": {"after": "1min", "for": "8s"}}"#;
    let (status, answer) = http(api, &format!("POST {toxics}"), "", closed);
    assert!(status == 200 && answer.contains(r#""for":"8000ms""#), "{answer}");
}

#[test]
fn what_the_control_api_does_not_know_it_refuses_in_json() {
    let (running, _) = proxy(vec![], 10);
    let api = control(LOOPBACK.parse().unwrap(), &running).unwrap();
    let toxics = "POST /proxies/proxy/toxics";
    for (request, body, words) in [
        (toxics, r#"{"type": "linger-zero", "attributes": {"latency": 5}}"#, "latency"),
        (toxics, r#"{"type": "linger-zero", "toxcity": 0.1}"#, "toxcity"),
        (toxics, r#"{"type": "linger-zero", "attributes": {"for": "2s"}}"#, "closed-port"),
        (toxics, r#"{"type": "closed-port", "attributes": {"for": "soon"}}"#, "for is a time"),
        ("POST /proxies/proxy", r#"{"enabled": false, "enable": true}"#, "enable"),
        ("POST /proxies/proxy", r#"{"enabled": true, "upstream": "127.0.0.1:1"}"#, "upstream cannot be changed"),
    ] {
        let (status, answer) = http(api, request, "", body);
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(answer.contains(words) && answer.contains(r#""status":400"#), "{body}: {answer}");
    }
    // As a client of toxiproxy says it.
    let whole = format!(
        r#"{{"name": "proxy", "listen": "{}", "upstream": "{}", "enabled": true}}"#,
        running.listen(),
        http(api, "GET /proxies/proxy", "", "").1.split(r#""upstream":""#).nth(1).unwrap().split('"').next().unwrap()
    );
    assert_eq!(http(api, "POST /proxies/proxy", "", &whole).0, 200);
    let long = "x".repeat(20_000);
    for (request, body, status) in [
        ("GET /elsewhere", "", 404),
        ("PUT /proxies", "", 405),
        (toxics, long.as_str(), 413),
        ("GET /proxies/x", "", 404),
    ] {
        let (got, answer) = http(api, request, "", body);
        assert_eq!(got, status, "{request}");
        assert!(answer.contains(&format!(r#""status":{status}"#)), "{request}: {answer}");
    }
    assert_eq!(http_to(api, "LOCALHOST", "GET /proxies", "", "").0, 200);
    assert_eq!(http_to(api, "localhost.example", "GET /proxies", "", "").0, 403);
}

#[test]
fn a_reset_calls_off_what_is_pending() {
    let now = After::Time(Duration::ZERO);
    let troubles =
        vec![Trouble::new(Cause::CloseUnread), Trouble { after: now, ..Trouble::new(Cause::ListenerClosePending) }];
    let (running, said) = proxy(troubles, 10);
    let api = control(LOOPBACK.parse().unwrap(), &running).unwrap();
    sleep(MOMENT);
    // The listener waits for somebody whom it takes with it.
    assert_eq!(http(api, "POST /reset", "", "").0, 204);
    sleep(MOMENT);
    assert_eq!(ask(&mut client(&running)), Ok(2));
    // A connection has drawn what it is to meet.
    let unread = r#"{"type": "close-unread", "attributes": {"after": "1-requests"}}"#;
    assert_eq!(http(api, "POST /proxies/proxy/toxics", "", unread).0, 200);
    let mut stream = client(&running);
    assert_eq!(ask(&mut stream), Ok(2));
    assert_eq!(http(api, "POST /reset", "", "").0, 204);
    assert_eq!(ask(&mut stream), Ok(2));
    // A port that is closed opens.
    let closed = r#"{"type": "closed-port", "attributes": {"after": "0ms", "for": "1min"}}"#;
    assert_eq!(http(api, "POST /proxies/proxy/toxics", "", closed).0, 200);
    sleep(MOMENT * 2);
    assert!(TcpStream::connect(running.listen()).is_err());
    assert_eq!(http(api, "POST /reset", "", "").0, 204);
    sleep(MOMENT * 2);
    assert_eq!(ask(&mut client(&running)), Ok(2));
    assert_eq!(*said.lock().unwrap(), ["closed closed-port"]);
}

#[test]
fn a_proxy_that_is_full_stops_listening_as_well() {
    let (running, _) = proxy(vec![], 1);
    let api = control(LOOPBACK.parse().unwrap(), &running).unwrap();
    let mut only = client(&running);
    assert_eq!(ask(&mut only), Ok(2));
    let _waiting = client(&running);
    sleep(MOMENT);
    assert_eq!(http(api, "POST /proxies/proxy", "", r#"{"enabled": false}"#).0, 200);
    sleep(MOMENT * 2);
    assert!(TcpStream::connect(running.listen()).is_err());
    assert_eq!(ask(&mut only), Ok(2), "what is open stays");
}
