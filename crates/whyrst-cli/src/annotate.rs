//! `explain --annotate` and `--wireshark`: the verdicts beside the packets, where people look at them.

use std::ffi::OsString;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use whyrst_capture::{Annotated, Comments};
use whyrst_core::observation::Frame;
use whyrst_core::report::Explanation;
use whyrst_core::report::escape::escape_name;
use whyrst_output::Places;

use crate::args::Explain;
use crate::output;

/// Bytes of comments that are kept while reading; Wireshark is of no use with more.
const LIMIT: usize = 256 * 1024 * 1024;
/// What a comment takes beside its text: its place among those of its frame, and the frame's among all.
const BESIDE_TEXT: usize = 128;

/// What is kept of the reports for other tools.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    comments: Comments,
    bytes: usize,
    /// So many may be kept.
    most: usize,
    /// Verdicts beyond the limit.
    beyond: u64,
    first: Option<Mark>,
}

/// Where to look at a connection.
#[derive(Clone, Debug)]
struct Mark {
    frame: Frame,
    filter: String,
}

/// The marks of one report.
#[derive(Debug)]
pub(crate) struct Marked {
    comments: Vec<(Frame, String)>,
    mark: Option<Mark>,
}

impl Marked {
    /// Whether other tools are to show anything.
    pub(crate) const fn is_asked_for(arguments: &Explain) -> bool {
        arguments.annotate.is_some() || arguments.wireshark
    }

    /// What is asked for of it.
    pub(crate) fn of(report: &Explanation<'_>, arguments: &Explain) -> Self {
        let comments = report.comments();
        let mark = comments.first().map(|(frame, _)| Mark { frame: *frame, filter: report.display_filter() });
        Self { comments: if arguments.annotate.is_some() { comments } else { Vec::new() }, mark }
    }
}

impl Marks {
    /// Keeps so many bytes of comments.
    pub(crate) fn within(most: usize) -> Self {
        Self { most: most.min(LIMIT), ..Self::default() }
    }

    pub(crate) fn add(&mut self, marked: Marked) {
        if self.first.is_none() {
            self.first = marked.mark;
        }
        if self.bytes > self.most {
            self.beyond += 1;
            return;
        }
        for (frame, mut comment) in marked.comments {
            comment.shrink_to_fit();
            self.bytes += comment.len() + BESIDE_TEXT;
            self.comments.entry(frame).or_default().push(comment);
        }
    }

    /// Does what was asked for, when all reports are written.
    pub(crate) fn finish(self, arguments: &Explain, files: &[String]) -> Result<()> {
        let annotated = match &arguments.annotate {
            Some(path) => Some((path, self.annotate(arguments, path)?)),
            None => None,
        };
        if !arguments.wireshark {
            return Ok(());
        }
        let Some(mark) = &self.first else {
            output::remark("there is no reset to show in Wireshark");
            return Ok(());
        };
        let (file, number) = if let Some((path, done)) = annotated {
            (path.clone(), mark.frame.number() + done.before.get(&mark.frame.file()).copied().unwrap_or(0))
        } else {
            let name = files.get(mark.frame.file() as usize).context("the file of the reset has no name")?;
            (PathBuf::from(name), mark.frame.number())
        };
        open(&file, number, &mark.filter)
    }

    fn annotate(&self, arguments: &Explain, path: &Path) -> Result<Annotated> {
        let what = || format!("cannot write {}", escape_name(&path.display().to_string()));
        let file = Places::beside(&arguments.files).place(path)?.whole()?;
        let mut writer = BufWriter::with_capacity(256 * 1024, file);
        let application = concat!("whyrst ", env!("CARGO_PKG_VERSION"));
        let done = whyrst_capture::annotate(&arguments.files, &self.comments, application, &mut writer)?;
        writer.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(what)?.finish()?;
        self.report(&done, path, arguments);
        Ok(done)
    }

    fn report(&self, done: &Annotated, path: &Path, arguments: &Explain) {
        let Annotated { frames, comments, left_out, unwritten, rebuilt, .. } = done;
        let name = path.display();
        if !arguments.common.quiet {
            output::remark(&format!("{name}: {frames} frames, {comments} comments"));
        }
        for name in rebuilt {
            output::remark(&format!("{name} is damaged: its frames were written anew, without the comments it had"));
        }
        let plural = |count: u64| if count == 1 { "" } else { "s" };
        if *unwritten > 0 {
            let s = plural(*unwritten);
            output::remark(&format!(
                "{name}: {unwritten} damaged record{s} could not be written, later frames have other numbers"
            ));
        }
        if *left_out > 0 {
            output::remark(&format!("{name}: {left_out} comment{} on frames that cannot bear any", plural(*left_out)));
        }
        if self.beyond > 0 {
            output::remark(&format!(
                "{name}: {} verdicts were too many to be written beside their packets",
                self.beyond
            ));
        }
    }
}

/// What can be known to be wrong before anything is read.
pub(crate) fn check(arguments: &Explain) -> Result<()> {
    if arguments.annotate.is_none() && !arguments.wireshark {
        return Ok(());
    }
    let again = if arguments.annotate.is_some() { "--annotate" } else { "--wireshark" };
    for path in &arguments.files {
        let pipe = path.as_os_str() == "-" || (path.exists() && !path.is_file() && !path.is_dir());
        if pipe {
            bail!("{again} needs the capture once more, and a pipe can be read only once: write it to a file first");
        }
    }
    if let Some(out) = &arguments.annotate {
        if out.as_os_str() == "-" {
            bail!("--annotate needs the name of a file: standard output is for the reports");
        }
        if out.exists() && !out.is_file() {
            bail!("cannot write {}: it is no ordinary file", out.display());
        }
    }
    if arguments.wireshark {
        find_wireshark().with_context(|| WITHOUT)?;
    }
    Ok(())
}

const WITHOUT: &str = "cannot open Wireshark: there is no program \"wireshark\" in PATH. Install it \
                       (sudo apt-get install wireshark), or use the report's frame number and filter where it is: \
                       wireshark -r FILE -g FRAME -Y 'FILTER'";

fn find_wireshark() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("wireshark")).find(|program| program.is_file())
}

/// Opens `file` at `number` and goes on without waiting.
fn open(file: &Path, number: u64, filter: &str) -> Result<()> {
    let program = find_wireshark().with_context(|| WITHOUT)?;
    let arguments: [OsString; 6] =
        ["-r".into(), file.into(), "-g".into(), number.to_string().into(), "-Y".into(), filter.into()];
    let mut command = Command::new(&program);
    command.args(&arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().with_context(|| format!("cannot run {}", program.display()))?;
    Ok(())
}
