//! Which SQLAlchemy to behave as. A layer asks here by version only where it keeps the one
//! place for a difference.

use std::fmt;

/// A version of SQLAlchemy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compat {
    /// SQLAlchemy 1.4 (1.4.54).
    V14,
    /// SQLAlchemy 2.0 (2.0.54).
    V20,
}

impl Compat {
    /// Whether this is 1.4.
    pub fn is_14(self) -> bool {
        self == Self::V14
    }
    /// Whether this is 2.0.
    pub fn is_20(self) -> bool {
        self == Self::V20
    }
    /// The path segment of `https://sqlalche.me/e/..`.
    pub fn url_token(self) -> &'static str {
        match self {
            Self::V14 => "14",
            Self::V20 => "20",
        }
    }
    /// `sqlalchemy.__version__`.
    pub fn version(self) -> &'static str {
        match self {
            Self::V14 => "1.4.54",
            Self::V20 => "2.0.54",
        }
    }
}

impl fmt::Display for Compat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V14 => "1.4",
            Self::V20 => "2.0",
        })
    }
}
