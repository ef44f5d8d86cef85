//! What each argument is: captures, recordings, or Parquet; here or in a bucket.
//!
//! Parquet in a bucket is read where it is. Captures and recordings are fetched into a temporary folder first:
//! they are read from front to back, and captures twice, so nothing is gained by fetching parts.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures::TryStreamExt as _;
use glob::{MatchOptions, Pattern};
use object_store::aws::AmazonS3Builder;
use object_store::path::Path as Key;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _, RetryConfig};
use tempfile::TempDir;
use url::Url;
use whyrst_capture::{CaptureSet, recording};
use whyrst_store::Table;
use whyrst_store::parquet::table_of;

use crate::recordings;

/// What begins a Parquet file, and ends it.
const PARQUET: &[u8] = b"PAR1";
/// What a glob is known by.
const SPECIAL: [char; 3] = ['*', '?', '['];
/// How long a bucket that does not answer is asked again.
const PERSISTENCE: Duration = Duration::from_secs(20);

/// A bucket that is read from.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) url: Url,
    pub(crate) store: Arc<dyn ObjectStore>,
}

/// Everything that was named, sorted by what it is.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) captures: Vec<PathBuf>,
    pub(crate) recordings: Vec<PathBuf>,
    /// By the table that they are of.
    pub(crate) parquet: Vec<(Table, Url)>,
    pub(crate) buckets: Vec<Bucket>,
    /// Files in folders that are none of these.
    pub(crate) others: Vec<PathBuf>,
    /// What was fetched, as long as it is asked.
    fetched: Option<TempDir>,
}

/// How a file was come by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    /// It was named: whatever it is, it is to be read.
    Named,
    /// It lies in a folder that was named.
    Beside,
}

impl Inputs {
    /// Looks at all `names`; at most `fetch_limit` octets are fetched.
    pub(crate) async fn of(names: &[String], fetch_limit: u64) -> Result<Self> {
        let mut inputs = Self::default();
        for name in names {
            if name.starts_with("s3://") {
                inputs.take_remote(name, fetch_limit).await?;
            } else {
                inputs.take_local(name)?;
            }
        }
        inputs.check()?;
        Ok(inputs)
    }

    /// Looks at files of this machine alone.
    pub(crate) fn local(names: &[String]) -> Result<Self> {
        let mut inputs = Self::default();
        for name in names {
            if name.starts_with("s3://") {
                bail!("{name}: a bucket must be named on the command line, not in the query");
            }
            inputs.take_local(name)?;
        }
        inputs.check()?;
        Ok(inputs)
    }

    /// The files of this machine that are read.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        let parquet = self.parquet.iter().filter_map(|(_, url)| url.to_file_path().ok());
        // Archives and folders of captures are read through `CaptureSet`, which knows what they hold.
        // A pipe must not be opened for its name.
        let named: Vec<&PathBuf> = self.captures.iter().filter(|path| path.is_file()).collect();
        let captures = CaptureSet::open(&named);
        let captures: Vec<PathBuf> = captures.paths().map(Path::to_owned).collect();
        self.recordings.iter().cloned().chain(parquet).chain(captures)
    }

    fn check(&self) -> Result<()> {
        let nothing = self.captures.is_empty() && self.recordings.is_empty() && self.parquet.is_empty();
        if let Some(other) = self.others.first().filter(|_| nothing) {
            bail!("nothing to read: {} is no capture, recording or Parquet file of whyrst", other.display());
        }
        Ok(())
    }

    fn take_local(&mut self, name: &str) -> Result<()> {
        for path in expand(name)? {
            if path.is_dir() {
                self.take_folder(&path)?;
            } else {
                self.take(&path, Found::Named)?;
            }
        }
        Ok(())
    }

    fn take_folder(&mut self, folder: &Path) -> Result<()> {
        let unreadable = || format!("cannot read {}", folder.display());
        let entries = fs::read_dir(folder).with_context(unreadable)?;
        let mut paths: Vec<PathBuf> =
            entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>().with_context(unreadable)?;
        paths.sort();
        // What is being written has a name that begins so.
        paths.retain(|path| !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")));
        for path in paths {
            // A link to a folder may lead back to where it is.
            if path.is_dir() && !path.is_symlink() {
                self.take_folder(&path)?;
            } else if path.is_file() {
                self.take(&path, Found::Beside)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, path: &Path, found: Found) -> Result<()> {
        let unreadable = || format!("cannot read {}", path.display());
        // A pipe can be read only once.
        if found == Found::Named && (path == Path::new("-") || (path.exists() && !path.is_file())) {
            self.captures.push(path.to_owned());
            return Ok(());
        }
        let mut beginning = Vec::new();
        let file = File::open(path).with_context(unreadable)?;
        file.take(256).read_to_end(&mut beginning).with_context(unreadable)?;
        if beginning.starts_with(PARQUET) {
            match table_of(path) {
                Ok(table) => {
                    let absolute = path.canonicalize().with_context(unreadable)?;
                    let url = Url::from_file_path(absolute).ok().with_context(unreadable)?;
                    self.parquet.push((table, url));
                }
                Err(_) if found == Found::Beside => self.others.push(path.to_owned()),
                Err(error) => return Err(error.into()),
            }
        } else if recordings::begins(&beginning) && (found == Found::Named || has_rows(path)) {
            self.recordings.push(path.to_owned());
        } else if found == Found::Named || is_capture(path) {
            self.captures.push(path.to_owned());
        } else {
            self.others.push(path.to_owned());
        }
        Ok(())
    }

    async fn take_remote(&mut self, name: &str, fetch_limit: u64) -> Result<()> {
        let what = || format!("cannot read {name}");
        let (bucket, key) = name.trim_start_matches("s3://").split_once('/').unwrap_or((&name[5..], ""));
        let root = Url::parse(&format!("s3://{bucket}")).with_context(what)?;
        let store = self.bucket(bucket, &root).with_context(what)?;
        let found = matching(&*store, key).await.with_context(what)?;
        if found.is_empty() {
            bail!("cannot read {name}: nothing matches");
        }
        let (parquet, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|object| object.location.as_ref().ends_with(".parquet"));
        for object in parquet {
            let table = object.location.parts().find_map(|part| Table::named(part.as_ref()));
            let table = table.with_context(|| {
                let folders: Vec<String> = Table::ALL.iter().map(|table| format!("{}/", table.name())).collect();
                format!(
                    "cannot read s3://{bucket}/{}: no folder in its name says which table it is ({})",
                    object.location,
                    folders.join(", ")
                )
            })?;
            let mut url = root.clone();
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.extend(object.location.as_ref().split('/'));
            }
            self.parquet.push((table, url));
        }
        let octets: u64 = others.iter().map(|object| object.size).sum();
        if octets > fetch_limit {
            bail!(
                "cannot read {name}: {} captures and recordings of {octets} octets would have to be fetched, more than \
                 --fetch-limit; `whyrst explain --parquet` where they are makes rows that are read in place",
                others.len()
            );
        }
        for object in others {
            self.fetch(&*store, bucket, &object.location)
                .await
                .with_context(|| format!("cannot read s3://{bucket}/{}", object.location))?;
        }
        Ok(())
    }

    /// Endpoint, region and keys are those of the environment, as every S3 tool heeds them.
    fn bucket(&mut self, name: &str, root: &Url) -> Result<Arc<dyn ObjectStore>> {
        if let Some(known) = self.buckets.iter().find(|bucket| bucket.url == *root) {
            return Ok(Arc::clone(&known.store));
        }
        let plain = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
            .iter()
            .any(|name| std::env::var(name).is_ok_and(|url| url.starts_with("http://")));
        let retry = RetryConfig { max_retries: 3, retry_timeout: PERSISTENCE, ..RetryConfig::default() };
        let store =
            AmazonS3Builder::from_env().with_bucket_name(name).with_retry(retry).with_allow_http(plain).build()?;
        let store: Arc<dyn ObjectStore> = Arc::new(store);
        self.buckets.push(Bucket { url: root.clone(), store: Arc::clone(&store) });
        Ok(store)
    }

    async fn fetch(&mut self, store: &dyn ObjectStore, bucket: &str, key: &Key) -> Result<()> {
        let folder = match &self.fetched {
            Some(folder) => folder.path().to_owned(),
            None => self.fetched.insert(TempDir::with_prefix("whyrst-sql-")?).path().to_owned(),
        };
        let path = folder.join(bucket).join(key.as_ref());
        fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        let mut file = File::create(&path)?;
        let mut octets = store.get(key).await?.into_stream();
        while let Some(some) = octets.try_next().await? {
            file.write_all(&some)?;
        }
        drop(file);
        self.take(&path, Found::Beside)
    }
}

/// The objects that `key` stands for: itself, all below it, or all that a glob matches.
async fn matching(store: &dyn ObjectStore, key: &str) -> Result<Vec<ObjectMeta>> {
    let list = async |prefix: &str| -> Result<Vec<ObjectMeta>> {
        let prefix = Key::parse(prefix.trim_end_matches('/'))?;
        Ok(store.list(Some(&prefix)).try_collect().await?)
    };
    let mut found = if let Some(special) = key.find(SPECIAL) {
        let folder = key[..special].rsplit_once('/').map_or("", |(folder, _)| folder);
        let pattern = Pattern::new(key)?;
        let options = MatchOptions { require_literal_separator: true, ..MatchOptions::default() };
        let mut found = list(folder).await?;
        found.retain(|object| pattern.matches_with(object.location.as_ref(), options));
        found
    } else {
        let found = list(key).await?;
        // A prefix is a folder; the name of one object is not.
        if found.is_empty() { vec![store.head(&Key::parse(key)?).await?] } else { found }
    };
    found.retain(|object| !object.location.filename().is_some_and(|name| name.starts_with('.')));
    found.sort_by(|one, other| one.location.cmp(&other.location));
    Ok(found)
}

/// Events without sockets lie beside captures and are no rows; who names them is told so.
fn has_rows(path: &Path) -> bool {
    !recording::is_recording(path) || recording::has_sockets(path)
}

/// Whether this is a capture, or holds some.
fn is_capture(path: &Path) -> bool {
    let mut captures = CaptureSet::open(&[path]);
    // A single file is not opened before it is read.
    captures.next().is_ok() && captures.failures().is_empty() && captures.names().len() > 0
}

/// The files that a name stands for: itself, or all that a glob matches.
fn expand(name: &str) -> Result<Vec<PathBuf>> {
    if name == "-" || Path::new(name).exists() || !name.contains(SPECIAL) {
        return Ok(vec![name.into()]);
    }
    let paths = glob::glob(name).with_context(|| format!("cannot read {name}"))?;
    let paths: HashSet<PathBuf> = paths.collect::<Result<_, _>>().with_context(|| format!("cannot read {name}"))?;
    let mut paths: Vec<PathBuf> = paths.into_iter().collect();
    if paths.is_empty() {
        bail!("cannot read {name}: nothing matches");
    }
    paths.sort();
    Ok(paths)
}
