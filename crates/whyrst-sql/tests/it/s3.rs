//! A real S3 server on loopback: Parquet is read in place, captures are fetched.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use object_store::ObjectStoreExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path as Key;

use crate::{program, root, said, sorted, sql, text, whyrst};

const KEY: &str = "reader";
const SECRET: &str = "not-a-secret";
/// A server that is not there by then will not come.
const PATIENCE: Duration = Duration::from_secs(60);

struct Server {
    child: Child,
    port: u16,
    // Goes with it.
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = format!(
            r#"{{"identities":[{{"name":"t","credentials":[{{"accessKey":"{KEY}","secretKey":"{SECRET}"}}],"actions":["Admin","Read","Write","List"]}}]}}"#
        );
        let config = folder.path().join("identities.json");
        fs::write(&config, identity).unwrap();
        let ports = free_ports();
        let [master, volume, filer, s3] = ports;
        let child = program("WEED")
            .args([
                "server",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                "-s3",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-master.telemetry=false",
            ])
            .arg(format!("-dir={}", folder.path().display()))
            .arg(format!("-s3.config={}", config.display()))
            .args(
                [("master.port", master), ("volume.port", volume), ("filer.port", filer), ("s3.port", s3)]
                    .map(|(option, port)| format!("-{option}={port}")),
            )
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, port: s3, _folder: folder }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Puts the objects; the first makes the bucket, as soon as the server can.
    fn fill(&self, objects: &[(String, Vec<u8>)]) {
        let builder = AmazonS3Builder::new().with_bucket_name("traces").with_endpoint(self.url()).with_allow_http(true);
        let store = builder.with_access_key_id(KEY).with_secret_access_key(SECRET).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let began = Instant::now();
        runtime.block_on(async {
            for (key, octets) in objects {
                let key = Key::parse(key).unwrap();
                while let Err(error) = store.put(&key, octets.clone().into()).await {
                    assert!(began.elapsed() < PATIENCE, "the S3 server takes nothing: {error}");
                    std::thread::sleep(Duration::from_millis(200));
                }
            }
        });
    }

    fn sql(&self) -> Command {
        let mut command = sql();
        command.env("AWS_ENDPOINT_URL", self.url()).env("AWS_ACCESS_KEY_ID", KEY);
        command.env("AWS_SECRET_ACCESS_KEY", SECRET).env("AWS_REGION", "us-east-1").args(["--format", "csv"]);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server listens on each of them and, for its own talk, 10,000 above.
fn free_ports() -> [u16; 4] {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let mut found = (20_000..50_000u16).step_by(7).filter(|port| free(*port) && free(*port + 10_000));
    std::array::from_fn(|_| found.next().unwrap())
}

/// All files below a folder, by their keys.
fn objects(folder: &Path, at: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(objects(folder, &path));
        } else {
            let key = path.strip_prefix(folder).unwrap().display().to_string();
            found.push((key, fs::read(&path).unwrap()));
        }
    }
    found
}

#[test]
fn a_bucket_is_asked_as_a_folder_is() {
    let captures = ["fixtures/close-unread/client.pcapng", "fixtures/linger-zero/server.pcapng"];
    let folder = tempfile::tempdir().unwrap();
    let mut explain = whyrst();
    explain.args(["explain", "--quiet", "-o", "/dev/null", "--parquet"]).arg(folder.path().join("rows")).args(captures);
    assert!(explain.status().unwrap().success());
    let mut all = objects(folder.path(), folder.path());
    for capture in captures {
        all.push((capture.replace("fixtures/", "ring/"), fs::read(root().join(capture)).unwrap()));
    }
    let server = Server::start();
    server.fill(&all);
    let query = "select cause, frame, service from resets order by 1, 2";
    let here = text(sql().args(["--format", "csv", query]).args(captures));
    assert_eq!(here.lines().count(), 3, "{here}");
    for names in [vec!["s3://traces/rows"], vec!["s3://traces/ring/"], vec!["s3://traces/ring/*/*.pcapng"]] {
        assert_eq!(text(server.sql().arg(query).args(&names)), here, "{names:?}");
    }
    let one = text(server.sql().args([query, "s3://traces/ring/close-unread/client.pcapng"]));
    assert_eq!(one.lines().count(), 2, "{one}");
    // Each source is a folder of the key, as everywhere.
    let sources = text(server.sql().args(["select source from resets", "s3://traces/rows"]));
    let local = text(sql().args(["--format", "csv", "select source from resets"]).arg(folder.path()));
    assert_eq!(sorted(&sources), sorted(&local));
    for (names, words) in
        [("s3://traces/nowhere", "cannot read s3://traces/nowhere"), ("s3://traces/ring", "--fetch-limit")]
    {
        let output = server.sql().args(["--fetch-limit", "100", query, names]).output().unwrap();
        assert!(output.status.code() == Some(2) && said(&output).contains(words), "{}", said(&output));
    }
}
