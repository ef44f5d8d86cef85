//! Colour, or none: the caller knows whether a person looks at a terminal.

use core::fmt;

/// Whether escape sequences may be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Style {
    /// Plain text.
    #[default]
    Plain,
    /// ANSI colours.
    Ansi,
}

/// What a piece of text is, not how it looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The headline.
    Heading,
    /// A decisive packet.
    Decisive,
    /// A label of a section.
    Label,
    /// A good confidence.
    Firm,
    /// A weak confidence.
    Weak,
    /// Side remarks.
    Dim,
}

impl Style {
    /// `text` dressed as `part`.
    pub fn paint<T: fmt::Display>(self, part: Part, text: T) -> Painted<T> {
        Painted { style: self, part, text }
    }
}

/// Text with its part, to be displayed.
#[derive(Debug)]
pub struct Painted<T> {
    style: Style,
    part: Part,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.style == Style::Plain {
            return self.text.fmt(f);
        }
        let code = match self.part {
            Part::Heading => "1",
            Part::Decisive => "1;31",
            Part::Label => "36",
            Part::Firm => "1;32",
            Part::Weak => "1;33",
            Part::Dim => "2",
        };
        write!(f, "\x1b[{code}m")?;
        self.text.fmt(f)?;
        f.write_str("\x1b[0m")
    }
}
