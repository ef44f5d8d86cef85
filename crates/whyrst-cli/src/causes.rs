//! `whyrst causes`: the catalogue, a page of it, or what mentions a word.

use anyhow::{Result, bail};
use whyrst_core::cause::Cause;
use whyrst_core::causes;
use whyrst_core::language::Language;
use whyrst_core::nearest::distance;
use whyrst_core::report::catalogue;
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::style::Style;
use whyrst_core::report::symptom;
use whyrst_core::symptom::Symptom;
use whyrst_core::symptoms;
use whyrst_lab::reproducible;
use whyrst_output::Places;

use crate::Completion;
use crate::args::{Causes, Format};
use crate::output::{self, Output};

pub(crate) fn run(arguments: &Causes) -> Result<Completion> {
    let style = output::style(&arguments.common);
    let language = output::language(&arguments.common, arguments.format);
    let text = match (&arguments.id, arguments.format) {
        (None, Format::Text) => catalogue::list(style, language),
        (None, format) => {
            let between = if format == Format::Markdown { "\n" } else { "" };
            let pages = causes::ALL.iter().map(|cause| page(cause, format, style, language));
            pages.collect::<Vec<_>>().join(between)
        }
        (Some(word), format) => match causes::find(word) {
            Some(cause) => page(cause, format, style, language),
            None => mentions(word, format, style, language)?,
        },
    };
    let mut output = Output::open(&arguments.common, &mut Places::default())?;
    output.write(&text)?;
    output.finish()?;
    Ok(Completion::Clean)
}

fn page(cause: &'static Cause, format: Format, style: Style, language: Language) -> String {
    match format {
        Format::Text => catalogue::page(cause, reproducible(cause), style, language),
        Format::Markdown => catalogue::markdown(cause, reproducible(cause), language),
        Format::Json => catalogue::json(cause, reproducible(cause), language) + "\n",
    }
}

/// What mentions `word`, which is no id: messages first, since they lead to causes.
fn mentions(word: &str, format: Format, style: Style, language: Language) -> Result<String> {
    let word = word.trim();
    let mut messages: Vec<&'static Symptom> = symptoms::mentioning(word).collect();
    // Its own messages before those of others that name it.
    messages.sort_by_key(|symptom| !symptoms::holds(symptom.facts.program, word));
    let causes: Vec<&'static Cause> = catalogue::mentioning(word).collect();
    if messages.is_empty() && causes.is_empty() {
        return find(word).map(|cause| page(cause, format, style, language));
    }
    Ok(match format {
        Format::Text => found(word, &messages, &causes, style, language),
        Format::Markdown => {
            let pages = messages.iter().map(|symptom| symptom::markdown(symptom, language));
            let pages = pages.chain(causes.iter().map(|cause| page(cause, format, style, language)));
            pages.collect::<Vec<_>>().join("\n")
        }
        Format::Json => {
            let lines = messages.iter().map(|symptom| symptom::json(symptom, language) + "\n");
            lines.chain(causes.iter().map(|cause| page(cause, format, style, language))).collect()
        }
    })
}

fn found(
    word: &str,
    messages: &[&'static Symptom],
    causes: &[&'static Cause],
    style: Style,
    language: Language,
) -> String {
    let word = escape_name(word);
    let near =
        nearest(&word, causes::ALL.iter().map(|cause| cause.id)).filter(|near| distance(&word, near) < word.len());
    let mut out = match (language, near) {
        (Language::English, None) => format!("no cause has the id \"{word}\"; this mentions it\n"),
        (Language::English, Some(near)) => {
            format!("no cause has the id \"{word}\"; did you mean {near}? This mentions it\n")
        }
        (Language::Chinese, None) => format!("没有 id 为“{word}”的原因；以下内容提到了它\n"),
        (Language::Chinese, Some(near)) => format!("没有 id 为“{word}”的原因；是不是 {near}？以下内容提到了它\n"),
    };
    if !messages.is_empty() {
        out.push_str(language.pick("\nmessages (whyrst why ID)\n", "\n消息（whyrst why ID）\n"));
        out.push_str(&symptom::list(messages, style, language));
    }
    if !causes.is_empty() {
        out.push_str(language.pick("\ncauses (whyrst causes ID)\n", "\n原因（whyrst causes ID）\n"));
        out.push_str(&catalogue::listed_causes(causes, style, language));
    }
    out
}

/// The cause of that id; what is nearly an id is suggested.
pub(crate) fn find(id: &str) -> Result<&'static Cause> {
    if let Some(cause) = causes::find(id) {
        return Ok(cause);
    }
    match nearest(id, causes::ALL.iter().map(|cause| cause.id)) {
        Some(near) => bail!("there is no cause \"{id}\"; did you mean {near}? `whyrst causes` lists them"),
        None => bail!("there is no cause \"{id}\"; `whyrst causes` lists them"),
    }
}

/// The known name that needs the fewest changes to become `id`, when they are few.
pub(crate) fn nearest<'a>(id: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let close = |name: &str| name.contains(id) || distance(id, name) <= 1 + id.len() / 4;
    known.filter(|name| !id.is_empty() && close(name)).min_by_key(|name| distance(id, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_id_is_suggested() {
        let known = ["closed-port", "close-unread", "linger-zero"];
        assert_eq!(nearest("closedport", known.into_iter()), Some("closed-port"));
        assert_eq!(nearest("unread", known.into_iter()), Some("close-unread"));
        assert_eq!(nearest("qqqqqqqq", known.into_iter()), None);
    }
}
