//! The difference between recorded and replayed output, line by line.

use similar::{ChangeTag, TextDiff};

/// One line of a difference, without its newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiffLine {
    /// In both.
    Same(String),
    /// Recorded, but not replayed.
    Missing(String),
    /// Replayed, but not recorded.
    Unexpected(String),
    /// Lines in both that are left out.
    Skipped(usize),
}

/// How many equal lines are shown around a difference.
const CONTEXT: usize = 2;

/// The lines of `want` and `got`, with long equal stretches left out.
pub fn diff_lines(want: &str, got: &str) -> Vec<DiffLine> {
    let diff = TextDiff::from_lines(want, got);
    let all: Vec<DiffLine> = diff
        .iter_all_changes()
        .map(|change| {
            let text = change.value().trim_end_matches('\n').to_owned();
            match change.tag() {
                ChangeTag::Equal => DiffLine::Same(text),
                ChangeTag::Delete => DiffLine::Missing(text),
                ChangeTag::Insert => DiffLine::Unexpected(text),
            }
        })
        .collect();
    let differs: Vec<bool> = all
        .iter()
        .map(|line| !matches!(line, DiffLine::Same(_)))
        .collect();
    let near = |at: usize| {
        let from = at.saturating_sub(CONTEXT);
        differs[from..differs.len().min(at + CONTEXT + 1)].contains(&true)
    };
    let mut shown = Vec::new();
    for (at, line) in all.into_iter().enumerate() {
        if near(at) {
            shown.push(line);
        } else if let Some(DiffLine::Skipped(count)) = shown.last_mut() {
            *count += 1;
        } else {
            shown.push(DiffLine::Skipped(1));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_stretches_are_left_out() {
        let found = diff_lines("1\n2\n3\n4\n5\nx\n", "1\n2\n3\n4\n5\ny\n");
        assert_eq!(found[0], DiffLine::Skipped(3));
        assert!(found.contains(&DiffLine::Missing("x".into())));
        assert!(found.contains(&DiffLine::Unexpected("y".into())));
    }
}
