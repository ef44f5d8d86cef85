//! Every text is there in every language, and says the same: as many steps, the same ends, the same
//! values, the same commands. What is forgotten in one language fails here, by name.

use std::collections::BTreeSet;

use whyrst_core::cause::Cause;
use whyrst_core::causes::ALL;
use whyrst_core::evidence::{Question, Wording, vantage};
use whyrst_core::language::Language;
use whyrst_core::report::catalogue::{self, Reproducible};
use whyrst_core::report::style::Style;

const ENDS: [&str; 4] = ["sender", "receiver", "client", "server"];

fn questions() -> Vec<&'static Question> {
    let rules = ALL.iter().map(|cause| &cause.rule);
    let of_rules = rules.flat_map(|rule| [rule.needs, rule.refuted_by, rule.supported_by]);
    let of_marks = ALL.iter().flat_map(|cause| cause.rule.likely_when).copied();
    let of_variants = ALL.iter().flat_map(|cause| cause.rule.variants).copied();
    of_rules.chain(of_marks).flatten().chain(vantage::ALL).copied().chain(of_variants).collect()
}

fn is_han(character: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&character)
}

/// The names in braces.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

fn ends(text: &str) -> BTreeSet<&str> {
    names(text).filter(|name| ENDS.contains(name)).collect()
}

/// The values that a text takes, by their place: `{}` is the next one.
fn values(text: &str) -> BTreeSet<usize> {
    let mut next = 0..;
    let place = |name: &str| if name.is_empty() { next.next() } else { name.parse().ok() };
    names(text).filter_map(place).collect()
}

/// What stands between backticks is typed as it is.
fn commands(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Options, counters, states and errors: `SO_LINGER`, `TCPAbortOnClose`, `tcp_fin_timeout`.
fn symbols(text: &str) -> BTreeSet<&str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    // English has plurals.
    let singular = words.map(|word| word.strip_suffix('s').unwrap_or(word));
    let inner = |word: &str| word.get(1..).unwrap_or_default().to_owned();
    let has_shape = |word: &&str| inner(word).contains(|letter: char| letter == '_' || letter.is_ascii_uppercase());
    singular.filter(|word| word.len() > 3).filter(has_shape).collect()
}

/// `chinese` says what `english` says, as far as a program can see.
fn assert_same(id: &str, english: &str, chinese: &str) {
    assert!(chinese.contains(is_han), "{id}: {english:?} has no Chinese text");
    assert_eq!(ends(english), ends(chinese), "{id}: ends of {chinese:?}");
    assert_eq!(values(english), values(chinese), "{id}: values of {chinese:?}");
    assert_eq!(commands(english), commands(chinese), "{id}: commands of {chinese:?}");
    let lost: Vec<&str> = symbols(english).difference(&symbols(chinese)).copied().collect();
    assert!(lost.is_empty(), "{id}: {lost:?} is not in {chinese:?}");
    assert_set(id, chinese);
}

/// Set as the Chinese field sets it: full-width marks, and a blank between Chinese and Latin.
fn assert_set(id: &str, text: &str) {
    let letters: Vec<char> = text.chars().collect();
    for pair in letters.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        let latin = |character: char| character.is_ascii_alphanumeric() || character == '`' || character == '"';
        let apart = !(is_han(before) && latin(after) || latin(before) && is_han(after));
        assert!(apart, "{id}: no blank between {before} and {after} in {text:?}");
        assert!(!(is_han(before) && ",;:?!(".contains(after)), "{id}: a narrow {after} after {before} in {text:?}");
    }
    assert!(!text.contains("  ") && text.trim() == text, "{id}: blanks in {text:?}");
}

/// Where `zh.md` has nothing, the English text stands in its place and `cargo xtask i18n` lists it: whoever
/// writes a new cause need not know Chinese. What is there says the same.
#[test]
fn what_is_translated_of_a_cause_says_the_same() {
    for cause in ALL {
        let Cause { id, en, zh, untranslated, .. } = cause;
        let texts =
            [(en.title, zh.title), (en.explanation, zh.explanation), (en.effect, zh.effect), (en.confirm, zh.confirm)];
        let lists = en.variants.iter().zip(zh.variants).chain(en.advice.iter().zip(zh.advice));
        let all = texts.into_iter().chain(lists.map(|(english, chinese)| (*english, *chinese)));
        for (english, chinese) in all.filter(|(english, chinese)| english != chinese) {
            assert_same(id, english, chinese);
        }
        assert!(!zh.title.ends_with('。'), "{id}: a title is ended by whoever uses it");
        assert_eq!((zh.advice.len(), zh.variants.len()), (en.advice.len(), en.variants.len()), "{id}");
        for (english, chinese) in en.variants.iter().zip(zh.variants) {
            assert_eq!(cause.title_in(Language::Chinese, english), *chinese);
        }
        assert_eq!(english_in_chinese(cause), untranslated.len(), "{id}: {untranslated:?}");
    }
}

/// How many parts of the Chinese page are English.
fn english_in_chinese(cause: &Cause) -> usize {
    let is_english = |text: &str| !text.contains(is_han);
    let texts = [cause.zh.title, cause.zh.explanation, cause.zh.effect, cause.zh.confirm].into_iter();
    let advice = cause.zh.advice.concat();
    let texts = texts.chain(cause.zh.variants.iter().copied()).chain([advice.as_str()]);
    texts.filter(|text| is_english(text)).count()
}

#[test]
fn what_is_translated_of_a_symptom_says_the_same() {
    for symptom in whyrst_core::symptoms::ALL {
        let (en, zh) = (&symptom.en, &symptom.zh);
        let texts = [(en.title, zh.title), (en.meaning, zh.meaning), (en.order, zh.order), (en.tell, zh.tell)];
        let causes = en.causes.iter().zip(zh.causes).map(|(english, chinese)| (*english, *chinese));
        for (english, chinese) in texts.into_iter().chain(causes).filter(|(english, _)| !english.is_empty()) {
            assert_same(symptom.id, english, chinese);
        }
    }
}

#[test]
fn no_question_lacks_a_language() {
    for question in questions() {
        let Wording { yes, no, unknown } = question.zh;
        for (english, chinese) in [(question.yes, yes), (question.no, no), (question.unknown, unknown)] {
            assert_same(question.id, english, chinese);
        }
    }
}

#[test]
fn a_page_has_the_same_parts_in_every_language() {
    for cause in ALL {
        let [english, chinese] = Language::ALL.map(|language| catalogue::markdown(cause, Reproducible::Yes, language));
        let parts = |page: &str| page.lines().filter(|line| line.starts_with("## ")).count();
        let items = |page: &str| page.lines().filter(|line| line.starts_with("- ")).count();
        assert_eq!((parts(&english), items(&english)), (parts(&chinese), items(&chinese)), "{}", cause.id);
        assert!(!chinese.contains("{}") && !chinese.contains("{1}") && !chinese.contains("{sender}"), "{chinese}");
        let page = catalogue::page(cause, Reproducible::Yes, Style::Plain, Language::Chinese);
        assert!(page.contains("连接被重置：") || page.contains("建连失败："), "{page}");
    }
}

#[test]
fn ids_and_names_of_machine_output_are_the_same_in_every_language() {
    for cause in ALL {
        let [english, chinese] = Language::ALL.map(|language| {
            let object: serde_json::Value =
                serde_json::from_str(&catalogue::json(cause, Reproducible::Yes, language)).expect("JSON");
            object
        });
        let keys = |object: &serde_json::Value| -> Vec<String> {
            object.as_object().expect("an object").keys().cloned().collect()
        };
        assert_eq!(keys(&english), keys(&chinese));
        for field in
            ["schema", "id", "step", "families", "explains", "severity", "kernel_reasons", "look_alikes", "sources"]
        {
            assert_eq!(english[field], chinese[field], "{}: {field}", cause.id);
        }
        let is_translated = english["title"] != chinese["title"];
        assert!(is_translated || cause.untranslated.contains(&"title"), "{}", cause.id);
    }
}
