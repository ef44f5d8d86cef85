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
    assert_eq!(weight(goodbye), (Severity::Benign, Ground::GoodbyeRefused));
    // A record that goes on, or data.
    assert_eq!(weight(&goodbye.replace("1a", "1b")).0, Severity::Fault);
    assert_eq!(weight(&goodbye.replace("0x15", "0x17")).0, Severity::Fault);
    // In clear text: unknown_ca is no goodbye.
    let clear = goodbye.replace("201:232(31)", "201:208(7)").replace("232:232", "208:208");
    assert_eq!(weight(&clear.replace("1a", "020100")), (Severity::Benign, Ground::GoodbyeRefused));
    assert_eq!(weight(&clear.replace("1a", "020230")).0, Severity::Fault);
}

#[test]
fn a_reset_of_an_open_connection_matters_as_its_cause_does() {
    assert_eq!(weight("+0.1 C < S RA 201:201(0) ack 101"), (Severity::Fault, Ground::Cause));
}
