//! The operators of SQL expressions: one table of text, precedence and negation.

use std::rc::Rc;

use crate::object::Str;
use crate::sql::types::SqlType;
use crate::util::Compat;

/// `x.op("..")`.
#[derive(Clone)]
pub struct CustomOp {
    /// As rendered.
    pub text: Str,
    /// `precedence=`.
    pub precedence: i32,
    /// `is_comparison=`.
    pub is_comparison: bool,
    /// `return_type=`.
    pub return_type: Option<SqlType>,
    /// Whether operands of the same operator need no parentheses.
    pub natural_self_precedent: bool,
    /// Whether operands are grouped at all.
    pub eager_grouping: bool,
}

macro_rules! operators {
    ($($name:ident: $fn_name:literal, $text:literal, $precedence:expr;)*) => {
        /// An operator.
        #[derive(Clone)]
        #[expect(missing_docs, reason = "the names are SQLAlchemy's")]
        pub enum Operator {
            $($name,)*
            /// `x.op("..")`.
            Custom(Rc<CustomOp>),
        }

        impl Operator {
            /// The name of SQLAlchemy's operator function.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$name => $fn_name,)*
                    Self::Custom(op) => &op.text,
                }
            }
            /// As rendered between, before or behind its operands, blanks included.
            pub fn text(&self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Custom(_) => "",
                }
            }
            fn base_precedence(&self) -> Option<i32> {
                match self {
                    $(Self::$name => $precedence,)*
                    Self::Custom(op) => Some(op.precedence),
                }
            }
            fn index(&self) -> i32 {
                #[derive(Clone, Copy)]
                enum Index { $($name,)* Custom }
                (match self {
                    $(Self::$name => Index::$name,)*
                    Self::Custom(_) => Index::Custom,
                }) as i32
            }
        }

        /// All but custom ones.
        pub const OPERATORS: &[Operator] = &[$(Operator::$name),*];
    };
}

// name: SQLAlchemy's function, text, precedence
operators! {
    Eq: "eq", " = ", Some(5);
    Ne: "ne", " != ", Some(5);
    Lt: "lt", " < ", Some(5);
    Le: "le", " <= ", Some(5);
    Gt: "gt", " > ", Some(5);
    Ge: "ge", " >= ", Some(5);
    Add: "add", " + ", Some(7);
    Sub: "sub", " - ", Some(7);
    Mul: "mul", " * ", Some(8);
    TrueDiv: "truediv", " / ", Some(8);
    FloorDiv: "floordiv", " // ", Some(8);
    Mod: "mod", " % ", Some(8);
    Neg: "neg", "-", Some(8);
    Concat: "concat_op", " || ", Some(5);
    And: "and_", " AND ", Some(3);
    Or: "or_", " OR ", Some(2);
    Inv: "inv", "NOT ", Some(5);
    Comma: "comma_op", ", ", Some(-1);
    As: "as_", " AS ", Some(-1);
    From: "from_", " FROM ", Some(15);
    Exists: "exists", "EXISTS ", Some(0);
    Like: "like_op", " LIKE ", Some(5);
    NotLike: "not_like_op", " NOT LIKE ", Some(5);
    ILike: "ilike_op", " ILIKE ", Some(5);
    NotILike: "not_ilike_op", " NOT ILIKE ", Some(5);
    Between: "between_op", " BETWEEN ", Some(5);
    NotBetween: "not_between_op", " NOT BETWEEN ", Some(5);
    In: "in_op", " IN ", Some(5);
    NotIn: "not_in_op", " NOT IN ", Some(5);
    Is: "is_", " IS ", Some(5);
    IsNot: "is_not", " IS NOT ", Some(5);
    IsDistinctFrom: "is_distinct_from", " IS DISTINCT FROM ", Some(5);
    IsNotDistinctFrom: "is_not_distinct_from", " IS NOT DISTINCT FROM ", Some(5);
    IsTrue: "is_true", "", Some(5);
    IsFalse: "is_false", "", Some(5);
    StartsWith: "startswith_op", "", None;
    NotStartsWith: "not_startswith_op", "", None;
    EndsWith: "endswith_op", "", None;
    NotEndsWith: "not_endswith_op", "", None;
    Contains: "contains_op", "", None;
    NotContains: "not_contains_op", "", None;
    IStartsWith: "istartswith_op", "", None;
    NotIStartsWith: "not_istartswith_op", "", None;
    IEndsWith: "iendswith_op", "", None;
    NotIEndsWith: "not_iendswith_op", "", None;
    IContains: "icontains_op", "", None;
    NotIContains: "not_icontains_op", "", None;
    Match: "match_op", " MATCH ", Some(5);
    NotMatch: "not_match_op", " NOT MATCH ", Some(5);
    RegexpMatch: "regexp_match_op", " <regexp> ", Some(5);
    NotRegexpMatch: "not_regexp_match_op", " <not regexp> ", Some(5);
    RegexpReplace: "regexp_replace_op", " <regexp replace> ", Some(5);
    Collate: "collate", " COLLATE ", Some(4);
    Desc: "desc_op", " DESC", Some(3);
    Asc: "asc_op", " ASC", Some(3);
    NullsFirst: "nulls_first_op", " NULLS FIRST", None;
    NullsLast: "nulls_last_op", " NULLS LAST", None;
    Distinct: "distinct_op", "DISTINCT ", Some(5);
    Any: "any_op", "ANY ", Some(15);
    All: "all_op", "ALL ", Some(15);
    GetItem: "getitem", "", Some(15);
    JsonGetItem: "json_getitem_op", "", Some(15);
    JsonPathGetItem: "json_path_getitem_op", "", Some(15);
    Filter: "filter_op", " FILTER ", Some(6);
    BitwiseXor: "bitwise_xor_op", " ^ ", Some(7);
    BitwiseOr: "bitwise_or_op", " | ", Some(7);
    BitwiseAnd: "bitwise_and_op", " & ", Some(7);
    BitwiseLShift: "bitwise_lshift_op", " << ", Some(7);
    BitwiseRShift: "bitwise_rshift_op", " >> ", Some(7);
    BitwiseNot: "bitwise_not_op", "~", Some(8);
    LShift: "lshift", " << ", None;
    RShift: "rshift", " >> ", None;
    Pow: "pow", " ** ", None;
    AsBool: "_asbool", "", Some(-10);
    FunctionAsComparison: "function_as_comparison_op", "", Some(15);
    MatMul: "matmul", " @ ", None;
}

impl PartialEq for Operator {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Custom(a), Self::Custom(b)) => {
                Rc::ptr_eq(a, b)
                    || (a.text == b.text
                        && a.precedence == b.precedence
                        && a.is_comparison == b.is_comparison)
            }
            _ => self.index() == other.index(),
        }
    }
}
impl Eq for Operator {}

impl Operator {
    /// Its place in the table.
    pub fn ordinal(&self) -> u64 {
        u64::try_from(self.index()).unwrap_or(u64::MAX)
    }
    fn precedence(&self, compat: Compat) -> Option<i32> {
        match self {
            Self::Concat if compat.is_14() => Some(6),
            _ => self.base_precedence(),
        }
    }

    /// Whether an expression of this operator is parenthesised as an operand of `against`.
    pub fn is_precedent(&self, against: Option<&Self>, compat: Compat) -> bool {
        let Some(against) = against else {
            return true;
        };
        if self == against && self.is_natural_self_precedent() {
            return false;
        }
        self.precedence(compat).unwrap_or(-100) <= against.precedence(compat).unwrap_or(100)
    }
    fn is_natural_self_precedent(&self) -> bool {
        match self {
            Self::Custom(op) => op.natural_self_precedent,
            Self::GetItem | Self::JsonGetItem | Self::JsonPathGetItem => true,
            // 1.4 counts the commutative ones in.
            Self::Eq | Self::Ne => false,
            _ => self.is_associative(),
        }
    }
    /// Whether operands may be exchanged.
    pub fn is_commutative(&self) -> bool {
        matches!(self, Self::Eq | Self::Ne | Self::Add | Self::Mul)
    }
    /// Whether chains of it need no parentheses.
    pub fn is_associative(&self) -> bool {
        matches!(
            self,
            Self::Add | Self::Mul | Self::Concat | Self::And | Self::Or
        )
    }
    /// Whether the result is a Boolean by comparison.
    pub fn is_comparison(&self) -> bool {
        match self {
            Self::Custom(op) => op.is_comparison,
            Self::Eq
            | Self::Ne
            | Self::Lt
            | Self::Le
            | Self::Gt
            | Self::Ge
            | Self::Is
            | Self::IsNot
            | Self::IsDistinctFrom
            | Self::IsNotDistinctFrom
            | Self::Between
            | Self::NotBetween
            | Self::In
            | Self::NotIn
            | Self::Like
            | Self::NotLike
            | Self::ILike
            | Self::NotILike
            | Self::Match
            | Self::NotMatch
            | Self::RegexpMatch
            | Self::NotRegexpMatch
            | Self::StartsWith
            | Self::NotStartsWith
            | Self::EndsWith
            | Self::NotEndsWith
            | Self::Contains
            | Self::NotContains
            | Self::IStartsWith
            | Self::NotIStartsWith
            | Self::IEndsWith
            | Self::NotIEndsWith
            | Self::IContains
            | Self::NotIContains
            | Self::FunctionAsComparison => true,
            _ => false,
        }
    }
    /// Whether the result is a Boolean.
    pub fn is_boolean(&self) -> bool {
        self.is_comparison()
            || matches!(
                self,
                Self::Inv | Self::IsTrue | Self::IsFalse | Self::And | Self::Or
            )
    }
    /// Whether it orders: DESC, ASC, NULLS FIRST, NULLS LAST.
    pub fn is_ordering_modifier(&self) -> bool {
        matches!(
            self,
            Self::Desc | Self::Asc | Self::NullsFirst | Self::NullsLast
        )
    }
    /// The operator with its operands exchanged.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            other => other.clone(),
        }
    }
    /// The operator of the negation.
    pub fn negation(&self) -> Option<Self> {
        NEGATIONS.iter().find_map(|(a, b)| {
            if a == self {
                Some(b.clone())
            } else if b == self {
                Some(a.clone())
            } else {
                None
            }
        })
    }
}

/// Operators with their negations.
const NEGATIONS: &[(Operator, Operator)] = &[
    (Operator::Eq, Operator::Ne),
    (Operator::Lt, Operator::Ge),
    (Operator::Gt, Operator::Le),
    (Operator::Is, Operator::IsNot),
    (Operator::IsDistinctFrom, Operator::IsNotDistinctFrom),
    (Operator::Like, Operator::NotLike),
    (Operator::ILike, Operator::NotILike),
    (Operator::In, Operator::NotIn),
    (Operator::Between, Operator::NotBetween),
    (Operator::StartsWith, Operator::NotStartsWith),
    (Operator::EndsWith, Operator::NotEndsWith),
    (Operator::Contains, Operator::NotContains),
    (Operator::IStartsWith, Operator::NotIStartsWith),
    (Operator::IEndsWith, Operator::NotIEndsWith),
    (Operator::IContains, Operator::NotIContains),
    (Operator::Match, Operator::NotMatch),
    (Operator::RegexpMatch, Operator::NotRegexpMatch),
];
