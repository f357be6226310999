//! Where what was read stands on the screen, to put something else in its place.

use unicode_width::UnicodeWidthChar as _;

/// What tabs go to the next multiple of.
const TAB: usize = 8;

/// The control codes that take away `text`, which was read behind `prompt` on a screen of `width`
/// columns and `height` rows: the cursor stands on the row below it.
pub(super) fn erase(prompt: &str, text: &str, width: u16, height: u16) -> String {
    let width = usize::from(width.max(1));
    let rows: usize = format!("{prompt}{text}")
        .split('\n')
        .map(|line| rows_of(line, width))
        .sum();
    // What has scrolled away stays.
    let rows = rows.min(usize::from(height).saturating_sub(1));
    format!("\x1b[{rows}A\r\x1b[J")
}

/// How many rows a line takes.
fn rows_of(line: &str, width: usize) -> usize {
    let (mut rows, mut column) = (1, 0);
    for c in line.chars() {
        let wide = match c {
            '\t' => TAB - column % TAB,
            _ => c.width().unwrap_or(0),
        };
        if column + wide > width {
            rows += 1;
            column = 0;
        }
        column += wide;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_with_wrapped_lines() {
        assert_eq!(rows_of("", 10), 1);
        assert_eq!(rows_of("0123456789", 10), 1);
        assert_eq!(rows_of("0123456789a", 10), 2);
        assert_eq!(rows_of("植物植物植", 9), 2);
        assert_eq!(erase(">>> ", "a\nb", 80, 24), "\x1b[2A\r\x1b[J");
        assert_eq!(erase(">>> ", "a\nb\nc\nd", 80, 3), "\x1b[2A\r\x1b[J");
    }
}
