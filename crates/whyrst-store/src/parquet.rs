//! Parquet files of rows: written partitioned by day and source, read whatever version wrote them.
//!
//! A file appears under its name only when it is complete, so a reader never meets half of one:
//! `DIR/resets/day=2026-01-31/source=trace.pcapng/part.parquet`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampNanosecondType;
use arrow_array::{Array, RecordBatch, StringArray, new_null_array};
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use whyrst_model::time::Timestamp;
use whyrst_output::{Place, Places, WrittenFile};

use crate::error::StoreError;
use crate::rows::{BATCH, Row, RowSet};
use crate::schema::{SCHEMA_KEY, Table};

/// Files that are written at once; beyond it the one that waited longest is completed, and its
/// partition goes on in another part.
const OPEN: usize = 64;
/// Rows that come one by one are taken in so many at once: incidents, and what stands for many.
const ONE_BY_ONE: usize = 64;
/// Bytes that wait in memory, of all files together, unless less is [asked for](Partitioned::within).
const MEMORY: usize = 256 << 20;
/// With less than this, what is written is not to be small in the file.
const ROOM_FOR_ALL: usize = 64 << 20;
/// What stands for itself in the name of a partition.
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b':');
/// Batches of a partition that wait as they are.
const TOGETHER: usize = 64;
const NANOS_OF_A_DAY: i64 = 86_400_000_000_000;
/// Longest name of a partition: file systems allow 255 bytes.
const LONGEST: usize = 200;
/// Bytes of a digest: nobody finds two values that share so many.
const DIGEST: usize = 16;

/// Where a file is small. A reset has two hundred columns, and each one of an open row group has a context of zstd of 100 KB
/// and more, and a dictionary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Compactness {
    Small,
    /// While it is written: LZ4 keeps nothing, and there are no dictionaries.
    SmallInMemory,
}

/// Writes one Parquet file of one table.
#[derive(Debug)]
pub struct ParquetFile {
    path: PathBuf,
    writer: ArrowWriter<WrittenFile>,
}

impl ParquetFile {
    /// The file at `place`, which appears with [`Self::finish`].
    pub fn create(place: &Place, schema: SchemaRef) -> Result<Self, StoreError> {
        Self::create_with(place, schema, Compactness::Small)
    }

    fn create_with(place: &Place, schema: SchemaRef, compactness: Compactness) -> Result<Self, StoreError> {
        let path = place.path();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let unmade = |cause| StoreError::Io { what: "make the folder of", path: path.to_owned(), cause };
        fs::create_dir_all(folder).map_err(unmade)?;
        let file = place.whole()?;
        let label = schema.metadata().get(SCHEMA_KEY).cloned();
        let properties = match compactness {
            Compactness::Small => WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())),
            Compactness::SmallInMemory => {
                WriterProperties::builder().set_compression(Compression::LZ4_RAW).set_dictionary_enabled(false)
            }
        };
        let properties =
            properties.set_key_value_metadata(Some(vec![KeyValue::new(SCHEMA_KEY.to_owned(), label)])).build();
        let writer = ArrowWriter::try_new(file, schema, Some(properties)).map_err(unwritable(path))?;
        Ok(Self { path: path.to_owned(), writer })
    }

    /// Writes rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.writer.write(batch).map_err(unwritable(&self.path))
    }

    /// Bytes of rows that were written and are not in the file yet.
    fn held(&self) -> usize {
        self.writer.memory_size()
    }

    /// Ends the row group: what was written goes into the file.
    fn flush(&mut self) -> Result<(), StoreError> {
        self.writer.flush().map_err(unwritable(&self.path))
    }

    /// Completes the file and gives it its name.
    pub fn finish(self) -> Result<(), StoreError> {
        let Self { path, writer } = self;
        Ok(writer.into_inner().map_err(unwritable(&path))?.finish()?)
    }
}

fn unwritable(path: &Path) -> impl Fn(ParquetError) -> StoreError {
    move |cause| StoreError::Parquet { what: "write", path: path.to_owned(), cause }
}

/// Which file a row belongs into.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Partition {
    table: Table,
    day: String,
    source: String,
}

impl Partition {
    fn path(&self, folder: &Path, part: usize) -> PathBuf {
        self.path_as(&encoded(&self.source), folder, part)
    }

    fn path_as(&self, source: &str, folder: &Path, part: usize) -> PathBuf {
        let name = if part == 0 { "part.parquet".to_owned() } else { format!("part-{part}.parquet") };
        let day = encoded(&self.day);
        folder.join(self.table.name()).join(format!("day={day}")).join(format!("source={source}")).join(name)
    }
}

/// A value as the name of a folder, as Hive and its heirs write it. No two values share one: of a value that is too long
/// there stands the end, in whole characters, and after a `~`, which is in no other name, the digest of all of it.
fn encoded(value: &str) -> String {
    let name = utf8_percent_encode(value, &PLAIN).to_string();
    if name.len() <= LONGEST {
        return name;
    }
    let digest =
        Sha256::digest(value).iter().take(DIGEST).fold(String::from("~"), |all, byte| format!("{all}{byte:02x}"));
    // The end of a path tells more than its beginning.
    let mut room = LONGEST - digest.len();
    let from = value.char_indices().rev().take_while(|(_, character)| {
        let octets = utf8_percent_encode(character.encode_utf8(&mut [0; 4]), &PLAIN).to_string().len();
        let fits = octets <= room;
        room = room.saturating_sub(octets);
        fits
    });
    let from = from.last().map_or(value.len(), |(at, _)| at);
    utf8_percent_encode(&value[from..], &PLAIN).to_string() + &digest
}

/// The name that 0.1 gave to a value that was too long: its last bytes, whatever they were. Several values could share one.
fn encoded_before(value: &str) -> Option<String> {
    let mut name = utf8_percent_encode(value, &PLAIN).to_string();
    if name.len() <= LONGEST {
        return None;
    }
    name = name.split_off(name.len() - LONGEST);
    let escape = (0..3).find(|at| name.as_bytes().get(*at) == Some(&b'%'));
    Some(name.split_off(escape.unwrap_or(0)))
}

struct Part {
    file: ParquetFile,
    /// Rows that are not in the file yet: a file that was written to holds some 50 KB for each column until it is
    /// complete, and most partitions have few rows.
    waiting: Vec<RecordBatch>,
    /// Bytes of these, about.
    bytes: usize,
    /// When it last got rows, counted in rows.
    touched: u64,
}

impl Part {
    fn push(&mut self, rows: RecordBatch, bytes: usize) -> Result<(), StoreError> {
        self.waiting.push(rows);
        self.bytes += bytes;
        if self.waiting.iter().map(RecordBatch::num_rows).sum::<usize>() >= BATCH {
            return self.flush();
        }
        // A slice holds the whole batch that it is of, and a batch of one row much more than the row.
        if self.waiting.len() >= TOGETHER {
            self.waiting = vec![concat_batches(&self.waiting[0].schema(), &self.waiting)?];
        }
        Ok(())
    }

    /// Bytes in memory, about.
    fn held(&self) -> usize {
        self.bytes + self.file.held()
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.bytes = 0;
        self.waiting.drain(..).try_for_each(|rows| self.file.write(&rows))
    }
}

/// Writes rows of several tables into a folder, partitioned by day and source. A partition that is
/// written again is replaced.
pub struct Partitioned {
    folder: PathBuf,
    places: Places,
    /// Rows that came one by one.
    waiting: RowSet,
    open: HashMap<Partition, Part>,
    /// How many parts of each partition are complete.
    complete: HashMap<Partition, usize>,
    rows: u64,
    /// Bytes that may wait in memory.
    most: usize,
}

impl std::fmt::Debug for Partitioned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Partitioned").field("folder", &self.folder).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Partitioned {
    /// Into the folder at `path`, which is made where it is missing, but over nothing that `places` knows to be read.
    pub fn create(path: &Path, places: Places) -> Result<Self, StoreError> {
        let io = |cause| StoreError::Io { what: "make the folder", path: path.to_owned(), cause };
        fs::create_dir_all(path).map_err(io)?;
        Ok(Self {
            folder: path.to_owned(),
            places,
            waiting: RowSet::in_batches(ONE_BY_ONE),
            open: HashMap::new(),
            complete: HashMap::new(),
            rows: 0,
            most: MEMORY,
        })
    }

    /// The same, with so many bytes of memory at most for what waits: beyond it files get smaller row groups.
    #[must_use]
    pub fn within(mut self, most: usize) -> Self {
        self.most = self.most.min(most);
        self
    }

    /// Takes in one record.
    pub fn push(&mut self, row: &impl Row) -> Result<(), StoreError> {
        if self.waiting.push(row)? { self.write_waiting() } else { Ok(()) }
    }

    /// Takes in rows of `table`, after those that came before.
    pub fn write(&mut self, table: Table, batch: &RecordBatch) -> Result<(), StoreError> {
        self.write_waiting()?;
        self.write_batch(table, batch)
    }

    fn write_waiting(&mut self) -> Result<(), StoreError> {
        self.waiting.take()?.iter().try_for_each(|(table, batch)| self.write_batch(*table, batch))
    }

    fn write_batch(&mut self, table: Table, batch: &RecordBatch) -> Result<(), StoreError> {
        // Of packets there are no partitions.
        let Some(rows) = Rows::of(batch) else { return Ok(()) };
        let of_row = batch.get_array_memory_size() / batch.num_rows().max(1);
        let mut from = 0;
        while from < batch.num_rows() {
            let to = rows.end_of_run(from);
            self.write_run(rows.partition(table, from), batch.slice(from, to - from), of_row * (to - from))?;
            from = to;
        }
        self.relieve()
    }

    /// Writes rows of one partition.
    fn write_run(&mut self, partition: Partition, rows: RecordBatch, bytes: usize) -> Result<(), StoreError> {
        self.rows += rows.num_rows() as u64;
        self.make_room(&partition)?;
        let part = match self.open.entry(partition) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let number = self.complete.get(entry.key()).copied().unwrap_or(0);
                let path = entry.key().path(&self.folder, number);
                let compactness =
                    if self.most < ROOM_FOR_ALL { Compactness::SmallInMemory } else { Compactness::Small };
                let place = self.places.place(&path)?;
                let file = ParquetFile::create_with(&place, entry.key().table.schema(), compactness)?;
                entry.insert(Part { file, waiting: Vec::new(), bytes: 0, touched: 0 })
            }
        };
        part.touched = self.rows;
        part.push(rows, bytes)
    }

    /// Puts into their files what is too much to wait, the largest first.
    fn relieve(&mut self) -> Result<(), StoreError> {
        while self.open.values().map(Part::held).sum::<usize>() > self.most {
            let Some(largest) = self.open.values_mut().max_by_key(|part| part.held()) else { break };
            let before = largest.held();
            largest.flush()?;
            largest.file.flush()?;
            if largest.held() >= before {
                break;
            }
        }
        Ok(())
    }

    /// Completes all files.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.write_waiting()?;
        let open: Vec<Partition> = self.open.keys().cloned().collect();
        open.into_iter().try_for_each(|partition| self.complete(&partition))?;
        self.complete.iter().try_for_each(|(partition, parts)| {
            self.remove_from(partition, *parts)?;
            self.remove_as_named_before(partition)
        })
    }

    fn make_room(&mut self, partition: &Partition) -> Result<(), StoreError> {
        if self.open.len() < OPEN || self.open.contains_key(partition) {
            return Ok(());
        }
        let oldest = self.open.iter().min_by_key(|(_, part)| part.touched).map(|(partition, _)| partition.clone());
        oldest.map_or(Ok(()), |partition| self.complete(&partition))
    }

    fn complete(&mut self, partition: &Partition) -> Result<(), StoreError> {
        let Some(mut part) = self.open.remove(partition) else { return Ok(()) };
        part.flush()?;
        part.file.finish()?;
        *self.complete.entry(partition.clone()).or_default() += 1;
        Ok(())
    }

    /// What an earlier version wrote of it under another name is replaced as well, unless rows of others are among it.
    fn remove_as_named_before(&self, partition: &Partition) -> Result<(), StoreError> {
        let Some(before) = encoded_before(&partition.source) else { return Ok(()) };
        let paths = (0..).map(|part| partition.path_as(&before, &self.folder, part));
        for path in paths.take_while(|path| path.is_file()) {
            if is_all_of(&path, &partition.source)? {
                fs::remove_file(&path).map_err(|cause| StoreError::Io { what: "replace", path, cause })?;
            }
        }
        Ok(())
    }

    /// Parts that an earlier run left behind are of rows that were replaced.
    fn remove_from(&self, partition: &Partition, part: usize) -> Result<(), StoreError> {
        for number in part.max(1).. {
            let path = partition.path(&self.folder, number);
            match fs::remove_file(&path) {
                Ok(()) => {}
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => break,
                Err(cause) => return Err(StoreError::Io { what: "replace", path, cause }),
            }
        }
        Ok(())
    }
}

/// Whether all rows of the file at `path` are of one source.
fn is_all_of(path: &Path, source: &str) -> Result<bool, StoreError> {
    let (_, batches) = read(path)?;
    let column =
        |batch: &RecordBatch| batch.column_by_name("source").and_then(|column| column.as_string_opt().cloned());
    let of_it = |column: StringArray| column.iter().all(|one| one == Some(source));
    Ok(batches.iter().all(|batch| column(batch).is_some_and(of_it)))
}

/// Where the rows of a batch belong.
struct Rows<'a> {
    times: &'a [i64],
    sources: &'a StringArray,
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Self> {
        let times = batch.column_by_name("time")?.as_primitive_opt::<TimestampNanosecondType>()?;
        let sources = batch.column_by_name("source")?.as_string_opt::<i32>()?;
        Some(Self { times: times.values(), sources })
    }

    fn day(&self, row: usize) -> i64 {
        self.times[row].div_euclid(NANOS_OF_A_DAY)
    }

    fn source(&self, row: usize) -> &str {
        if self.sources.is_valid(row) { self.sources.value(row) } else { "unknown" }
    }

    /// One past the last row that belongs where `row` does.
    fn end_of_run(&self, row: usize) -> usize {
        let same = |other: &usize| self.day(*other) == self.day(row) && self.source(*other) == self.source(row);
        row + (row..self.times.len()).take_while(same).count()
    }

    fn partition(&self, table: Table, row: usize) -> Partition {
        let moment = Timestamp::from_nanos(self.times[row]).utc().to_string();
        let day = moment.split('T').next().unwrap_or_default().to_owned();
        Partition { table, day, source: self.source(row).to_owned() }
    }
}

/// Which table a Parquet file is of, whatever version wrote it.
pub fn table_of(path: &Path) -> Result<Table, StoreError> {
    Ok(open(path)?.0)
}

fn open(path: &Path) -> Result<(Table, ParquetRecordBatchReaderBuilder<File>), StoreError> {
    let unreadable = |cause| StoreError::Parquet { what: "read", path: path.to_owned(), cause };
    let file = File::open(path).map_err(|cause| StoreError::Io { what: "read", path: path.to_owned(), cause })?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(unreadable)?;
    let label = builder.schema().metadata().get(SCHEMA_KEY).cloned();
    let table = label.as_deref().and_then(of_label).ok_or_else(|| StoreError::NotOurs { path: path.to_owned() })?;
    Ok((table, builder))
}

/// The rows of one Parquet file, with the columns that their table has now.
pub fn read(path: &Path) -> Result<(Table, Vec<RecordBatch>), StoreError> {
    let unreadable = |cause| StoreError::Parquet { what: "read", path: path.to_owned(), cause };
    let (table, builder) = open(path)?;
    let batches = builder.build().map_err(unreadable)?;
    let batches = batches.map(|batch| today(table, &batch?));
    Ok((table, batches.collect::<Result<_, _>>()?))
}

/// The table of `resets/1`; of any version.
pub fn of_label(label: &str) -> Option<Table> {
    Table::named(label.split_once('/')?.0)
}

/// A batch of any version with the columns of this one: what it lacks is null, what is not known
/// here is left out.
pub fn today(table: Table, batch: &RecordBatch) -> Result<RecordBatch, StoreError> {
    let schema = table.schema();
    let columns = table.columns().iter().zip(schema.fields()).map(|(column, field)| {
        let Some(array) = batch.column_by_name(column.name) else {
            return Ok(new_null_array(field.data_type(), batch.num_rows()));
        };
        if array.data_type() != field.data_type() {
            return Err(StoreError::Type {
                table,
                column: column.name,
                found: array.data_type().to_string(),
                expected: field.data_type().to_string(),
            });
        }
        Ok(Arc::clone(array))
    });
    let columns = columns.collect::<Result<_, _>>()?;
    Ok(RecordBatch::try_new(schema, columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Int64Array;
    use arrow_array::types::Int64Type;
    use arrow_schema::{DataType, Field, Schema};
    use whyrst_model::Report;

    use crate::rows::tests::report;

    fn reset<'a>(time: &str, source: &'a str) -> Report<'a> {
        let time = serde_json::from_value(time.into()).unwrap();
        Report { time, source: source.into(), ..report() }
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(folder).unwrap().display().to_string());
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn with_little_memory_rows_go_into_their_files_early_and_none_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let mut parquet = Partitioned::create(folder.path(), Places::default()).unwrap().within(1 << 20);
        let mut rows = RowSet::default();
        for number in 0..3_000 {
            rows.push(&reset("2026-01-31T12:00:00Z", if number % 3 == 0 { "a" } else { "b" })).unwrap();
            if number % 50 == 49 {
                for (table, batch) in rows.take().unwrap() {
                    parquet.write(table, &batch).unwrap();
                    let held: usize = parquet.open.values().map(Part::held).sum();
                    assert!(held <= 1 << 20, "{held}");
                }
            }
        }
        parquet.finish().unwrap();
        let count = |file: &String| {
            let (_, batches) = read(&folder.path().join(file)).unwrap();
            batches.iter().map(RecordBatch::num_rows).sum::<usize>()
        };
        assert_eq!(files(folder.path()).iter().map(count).collect::<Vec<_>>(), [1_000, 2_000]);
    }

    #[test]
    fn rows_are_written_by_day_and_source_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let write = || {
            let complete = || files(folder.path()).iter().filter(|file| file.contains("/part.parquet")).count();
            let before = complete();
            let mut parquet = Partitioned::create(folder.path(), Places::default()).unwrap();
            for time in ["2026-01-31T23:59:59.9Z", "2026-02-01T00:00:00Z", "2026-01-31T01:00:00Z"] {
                parquet.push(&reset(time, "../ring/a=b.pcap")).unwrap();
            }
            // Nothing appears under its final name before it is complete.
            assert_eq!(complete(), before);
            parquet.finish().unwrap();
        };
        // A second run replaces the first.
        write();
        write();
        assert_eq!(
            files(folder.path()),
            [
                "resets/day=2026-01-31/source=..%2Fring%2Fa%3Db.pcap/part.parquet",
                "resets/day=2026-02-01/source=..%2Fring%2Fa%3Db.pcap/part.parquet",
            ]
        );
        let (table, rows) = read(&folder.path().join(&files(folder.path())[0])).unwrap();
        assert_eq!((table, rows.iter().map(RecordBatch::num_rows).sum::<usize>()), (Table::Resets, 2));
        let cause = rows[0].column_by_name("cause").unwrap().as_string::<i32>().value(0).to_owned();
        assert_eq!(cause, "close-unread");
    }

    #[test]
    fn more_partitions_than_files_may_be_open_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut parquet = Partitioned::create(folder.path(), Places::default()).unwrap();
        for round in 0..2 {
            for source in 0..=OPEN {
                parquet.push(&reset(&format!("2026-01-31T00:00:0{round}Z"), &format!("{source}.pcap"))).unwrap();
            }
        }
        parquet.finish().unwrap();
        let rows = files(folder.path()).into_iter().map(|file| {
            let (_, rows) = read(&folder.path().join(file)).unwrap();
            rows.iter().map(RecordBatch::num_rows).sum::<usize>()
        });
        assert_eq!(rows.sum::<usize>(), 2 * (OPEN + 1));
    }

    #[test]
    fn a_folder_name_is_never_longer_than_file_systems_allow_and_decodes_to_characters() {
        for long in ["ä/".repeat(300), "抓包".repeat(40), "🦀".repeat(99) + "x", "/var/log/".repeat(40)] {
            let name = encoded(&long);
            assert!(name.len() <= LONGEST && name.len() > LONGEST - 12, "{name}");
            let decoded = percent_encoding::percent_decode_str(&name).decode_utf8().unwrap();
            let (end, digest) = decoded.split_once('~').unwrap();
            assert!(long.ends_with(end) && !end.is_empty() && digest.len() == 2 * DIGEST, "{decoded}");
        }
        assert!(!encoded("a~b").contains('~'), "no short name looks like one that was cut");
    }

    #[test]
    fn sources_that_end_alike_have_folders_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["/one/", "/other/"].map(|root| root.to_owned() + &"很长的文件夹/".repeat(12) + "a.pcap");
        let mut parquet = Partitioned::create(folder.path(), Places::default()).unwrap();
        for source in [&one, &other] {
            parquet.push(&reset("2026-01-31T00:00:00Z", source)).unwrap();
        }
        parquet.finish().unwrap();
        let rows = files(folder.path()).into_iter().map(|file| read(&folder.path().join(file)).unwrap().1);
        assert_eq!(rows.map(|rows| rows[0].num_rows()).collect::<Vec<_>>(), [1, 1]);
    }

    /// As 0.1 wrote it: the last 200 bytes of the encoded name.
    fn written_before(folder: &Path, sources: &[&str]) -> PathBuf {
        let day = folder.join("resets/day=2026-01-31");
        let path = day.join(format!("source={}", encoded_before(sources[0]).unwrap())).join("part.parquet");
        let place = Places::default().place(&path).unwrap();
        let mut file = ParquetFile::create(&place, Table::Resets.schema()).unwrap();
        let mut rows = RowSet::default();
        for source in sources {
            rows.push(&reset("2026-01-31T00:00:00Z", source)).unwrap();
        }
        rows.take().unwrap().iter().for_each(|(_, batch)| file.write(batch).unwrap());
        file.finish().unwrap();
        path
    }

    #[test]
    fn what_was_written_under_an_older_name_is_read_and_replaced_and_what_it_shares_stays() {
        let source = "/var/log/".repeat(40) + "a.pcap";
        for (sources, stays) in [(vec![&*source], false), (vec![&*source, "b.pcap"], true)] {
            let folder = tempfile::tempdir().unwrap();
            let before = written_before(folder.path(), &sources);
            assert_eq!(read(&before).unwrap().1[0].num_rows(), sources.len());
            let mut parquet = Partitioned::create(folder.path(), Places::default()).unwrap();
            parquet.push(&reset("2026-01-31T00:00:00Z", &source)).unwrap();
            parquet.finish().unwrap();
            assert_eq!(before.exists(), stays);
            assert_eq!(files(folder.path()).len(), 1 + usize::from(stays));
        }
    }

    #[test]
    fn no_row_is_written_over_a_file_that_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("resets/day=2026-01-31/source=a.pcap/part.parquet");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "a capture").unwrap();
        let mut parquet = Partitioned::create(folder.path(), Places::beside([&path])).unwrap();
        parquet.push(&reset("2026-01-31T00:00:00Z", "a.pcap")).unwrap();
        let error = parquet.finish().unwrap_err().to_string();
        assert!(error.contains("this command reads it"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"a capture");
    }

    #[test]
    fn a_file_of_version_1_is_read_whatever_is_written_today() {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/v1/resets.parquet"));
        let (table, rows) = read(path).unwrap();
        assert_eq!(table, Table::Resets);
        assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
        let cause = rows[0].column_by_name("cause").unwrap().as_string::<i32>().value(0).to_owned();
        assert_eq!(cause, "close-unread");
        assert_eq!(rows[0].column_by_name("frame").unwrap().as_primitive::<Int64Type>().value(0), 12);
        assert_eq!(rows[0].schema(), Table::Resets.schema());
    }

    #[test]
    fn an_older_file_lacks_columns_and_a_newer_one_has_more() {
        let schema = Schema::new(vec![
            Field::new("frame", DataType::Int64, true),
            Field::new("a_newer_column", DataType::Int64, true),
        ]);
        let column: Arc<dyn Array> = Arc::new(Int64Array::from(vec![7]));
        let batch = RecordBatch::try_new(schema.into(), vec![Arc::clone(&column), column]).unwrap();
        let read = today(Table::Resets, &batch).unwrap();
        assert_eq!(read.schema(), Table::Resets.schema());
        assert_eq!(read.column_by_name("frame").unwrap().as_primitive::<Int64Type>().value(0), 7);
        assert!(read.column_by_name("cause").unwrap().is_null(0));
    }

    #[test]
    fn a_column_of_another_type_is_an_error_that_names_it() {
        let column: Arc<dyn Array> = Arc::new(Int64Array::from(vec![7]));
        let schema = Schema::new(vec![Field::new("cause", DataType::Int64, true)]);
        let batch = RecordBatch::try_new(schema.into(), vec![column]).unwrap();
        let error = today(Table::Resets, &batch).unwrap_err().to_string();
        assert_eq!(error, "cannot read rows of resets: column cause is Int64, expected Utf8");
    }
}
