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
    ($($name:ident: $fn_name:literal, $text:literal, $precedence:literal;)*) => {
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
            fn base_precedence(&self) -> i32 {
                match self {
                    $(Self::$name => $precedence,)*
                    Self::Custom(op) => op.precedence,
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
    Eq: "eq", " = ", 5;
    Ne: "ne", " != ", 5;
    Lt: "lt", " < ", 5;
    Le: "le", " <= ", 5;
    Gt: "gt", " > ", 5;
    Ge: "ge", " >= ", 5;
    Add: "add", " + ", 7;
    Sub: "sub", " - ", 7;
    Mul: "mul", " * ", 8;
    TrueDiv: "truediv", " / ", 8;
    FloorDiv: "floordiv", " // ", 8;
    Mod: "mod", " % ", 8;
    Neg: "neg", "-", 8;
    Concat: "concat_op", " || ", 5;
    And: "and_", " AND ", 3;
    Or: "or_", " OR ", 2;
    Inv: "inv", "NOT ", 5;
    Comma: "comma_op", ", ", -1;
    As: "as_", " AS ", -1;
    From: "from_", " FROM ", 15;
    Exists: "exists", "EXISTS ", 0;
    Like: "like_op", " LIKE ", 5;
    NotLike: "not_like_op", " NOT LIKE ", 5;
    ILike: "ilike_op", " ILIKE ", 5;
    NotILike: "not_ilike_op", " NOT ILIKE ", 5;
    Between: "between_op", " BETWEEN ", 5;
    NotBetween: "not_between_op", " NOT BETWEEN ", 5;
    In: "in_op", " IN ", 5;
    NotIn: "not_in_op", " NOT IN ", 5;
    Is: "is_", " IS ", 5;
    IsNot: "is_not", " IS NOT ", 5;
    IsDistinctFrom: "is_distinct_from", " IS DISTINCT FROM ", 5;
    IsNotDistinctFrom: "is_not_distinct_from", " IS NOT DISTINCT FROM ", 5;
    IsTrue: "is_true", "", 5;
    IsFalse: "is_false", "", 5;
    StartsWith: "startswith_op", "", 5;
    NotStartsWith: "not_startswith_op", "", 5;
    EndsWith: "endswith_op", "", 5;
    NotEndsWith: "not_endswith_op", "", 5;
    Contains: "contains_op", "", 5;
    NotContains: "not_contains_op", "", 5;
    IStartsWith: "istartswith_op", "", 5;
    NotIStartsWith: "not_istartswith_op", "", 5;
    IEndsWith: "iendswith_op", "", 5;
    NotIEndsWith: "not_iendswith_op", "", 5;
    IContains: "icontains_op", "", 5;
    NotIContains: "not_icontains_op", "", 5;
    Match: "match_op", " MATCH ", 5;
    NotMatch: "not_match_op", " NOT MATCH ", 5;
    RegexpMatch: "regexp_match_op", " <regexp> ", 5;
    NotRegexpMatch: "not_regexp_match_op", " <not regexp> ", 5;
    RegexpReplace: "regexp_replace_op", " <regexp replace> ", 5;
    Collate: "collate", " COLLATE ", 4;
    Desc: "desc_op", " DESC", 3;
    Asc: "asc_op", " ASC", 3;
    NullsFirst: "nulls_first_op", " NULLS FIRST", 3;
    NullsLast: "nulls_last_op", " NULLS LAST", 3;
    Distinct: "distinct_op", "DISTINCT ", 5;
    Any: "any_op", "ANY ", 15;
    All: "all_op", "ALL ", 15;
    GetItem: "getitem", "", 15;
    JsonGetItem: "json_getitem_op", "", 15;
    JsonPathGetItem: "json_path_getitem_op", "", 15;
    Filter: "filter_op", " FILTER ", 6;
    BitwiseXor: "bitwise_xor_op", " ^ ", 7;
    BitwiseOr: "bitwise_or_op", " | ", 7;
    BitwiseAnd: "bitwise_and_op", " & ", 7;
    BitwiseLShift: "bitwise_lshift_op", " << ", 7;
    BitwiseRShift: "bitwise_rshift_op", " >> ", 7;
    BitwiseNot: "bitwise_not_op", "~", 7;
    LShift: "lshift", " << ", 7;
    RShift: "rshift", " >> ", 7;
    Pow: "pow", " ** ", 7;
    MatMul: "matmul", " @ ", 7;
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
    /// How tightly it binds.
    pub fn precedence(&self, compat: Compat) -> i32 {
        match self {
            Self::Concat if compat.is_14() => 6,
            _ => self.base_precedence(),
        }
    }
}
