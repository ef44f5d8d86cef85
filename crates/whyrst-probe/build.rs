//! With the feature `build-bpf`, the probe's object is compiled here, by the user's clang, instead of taken as it is
//! checked in: for who trusts no object, or changes its source. `$CLANG` and `$LLVM_STRIP` name the programs (else `clang`
//! and `llvm-strip`), `$CLANG_ROOT` the folder where their packages are unpacked, if they are not installed. The
//! assertions in `bpf/event.h` fail where this clang lays a structure out otherwise than Rust reads it.

#[path = "bpf/compile.rs"]
mod compile;

use std::env;
use std::path::PathBuf;

use compile::Compiler;

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-changed=bpf");
    println!("cargo::rerun-if-env-changed=CLANG");
    println!("cargo::rerun-if-env-changed=LLVM_STRIP");
    println!("cargo::rerun-if-env-changed=CLANG_ROOT");
    if env::var_os("CARGO_FEATURE_BUILD_BPF").is_none() {
        return Ok(());
    }
    let program = |variable, usual: &str| env::var_os(variable).map_or_else(|| usual.into(), PathBuf::from);
    let folder = |variable| env::var_os(variable).map(PathBuf::from).ok_or(format!("cargo sets no {variable}"));
    let compiler = Compiler {
        clang: program("CLANG", "clang"),
        strip: program("LLVM_STRIP", "llvm-strip"),
        unpacked: env::var_os("CLANG_ROOT").map(PathBuf::from),
    };
    compiler.compile(&folder("CARGO_MANIFEST_DIR")?.join("bpf"), &folder("OUT_DIR")?.join("probe.o")).map_err(|why| {
        format!("{why}; the feature build-bpf needs clang, llvm and libbpf's headers (Debian: clang llvm libbpf-dev)")
    })
}
