//! Names of columns, labels, binds and aliases, some of which are only numbered when compiled.

use std::cell::Cell;
use std::rc::Rc;

use smallvec::{SmallVec, smallvec};

use crate::object::Str;

thread_local! {
    static SEED: Cell<u64> = const { Cell::new(1) };
}

/// A number no other object of the thread has: what an anonymous name is keyed by.
pub fn next_seed() -> u64 {
    let seed = SEED.get();
    // Odd, so that no seed is the address of a node.
    SEED.set(seed + 2);
    seed
}

/// A piece of an anonymous name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NamePart {
    /// Fixed text.
    Text(Str),
    /// `base_N`, numbered per base when first rendered; the seed says which object it names.
    Anonymous {
        /// The object named.
        seed: u64,
        /// What precedes the number.
        base: Str,
    },
}

/// A name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// As given.
    Plain(Str),
    /// As made up by the library, which may shorten it to the dialect's limit.
    Truncated(Str),
    /// Numbered when compiled.
    Anonymous(Rc<SmallVec<[NamePart; 1]>>),
}

impl Name {
    /// A name as given.
    pub fn plain(text: impl Into<Str>) -> Self {
        Self::Plain(text.into())
    }
    /// `base_N` for the object of `seed`.
    pub fn anonymous(seed: u64, base: &str) -> Self {
        Self::Anonymous(Rc::new(smallvec![NamePart::Anonymous {
            seed,
            base: Str::new(base),
        }]))
    }
    /// The text, where it is known before compiling.
    pub fn text(&self) -> Option<&Str> {
        match self {
            Self::Plain(text) | Self::Truncated(text) => Some(text),
            Self::Anonymous(_) => None,
        }
    }
    /// Whether it is numbered when compiled.
    pub fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous(_))
    }
    /// `self` followed by `suffix`.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> Self {
        match self {
            Self::Plain(text) | Self::Truncated(text) => {
                Self::Truncated(Str::from(format!("{text}{suffix}")))
            }
            Self::Anonymous(parts) => {
                let mut parts = (**parts).clone();
                parts.push(NamePart::Text(Str::new(suffix)));
                Self::Anonymous(Rc::new(parts))
            }
        }
    }
    /// `self` followed by `other`.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        if let Some(text) = other.text() {
            return self.with_suffix(text);
        }
        let mut parts = self.parts();
        parts.extend(other.parts());
        Self::Anonymous(Rc::new(parts))
    }
    /// Its pieces.
    pub fn parts(&self) -> SmallVec<[NamePart; 1]> {
        match self {
            Self::Plain(text) | Self::Truncated(text) => smallvec![NamePart::Text(text.clone())],
            Self::Anonymous(parts) => (**parts).clone(),
        }
    }
    /// What a name shows where there is no compiler: `%(ID base)s` for the anonymous.
    pub fn display(&self) -> String {
        match self {
            Self::Plain(text) | Self::Truncated(text) => text.to_string(),
            Self::Anonymous(parts) => parts
                .iter()
                .map(|part| match part {
                    NamePart::Text(text) => text.to_string(),
                    NamePart::Anonymous { seed, base } => format!("%({seed} {base})s"),
                })
                .collect(),
        }
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::plain(text)
    }
}
impl From<Str> for Name {
    fn from(text: Str) -> Self {
        Self::Plain(text)
    }
}
