//! Who reads captures: a child that speaks the JSON contract, one process for each set of files.
//!
//! A capture is hostile input. Read in a child, the worst of them costs its own process, and its
//! memory is bounded by what the child is told.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::Command;

use crate::store::{SourceId, State, Store};

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

impl Analyst {
    /// Explains `files` into the store; what goes wrong is said there.
    pub(crate) async fn explain(&self, files: &[PathBuf], called: Option<&str>, store: &Store, source: SourceId) {
        match self.run(files, called, store, source).await {
            Ok(None) => store.finish(source),
            Ok(Some(cause)) => store.fail(source, &cause),
            Err(error) => {
                store.fail(source, &format!("cannot run {} to explain it: {error}", self.program.display()));
            }
        }
    }

    /// Says why it could not be read to its end.
    async fn run(
        &self,
        files: &[PathBuf],
        called: Option<&str>,
        store: &Store,
        source: SourceId,
    ) -> std::io::Result<Option<String>> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        if let Some(name) = called {
            command.arg(format!("--called={name}"));
        }
        let stdin = if files.iter().any(|file| file.as_os_str() == "-") { Stdio::inherit() } else { Stdio::null() };
        command.arg("--").args(files).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let (Some(output), Some(errors)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(std::io::Error::other("it has no output"));
        };
        let names = Called { files, called };
        let (told, last) = tokio::join!(
            take_lines(BufReader::with_capacity(BUFFER, output).lines(), store, source),
            take_remarks(BufReader::new(errors).lines(), &names, store, source)
        );
        told?;
        let status = child.wait().await?;
        let failed = status.code().is_none_or(|code| code >= COULD_NOT_READ);
        Ok(failed.then(|| last.unwrap_or_else(|| format!("the analysis ended with {status}"))))
    }
}

/// Feeds lines to the store as they come, many at once where they come fast.
pub(crate) async fn take_lines<R: AsyncRead + Unpin>(
    mut lines: Lines<BufReader<R>>,
    store: &Store,
    source: SourceId,
) -> std::io::Result<u64> {
    let (mut batch, mut strange) = (Vec::with_capacity(BATCH), 0);
    loop {
        let line = lines.next_line().await?;
        let ended = line.is_none();
        batch.extend(line);
        // What is in the buffer comes without waiting: take it in one go.
        let more = !ended && batch.len() < BATCH && lines.get_ref().buffer().contains(&b'\n');
        if !more && !batch.is_empty() {
            strange += store.take(source, batch.iter().map(String::as_str))?;
            batch.clear();
        }
        if ended {
            return Ok(strange);
        }
    }
}

/// What a file is called by whoever dropped it: where it was put is nobody's business.
struct Called<'a> {
    files: &'a [PathBuf],
    called: Option<&'a str>,
}

impl Called<'_> {
    fn told(&self, remark: &str) -> String {
        match (self.files, self.called) {
            ([file], Some(name)) => remark.replace(&file.display().to_string(), name),
            _ => remark.to_owned(),
        }
    }
}

/// The last remark, which says why when the child fails.
async fn take_remarks<R: AsyncRead + Unpin>(
    mut lines: Lines<BufReader<R>>,
    called: &Called<'_>,
    store: &Store,
    source: SourceId,
) -> Option<String> {
    let mut last = None;
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(octets) = line.strip_prefix("progress ") {
            let mut numbers = octets.split(' ').map(|number| number.parse().ok());
            if let Some(Some(octets)) = numbers.next() {
                store.set_state(source, State::Reading { octets, of: numbers.next().flatten() });
            }
        } else {
            let text = called.told(line.strip_prefix("whyrst: ").unwrap_or(&line));
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
        let files = [PathBuf::from("/tmp/whyrst-x/capture")];
        let dropped = Called { files: &files, called: Some("notes.txt") };
        assert_eq!(dropped.told("cannot read /tmp/whyrst-x/capture: it is text"), "cannot read notes.txt: it is text");
        let named = Called { files: &files, called: None };
        assert_eq!(named.told("cannot read /tmp/whyrst-x/capture"), "cannot read /tmp/whyrst-x/capture");
    }
}
