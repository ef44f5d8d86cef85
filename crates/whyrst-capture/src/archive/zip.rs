//! zip (PKWARE APPNOTE 6.3): members, and behind them a directory that says where they are. Entries
//! that share octets are how small archives unpack to petabytes, so an archive with such is refused.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::{MAX_MEMBERS, damaged, read_some};
use crate::bytes::{Order, array_at};
use crate::compression::{Compression, Unpacked};
use crate::source::{Source, Waiting};
use crate::window::Window;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
const LOCAL_SIZE: usize = 30;
const CENTRAL_SIZE: usize = 46;
const END_SIZE: usize = 22;
const LOCATOR_SIZE: u64 = 20;
/// A directory larger than this is refused.
const MAX_DIRECTORY: u64 = 64 * 1024 * 1024;

/// What the directory says of a member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    flags: u16,
    method: u16,
    packed: u64,
    /// Where its local header begins.
    at: u64,
}

pub(super) fn begins(first: &[u8]) -> bool {
    first.starts_with(b"PK\x03\x04") || first.starts_with(b"PK\x05\x06")
}

/// Names and places of the members that are files.
pub(super) fn directory(file: &mut File) -> io::Result<Vec<(String, Entry)>> {
    let (at, size) = find_directory(file)?;
    if size > MAX_DIRECTORY {
        return Err(damaged("its directory is too large"));
    }
    file.seek(SeekFrom::Start(at))?;
    let mut directory = Vec::new();
    file.take(size).read_to_end(&mut directory)?;
    let entries = entries(&directory);
    refuse_shared_octets(&entries)?;
    Ok(entries)
}

/// The content of a member, decompressed.
pub(super) fn open(mut file: File, entry: Entry) -> io::Result<Box<dyn Source>> {
    const ENCRYPTED: u16 = 1;
    if entry.flags & ENCRYPTED != 0 {
        return Err(damaged("it is encrypted"));
    }
    file.seek(SeekFrom::Start(entry.at))?;
    let mut header = [0; LOCAL_SIZE];
    let present = read_some(&mut file, &mut header)?;
    if present < LOCAL_SIZE || u32_at(&header, 0) != Some(LOCAL) {
        return Err(damaged("its header is not where the directory says"));
    }
    let lengths = u16_at(&header, 26).zip(u16_at(&header, 28)).unwrap_or_default();
    file.seek(SeekFrom::Current(i64::from(lengths.0) + i64::from(lengths.1)))?;
    let packed = Box::new(Waiting(file.take(entry.packed)));
    let kind = match entry.method {
        0 => return Ok(packed),
        8 => Compression::Deflate,
        12 => Compression::Bzip2,
        93 => Compression::Zstd,
        95 => Compression::Xz,
        method => return Err(damaged(&format!("its compression method {method} is not read"))),
    };
    Ok(Box::new(Unpacked::start(kind, Window::new(packed), false)?))
}

/// Where the directory begins, and its size.
fn find_directory(file: &mut File) -> io::Result<(u64, u64)> {
    const LONGEST_COMMENT: u64 = 65_535;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(LONGEST_COMMENT + END_SIZE as u64);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(LONGEST_COMMENT + END_SIZE as u64).read_to_end(&mut tail)?;
    let ends = (0..(tail.len() + 1).saturating_sub(END_SIZE)).rev();
    let end = ends.into_iter().find(|&at| is_end(&tail[at..])).ok_or_else(|| damaged("it has no directory"))?;
    if let Some(large) = find_directory_64(file, from + end as u64)? {
        return Ok(large);
    }
    let word = |at| u32_at(&tail, end + at).unwrap_or_default();
    Ok((word(16).into(), word(12).into()))
}

/// Whether an end record whose comment fits stands here.
fn is_end(bytes: &[u8]) -> bool {
    let comment = u16_at(bytes, 20).map_or(usize::MAX, usize::from);
    u32_at(bytes, 0) == Some(END) && comment <= bytes.len() - END_SIZE
}

/// As the record for large archives has it, when there is one before the end record at `end`.
fn find_directory_64(file: &mut File, end: u64) -> io::Result<Option<(u64, u64)>> {
    let Some(locator) = end.checked_sub(LOCATOR_SIZE) else { return Ok(None) };
    let mut octets = [0; 56];
    file.seek(SeekFrom::Start(locator))?;
    let present = read_some(file, &mut octets[..20])?;
    if present < 20 || u32_at(&octets, 0) != Some(LOCATOR_64) {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(u64_at(&octets, 8).unwrap_or_default()))?;
    let present = read_some(file, &mut octets)?;
    if present < octets.len() || u32_at(&octets, 0) != Some(END_64) {
        return Err(damaged("its directory is not where its end says"));
    }
    Ok(u64_at(&octets, 48).zip(u64_at(&octets, 40)))
}

fn entries(mut rest: &[u8]) -> Vec<(String, Entry)> {
    let mut entries = Vec::new();
    while let Some(((name, entry), size)) = read_entry(rest) {
        if !name.ends_with('/') && entries.len() < MAX_MEMBERS {
            entries.push((name, entry));
        }
        rest = rest.get(size..).unwrap_or_default();
    }
    entries
}

/// One entry and its size in the directory.
fn read_entry(bytes: &[u8]) -> Option<((String, Entry), usize)> {
    if u32_at(bytes, 0)? != CENTRAL {
        return None;
    }
    let length = |at| u16_at(bytes, at).map(usize::from);
    let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
    let text = bytes.get(CENTRAL_SIZE..CENTRAL_SIZE + name)?;
    let large = bytes.get(CENTRAL_SIZE + name..CENTRAL_SIZE + name + extra)?;
    let [_, packed, at] = large_numbers([u32_at(bytes, 24)?, u32_at(bytes, 20)?, u32_at(bytes, 42)?], large);
    let entry = Entry { flags: u16_at(bytes, 8)?, method: u16_at(bytes, 10)?, packed, at };
    Some(((String::from_utf8_lossy(text).into_owned(), entry), CENTRAL_SIZE + name + extra + comment))
}

/// Numbers that do not fit stand, in this order and only those, in the extra field 1.
fn large_numbers(small: [u32; 3], mut extra: &[u8]) -> [u64; 3] {
    let mut large: &[u8] = &[];
    while let (Some(id), Some(size)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let end = extra.len().min(4 + usize::from(size));
        if id == 1 {
            large = &extra[4..end];
        }
        extra = &extra[end..];
    }
    small.map(|number| {
        if number != u32::MAX {
            return number.into();
        }
        let value = u64_at(large, 0).unwrap_or(u64::MAX);
        large = large.get(8..).unwrap_or_default();
        value
    })
}

fn refuse_shared_octets(entries: &[(String, Entry)]) -> io::Result<()> {
    let mut places: Vec<(u64, u64)> = entries
        .iter()
        .map(|(_, entry)| (entry.at, entry.at.saturating_add(LOCAL_SIZE as u64).saturating_add(entry.packed)))
        .collect();
    places.sort_unstable();
    if places.is_sorted_by(|a, b| a.1 <= b.0) { Ok(()) } else { Err(damaged("its members share octets (a zip bomb)")) }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Order::Little.u16_at(bytes, at)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Order::Little.u32_at(bytes, at)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(u64::from_le_bytes)
}
