//! The proxy between a real client and a real server on loopback: what passes, what each cause does to the client, and
//! the control API.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

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
    let said = Said::default();
    let heard = Arc::clone(&said);
    let proxy = Proxy {
        name: "proxy".into(),
        listen: LOOPBACK.parse().unwrap(),
        upstream: server().to_string(),
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
        let (running, _) = proxy(vec![Trouble::new(cause)], 10);
        let mut stream = client(&running);
        assert_eq!(ask(&mut stream), Ok(2));
        sleep(MOMENT);
        assert_eq!(ask(&mut stream), Ok(0), "{cause}: the FIN");
        sleep(MOMENT);
        assert_eq!(stream.write(REQUEST).map_err(|error| error.kind()), Err(ErrorKind::BrokenPipe), "{cause}");
    }
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
}

/// What the control API answers: status and body.
fn http(address: SocketAddr, request: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let text = format!(
        "{request} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
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
