//! The words of a filter, and where they stand.

use alloc::string::String;
use alloc::vec::Vec;

/// A part of a filter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    pub(super) what: Part,
    /// Characters before it.
    pub(super) at: usize,
    /// Characters that it takes.
    pub(super) width: usize,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Part {
    Open,
    Close,
    Or,
    And,
    Not,
    /// What stands in double quotes is no key and no operator.
    Word {
        text: String,
        quoted_from: Option<usize>,
    },
}

/// Words that an opening parenthesis may follow without a blank; in any other it is a character like others, and its
/// closing one has no other half.
const BEFORE_PARENTHESIS: [&str; 9] = ["and", "or", "not", "src", "dst", "host", "net", "port", "portrange"];

/// Words apart by blanks; what stands in double quotes is one, or belongs to one.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut reader = Reader::default();
    let mut characters = text.chars().peekable();
    let mut quoted = false;
    while let Some(character) = characters.next() {
        let begins = reader.word.is_empty() && reader.quoted_from.is_none();
        if begins {
            reader.start = reader.at;
        }
        match character {
            '"' => {
                quoted = !quoted;
                reader.quoted_from.get_or_insert(reader.word.len());
            }
            '\\' if quoted && characters.peek().is_some_and(|next| matches!(next, '"' | '\\')) => {
                reader.word.extend(characters.next());
                reader.at += 1;
            }
            _ if quoted => reader.word.push(character),
            _ if character.is_whitespace() => reader.end(),
            '(' if begins || reader.takes_a_parenthesis() => reader.sign(Part::Open, 1),
            ')' => reader.sign(Part::Close, 1),
            '&' | '|' if characters.peek() == Some(&character) => {
                characters.next();
                reader.sign(if character == '&' { Part::And } else { Part::Or }, 2);
            }
            '!' if begins => reader.sign(Part::Not, 1),
            '-' if begins && characters.peek().is_some_and(|next| !next.is_whitespace() && *next != ')') => {
                reader.sign(Part::Not, 1);
            }
            _ => reader.word.push(character),
        }
        reader.at += 1;
    }
    reader.end();
    reader.all
}

#[derive(Default)]
struct Reader {
    all: Vec<Token>,
    word: String,
    quoted_from: Option<usize>,
    /// Characters before the word.
    start: usize,
    /// Characters before the one that is read.
    at: usize,
}

impl Reader {
    fn takes_a_parenthesis(&self) -> bool {
        self.quoted_from.is_none() && BEFORE_PARENTHESIS.contains(&self.word.as_str())
    }

    fn sign(&mut self, what: Part, width: usize) {
        self.end();
        self.all.push(Token { what, at: self.at, width });
        self.at += width - 1;
    }

    fn end(&mut self) {
        let (text, quoted_from) = (core::mem::take(&mut self.word), self.quoted_from.take());
        let what = match (text.as_str(), quoted_from) {
            ("", _) => return,
            ("or", None) => Part::Or,
            ("and", None) => Part::And,
            ("not", None) => Part::Not,
            _ => Part::Word { text, quoted_from },
        };
        self.all.push(Token { what, at: self.start, width: self.at - self.start });
    }
}
