//! The catalogue holds together: ids, files, look-alikes, kernel reasons and texts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use whyrst_core::alike;
use whyrst_core::cause::{Breadth, Cause, Likeness, Severity, Status};
use whyrst_core::causes::{self, ALL};
use whyrst_core::evidence::Question;
use whyrst_core::kernel::RstReason;
use whyrst_core::language::Language;
use whyrst_core::sketches::{self, SKETCHES};

/// What the kernel can say and neither a cause nor a sketch explains, and why not.
const UNEXPLAINED_REASONS: &[(RstReason, &str)] = &[
    (RstReason::TcpOldAck, "cannot be reached on 6.18 (docs/internals/reasons.md#reasons-that-no-cause-has)"),
    (RstReason::MptcpEunspec, "the answer to an MPTCP reset, never the first one"),
    (RstReason::MptcpEresource, "never chosen by Linux"),
    (RstReason::MptcpEwq2big, "never chosen by Linux"),
    (RstReason::MptcpEbadperf, "never chosen by Linux"),
    (RstReason::Error, "a code that the kernel itself cannot name"),
];

fn ids() -> Vec<&'static str> {
    ALL.iter().map(|cause| cause.id).chain(SKETCHES.iter().map(|sketch| sketch.id)).collect()
}

fn questions() -> Vec<&'static Question> {
    let rules = ALL.iter().map(|cause| &cause.rule);
    let of_rules = rules.flat_map(|rule| [rule.needs, rule.refuted_by, rule.supported_by]);
    let of_variants = ALL.iter().flat_map(|cause| cause.rule.variants).copied();
    let of_sketches = SKETCHES.iter().flat_map(|sketch| [sketch.needs, sketch.refuted_by]);
    of_rules.chain(of_sketches).flatten().copied().chain(of_variants).collect()
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

#[test]
fn every_look_alike_exists_once_and_is_another_cause() {
    for cause in ALL {
        let mut seen = BTreeSet::new();
        for alike in alike::look_alikes(cause) {
            assert!(ids().contains(&alike.cause), "{} names {}", cause.id, alike.cause);
            assert_ne!(alike.cause, cause.id);
            assert!(seen.insert(alike.cause), "{} names {} twice", cause.id, alike.cause);
            assert!(!alike.told_apart_by.en.is_empty());
        }
    }
}

/// Look-alikes in one direction only: the second can be taken for the first, not the first for the second.
const ONE_WAY: &[(&str, &str)] = &[
    ("stray-segment", "half-open-no-listener"), // the umbrella is only reached without a beginning
    ("stray-segment", "half-open-listener"),
    ("stray-segment", "data-after-close"),
    ("close-unread", "data-after-close"), // Windows' RST+ACK only
];

/// Whether two causes that name each other say the same of it.
fn agree(one: Likeness, other: Likeness) -> bool {
    matches!(
        (one, other),
        (Likeness::Why, Likeness::How)
            | (Likeness::How, Likeness::Why)
            | (Likeness::SpecialCase, Likeness::Broader)
            | (Likeness::Broader, Likeness::SpecialCase)
    ) || (one == other && one != Likeness::Broader)
}

#[test]
fn causes_that_look_alike_name_each_other() {
    // Nobody names a preview yet.
    for cause in ALL.iter().filter(|cause| cause.rule.status != Status::Preview) {
        for alike in alike::look_alikes(cause) {
            let Some(other) = causes::find(alike.cause) else { continue };
            match alike::likeness(other, cause.id) {
                Some(back) => {
                    assert!(agree(back, alike.likeness), "{} and {}", cause.id, other.id);
                }
                None => assert!(ONE_WAY.contains(&(cause.id, other.id)), "{} names {} alone", cause.id, other.id),
            }
        }
    }
}

#[test]
fn what_no_packet_can_tell_apart_is_said_to_be_identical() {
    for (one, other) in [
        ("closed-port", "fw-reject-syn"),
        ("close-unread", "linger-zero"),
        ("close-unread", "sock-destroy"),
        ("linger-zero", "connect-unspec"),
        ("half-open-listener", "nat-mapping-lost"),
        ("half-open-no-listener", "fw-reject-established"),
        ("rst-instead-of-fin", "linger-zero"),
    ] {
        let cause = causes::find(one).expect("a cause");
        assert_eq!(alike::likeness(cause, other), Some(Likeness::Identical), "{one} and {other}");
    }
    // That data met a closed socket is true whether close() or shutdown(SHUT_RDWR) closed it: the
    // packets say the one and never the other.
    let cause = causes::find("shutdown-rdwr-data").expect("a cause");
    assert_eq!(alike::likeness(cause, "data-after-close"), Some(Likeness::Broader));
}

/// So a new cause needs no other folder than its own.
#[test]
fn one_page_can_name_a_look_alike_for_both() {
    let (memory, linger) =
        (causes::find("out-of-memory").expect("a cause"), causes::find("linger-zero").expect("a cause"));
    assert!(linger.look_alikes.iter().all(|alike| alike.cause != memory.id), "only the one page names it");
    assert_eq!(alike::likeness(memory, linger.id), Some(Likeness::Identical));
    assert_eq!(alike::likeness(linger, memory.id), Some(Likeness::Identical));
    for (language, words) in
        [(Language::English, "TCPAbortOnMemory counts it"), (Language::Chinese, "TCPAbortOnMemory 会计数")]
    {
        let told = alike::told_apart_by(linger, memory.id, language).expect("look-alikes");
        assert!(told.contains(words), "{told}");
    }
    for (one, other) in [(Likeness::Why, Likeness::How), (Likeness::Broader, Likeness::SpecialCase)] {
        assert_eq!(one.reversed(), other);
    }
    assert_eq!(Likeness::How.reversed(), Likeness::Why);
}

#[test]
fn every_sketch_is_named_by_a_cause() {
    let named: BTreeSet<&str> = ALL.iter().flat_map(|cause| cause.look_alikes).map(|alike| alike.cause).collect();
    for sketch in SKETCHES {
        assert!(named.contains(sketch.id), "{} is named by no cause", sketch.id);
        assert!(!sketch.needs.is_empty(), "{} would fit everything", sketch.id);
        assert!(sketches::find(sketch.id).is_some());
    }
}

#[test]
fn every_kernel_reason_has_a_cause_or_stands_on_the_list_of_exceptions() {
    let of_causes = ALL.iter().flat_map(|cause| cause.rule.kernel_reasons);
    let of_sketches = SKETCHES.iter().flat_map(|sketch| sketch.kernel_reasons);
    let signs = of_causes.chain(of_sketches).filter(|sign| !sign.is_silence());
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
        let alikes = alike::look_alikes(cause).map(|alike| alike.told_apart_by.en);
        let texts = [cause.en.title, cause.en.explanation, cause.en.effect].into_iter();
        let lists = cause.en.advice.iter().chain(cause.en.variants).copied();
        for text in texts.chain(lists).chain(alikes) {
            assert_names_ends_only(cause.id, text);
            assert!(!text.contains("  ") && !text.contains('\n'), "{}: a broken line in {text:?}", cause.id);
        }
    }
    for sketch in SKETCHES {
        assert_names_ends_only(sketch.id, sketch.title);
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
    let sketched = SKETCHES.iter().map(|sketch| (sketch.id, sketch.title));
    for (id, title) in titles.chain(variants).chain(sketched) {
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
fn what_says_that_nothing_was_lost_is_benign_and_the_other_way_round() {
    for cause in ALL {
        let says = cause.en.title.contains("nothing was lost");
        assert_eq!(says, cause.rule.severity == Severity::Benign, "{}", cause.id);
    }
}

#[test]
fn umbrellas_are_few() {
    let umbrellas: Vec<&str> =
        ALL.iter().filter(|cause| cause.rule.breadth == Breadth::Umbrella).map(|cause| cause.id).collect();
    assert_eq!(umbrellas, ["stray-segment", "orphan-rst"]);
}
