//! Whether the Chinese README has what the English one has: as many headings of each level, the same
//! blocks of code in the same order, the same commands in them. What the sentences say, people compare.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

const ENGLISH: &str = "README.md";
const CHINESE: &str = "README.zh.md";

/// Fails with what one of the two lacks.
pub(super) fn check(root: &Path) -> Result<()> {
    let read = |name: &str| fs::read_to_string(root.join(name)).with_context(|| format!("cannot read {name}"));
    let (english, chinese) = (outline(&read(ENGLISH)?), outline(&read(CHINESE)?));
    if let Some(difference) = difference(&english, &chinese) {
        bail!("{CHINESE} is not in step with {ENGLISH}: {difference}");
    }
    println!("docs: {CHINESE} has the {} headings and blocks of {ENGLISH}", english.len());
    Ok(())
}

/// One part of a page.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    /// A heading of this level; its text differs between languages.
    Heading { level: usize },
    /// A block of code in this language, with the commands in it.
    Block { language: String, commands: Vec<String> },
}

fn outline(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            inside = !inside;
            if inside {
                parts.push(Part::Block { language: language.trim().to_owned(), commands: Vec::new() });
            }
        } else if !inside {
            let level = line.chars().take_while(|character| *character == '#').count();
            parts.extend((level > 0).then_some(Part::Heading { level }));
        } else if let Some(Part::Block { language, commands }) = parts.last_mut() {
            commands.extend(command(language, line));
        }
    }
    parts
}

/// What a person types: in `sh` every line without its comment, in `console` what follows the prompt.
fn command(language: &str, line: &str) -> Option<String> {
    let typed = match language {
        "sh" => line.split(" #").next(),
        // A command may ask for its own language.
        "console" => line.strip_prefix("$ "),
        _ => None,
    };
    let typed = typed.map(|typed| typed.replace(" --lang zh", "").trim().to_owned());
    typed.filter(|typed| !typed.is_empty())
}

fn difference(english: &[Part], chinese: &[Part]) -> Option<String> {
    let at = english.iter().zip(chinese).position(|(one, other)| one != other);
    match at {
        Some(at) => Some(format!("part {} is {:?} there and {:?} here", at + 1, english.get(at)?, chinese.get(at)?)),
        None if english.len() != chinese.len() => {
            Some(format!("{} headings and blocks there, {} here", english.len(), chinese.len()))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# whyrst\n\ntext\n\n```sh\nwhyrst explain a.pcap   # why?\n```\n\n## More\n";

    #[test]
    fn a_translation_has_the_same_outline() {
        let chinese = "# whyrst\n\n正文\n\n```sh\nwhyrst explain a.pcap   # 为什么？\n```\n\n## 更多\n";
        assert_eq!(difference(&outline(PAGE), &outline(chinese)), None);
    }

    #[test]
    fn what_it_lacks_is_named() {
        let other = PAGE.replace("a.pcap", "b.pcap");
        let said = difference(&outline(PAGE), &outline(&other)).expect("another command");
        assert!(said.contains("a.pcap") && said.contains("b.pcap"), "{said}");
        let shorter = PAGE.replace("## More\n", "");
        assert!(difference(&outline(PAGE), &outline(&shorter)).is_some_and(|said| said.contains("3 headings")));
        assert!(difference(&outline(PAGE), &outline(&PAGE.replace("## More", "### More"))).is_some());
    }
}
