//! `func` and what function calls can do: windows, filters, use as a table.

use std::rc::Rc;

use super::custom::GenericFunctions;
use super::operators::value;
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::types::OBJECT;
use crate::object::{Args, Bound, Cx, Members, Object, Result, Str, TypeSpec, Value};
use crate::sql::coercions::{
    expect_group_by, expect_order_by, expect_plain_column, expect_type, expect_where, optional_name,
};
use crate::sql::functions::call_function;
use crate::sql::{
    Alias, AliasKind, AliasedElement, ColumnElement, FrameBound, FrameKind, FromClause, Function,
    FunctionFilter, Name, Over, ScalarFunctionColumn, Select, SelectItem, TableValuedColumn,
    WithinGroup, literal, null_type,
};

/// `func`, or a name under it: called, it makes a function call.
pub struct FunctionGenerator {
    names: Vec<Str>,
}

static GENERATOR: TypeSpec =
    TypeSpec::new("sqlalchemy.sql.functions", "_FunctionGenerator").bases(&[&OBJECT]);

impl FunctionGenerator {
    /// `func` itself.
    pub fn root() -> Self {
        Self { names: Vec::new() }
    }
}

impl Object for FunctionGenerator {
    fn spec(&self) -> &'static TypeSpec {
        &GENERATOR
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        if name.starts_with("__") {
            return Ok(None);
        }
        // A trailing underscore is for names that Python reserves.
        let name = name.strip_suffix('_').unwrap_or(name);
        let mut names = self.names.clone();
        names.push(Str::new(name));
        Ok(Some(Value::object(Self { names })))
    }
    fn attr_names(&self) -> Vec<String> {
        crate::sql::functions::FUNCTIONS
            .iter()
            .map(|spec| spec.name.to_owned())
            .collect()
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, mut args: Args, cx: &Cx) -> Result<Option<Value>> {
        let Some((name, packages)) = self.names.split_last() else {
            return Ok(None);
        };
        if packages.is_empty() {
            match name.as_str() {
                "cast" => return super::constructs::cast(&args, cx).map(Some),
                "extract" => return super::constructs::extract(&args, cx).map(Some),
                _ => {}
            }
        }
        let generic = cx.service::<GenericFunctions>().find(packages, name);
        if let Some(class) = generic {
            return cx.call(&Value::Class(class), args).map(Some);
        }
        let type_ = args
            .take_keyword("type_")
            .map(|type_| expect_type(&type_, cx))
            .transpose()?;
        call_function(packages.to_vec(), name, &args.pos, type_, cx)
            .map(|function| Some(value(function)))
    }
}

/// A list of expressions given as one value or several.
fn clause_list(
    given: Option<&Value>,
    coerce: fn(&Value, &Cx) -> Result<ColumnElement>,
    cx: &Cx,
) -> Result<Option<ColumnElement>> {
    let Some(given) = given else {
        return Ok(None);
    };
    let items = match given {
        Value::List(_) | Value::Tuple(_) => cx.collect(given)?,
        other => vec![other.clone()],
    };
    let clauses = items
        .iter()
        .map(|item| coerce(item, cx))
        .collect::<Result<Vec<_>>>()?;
    Ok(Some(ColumnElement::comma_list(clauses, cx.compat())))
}

fn frame_bound(given: &Value, cx: &Cx) -> Result<FrameBound> {
    match given {
        Value::None => Ok(FrameBound::Unbounded),
        Value::Int(0) => Ok(FrameBound::Current),
        Value::Int(number) => {
            let count = literal(&Value::Int(number.saturating_abs()), None, cx)?;
            Ok(if *number < 0 {
                FrameBound::Preceding(count)
            } else {
                FrameBound::Following(count)
            })
        }
        _ => Err(ARGUMENT_ERROR.error("Integer or None expected for range value")),
    }
}

fn frame(kind: FrameKind, given: &Value, cx: &Cx) -> Result<(FrameKind, FrameBound, FrameBound)> {
    let bounds = match given {
        Value::Tuple(_) | Value::List(_) => cx.collect(given)?,
        _ => Vec::new(),
    };
    match bounds.as_slice() {
        [lower, upper] => Ok((kind, frame_bound(lower, cx)?, frame_bound(upper, cx)?)),
        _ => Err(ARGUMENT_ERROR.error("2-tuple expected for range/rows")),
    }
}

/// `element.over(..)`, with the keywords of `bound`.
pub fn over(element: &ColumnElement, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let mut frames = Vec::new();
    for (name, kind) in [
        ("range_", FrameKind::Range),
        ("rows", FrameKind::Rows),
        ("groups", FrameKind::Groups),
    ] {
        if let Some(given) = bound.some(name) {
            frames.push(frame(kind, given, cx)?);
        }
    }
    if frames.len() > 1 {
        return Err(ARGUMENT_ERROR.error(if cx.compat().is_20() {
            "only one of 'rows', 'range_', or 'groups' may be provided"
        } else {
            "'range_' and 'rows' are mutually exclusive"
        }));
    }
    Ok(value(ColumnElement::Over(Rc::new(Over {
        element: element.clone(),
        partition_by: clause_list(bound.some("partition_by"), expect_group_by, cx)?,
        order_by: clause_list(bound.some("order_by"), expect_order_by, cx)?,
        frame: frames.pop(),
    }))))
}

/// `element.filter(*criteria)`.
pub fn filter(element: &ColumnElement, criteria: &[Value], cx: &Cx) -> Result<Value> {
    if criteria.is_empty() {
        return Ok(value(element.clone()));
    }
    let (function, mut all) = match element.plain() {
        ColumnElement::FunctionFilter(node) => (
            node.function.clone(),
            node.criterion.iter().cloned().collect::<Vec<_>>(),
        ),
        _ => (element.clone(), Vec::new()),
    };
    for criterion in criteria {
        all.push(expect_where(criterion, None, cx)?);
    }
    Ok(value(ColumnElement::FunctionFilter(Rc::new(
        FunctionFilter {
            function,
            criterion: match all.as_slice() {
                [only] => Some(only.clone()),
                several => Some(ColumnElement::and_(several, cx.compat())),
            },
        },
    ))))
}

/// `element.within_group(*order_by)`.
pub fn within_group(element: &ColumnElement, order_by: &[Value], cx: &Cx) -> Result<Value> {
    let clauses = order_by
        .iter()
        .map(|clause| expect_order_by(clause, cx))
        .collect::<Result<Vec<_>>>()?;
    let type_ = match element.plain() {
        ColumnElement::Function(function) => match function.known.map(|known| known.result) {
            Some(crate::sql::functions::ResultType::WithinGroup) => {
                clauses.first().map_or_else(null_type, unwrapped_type)
            }
            _ => element.type_(),
        },
        _ => element.type_(),
    };
    Ok(value(ColumnElement::WithinGroup(Rc::new(WithinGroup {
        element: element.clone(),
        order_by: Some(ColumnElement::comma_list(clauses, cx.compat())),
        type_,
    }))))
}

fn unwrapped_type(clause: &ColumnElement) -> crate::sql::types::SqlType {
    match clause.plain() {
        ColumnElement::Unary(node) if node.modifier.is_some() => unwrapped_type(&node.element),
        _ => clause.type_(),
    }
}

/// The members of everything that can be called like a function: windows and filters.
pub fn call_members(members: &mut Members) {
    members
        .method(
            "over(partition_by=None, order_by=None, rows=None, range_=None, groups=None)",
            |this: &ColumnElement, bound, cx| over(this, bound, cx),
        )
        .method("filter(*criterion)", |this: &ColumnElement, bound, cx| {
            filter(this, bound.rest(), cx)
        })
        .method(
            "within_group(*order_by)",
            |this: &ColumnElement, bound, cx| within_group(this, bound.rest(), cx),
        );
}

fn function_of(this: &ColumnElement) -> Option<&Rc<Function>> {
    match this.plain() {
        ColumnElement::Function(function) => Some(function),
        _ => None,
    }
}

/// The members of functions.
pub fn members(members: &mut Members) {
    members
        .with(call_members)
        .getter("name", |this: &ColumnElement, _| {
            Ok(function_of(this).map_or(Value::None, |function| Value::Str(function.name.clone())))
        })
        .getter("clauses", |this: &ColumnElement, _| {
            let clauses = match this.plain() {
                ColumnElement::Function(function) => function.args.clone(),
                ColumnElement::Custom(custom) => custom.clauses.clone(),
                _ => return Ok(Value::None),
            };
            Ok(value(ColumnElement::list(
                clauses,
                crate::sql::operators::Operator::Comma,
            )))
        })
        .getter("c", |this: &ColumnElement, _| {
            let columns = function_of(this)
                .map(|function| (function.name.clone(), this.clone()))
                .into_iter()
                .collect();
            Ok(super::element::columns_value(columns))
        })
        .method(
            "table_valued(*expr, with_ordinality=None, name=None, joins_implicitly=False)",
            |this: &ColumnElement, bound, cx| table_valued(this, bound, cx),
        )
        .method(
            "column_valued(name=None, joins_implicitly=False)",
            |this: &ColumnElement, bound, _| {
                let from = function_alias(
                    this,
                    optional_name(bound.some("name")),
                    bound.flag("joins_implicitly", false),
                );
                Ok(value(ColumnElement::TableValued(Rc::new(
                    TableValuedColumn {
                        from,
                        type_: this.type_(),
                    },
                ))))
            },
        )
        .method(
            "scalar_table_valued(name, type_=None)",
            |this: &ColumnElement, bound, cx| {
                let type_ = match bound.some("type_") {
                    Some(type_) => expect_type(type_, cx)?,
                    None => null_type(),
                };
                Ok(value(ColumnElement::ScalarFunctionColumn(Rc::new(
                    ScalarFunctionColumn {
                        function: this.clone(),
                        name: Str::new(bound.text("name")?),
                        type_,
                    },
                ))))
            },
        )
        .method(
            "alias(name=None, joins_implicitly=False)",
            |this: &ColumnElement, bound, _| {
                Ok(Value::object(function_alias(
                    this,
                    optional_name(bound.some("name")),
                    bound.flag("joins_implicitly", false),
                )))
            },
        )
        .method("select()", |this: &ColumnElement, _, cx| {
            Ok(Value::object(Select::new(
                vec![SelectItem::Column(this.clone())],
                cx,
            )?))
        });
}

fn function_alias(this: &ColumnElement, name: Option<Name>, joins_implicitly: bool) -> FromClause {
    let element = match function_of(this) {
        Some(function) => AliasedElement::From(FromClause::Function(function.clone())),
        None => return FromClause::Values(super::constructs::no_values()),
    };
    FromClause::Alias(Alias::new(
        AliasKind::TableValued {
            render_derived: false,
            with_types: false,
            joins_implicitly,
            lateral: false,
        },
        element,
        Some(name.unwrap_or_else(|| Name::anonymous(crate::sql::next_seed(), "anon"))),
    ))
}

fn table_valued(this: &ColumnElement, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let Some(function) = function_of(this) else {
        return Ok(Value::None);
    };
    let mut columns = bound
        .rest()
        .iter()
        .map(|column| expect_plain_column(column, cx))
        .collect::<Result<Vec<_>>>()?;
    let mut changed = (**function).clone();
    if let Some(name) = bound.some("with_ordinality").and_then(Value::as_str) {
        columns.push(ColumnElement::column_clause(
            name,
            Some(crate::sql::types::SqlType::integer()),
            false,
        ));
        changed.with_ordinality = Some(Str::new(name));
    }
    changed.table_columns = Some(columns.into());
    Ok(Value::object(function_alias(
        &ColumnElement::Function(Rc::new(changed)),
        optional_name(bound.some("name")),
        bound.flag("joins_implicitly", false),
    )))
}
