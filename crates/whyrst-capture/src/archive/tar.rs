//! tar (POSIX.1-1988 ustar, pax, GNU, and the Unix version 7 before them): headers of 512 octets,
//! each before its member. There is no directory, so members are met in the order of the archive.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::damaged;
use crate::source::{Filled, Source};
use crate::window::{Have, Window};

pub(super) const BLOCK: usize = 512;
/// Longer names are cut.
const LONGEST_NAME: usize = 4096;

/// Whether `first` begins with a tar header: its checksum is right.
pub(super) fn begins(first: &[u8]) -> bool {
    first.first_chunk().is_some_and(checksum_holds)
}

/// An archive that is being read, at one of its members.
pub(crate) struct Tar {
    window: Window,
    /// Octets of the current member that were not read.
    left: u64,
    /// Octets of padding behind it.
    padding: u64,
    /// How many members were met.
    pub(crate) met: usize,
}

impl fmt::Debug for Tar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tar").field("met", &self.met).field("left", &self.left).finish_non_exhaustive()
    }
}

/// The header of a member that is a file.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) size: u64,
}

impl Tar {
    pub(super) const fn new(window: Window) -> Self {
        Self { window, left: 0, padding: 0, met: 0 }
    }

    /// Goes on to the next member that is a regular file; `None` at the end of the archive.
    pub(crate) fn next(&mut self) -> io::Result<Option<Entry>> {
        let mut long_name = None;
        loop {
            self.skip(self.left.saturating_add(self.padding))?;
            (self.left, self.padding) = (0, 0);
            let Some(header) = self.header()? else { return Ok(None) };
            let size = number(&header[124..136]).ok_or_else(|| damaged("a member without a size"))?;
            self.left = size;
            self.padding = size.next_multiple_of(BLOCK as u64) - size;
            match header[156] {
                b'0' | b'\0' | b'7' => {
                    self.met += 1;
                    return Ok(Some(Entry { name: long_name.unwrap_or_else(|| name(&header)), size }));
                }
                // GNU: the content is the name of the next member. pax: it is records, "path" among them.
                b'L' => long_name = Some(text(&self.content()?)),
                b'x' => long_name = pax_path(&self.content()?).or(long_name),
                _ => {}
            }
        }
    }

    /// The next header that is not zeros.
    fn header(&mut self) -> io::Result<Option<[u8; BLOCK]>> {
        match self.window.wait_for(BLOCK)? {
            Have::All => {}
            _ if self.window.damage.is_some() => return Err(damaged("the compressed stream is damaged")),
            Have::Only(0) => return Ok(None),
            _ => return Err(damaged("it ends inside a header")),
        }
        let place = self.window.advance(BLOCK);
        let header: [u8; BLOCK] = *self.window.taken(place).first_chunk().expect("invariant: a block was taken");
        match header.iter().all(|&octet| octet == 0) {
            true => Ok(None),
            false if checksum_holds(&header) => Ok(Some(header)),
            false => Err(damaged("a header with a wrong checksum")),
        }
    }

    /// The beginning of a member's content, as much as a name needs.
    fn content(&mut self) -> io::Result<Vec<u8>> {
        let mut content = vec![0; usize::try_from(self.left).unwrap_or(LONGEST_NAME).min(LONGEST_NAME)];
        let mut filled = 0;
        while filled < content.len() {
            match self.read(&mut content[filled..])? {
                0 => return Err(damaged("it ends inside a name")),
                count => filled += count,
            }
        }
        Ok(content)
    }

    /// Content of the current member.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        if wanted == 0 {
            return Ok(0);
        }
        self.window.wait_for(1)?;
        let count = self.window.ahead().len().min(wanted);
        let place = self.window.advance(count);
        into[..count].copy_from_slice(self.window.taken(place));
        self.left -= count as u64;
        Ok(count)
    }

    fn skip(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            self.window.wait_for(1)?;
            let present = self.window.ahead().len();
            if present == 0 {
                return Err(damaged("it ends inside a member"));
            }
            let step = usize::try_from(count).unwrap_or(usize::MAX).min(present);
            self.window.advance(step);
            count -= step as u64;
        }
        Ok(())
    }
}

/// The content of the member at which an archive stands. When the archive has gone on, it ends.
pub(crate) struct Content {
    tar: Arc<Mutex<Tar>>,
    /// Which member it is.
    met: usize,
}

impl Content {
    pub(crate) fn of(tar: &Arc<Mutex<Tar>>) -> Self {
        let met = tar.lock().unwrap_or_else(PoisonError::into_inner).met;
        Self { tar: Arc::clone(tar), met }
    }
}

impl Source for Content {
    fn fill(&mut self, into: &mut [u8], _patience: Duration) -> io::Result<Filled> {
        let mut tar = self.tar.lock().unwrap_or_else(PoisonError::into_inner);
        if tar.met != self.met {
            return Ok(Filled::End);
        }
        match tar.read(into)? {
            0 => Ok(match tar.window.damage.take() {
                Some((kind, cause)) if tar.left > 0 => Filled::Damaged(kind, cause),
                _ => Filled::End,
            }),
            count => Ok(Filled::Octets(count)),
        }
    }
}

/// The sum of all octets with spaces in place of the sum; some old writers summed signed octets.
fn checksum_holds(header: &[u8; BLOCK]) -> bool {
    const FIELD: std::ops::Range<usize> = 148..156;
    let Some(wanted) = number(&header[FIELD]) else { return false };
    let others = || header.iter().enumerate().filter(|(at, _)| !FIELD.contains(at)).map(|(_, octet)| *octet);
    let spaces = 8 * u32::from(b' ');
    let unsigned = spaces + others().map(u32::from).sum::<u32>();
    let signed = spaces.cast_signed() + others().map(|octet| i32::from(octet.cast_signed())).sum::<i32>();
    wanted == u64::from(unsigned) || i64::try_from(wanted) == Ok(signed.into())
}

/// A number in octal digits, or, as GNU writes large ones, in base 256 with the first bit set.
fn number(field: &[u8]) -> Option<u64> {
    if let [0x80, rest @ ..] = field {
        return rest.iter().try_fold(0u64, |sum, &octet| Some(sum.checked_mul(256)? | u64::from(octet)));
    }
    let digits = field.trim_ascii_start();
    let end = digits.iter().position(|&octet| octet == b' ' || octet == 0).unwrap_or(digits.len());
    let digits = std::str::from_utf8(&digits[..end]).ok().filter(|digits| !digits.is_empty())?;
    u64::from_str_radix(digits, 8).ok()
}

fn name(header: &[u8; BLOCK]) -> String {
    let (name, prefix) = (text(&header[..100]), text(&header[345..500]));
    if header[257..].starts_with(b"ustar\0") && !prefix.is_empty() { format!("{prefix}/{name}") } else { name }
}

/// Up to the first zero.
fn text(octets: &[u8]) -> String {
    let end = octets.iter().position(|&octet| octet == 0).unwrap_or(octets.len());
    String::from_utf8_lossy(&octets[..end]).into_owned()
}

/// Records are lines: the length of the line, a space, key, equals sign, value.
fn pax_path(records: &[u8]) -> Option<String> {
    let line = records.split(|&octet| octet == b'\n').find_map(|line| {
        let at = line.windows(6).position(|window| window == b" path=")?;
        Some(&line[at + 6..])
    });
    line.map(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_base_256() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"   644 \0"), Some(0o644));
        assert_eq!(number(&[0x80, 0, 0, 1, 0]), Some(256));
        assert_eq!(number(b"\0\0\0"), None);
        assert_eq!(number(&[0xff; 12]), None);
        assert_eq!(number(&[&[0x80][..], &[0xff; 11]].concat()), None);
    }

    #[test]
    fn a_path_is_found_among_pax_records() {
        assert_eq!(pax_path(b"20 atime=1.5\n14 path=a/b.pcap\n").as_deref(), Some("a/b.pcap"));
        assert_eq!(pax_path(b"20 atime=1.5\n"), None);
    }
}
