//! An image for containers, as the OCI image layout says (<https://github.com/opencontainers/image-spec>): the static
//! program and its licences, for both kinds of machine. Written here file by file, without a daemon, so that the same
//! programs make the same image to the last byte. skopeo and umoci, where they are installed, read it and unpack it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Machine, Made, VERSION, answers, folder};
use crate::shell::{self, Scratch, installed, root};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Writes `target/dist/image` and `whyrst-image.tar` of it, and has others read it.
pub fn make() -> Result<()> {
    let (image, again) = (folder().join("image"), Scratch::new("image")?);
    write(&image)?;
    write(again.path())?;
    shell::run(Command::new("diff").arg("--recursive").arg(&image).arg(again.path()))
        .context("two images of the same programs differ")?;
    let tar = folder().join("whyrst-image.tar");
    let bytes = archive(&[(".", &image)])?;
    fs::write(&tar, bytes).with_context(|| format!("cannot write {}", tar.display()))?;
    for machine in Machine::ALL {
        read_by_skopeo(&image, machine)?;
        unpacked_by_umoci(&image, machine)?;
    }
    println!("wrote {} and {}", image.display(), tar.display());
    Ok(())
}

/// The layout into `into`, which is made anew.
fn write(into: &Path) -> Result<()> {
    if into.exists() {
        fs::remove_dir_all(into).with_context(|| format!("cannot remove {}", into.display()))?;
    }
    let made = Made::of_commit()?;
    let layout = Layout { blobs: into.join("blobs/sha256") };
    fs::create_dir_all(&layout.blobs).with_context(|| format!("cannot make {}", layout.blobs.display()))?;
    let each = Machine::ALL.map(|machine| layout.image_for(machine, &made));
    let each = each.into_iter().collect::<Result<Vec<Value>>>()?;
    let both = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": each, "annotations": labels(&made) });
    let both = layout.blob(INDEX, both.to_string().as_bytes())?;
    // By the name of the version whichever fits; by that of a machine as well, for programs that do not choose.
    let mut named = vec![called(both, VERSION)];
    named.extend(Machine::ALL.iter().zip(each).map(|(machine, image)| called(image, &name_for(*machine))));
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": named });
    fs::write(into.join("index.json"), index.to_string()).context("cannot write index.json")?;
    let version = json!({ "imageLayoutVersion": "1.0.0" });
    fs::write(into.join("oci-layout"), version.to_string()).context("cannot write oci-layout")
}

fn name_for(machine: Machine) -> String {
    format!("{VERSION}-{}", machine.debian())
}

fn called(mut descriptor: Value, name: &str) -> Value {
    descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
    descriptor
}

/// What an image says of itself: the keys that the specification defines.
fn labels(made: &Made) -> Value {
    json!({
        "org.opencontainers.image.title": "whyrst",
        "org.opencontainers.image.description": "Why TCP connections were reset, from captures and the running kernel",
        "org.opencontainers.image.version": VERSION,
        "org.opencontainers.image.created": made.written,
        "org.opencontainers.image.revision": made.revision,
        "org.opencontainers.image.licenses": "MIT OR Apache-2.0",
        "org.opencontainers.image.source": "https://github.com/whyrst/whyrst",
        "org.opencontainers.image.documentation": "https://github.com/whyrst/whyrst/tree/main/docs",
    })
}

/// Where the parts of an image lie, each named by its digest.
struct Layout {
    blobs: PathBuf,
}

impl Layout {
    /// The image for one kind of machine; its descriptor.
    fn image_for(&self, machine: Machine, made: &Made) -> Result<Value> {
        let tar = archive(&[
            ("usr/bin/whyrst", &machine.program()),
            ("usr/share/doc/whyrst/LICENSE-APACHE", &root().join("LICENSE-APACHE")),
            ("usr/share/doc/whyrst/LICENSE-MIT", &root().join("LICENSE-MIT")),
            ("usr/share/doc/whyrst/third-party-licences.md", &folder().join("third-party-licences.md")),
        ])?;
        let mut packed = GzBuilder::new().write(Vec::new(), Compression::best());
        packed.write_all(&tar)?;
        let layer = self.blob(LAYER, &packed.finish()?)?;
        let config = json!({
            "created": made.written,
            "architecture": machine.debian(),
            "os": "linux",
            "config": {
                "Entrypoint": ["/usr/bin/whyrst"],
                "Cmd": ["--help"],
                "Env": ["PATH=/usr/bin"],
                "WorkingDir": "/",
                "Labels": labels(made),
            },
            "rootfs": { "type": "layers", "diff_ids": [digest(&tar)] },
            "history": [{ "created": made.written, "created_by": "cargo xtask dist" }],
        });
        let config = self.blob(CONFIG, config.to_string().as_bytes())?;
        let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer] });
        let mut descriptor = self.blob(MANIFEST, manifest.to_string().as_bytes())?;
        descriptor["platform"] = json!({ "architecture": machine.debian(), "os": "linux" });
        Ok(descriptor)
    }

    /// Puts a part where it belongs; its descriptor.
    fn blob(&self, media_type: &str, bytes: &[u8]) -> Result<Value> {
        let digest = digest(bytes);
        let path = self.blobs.join(digest.trim_start_matches("sha256:"));
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() }))
    }
}

fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().fold("sha256:".to_owned(), |text, octet| format!("{text}{octet:02x}"))
}

/// A tar archive of files, or of all that is in folders, by these names; of nobody in particular, from no time.
fn archive(members: &[(&str, &Path)]) -> Result<Vec<u8>> {
    let mut files = Vec::new();
    let mut folders = std::collections::BTreeSet::new();
    for (name, path) in members {
        find(Path::new(name), path, &mut files)?;
    }
    files.sort();
    for (name, _) in &files {
        folders.extend(name.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned));
    }
    let mut tar = tar::Builder::new(Vec::new());
    for folder in folders {
        tar.append_data(&mut header(tar::EntryType::Directory, 0o755, 0), folder.join(""), std::io::empty())?;
    }
    for (name, path) in files {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mode = if name.starts_with("usr/bin") { 0o755 } else { 0o644 };
        tar.append_data(&mut header(tar::EntryType::Regular, mode, bytes.len() as u64), name, bytes.as_slice())?;
    }
    Ok(tar.into_inner()?)
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn find(name: &Path, path: &Path, files: &mut Vec<(PathBuf, PathBuf)>) -> Result<()> {
    if !path.is_dir() {
        files.push((name.strip_prefix(".").unwrap_or(name).to_owned(), path.to_owned()));
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))? {
        let entry = entry?;
        find(&name.join(entry.file_name()), &entry.path(), files)?;
    }
    Ok(())
}

/// skopeo chooses the image for a machine, checks every digest as it copies it, and reads the labels.
fn read_by_skopeo(image: &Path, machine: Machine) -> Result<()> {
    if !installed("skopeo") {
        println!("skopeo was NOT asked about {}: it is not installed", image.display());
        return Ok(());
    }
    let copy = Scratch::new("skopeo")?;
    let (from, to) = (format!("oci:{}:{VERSION}", image.display()), format!("dir:{}", copy.path().display()));
    let skopeo = || {
        let mut skopeo = Command::new("skopeo");
        skopeo.args(["--insecure-policy", "--override-arch", machine.debian()]);
        skopeo
    };
    shell::run(skopeo().args(["copy", "--quiet", &from, &to]))?;
    let output = skopeo().args(["inspect", &to]).output().context("cannot run skopeo")?;
    let said: Value = serde_json::from_slice(&output.stdout).context("skopeo inspect prints JSON")?;
    let (architecture, version) = (&said["Architecture"], &said["Labels"]["org.opencontainers.image.version"]);
    if architecture != machine.debian() || version != VERSION {
        bail!("skopeo reads {architecture} and {version} of {}: {said}", image.display());
    }
    println!("skopeo copies the image for {}", machine.debian());
    Ok(())
}

/// umoci unpacks what a container would see, and the program in it runs.
fn unpacked_by_umoci(image: &Path, machine: Machine) -> Result<()> {
    if !installed("umoci") {
        println!("umoci was NOT asked about {}: it is not installed", image.display());
        return Ok(());
    }
    let scratch = Scratch::new("umoci")?;
    let (bundle, name) = (scratch.path().join("bundle"), format!("{}:{}", image.display(), name_for(machine)));
    shell::run(Command::new("umoci").args(["unpack", "--rootless", "--image", &name]).arg(&bundle))?;
    answers(machine, &bundle.join("rootfs/usr/bin/whyrst"))
}
