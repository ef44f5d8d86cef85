//! `cargo xtask kernels`: the probe on other kernels than this machine's, in QEMU without
//! acceleration: Debian's 6.1 and 6.12 and the newest in its backports.
//!
//! Each boots with our own binary in its initial RAM disk, plays a handful of resets, and must report
//! them as far as that kernel can; what it cannot report it must say. Packages come from Debian's
//! archive into `target/kernels`, with apt's own state kept apart from the system's.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::shell::{self, cargo, installed, target};
use crate::trouble::PLAYS;

/// Suite of Debian, and what its kernel must say of itself.
const KERNELS: &[(&str, &str)] = &[("bookworm", "reason for a reset"), ("trixie", ""), ("trixie-backports", "")];

/// Programs and the packages that bring them.
const NEEDED: &[(&str, &str)] = &[
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("busybox", "busybox-static"),
    ("cpio", "cpio"),
    ("xz", "xz-utils"),
    ("ldd", "libc-bin"),
];

/// An idle machine needs ten seconds; one with a load of 15 took almost three minutes.
const PATIENCE: Duration = Duration::from_mins(10);

const SOURCES: &str = "Types: deb
URIs: http://deb.debian.org/debian
Suites: bookworm trixie trixie-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
";

const INIT: &str = "#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
ip link set lo up
whyrst watch --packets --format json >/tmp/events 2>/tmp/remarks &
watch=$!
until grep -q 'Seccomp:.*2' /proc/$watch/status || ! [ -d /proc/$watch ]; do sleep 0.2; done
xtask trouble
sleep 1
kill -INT $watch; wait $watch
echo \"== kernel $(uname -r)\"
echo '== remarks'; cat /tmp/remarks
echo '== events'; cat /tmp/events
echo '== end'
poweroff -f
";

/// Boots the kernels of these suites, all when none is named.
pub fn boot(suites: &[&str]) -> Result<()> {
    if let Some(unknown) = suites.iter().find(|suite| !KERNELS.iter().any(|(known, _)| known == *suite)) {
        bail!("no kernel of {unknown}; there are bookworm, trixie and trixie-backports");
    }
    let missing: Vec<&str> =
        NEEDED.iter().filter(|(program, _)| !installed(program)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        bail!("missing: apt-get install --no-install-recommends {}", missing.join(" "));
    }
    shell::run(cargo().args(["build", "--quiet", "--package", "whyrst-cli", "--package", "xtask"]))?;
    let folder = target().join("kernels");
    let apt = Apt::new(&folder)?;
    let mut failed = Vec::new();
    for (suite, must_say) in KERNELS.iter().filter(|(suite, _)| suites.is_empty() || suites.contains(suite)) {
        let kernel = apt.kernel(suite)?;
        let disk = folder.join(format!("{suite}.cpio.gz"));
        make_disk(&disk)?;
        let began = Instant::now();
        let log = run(&kernel, &disk, &folder.join(format!("{suite}.log")))?;
        let wrong = wrong(&log, must_say);
        println!("{suite}: kernel {}, {:.0} s", release(&log), began.elapsed().as_secs_f64());
        for remark in section(&log, "remarks").lines() {
            println!("   {remark}");
        }
        for line in &wrong {
            println!("   WRONG: {line}");
        }
        if !wrong.is_empty() {
            failed.push(*suite);
        }
    }
    if !failed.is_empty() {
        bail!("not as it should be on the kernel of {}; logs are in {}", failed.join(", "), folder.display());
    }
    Ok(())
}

/// apt with a state of its own.
struct Apt {
    folder: PathBuf,
    config: PathBuf,
}

impl Apt {
    fn new(folder: &Path) -> Result<Self> {
        let (config, place) = (folder.join("apt.conf"), folder.display());
        for name in ["etc", "lists/partial", "archives/partial"] {
            fs::create_dir_all(folder.join(name)).with_context(|| format!("cannot make {name} in {place}"))?;
        }
        fs::write(folder.join("etc/kernels.sources"), SOURCES)?;
        let text = format!(
            "Dir::Etc::sourcelist \"/dev/null\";\nDir::Etc::sourceparts \"{place}/etc\";\n\
             Dir::State::lists \"{place}/lists\";\nDir::Cache::archives \"{place}/archives\";\n\
             Dir::Cache::pkgcache \"{place}/packages.bin\";\nDir::Cache::srcpkgcache \"{place}/sources.bin\";\n\
             APT::Sandbox::User \"root\";\n"
        );
        fs::write(&config, text)?;
        let apt = Self { folder: folder.to_path_buf(), config };
        shell::run(apt.command("apt-get").args(["-qq", "update"]))?;
        Ok(apt)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", &self.config).current_dir(self.folder.join("archives"));
        command
    }

    /// The suite's current kernel for clouds: names roll, so they are asked for. From 7.x on it lies in a
    /// package of its own.
    fn kernel(&self, suite: &str) -> Result<PathBuf> {
        let package = self.depends(suite, "linux-image-cloud-amd64", "linux-image-")?;
        let place = self.folder.join(suite);
        self.unpack(suite, &package, &place)?;
        if let Some(kernel) = kernel_in(&place) {
            return Ok(kernel);
        }
        let binary = self.depends(suite, &package, "linux-binary-")?;
        self.unpack(suite, &binary, &place)?;
        kernel_in(&place).with_context(|| format!("there is no kernel in {package} and {binary}"))
    }

    fn depends(&self, suite: &str, package: &str, prefix: &str) -> Result<String> {
        let output = self.command("apt-cache").args(["-t", suite, "depends", package]).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let names = text.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
        let mut names = names.filter(|name| name.starts_with(prefix));
        names
            .next()
            .map(str::to_owned)
            .with_context(|| format!("{package} of {suite} depends on no {prefix}*:\n{text}"))
    }

    fn unpack(&self, suite: &str, package: &str, place: &Path) -> Result<()> {
        let archives = self.folder.join("archives");
        let there = || -> Option<PathBuf> {
            let begins = format!("{package}_");
            let files = fs::read_dir(&archives).ok()?.flatten().map(|entry| entry.path());
            files
                .into_iter()
                .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begins)))
        };
        if there().is_none() {
            shell::run(self.command("apt-get").args(["-qq", "download", &format!("{package}/{suite}")]))?;
        }
        let archive = there().with_context(|| format!("{package} was not downloaded"))?;
        shell::run(Command::new("dpkg-deb").arg("-x").arg(archive).arg(place))
    }
}

fn kernel_in(place: &Path) -> Option<PathBuf> {
    let files = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let in_boot = files(place.join("boot")).find(|path| path.to_string_lossy().contains("vmlinuz"));
    let beside_modules =
        || files(place.join("usr/lib/modules")).map(|path| path.join("vmlinuz")).find(|path| path.is_file());
    in_boot.or_else(beside_modules)
}

/// Our two programs with their libraries, busybox, and what runs them.
fn make_disk(disk: &Path) -> Result<()> {
    let root = disk.with_extension("root");
    let _ = fs::remove_dir_all(&root);
    for folder in ["bin", "proc", "sys", "dev", "tmp"] {
        fs::create_dir_all(root.join(folder))?;
    }
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| Path::new(path).is_file());
    fs::copy(busybox.context("there is no busybox")?, root.join("bin/busybox"))?;
    for program in ["whyrst", "xtask"] {
        let built = target().join("debug").join(program);
        shell::run(Command::new("strip").arg("-o").arg(root.join("bin").join(program)).arg(&built))?;
        let libraries = Command::new("ldd").arg(&built).output()?;
        for library in
            String::from_utf8_lossy(&libraries.stdout).split_whitespace().filter(|word| word.starts_with('/'))
        {
            let copy = root.join(library.trim_start_matches('/'));
            fs::create_dir_all(copy.parent().context("a library lies in a folder")?)?;
            fs::copy(library, copy)?;
        }
    }
    let init = root.join("init");
    fs::write(&init, INIT)?;
    shell::run(Command::new("chmod").arg("755").arg(&init))?;
    let pack = format!("find . | cpio --quiet -o -H newc | gzip -1 > '{}'", disk.display());
    shell::run(Command::new("sh").args(["-ec", &pack]).current_dir(&root))?;
    fs::remove_dir_all(&root)?;
    Ok(())
}

fn run(kernel: &Path, disk: &Path, log: &Path) -> Result<String> {
    let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut qemu = Command::new("qemu-system-x86_64")
        .args(["-accel", "tcg,thread=multi", "-cpu", "max", "-m", "1024", "-smp", "2", "-nographic", "-no-reboot"])
        .args(["-nodefaults", "-serial", "stdio", "-append", "console=ttyS0 panic=-1 quiet"])
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(disk)
        .stdin(Stdio::null())
        .stdout(output)
        .spawn()
        .context("cannot run qemu-system-x86_64")?;
    let began = Instant::now();
    while qemu.try_wait()?.is_none() {
        if began.elapsed() > PATIENCE {
            qemu.kill()?;
            qemu.wait()?;
            bail!("{} did not come to its end in {} s; see {}", kernel.display(), PATIENCE.as_secs(), log.display());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    std::io::stdout().flush()?;
    Ok(String::from_utf8_lossy(&fs::read(log)?).replace('\r', ""))
}

fn section<'a>(log: &'a str, name: &str) -> &'a str {
    let begins = format!("== {name}\n");
    let Some((_, rest)) = log.split_once(&begins) else { return "" };
    if rest.starts_with("== ") {
        return "";
    }
    rest.split_once("\n== ").map_or(rest, |(section, _)| section)
}

fn release(log: &str) -> &str {
    log.lines().find_map(|line| line.strip_prefix("== kernel ")).unwrap_or("?")
}

/// What is not as it should be.
fn wrong(log: &str, must_say: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if !log.contains("== end") {
        wrong.push("it did not come to its end".to_owned());
    }
    let remarks = section(log, "remarks");
    if !must_say.is_empty() && !remarks.contains(must_say) {
        wrong.push(format!("it does not say that it gives no {must_say}"));
    }
    let events: Vec<serde_json::Value> =
        section(log, "events").lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for (name, port, causes) in PLAYS {
        let of_play = events.iter().find(|event| event["server"]["port"] == *port);
        let Some(one) = of_play else {
            wrong.push(format!("{name} was not reported"));
            continue;
        };
        let verdict = one["verdict"]["cause"].as_str().unwrap_or_default();
        let others = one["alternatives"].as_array().into_iter().flatten().filter_map(|other| other["cause"].as_str());
        let named = std::iter::once(verdict).chain(others).any(|cause| causes.contains(&cause));
        let sure = one["verdict"]["confidence"].as_str().unwrap_or_default();
        println!("   {name}: {verdict} [{sure}], kernel {}", one["kernel"]["reason"]);
        let is_sure = matches!(sure, "certain" | "likely");
        if is_sure && !causes.contains(&verdict) {
            wrong.push(format!("{name} was reported as {verdict} [{sure}]"));
        } else if !named && sure != "unexplained" {
            wrong.push(format!("{name} was reported as {verdict} [{sure}], and the cause is not named"));
        }
    }
    wrong
}
