//! How the program is linked.
#![expect(
    clippy::print_stdout,
    reason = "a build script speaks to cargo on standard output"
)]

/// On Linux with glibc, at a fixed address: a position-independent program of this size spends a
/// fifth of its start-up on relocations, which also copy half a megabyte of constant tables into
/// private memory.
fn main() {
    println!("cargo:rerun-if-changed=scripts/link.rs");
    let target = |part: &str| std::env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
