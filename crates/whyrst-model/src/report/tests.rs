use alloc::format;
use alloc::string::String;

use super::*;
use crate::listed::ListedReport;

/// A line as the first version wrote it: only the fields that were there from the start.
const OLD: &str = r#"{"schema":"whyrst.reset/1","source":"a.pcapng","time":"2026-01-31T12:00:00.123456789Z",
"client":{"ip":"10.0.0.1","port":40000},"server":{"ip":"2001:db8::1","port":8888},"roles":"seen",
"resets":[{"file":"a.pcapng","frame":17,"time":"2026-01-31T12:00:00.123456789Z","from":"client","flags":"RA",
"seq_rel":5001,"ack_rel":1,"seq":4294967295,"ack":7,"window":0,"ttl":64,"payload":null,"accepted":true}],
"phase":"connect","origin":"endpoint","kind":"passive",
"verdict":{"cause":"connect-abandoned","confidence":"likely","title":"it was \"abandoned\""},
"alternatives":[],"evidence":[{"question":"rst-answers-syn-ack","answer":"yes","role":"need","frames":[3,4],"text":"so"}],
"advice":["wait"],"kernel":null,"socket":null,"process":null,"history":"ShADadR","conn_state":"RSTR",
"severity":"fault","effect":{"accepted":true,"lost_client_bytes":904,"lost_server_bytes":0,"certainty":"at-most"},
"count":1,"stats":{"frames":9,"client_bytes":5000,"server_bytes":0,"retransmits":0,"duration_ms":1000.2,
"idle_before_rst_ms":1.2},"a_field_of_the_future":{"x":[1,2]}}"#;

fn old() -> Report<'static> {
    serde_json::from_str(OLD).unwrap()
}

#[test]
fn an_old_line_is_read_without_the_fields_that_came_later() {
    let report = old();
    assert_eq!(report.schema, ReportSchema::Reset);
    assert_eq!(report.resets[0].seq, Some(Seq::new(u32::MAX)));
    assert_eq!(report.resets[0].flags, Some(Flags::RST.with(Flags::ACK)));
    assert_eq!((report.verdict.confidence, report.effect.certainty), (Confidence::Likely, Certainty::AtMost));
    assert_eq!((report.idle_suspects, report.severity_reason.as_str(), report.page), (None, "", None));
    assert_eq!((report.family, report.mechanism, report.headline.as_str()), (None, None, ""));
    assert!(report.reasons.is_empty() && report.decide.is_empty() && report.words.is_empty());
}

/// The same with what few lines have.
fn rare() -> Report<'static> {
    let mut report = old();
    let ends = Ends { client: report.server, server: report.client };
    report.on_wire = Some(ends);
    report.asked_for = Some(AskedFor { name: "example.org".into(), stood_in: AskedIn::TlsServerName });
    report.words = alloc::vec![WordsReport {
        from: End::Server,
        frame: 8,
        protocol: "http".into(),
        text: "HTTP/1.1 413 Content Too Large".into(),
        meaning: None,
        of: Some(BodyReport { from: End::Client, content_length: Some(5_000_000), seen: 122_028 }),
    }];
    report.resets[0].said = Some(ClaimReport {
        by: ClaimedIn::DiagnosticPayload,
        code: Some(4),
        enterprise: Some(0),
        text: "timed out".into(),
    });
    report.resets[0].frames = Some([("here".into(), 17), ("there".into(), 18)].into());
    report.kernel = Some(KernelReport { reason: None, state: None, skb_drop: None, stack: Vec::new() });
    report.headline = "it was \"abandoned\"".into();
    report.origin_confidence = Some(Confidence::Likely);
    report.family = Some(FamilyReport {
        id: Family::UnwantedAnswer,
        confidence: Confidence::Certain,
        by: End::Client,
        text: "it answers a SYN-ACK".into(),
    });
    report.mechanism = Some(MechanismReport {
        cause: "connect-abandoned".into(),
        confidence: Confidence::Possible,
        title: "t".into(),
        confirm: "c".into(),
        open: alloc::vec!["syn-sent-bad-ack".into()],
    });
    report.reasons = alloc::vec![ReasonReport {
        cause: "client-abort".into(),
        confidence: Confidence::Possible,
        title: "t".into(),
        confirm: "c".into(),
        evidence: alloc::vec!["q".into()],
    }];
    report.decide = alloc::vec![DecideReport {
        on: End::Client,
        command: "nstat".into(),
        splits: alloc::vec!["a+b".into(), "c".into()],
    }];
    report.vantage = Some("here".into());
    report.vantages = Some(alloc::vec![VantageReport {
        name: "here".into(),
        source: None,
        frames: 9,
        clock_offset_ns: Some(-3),
        clock_uncertainty_ns: Some(1),
        saw_rst: Some(true),
        saw_trigger: None,
        tuple: Some(ends),
        relation: Relation::Rewritten,
        loss: Some(Loss::Holes),
        place: Some(0),
        place_known_by: Some(OrderBy::Clocks),
    }]);
    report
}

#[test]
fn what_is_written_is_read_again() {
    let mut report = old();
    report.page = Some(Page {
        sentence: "s".into(),
        ladder_from: None,
        ladder: Some(alloc::vec![Rung::Gap { gap: 3 }]),
        told: Vec::new(),
        points: Vec::new(),
        unseen: Vec::new(),
        harm: Vec::new(),
    });
    for report in [old(), rare(), report] {
        let line = serde_json::to_string(&report).unwrap();
        let again: Report<'_> = serde_json::from_str(&line).unwrap();
        assert_eq!(again, report);
        assert_eq!(serde_json::to_string(&again).unwrap(), line);
    }
}

#[test]
fn optional_members_are_absent_and_unknown_ones_null() {
    let line = serde_json::to_string(&old()).unwrap();
    for absent in ["on_wire", "peer_socket", "peer_process", "vantage", "vantages", "sentence", "frames\":{"] {
        assert!(!line.contains(absent), "{absent}");
    }
    for null in ["\"kernel\":null", "\"socket\":null", "\"asked_for\":null", "\"payload\":null", "\"said\":null"] {
        assert!(line.contains(null), "{null}");
    }
}

#[test]
fn words_that_no_list_has_are_errors_that_say_which_there_are() {
    let line: String = OLD.replace("\"likely\"", "\"sure\"");
    let error = format!("{}", serde_json::from_str::<Report<'_>>(&line).unwrap_err());
    assert!(error.contains("sure") && error.contains("certain"), "{error}");
}

#[test]
fn a_list_reads_of_a_line_what_its_report_says() {
    let process = r#""process":{"pid":812,"comm":"nginx","cmdline":null,"cgroup":null,"container":null,"netns":7,
        "syscall":null,"exit_signal":null}"#;
    let count = r#""asked_for":{"name":"example.org","stood_in":"http-host"},"count":3"#;
    let line = OLD.replace("\"process\":null", process).replace("\"count\":1", count);
    let listed: ListedReport<'_> = serde_json::from_str(&line).unwrap();
    let report: Report<'_> = serde_json::from_str(&line).unwrap();
    assert_eq!(listed, report.into());
    assert_eq!((listed.count, listed.process.unwrap().comm.as_str()), (3, "nginx"));
    assert_eq!(serde_json::from_str::<ListedReport<'_>>(OLD).unwrap(), old().into());
    let line = serde_json::to_string(&rare()).unwrap();
    let listed: ListedReport<'_> = serde_json::from_str(&line).unwrap();
    assert_eq!(listed, rare().into());
    assert_eq!(listed.reasons[0].cause.as_str(), "client-abort");
}

#[test]
fn an_owned_report_is_the_same() {
    let line = String::from(OLD);
    let report: Report<'_> = serde_json::from_str(&line).unwrap();
    let owned = report.clone().into_owned();
    assert_eq!(owned, report);
    drop(report);
    drop(line);
    assert_eq!(owned, old());
}
