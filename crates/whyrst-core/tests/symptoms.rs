//! The symptoms hold together: folders, patterns, causes; and a line that is none is taken for none.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use whyrst_core::causes;
use whyrst_core::language::Language;
use whyrst_core::report::symptom::markdown;
use whyrst_core::symptom::{Printed, Symptom, Topic};
use whyrst_core::symptoms::{self, ALL, in_line};

fn ids(line: &str) -> Vec<&'static str> {
    in_line(line).into_iter().map(|symptom| symptom.id).collect()
}

#[test]
fn every_folder_is_a_symptom_of_that_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("symptoms");
    let entries = fs::read_dir(&folder).expect("the folder of the symptoms");
    let folders: BTreeSet<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(folders, ALL.iter().map(|symptom| symptom.id.to_owned()).collect());
    let is_kebab = |id: &str| id.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-');
    assert!(ALL.iter().all(|symptom| is_kebab(symptom.id) && symptoms::find(symptom.id) == Some(*symptom)));
    let by_topic: usize = Topic::ALL.into_iter().map(|topic| symptoms::of_topic(topic).count()).sum();
    assert_eq!(by_topic, ALL.len());
}

#[test]
fn causes_exist_and_stand_once() {
    for Symptom { id, causes, en, zh, .. } in ALL {
        let once: BTreeSet<&&str> = causes.iter().collect();
        assert_eq!(once.len(), causes.len(), "{id}: one cause twice");
        for cause in *causes {
            assert!(causes::find(cause).is_some(), "{id}: there is no cause {cause}");
            assert!(symptoms::of_cause(cause).any(|symptom| symptom.id == *id), "{id} {cause}");
        }
        assert_eq!((en.causes.len(), zh.causes.len()), (causes.len(), causes.len()), "{id}");
        assert_eq!(en.order.is_empty(), causes.is_empty(), "{id}: an order and its ground");
    }
}

/// An example shows its own symptom first, and others only where that is stated.
#[test]
fn an_example_is_read_as_its_own_symptom() {
    for Symptom { id, facts, .. } in ALL {
        assert!(!facts.examples.is_empty() && !facts.patterns.is_empty() && !facts.printed.is_empty(), "{id}");
        let mut also = BTreeSet::new();
        for example in facts.examples {
            let found = ids(example);
            assert_eq!(found.first(), Some(id), "{id}: {example:?} is read as {found:?}");
            also.extend(found.into_iter().skip(1));
        }
        assert_eq!(also, facts.also.iter().copied().collect(), "{id}: what its examples show besides");
    }
}

/// What a person types of a message is a pattern with something in its gaps: no other symptom takes it away.
#[test]
fn a_pattern_leads_to_its_own_symptom() {
    let mut seen = BTreeSet::new();
    for Symptom { id, facts, .. } in ALL {
        for pattern in facts.patterns {
            assert!(seen.insert(pattern.text), "{id}: {:?} is a pattern twice", pattern.text);
            assert!(pattern.weight() >= 4, "{id}: {:?} says too little", pattern.text);
            let typed = pattern.text.replace(['*', '?'], "x").replace('#', "7");
            assert_eq!(ids(&typed).first(), Some(id), "{id}: {typed:?}");
        }
    }
}

#[test]
fn what_is_no_message_is_taken_for_none() {
    for line in [
        "",
        "   ",
        "listening on port 10054",
        "bash: -c: line 1: unexpected EOF while looking for matching `\"'",
        "10.0.0.9 - - [30/Nov/2026:03:12:07 +0000] \"GET / HTTP/1.1\" 200 502 \"-\" \"curl/8.5.0\"",
        "10.0.0.9 - - [30/Nov/2026:03:12:07 +0000] \"GET / HTTP/1.1\" 200 499 \"-\" \"curl/8.5.0\"",
        "the SD card is full",
        "haproxy[812]: 10.0.0.9:51514 app/s1 0/0/0/14/514 200 120331 - - ---- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
        "[2026-11-30T03:12:07.100Z] \"GET /api HTTP/1.1\" 200 - via_upstream - \"-\" 0 95 3",
        "wrote 104 bytes",
        "exit status 56",
        "curl: (6) Could not resolve host: example.com",
        "PING 10.0.0.1: 56 data bytes",
    ] {
        assert_eq!(ids(line), [""; 0], "{line:?}");
    }
}

/// A longer message holds the words of the system: they are part of it.
#[test]
fn a_message_within_a_longer_one_says_nothing_of_its_own() {
    assert_eq!(ids("curl: (56) Recv failure: Connection reset by peer"), ["curl-56"]);
    assert_eq!(ids("LOG:  unexpected EOF on client connection"), ["postgres-unexpected-eof"]);
    assert_eq!(ids("write: Connection reset by peer"), ["connection-reset"]);
    assert_eq!(ids("nginx-104"), ["nginx-104"]);
    assert_eq!(ids("SQ-- 1/1/1/1/0"), [""; 0]);
}

#[test]
fn only_the_beginning_of_a_long_line_is_looked_at() {
    let at = |before: usize| format!("{}curl: (52) Empty reply from server", "é".repeat(before / 2));
    assert_eq!(ids(&at(1_000)), ["curl-52"]);
    assert_eq!(ids(&at(2 * symptoms::LONGEST_LINE)), [""; 0]);
}

#[test]
fn texts_are_headlines_and_sentences() {
    for symptom in ALL {
        let id = symptom.id;
        for (texts, stop) in [(&symptom.en, '.'), (&symptom.zh, '。')] {
            assert!(!texts.title.ends_with(stop) && !texts.title.is_empty(), "{id}: {}", texts.title);
            assert!(
                texts.meaning.ends_with(stop) && texts.tell.ends_with(stop),
                "{id}: {} {}",
                texts.meaning,
                texts.tell
            );
            assert!(texts.causes.iter().all(|how| !how.ends_with(stop)), "{id}: {:?}", texts.causes);
            assert!(texts.meaning.chars().count() <= 420, "{id}: {} is too long", texts.meaning);
        }
        for printed in symptom.facts.printed {
            let parts = match printed {
                Printed::Code { by, file, symbol } => [*by, file, symbol],
                Printed::Documented { by, page } => [*by, page, "-"],
            };
            assert!(parts.iter().all(|part| !part.is_empty()), "{id}: {printed:?}");
        }
    }
}

#[test]
fn a_page_has_the_same_parts_in_every_language() {
    for symptom in ALL {
        let [english, chinese] = Language::ALL.map(|language| markdown(symptom, language));
        let parts = |page: &str| page.lines().filter(|line| line.starts_with("## ") || line.starts_with("- ")).count();
        assert_eq!(parts(&english), parts(&chinese), "{}", symptom.id);
        assert!(symptom.causes.iter().all(|cause| english.contains(&format!("`{cause}`"))), "{english}");
    }
}
