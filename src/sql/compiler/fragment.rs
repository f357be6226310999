//! Text under construction: SQL with the places where binds go.

/// What goes at a place of a [`Fragment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A bind, by its number.
    Bind(u32),
    /// A bind that is rendered when its value is known: a list, a literal.
    PostCompile(u32),
}

/// SQL text with marks at byte offsets, in order.
#[derive(Clone, Default)]
pub struct Fragment {
    /// The text.
    pub text: String,
    /// The marks.
    pub marks: Vec<(usize, Mark)>,
}

impl Fragment {
    /// Append text.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }
    /// Append a mark.
    pub fn mark(&mut self, mark: Mark) {
        self.marks.push((self.text.len(), mark));
    }
    /// Append a fragment.
    pub fn append(&mut self, other: &Self) {
        let start = self.text.len();
        self.text.push_str(&other.text);
        self.marks
            .extend(other.marks.iter().map(|(at, mark)| (start + at, *mark)));
    }
    /// Put a fragment in front.
    pub fn prepend(&mut self, mut front: Self) {
        front.append(self);
        *self = front;
    }
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.marks.is_empty()
    }
    /// How much there is, for [`Fragment::is_at`] and [`Fragment::truncate`].
    pub fn position(&self) -> (usize, usize) {
        (self.text.len(), self.marks.len())
    }
    /// Whether nothing was appended since `position`.
    pub fn is_at(&self, position: (usize, usize)) -> bool {
        self.position() == position
    }
    /// Take back what was appended since `position`.
    pub fn truncate(&mut self, position: (usize, usize)) {
        self.text.truncate(position.0);
        self.marks.truncate(position.1);
    }
    /// Take what was appended since `position` out.
    pub fn split_off(&mut self, position: (usize, usize)) -> Self {
        let text = self.text.split_off(position.0);
        let marks = self
            .marks
            .split_off(position.1)
            .into_iter()
            .map(|(at, mark)| (at - position.0, mark))
            .collect();
        Self { text, marks }
    }
}
