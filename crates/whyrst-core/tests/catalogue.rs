//! The catalogue holds together: ids, files, steps, kernel reasons and signs, texts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use whyrst_core::cause::{Breadth, Cause, Family, KernelSign, Severity};
use whyrst_core::causes::{self, ALL};
use whyrst_core::evidence::Question;
use whyrst_core::kernel::RstReason;
use whyrst_core::language::Language;
use whyrst_core::outcome::OutcomeKind;

/// What the kernel can say and no cause explains, and why not.
const UNEXPLAINED_REASONS: &[(RstReason, &str)] = &[
    (RstReason::TcpOldAck, "cannot be reached on 6.18 (docs/internals/reasons.md#reasons-that-no-cause-has)"),
    (RstReason::MptcpEunspec, "the answer to an MPTCP reset, never the first one"),
    (RstReason::MptcpEresource, "never chosen by Linux"),
    (RstReason::MptcpEwq2big, "never chosen by Linux"),
    (RstReason::MptcpEbadperf, "never chosen by Linux"),
    (RstReason::Error, "a code that the kernel itself cannot name"),
];

fn ids() -> Vec<&'static str> {
    ALL.iter().map(|cause| cause.id).collect()
}

fn questions() -> Vec<&'static Question> {
    let rules = ALL.iter().map(|cause| &cause.rule);
    let of_rules = rules.flat_map(|rule| [rule.needs, rule.refuted_by, rule.supported_by]);
    let of_variants = ALL.iter().flat_map(|cause| cause.rule.variants).copied();
    let of_marks = ALL.iter().flat_map(|cause| cause.rule.likely_when).copied();
    of_rules.chain(of_marks).flatten().copied().chain(of_variants).collect()
}

fn is_kebab_case(id: &str) -> bool {
    !id.is_empty()
        && !id.starts_with('-')
        && !id.ends_with('-')
        && !id.contains("--")
        && id.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
}

#[test]
fn ids_are_unique_and_kebab_case() {
    let all = ids();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
    assert!(all.iter().all(|id| is_kebab_case(id)), "{all:?}");
}

#[test]
fn question_ids_are_kebab_case_and_name_one_question_each() {
    let mut texts = std::collections::BTreeMap::new();
    for question in questions() {
        assert!(is_kebab_case(question.id), "{}", question.id);
        let text = (question.yes, question.no);
        assert_eq!(*texts.entry(question.id).or_insert(text), text, "{} is two questions", question.id);
    }
}

#[test]
fn every_folder_is_a_cause_of_that_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue");
    let folders: BTreeSet<String> = fs::read_dir(&folder)
        .expect("the folder of the causes")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let catalogue: BTreeSet<String> = ALL.iter().map(|cause| cause.id.to_owned()).collect();
    assert_eq!(folders, catalogue);
    assert!(ALL.iter().all(|cause| causes::find(cause.id) == Some(*cause)));
}

/// Which of two causes is named first where both fit equally well is not left to their names.
#[test]
fn causes_stand_in_the_order_of_their_priors_and_none_has_that_of_another() {
    let priors: Vec<u16> = ALL.iter().map(|cause| cause.rule.prior).collect();
    assert!(priors.is_sorted_by(|one, next| one < next), "{priors:?}");
}

/// Why somebody or something did it. Everything else is a mechanism: how it was done.
const REASONS: [&str; 42] = [
    "address-moved",
    "age-limit",
    "app-idle-timeout",
    "app-suspended",
    "asymmetric-route",
    "backend-switched",
    "client-abort",
    "client-read-timeout",
    "connection-limit",
    "conntrack-invalid-dnat",
    "duplicate-address",
    "early-answer",
    "ecn-rejected",
    "goaway-close",
    "half-closed-expired",
    "health-check",
    "heartbeat-missed",
    "idle-timeout-reset",
    "keepalive-race",
    "listening-elsewhere",
    "nat-port-collision",
    "one-backend-dead",
    "path-mtu-black-hole",
    "policy-reset",
    "port-scan",
    "protocol-mismatch",
    "proxy-relays-reset",
    "proxy-upstream-down",
    "reader-stalled",
    "redirect-without-listener",
    "refused-in-words",
    "reload-drops-queue",
    "reply-untranslated",
    "request-timeout",
    "request-too-large",
    "server-busy-close",
    "session-taken-over",
    "stale-connection",
    "stalled-transfer",
    "syn-data-rejected",
    "tls-alert",
    "tls-ticket-unread",
];

fn mechanisms() -> impl Iterator<Item = &'static Cause> {
    ALL.iter().copied().filter(|cause| !cause.is_reason())
}

#[test]
fn the_listed_reasons_are_reasons_and_every_other_id_is_a_mechanism() {
    let reasons: BTreeSet<&str> = ALL.iter().filter(|cause| cause.is_reason()).map(|cause| cause.id).collect();
    assert_eq!(reasons, BTreeSet::from(REASONS));
    let leading = causes::mechanisms().chain(causes::reasons()).chain(causes::previews());
    assert_eq!(leading.count(), ALL.len(), "each is one step, and no other");
}

#[test]
fn a_mechanism_of_a_reset_has_a_shape_and_a_failed_connect_has_none() {
    for cause in mechanisms() {
        let shown: BTreeSet<&str> = cause.shows().iter().map(|family| family.name()).collect();
        assert_eq!(shown.len(), cause.shows().len(), "{}: one shape twice", cause.id);
        assert_eq!(shown.is_empty(), cause.rule.outcome == OutcomeKind::FailedConnect, "{}", cause.id);
    }
}

#[test]
fn every_family_has_a_mechanism_that_can_lead() {
    for family in Family::ALL {
        assert!(causes::showing(family).next().is_some(), "{family}");
    }
}

#[test]
fn a_reason_explains_mechanisms_that_exist() {
    for cause in ALL.iter().filter(|cause| cause.is_reason()) {
        let explains: BTreeSet<&str> = cause.explains().iter().copied().collect();
        assert_eq!(explains.len(), cause.explains().len(), "{}: one mechanism twice", cause.id);
        assert!(!explains.is_empty(), "{}: without a mechanism it never fits", cause.id);
        for id in explains {
            let how = causes::find(id).unwrap_or_else(|| panic!("{} explains {id}", cause.id));
            assert!(!how.is_reason(), "{} explains the reason {id}", cause.id);
            assert_eq!(how.rule.outcome, cause.rule.outcome, "{} and {id}", cause.id);
            assert!(causes::may_both_hold(cause.id, id) && causes::may_both_hold(id, cause.id));
        }
    }
}

/// How many sentences, where a stop ends one: neither `e.g.` nor `127.0.0.1` is in these texts' way.
fn sentences(text: &str, stop: char) -> usize {
    let ends = |at: usize| text[at + stop.len_utf8()..].chars().next().is_none_or(|next| next == ' ' || stop == '。');
    text.match_indices(stop).filter(|(at, _)| ends(*at)).count()
}

#[test]
fn what_proves_a_cause_is_said_in_one_or_two_short_sentences_in_each_language() {
    for cause in ALL {
        for (language, stop) in [(Language::English, '.'), (Language::Chinese, '。')] {
            let text = cause.texts(language).confirm;
            let id = cause.id;
            assert!(!text.is_empty() && text.chars().count() <= 200, "{id}: {text}");
            assert!(text.ends_with(stop), "{id}: no end of {text:?}");
            assert!((1..=2).contains(&sentences(text, stop)), "{id}: {text}");
            assert!(placeholders(text).into_iter().all(is_end), "{id}: {text}");
            assert!(!cause.untranslated.contains(&"confirm"), "{id}");
        }
    }
}

/// As `nstat -az` writes them.
fn is_counter(name: &str) -> bool {
    let group = ["MPTcpExt", "TcpExt", "Tcp", "IpExt", "Ip"].into_iter().find_map(|group| name.strip_prefix(group));
    let rest = group.unwrap_or_default();
    rest.starts_with(|first: char| first.is_ascii_uppercase()) && rest.chars().all(|one| one.is_ascii_alphanumeric())
}

#[test]
fn signs_name_counters_calls_and_errors_as_programs_print_them() {
    for cause in mechanisms() {
        let (signs, id) = (cause.signs(), cause.id);
        for counter in signs.counters.iter().chain(signs.still) {
            assert!(is_counter(counter), "{id}: {counter}");
        }
        let both = signs.counters.iter().find(|counter| signs.still.contains(counter));
        assert_eq!(both, None, "{id}: it cannot rise and stand still");
        for errno in signs.sender_errno.iter().chain(&signs.receiver_errno) {
            let is_name = errno.starts_with('E') && errno.chars().all(|one| one.is_ascii_uppercase());
            assert!(is_name, "{id}: {errno}");
        }
        let call = signs.syscall.unwrap_or_default();
        assert!(call.chars().all(|one| one.is_ascii_lowercase() || one == '_'), "{id}: {call}");
    }
}

/// What another stack than Linux sends: no counter of Linux is its sign.
const OF_OTHER_STACKS: [&str; 2] = ["retransmit-giveup", "rst-instead-of-fin"];

fn is_sent_by_a_kernel(cause: &Cause) -> bool {
    cause.kernel().iter().any(|sign| !sign.is_silence())
}

#[test]
fn whose_kernel_sends_the_rst_counts_it_and_no_other_does() {
    for cause in mechanisms() {
        let counts = cause.signs().counters.contains(&"TcpOutRsts");
        let expected = is_sent_by_a_kernel(cause) && !OF_OTHER_STACKS.contains(&cause.id);
        assert_eq!(counts, expected, "{}: {:?}", cause.id, cause.signs().counters);
    }
}

#[test]
fn silence_is_a_sign_only_beside_others() {
    for cause in mechanisms().filter(|cause| cause.kernel().iter().any(KernelSign::is_silence)) {
        assert!(is_sent_by_a_kernel(cause), "{}: silence alone is an empty list", cause.id);
    }
}

/// Marks that no list of their rule asks, and why.
const ASKED_IN_MARKS_ONLY: &[(&str, &str, &str)] = &[
    ("address-moved", "address-holder-gone", "it is yes where nobody asked again, so it speaks for nothing"),
    ("address-moved", "address-is-elsewhere", "behind a router it cannot be yes, so its lack speaks for nothing"),
    (
        "client-read-timeout",
        "handshake-completed",
        "a capture that begins later does not show how long the client had waited before",
    ),
    (
        "fw-window-refused",
        "trigger-beyond-window",
        "its first need asks it, beside the same of a window whose scale a firewall has not seen",
    ),
    (
        "fin-wait2-timer",
        "receiver-had-not-closed",
        "FIN-WAIT-2 ends when the other end closes; where that is not known, the timer may still have been it",
    ),
    (
        "idle-timeout-reset",
        "rst-is-passive",
        "a device answers the next segment; one that resets on its own still fits the reason",
    ),
    (
        "app-idle-timeout",
        "sender-had-closed",
        "its own FIN shows that the end itself did it; without one it may have aborted",
    ),
    ("app-idle-timeout", "rst-shows-socket", "the same where it aborted"),
    ("app-idle-timeout", "handshake-completed", "who came in the middle does not see what went on before"),
    (
        "backscatter-synack",
        "no-syn-came",
        "what makes it likely is that nothing else was captured, which supports nothing",
    ),
    ("fw-reject-synack", "syn-unrouted", "a SYN that a router passed on says nothing of a firewall on the client"),
    (
        "conntrack-invalid-dnat",
        "rst-ttl-same",
        "a router between the two lowers it: from another distance it is as well another host",
    ),
    ("fin-wait2-timer", "fin-wait2-default", "the default of one setting: other values do not speak against it"),
    ("raw-syn-scanner", "syn-ack-soon", "with a slow answer it is as likely a connect that was given up"),
    (
        "port-scan",
        "syn-is-bare",
        "a scan by connect() has the options of its kernel, so their presence speaks for nothing",
    ),
];

#[test]
fn what_makes_a_cause_likely_is_asked_by_its_rule_or_stands_on_a_list() {
    for Cause { id, rule, .. } in ALL.iter().copied() {
        let asked: Vec<&str> =
            [rule.needs, rule.supported_by].into_iter().flatten().map(|question| question.id).collect();
        for mark in rule.likely_when {
            assert!(!mark.is_empty(), "{id}: a mark that is always there");
            for question in *mark {
                let listed = ASKED_IN_MARKS_ONLY
                    .iter()
                    .any(|(cause, of, why)| (*cause, *of) == (id, question.id) && !why.is_empty());
                assert!(asked.contains(&question.id) != listed, "{id}: {}: asked or listed", question.id);
            }
        }
        assert!(rule.breadth == Breadth::Specific || rule.likely_when.is_empty(), "{id}: an umbrella is never likely");
    }
}

/// Files below `folder` that people write.
fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !["target", "node_modules", "dist"].contains(&name.as_str()) {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "md") {
            found.push(path);
        }
    }
}

/// Which causes look alike is computed from the families: nobody writes it down in pairs.
#[test]
fn no_file_says_in_pairs_what_looks_alike() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut files);
    assert!(files.len() > 300, "{}", files.len());
    let gone = [["Like", "ness"].concat(), ["\n## What looks ", "like it\n"].concat()];
    for file in files {
        let text = fs::read_to_string(&file).expect("text");
        for word in &gone {
            assert!(!text.contains(word.as_str()), "{}: {word:?}", file.display());
        }
    }
}

#[test]
fn every_kernel_reason_has_a_cause_or_stands_on_the_list_of_exceptions() {
    let signs = ALL.iter().flat_map(|cause| cause.kernel()).filter(|sign| !sign.is_silence());
    let explained: Vec<RstReason> = signs.map(|sign| sign.reason).collect();
    for reason in RstReason::ALL {
        let excepted = UNEXPLAINED_REASONS.iter().any(|(exception, why)| exception == reason && !why.is_empty());
        assert!(explained.contains(reason) != excepted, "{reason}: explained or excepted, not both and not neither");
    }
}

/// The names in braces of a text; `{on, 0}` and the like are not names but what a program prints.
fn placeholders(text: &str) -> Vec<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

fn is_end(name: &str) -> bool {
    ["sender", "receiver", "client", "server"].contains(&name)
}

fn assert_names_ends_only(id: &str, text: &str) {
    for name in placeholders(text) {
        let quoted = name.contains([',', '=', ' ']);
        assert!(is_end(name) || quoted, "{id}: {{{name}}} in {text:?}");
    }
}

#[test]
fn texts_of_causes_name_the_ends_and_nothing_else() {
    for cause in ALL {
        let texts = [cause.en.title, cause.en.explanation, cause.en.effect, cause.en.confirm].into_iter();
        let lists = cause.en.advice.iter().chain(cause.en.variants).copied();
        for text in texts.chain(lists) {
            assert_names_ends_only(cause.id, text);
            assert!(!text.contains("  ") && !text.contains('\n'), "{}: a broken line in {text:?}", cause.id);
        }
    }
}

#[test]
fn texts_of_questions_have_places_for_values_and_ends() {
    for question in questions() {
        for text in [question.yes, question.no] {
            for name in placeholders(text) {
                let place = name.is_empty() || name.parse::<u8>().is_ok();
                assert!(place || is_end(name), "{}: {{{name}}} in {text:?}", question.id);
            }
        }
        assert_names_ends_only(question.id, question.unknown);
        assert!(!question.unknown.contains("{}") && !question.unknown.is_empty(), "{}", question.id);
    }
}

#[test]
fn a_title_reads_on_after_the_sentence_that_it_ends() {
    let variants = ALL.iter().flat_map(|cause| cause.en.variants.iter().map(|title| (cause.id, *title)));
    let titles = ALL.iter().map(|cause| (cause.id, cause.en.title));
    for (id, title) in titles.chain(variants) {
        let first = title.chars().next().expect("a title");
        let abbreviation = title.split(' ').next().is_some_and(|word| word.contains('_')) || title.starts_with("TCP");
        assert!(first.is_lowercase() || first == '{' || abbreviation || title.starts_with("an ICMP"), "{id}: {title}");
        assert!(!title.ends_with('.') && !title.is_empty(), "{id}: {title}");
    }
}

#[test]
fn every_cause_has_sources_advice_an_effect_and_a_rule() {
    for Cause { id, rule, en, .. } in ALL.iter().copied() {
        assert!(!rule.sources.is_empty() && !en.advice.is_empty(), "{id}");
        assert!(!en.effect.is_empty() && !en.explanation.is_empty(), "{id}");
        assert!(!rule.needs.is_empty(), "{id}: a verdict without evidence does not exist");
    }
}

#[test]
fn what_says_that_nothing_was_lost_is_benign() {
    for cause in ALL.iter().filter(|cause| cause.en.title.contains("nothing was lost")) {
        assert_eq!(cause.rule.severity, Severity::Benign, "{}", cause.id);
    }
}

#[test]
fn umbrellas_are_few() {
    let umbrellas: Vec<&str> =
        ALL.iter().filter(|cause| cause.rule.breadth == Breadth::Umbrella).map(|cause| cause.id).collect();
    assert_eq!(
        umbrellas,
        [
            "stray-segment",
            "orphan-rst",
            "reset-not-captured",
            "close-not-captured",
            "fin-ack-not-captured",
            "data-not-captured",
            "forgotten-at-fin",
        ]
    );
}
