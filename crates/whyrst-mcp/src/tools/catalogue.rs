//! `causes` and `why`: what whyrst knows without any capture.

use rmcp::model::Tool;
use serde::Deserialize;
use serde_json::json;
use whyrst_core::cause::Cause;
use whyrst_core::language::Language;
use whyrst_core::report::catalogue::{self, Reproducible};
use whyrst_core::report::style::Style;
use whyrst_core::report::{symptom, why as answers};
use whyrst_core::symptom::Symptom;
use whyrst_core::{causes as all, symptoms};

use crate::answer::{Answer, Told, tool};
use crate::text::{UNTRUSTED, bounded, quoted};

/// As much of a message as is looked at.
const MESSAGE: usize = 1 << 16;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CausesAsked {
    #[serde(default)]
    id: Option<String>,
}

pub(super) fn causes_offered() -> Tool {
    let about = "The catalogue of causes of TCP resets: all of them as a list, the page of one (what happens, what \
                 proves it, what to do), or what mentions a word.";
    let id = "id of a cause such as close-unread, or a word such as nginx; without it all causes are listed";
    let id = json!({"id": {"type": "string", "description": id}});
    tool("causes", about.to_owned(), &id, &[])
}

pub(super) fn causes(asked: &CausesAsked) -> Answer {
    let Some(id) = asked.id.as_deref().map(str::trim).filter(|id| !id.is_empty()) else {
        return Ok(Told::plain(catalogue::list(Style::Plain, Language::English)));
    };
    if let Some(cause) = all::find(id) {
        return Ok(Told::plain(cause_page(cause)));
    }
    let causes: Vec<&'static Cause> = catalogue::mentioning(id).collect();
    let messages: Vec<&'static Symptom> = symptoms::mentioning(id).collect();
    if causes.is_empty() && messages.is_empty() {
        return Err(format!("no cause has the id {} and nothing mentions it", quoted(&bounded(id, 100))));
    }
    let mut text = format!("no cause has the id {}; this mentions it\n\ncauses\n", quoted(&bounded(id, 100)));
    text += &catalogue::listed_causes(&causes, Style::Plain, Language::English);
    text += "\nmessages (whyrst://symptoms/ID)\n";
    text += &symptom::list(&messages, Style::Plain, Language::English);
    Ok(Told::plain(text))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhyAsked {
    text: String,
}

pub(super) fn why_offered() -> Tool {
    let about = "What a message of a program means that came with a reset or a refused connection (curl, nginx, \
                 Python, Java, Go ...): its causes, the commonest first, and the one command that decides.";
    let text = json!({"text": {"type": "string", "description": "the line of a log or terminal, or several lines"}});
    tool("why", about.to_owned(), &text, &["text"])
}

pub(super) fn why(asked: &WhyAsked) -> Told {
    let text: String = asked.text.chars().take(MESSAGE).collect();
    let reading = symptoms::read(&text);
    let known = reading.found.len();
    let answer = answers::markdown(&text, &reading, Language::English);
    Told { text: UNTRUSTED.to_owned() + &answer, numbers: Some(json!({"messages": known})) }
}

/// The page of a cause.
pub(crate) fn cause_page(cause: &'static Cause) -> String {
    catalogue::markdown(cause, Reproducible::Unknown, Language::English)
}

/// The page of a message.
pub(crate) fn symptom_page(symptom: &'static Symptom) -> String {
    symptom::markdown(symptom, Language::English)
}
