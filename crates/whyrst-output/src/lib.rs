//! What leaves whyrst: [files](WrittenFile) under names that somebody gave, and [lines](said::line) on standard error.
//!
//! Both programs, the lab and the table files write through here, often as root. Where a file is opened for writing, and
//! where a line may meet a closed pipe, stands once.

mod file;
mod held_up;
pub mod said;

pub use self::file::{Place, Places, WriteError, WrittenFile};
pub use self::held_up::{Writing, writing};
