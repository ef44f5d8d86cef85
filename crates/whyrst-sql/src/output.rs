//! Where results go, and in which format.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Error, Result, bail};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::json::writer::{LineDelimited, WriterBuilder};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::dataframe::DataFrame;
use futures::TryStreamExt as _;
use whyrst_core::report::escape::escape_name;
use whyrst_output::{Place, Places, WrittenFile};
use whyrst_store::parquet::ParquetFile;

use crate::Format;
use crate::reading::Reading;

/// Rows that a table shows: its columns are as wide as the widest, so all of them must be there first.
const TABLE_ROWS: usize = 10_000;

/// Standard output, or a file that appears under its name only when it is complete.
pub(crate) enum Sink {
    Text { format: Format, out: Out },
    Parquet(Place),
}

pub(crate) enum Out {
    Standard(BufWriter<Stdout>),
    File(BufWriter<WrittenFile>),
}

impl Sink {
    /// Opens what `-o` names, unless that is among what is read.
    pub(crate) fn open(format: Format, output: Option<&Path>, mut places: Places) -> Result<Self> {
        let out = match (output, format) {
            (None, Format::Parquet) => bail!("--format parquet needs -o FILE"),
            (Some(path), Format::Parquet) => return Ok(Self::Parquet(places.place(path)?)),
            (None, _) => Out::Standard(BufWriter::new(io::stdout())),
            (Some(path), _) => Out::File(BufWriter::new(places.place(path)?.whole()?)),
        };
        Ok(Self::Text { format, out })
    }

    /// Writes words.
    pub(crate) fn text(self, text: &str) -> Result<()> {
        let Self::Text { mut out, .. } = self else { bail!("--format parquet is for rows") };
        out.write(|out| out.write_all(text.as_bytes()).map_err(Error::from))?;
        out.finish()
    }

    /// Runs the query and writes its rows as they come.
    pub(crate) async fn rows(self, frame: DataFrame, reading: &Reading) -> Result<()> {
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let mut rows = frame.execute_stream().await?;
        let (format, mut out) = match self {
            Self::Parquet(place) => {
                let mut file = ParquetFile::create(&place, schema)?;
                while let Some(batch) = rows.try_next().await? {
                    file.write(&batch)?;
                }
                return Ok(file.finish()?);
            }
            Self::Text { format, out } => (format, out),
        };
        if format == Format::Table {
            let (mut batches, mut count) = (Vec::new(), 0);
            while let Some(batch) = rows.try_next().await? {
                count += batch.num_rows();
                if count > TABLE_ROWS {
                    bail!("more than {TABLE_ROWS} rows: add a limit, or take --format csv, json or parquet");
                }
                batches.push(batch);
            }
            reading.hush();
            out.write(|out| table(schema, batches, out))?;
            return out.finish();
        }
        let mut header = true;
        while let Some(batch) = rows.try_next().await? {
            if matches!(out, Out::Standard(_)) {
                reading.hush();
            }
            out.write(|out| encode(format, &batch, header, out))?;
            header = false;
        }
        if header {
            // Without rows there are still columns.
            out.write(|out| encode(format, &RecordBatch::new_empty(schema), true, out))?;
        }
        out.finish()
    }
}

fn table(schema: SchemaRef, mut batches: Vec<RecordBatch>, out: &mut dyn Write) -> Result<()> {
    if batches.is_empty() {
        batches.push(RecordBatch::new_empty(schema));
    }
    // What came out of packets reaches the terminal as text, never as a command to it.
    for line in pretty_format_batches(&batches)?.to_string().lines() {
        writeln!(out, "{}", escape_name(line))?;
    }
    Ok(())
}

fn encode(format: Format, batch: &RecordBatch, header: bool, out: &mut dyn Write) -> Result<()> {
    if format == Format::Csv {
        csv::WriterBuilder::new().with_header(header).build(out).write(batch)?;
    } else {
        // What is not known is null, not absent.
        let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(out);
        writer.write(batch)?;
        writer.finish()?;
    }
    Ok(())
}

impl Out {
    fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        match self {
            // A terminal takes control characters for commands; whatever else reads wants them as they are.
            Self::Standard(out) if out.get_ref().is_terminal() => {
                let mut text = Vec::new();
                write(&mut text)?;
                for line in String::from_utf8_lossy(&text).split_inclusive('\n') {
                    let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
                    write!(out, "{}{end}", escape_name(line)).context("cannot write to standard output")?;
                }
                out.flush().context("cannot write to standard output")
            }
            Self::Standard(out) => write(out).context("cannot write to standard output"),
            Self::File(writer) => {
                let path = writer.get_ref().path().to_owned();
                write(writer).with_context(|| format!("cannot write {}", path.display()))
            }
        }
    }

    fn finish(self) -> Result<()> {
        match self {
            Self::Standard(mut out) => out.flush().context("cannot write to standard output"),
            Self::File(writer) => {
                let path = writer.get_ref().path().to_owned();
                let what = || format!("cannot write {}", path.display());
                writer.into_inner().map_err(io::IntoInnerError::into_error).with_context(what)?.finish()?;
                Ok(())
            }
        }
    }
}

/// `whyrst sql ... | head` is no failure.
pub(crate) fn is_closed_pipe(error: &Error) -> bool {
    let mut io = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    let by_kind = io.any(|error| error.kind() == io::ErrorKind::BrokenPipe);
    // The writers of rows keep only the words of the system.
    by_kind || error.chain().any(|cause| cause.to_string().contains("Broken pipe"))
}
