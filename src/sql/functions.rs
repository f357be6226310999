//! SQL functions: the table of those with a class of their own, and the making of calls.

use std::rc::Rc;

use super::coercions::expect_expression;
use super::elements::{ColumnElement, Function, integer_type, null_type, standard_type};
use super::operators::Operator;
use super::schema::Sequence;
use super::types::{Affinity, SqlType, TypeClass, names};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Args, Cx, Result, Str, Value};

/// How the type of a function's result is found.
#[derive(Clone, Copy)]
pub enum ResultType {
    /// Always this one.
    Fixed(&'static TypeClass),
    /// That of the first argument that has one.
    FromArgs,
    /// An array of that.
    ArrayOfArgs,
    /// That of the ORDER BY of WITHIN GROUP.
    WithinGroup,
    /// None known.
    Unknown,
}

/// A known function: a row of [`FUNCTIONS`].
pub struct FunctionSpec {
    /// Its name, and that of its class.
    pub name: &'static str,
    /// The type of its result.
    pub result: ResultType,
    /// What is rendered in place of the name; `None`: the name as typed.
    pub rendered: Option<&'static str>,
    /// Whether an empty argument list is left out.
    pub ansi: bool,
    /// Whether 1.4 lacks it.
    pub only_20: bool,
}

const fn row(
    name: &'static str,
    result: ResultType,
    rendered: Option<&'static str>,
    ansi: bool,
    only_20: bool,
) -> FunctionSpec {
    FunctionSpec {
        name,
        result,
        rendered,
        ansi,
        only_20,
    }
}

macro_rules! functions {
    ($($name:literal => $result:expr, $rendered:expr $(, $flag:ident)*;)*) => {
        /// The functions with a class of their own.
        pub static FUNCTIONS: [FunctionSpec; [$($name),*].len()] = [
            $(row($name, $result, $rendered,
                flags!(ansi: $($flag)*), flags!(only_20: $($flag)*))),*
        ];
    };
}
macro_rules! flags {
    (ansi: ansi $($rest:ident)*) => { true };
    (only_20: only_20 $($rest:ident)*) => { true };
    (only_20: ansi $($rest:ident)*) => { flags!(only_20: $($rest)*) };
    (ansi: only_20 $($rest:ident)*) => { flags!(ansi: $($rest)*) };
    ($which:ident:) => { false };
}

functions! {
    "aggregate_strings" => ResultType::Fixed(&names::String), None, only_20;
    "array_agg" => ResultType::ArrayOfArgs, None;
    "char_length" => ResultType::Fixed(&names::Integer), None;
    "coalesce" => ResultType::FromArgs, Some("coalesce");
    "concat" => ResultType::Fixed(&names::String), None;
    "count" => ResultType::Fixed(&names::Integer), None;
    "cube" => ResultType::Unknown, Some("CUBE");
    "cume_dist" => ResultType::Fixed(&names::Numeric), None;
    "current_date" => ResultType::Fixed(&names::Date), Some("CURRENT_DATE"), ansi;
    "current_time" => ResultType::Fixed(&names::Time), Some("CURRENT_TIME"), ansi;
    "current_timestamp" => ResultType::Fixed(&names::DateTime), Some("CURRENT_TIMESTAMP"), ansi;
    "current_user" => ResultType::Fixed(&names::String), Some("CURRENT_USER"), ansi;
    "dense_rank" => ResultType::Fixed(&names::Integer), None;
    "grouping_sets" => ResultType::Unknown, Some("GROUPING SETS");
    "localtime" => ResultType::Fixed(&names::DateTime), Some("LOCALTIME"), ansi;
    "localtimestamp" => ResultType::Fixed(&names::DateTime), Some("LOCALTIMESTAMP"), ansi;
    "max" => ResultType::FromArgs, None;
    "min" => ResultType::FromArgs, None;
    "mode" => ResultType::WithinGroup, None;
    "now" => ResultType::Fixed(&names::DateTime), None;
    "percent_rank" => ResultType::Fixed(&names::Numeric), None;
    "percentile_cont" => ResultType::WithinGroup, None;
    "percentile_disc" => ResultType::WithinGroup, None;
    "random" => ResultType::Unknown, Some("random");
    "rank" => ResultType::Fixed(&names::Integer), None;
    "rollup" => ResultType::Unknown, Some("ROLLUP");
    "session_user" => ResultType::Fixed(&names::String), Some("SESSION_USER"), ansi;
    "sum" => ResultType::FromArgs, None;
    "sysdate" => ResultType::Fixed(&names::DateTime), Some("sysdate"), ansi;
    "user" => ResultType::Fixed(&names::String), Some("USER"), ansi;
}

/// The known function called `name`, in whatever case.
pub fn known_function(name: &str, cx: &Cx) -> Option<&'static FunctionSpec> {
    let lower = name.to_ascii_lowercase();
    FUNCTIONS
        .binary_search_by(|spec| spec.name.cmp(&lower))
        .ok()
        .map(|at| &FUNCTIONS[at])
        .filter(|spec| !spec.only_20 || cx.compat().is_20())
}

/// `func.package.name(*args, type_=..)`.
pub fn call_function(
    packages: Vec<Str>,
    name: &str,
    args: &[Value],
    type_: Option<SqlType>,
    cx: &Cx,
) -> Result<ColumnElement> {
    let known = if packages.is_empty() {
        known_function(name, cx)
    } else {
        None
    };
    if let ("next_value", [one]) = (name, args)
        && packages.is_empty()
        && let Some(sequence) = one.downcast::<Rc<Sequence>>()
    {
        return Ok(next_value(sequence));
    }
    check_count(known, args)?;
    let bind_name = known.map_or(name, |spec| spec.name);
    let mut elements = args
        .iter()
        .map(|arg| expect_expression(arg, None, Some(bind_name), cx))
        .collect::<Result<Vec<_>>>()?;
    if elements.is_empty() && known.is_some_and(|spec| spec.name == "count") {
        elements.push(ColumnElement::literal_column("*"));
    }
    let name = known.map_or_else(|| Str::new(name), |spec| Str::new(spec.name));
    Ok(function_of(packages, name, known, elements, type_, cx))
}

/// `count` alone among the known functions takes no more than one argument.
fn check_count(known: Option<&'static FunctionSpec>, args: &[Value]) -> Result<()> {
    match known {
        Some(spec) if spec.name == "count" && args.len() > 1 => Err(TYPE_ERROR.error(format!(
            "count.__init__() takes from 1 to 2 positional arguments but {} were given",
            args.len() + 1
        ))),
        _ => Ok(()),
    }
}

/// A call of arguments already coerced.
pub fn function_of(
    packages: Vec<Str>,
    name: Str,
    known: Option<&'static FunctionSpec>,
    args: Vec<ColumnElement>,
    type_: Option<SqlType>,
    cx: &Cx,
) -> ColumnElement {
    let type_ = type_.unwrap_or_else(|| result_type(known, &args, cx));
    let args = args
        .iter()
        .map(|arg| arg.self_group(Some(&Operator::Comma), cx.compat()))
        .collect();
    ColumnElement::Function(Rc::new(Function {
        name,
        packages,
        known,
        args,
        type_,
        table_columns: None,
        with_ordinality: None,
        sequence: None,
    }))
}

/// `func.name(*args)` of elements.
pub fn simple_function(name: &str, args: Vec<ColumnElement>, cx: &Cx) -> ColumnElement {
    let known = known_function(name, cx);
    function_of(Vec::new(), Str::new(name), known, args, None, cx)
}

fn result_type(known: Option<&'static FunctionSpec>, args: &[ColumnElement], cx: &Cx) -> SqlType {
    let of_args = || {
        args.iter()
            .map(ColumnElement::type_)
            .find(|type_| !type_.is_null())
            .unwrap_or_else(null_type)
    };
    match known.map(|spec| spec.result) {
        None | Some(ResultType::Unknown | ResultType::WithinGroup) => null_type(),
        Some(ResultType::Fixed(class)) if std::ptr::eq(class, &raw const names::Integer) => {
            integer_type()
        }
        Some(ResultType::Fixed(class)) => standard_type(class),
        Some(ResultType::FromArgs) => of_args(),
        Some(ResultType::ArrayOfArgs) => {
            let item = of_args();
            if item.affinity() == Affinity::Array {
                return item;
            }
            let args = Args {
                pos: [item.to_value()].into_iter().collect(),
                kw: match cx.compat().is_20() {
                    true => vec![(Str::new("dimensions"), Value::Int(1))],
                    false => Vec::new(),
                },
            };
            SqlType::build(&names::ARRAY, args, cx).unwrap_or_else(|_| null_type())
        }
    }
}

/// `sequence.next_value()`.
pub fn next_value(sequence: &Rc<Sequence>) -> ColumnElement {
    ColumnElement::Function(Rc::new(Function {
        name: Str::new("next_value"),
        packages: Vec::new(),
        known: None,
        args: Vec::new(),
        type_: sequence.data_type.clone().unwrap_or_else(SqlType::integer),
        table_columns: None,
        with_ordinality: None,
        sequence: Some(sequence.clone()),
    }))
}

#[cfg(test)]
mod tests {
    use super::FUNCTIONS;

    #[test]
    fn the_table_is_sorted() {
        assert!(FUNCTIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
