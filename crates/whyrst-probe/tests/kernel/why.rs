//! Why, by what sockets and processes went through: an idle close that met the next request, a client that left, who had
//! listened, what memory ran out for.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::socket::{setsockopt, sockopt};
use whyrst_core::deaths::Deaths;
use whyrst_core::language::Language;
use whyrst_core::outcome::Outcome;
use whyrst_core::report::style::Style;
use whyrst_core::report::text::View;
use whyrst_core::report::{Context, text};
use whyrst_core::time::Span;
use whyrst_core::verdict::{Confidence, Judgement, judge};

use super::{LISTEN, MOMENT, Python, Stage, pair, receiver, sender, stage, verdict};

/// Longer than any round trip; no idle timeout in use is shorter.
const IDLE: Duration = Duration::from_millis(1_300);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A connection that has served one request.
fn served() -> (TcpListener, TcpStream, TcpStream) {
    let (listener, mut client, mut server) = pair();
    exchange(&mut client, &mut server);
    (listener, client, server)
}

fn exchange(client: &mut TcpStream, server: &mut TcpStream) {
    client.write_all(REQUEST).unwrap();
    server.read_exact(&mut [0; REQUEST.len()]).unwrap();
    server.write_all(ANSWER).unwrap();
    client.read_exact(&mut [0; ANSWER.len()]).unwrap();
}

fn report(outcome: &Outcome) -> String {
    let context = Context { files: vec![String::new()], zone: jiff::tz::TimeZone::UTC, language: Language::English };
    text::report(outcome, &context, Style::Plain, View { width: 120, ..View::PIPED })
}

fn why(judgement: &Judgement) -> Vec<&'static str> {
    judgement.reasons.iter().map(|reason| reason.cause.id).collect()
}

#[test]
#[ignore = "needs root and BPF"]
fn a_request_that_was_unread_when_an_idle_connection_was_closed_met_that() {
    let mut stage = stage();
    let (_listener, mut client, server) = served();
    std::thread::sleep(IDLE);
    client.write_all(REQUEST).unwrap();
    drop(server);
    let (outcome, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("keepalive-race", Confidence::Likely), "{judgement:#?}");
    assert_eq!(judgement.mechanism.as_ref().map(|how| how.cause.id), Some("close-unread"));
    let text = report(&outcome);
    assert!(text.contains("had been idle for 1.") && text.contains("27 bytes unread"), "{text}");
}

#[test]
#[ignore = "needs root and BPF"]
fn a_request_that_came_with_the_close_of_an_idle_connection_met_that() {
    let mut stage = stage();
    let (_listener, mut client, server) = served();
    std::thread::sleep(IDLE);
    let closed = Instant::now();
    drop(server);
    client.write_all(REQUEST).unwrap();
    assert!(closed.elapsed() < Duration::from_millis(15), "too busy to meet");
    let (_, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("keepalive-race", Confidence::Likely), "{judgement:#?}");
    assert_eq!(judgement.mechanism.as_ref().map(|how| how.cause.id), Some("data-after-close"));
}

#[test]
#[ignore = "needs root and BPF"]
fn a_connection_in_use_that_is_closed_with_data_unread_is_no_race() {
    let mut stage = stage();
    let (_listener, mut client, server) = served();
    std::thread::sleep(2 * MOMENT);
    client.write_all(REQUEST).unwrap();
    drop(server);
    let (_, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("close-unread", Confidence::Certain));
    assert!(!why(&judgement).contains(&"keepalive-race"), "{judgement:#?}");
}

#[test]
#[ignore = "needs root and BPF"]
fn a_request_that_lay_unread_for_long_is_no_race() {
    let mut stage = stage();
    let (_listener, mut client, server) = served();
    std::thread::sleep(IDLE);
    client.write_all(REQUEST).unwrap();
    std::thread::sleep(2 * MOMENT);
    drop(server);
    let (_, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("close-unread", Confidence::Certain));
    assert!(!why(&judgement).contains(&"keepalive-race"), "{judgement:#?}");
}

#[test]
#[ignore = "needs root and BPF"]
fn a_client_that_leaves_while_the_answer_comes_aborted_it() {
    let mut stage = stage();
    let (_listener, mut client, mut server) = pair();
    client.write_all(REQUEST).unwrap();
    server.read_exact(&mut [0; REQUEST.len()]).unwrap();
    let writer = std::thread::spawn(move || server.write_all(&vec![7; 64 << 20]));
    client.read_exact(&mut [0; 5_000]).unwrap();
    std::thread::sleep(MOMENT);
    drop(client);
    let (outcome, judgement) = stage.told();
    writer.join().unwrap().unwrap_err();
    assert_eq!(verdict(&judgement), ("client-abort", Confidence::Likely), "{judgement:#?}");
    assert!(receiver(&outcome).socket.as_ref().unwrap().unsent > 0);
}

#[test]
#[ignore = "needs root and BPF"]
fn a_client_that_leaves_between_two_parts_of_the_answer_aborted_it() {
    let mut stage = stage();
    let (_listener, mut client, mut server) = pair();
    client.write_all(REQUEST).unwrap();
    server.read_exact(&mut [0; REQUEST.len()]).unwrap();
    for _ in 0..8 {
        server.write_all(&[7; 2_000]).unwrap();
        client.read_exact(&mut [0; 2_000]).unwrap();
        std::thread::sleep(MOMENT);
    }
    drop(client);
    std::thread::sleep(MOMENT / 2);
    server.write_all(&[7; 2_000]).unwrap();
    let (_, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("client-abort", Confidence::Likely), "{judgement:#?}");
}

#[test]
#[ignore = "needs root and BPF"]
fn a_client_that_waited_for_a_round_time_gave_up() {
    let mut stage = stage();
    let (_listener, mut client, mut server) = pair();
    client.write_all(REQUEST).unwrap();
    server.read_exact(&mut [0; REQUEST.len()]).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    client.read_exact(&mut [0]).unwrap_err();
    drop(client);
    std::thread::sleep(4 * MOMENT);
    server.write_all(ANSWER).unwrap();
    let (outcome, judgement) = stage.told();
    assert_eq!(judgement.mechanism.as_ref().map(|how| how.cause.id), Some("data-after-close"));
    // On a busy machine a timer may be later than a round time allows: then it is no more than possible.
    let others = judgement.alternatives.iter().map(|other| other.cause.id);
    let named: Vec<&str> = why(&judgement).into_iter().chain(others).collect();
    assert!(named.contains(&"client-read-timeout"), "{judgement:#?}");
    assert!(report(&outcome).contains("in state ESTABLISHED"), "when its program closed it: {}", report(&outcome));
}

#[test]
#[ignore = "needs root and BPF"]
fn a_monitor_that_aborts_regularly_is_a_health_check() {
    let mut stage = stage();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut deaths = Deaths::default();
    let (mut last, begun) = (None, Instant::now());
    for round in 1..=5 {
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (_server, _) = listener.accept().unwrap();
        setsockopt(&client.as_fd(), sockopt::Linger, &nix::libc::linger { l_onoff: 1, l_linger: 0 }).unwrap();
        drop(client);
        let mut outcome = stage.told().0;
        deaths.note(&mut outcome);
        last = Some(judge(&outcome));
        std::thread::sleep((begun + Duration::from_secs(round)).saturating_duration_since(Instant::now()));
    }
    let judgement = last.unwrap();
    assert_eq!(verdict(&judgement), ("health-check", Confidence::Likely), "{judgement:#?}");
    assert_eq!(judgement.severity, whyrst_core::cause::Severity::Benign);
}

#[test]
#[ignore = "needs root and BPF"]
fn who_had_listened_is_told_with_what_ended_it() {
    let mut stage = stage();
    let (mut server, address) = Python::start(&format!("{LISTEN}time.sleep(60)"));
    server.0.kill().unwrap();
    server.0.wait().unwrap();
    TcpStream::connect(address).unwrap_err();
    let (outcome, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("closed-port", Confidence::Certain));
    let listened = sender(&outcome).listened.as_ref().expect("it is remembered");
    let process = listened.process.as_ref().unwrap();
    assert_eq!((process.pid, process.exit_signal, process.oom_killed), (server.0.id(), Some(9), false));
    assert_eq!(listened.killer.as_ref().map(|killer| killer.pid), Some(std::process::id()));
    let ago = outcome.time().since(listened.until);
    assert!(Span::ZERO <= ago && ago < Span::from_secs(5), "{ago}");
    let text = report(&outcome);
    assert!(text.contains("listened there until it was killed by signal 9"), "{text}");
    assert!(!text.contains("ss -ltnp"), "it is known that nobody listens: {text}");
}

#[test]
#[ignore = "needs root and BPF"]
fn a_listener_that_was_closed_is_told_as_closed() {
    let mut stage = stage();
    let listener = TcpListener::bind("[::]:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    let (outcome, _) = stage.told();
    let process = sender(&outcome).listened.as_ref().and_then(|listened| listened.process.as_ref()).unwrap();
    assert_eq!((process.pid, process.exiting), (std::process::id(), false));
    assert!(report(&outcome).contains("listened there until it closed that socket"));
}

/// A group of processes with little memory. It is gone when this is.
struct Poor(PathBuf);

impl Poor {
    fn make() -> Self {
        let name = format!("whyrst-poor-{}", std::process::id());
        let (first, second) = (PathBuf::from("/sys/fs/cgroup/memory"), PathBuf::from("/sys/fs/cgroup"));
        let (folder, limit) = if first.is_dir() { (first, "memory.limit_in_bytes") } else { (second, "memory.max") };
        let folder = folder.join(name);
        fs::create_dir(&folder).expect("root may make a control group");
        fs::write(folder.join(limit), "64M").expect("its memory is limited");
        let _ = fs::write(folder.join("memory.swap.max"), "0");
        Self(folder)
    }

    fn take(&self, process: u32) {
        fs::write(self.0.join("cgroup.procs"), process.to_string()).unwrap();
    }
}

impl Drop for Poor {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

const HOG: &str = "s, _ = l.accept(); s.recv(1)
x = bytearray(400 << 20)
for i in range(0, len(x), 4096): x[i] = 1
";

#[test]
#[ignore = "needs root and BPF"]
fn an_end_for_lack_of_memory_is_not_like_any_other_by_signal_9() {
    let poor = Poor::make();
    let mut stage = stage();
    let (mut server, address) = Python::start(&format!("{LISTEN}{HOG}"));
    poor.take(server.0.id());
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"hello").unwrap();
    server.0.wait().unwrap();
    let (outcome, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("exit-unread", Confidence::Certain));
    let account = sender(&outcome);
    let process = account.process.as_ref().unwrap();
    assert_eq!((process.exit_signal, process.oom_killed), (Some(9), true));
    assert_eq!(account.maker, None, "nobody sent that signal");
    let text = report(&outcome);
    assert!(text.contains("killed because memory ran out") && !text.contains("did the process end"), "{text}");
    TcpStream::connect(address).unwrap_err();
    let outcome = refused(&mut stage);
    let listened = sender(&outcome).listened.as_ref().unwrap();
    assert!(listened.process.as_ref().unwrap().oom_killed);
}

fn refused(stage: &mut Stage) -> Outcome {
    stage.told().0
}

#[test]
#[ignore = "needs root and BPF"]
fn data_for_a_process_that_was_killed_is_told_with_who_killed_it() {
    let mut stage = stage();
    let (mut server, address) = Python::start(&format!("{LISTEN}s, _ = l.accept(); time.sleep(60)"));
    let mut client = TcpStream::connect(address).unwrap();
    std::thread::sleep(2 * MOMENT);
    let killer = Command::new("sh").args(["-c", &format!("kill -KILL {}; exit", server.0.id())]).status();
    assert!(killer.unwrap().success());
    server.0.wait().unwrap();
    std::thread::sleep(2 * MOMENT);
    client.write_all(b"too late").unwrap();
    let (outcome, _) = stage.told();
    let account = sender(&outcome);
    let closer = account.closer.as_ref().unwrap();
    assert_eq!((closer.pid, closer.exit_signal, closer.exiting), (server.0.id(), Some(9), true));
    assert_eq!(account.maker.as_ref().map(|killer| killer.comm.as_str()), Some("sh"));
    let text = report(&outcome);
    assert!(text.contains("was killed by signal 9, which closed this connection"), "{text}");
}

#[test]
#[ignore = "needs root and BPF"]
fn a_close_is_dated_when_it_was_called_and_not_when_its_fin_was_acknowledged() {
    let mut stage = stage();
    let (_listener, mut client, server) = served();
    std::thread::sleep(4 * MOMENT);
    drop(server);
    // The client's kernel delays its ACK by 40 ms and more.
    std::thread::sleep(Duration::from_millis(200));
    client.write_all(REQUEST).unwrap();
    let (outcome, _) = stage.told();
    let socket = sender(&outcome).socket.as_ref().unwrap();
    let ago = outcome.time().since(socket.closed_at().unwrap());
    assert!(ago >= Span::from_millis(200), "{ago}: {socket:#?}");
}

#[test]
#[ignore = "needs root and BPF"]
fn no_time_is_negative_or_before_the_connection_began() {
    let mut stage = stage();
    for _ in 0..20 {
        let (_listener, mut client, server) = pair();
        client.write_all(b"hello").unwrap();
        std::thread::sleep(Duration::from_millis(1));
        drop(server);
        let (outcome, _) = stage.told();
        let socket = sender(&outcome).socket.as_ref().unwrap();
        let (now, born) = (outcome.time(), socket.born().unwrap());
        let since = socket.idle_since(now).unwrap();
        assert!(born <= since && since <= now, "{socket:#?}");
        assert!(outcome.before().iter().all(|one| one.time >= born && one.time <= now), "{outcome:#?}");
        let text = report(&outcome);
        let (_, quiet) = text.split_once("no data for ").expect("it is said");
        let quiet = quiet.trim_start_matches("< ");
        let digits = quiet.find(|one: char| !one.is_ascii_digit()).unwrap();
        assert!(digits > 0 && quiet[digits..].starts_with(" ms"), "ticks have no fraction: {text}");
    }
}
