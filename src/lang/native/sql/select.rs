//! SELECT, compounds and textual statements as values.

use std::rc::Rc;

use super::collection::ColumnCollection;
use super::element::columns_value;
use super::operators::value;
use super::{specs, statement};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Bound, Cx, Dict, Members, Object, Result, Str, TypeSpec, Value};
use crate::sql::coercions::{
    COMPOUND, expect_executable, expect_expression, expect_from, expect_from_item, expect_group_by,
    expect_join_target, expect_limit, expect_on_clause, expect_order_by, expect_select_item,
    expect_statement, expect_where, label_style, optional_name,
};
use crate::sql::{
    ColumnElement, CompoundKeyword, CompoundSelect, Fetch, ForUpdate, FromClause, FromItem,
    LabelStyle, Select, SelectData, SelectItem, SelectState, SelectStatement, SetupJoin,
    TextualSelect,
};

impl Object for Select {
    fn spec(&self) -> &'static TypeSpec {
        &specs::SELECT
    }
    fn identity(&self) -> Option<usize> {
        Some(Self::identity(self))
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        statement::text_of(&Value::object(self.clone()), cx).map(Some)
    }
    fn display_text(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(statement::shown(&Value::object(self.clone()), cx))
    }
    fn set_attr(&self, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
        let this = Value::object(self.clone());
        Ok(statement::set_bind(&this, name, value, cx))
    }
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        Err(TYPE_ERROR.error("Boolean value of this clause is not defined"))
    }
}

impl Object for CompoundSelect {
    fn spec(&self) -> &'static TypeSpec {
        &specs::COMPOUND_SELECT
    }
    fn identity(&self) -> Option<usize> {
        Some(Self::identity(self))
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        statement::text_of(&Value::object(self.clone()), cx).map(Some)
    }
    fn display_text(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(statement::shown(&Value::object(self.clone()), cx))
    }
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        Err(TYPE_ERROR.error("Boolean value of this clause is not defined"))
    }
}

impl Object for Rc<TextualSelect> {
    fn spec(&self) -> &'static TypeSpec {
        &specs::TEXTUAL_SELECT
    }
    fn identity(&self) -> Option<usize> {
        Some(Self::as_ptr(self) as usize)
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        statement::text_of(&Value::object(self.clone()), cx).map(Some)
    }
    fn display_text(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(statement::shown(&Value::object(self.clone()), cx))
    }
}

/// A statement as a value.
pub fn statement_value(statement: &SelectStatement) -> Value {
    match statement {
        SelectStatement::Select(select) => Value::object(select.clone()),
        SelectStatement::Compound(compound) => Value::object(compound.clone()),
        SelectStatement::Textual(textual) => Value::object(textual.clone()),
        SelectStatement::Grouping(inner) => statement_value(inner),
        SelectStatement::Insert(insert) => {
            super::dml_value(&crate::sql::Executable::Insert(insert.clone()))
        }
        SelectStatement::Update(update) => {
            super::dml_value(&crate::sql::Executable::Update(update.clone()))
        }
        SelectStatement::Delete(delete) => {
            super::dml_value(&crate::sql::Executable::Delete(delete.clone()))
        }
    }
}

fn statement_of(this: &Value) -> Result<SelectStatement> {
    crate::sql::coercions::statement_of(this)
        .ok_or_else(|| TYPE_ERROR.error("a SELECT was expected"))
}

/// The FROM elements of `correlate(..)`; `None` is none at all.
pub fn correlated(given: &[Value], cx: &Cx) -> Result<Vec<FromItem>> {
    match given {
        [Value::None] => Ok(Vec::new()),
        _ => given
            .iter()
            .map(|from| expect_from_item(from, cx))
            .collect(),
    }
}

/// The texts of `prefix_with(..)`.
pub fn affixes(bound: &Bound<'_>, cx: &Cx) -> Result<Vec<(ColumnElement, Option<Str>)>> {
    let dialect = bound
        .some("dialect")
        .and_then(Value::as_str)
        .filter(|name| *name != "*")
        .map(Str::new);
    bound
        .rest()
        .iter()
        .map(|given| {
            let element = match given {
                Value::Str(text) => ColumnElement::Text(crate::sql::TextClause::new(text)),
                other => expect_expression(other, None, None, cx)?,
            };
            Ok((element, dialect.clone()))
        })
        .collect()
}

/// What `select()` is given.
pub fn items(given: &[Value], cx: &Cx) -> Result<Vec<SelectItem>> {
    let mut items = Vec::with_capacity(given.len());
    for item in given {
        match item.downcast::<ColumnCollection>() {
            // `t.c["a", "b"]` stands for its columns.
            Some(columns) => items.extend(columns.columns().map(SelectItem::Column)),
            None => items.push(expect_select_item(item, cx)?),
        }
    }
    Ok(items)
}

/// `select(*entities)`, in 1.4 also of a list.
pub fn make_select(given: &[Value], cx: &Cx) -> Result<Value> {
    let given = match given {
        [Value::List(list)] if cx.compat().is_14() => list.to_vec(),
        other => other.to_vec(),
    };
    Ok(Value::object(Select::new(items(&given, cx)?, cx)?))
}

/// What one argument, a list of them, or several stand for.
fn spread(given: &[Value]) -> Vec<Value> {
    match given {
        [Value::List(list)] => list.to_vec(),
        [Value::Tuple(items)] => items.to_vec(),
        other => other.to_vec(),
    }
}

/// The members of all statements that return rows.
pub fn base_members(members: &mut Members) {
    members
        .method_on_value("subquery(name=None)", |this, bound, cx| {
            let alias = statement_of(this)?.subquery(optional_name(bound.some("name")), cx)?;
            Ok(Value::object(FromClause::Alias(alias)))
        })
        .method_on_value("alias(name=None, flat=False)", |this, bound, cx| {
            let alias = statement_of(this)?.subquery(optional_name(bound.some("name")), cx)?;
            Ok(Value::object(FromClause::Alias(alias)))
        })
        .method_on_value(
            "cte(name=None, recursive=False, nesting=False)",
            |this, bound, _| {
                Ok(Value::object(FromClause::Alias(statement_of(this)?.cte(
                    optional_name(bound.some("name")),
                    bound.flag("recursive", false),
                    bound.flag("nesting", false),
                ))))
            },
        )
        .method_on_value("lateral(name=None)", |this, bound, _| {
            Ok(Value::object(FromClause::Alias(
                statement_of(this)?.lateral(optional_name(bound.some("name"))),
            )))
        })
        .method_on_value("scalar_subquery()", |this, _, cx| {
            statement_of(this)?.scalar_subquery(cx).map(value)
        })
        .method_on_value("as_scalar()", |this, _, cx| {
            statement_of(this)?.scalar_subquery(cx).map(value)
        })
        .method_on_value("label(name)", |this, bound, cx| {
            let scalar = statement_of(this)?.scalar_subquery(cx)?;
            Ok(value(scalar.label(optional_name(bound.some("name")))))
        })
        .method_on_value("exists()", |this, _, _| {
            Ok(value(statement_of(this)?.exists()))
        })
        .method_on_value("self_group(against=None)", |this, _, _| Ok(this.clone()))
        .getter_on_value("selected_columns", |this, cx| {
            Ok(columns_value(statement_of(this)?.selected_columns(cx)?))
        })
        .getter_on_value("exported_columns", |this, cx| {
            Ok(columns_value(statement_of(this)?.selected_columns(cx)?))
        })
        .getter_on_value("c", subquery_columns)
        .getter_on_value("columns", subquery_columns)
        .getter_on_value("is_select", |_, _| Ok(Value::Bool(true)))
        .with(super::bound::members);
}

fn subquery_columns(this: &Value, cx: &Cx) -> Result<Value> {
    let alias = statement_of(this)?.subquery(None, cx)?;
    Ok(columns_value(FromClause::Alias(alias).columns(cx)?))
}

/// What a method changes of a statement.
pub type Change = fn(&mut SelectData, &Bound<'_>, &Cx) -> Result<()>;

/// What SELECTs and compounds have in common: signature, and what it does.
const GENERATIVE: &[(&str, Change)] = &[
    ("order_by(*clauses)", |data, bound, cx| {
        order_or_group(&mut data.order_by, bound.rest(), expect_order_by, cx)
    }),
    ("group_by(*clauses)", |data, bound, cx| {
        order_or_group(&mut data.group_by, bound.rest(), expect_group_by, cx)
    }),
    ("limit(limit)", |data, bound, cx| {
        data.limit = expect_limit(bound.value("limit"), cx)?;
        data.fetch = None;
        Ok(())
    }),
    ("offset(offset)", |data, bound, cx| {
        data.offset = expect_limit(bound.value("offset"), cx)?;
        Ok(())
    }),
    (
        "fetch(count, with_ties=False, percent=False)",
        |data, bound, cx| {
            data.limit = None;
            data.fetch = expect_limit(bound.value("count"), cx)?.map(|count| Fetch {
                count,
                with_ties: bound.flag("with_ties", false),
                percent: bound.flag("percent", false),
            });
            Ok(())
        },
    ),
    ("slice(start, stop)", |data, bound, cx| {
        let (limit, offset) = crate::sql::make_slice(
            data.limit.as_ref(),
            data.offset.as_ref(),
            bound.value("start").as_int(),
            bound.value("stop").as_int(),
            cx,
        )?;
        data.fetch = None;
        data.limit = limit;
        data.offset = offset;
        Ok(())
    }),
    (
        "with_for_update(*, nowait=False, read=False, of=None, skip_locked=False, key_share=False)",
        |data, bound, cx| {
            let of = match bound.some("of") {
                Some(given @ (Value::List(_) | Value::Tuple(_))) => items(&cx.collect(given)?, cx)?,
                Some(given) => items(std::slice::from_ref(given), cx)?,
                None => Vec::new(),
            };
            data.for_update = Some(Rc::new(ForUpdate {
                read: bound.flag("read", false),
                nowait: bound.flag("nowait", false),
                skip_locked: bound.flag("skip_locked", false),
                key_share: bound.flag("key_share", false),
                of,
            }));
            Ok(())
        },
    ),
    ("execution_options(**kw)", |data, bound, _| {
        for (name, value) in bound.keywords() {
            data.execution_options.retain(|(known, _)| known != name);
            data.execution_options.push((name.clone(), value.clone()));
        }
        Ok(())
    }),
    ("options(*options)", |data, bound, _| {
        data.options.extend(bound.rest().iter().cloned());
        Ok(())
    }),
    ("set_label_style(style)", |data, bound, cx| {
        data.label_style = style_of(bound.value("style"), cx)?;
        Ok(())
    }),
    (
        "with_statement_hint(text, dialect_name='*')",
        |data, bound, _| {
            let dialect = bound
                .some("dialect_name")
                .and_then(Value::as_str)
                .unwrap_or("*");
            data.statement_hints
                .push((Str::new(dialect), Str::new(bound.text("text")?)));
            Ok(())
        },
    ),
    ("add_cte(*ctes, nest_here=False)", |data, bound, cx| {
        for given in bound.rest() {
            match expect_from(given, cx)?.plain() {
                FromClause::Alias(alias) if alias.cte().is_some() => {
                    data.independent_ctes.push(alias.clone());
                }
                _ => {
                    return Err(ARGUMENT_ERROR
                        .error(format!("CTE object expected, got {}.", cx.repr(given)?)));
                }
            }
        }
        Ok(())
    }),
];

/// The signature and the effect of the generative method `name`.
pub fn generative(name: &str) -> Option<(&'static str, Change)> {
    let found = GENERATIVE.iter().find(|(signature, _)| {
        let rest = signature.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with('('))
    });
    found.copied()
}

fn order_or_group(
    list: &mut Vec<ColumnElement>,
    given: &[Value],
    coerce: fn(&Value, &Cx) -> Result<ColumnElement>,
    cx: &Cx,
) -> Result<()> {
    if let [Value::None] = given {
        list.clear();
        return Ok(());
    }
    if let [Value::Bool(false)] = given {
        list.clear();
        return Ok(());
    }
    for clause in spread(given) {
        list.push(coerce(&clause, cx)?);
    }
    Ok(())
}

fn style_of(given: &Value, cx: &Cx) -> Result<LabelStyle> {
    let text = match given {
        Value::Str(text) => text.to_string(),
        other => match cx.get_attr(other, "name") {
            Ok(name) => name.as_str().unwrap_or_default().to_owned(),
            Err(_) => String::new(),
        },
    };
    label_style(&text).ok_or_else(|| {
        ARGUMENT_ERROR.error(format!(
            "Unknown label style {}",
            cx.repr(given).unwrap_or_default()
        ))
    })
}

/// A label style as scripts see it.
pub fn label_style_value(style: LabelStyle, _cx: &Cx) -> Value {
    match style {
        LabelStyle::None => "LABEL_STYLE_NONE",
        LabelStyle::TablenamePlusCol | LabelStyle::LegacyOrm => "LABEL_STYLE_TABLENAME_PLUS_COL",
        LabelStyle::DisambiguateOnly => "LABEL_STYLE_DISAMBIGUATE_ONLY",
    }
    .into()
}

/// The members of SELECTs and compounds.
pub fn generative_members(members: &mut Members) {
    for (signature, change) in GENERATIVE {
        members.method_on_value(signature, move |this, bound, cx| {
            let statement = statement_of(this)?;
            let mut failed = None;
            let changed = statement.with(|data| {
                if let Err(raised) = change(data, bound, cx) {
                    failed = Some(raised);
                }
            });
            match failed {
                Some(raised) => Err(raised),
                None => Ok(statement_value(&changed)),
            }
        });
    }
    members
        .method_on_value("get_label_style()", |this, _, cx| {
            Ok(label_style_value(statement_of(this)?.label_style(), cx))
        })
        .method_on_value("get_execution_options()", |this, _, _| {
            let statement = statement_of(this)?;
            let options = match &statement {
                SelectStatement::Select(select) => select.data().execution_options.clone(),
                SelectStatement::Compound(compound) => {
                    compound.data().outer.execution_options.clone()
                }
                _ => Vec::new(),
            };
            Ok(Value::Dict(Rc::new(Dict::from_pairs(options))))
        });
}

/// `union(*selects)` and its kind.
pub fn compound(keyword: CompoundKeyword, selects: &[Value], cx: &Cx) -> Result<Value> {
    let selects = selects
        .iter()
        .map(|select| expect_statement(select, COMPOUND, cx))
        .collect::<Result<Vec<_>>>()?;
    Ok(Value::object(CompoundSelect::new(keyword, selects)))
}

/// The members of `CompoundSelect` alone.
pub fn compound_members(members: &mut Members) {
    members.getter("selects", |this: &CompoundSelect, _| {
        Ok(Value::list(
            this.data().selects.iter().map(statement_value).collect(),
        ))
    });
}

fn criteria(bound: &Bound<'_>, cx: &Cx) -> Result<Vec<ColumnElement>> {
    bound
        .rest()
        .iter()
        .map(|clause| expect_where(clause, None, cx))
        .collect()
}

/// The members of `Select` alone.
pub fn members(members: &mut Members) {
    members
        .generative("where(*whereclause)", |this: Select, bound, cx| {
            Ok(Value::object(this.into_filtered(criteria(bound, cx)?)))
        })
        .generative("filter(*criteria)", |this: Select, bound, cx| {
            Ok(Value::object(this.into_filtered(criteria(bound, cx)?)))
        })
        .method("filter_by(**kwargs)", |this: &Select, bound, cx| {
            this.filter_by(bound.keywords(), cx).map(Value::object)
        })
        .method("having(*having)", |this: &Select, bound, cx| {
            Ok(Value::object(this.having(criteria(bound, cx)?)))
        })
        .method("select_from(*froms)", |this: &Select, bound, cx| {
            let froms = bound
                .rest()
                .iter()
                .map(|from| expect_from_item(from, cx))
                .collect::<Result<_>>()?;
            Ok(Value::object(this.select_from(froms)))
        })
        .method("add_columns(*entities)", |this: &Select, bound, cx| {
            Ok(Value::object(this.add_columns(items(bound.rest(), cx)?)))
        })
        .method("column(column)", |this: &Select, bound, cx| {
            Ok(Value::object(this.add_columns(vec![expect_select_item(
                bound.value("column"),
                cx,
            )?])))
        })
        .method(
            "with_only_columns(*entities, maintain_column_froms=False)",
            |this: &Select, bound, cx| {
                let given = match bound.rest() {
                    [Value::List(list)] if cx.compat().is_14() => list.to_vec(),
                    [Value::List(_)] => {
                        return Err(ARGUMENT_ERROR.error(
                            "The \"entities\" argument to Select.with_only_columns(), when \
                             referring to a sequence of items, is now passed as a series of \
                             positional elements, rather than as a list. ",
                        ));
                    }
                    other => other.to_vec(),
                };
                let items = items(&given, cx)?;
                let keep = if bound.flag("maintain_column_froms", false) {
                    Some(columns_froms(this, cx)?)
                } else {
                    None
                };
                Ok(Value::object(this.with_only(items).into_with(|data| {
                    if let Some(froms) = keep {
                        data.from_obj = froms
                            .into_iter()
                            .map(FromItem::From)
                            .chain(std::mem::take(&mut data.from_obj))
                            .collect();
                    }
                })))
            },
        )
        .method("from_statement(statement)", |this: &Select, bound, cx| {
            let statement = expect_executable(bound.value("statement"), cx)?;
            Ok(Value::object(this.with(|data| {
                data.from_statement = Some(Rc::new(statement));
            })))
        })
        .method("distinct(*expr)", |this: &Select, bound, cx| {
            let on = bound
                .rest()
                .iter()
                .map(|expr| {
                    crate::sql::coercions::expect_by(expr, crate::sql::coercions::BY_OF, cx)
                })
                .collect::<Result<_>>()?;
            Ok(Value::object(this.distinct(on)))
        })
        .method("correlate(*fromclauses)", |this: &Select, bound, cx| {
            let froms = correlated(bound.rest(), cx)?;
            Ok(Value::object(
                this.with(|data| data.correlate = Some(froms)),
            ))
        })
        .method(
            "correlate_except(*fromclauses)",
            |this: &Select, bound, cx| {
                let froms = correlated(bound.rest(), cx)?;
                Ok(Value::object(
                    this.with(|data| data.correlate_except = Some(froms)),
                ))
            },
        )
        .method(
            "prefix_with(*prefixes, dialect='*')",
            |this: &Select, bound, cx| {
                let added = affixes(bound, cx)?;
                Ok(Value::object(this.with(|data| data.prefixes.extend(added))))
            },
        )
        .method(
            "suffix_with(*suffixes, dialect='*')",
            |this: &Select, bound, cx| {
                let added = affixes(bound, cx)?;
                Ok(Value::object(this.with(|data| data.suffixes.extend(added))))
            },
        )
        .method(
            "with_hint(selectable, text, dialect_name='*')",
            |this: &Select, bound, cx| {
                let from = expect_from(bound.value("selectable"), cx)?;
                let text = Str::new(bound.text("text")?);
                let dialect = bound
                    .some("dialect_name")
                    .and_then(Value::as_str)
                    .unwrap_or("*");
                Ok(Value::object(this.with(|data| {
                    data.hints.push((from, text, Str::new(dialect)));
                })))
            },
        )
        .with(join_members)
        .with(inspection_members)
        .with(set_members);
}

/// What combines SELECTs.
fn set_members(members: &mut Members) {
    for (signature, keyword) in [
        ("union(*other)", CompoundKeyword::Union),
        ("union_all(*other)", CompoundKeyword::UnionAll),
        ("except_(*other)", CompoundKeyword::Except),
        ("except_all(*other)", CompoundKeyword::ExceptAll),
        ("intersect(*other)", CompoundKeyword::Intersect),
        ("intersect_all(*other)", CompoundKeyword::IntersectAll),
    ] {
        members.method_on_value(signature, move |this, bound, cx| {
            let mut selects = vec![this.clone()];
            selects.extend(bound.rest().iter().cloned());
            compound(keyword, &selects, cx)
        });
    }
}

fn columns_froms(this: &Select, cx: &Cx) -> Result<Vec<FromClause>> {
    let mut froms = Vec::new();
    for item in &this.data().raw_columns {
        froms.extend(item.from_objects(cx)?);
    }
    crate::sql::normalize_froms(froms, None)
}

fn join(
    this: Select,
    bound: &Bound<'_>,
    left: Option<&str>,
    target: &str,
    isouter: bool,
    cx: &Cx,
) -> Result<Value> {
    let of_entities = this.data().subject.is_some();
    let target = expect_join_target(bound.value(target), of_entities, cx)?;
    let left = left
        .map(|name| expect_from_item(bound.value(name), cx))
        .transpose()?;
    let onclause = bound
        .some("onclause")
        .map(|given| expect_on_clause(given, cx))
        .transpose()?;
    let isouter = isouter || bound.flag("isouter", false);
    Ok(Value::object(this.into_joined(SetupJoin {
        target,
        onclause,
        left,
        isouter,
        full: bound.flag("full", false),
        legacy: None,
    })))
}

fn join_members(members: &mut Members) {
    members
        .generative(
            "join(target, onclause=None, *, isouter=False, full=False)",
            |this: Select, bound, cx| join(this, bound, None, "target", false, cx),
        )
        .generative(
            "join_from(from_, target, onclause=None, *, isouter=False, full=False)",
            |this: Select, bound, cx| join(this, bound, Some("from_"), "target", false, cx),
        )
        .generative(
            "outerjoin(target, onclause=None, *, isouter=True, full=False)",
            |this: Select, bound, cx| join(this, bound, None, "target", true, cx),
        )
        .generative(
            "outerjoin_from(from_, target, onclause=None, *, isouter=True, full=False)",
            |this: Select, bound, cx| join(this, bound, Some("from_"), "target", true, cx),
        );
}

fn froms(this: &Select, cx: &Cx) -> Result<Value> {
    let select = match &this.data().subject {
        Some(subject) => {
            subject
                .plugin()
                .compile_select(this, crate::sql::PluginContext::default(), cx)?
                .select
        }
        None => this.clone(),
    };
    let state = SelectState::new(&select, cx)?;
    let shown = state.display_froms(&select, &[], &[], cx)?;
    Ok(Value::list(shown.into_iter().map(Value::object).collect()))
}

fn inspection_members(members: &mut Members) {
    members
        .getter("froms", froms)
        .method("get_final_froms()", |this: &Select, _, cx| froms(this, cx))
        .getter("columns_clause_froms", |this: &Select, cx| {
            Ok(Value::list(
                columns_froms(this, cx)?
                    .into_iter()
                    .map(Value::object)
                    .collect(),
            ))
        })
        .getter("whereclause", |this: &Select, cx| {
            let criteria = &this.data().where_criteria;
            if criteria.is_empty() {
                return Ok(Value::None);
            }
            Ok(value(ColumnElement::and_(criteria, cx.compat())))
        })
        .getter("inner_columns", |this: &Select, cx| {
            Ok(Value::list(
                this.all_selected_columns(cx)?
                    .into_iter()
                    .map(value)
                    .collect(),
            ))
        })
        .getter("column_descriptions", column_descriptions)
        .method("reduce_columns()", |this: &Select, _, _| {
            Ok(Value::object(this.clone()))
        });
}

fn column_descriptions(this: &Select, cx: &Cx) -> Result<Value> {
    if let Some(subject) = &this.data().subject {
        return subject.plugin().column_descriptions(this, cx);
    }
    let mut all = Vec::new();
    for (key, column) in SelectStatement::Select(this.clone()).selected_columns(cx)? {
        all.push(Value::Dict(Rc::new(Dict::from_pairs([
            ("name", Value::Str(key)),
            ("type", column.type_().to_value()),
            ("expr", value(column)),
        ]))));
    }
    Ok(Value::list(all))
}
