//! Lines of a text of any size and encoding: UTF-8 (whatever is not becomes U+FFFD), UTF-16 with its mark, as Windows
//! writes it, and gzip of those, as logs are rotated. Of a long line the beginning is handed out.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// What of a line is kept.
const LONGEST: usize = 1 << 16;

enum Encoding {
    Utf8,
    Utf16(fn([u8; 2]) -> u16),
}

type Begun<R> = Chain<Cursor<Vec<u8>>, R>;

/// The lines of a text.
pub struct Lines<'r> {
    input: Box<dyn BufRead + 'r>,
    encoding: Encoding,
    number: u64,
    octets: Vec<u8>,
    text: String,
}

impl<'r> Lines<'r> {
    /// The lines of `input`.
    pub fn of(input: impl Read + 'r) -> io::Result<Self> {
        let (begin, input) = begun(input)?;
        let mut input: Box<dyn Read + 'r> = Box::new(input);
        let mut first = begin;
        if first.starts_with(&[0x1f, 0x8b]) {
            let (begin, unpacked) = begun(MultiGzDecoder::new(input))?;
            (first, input) = (begin, Box::new(unpacked));
        }
        let encoding = match first.as_slice() {
            [0xff, 0xfe, ..] => Encoding::Utf16(u16::from_le_bytes),
            [0xfe, 0xff, ..] => Encoding::Utf16(u16::from_be_bytes),
            _ => Encoding::Utf8,
        };
        let mut input = BufReader::with_capacity(1 << 16, input);
        if matches!(encoding, Encoding::Utf16(_)) {
            input.read_exact(&mut [0; 2])?;
        }
        Ok(Self { input: Box::new(input), encoding, number: 0, octets: Vec::new(), text: String::new() })
    }

    /// The next line with its number, from 1; `None` at the end.
    pub fn next_line(&mut self) -> io::Result<Option<(u64, &str)>> {
        let more = match self.encoding {
            Encoding::Utf8 => self.narrow()?,
            Encoding::Utf16(unit) => self.wide(unit)?,
        };
        self.number += 1;
        let text = self.text.trim_end_matches(['\r', '\n']);
        Ok(more.then_some((self.number, text)))
    }

    /// A field of systemd's journal export whose length stands before it as 64 bits, little-endian, and a line feed
    /// behind it: at most `most` octets of it. `None` where it is cut off.
    pub(super) fn binary_field(&mut self, most: usize) -> io::Result<Option<String>> {
        let mut length = [0; 8];
        let Some(length) = whole(self.input.read_exact(&mut length))?.map(|()| u64::from_le_bytes(length)) else {
            return Ok(None);
        };
        let mut rest = (&mut self.input).take(length);
        let mut kept = Vec::new();
        (&mut rest).take(most as u64).read_to_end(&mut kept)?;
        let mut breaks = breaks_in(&kept);
        loop {
            let piece = rest.fill_buf()?;
            if piece.is_empty() {
                break;
            }
            breaks += breaks_in(piece);
            let taken = piece.len();
            rest.consume(taken);
        }
        let is_whole = rest.limit() == 0;
        self.number += breaks + 1;
        let ended = whole(self.input.read_exact(&mut [0; 1]))?;
        Ok(ended.filter(|()| is_whole).map(|()| String::from_utf8_lossy(&kept).into_owned()))
    }

    fn narrow(&mut self) -> io::Result<bool> {
        self.octets.clear();
        if (&mut self.input).take(LONGEST as u64).read_until(b'\n', &mut self.octets)? == 0 {
            return Ok(false);
        }
        if self.octets.last() != Some(&b'\n') {
            self.input.skip_until(b'\n')?;
        }
        let octets = self.octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.octets);
        self.text.clear();
        self.text.push_str(&String::from_utf8_lossy(octets));
        Ok(true)
    }

    fn wide(&mut self, unit: fn([u8; 2]) -> u16) -> io::Result<bool> {
        let mut units = Vec::new();
        let mut ended = false;
        loop {
            let mut octets = [0; 2];
            match self.input.read_exact(&mut octets) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                read => read?,
            }
            let one = unit(octets);
            if one == u16::from(b'\n') {
                ended = true;
                break;
            }
            if units.len() < LONGEST {
                units.push(one);
            }
        }
        self.text = String::from_utf16_lossy(&units);
        Ok(ended || !units.is_empty())
    }
}

/// How many lines end in `octets`.
fn breaks_in(octets: &[u8]) -> u64 {
    octets.split(|octet| *octet == b'\n').skip(1).count() as u64
}

/// `None` where the end comes too early.
fn whole(read: io::Result<()>) -> io::Result<Option<()>> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        read => read.map(Some),
    }
}

/// The first two octets, and all of it once more.
fn begun<R: Read>(mut input: R) -> io::Result<(Vec<u8>, Begun<R>)> {
    let mut begin = Vec::new();
    (&mut input).take(2).read_to_end(&mut begin)?;
    Ok((begin.clone(), Cursor::new(begin).chain(input)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(octets: &[u8]) -> Vec<String> {
        let mut lines = Lines::of(octets).expect("memory can be read");
        let mut all = Vec::new();
        while let Some((_, text)) = lines.next_line().expect("memory can be read") {
            all.push(text.to_owned());
        }
        all
    }

    #[test]
    fn every_encoding_gives_the_same_lines() {
        let plain = "one é\r\ntwo\n\nfour";
        let expected = ["one é", "two", "", "four"];
        assert_eq!(lines(plain.as_bytes()), expected);
        assert_eq!(lines(&[b"\xef\xbb\xbf", plain.as_bytes()].concat()), expected);
        let little: Vec<u8> =
            "\u{feff}".encode_utf16().chain(plain.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}".encode_utf16().chain(plain.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        assert_eq!(
            (lines(&little), lines(&big)),
            (expected.map(String::from).to_vec(), expected.map(String::from).to_vec())
        );
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut packed, plain.as_bytes()).expect("memory can be written");
        assert_eq!(lines(&packed.finish().expect("memory can be written")), expected);
    }

    #[test]
    fn a_long_line_is_cut_and_what_is_no_text_is_marked() {
        let long = [vec![b'x'; 3 * LONGEST], b"\nafter\n".to_vec()].concat();
        let all = lines(&long);
        assert_eq!((all[0].len(), all[1].as_str(), all.len()), (LONGEST, "after", 2));
        assert_eq!(lines(b"\x80\xff\0a"), ["\u{fffd}\u{fffd}\0a"]);
        assert_eq!(lines(b""), [""; 0]);
    }
}
