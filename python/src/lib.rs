//! The Python package's native part: captures to lines of JSON, and lines to rows of Arrow. What Python programs see is
//! made of these in `whyrst/__init__.py`.
//!
//! A record crosses as its JSON, which is the contract: so a report in Python is the program's to the last byte.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::task::Poll;

use arrow_ipc::writer::StreamWriter;
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use serde::Serialize;
use whyrst_core::language::Language;
use whyrst_core::report::catalogue::{self, Reproducible};
use whyrst_explain::{Explained, Options, ReadError, Told};
use whyrst_store::Table;
use whyrst_store::rows::Rows;

/// Frames after which Ctrl-C is heeded.
const PATIENCE: u64 = 20_000;

/// A capture that is being read. What went wrong is handed over as (file, frame, reason).
#[pyclass(frozen)]
struct Reading(Mutex<Explained>);

/// What cannot be read.
type Unread = (String, Option<u64>, String);

/// What comes next: a record as a line of JSON, or what could not be read.
#[derive(IntoPyObject)]
enum Next {
    Line(String),
    Unread(Unread),
}

/// A reading that was begun, or why not.
#[derive(IntoPyObject)]
enum Begun {
    Reading(Reading),
    Unread(Unread),
}

#[pymethods]
impl Reading {
    /// The next record as a line of JSON, or what could not be read; `None` at the end.
    fn next(&self, py: Python<'_>) -> PyResult<Option<Next>> {
        loop {
            // Whoever reads a file of Python takes the interpreter for each read, so nobody may wait for this while
            // holding it.
            let next = py.detach(|| self.explained().map(|mut explained| explained.next_within(PATIENCE)))?;
            match next {
                Poll::Pending => py.check_signals()?,
                Poll::Ready(None) => return Ok(None),
                Poll::Ready(Some(Ok(report))) => return line(&report).map(|line| Some(Next::Line(line))),
                Poll::Ready(Some(Err(error))) => {
                    // A signal may be why a reader failed.
                    py.check_signals()?;
                    return Ok(Some(Next::Unread(unread(error))));
                }
            }
        }
    }

    /// What the reports so far have in common, each a line of JSON.
    fn incidents(&self) -> PyResult<Vec<String>> {
        self.explained()?.incidents().iter().map(line).collect()
    }

    /// What was read so far, in numbers, as a line of JSON.
    fn summary(&self) -> PyResult<String> {
        line(&self.explained()?.summary())
    }

    /// What has to be said of the reading so far.
    fn notes(&self) -> PyResult<Vec<String>> {
        Ok(self.explained()?.notes())
    }
}

impl Reading {
    fn explained(&self) -> PyResult<MutexGuard<'_, Explained>> {
        self.0.try_lock().map_err(|_| PyRuntimeError::new_err("another thread is reading it"))
    }
}

/// A line of JSON.
fn line(record: &impl Serialize) -> PyResult<String> {
    serde_json::to_string(record).map_err(|error| PyValueError::new_err(error.to_string()))
}

fn unread(ReadError { file, frame, reason }: ReadError) -> Unread {
    (file, frame, reason)
}

/// A binary file of Python.
struct Reader(Py<PyAny>);

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        Python::attach(|py| {
            let read = self.0.call_method1(py, "read", (into.len(),)).map_err(|error| failed(&error))?;
            let octets: PyBackedBytes = read
                .extract(py)
                .map_err(|_| io::Error::other("it does not give bytes: open it in binary mode, as \"rb\""))?;
            let room =
                into.get_mut(..octets.len()).ok_or_else(|| io::Error::other("it gives more than was asked for"))?;
            room.copy_from_slice(&octets);
            Ok(octets.len())
        })
    }
}

/// Without its number: what the system said to Python is a sentence already.
fn failed(error: &PyErr) -> io::Error {
    io::Error::other(error.to_string())
}

/// Begins to read paths, bytes, or a binary file.
#[pyfunction]
#[pyo3(signature = (source, *, failed_connects, filter, events, memory, chinese, name))]
#[expect(clippy::too_many_arguments, reason = "they are those of one function in Python, all by name")]
#[expect(clippy::fn_params_excessive_bools, reason = "as above")]
fn begin(
    py: Python<'_>,
    source: Bound<'_, PyAny>,
    failed_connects: bool,
    filter: Option<&str>,
    events: Option<PathBuf>,
    memory: Option<u64>,
    chinese: bool,
    name: Option<String>,
) -> PyResult<Begun> {
    let mut options = Options::default();
    if failed_connects {
        options = options.told(Told::FailedConnectsToo);
    }
    if chinese {
        options = options.language(Language::Chinese);
    }
    if let Some(octets) = memory {
        options = options.memory(octets);
    }
    if let Some(name) = name {
        options = options.called(name);
    }
    if let Some(filter) = filter {
        options = options.filter(filter.parse().map_err(|error| PyValueError::new_err(format!("filter: {error}")))?);
    }
    if let Some(path) = events {
        options = match options.events(path) {
            Ok(options) => options,
            Err(error) => return Ok(Begun::Unread(unread(error))),
        };
    }
    // Bytes first: they are a sequence as well, and an empty one is one of paths too.
    let begun = if let Ok(octets) = source.extract::<PyBackedBytes>() {
        py.detach(|| options.explain_bytes(octets))
    } else if let Ok(paths) = source.extract::<Vec<PathBuf>>() {
        if paths.is_empty() {
            return Err(PyValueError::new_err("no capture is named"));
        }
        py.detach(|| options.explain_all(&paths))
    } else if source.hasattr("read")? {
        let reader = Reader(source.unbind());
        py.detach(|| options.explain_reader(reader))
    } else {
        return Err(PyTypeError::new_err("expected a path, several, bytes, or a file that is open in binary mode"));
    };
    py.check_signals()?;
    Ok(match begun {
        Ok(explained) => Begun::Reading(Reading(Mutex::new(explained))),
        Err(error) => Begun::Unread(unread(error)),
    })
}

/// The catalogue, each cause as a line of JSON.
#[pyfunction]
fn causes(chinese: bool) -> Vec<String> {
    let language = if chinese { Language::Chinese } else { Language::English };
    let causes = whyrst_core::causes::ALL.iter();
    causes.map(|cause| catalogue::json(cause, Reproducible::Unknown, language)).collect()
}

/// Rows of lines of JSON: a stream of Arrow IPC with the columns of `table`, into which lines of other tables do not
/// come.
#[pyfunction]
fn rows<'py>(py: Python<'py>, lines: Vec<String>, table: &str) -> PyResult<Bound<'py, PyBytes>> {
    let table = Table::named(table)
        .ok_or_else(|| PyValueError::new_err("expected resets, failed_connects or incidents as table"))?;
    let stream = py.detach(|| stream(&lines, table)).map_err(PyValueError::new_err)?;
    Ok(PyBytes::new(py, &stream))
}

fn stream(lines: &[String], table: Table) -> Result<Vec<u8>, String> {
    let mut rows = Rows::of(table).map_err(|error| error.to_string())?;
    let mut writer = StreamWriter::try_new(Vec::new(), &table.schema()).map_err(|error| error.to_string())?;
    for line in lines {
        rows.push_line(line.as_bytes()).map_err(|error| error.to_string())?;
        if rows.is_full() {
            write(&mut rows, &mut writer)?;
        }
    }
    write(&mut rows, &mut writer)?;
    writer.into_inner().map_err(|error| error.to_string())
}

fn write(rows: &mut Rows, writer: &mut StreamWriter<Vec<u8>>) -> Result<(), String> {
    match rows.take().map_err(|error| error.to_string())? {
        Some(batch) => writer.write(&batch).map_err(|error| error.to_string()),
        None => Ok(()),
    }
}

/// The native part of whyrst.
#[pymodule]
fn _whyrst(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<Reading>()?;
    module.add_function(wrap_pyfunction!(begin, module)?)?;
    module.add_function(wrap_pyfunction!(causes, module)?)?;
    module.add_function(wrap_pyfunction!(rows, module)?)
}
