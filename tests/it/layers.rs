//! The layers: arrows point down, each folder is entered by its door, files stay small.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::root;

/// From the top down.
const LAYERS: [&str; 8] = [
    "shell",
    "transcript",
    "lang",
    "orm",
    "sql",
    "engine",
    "object",
    "util",
];
/// The most lines a file may have: more can't be read in one sitting.
const LONGEST: usize = 950;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    sources(&root().join("src"), &mut found);
    found.sort();
    found
}

fn layer_of(path: &Path) -> Option<usize> {
    let inside = path.strip_prefix(root().join("src")).expect("a source");
    let first = inside.iter().next()?.to_str()?;
    LAYERS.iter().position(|layer| *layer == first)
}

#[test]
fn no_arrow_points_up() {
    let mention = Regex::new(r"crate::([a-z_]+)").expect("a valid pattern");
    let mut upward = Vec::new();
    for path in all_sources() {
        let Some(own) = layer_of(&path) else { continue };
        let text = fs::read_to_string(&path).expect("a source");
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for found in mention.captures_iter(line) {
                let used = LAYERS.iter().position(|layer| *layer == &found[1]);
                if used.is_some_and(|used| used < own) {
                    upward.push(format!(
                        "{}:{}: {}",
                        path.display(),
                        number + 1,
                        line.trim()
                    ));
                }
            }
        }
    }
    assert!(
        upward.is_empty(),
        "a layer uses one above it:\n{}",
        upward.join("\n")
    );
}

#[test]
fn every_file_says_what_it_owns_and_stays_small() {
    let mut faults = Vec::new();
    for path in all_sources() {
        let text = fs::read_to_string(&path).expect("a source");
        if !text.starts_with("//!") {
            faults.push(format!(
                "{} does not open with what it owns",
                path.display()
            ));
        }
        let lines = text.lines().count();
        if lines > LONGEST {
            faults.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
