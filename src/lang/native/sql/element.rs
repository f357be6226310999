//! Expressions as values: their classes, reprs, operators, and the members of single classes.

use std::rc::Rc;

use super::operator_functions::function_of;
use super::operators::value;
use super::{collection, specs, statement};
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR};
use crate::object::{
    BinaryOp, CompareOp, Cx, Members, Object, Raised, Result, Str, TypeSpec, UnaryOp, Value,
    unsupported_attribute,
};
use crate::sql::coercions::{expect_from_item, expect_type, expect_where};
use crate::sql::operate::{negative, operate, unsupported};
use crate::sql::operators::Operator;
use crate::sql::types::comparator_of;
use crate::sql::{
    BindParameter, BindValue, ColumnElement, CustomKind, Exists, Modifiers, Select,
    SelectStatement, SyntaxForm, TextClause, TextualSelect,
};

/// The AttributeError for a name that neither an expression nor its type has.
pub fn no_attribute(element: &ColumnElement, name: &str) -> Raised {
    no_attribute_beside(element, "Comparator", name)
}

/// The same where the type's comparator is of the class `comparator`.
fn no_attribute_beside(element: &ColumnElement, comparator: &str, name: &str) -> Raised {
    let class = element.spec().name();
    let message = match element.plain() {
        ColumnElement::Text(_) => format!("'{class}' object has no attribute '{name}'"),
        _ => {
            format!("Neither '{class}' object nor '{comparator}' object has an attribute '{name}'")
        }
    };
    ATTRIBUTE_ERROR.error(message).with("name", name)
}

impl Object for ColumnElement {
    fn spec(&self) -> &'static TypeSpec {
        match self {
            Self::Column(_) => &specs::COLUMN,
            Self::Proxy(proxy) => match proxy.data.proxies.first() {
                Some(base) if base.spec().name() == "Column" => &specs::COLUMN,
                _ => &specs::COLUMN_CLAUSE,
            },
            Self::ColumnClause(_) => &specs::COLUMN_CLAUSE,
            Self::Bind(_) => &specs::BIND_PARAMETER,
            Self::Binary(_) => &specs::BINARY_EXPRESSION,
            Self::Unary(_) if self.is_collection_aggregate() => &specs::COLLECTION_AGGREGATE,
            Self::Unary(_) => &specs::UNARY_EXPRESSION,
            Self::AsBoolean(_) => &specs::AS_BOOLEAN,
            Self::ClauseList(list) if list.is_boolean => &specs::BOOLEAN_CLAUSE_LIST,
            Self::ClauseList(list) if list.operator != Operator::Comma => {
                &specs::EXPRESSION_CLAUSE_LIST
            }
            Self::ClauseList(_) => &specs::CLAUSE_LIST,
            Self::Grouping(_) => &specs::GROUPING,
            Self::Label(_) => &specs::LABEL,
            Self::LabelReference(_) => &specs::LABEL_REFERENCE,
            Self::TextualLabelReference(_) => &specs::TEXTUAL_LABEL_REFERENCE,
            Self::Function(function) => function
                .known
                .and_then(|known| specs::function_class(known.name))
                .unwrap_or(&specs::FUNCTION),
            Self::Over(_) => &specs::OVER,
            Self::FunctionFilter(_) => &specs::FUNCTION_FILTER,
            Self::WithinGroup(_) => &specs::WITHIN_GROUP,
            Self::Case(_) => &specs::CASE,
            Self::Cast(cast) if cast.is_try => &specs::TRY_CAST,
            Self::Cast(_) => &specs::CAST,
            Self::TypeCoerce(_) => &specs::TYPE_COERCE,
            Self::Extract(_) => &specs::EXTRACT,
            Self::Collation(_) => &specs::COLLATION,
            Self::Null => &specs::NULL,
            Self::True => &specs::TRUE,
            Self::False => &specs::FALSE,
            Self::Text(_) => &specs::TEXT_CLAUSE,
            Self::ScalarSelect(_) => &specs::SCALAR_SELECT,
            Self::Exists(_) => &specs::EXISTS,
            Self::Tuple(_) => &specs::TUPLE,
            Self::TableValued(_) => &specs::TABLE_VALUED_COLUMN,
            Self::ScalarFunctionColumn(_) => &specs::SCALAR_FUNCTION_COLUMN,
            Self::Syntax(node) => match node.form {
                SyntaxForm::Array => &specs::POSTGRESQL_ARRAY,
                SyntaxForm::AggregateOrderBy => &specs::AGGREGATE_ORDER_BY,
                SyntaxForm::Slice => &specs::SLICE,
            },
            Self::Custom(node) => match node.kind {
                CustomKind::Function => &specs::FUNCTION_ELEMENT,
                CustomKind::Column => &specs::COLUMN_CLAUSE,
                CustomKind::Element => &specs::COLUMN_ELEMENT,
                CustomKind::Clause => &specs::CLAUSE_ELEMENT,
            },
            Self::Annotated(node) => node.element.spec(),
        }
    }
    fn identity(&self) -> Option<usize> {
        Some(Self::identity(self))
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        if let Self::Bind(bind) = self.plain() {
            return bind_repr(bind, cx).map(Some);
        }
        if let Self::Column(column) = self.plain() {
            return super::column_repr(column, cx).map(Some);
        }
        let described = match self.plain() {
            Self::Label(_) => cx.compat().is_20(),
            Self::Function(_) => true,
            plain => plain.is_named_column(),
        };
        if !described {
            return Ok(None);
        }
        let class = self.spec().class();
        let name = self.name().map_or_else(String::new, |name| name.display());
        Ok(Some(format!(
            "<{}.{} at {:#x}; {name}>",
            class.module(),
            class.qualname(),
            Self::identity(self)
        )))
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        if let Self::Column(column) = self {
            // `Column.__str__()` knows no quotes.
            return Ok(Some(match (column.table(), column.name_given()) {
                (_, None) => "(no name)".to_owned(),
                (Some(table), Some(name)) => format!("{}.{name}", table.name()),
                (None, Some(name)) => name.to_string(),
            }));
        }
        statement::text_of(&Value::object(self.clone()), cx).map(Some)
    }
    fn display_text(&self, cx: &Cx) -> Result<Option<String>> {
        // A repr of its own says more than the SQL.
        Ok(match self.repr(cx)? {
            Some(_) => None,
            None => statement::shown(&Value::object(self.clone()), cx),
        })
    }
    fn get_attr(&self, this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        if let Self::Exists(_) | Self::ScalarSelect(_) = self.plain() {
            // What it does not have itself, the SELECT inside may have.
            if !name.starts_with("__")
                && let Some(found) = inner_attr(self, name, cx)?
            {
                return Ok(Some(found));
            }
        }
        if name.starts_with('_') {
            return Ok(None);
        }
        if let Some(found) = super::postgresql::attribute(self, name, cx)? {
            return Ok(Some(found));
        }
        if let Some(mode) = super::postgresql::match_mode(self, name) {
            return Ok(Some(mode));
        }
        if let Some((class, comparator)) = comparator_of(self, cx)? {
            if class.lookup(name).is_some() {
                return cx.get_attr(&comparator, name).map(Some);
            }
            let known = unsupported_attribute(this, name, cx);
            return Err(known.unwrap_or_else(|| no_attribute_beside(self, &class.name(), name)));
        }
        Err(unsupported_attribute(this, name, cx).unwrap_or_else(|| no_attribute(self, name)))
    }
    fn set_attr(&self, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
        match self.plain() {
            Self::Column(column) => super::column_set_attr(column, name, value, cx),
            _ => Ok(false),
        }
    }
    fn binary(
        &self,
        _this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        if let Self::Text(_) = self.plain()
            && !matches!(op, BinaryOp::BitAnd | BinaryOp::BitOr)
        {
            return Ok(None);
        }
        let op = match op {
            BinaryOp::Add => Operator::Add,
            BinaryOp::Sub => Operator::Sub,
            BinaryOp::Mul => Operator::Mul,
            BinaryOp::TrueDiv => Operator::TrueDiv,
            BinaryOp::FloorDiv if cx.compat().is_20() => Operator::FloorDiv,
            BinaryOp::Mod => Operator::Mod,
            BinaryOp::BitAnd => Operator::And,
            BinaryOp::BitOr => Operator::Or,
            BinaryOp::LShift => {
                super::postgresql::shift(&Operator::LShift, self).unwrap_or(Operator::LShift)
            }
            BinaryOp::RShift => {
                super::postgresql::shift(&Operator::RShift, self).unwrap_or(Operator::RShift)
            }
            BinaryOp::FloorDiv | BinaryOp::MatMul | BinaryOp::Pow | BinaryOp::BitXor => {
                return Ok(None);
            }
        };
        operate(&op, self, other, reflected, Modifiers::default(), cx)
            .map(|element| Some(value(element)))
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        if let Self::Text(_) | Self::ClauseList(_) | Self::Tuple(_) = self.plain() {
            let list =
                matches!(self.plain(), Self::ClauseList(list) if list.operator != Operator::Comma);
            let tuple = matches!(self.plain(), Self::Tuple(_));
            if !list && !tuple {
                return Ok(None);
            }
        }
        let op = match op {
            CompareOp::Eq => Operator::Eq,
            CompareOp::Ne => Operator::Ne,
            CompareOp::Lt => Operator::Lt,
            CompareOp::Le => Operator::Le,
            CompareOp::Gt => Operator::Gt,
            CompareOp::Ge => Operator::Ge,
        };
        operate(&op, self, other, false, Modifiers::default(), cx)
            .map(|element| Some(value(element)))
    }
    fn unary(&self, _this: &Value, op: UnaryOp, cx: &Cx) -> Result<Option<Value>> {
        Ok(match op {
            UnaryOp::Invert => Some(value(self.negated(cx.compat()))),
            UnaryOp::Neg => Some(value(negative(self, cx))),
            UnaryOp::Pos => None,
        })
    }
    fn contains(&self, _this: &Value, _item: &Value, _cx: &Cx) -> Result<Option<bool>> {
        Err(unsupported("contains"))
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        operate(
            &Operator::GetItem,
            self,
            key,
            false,
            Modifiers::default(),
            cx,
        )
        .map(|element| Some(value(element)))
    }
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        match self.plain() {
            Self::Binary(node) if node.operator == Operator::Eq => {
                Ok(Some(node.left.ungrouped().same(node.right.ungrouped())))
            }
            Self::Binary(node) if node.operator == Operator::Ne => {
                Ok(Some(!node.left.ungrouped().same(node.right.ungrouped())))
            }
            _ => Err(TYPE_ERROR.error("Boolean value of this clause is not defined")),
        }
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        match self.plain() {
            Self::ClauseList(list) => Ok(Some(Value::list(
                list.clauses.iter().cloned().map(value).collect(),
            ))),
            Self::Tuple(tuple) => Ok(Some(Value::list(
                tuple.clauses.iter().cloned().map(value).collect(),
            ))),
            _ => Ok(None),
        }
    }
}

fn bind_repr(bind: &Rc<BindParameter>, cx: &Cx) -> Result<String> {
    let key = cx.repr(&Value::str(bind.key.display()))?;
    let held = match &bind.value {
        BindValue::Value(value) => value.clone(),
        _ => Value::None,
    };
    Ok(format!(
        "BindParameter({key}, {}, type_={})",
        cx.repr(&held)?,
        bind.type_.repr(cx)?
    ))
}

fn inner_attr(element: &ColumnElement, name: &str, cx: &Cx) -> Result<Option<Value>> {
    let statement = match element.plain() {
        ColumnElement::ScalarSelect(node) => &node.element,
        _ => return Ok(None),
    };
    let inner = super::select::statement_value(statement);
    crate::object::find_attr(&inner, name, cx)
}

/// `name`, `key`, `table` and so on of columns.
pub fn named_members(members: &mut Members) {
    members
        .getter("name", |this: &ColumnElement, _| Ok(name_of(this)))
        .getter("key", |this: &ColumnElement, _| {
            Ok(this.key().map_or(Value::None, |key| key.display().into()))
        })
        .getter("description", |this: &ColumnElement, _| Ok(name_of(this)))
        .getter("table", |this: &ColumnElement, _| {
            Ok(this.table().map_or(Value::None, Value::object))
        })
        .getter("primary_key", |this: &ColumnElement, _| {
            Ok(Value::Bool(this.is_primary_key()))
        })
        .getter("is_literal", |this: &ColumnElement, _| {
            Ok(Value::Bool(this.is_literal()))
        });
}

fn name_of(this: &ColumnElement) -> Value {
    this.name()
        .map_or(Value::None, |name| name.display().into())
}

/// The members of `BindParameter`.
pub fn bind_members(members: &mut Members) {
    fn bind(this: &ColumnElement) -> Option<&Rc<BindParameter>> {
        match this.plain() {
            ColumnElement::Bind(bind) => Some(bind),
            _ => None,
        }
    }
    members
        .getter("key", |this: &ColumnElement, _| {
            Ok(bind(this).map_or(Value::None, |bind| bind.key.display().into()))
        })
        .getter("value", |this: &ColumnElement, _| {
            Ok(match bind(this).map(|bind| &bind.value) {
                Some(BindValue::Value(value)) => value.clone(),
                _ => Value::None,
            })
        })
        .getter("effective_value", |this: &ColumnElement, cx| {
            let value = bind(this)
                .map(|bind| bind.effective_value(cx))
                .transpose()?;
            Ok(value
                .filter(|value| !value.is_undefined())
                .unwrap_or(Value::None))
        })
        .getter("unique", |this: &ColumnElement, _| {
            Ok(Value::Bool(bind(this).is_some_and(|bind| bind.unique)))
        })
        .getter("required", |this: &ColumnElement, _| {
            Ok(Value::Bool(bind(this).is_some_and(|bind| bind.required)))
        })
        .getter("expanding", |this: &ColumnElement, _| {
            Ok(Value::Bool(bind(this).is_some_and(|bind| bind.expanding)))
        });
}

/// The members of `BinaryExpression`.
pub fn binary_members(members: &mut Members) {
    fn side(this: &ColumnElement, left: bool) -> Value {
        match this.plain() {
            ColumnElement::Binary(node) if left => value(node.left.clone()),
            ColumnElement::Binary(node) => value(node.right.clone()),
            _ => Value::None,
        }
    }
    members
        .getter("operator", |this: &ColumnElement, cx| {
            Ok(match this.plain() {
                ColumnElement::Binary(node) => function_of(&node.operator, cx),
                _ => Value::None,
            })
        })
        .getter("left", |this: &ColumnElement, _| Ok(side(this, true)))
        .getter("right", |this: &ColumnElement, _| Ok(side(this, false)));
}

/// The members of `UnaryExpression`.
pub fn unary_members(members: &mut Members) {
    members.getter("element", |this: &ColumnElement, _| {
        Ok(match this.plain() {
            ColumnElement::Unary(node) => value(node.element.clone()),
            ColumnElement::AsBoolean(node) => value(node.element.clone()),
            _ => Value::None,
        })
    });
}

/// The members of lists.
pub fn list_members(members: &mut Members) {
    members.getter("clauses", |this: &ColumnElement, _| {
        Ok(match this.plain() {
            ColumnElement::ClauseList(list) => {
                Value::list(list.clauses.iter().cloned().map(value).collect())
            }
            ColumnElement::Tuple(tuple) => {
                Value::list(tuple.clauses.iter().cloned().map(value).collect())
            }
            _ => Value::None,
        })
    });
}

/// The members of `Grouping`.
pub fn grouping_members(members: &mut Members) {
    members.getter("element", |this: &ColumnElement, _| {
        Ok(value(this.ungrouped().clone()))
    });
}

/// The members of `Label`.
pub fn label_members(members: &mut Members) {
    members
        .getter("name", |this: &ColumnElement, _| Ok(name_of(this)))
        .getter("key", |this: &ColumnElement, _| Ok(name_of(this)))
        .getter("element", |this: &ColumnElement, _| {
            Ok(match this.plain() {
                ColumnElement::Label(label) => value(label.element.clone()),
                _ => Value::None,
            })
        });
}

/// The members of `Cast` and `TypeCoerce`.
pub fn cast_members(members: &mut Members) {
    members.getter("clause", |this: &ColumnElement, _| {
        Ok(match this.plain() {
            ColumnElement::Cast(node) => value(node.clause.clone()),
            ColumnElement::TypeCoerce(node) => value(node.clause.clone()),
            _ => Value::None,
        })
    });
}

fn text_of(this: &ColumnElement) -> Result<&Rc<TextClause>> {
    match this.plain() {
        ColumnElement::Text(text) => Ok(text),
        _ => Err(TYPE_ERROR.error("text() was expected")),
    }
}

/// The members of `TextClause`.
pub fn text_members(members: &mut Members) {
    members
        .getter("text", |this: &ColumnElement, _| {
            Ok(Value::Str(text_of(this)?.text.clone()))
        })
        .getter("type", |this: &ColumnElement, _| {
            Ok(this.type_().to_value())
        })
        .method(
            "bindparams(*binds, **names_to_values)",
            |this: &ColumnElement, bound, cx| {
                let mut text = (**text_of(this)?).clone();
                for given in bound.rest() {
                    let Some(ColumnElement::Bind(bind)) = given.downcast::<ColumnElement>() else {
                        return Err(TYPE_ERROR.error("bindparam() objects are expected"));
                    };
                    let name = bind.orig_key.clone();
                    text = text
                        .with_bind(&name, bind.clone())
                        .ok_or_else(|| no_bind(&name, cx))?;
                }
                for (name, given) in bound.keywords() {
                    text = text
                        .with_value(name, given, cx)?
                        .ok_or_else(|| no_bind(name, cx))?;
                }
                Ok(value(ColumnElement::Text(Rc::new(text))))
            },
        )
        .method(
            "columns(*cols, **types)",
            |this: &ColumnElement, bound, cx| {
                let mut columns = Vec::new();
                for column in bound.rest() {
                    columns.push(crate::sql::coercions::expect_plain_column(column, cx)?);
                }
                let positional = !columns.is_empty() && bound.keywords().is_empty();
                for (name, type_) in bound.keywords() {
                    let type_ = expect_type(type_, cx)?;
                    columns.push(ColumnElement::column_clause(name, Some(type_), false));
                }
                Ok(Value::object(Rc::new(TextualSelect {
                    element: text_of(this)?.clone(),
                    columns,
                    positional,
                })))
            },
        )
        .method("label(name)", |this: &ColumnElement, bound, _| {
            let name = bound
                .some("name")
                .and_then(Value::as_str)
                .map(crate::sql::Name::plain);
            Ok(value(this.label(name)))
        })
        .method("execution_options(**kw)", |this: &ColumnElement, _, _| {
            Ok(value(this.clone()))
        })
        .method("self_group(against=None)", |this: &ColumnElement, _, cx| {
            Ok(value(this.self_group(None, cx.compat())))
        });
}

fn no_bind(name: &str, cx: &Cx) -> Raised {
    let shown = cx
        .repr(&Value::str(name))
        .unwrap_or_else(|_| format!("'{name}'"));
    crate::engine::exc::ARGUMENT_ERROR.error(format!(
        "This text() construct doesn't define a bound parameter named {shown}"
    ))
}

/// The members of `ScalarSelect`.
pub fn scalar_select_members(members: &mut Members) {
    for name in ["c", "columns"] {
        members.getter(name, |_: &ColumnElement, _| {
            Err(INVALID_REQUEST_ERROR.error(
                "Scalar Select expression has no columns; use this object directly within a \
                 column-level expression.",
            ))
        });
    }
    members
        .getter("element", |this: &ColumnElement, _| {
            Ok(match this.plain() {
                ColumnElement::ScalarSelect(node) => super::select::statement_value(&node.element),
                _ => Value::None,
            })
        })
        .method("where(crit)", |this: &ColumnElement, bound, cx| {
            let criterion = expect_where(bound.value("crit"), None, cx)?;
            scalar_with(this, |select| select.filter(vec![criterion]), cx)
        })
        .method(
            "correlate(*fromclauses)",
            |this: &ColumnElement, bound, cx| {
                let froms = super::select::correlated(bound.rest(), cx)?;
                scalar_with(
                    this,
                    |select| select.with(|data| data.correlate = Some(froms)),
                    cx,
                )
            },
        )
        .method(
            "correlate_except(*fromclauses)",
            |this: &ColumnElement, bound, cx| {
                let froms = super::select::correlated(bound.rest(), cx)?;
                scalar_with(
                    this,
                    |select| select.with(|data| data.correlate_except = Some(froms)),
                    cx,
                )
            },
        );
}

fn scalar_with(
    this: &ColumnElement,
    change: impl FnOnce(&Select) -> Select,
    cx: &Cx,
) -> Result<Value> {
    match this.plain() {
        ColumnElement::ScalarSelect(node) => match &node.element {
            SelectStatement::Select(select) => {
                let changed = SelectStatement::Select(change(select));
                changed.scalar_subquery(cx).map(value)
            }
            _ => Err(plain_select_only()),
        },
        _ => Err(plain_select_only()),
    }
}

fn plain_select_only() -> Raised {
    INVALID_REQUEST_ERROR.error("Can only apply this operation to a plain SELECT construct")
}

fn exists_with(
    this: &ColumnElement,
    change: impl FnOnce(&Select) -> Result<Select>,
) -> Result<Value> {
    match this.plain() {
        ColumnElement::Exists(node) => match &node.element {
            SelectStatement::Select(select) => Ok(value(ColumnElement::Exists(Rc::new(Exists {
                element: SelectStatement::Select(change(select)?),
            })))),
            _ => Err(plain_select_only()),
        },
        _ => Err(plain_select_only()),
    }
}

/// The members of `Exists`.
pub fn exists_members(members: &mut Members) {
    members
        .method("where(*clauses)", |this: &ColumnElement, bound, cx| {
            let criteria = bound
                .rest()
                .iter()
                .map(|clause| expect_where(clause, None, cx))
                .collect::<Result<Vec<_>>>()?;
            exists_with(this, |select| Ok(select.filter(criteria)))
        })
        .method("select_from(*froms)", |this: &ColumnElement, bound, cx| {
            let froms = bound
                .rest()
                .iter()
                .map(|from| expect_from_item(from, cx))
                .collect::<Result<Vec<_>>>()?;
            exists_with(this, |select| Ok(select.select_from(froms)))
        })
        .method(
            "correlate(*fromclauses)",
            |this: &ColumnElement, bound, cx| {
                let froms = super::select::correlated(bound.rest(), cx)?;
                exists_with(this, |select| {
                    Ok(select.with(|data| data.correlate = Some(froms)))
                })
            },
        )
        .method(
            "correlate_except(*fromclauses)",
            |this: &ColumnElement, bound, cx| {
                let froms = super::select::correlated(bound.rest(), cx)?;
                exists_with(this, |select| {
                    Ok(select.with(|data| data.correlate_except = Some(froms)))
                })
            },
        )
        .method("select()", |this: &ColumnElement, _, cx| {
            Ok(Value::object(Select::new(
                vec![crate::sql::SelectItem::Column(this.clone())],
                cx,
            )?))
        });
}

/// The columns of a list of keys and elements, as `.c` shows them.
pub fn columns_value(columns: Vec<(Str, ColumnElement)>) -> Value {
    Value::object(collection::ColumnCollection::new(columns))
}
