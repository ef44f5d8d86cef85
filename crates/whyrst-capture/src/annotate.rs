//! Captures once more, with comments on some of their frames: what Wireshark shows as `frame.comment`.
//!
//! A pcapng file is copied block by block, so that nothing in it is lost: its interfaces, name records,
//! secrets, statistics and the comments that it had. Any other capture, and a damaged pcapng file,
//! becomes a new section with its interfaces, times and frames. Several captures become several
//! sections of one file, in the order of time of their beginnings; the frames of one file stay
//! together, so that the numbers in a report are found again.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use whyrst_core::observation::Frame;

use crate::bytes::Order;
use crate::capture::{Capture, Pulled};
use crate::container::MAX_RECORD;
use crate::container::pcapng::{BODY, FRAME, block, is_numbered, options, order};
use crate::error::{OpenError, ReadError};
use crate::record::Record;
use crate::set::CaptureSet;
use crate::window::{Have, Window};
use crate::writer::{InterfaceId, NewFrame, PcapNgWriter};

/// Comments by frame, in the numbering of [`CaptureSet`].
pub type Comments = BTreeMap<Frame, Vec<String>>;

/// What was written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Annotated {
    /// Frames that were written.
    pub frames: u64,
    /// Comments that were written.
    pub comments: u64,
    /// Comments on frames that cannot bear one (simple packet blocks) or could not be read again.
    pub left_out: u64,
    /// Records too damaged to be written.
    pub unwritten: u64,
    /// Files that are damaged pcapng: their frames were written anew, without comments and names that they had.
    pub rebuilt: Vec<String>,
    /// Frames before those of each file, by its number, as the frames of the result are numbered.
    pub before: BTreeMap<u32, u64>,
}

/// Why it could not be done.
#[derive(Debug, thiserror::Error)]
pub enum AnnotateError {
    /// A capture cannot be opened once more.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A capture cannot be read once more.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is text: there are no frames that a comment could be written on.
    #[error("cannot annotate {name}: it is printed text, not a capture")]
    Text {
        /// The text.
        name: String,
    },
    /// The result cannot be written.
    #[error("cannot write the annotated capture: {0}")]
    Write(#[from] io::Error),
}

/// Writes the captures of `paths` to `out`, which should be buffered, as one pcapng file with `comments`.
pub fn annotate<P: AsRef<Path>>(
    paths: &[P],
    comments: &Comments,
    application: &str,
    mut out: impl Write,
) -> Result<Annotated, AnnotateError> {
    let mut set = CaptureSet::open(paths);
    let mut done = Annotated::default();
    let order: Vec<u32> = set.order_of_reading().collect();
    for file in order {
        done.before.insert(file, done.frames);
        if set.open_alone(file)?.is_text() {
            return Err(AnnotateError::Text { name: set.open_alone(file)?.name().to_owned() });
        }
        let sound = match set.open_alone(file)?.into_blocks() {
            Some(window) => Some(is_sound(window)?),
            None => None,
        };
        let capture = set.open_alone(file)?;
        let mut pen = Pen { file, comments, out: &mut out, done: &mut done, number: 0 };
        if sound == Some(true) {
            if let Some(window) = capture.into_blocks() {
                pen.copy_blocks(window)?;
            }
            continue;
        }
        let name = capture.name().to_owned();
        pen.write_anew(capture, application)?;
        if sound == Some(false) {
            done.rebuilt.push(name);
        }
    }
    let wanted: u64 = comments.values().map(|several| several.len() as u64).sum();
    done.left_out = wanted.saturating_sub(done.comments);
    out.flush()?;
    Ok(done)
}

/// A block of a pcapng file at the front of `window`, and the order of its section from here on.
struct RawBlock {
    kind: u32,
    size: usize,
    order: Order,
}

/// What stands at the front of a window.
enum Next {
    Block(RawBlock),
    /// The end, or the beginning of a block whose rest is missing.
    End,
    Damage,
}

fn next(window: &mut Window, before: Order) -> io::Result<Next> {
    if window.wait_for(FRAME)? != Have::All {
        return Ok(Next::End);
    }
    let front = window.ahead();
    let kind = before.u32_at(front, 0).unwrap_or_default();
    let order = if kind == block::SECTION { order(&front[BODY..]) } else { Some(before) };
    let Some(order) = order else { return Ok(Next::Damage) };
    let size = order.u32_at(front, 4).unwrap_or_default() as usize;
    if !(FRAME..=MAX_RECORD as usize).contains(&size) || !size.is_multiple_of(4) {
        return Ok(Next::Damage);
    }
    if window.wait_for(size)? != Have::All {
        return Ok(Next::End);
    }
    let same = order.u32_at(window.ahead(), size - 4) == order.u32_at(window.ahead(), 4);
    Ok(if same { Next::Block(RawBlock { kind, size, order }) } else { Next::Damage })
}

/// Whether block follows block to the end.
fn is_sound(mut window: Window) -> io::Result<bool> {
    let mut order = Order::Little;
    loop {
        match next(&mut window, order)? {
            Next::Block(block) => {
                order = block.order;
                window.advance(block.size);
            }
            Next::End => return Ok(true),
            Next::Damage => return Ok(false),
        }
    }
}

/// Writes one capture.
struct Pen<'a, W> {
    file: u32,
    comments: &'a Comments,
    out: &'a mut W,
    done: &'a mut Annotated,
    /// Of the last frame.
    number: u64,
}

impl<W: Write> Pen<'_, W> {
    fn comments(&self) -> &[String] {
        self.comments.get(&Frame::new(self.file, self.number)).map_or(&[], Vec::as_slice)
    }

    fn copy_blocks(&mut self, mut window: Window) -> Result<(), AnnotateError> {
        let mut order = Order::Little;
        while let Next::Block(block) = next(&mut window, order)? {
            order = block.order;
            let whole = window.advance(block.size);
            self.copy(&block, window.taken(whole))?;
        }
        self.done.unwritten += u64::from(!window.ahead().is_empty());
        Ok(())
    }

    fn copy(&mut self, block: &RawBlock, whole: &[u8]) -> io::Result<()> {
        let packet = matches!(block.kind, block::ENHANCED_PACKET | block::PACKET);
        if packet || block.kind == block::SIMPLE_PACKET || is_numbered(block.kind) {
            self.number += 1;
            self.done.frames += 1;
        }
        match block.kind {
            block::SECTION => self.section(whole),
            _ if packet && !self.comments().is_empty() => self.commented(block.order, whole),
            _ => self.out.write_all(whole),
        }
    }

    /// Its length would not be true any more: not said is allowed.
    fn section(&mut self, whole: &[u8]) -> io::Result<()> {
        const LENGTH: std::ops::Range<usize> = 16..24;
        let mut own = whole.to_vec();
        if let Some(length) = own.get_mut(LENGTH) {
            length.fill(0xff);
        }
        self.out.write_all(&own)
    }

    /// The block as it is, with comments behind those that it has.
    fn commented(&mut self, order: Order, whole: &[u8]) -> io::Result<()> {
        const HEADER: usize = 20;
        const CAPTURED: usize = BODY + 12;
        let captured = order.u32_at(whole, CAPTURED).unwrap_or(u32::MAX) as usize;
        let data = (BODY + HEADER).saturating_add(captured).checked_next_multiple_of(4);
        let Some((start, area)) = data.and_then(|at| Some((at, whole.get(at..whole.len() - 4)?))) else {
            return self.out.write_all(whole);
        };
        let mut new = whole[..start].to_vec();
        for (code, value) in options(order, area) {
            push_option(order, code, value, &mut new);
        }
        let comments = self.comments();
        for comment in comments {
            push_option(order, COMMENT, comment.as_bytes(), &mut new);
        }
        let written = comments.len() as u64;
        new.extend(END_OF_OPTIONS);
        let size = u32::try_from(new.len() + 4).map_err(|_| io::ErrorKind::InvalidData)?;
        let size = bytes32(order, size);
        new[4..BODY].copy_from_slice(&size);
        new.extend(size);
        self.done.comments += written;
        self.out.write_all(&new)
    }

    /// Every frame that can be read, in a section of its own.
    fn write_anew(&mut self, mut capture: Capture, application: &str) -> Result<(), AnnotateError> {
        let mut writer = PcapNgWriter::new(&mut *self.out, application)?;
        let mut interfaces: Vec<InterfaceId> = Vec::new();
        let mut bytes = Vec::new();
        loop {
            let (interface, frame, (time, original)) = match capture.next_record()? {
                Pulled::Record(record) => {
                    bytes.clear();
                    bytes.extend_from_slice(record.bytes);
                    let Record { time, original, .. } = record;
                    (usize::from(record.interface.0), record.frame, (time, original))
                }
                Pulled::PassedOver(..) => {
                    self.done.unwritten += 1;
                    continue;
                }
                Pulled::Idle => continue,
                Pulled::End => return Ok(()),
            };
            for info in capture.interfaces().iter().skip(interfaces.len()) {
                interfaces.push(writer.add_interface(&info.name, info.link, 0)?);
            }
            let Some(&interface) = interfaces.get(interface) else {
                self.done.unwritten += 1;
                continue;
            };
            let comments: Vec<&str> = self.comments.get(&frame).into_iter().flatten().map(String::as_str).collect();
            writer.write(&NewFrame { interface, time, bytes: &bytes, original, comments: &comments })?;
            self.done.frames += 1;
            self.done.comments += comments.len() as u64;
        }
    }
}

const COMMENT: u16 = 1;
const END_OF_OPTIONS: [u8; 4] = [0; 4];

fn push_option(order: Order, code: u16, value: &[u8], into: &mut Vec<u8>) {
    let value = &value[..value.len().min(usize::from(u16::MAX))];
    into.extend(bytes16(order, code));
    into.extend(bytes16(order, u16::try_from(value.len()).unwrap_or(u16::MAX)));
    into.extend(value);
    into.resize(into.len().next_multiple_of(4), 0);
}

const fn bytes16(order: Order, number: u16) -> [u8; 2] {
    match order {
        Order::Little => number.to_le_bytes(),
        Order::Big => number.to_be_bytes(),
    }
}

const fn bytes32(order: Order, number: u32) -> [u8; 4] {
    match order {
        Order::Little => number.to_le_bytes(),
        Order::Big => number.to_be_bytes(),
    }
}
