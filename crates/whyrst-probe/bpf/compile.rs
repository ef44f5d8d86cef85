// How the probe's object is compiled: by the build script with the feature `build-bpf`, and by `cargo xtask bpf`, which
// holds what comes out against the object that is checked in. The same clang gives the same bytes in any folder.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A clang with what it needs.
#[derive(Debug)]
pub(crate) struct Compiler {
    /// clang itself.
    pub(crate) clang: PathBuf,
    /// Takes the DWARF out and leaves the BTF.
    pub(crate) strip: PathBuf,
    /// The folder in which its packages are unpacked, where they are not installed.
    pub(crate) unpacked: Option<PathBuf>,
}

impl Compiler {
    /// Makes `object` of the source in `folder`.
    pub(crate) fn compile(&self, folder: &Path, object: &Path) -> Result<(), String> {
        let architecture = std::env::consts::ARCH;
        let mut clang = self.command(&self.clang);
        clang.current_dir(folder).args(["-O2", "-g", "-Wall", "-Werror", "-fdebug-compilation-dir=.", "-fno-ident"]);
        clang.arg(format!("-ffile-prefix-map={}=.", folder.display()));
        clang.args(["-target", "bpf", "-mcpu=v3"]);
        let headers = self.unpacked.as_ref().map_or_else(|| "/usr/include".into(), |root| root.join("usr/include"));
        if let Some(root) = &self.unpacked {
            clang.arg(format!("-ffile-prefix-map={}=", root.display())).arg("-I").arg(&headers);
        }
        clang.arg("-I").arg(headers.join(format!("{architecture}-linux-gnu")));
        run(clang.args(["-c", "probe.bpf.c", "-o"]).arg(object))?;
        run(self.command(&self.strip).arg("-g").arg(object))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some(root) = &self.unpacked {
            let libraries = root.join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH));
            let more = root.join(format!("lib/{}-linux-gnu", std::env::consts::ARCH));
            let llvm = root.join("usr/lib/llvm-16/lib");
            let all = [libraries, more, llvm].map(|folder| folder.display().to_string());
            command.env("LD_LIBRARY_PATH", all.join(":"));
        }
        command
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{shown} ended with {status}")),
        Err(error) => Err(format!("cannot run {shown}: {error}")),
    }
}
