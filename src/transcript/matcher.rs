//! Whether a replayed output is the recorded one, under doctest's options.

use std::borrow::Cow;

use super::Directives;

/// The line by which doctest writes a blank line of output.
const BLANK_LINE: &str = "<BLANKLINE>";

/// Whether `got` is what was recorded as `want`.
pub fn matches(want: &str, got: &str, directives: Directives) -> bool {
    if want == got {
        return true;
    }
    let want = if directives.dont_accept_blankline || !want.contains(BLANK_LINE) {
        Cow::Borrowed(want)
    } else {
        Cow::Owned(expand_blank_lines(want))
    };
    let (mut want, mut got) = (want, Cow::Borrowed(got));
    if directives.ignore_exception_detail
        && let (Some(wanted), Some(raised)) = (exception_class(&want), exception_class(&got))
    {
        return wanted == raised;
    }
    if directives.normalize_whitespace {
        want = Cow::Owned(normalized(&want));
        got = Cow::Owned(normalized(&got));
    }
    want == got || (directives.ellipsis && matches_ellipsis(&want, &got))
}

fn expand_blank_lines(text: &str) -> String {
    let mut expanded = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        expanded.push_str(if line.trim() == BLANK_LINE {
            "\n"
        } else {
            line
        });
    }
    expanded
}

fn normalized(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The class of the exception that a recorded traceback ends in, without its module.
fn exception_class(text: &str) -> Option<&str> {
    text.starts_with("Traceback (most recent call last):")
        .then_some(())?;
    let line = text
        .lines()
        .skip(1)
        .find(|line| !line.starts_with(' ') && !line.is_empty())?;
    let name = line.split(':').next()?;
    name.rsplit('.').next()
}

/// `want` with each `...` standing for any text, leftmost match first as doctest does.
fn matches_ellipsis(want: &str, got: &str) -> bool {
    let parts: Vec<&str> = want.split("...").collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return false;
    };
    if !got.starts_with(first) || !got.ends_with(last) {
        return false;
    }
    let (mut start, end) = (first.len(), got.len() - last.len());
    for part in middle {
        let Some(rest) = got.get(start..end) else {
            return false;
        };
        let Some(at) = rest.find(part) else {
            return false;
        };
        start += at + part.len();
    }
    start <= end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ellipsis() -> Directives {
        Directives {
            ellipsis: true,
            ..Directives::default()
        }
    }

    #[test]
    fn exact_by_default() {
        assert!(matches("a\n", "a\n", Directives::default()));
        assert!(!matches("a \n", "a\n", Directives::default()));
        assert!(!matches("a...\n", "abc\n", Directives::default()));
    }

    #[test]
    fn ellipsis_matches_any_text() {
        assert!(matches("a...c\n", "abbc\n", ellipsis()));
        assert!(matches("...c\n", "abbc\n", ellipsis()));
        assert!(!matches("aa...aa", "aaa", ellipsis()));
    }

    #[test]
    fn white_space_and_blank_lines() {
        let spaces = Directives {
            normalize_whitespace: true,
            ..Directives::default()
        };
        assert!(matches("a  b\n", "a\nb\n", spaces));
        assert!(matches(
            "a\n<BLANKLINE>\nb\n",
            "a\n\nb\n",
            Directives::default()
        ));
    }

    #[test]
    fn exception_detail_can_be_ignored() {
        let ignore = Directives {
            ignore_exception_detail: true,
            ..Directives::default()
        };
        let head = "Traceback (most recent call last):\n  ...\n";
        assert!(matches(
            &format!("{head}KeyError: 1\n"),
            &format!("{head}KeyError: 2\n"),
            ignore
        ));
        assert!(!matches(
            &format!("{head}KeyError: 1\n"),
            &format!("{head}NameError: 2\n"),
            ignore
        ));
    }
}
