//! Who reads captures: a child that speaks the JSON contract, one process for each set of files.
//!
//! A capture is hostile input. Read in a child, the worst of them costs its own process, and its
//! memory is bounded by what the child is told.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncRead, BufReader};
use tokio::process::{Child, Command};
use whyrst_page::{SourceId, State};

use crate::input::Input;
use crate::lines::{Line, Lines};
use crate::store::Store;

/// Lines that enter the store at once.
const BATCH: usize = 256;
/// Octets read at once: some tens of lines.
pub(crate) const BUFFER: usize = 256 * 1024;
/// Exit status of `explain` when some input could not be read; 1 says that some reset is unexplained.
const COULD_NOT_READ: i32 = 2;

/// A program that explains captures: `PROGRAM ARGUMENTS... FILE...` writes lines of the JSON contract
/// to standard output, and to standard error remarks and lines of `progress OCTETS [OF]`.
#[derive(Clone, Debug)]
pub struct Analyst {
    /// The program.
    pub program: PathBuf,
    /// What stands before the names of files.
    pub arguments: Vec<OsString>,
}

/// How a reader opens its standard input as a file: a capture is read twice, and an archive from its end.
const OWN_INPUT: &str = "/proc/self/fd/0";

/// A reader at work.
#[derive(Debug)]
pub(crate) struct Reader {
    child: Child,
    called: Option<String>,
}

impl Analyst {
    /// Starts a reader, with the rights of the thread that asks for it.
    pub(crate) fn start(&self, input: Input) -> io::Result<Reader> {
        let called = if let Input::Dropped(_, name) = &input { Some(name.clone()) } else { None };
        Ok(Reader { child: self.child(input, &[])?, called })
    }

    /// The process, with more arguments; it ends with its handle.
    pub(crate) fn child(&self, input: Input, more: &[String]) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).args(more).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        match input {
            Input::Named(files) => {
                let is_input = files.iter().any(|file| file.as_os_str() == "-");
                command.stdin(if is_input { Stdio::inherit() } else { Stdio::null() }).arg("--").args(files);
            }
            Input::Dropped(file, name) => {
                command.stdin(Stdio::from(file)).arg(format!("--called={name}")).args(["--", OWN_INPUT]);
            }
        }
        command.spawn().map_err(|error| {
            io::Error::new(error.kind(), format!("cannot run {} to explain it: {error}", self.program.display()))
        })
    }
}

impl Reader {
    /// Takes what it tells into the store, until it ends; what goes wrong is said there.
    pub(crate) async fn follow(self, store: &Store, source: SourceId) {
        match self.run(store, source).await {
            Ok(None) => store.finish(source),
            Ok(Some(cause)) => store.fail(source, &cause),
            Err(error) => store.fail(source, &error.to_string()),
        }
    }

    /// Says why it could not be read to its end.
    async fn run(mut self, store: &Store, source: SourceId) -> io::Result<Option<String>> {
        let (Some(output), Some(errors)) = (self.child.stdout.take(), self.child.stderr.take()) else {
            return Err(io::Error::other("it has no output"));
        };
        let (told, last) = tokio::join!(
            take_lines(Lines::of(BufReader::with_capacity(BUFFER, output)), store, source),
            take_remarks(Lines::of(BufReader::new(errors)), self.called.as_deref(), store, source)
        );
        told?;
        let status = self.child.wait().await?;
        let failed = status.code().is_none_or(|code| code >= COULD_NOT_READ);
        Ok(failed.then(|| last.unwrap_or_else(|| format!("the analysis ended with {status}"))))
    }
}

/// Feeds lines to the store as they come, many at once where they come fast; how many are nothing that is kept.
pub(crate) async fn take_lines<R: AsyncRead + Unpin>(
    mut lines: Lines<R>,
    store: &Store,
    source: SourceId,
) -> io::Result<u64> {
    let (mut batch, mut strange) = (Vec::with_capacity(BATCH), 0);
    loop {
        let line = lines.next().await?;
        let ended = line.is_none();
        match line {
            Some(Line::Text(text)) => batch.push(text),
            Some(Line::Strange) => strange += 1,
            None => {}
        }
        // What is in the buffer comes without waiting: take it in one go.
        let more = !ended && batch.len() < BATCH && lines.is_there();
        if !more && !batch.is_empty() {
            strange += store.take(source, batch.iter().map(String::as_str))?;
            batch.clear();
        }
        if ended {
            return Ok(strange);
        }
    }
}

/// What a file is called by whoever dropped it: how it is read is nobody's business.
fn told(remark: &str, called: Option<&str>) -> String {
    called.map_or_else(|| remark.to_owned(), |name| remark.replace(OWN_INPUT, name))
}

/// The last remark, which says why when the child fails.
async fn take_remarks<R: AsyncRead + Unpin>(
    mut lines: Lines<R>,
    called: Option<&str>,
    store: &Store,
    source: SourceId,
) -> Option<String> {
    let mut last = None;
    while let Ok(Some(line)) = lines.next().await {
        let Line::Text(line) = line else { continue };
        if let Some(octets) = line.strip_prefix("progress ") {
            let mut numbers = octets.split(' ').map(|number| number.parse().ok());
            if let Some(Some(octets)) = numbers.next() {
                store.set_state(source, State::Reading { octets, of: numbers.next().flatten() });
            }
        } else {
            let text = told(line.strip_prefix("whyrst: ").unwrap_or(&line), called);
            store.remark(source, &text);
            last = Some(text);
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_capture_is_told_of_by_its_own_name() {
        let remark = "cannot read /proc/self/fd/0: it is text";
        assert_eq!(told(remark, Some("notes.txt")), "cannot read notes.txt: it is text");
        assert_eq!(told(remark, None), remark);
    }
}
