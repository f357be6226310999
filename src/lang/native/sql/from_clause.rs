//! FROM elements as values: tables, aliases, CTEs, joins, values.

use std::rc::Rc;

use super::element::columns_value;
use super::operators::value;
use super::{select, specs, statement};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::exceptions::ATTRIBUTE_ERROR;
use crate::object::{Bound, CompareOp, Cx, Members, Object, Result, TypeSpec, Value};
use crate::sql::coercions::{
    COMPOUND, expect_expression, expect_from, expect_on_clause, expect_statement, optional_name,
};
use crate::sql::{
    Alias, AliasKind, AliasedElement, ColumnElement, CompoundKeyword, CteKind, FromClause, Join,
    OnClause, Select, SelectItem, TableValuedColumn, Values, null_type,
};

impl Object for FromClause {
    fn spec(&self) -> &'static TypeSpec {
        match self {
            Self::Table(_) => &specs::TABLE,
            Self::TableClause(_) => &specs::TABLE_CLAUSE,
            Self::Alias(alias) => match alias.kind {
                AliasKind::Alias => &specs::ALIAS,
                AliasKind::Subquery => &specs::SUBQUERY,
                AliasKind::Lateral => &specs::LATERAL,
                AliasKind::TableSample { .. } => &specs::TABLE_SAMPLE,
                AliasKind::TableValued { .. } => &specs::TABLE_VALUED_ALIAS,
                AliasKind::Cte(_) => &specs::CTE,
            },
            Self::Join(_) => &specs::JOIN,
            Self::Values(_) => &specs::VALUES,
            Self::Function(_) => &specs::FUNCTION,
            Self::Text(_) => &specs::TEXT_CLAUSE,
            Self::Grouping(_) => &specs::FROM_GROUPING,
            Self::Annotated(inner) => inner.element.spec(),
        }
    }
    fn identity(&self) -> Option<usize> {
        Some(Self::identity(self))
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        if let Self::Table(table) = self.plain() {
            return super::table_repr(table, cx).map(Some);
        }
        let class = self.spec().class();
        Ok(Some(format!(
            "<{}.{} at {:#x}; {}>",
            class.module(),
            class.qualname(),
            Self::identity(self),
            self.description()
        )))
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        if let Self::Table(table) = self.plain() {
            return Ok(Some(table.full_name()));
        }
        statement::text_of(&Value::object(self.clone()), cx).map(Some)
    }
    fn set_attr(&self, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
        match self.plain() {
            Self::Table(table) => super::table_set_attr(table, name, value, cx),
            _ => Ok(false),
        }
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        let Some(other) = other.downcast::<Self>() else {
            return Ok(None);
        };
        Ok(match op {
            CompareOp::Eq => Some(Value::Bool(self.same(other))),
            CompareOp::Ne => Some(Value::Bool(!self.same(other))),
            _ => None,
        })
    }
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(true))
    }
}

fn join(this: &FromClause, bound: &Bound<'_>, isouter: bool, cx: &Cx) -> Result<Value> {
    let right = expect_from(bound.value("right"), cx)?;
    let onclause = match bound.some("onclause") {
        Some(given) => match expect_on_clause(given, cx)? {
            OnClause::Expression(condition) => Some(condition),
            OnClause::Attribute(_) => None,
        },
        None => None,
    };
    let isouter = isouter || bound.flag("isouter", false);
    Join::of(
        this,
        &right,
        onclause,
        isouter,
        bound.flag("full", false),
        cx,
    )
    .map(Value::object)
}

fn columns(this: &FromClause, cx: &Cx) -> Result<Value> {
    Ok(columns_value(this.columns(cx)?))
}

/// The members of `FromClause`.
pub fn members(members: &mut Members) {
    for name in ["c", "columns", "exported_columns"] {
        members.getter(name, |this: &FromClause, cx| columns(this, cx));
    }
    members
        .getter("description", |this: &FromClause, _| {
            Ok(this.description().into())
        })
        .getter("primary_key", |this: &FromClause, cx| {
            let columns = this.primary_key(cx)?;
            Ok(Value::list(columns.into_iter().map(value).collect()))
        })
        .getter("foreign_keys", |_: &FromClause, _| {
            Ok(Value::list(Vec::new()))
        })
        .getter("schema", |this: &FromClause, _| {
            Ok(this.schema().map_or(Value::None, Value::Str))
        })
        .method(
            "alias(name=None, flat=False)",
            |this: &FromClause, bound, _| {
                Ok(Value::object(this.alias(optional_name(bound.some("name")))))
            },
        )
        .method("select()", |this: &FromClause, _, cx| {
            Ok(Value::object(Select::new(
                vec![SelectItem::From(this.clone())],
                cx,
            )?))
        })
        .method(
            "join(right, onclause=None, isouter=False, full=False)",
            |this: &FromClause, bound, cx| join(this, bound, false, cx),
        )
        .method(
            "outerjoin(right, onclause=None, full=False)",
            |this: &FromClause, bound, cx| outer_join(this, bound, cx),
        )
        .method(
            "tablesample(sampling, name=None, seed=None)",
            |this: &FromClause, bound, cx| {
                tablesample(
                    this,
                    bound.value("sampling"),
                    bound.some("name"),
                    bound.some("seed"),
                    cx,
                )
            },
        )
        .method("table_valued()", |this: &FromClause, _, _| {
            Ok(value(ColumnElement::TableValued(Rc::new(
                TableValuedColumn {
                    from: this.clone(),
                    type_: null_type(),
                },
            ))))
        })
        .method(
            "is_derived_from(fromclause)",
            |this: &FromClause, bound, cx| {
                let other = expect_from(bound.value("fromclause"), cx)?;
                Ok(Value::Bool(this.is_derived_from(&other)))
            },
        )
        .method(
            "corresponding_column(column, require_embedded=False)",
            |this: &FromClause, bound, cx| {
                let Some(column) = bound.value("column").downcast::<ColumnElement>() else {
                    return Ok(Value::None);
                };
                let found = crate::sql::visitors::corresponding_column(
                    this,
                    column,
                    bound.flag("require_embedded", false),
                    cx,
                )?;
                Ok(found.map_or(Value::None, Value::object))
            },
        );
}

fn outer_join(this: &FromClause, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let right = expect_from(bound.value("right"), cx)?;
    let onclause = match bound.some("onclause") {
        Some(given) => match expect_on_clause(given, cx)? {
            OnClause::Expression(condition) => Some(condition),
            OnClause::Attribute(_) => None,
        },
        None => None,
    };
    Join::of(this, &right, onclause, true, bound.flag("full", false), cx).map(Value::object)
}

/// `tablesample()`.
pub fn tablesample(
    from: &FromClause,
    sampling: &Value,
    name: Option<&Value>,
    seed: Option<&Value>,
    cx: &Cx,
) -> Result<Value> {
    let sampling = match expect_expression(sampling, None, Some("system"), cx)? {
        function @ ColumnElement::Function(_) => function,
        other => crate::sql::functions::simple_function("system", vec![other], cx),
    };
    let seed = seed
        .map(|seed| expect_expression(seed, None, None, cx))
        .transpose()?;
    Ok(Value::object(FromClause::Alias(Alias::new(
        AliasKind::TableSample { sampling, seed },
        AliasedElement::From(from.clone()),
        optional_name(name),
    ))))
}

fn name_value(this: &FromClause) -> Value {
    this.name()
        .map_or(Value::None, |name| name.display().into())
}

/// The members of tables, known to a `MetaData` or not.
pub fn table_members(members: &mut Members) {
    members
        .getter("name", |this: &FromClause, _| Ok(name_value(this)))
        .method_on_value(
            "insert(values=None, inline=False, **kwargs)",
            |this, bound, cx| super::dml_of("insert", this, bound, cx),
        )
        .method_on_value(
            "update(whereclause=None, values=None, inline=False, **kwargs)",
            |this, bound, cx| super::dml_of("update", this, bound, cx),
        )
        .method_on_value("delete(whereclause=None, **kwargs)", |this, bound, cx| {
            super::dml_of("delete", this, bound, cx)
        });
}

/// The members of aliases of every kind.
pub fn alias_members(members: &mut Members) {
    members
        .getter("name", |this: &FromClause, _| Ok(name_value(this)))
        .getter("element", |this: &FromClause, _| {
            Ok(match this.plain() {
                FromClause::Alias(alias) => match &alias.element {
                    AliasedElement::From(from) => Value::object(from.clone()),
                    AliasedElement::Select(statement) => select::statement_value(statement),
                },
                _ => Value::None,
            })
        })
        .getter("original", |this: &FromClause, _| {
            Ok(match this.plain() {
                FromClause::Alias(alias) => match &alias.element {
                    AliasedElement::From(from) => Value::object(from.clone()),
                    AliasedElement::Select(statement) => select::statement_value(statement),
                },
                _ => Value::None,
            })
        });
}

/// The members of `TableValuedAlias`.
pub fn table_valued_members(members: &mut Members) {
    members
        .getter("column", |this: &FromClause, _| {
            Ok(value(ColumnElement::TableValued(Rc::new(
                TableValuedColumn {
                    from: this.clone(),
                    type_: null_type(),
                },
            ))))
        })
        .method("lateral(name=None)", |this: &FromClause, bound, _| {
            Ok(table_valued_with(
                this,
                optional_name(bound.some("name")),
                |kind| {
                    if let AliasKind::TableValued { lateral, .. } = kind {
                        *lateral = true;
                    }
                },
            ))
        })
        .method(
            "render_derived(name=None, with_types=False)",
            |this: &FromClause, bound, _| {
                let types = bound.flag("with_types", false);
                // Without a name it gets one of its own.
                let name = optional_name(bound.some("name")).unwrap_or_else(|| {
                    crate::sql::Name::anonymous(crate::sql::next_seed(), "anon")
                });
                Ok(table_valued_with(this, Some(name), |kind| {
                    if let AliasKind::TableValued {
                        render_derived,
                        with_types,
                        ..
                    } = kind
                    {
                        *render_derived = true;
                        *with_types = types;
                    }
                }))
            },
        );
}

fn table_valued_with(
    this: &FromClause,
    name: Option<crate::sql::Name>,
    change: impl FnOnce(&mut AliasKind),
) -> Value {
    let FromClause::Alias(alias) = this.plain() else {
        return Value::object(this.clone());
    };
    let mut kind = alias.kind.clone();
    change(&mut kind);
    Value::object(FromClause::Alias(Alias::new(
        kind,
        alias.element.clone(),
        Some(name.unwrap_or_else(|| alias.name.clone())),
    )))
}

fn cte_union(
    this: &FromClause,
    keyword: CompoundKeyword,
    bound: &Bound<'_>,
    cx: &Cx,
) -> Result<Value> {
    let FromClause::Alias(alias) = this.plain() else {
        return Err(ARGUMENT_ERROR.error("a CTE was expected"));
    };
    let others = bound
        .rest()
        .iter()
        .map(|other| expect_statement(other, COMPOUND, cx))
        .collect::<Result<Vec<_>>>()?;
    let union = alias.cte_union(keyword, others)?;
    Ok(Value::object(FromClause::Alias(union)))
}

/// The members of `CTE`.
pub fn cte_members(members: &mut Members) {
    members
        .method("union(*other)", |this: &FromClause, bound, cx| {
            cte_union(this, CompoundKeyword::Union, bound, cx)
        })
        .method("union_all(*other)", |this: &FromClause, bound, cx| {
            cte_union(this, CompoundKeyword::UnionAll, bound, cx)
        });
    for (signature, suffix) in [
        ("prefix_with(*prefixes, dialect='*')", false),
        ("suffix_with(*suffixes, dialect='*')", true),
    ] {
        members.method(signature, move |this: &FromClause, bound, cx| {
            let FromClause::Alias(alias) = this.plain() else {
                return Ok(Value::object(this.clone()));
            };
            let added = select::affixes(bound, cx)?;
            let mut kind = alias.kind.clone();
            if let AliasKind::Cte(cte) = &mut kind {
                if suffix {
                    cte.suffixes.extend(added);
                } else {
                    cte.prefixes.extend(added);
                }
            }
            Ok(Value::object(FromClause::Alias(Alias::new(
                kind,
                alias.element.clone(),
                Some(alias.name.clone()),
            ))))
        });
    }
}

/// The members of `Join`.
pub fn join_members(members: &mut Members) {
    fn part(this: &FromClause) -> Option<&Rc<Join>> {
        match this.plain() {
            FromClause::Join(join) => Some(join),
            _ => None,
        }
    }
    members
        .getter("left", |this: &FromClause, _| {
            Ok(part(this).map_or(Value::None, |join| Value::object(join.left.clone())))
        })
        .getter("right", |this: &FromClause, _| {
            Ok(part(this).map_or(Value::None, |join| {
                Value::object(join.right.ungrouped().clone())
            }))
        })
        .getter("isouter", |this: &FromClause, _| {
            Ok(Value::Bool(part(this).is_some_and(|join| join.isouter)))
        })
        .getter("onclause", |this: &FromClause, _| {
            Ok(part(this)
                .and_then(|join| join.onclause.clone())
                .map_or(Value::None, Value::object))
        });
}

/// The members of `Values`.
pub fn values_members(members: &mut Members) {
    members
        .getter("name", |this: &FromClause, _| Ok(name_value(this)))
        .method("data(values)", |this: &FromClause, bound, cx| {
            values_with(this, |values| {
                for row in cx.collect(bound.value("values"))? {
                    values.data.push(cx.collect(&row)?);
                }
                Ok(())
            })
        })
        .method(
            "alias(name=None, flat=False)",
            |this: &FromClause, bound, _| {
                values_with(this, |values| {
                    if let Some(name) = optional_name(bound.some("name")) {
                        values.name = name;
                        values.named = true;
                    }
                    Ok(())
                })
            },
        )
        .method(
            "cte(name=None, recursive=False, nesting=False)",
            |this: &FromClause, bound, cx| {
                if cx.compat().is_14() {
                    return Err(ATTRIBUTE_ERROR.error("'Values' object has no attribute 'cte'"));
                }
                Ok(Value::object(FromClause::Alias(Alias::new(
                    AliasKind::Cte(CteKind {
                        recursive: bound.flag("recursive", false),
                        nesting: bound.flag("nesting", false),
                        ..CteKind::default()
                    }),
                    AliasedElement::From(this.clone()),
                    optional_name(bound.some("name")),
                ))))
            },
        )
        .method("lateral(name=None)", |this: &FromClause, bound, _| {
            values_with(this, |values| {
                values.lateral = true;
                if let Some(name) = optional_name(bound.some("name")) {
                    values.name = name;
                    values.named = true;
                }
                Ok(())
            })
        });
}

fn values_with(this: &FromClause, change: impl FnOnce(&mut Values) -> Result<()>) -> Result<Value> {
    let FromClause::Values(values) = this.plain() else {
        return Ok(Value::object(this.clone()));
    };
    let mut values = (**values).clone();
    change(&mut values)?;
    Ok(Value::object(FromClause::Values(Rc::new(values))))
}
