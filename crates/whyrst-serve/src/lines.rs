//! Lines of what somebody else wrote, read into a bounded room: one of three gigabytes costs no more than any other.

use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// Bytes of a line. A report with all that a page shows has some tens of kilobytes.
const LONGEST: usize = 4 << 20;

/// One line.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Line {
    Text(String),
    /// It is too long, or no text.
    Strange,
}

#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) const fn of(reader: BufReader<R>) -> Self {
        Self { reader, line: Vec::new() }
    }

    /// The next one, without its end; `None` when there is none.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line>> {
        let (mut is_too_long, mut any) = (false, false);
        self.line.clear();
        loop {
            let part = self.reader.fill_buf().await?;
            if part.is_empty() {
                return Ok(any.then(|| self.taken(is_too_long)));
            }
            any = true;
            let end = part.iter().position(|byte| *byte == b'\n');
            let text = &part[..end.unwrap_or(part.len())];
            if self.line.len() + text.len() > LONGEST {
                is_too_long = true;
                self.line = Vec::new();
            } else if !is_too_long {
                self.line.extend_from_slice(text);
            }
            let taken = end.map_or(part.len(), |end| end + 1);
            self.reader.consume(taken);
            if end.is_some() {
                return Ok(Some(self.taken(is_too_long)));
            }
        }
    }

    /// Whether the next line is here already.
    pub(crate) fn is_there(&self) -> bool {
        self.reader.buffer().contains(&b'\n')
    }

    fn taken(&mut self, is_too_long: bool) -> Line {
        match String::from_utf8(std::mem::take(&mut self.line)) {
            Ok(text) if !is_too_long => Line::Text(text),
            _ => Line::Strange,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_without_end_is_passed_over_and_takes_no_room() {
        let mut text = b"one\n".to_vec();
        text.resize(64 << 20, b'x');
        text.extend(b"\ntwo\n\xff\nlast");
        let mut lines = Lines::of(BufReader::new(text.as_slice()));
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.expect("memory can be read") {
            assert!(lines.line.capacity() <= 2 * LONGEST);
            all.push(line);
        }
        let text = |text: &str| Line::Text(text.to_owned());
        assert_eq!(all, [text("one"), Line::Strange, text("two"), Line::Strange, text("last")]);
    }
}
