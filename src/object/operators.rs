//! The operators of the language, as closed sets.

/// A binary operator that is no comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are Python's")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    MatMul,
    TrueDiv,
    FloorDiv,
    Mod,
    Pow,
    LShift,
    RShift,
    BitAnd,
    BitOr,
    BitXor,
}

impl BinaryOp {
    /// As written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::MatMul => "@",
            Self::TrueDiv => "/",
            Self::FloorDiv => "//",
            Self::Mod => "%",
            Self::Pow => "**",
            Self::LShift => "<<",
            Self::RShift => ">>",
            Self::BitAnd => "&",
            Self::BitOr => "|",
            Self::BitXor => "^",
        }
    }
    /// The special methods: `__add__`, `__radd__`, `__iadd__`.
    pub fn methods(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Add => ("__add__", "__radd__", "__iadd__"),
            Self::Sub => ("__sub__", "__rsub__", "__isub__"),
            Self::Mul => ("__mul__", "__rmul__", "__imul__"),
            Self::MatMul => ("__matmul__", "__rmatmul__", "__imatmul__"),
            Self::TrueDiv => ("__truediv__", "__rtruediv__", "__itruediv__"),
            Self::FloorDiv => ("__floordiv__", "__rfloordiv__", "__ifloordiv__"),
            Self::Mod => ("__mod__", "__rmod__", "__imod__"),
            Self::Pow => ("__pow__", "__rpow__", "__ipow__"),
            Self::LShift => ("__lshift__", "__rlshift__", "__ilshift__"),
            Self::RShift => ("__rshift__", "__rrshift__", "__irshift__"),
            Self::BitAnd => ("__and__", "__rand__", "__iand__"),
            Self::BitOr => ("__or__", "__ror__", "__ior__"),
            Self::BitXor => ("__xor__", "__rxor__", "__ixor__"),
        }
    }
}

/// A rich comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are Python's")]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl CompareOp {
    /// As written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
    /// The special method.
    pub fn method(self) -> &'static str {
        match self {
            Self::Eq => "__eq__",
            Self::Ne => "__ne__",
            Self::Lt => "__lt__",
            Self::Le => "__le__",
            Self::Gt => "__gt__",
            Self::Ge => "__ge__",
        }
    }
    /// The operator with its operands exchanged.
    pub fn mirrored(self) -> Self {
        match self {
            Self::Eq => Self::Eq,
            Self::Ne => Self::Ne,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
        }
    }
    /// Whether an ordering satisfies it.
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Eq => ordering.is_eq(),
            Self::Ne => ordering.is_ne(),
            Self::Lt => ordering.is_lt(),
            Self::Le => ordering.is_le(),
            Self::Gt => ordering.is_gt(),
            Self::Ge => ordering.is_ge(),
        }
    }
}

/// A unary operator, `not` excepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are Python's")]
pub enum UnaryOp {
    Neg,
    Pos,
    Invert,
}

impl UnaryOp {
    /// As written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Neg => "-",
            Self::Pos => "+",
            Self::Invert => "~",
        }
    }
    /// The special method.
    pub fn method(self) -> &'static str {
        match self {
            Self::Neg => "__neg__",
            Self::Pos => "__pos__",
            Self::Invert => "__invert__",
        }
    }
}
