//! Text in columns: how wide it is on a terminal, and where its lines may end.
//!
//! A Chinese character is two columns wide and needs no blank before the next one, so lines end
//! between any two of them, but neither before a closing mark nor after an opening one.

use alloc::string::String;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many columns `text` takes.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// `text` filled with blanks up to `width` columns.
pub fn padded(text: &str, width: usize) -> String {
    let mut out = String::from(text);
    out.extend(core::iter::repeat_n(' ', width.saturating_sub(columns(text))));
    out
}

/// `text` at the right of `width` columns.
pub fn right(text: &str, width: usize) -> String {
    let mut out: String = core::iter::repeat_n(' ', width.saturating_sub(columns(text))).collect();
    out.push_str(text);
    out
}

/// Breaks `text` into lines of at most `width` columns, at spaces and between wide characters.
pub fn wrap(text: &str, width: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let (line, after) = first_line(rest, width)?;
        rest = after;
        Some(line)
    })
}

/// The first line of `text` when it may be `width` columns wide, and what follows it.
pub(super) fn first_line(text: &str, width: usize) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let (line, rest) = text.split_at(break_at(text, width));
    (!line.is_empty()).then(|| (line.trim_end(), rest.trim_start()))
}

/// The last place within `width` columns at which the line may end; the first one beyond, where a word
/// is longer than that.
fn break_at(text: &str, width: usize) -> usize {
    let (mut used, mut last, mut before) = (0, None, ' ');
    for (at, character) in text.char_indices() {
        if may_break(before, character) {
            if used > width {
                return last.unwrap_or(at);
            }
            last = Some(at);
        }
        used += character.width().unwrap_or(0);
        before = character;
    }
    if used > width { last.unwrap_or(text.len()) } else { text.len() }
}

fn may_break(before: char, after: char) -> bool {
    if before == ' ' || after == ' ' {
        return before != ' ';
    }
    let wide = |character: char| character.width() == Some(2);
    (wide(before) || wide(after)) && !CLOSING.contains(after) && !OPENING.contains(before)
}

/// Must not begin a line.
const CLOSING: &str = "，。、；：？！）》」』】,.;:?!)]}>%\"'";
/// Must not end one.
const OPENING: &str = "（《「『【([{<\"'";

/// Appends `words`, with a blank where a Chinese character and a Latin letter or a digit meet.
pub(super) fn push_spaced(out: &mut String, words: &str) {
    let (Some(before), Some(after)) = (out.chars().next_back(), words.chars().next()) else {
        out.push_str(words);
        return;
    };
    let latin = |character: char| character.is_ascii_alphanumeric() || "\"`)]%".contains(character);
    let opens = |character: char| character.is_ascii_alphanumeric() || "\"`[/".contains(character);
    if (is_han(before) && opens(after)) || (latin(before) && is_han(after)) {
        out.push(' ');
    }
    out.push_str(words);
}

/// Joins `parts` as [`push_spaced`] does.
pub(super) fn spaced(parts: &[&str]) -> String {
    let mut out = String::new();
    for part in parts {
        push_spaced(&mut out, part);
    }
    out
}

const fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9fff}')
}

/// A sentence within a text begins with a capital.
pub(super) fn push_capitalised(out: &mut String, words: &str) {
    let mut characters = words.chars();
    out.extend(characters.next().into_iter().flat_map(char::to_uppercase));
    out.push_str(characters.as_str());
}

/// The same by itself.
pub(super) fn capitalised(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    push_capitalised(&mut out, words);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn lines_break_at_spaces_and_long_words_stay_whole() {
        let lines: Vec<_> = wrap("one two three averyveryverylongword end", 9).collect();
        assert_eq!(lines, ["one two", "three", "averyveryverylongword", "end"]);
        assert_eq!(wrap("ä ö ü", 3).collect::<Vec<_>>(), ["ä ö", "ü"]);
        assert_eq!(wrap("one two", 7).collect::<Vec<_>>(), ["one two"]);
        assert_eq!(wrap("one two", 3).collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(wrap("", 9).count(), 0);
        assert_eq!(wrap("   ", 9).count(), 0);
    }

    #[test]
    fn chinese_breaks_between_characters_that_are_two_columns_wide() {
        assert_eq!(columns("连接 RST"), 8);
        assert_eq!(wrap("连接被重置", 5).collect::<Vec<_>>(), ["连接", "被重", "置"]);
        assert_eq!(wrap("用 close() 关闭", 10).collect::<Vec<_>>(), ["用 close()", "关闭"]);
        assert_eq!(wrap("收到RST之后", 7).collect::<Vec<_>>(), ["收到RST", "之后"]);
    }

    #[test]
    fn a_closing_mark_begins_no_line_and_an_opening_one_ends_none() {
        assert_eq!(wrap("连接被重置。完", 10).collect::<Vec<_>>(), ["连接被重", "置。完"]);
        assert_eq!(wrap("内核（Linux）说", 6).collect::<Vec<_>>(), ["内核", "（Linux）", "说"]);
    }

    #[test]
    fn a_column_is_filled_by_width() {
        assert_eq!(padded("依据", 6), "依据  ");
        assert_eq!(padded("for", 6), "for   ");
        assert_eq!(padded("无法解释", 6), "无法解释");
    }

    #[test]
    fn chinese_and_latin_are_set_apart() {
        assert_eq!(spaced(&["被", "10.0.0.1:80", "的内核", "重置"]), "被 10.0.0.1:80 的内核重置");
        assert_eq!(spaced(&["", "帧 3", "，", "RST"]), "帧 3，RST");
    }
}
