//! How much a reset matters, by the verdict on it.

use crate::cause::Severity;
use crate::severity::*;
use crate::testing::conversation;
use crate::verdict::judge;

const OPENED: &str = "
    0.000 C > S S 0:0(0)
    +0.001 C < S SA 0:0(0) ack 1
    +0.0001 C > S A 1:1(0) ack 1
    +0.001 C > S PA 1:101(100) ack 1
    +0.001 C < S PA 1:201(200) ack 101
    +0.001 C > S A 101:101(0) ack 201
    ";

fn weight(rest: &str) -> (Severity, Ground) {
    let judgement = judge(&conversation(&[OPENED, rest].concat()).outcome());
    (judgement.severity, judgement.ground)
}

#[test]
fn a_reset_after_both_ends_closed_is_benign() {
    let rest = "
        +0.001 C > S FA 101:101(0) ack 201
        +0.001 C < S FA 201:201(0) ack 102
        +0.001 C > S A 102:102(0) ack 202
        +0.5 C > S RA 102:102(0) ack 202";
    assert_eq!(weight(rest).0, Severity::Benign);
}

#[test]
fn a_refused_goodbye_is_benign_and_refused_data_is_not() {
    let goodbye = "
        +0.001 C > S FA 101:101(0) ack 201
        +0.001 C < S PA 201:232(31) ack 102 says 0x150303001a
        +0.0001 C < S FA 232:232(0) ack 102
        +0.001 C > S R 102:102(0)";
    assert_eq!(weight(goodbye), (Severity::Benign, Ground::WasOver));
    // A record that goes on, or data.
    assert_eq!(weight(&goodbye.replace("1a", "1b")).0, Severity::Fault);
    assert_eq!(weight(&goodbye.replace("0x15", "0x17")).0, Severity::Fault);
    // In clear text: unknown_ca is no goodbye.
    let clear = goodbye.replace("201:232(31)", "201:208(7)").replace("232:232", "208:208");
    assert_eq!(weight(&clear.replace("1a", "020100")), (Severity::Benign, Ground::WasOver));
    assert_eq!(weight(&clear.replace("1a", "020230")).0, Severity::Fault);
}

#[test]
fn a_reset_of_an_open_connection_matters_as_its_cause_does() {
    assert_eq!(weight("+0.1 C < S RA 201:201(0) ack 101"), (Severity::Fault, Ground::Cause));
}

/// TLS 1.3 hides alerts among data: the size of the record tells them.
#[test]
fn a_sealed_goodbye_is_one_too() {
    let goodbye = "
        +0.001 C > S FA 101:101(0) ack 201
        +0.001 C < S PA 201:225(24) ack 102 says 0x1703030013
        +0.001 C > S R 102:102(0)";
    assert_eq!(weight(goodbye), (Severity::Benign, Ground::WasOver));
    assert_eq!(weight(&goodbye.replace("0013", "0014")).0, Severity::Fault);
    assert_eq!(weight(&goodbye.replace(" says 0x1703030013", "")).0, Severity::Fault);
}

/// Windows refuses with the form of an abort.
#[test]
fn a_goodbye_that_windows_refuses_is_as_benign_as_one_that_linux_refuses() {
    let goodbye = "
        +0.001 C > S FA 101:101(0) ack 201
        +0.001 C < S PA 201:232(31) ack 102 says 0x150303001a
        +0.0001 C > S RA 102:102(0) ack 232 win 0 ts none";
    assert_eq!(weight(goodbye), (Severity::Benign, Ground::WasOver));
}

#[test]
fn a_goodbye_does_not_help_whoever_waits_for_an_answer() {
    let rest = "
        +0.001 C > S PA 101:201(100) ack 201
        +0.001 C < S A 201:201(0) ack 201
        +0.001 C < S FA 201:201(0) ack 201
        +0.001 C > S A 201:201(0) ack 202
        +0.001 C < S RA 202:202(0) ack 201";
    assert_eq!(weight(rest).0, Severity::Fault);
}

/// It may have left the request's body unread, and its answer is lost with that.
#[test]
fn a_server_that_says_goodbye_and_aborts_is_no_benign_one() {
    let rest = "
        +0.001 C > S PA 101:1101(1000) ack 201
        +0.001 C < S PA 201:301(100) ack 1101
        +0.001 C < S FA 301:301(0) ack 1101
        +0.001 C > S A 1101:1101(0) ack 302
        +0.9 C < S RA 302:302(0) ack 1101";
    assert_eq!(weight(rest).0, Severity::Fault);
}

#[test]
fn a_client_that_leaves_one_control_frame_unread_at_its_end_does_no_harm() {
    let rest = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        +0.001 C > S PA 1:101(100) ack 1 says PRI_*_HTTP/2.0
        +0.001 C < S PA 1:201(200) ack 101
        +0.001 C > S PA 101:118(17) ack 201 says 0x0000080600
        +0.001 C < S PA 201:218(17) ack 118 says 0x0000080601
        +0.001 C > S FA 118:118(0) ack 218
        +0.00003 C > S RA 119:119(0) ack 218";
    let judgement = judge(&conversation(rest).outcome());
    assert_eq!((judgement.severity, judgement.ground), (Severity::Benign, Ground::WasOver));
}

#[test]
fn a_client_that_ends_an_idle_connection_does_no_harm_and_one_that_waits_is_no_idle_one() {
    let again = "
        +0.001 C > S PA 101:201(100) ack 201
        +0.001 C < S PA 201:301(100) ack 201
        +0.001 C > S A 201:201(0) ack 301";
    let again = std::format!("{again}\n");
    let again = again.as_str();
    let idle = [again, "+30 C > S RA 201:201(0) ack 301"].concat();
    assert_eq!(weight(&idle), (Severity::Benign, Ground::WasIdle));
    // At once; the server; with a request open; after one answer, which may be only its beginning.
    assert_eq!(weight(&idle.replace("+30", "+0.01")).0, Severity::Fault);
    assert_eq!(weight(&[again, "+30 C < S RA 301:301(0) ack 201"].concat()).0, Severity::Fault);
    let asks =
        "\n+0.001 C > S PA 201:301(100) ack 301\n+0.001 C < S A 301:301(0) ack 301\n+30 C > S RA 301:301(0) ack 301";
    assert_eq!(weight(&[again, asks].concat()).0, Severity::Fault);
    assert_eq!(weight("+30 C > S RA 101:101(0) ack 201").0, Severity::Fault);
}

/// Some stacks acknowledge what comes after their FIN, and reset then.
#[test]
fn data_after_a_goodbye_is_lost_also_where_it_was_acknowledged() {
    let rest = "
        +0.001 C < S FA 201:201(0) ack 101
        +0.001 C > S A 101:101(0) ack 202
        +0.3 C > S PA 101:105(4) ack 202
        +0.001 C < S A 202:202(0) ack 105
        +0.0001 C < S R 202:202(0)";
    assert_eq!(weight(rest).0, Severity::Fault);
}
