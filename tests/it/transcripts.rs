//! The sessions under `tests/transcripts`, against what the real SQLAlchemy printed.
//!
//! `known_gaps.txt` lists the sessions in which statements still differ, with how many; a
//! session that gets worse fails. `scripts/gaps` writes the list.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{ormsh, root, without_addresses};

/// A transcript's statements, each with what it printed.
fn statements(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let continues = line == "..." || line.starts_with("... ");
        match found.last_mut() {
            _ if line.starts_with(">>>") => found.push((line.to_owned(), String::new())),
            Some((source, output)) if output.is_empty() && continues => {
                source.push('\n');
                source.push_str(line);
            }
            Some((_, output)) => {
                output.push_str(line);
                output.push('\n');
            }
            None => {}
        }
    }
    found
}

fn goldens(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            goldens(&path, found);
        } else if path
            .extension()
            .is_some_and(|ending| ending == "transcript")
        {
            found.push(path);
        }
    }
}

/// The script and the version of `topic.2.0.transcript`.
fn script_of(golden: &Path) -> (PathBuf, String) {
    let name = golden
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name");
    let stem = name.strip_suffix(".transcript").expect("a transcript");
    let (topic, version) = stem.split_at(stem.len() - ".2.0".len());
    (
        golden.with_file_name(format!("{topic}.orm")),
        version[1..].to_owned(),
    )
}

/// The statements of `golden` that print something else, as a report each.
fn differences(golden: &Path) -> Vec<String> {
    let (script, version) = script_of(golden);
    let replayed = ormsh()
        .args([
            "run",
            "--transcript",
            "--keep-going",
            "--display",
            "python",
            "--compat",
        ])
        .arg(&version)
        .arg(&script)
        .output()
        .expect("the program runs");
    let want = without_addresses(&fs::read_to_string(golden).expect("a golden"));
    let got = without_addresses(&String::from_utf8_lossy(&replayed.stdout));
    let got = statements(&got);
    let differs = |(at, want): (usize, (String, String))| match got.get(at) {
        Some(found) if *found == want => None,
        Some(found) => Some(format!(
            "{}\n--- want\n{}--- got\n{}",
            want.0, want.1, found.1
        )),
        None => Some(format!("{}\n--- not reached", want.0)),
    };
    statements(&want)
        .into_iter()
        .enumerate()
        .filter_map(differs)
        .collect()
}

fn known_gaps() -> BTreeMap<String, usize> {
    let text = fs::read_to_string(root().join("tests/transcripts/known_gaps.txt"))
        .expect("the list of gaps");
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (count, name) = line.split_once(' ').expect("a count and a name");
            (name.to_owned(), count.parse().expect("a count"))
        })
        .collect()
}

#[test]
fn sessions_equal_the_real_sqlalchemy() {
    let folder = root().join("tests/transcripts");
    let mut found = Vec::new();
    goldens(&folder, &mut found);
    found.sort();
    assert!(found.len() >= 30, "the sessions are missing");
    let mut gaps = known_gaps();
    let mut faults = Vec::new();
    for golden in found {
        let name = golden
            .strip_prefix(&folder)
            .expect("inside")
            .display()
            .to_string();
        let allowed = gaps.remove(&name).unwrap_or(0);
        let differs = differences(&golden);
        if differs.len() > allowed {
            let first = differs.first().cloned().unwrap_or_default();
            faults.push(format!(
                "{} {name} (known: {allowed})\n{first}",
                differs.len()
            ));
        } else if differs.len() < allowed {
            eprintln!("{name} got better: {} of {allowed} are left", differs.len());
        }
    }
    faults.extend(
        gaps.into_keys()
            .map(|name| format!("{name} is listed as a gap, but gone")),
    );
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
