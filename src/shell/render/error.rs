//! Errors: the lines that Python ends a traceback with, and an excerpt of the source above them.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::object::exceptions::SYNTAX_ERROR;
use crate::object::{Cx, Raised, Value};

/// Where an error stands in a source text.
pub(in crate::shell) struct ErrorView<'a> {
    /// The name of the source.
    pub(in crate::shell) name: &'a str,
    /// Its text.
    pub(in crate::shell) text: &'a str,
    /// The number of its first line.
    pub(in crate::shell) first_line: u32,
    /// The offending bytes.
    pub(in crate::shell) start: usize,
    /// The byte behind the last.
    pub(in crate::shell) end: usize,
}

impl ErrorView<'_> {
    /// Mark no more than `word`, where the offending bytes hold it once.
    pub(in crate::shell) fn narrow(&mut self, word: &str) {
        let span = self.floor(self.start)..self.floor(self.end);
        let Some(marked) = self.text.get(span.clone()) else {
            return;
        };
        let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
        let mut places = marked.match_indices(word).filter(|(at, _)| {
            !marked[..*at].ends_with(part_of_word)
                && !marked[at + word.len()..].starts_with(part_of_word)
        });
        if let (Some((at, _)), None) = (places.next(), places.next()) {
            self.start = span.start + at;
            self.end = self.start + word.len();
        }
    }
    /// The excerpt, each line ended; `width` is that of the terminal, where there is one.
    pub(in crate::shell) fn render(&self, color: bool, width: Option<u16>) -> String {
        // Only the lines around the place: a long script is not searched line by line.
        let start = self.floor(self.start);
        let end = self.floor(self.end).max(start);
        let from = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let to = self.text[end..]
            .find('\n')
            .map_or(self.text.len(), |at| end + at);
        let lines_before = self.text[..from].matches('\n').count();
        let first = self.first_line as usize + lines_before;
        let stop = if end > start {
            end
        } else {
            (start + 1).min(to.max(start))
        };
        let snippet = Snippet::source(&self.text[from..to])
            .line_start(first)
            .path(self.name)
            .annotation(AnnotationKind::Primary.span(start - from..stop.max(start) - from));
        let report = [Group::with_level(Level::ERROR).element(snippet)];
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let renderer = match width {
            Some(width) => renderer.term_width(usize::from(width)),
            None => renderer,
        };
        let mut text = renderer.render(&report);
        text.push('\n');
        text
    }

    fn floor(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

/// What Python prints of an uncaught exception, with the stack left out.
pub(in crate::shell) fn python_traceback(raised: &Raised, cx: &Cx) -> String {
    format!(
        "Traceback (most recent call last):\n  ...\n{}",
        final_lines(raised.value(), cx)
    )
}

/// The lines that name the exception, each ended.
pub(in crate::shell) fn final_lines(exception: &Value, cx: &Cx) -> String {
    let Value::Instance(instance) = exception else {
        return String::new();
    };
    let class = instance.class();
    let name = match class.module().as_str() {
        "builtins" | "__main__" => class.qualname().to_string(),
        module => format!("{module}.{}", class.qualname()),
    };
    let mut text = String::new();
    if class.derives_from(&SYNTAX_ERROR) {
        text.push_str(&syntax_place(exception, cx));
    }
    let message = cx
        .str(exception)
        .unwrap_or_else(|_| "<exception str() failed>".to_owned());
    text.push_str(&name);
    if !message.is_empty() {
        text.push_str(": ");
        text.push_str(&message);
    }
    text.push('\n');
    text.push_str(&notes(exception, cx));
    text
}

/// The place lines that Python puts above a SyntaxError.
fn syntax_place(exception: &Value, cx: &Cx) -> String {
    let get = |name: &str| {
        cx.get_attr(exception, name)
            .ok()
            .filter(|value| !value.is_none())
    };
    let Some(line) = get("lineno").and_then(|line| line.as_int()) else {
        return String::new();
    };
    // What is typed has no name of its own; what `exec` is given has.
    let file = match get("filename") {
        Some(Value::Str(name)) if name == "<string>" => "<string>",
        _ => "<stdin>",
    };
    let Some(Value::Str(source)) = get("text") else {
        return format!("  File \"{file}\", line {line}\n");
    };
    let trimmed = source.trim_end_matches('\n').trim_start();
    let indent = source.trim_end_matches('\n').len() - trimmed.len();
    let mut text = format!("  File \"{file}\", line {line}\n    {trimmed}\n");
    if let Some(offset) = get("offset").and_then(|offset| offset.as_int()) {
        let start = usize::try_from(offset).unwrap_or(1).saturating_sub(1);
        let end = get("end_offset")
            .and_then(|end| end.as_int())
            .and_then(|end| usize::try_from(end).ok())
            .map_or(start + 1, |end| end.saturating_sub(1));
        // A place within the indentation, which is not shown, is not pointed at.
        if let Some(column) = start.checked_sub(indent) {
            let carets = "^".repeat(end.saturating_sub(start).max(1));
            text.push_str(&format!("    {}{carets}\n", " ".repeat(column)));
        }
    }
    text
}

fn notes(exception: &Value, cx: &Cx) -> String {
    let Some(Value::List(notes)) = (match exception {
        Value::Instance(instance) => instance.attribute("__notes__"),
        _ => None,
    }) else {
        return String::new();
    };
    notes
        .to_vec()
        .iter()
        .filter_map(|note| cx.str(note).ok())
        .map(|note| note + "\n")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_excerpt_marks_the_place() {
        let text = "a = 1\nb = nme\n";
        let view = ErrorView {
            name: "x.orm",
            text,
            first_line: 1,
            start: 10,
            end: 13,
        };
        let shown = view.render(false, None);
        assert!(shown.contains("x.orm:2:5"), "{shown}");
        assert!(shown.contains("b = nme"), "{shown}");
        assert!(shown.contains("^^^"), "{shown}");
    }

    #[test]
    fn a_misspelt_word_alone_is_marked() {
        let text = "f(nme=nme_1, other=2)";
        let mut view = ErrorView {
            name: "x.orm",
            text,
            first_line: 1,
            start: 0,
            end: text.len(),
        };
        view.narrow("nme");
        assert_eq!((view.start, view.end), (2, 5));
        view.narrow("absent");
        assert_eq!((view.start, view.end), (2, 5));
    }
}
