//! How the program is linked.
#![expect(
    clippy::print_stdout,
    reason = "a build script speaks to cargo on standard output"
)]

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// On Linux with glibc, at a fixed address: a position-independent program of this size spends a
/// fifth of its start-up on relocations, which also copy half a megabyte of constant tables into
/// private memory. And written to its file, where the linker can: pages that were written through
/// a mapping lie singly in the page cache, and each is a fault more at every start of the program.
fn main() {
    println!("cargo:rerun-if-changed=scripts/link.rs");
    let target = |part: &str| env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
        let written = "-Wl,--no-mmap-output-file";
        if links_with(written) {
            println!("cargo:rustc-link-arg-bins={written}");
        }
    }
}

/// Whether the linker takes `argument`.
fn links_with(argument: &str) -> bool {
    let (Some(folder), Some(rustc), Some(target)) = (
        env::var_os("OUT_DIR").map(PathBuf::from),
        env::var_os("RUSTC"),
        env::var_os("TARGET"),
    ) else {
        return false;
    };
    let source = folder.join("probe.rs");
    if std::fs::write(&source, "fn main() {}\n").is_err() {
        return false;
    }
    let mut probe = Command::new(rustc);
    probe.arg(&source).arg("-o").arg(folder.join("probe"));
    probe.arg("--target").arg(target);
    probe.arg(format!("-Clink-arg={argument}"));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut option = std::ffi::OsString::from("-Clinker=");
        option.push(linker);
        probe.arg(option);
    }
    let probe = probe.stdout(Stdio::null()).stderr(Stdio::null()).status();
    probe.is_ok_and(|status| status.success())
}
