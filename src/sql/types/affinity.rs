//! The families of types: what operators, literals and compared values go by.

/// SQLAlchemy's `_type_affinity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are SQLAlchemy's")]
pub enum Affinity {
    Null,
    Integer,
    Numeric,
    Float,
    String,
    Enum,
    Boolean,
    Date,
    DateTime,
    Time,
    Interval,
    Binary,
    Json,
    Array,
    Uuid,
    Tuple,
    /// A script's own type, or one of a dialect that has no arithmetic.
    Other,
}

impl Affinity {
    /// Whether `+`, `-`, `*` and `/` are arithmetic on it.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Numeric | Self::Float)
    }
    /// Whether `+` is concatenation on it.
    pub fn is_string(self) -> bool {
        matches!(self, Self::String | Self::Enum)
    }
}
