//! The page as one file with its data in it: to attach to a ticket, opened without any network.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use whyrst_core::language::Language;

use crate::assets::{SCRIPT, STYLE};

/// Everything before the data, of a page that speaks `language`.
pub fn head(language: Language) -> String {
    // Nothing but these two may run or be shown as a style, and nothing may be loaded.
    let (script, style) = (hash(SCRIPT), hash(STYLE));
    let code = language.code();
    format!(
        "<!doctype html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src '{script}'; \
         style-src '{style}'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>whyrst</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <div id=\"app\"></div>\n<script type=\"application/x-ndjson\" id=\"data\">\n"
    )
}

/// One line of JSON, so that no text from a packet can end the element that it stands in.
pub fn data(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 1);
    for character in line.chars() {
        match character {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            _ => out.push(character),
        }
    }
    out.push('\n');
    out
}

/// Everything after the data.
pub fn tail() -> String {
    format!("</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n")
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_element() {
        let line = data(r#"{"text":"</script><script>alert(1)</script><!-- &"}"#);
        assert!(!line.contains(['<', '>', '&']));
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["text"], "</script><script>alert(1)</script><!-- &");
    }

    #[test]
    fn what_is_built_can_stand_in_a_page() {
        assert!(!SCRIPT.contains("</script") && !SCRIPT.contains("<!--"));
        assert!(!STYLE.contains("</style"));
    }
}
