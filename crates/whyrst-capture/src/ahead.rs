//! Reading ahead: the blocks of a file, read by any thread at any time and handed out in their order.
//!
//! Where records lie can only be found in order, by one thread at a time. The kernel's copying of their bytes is most
//! of what a large capture costs there, and needs no order: each thread reads a block before it waits for its turn.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::source::{Block, Filled, Source};
use crate::system;

/// Bytes of the file in a block: they stay in a core's own cache.
const SIZE: usize = 128 * 1024;
/// Blocks that may wait for their turn. They hold memory.
const MOST_WAITING: u64 = 8;
/// Buffers that are kept to be used again: those that many threads want at once.
const MOST_SPARE: usize = 8;

/// A file that is read ahead of who takes its bytes.
pub(crate) struct Blocks {
    file: Arc<Shared>,
    /// What [`Source::fill`] left of a block.
    rest: Option<Block>,
    /// The block that was taken last was not full, so the file had ended there. What is written behind it meanwhile lies
    /// beyond a hole, since blocks stand at fixed places.
    ended: bool,
}

/// Reads blocks for whoever takes them.
#[derive(Clone)]
pub(crate) struct ReadAhead(Arc<Shared>);

struct Shared {
    file: File,
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Default)]
struct Queue {
    /// The block that nobody began to read yet.
    next: u64,
    /// The block whose turn it is.
    taken: u64,
    read: BTreeMap<u64, io::Result<Block>>,
    /// Buffers to be used again.
    spare: Vec<Vec<u8>>,
}

impl Blocks {
    /// All of `file`, from its first byte on.
    pub(crate) fn of(file: File) -> Self {
        let shared = Shared { file, queue: Mutex::default(), arrived: Condvar::new() };
        Self { file: Arc::new(shared), rest: None, ended: false }
    }

    /// For the threads that will wait for what is read here.
    pub(crate) fn ahead(&self) -> ReadAhead {
        ReadAhead(Arc::clone(&self.file))
    }

    /// What comes next: nothing behind the end.
    fn next(&mut self) -> io::Result<Block> {
        if self.ended {
            return Ok(Block { buffer: Vec::new(), start: 0 });
        }
        let block = self.file.take()?;
        self.ended = block.buffer.len() < Block::HEADROOM + SIZE;
        Ok(block)
    }
}

impl ReadAhead {
    /// Reads one block, unless enough of them wait. For who has not come to its turn.
    pub(crate) fn read(&self) {
        let mut queue = self.0.lock();
        if queue.next < queue.taken + MOST_WAITING {
            let (number, buffer) = queue.begin();
            drop(queue);
            let block = self.0.block(number, buffer);
            self.0.lock().read.insert(number, block);
            self.0.arrived.notify_all();
        }
    }
}

impl Queue {
    /// The next block to be read is that of who called.
    fn begin(&mut self) -> (u64, Vec<u8>) {
        self.next += 1;
        (self.next - 1, self.spare.pop().unwrap_or_default())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn block(&self, number: u64, mut buffer: Vec<u8>) -> io::Result<Block> {
        buffer.resize(Block::HEADROOM + SIZE, 0);
        let len = fill(&self.file, number * SIZE as u64, &mut buffer[Block::HEADROOM..])?;
        buffer.truncate(Block::HEADROOM + len);
        Ok(Block { buffer, start: Block::HEADROOM })
    }

    /// The block whose turn it is, however long somebody else still reads it.
    fn take(&self) -> io::Result<Block> {
        let mut queue = self.lock();
        let number = queue.taken;
        queue.taken += 1;
        if queue.next == number {
            let (number, buffer) = queue.begin();
            drop(queue);
            return self.block(number, buffer);
        }
        loop {
            if let Some(block) = queue.read.remove(&number) {
                return block;
            }
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Until `into` is full, or the file ends.
fn fill(file: &File, at: u64, into: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while len < into.len() {
        match system::read_at(file, at + len as u64, &mut into[len..]) {
            Ok(0) => break,
            Ok(count) => len += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}

impl Source for Blocks {
    /// For a record that no block holds: copied.
    fn fill(&mut self, into: &mut [u8], _patience: Duration) -> io::Result<Filled> {
        let mut block = match self.rest.take() {
            Some(block) => block,
            None => self.next()?,
        };
        let left = &block.buffer[block.start..];
        let count = left.len().min(into.len());
        into[..count].copy_from_slice(&left[..count]);
        block.start += count;
        self.rest = (block.start < block.buffer.len()).then_some(block);
        Ok(Filled::octets_or_end(count))
    }

    fn block(&mut self) -> io::Result<Option<Block>> {
        if self.rest.is_some() || self.ended { Ok(None) } else { self.next().map(Some) }
    }

    fn recycle(&mut self, buffer: Vec<u8>) {
        let mut queue = self.file.lock();
        if queue.spare.len() < MOST_SPARE {
            queue.spare.push(buffer);
        }
    }
}

impl fmt::Debug for ReadAhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadAhead").field(&self.0.file).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::window::{Have, Window};

    /// Bytes that show where they are.
    fn content(len: usize) -> Vec<u8> {
        (0..=u32::MAX).flat_map(u32::to_le_bytes).take(len).collect()
    }

    fn file(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(content).expect("it is writable");
        file
    }

    /// All that a window has, in pieces of these sizes over and over.
    fn all(window: &mut Window, pieces: &[usize]) -> Vec<u8> {
        let mut read = Vec::new();
        for piece in pieces.iter().cycle() {
            let (count, is_last) = match window.have(*piece).expect("it can be read") {
                Have::All => (*piece, false),
                Have::Only(left) => (left, true),
                Have::Idle => panic!("a file is never idle"),
            };
            read.extend_from_slice(&window.ahead()[..count]);
            window.advance(count);
            if is_last {
                break;
            }
        }
        read
    }

    #[test]
    fn bytes_come_in_order_whoever_reads_them() {
        let content = content(40 * SIZE + 17);
        let blocks = Blocks::of(file(&content));
        let ahead = blocks.ahead();
        let mut window = Window::new(Box::new(blocks));
        let read = std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..100).for_each(|_| ahead.read()));
            }
            all(&mut window, &[16, 1500, 40, 7])
        });
        assert!(read == content);
    }

    #[test]
    fn what_no_block_holds_lies_in_one_piece_all_the_same() {
        let content = content(20 * SIZE);
        for pieces in [&[Block::HEADROOM + 1, 3][..], &[3 * SIZE, 10], &[SIZE, SIZE + 1], &[SIZE / 2]] {
            let mut window = Window::new(Box::new(Blocks::of(file(&content))));
            assert!(all(&mut window, pieces) == content, "pieces of {pieces:?}");
        }
    }

    #[test]
    fn nothing_is_read_beyond_the_end_that_was_set() {
        let content = content(5 * SIZE);
        for most in [0, 1, SIZE, 3 * SIZE + 5] {
            let mut window = Window::new(Box::new(Blocks::of(file(&content))));
            window.end_after(most as u64);
            assert!(all(&mut window, &[1000]) == content[..most], "{most} bytes");
            assert_eq!(window.octets_read(), most as u64);
        }
    }

    #[test]
    fn what_is_written_behind_the_end_meanwhile_leaves_no_hole() {
        let content = content(4 * SIZE);
        let growing = file(&content[..SIZE + 100]);
        let mut writer = growing.try_clone().expect("it can be shared");
        let blocks = Blocks::of(growing);
        let ahead = blocks.ahead();
        (0..2).for_each(|_| ahead.read());
        writer.write_all(&content[SIZE + 100..]).expect("it is writable");
        ahead.read();
        let mut window = Window::new(Box::new(blocks));
        assert!(all(&mut window, &[1000]) == content[..SIZE + 100]);
    }

    #[test]
    fn no_more_wait_than_are_allowed() {
        let blocks = Blocks::of(file(&content(100 * SIZE)));
        let ahead = blocks.ahead();
        (0..50).for_each(|_| ahead.read());
        assert_eq!(blocks.file.lock().read.len() as u64, MOST_WAITING);
    }
}
