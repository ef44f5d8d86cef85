//! What the WebAssembly may have: the page says the same number (`engine.ts`).

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=--max-memory={}", 512 << 20);
}
