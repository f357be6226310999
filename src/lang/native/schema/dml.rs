//! `insert()`, `update()`, `delete()`: constructors and generative methods.

use std::rc::Rc;

use super::options::dialect_options;
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR};
use crate::lang::native::sql::{RETURNS_ROWS, affixes};
use crate::object::exceptions::VALUE_ERROR;
use crate::object::{Args, Bound, Cx, Dict, Members, Method, Object, Result, Str, TypeSpec, Value};
use crate::sql::coercions::{
    Coerced, coerce, expect_ddl_expression, expect_from_item, expect_select_item, expect_statement,
    expect_where,
};
use crate::sql::dml::{
    ConflictElement, ConflictTarget, Delete, DmlData, DmlValues, FromSelect, Insert, OnConflict,
    OnDuplicateKey, Update, dml_key, dml_value,
};
use crate::sql::{
    Alias, AliasKind, AliasedElement, ColumnElement, FromClause, FromItem, Name, Select,
    SelectItem, SelectStatement,
};

const MODULE: &str = "sqlalchemy.sql.dml";

/// `UpdateBase`, the base of all three.
pub static UPDATE_BASE: TypeSpec = TypeSpec::new(MODULE, "UpdateBase")
    .bases(&[&RETURNS_ROWS])
    .members(base_members);
/// `Insert`.
pub static INSERT: TypeSpec = TypeSpec::new(MODULE, "Insert")
    .bases(&[&UPDATE_BASE])
    .members(insert_members)
    .construct(|_, args, cx| construct_insert(args, None, cx));
/// `Update`.
pub static UPDATE: TypeSpec = TypeSpec::new(MODULE, "Update")
    .bases(&[&UPDATE_BASE])
    .members(update_members)
    .construct(|_, args, cx| construct(args, "update", cx));
/// `Delete`.
pub static DELETE: TypeSpec = TypeSpec::new(MODULE, "Delete")
    .bases(&[&UPDATE_BASE])
    .members(where_members)
    .construct(|_, args, cx| construct(args, "delete", cx));

static SQLITE_INSERT: TypeSpec = TypeSpec::new("sqlalchemy.dialects.sqlite.dml", "Insert")
    .bases(&[&INSERT])
    .members(conflict_members)
    .construct(|_, args, cx| construct_insert(args, Some("sqlite"), cx));
static POSTGRESQL_INSERT: TypeSpec = TypeSpec::new("sqlalchemy.dialects.postgresql.dml", "Insert")
    .bases(&[&INSERT])
    .members(conflict_members)
    .construct(|_, args, cx| construct_insert(args, Some("postgresql"), cx));
static MYSQL_INSERT: TypeSpec = TypeSpec::new("sqlalchemy.dialects.mysql.dml", "Insert")
    .bases(&[&INSERT])
    .members(duplicate_members)
    .construct(|_, args, cx| construct_insert(args, Some("mysql"), cx));

/// The `Insert` class of a dialect.
pub fn insert_class(dialect: &str) -> &'static TypeSpec {
    match dialect {
        "sqlite" => &SQLITE_INSERT,
        "postgresql" => &POSTGRESQL_INSERT,
        _ => &MYSQL_INSERT,
    }
}

/// `insert(table)` of a dialect's module.
pub fn dialect_insert(dialect: &'static str) -> Value {
    Method::function("insert(table)", move |bound, cx| {
        make_insert(bound.value("table"), Some(dialect), cx)
    })
}

/// The table that a statement is on, and the ORM entity it was given as.
fn dml_table(value: &Value, cx: &Cx) -> Result<DmlData> {
    let item = match coerce(value, cx)? {
        Coerced::From(_) | Coerced::Entity(_) => expect_from_item(value, cx)?,
        _ => {
            return Err(ARGUMENT_ERROR.error(format!(
                "subject table for an INSERT, UPDATE or DELETE expected, got {}.",
                cx.repr(value)?
            )));
        }
    };
    match item {
        FromItem::From(from) => Ok(Insert::new(from).data().clone()),
        FromItem::Entity(entity) => {
            let mut data = Insert::new(entity.dml_table(cx)?).data().clone();
            data.subject = Some(entity);
            Ok(data)
        }
    }
}

/// `insert(table)`.
pub fn make_insert(table: &Value, dialect: Option<&'static str>, cx: &Cx) -> Result<Value> {
    let mut data = dml_table(table, cx)?;
    data.dialect = dialect;
    if dialect.is_some() {
        let name = if dialect == Some("mysql") {
            "inserted"
        } else {
            "excluded"
        };
        data.excluded = Some(Alias::new(
            AliasKind::Alias,
            AliasedElement::From(data.table.clone()),
            Some(Name::plain(name)),
        ));
    }
    Ok(Value::object(Insert::of(data)))
}
/// `update(table)`.
pub fn make_update(table: &Value, cx: &Cx) -> Result<Value> {
    dml_table(table, cx).map(|data| Value::object(Update::of(data)))
}
/// `delete(table)`.
pub fn make_delete(table: &Value, cx: &Cx) -> Result<Value> {
    dml_table(table, cx).map(|data| Value::object(Delete::of(data)))
}

fn table_argument(mut args: Args) -> Result<Value> {
    if let Some(table) = args.take_keyword("table") {
        return Ok(table);
    }
    match args.pos.first() {
        Some(table) => Ok(table.clone()),
        None => Err(crate::object::exceptions::TYPE_ERROR
            .error("__init__() missing 1 required positional argument: 'table'")),
    }
}

fn construct_insert(args: Args, dialect: Option<&'static str>, cx: &Cx) -> Result<Value> {
    make_insert(&table_argument(args)?, dialect, cx)
}

fn construct(args: Args, what: &str, cx: &Cx) -> Result<Value> {
    let table = table_argument(args)?;
    match what {
        "update" => make_update(&table, cx),
        _ => make_delete(&table, cx),
    }
}

/// `table.insert()` and its kind; `values` and `whereclause` are 1.4's.
pub fn of_table(what: &str, this: &Value, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let mut made = match what {
        "insert" => make_insert(this, None, cx)?,
        "update" => make_update(this, cx)?,
        _ => make_delete(this, cx)?,
    };
    if bound.has("whereclause")
        && let Some(condition) = bound.some("whereclause")
    {
        made = cx.call_method(&made, "where", [condition.clone()])?;
    }
    if bound.has("values")
        && let Some(values) = bound.some("values")
    {
        made = cx.call_method(&made, "values", [values.clone()])?;
    }
    Ok(made)
}

/// The statement that `this` is, with `change` applied.
fn changed(this: &Value, change: impl FnOnce(&mut DmlData) -> Result<()>) -> Result<Value> {
    let mut data = data_of(this)?.clone();
    change(&mut data)?;
    Ok(if this.downcast::<Insert>().is_some() {
        Value::object(Insert::of(data))
    } else if this.downcast::<Update>().is_some() {
        Value::object(Update::of(data))
    } else {
        Value::object(Delete::of(data))
    })
}

fn data_of(this: &Value) -> Result<&DmlData> {
    if let Some(insert) = this.downcast::<Insert>() {
        return Ok(insert.data());
    }
    if let Some(update) = this.downcast::<Update>() {
        return Ok(update.data());
    }
    match this.downcast::<Delete>() {
        Some(delete) => Ok(delete.data()),
        None => Err(crate::object::exceptions::TYPE_ERROR.error("no INSERT, UPDATE or DELETE")),
    }
}

fn statement(this: &Value) -> Result<SelectStatement> {
    if let Some(insert) = this.downcast::<Insert>() {
        return Ok(SelectStatement::Insert(insert.clone()));
    }
    if let Some(update) = this.downcast::<Update>() {
        return Ok(SelectStatement::Update(update.clone()));
    }
    match this.downcast::<Delete>() {
        Some(delete) => Ok(SelectStatement::Delete(delete.clone())),
        None => Err(crate::object::exceptions::TYPE_ERROR.error("no INSERT, UPDATE or DELETE")),
    }
}

fn select_items(given: &[Value], cx: &Cx) -> Result<Vec<SelectItem>> {
    given
        .iter()
        .map(|value| expect_select_item(value, cx))
        .collect()
}

fn note_options(pairs: &mut Vec<(Str, Value)>, more: &[(Str, Value)]) {
    for (name, value) in more {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name.clone(), value.clone()));
    }
}

fn base_members(members: &mut Members) {
    members
        .method_on_value(
            "returning(*cols, sort_by_parameter_order=False, **_ignored)",
            |this, bound, cx| {
                if data_of(this)?.return_defaults.is_some() {
                    return Err(INVALID_REQUEST_ERROR
                        .error("return_defaults() is already configured on this statement"));
                }
                let items = select_items(bound.rest(), cx)?;
                changed(this, |data| {
                    data.returning.extend(items);
                    data.sort_by_parameter_order |= bound.flag("sort_by_parameter_order", false);
                    Ok(())
                })
            },
        )
        .method_on_value(
            "return_defaults(*cols, supplemental_cols=None, sort_by_parameter_order=False)",
            |this, bound, cx| {
                let mut columns = Vec::new();
                for value in bound.rest() {
                    if let Coerced::Element(element) = coerce(value, cx)?
                        && let ColumnElement::Column(column) = element.plain()
                    {
                        columns.push(column.clone());
                    }
                }
                changed(this, |data| {
                    data.return_defaults = Some(columns);
                    data.sort_by_parameter_order |= bound.flag("sort_by_parameter_order", false);
                    Ok(())
                })
            },
        )
        .method_on_value("prefix_with(*prefixes, dialect='*')", |this, bound, cx| {
            let prefixes = affixes(bound, cx)?;
            changed(this, |data| {
                data.prefixes.extend(prefixes);
                Ok(())
            })
        })
        .method_on_value(
            "with_hint(text, selectable=None, dialect_name='*')",
            |this, bound, _| {
                let dialect = bound
                    .some("dialect_name")
                    .and_then(Value::as_str)
                    .unwrap_or("*");
                let hint = (Str::new(bound.text("text")?), Str::new(dialect));
                changed(this, |data| {
                    data.hints.push(hint);
                    Ok(())
                })
            },
        )
        .method_on_value("with_dialect_options(**opt)", |this, bound, cx| {
            let kind = if this.downcast::<Update>().is_some() {
                "Update"
            } else {
                "Delete"
            };
            let spec = if kind == "Update" { &UPDATE } else { &DELETE };
            let options = dialect_options(kind, spec, bound.keywords(), cx)?;
            changed(this, |data| {
                note_options(&mut data.dialect_options, &options);
                Ok(())
            })
        })
        .method_on_value("options(*options)", |this, bound, _| {
            changed(this, |data| {
                data.options.extend(bound.rest().iter().cloned());
                Ok(())
            })
        })
        .method_on_value("execution_options(**kw)", |this, bound, _| {
            changed(this, |data| {
                note_options(&mut data.execution_options, bound.keywords());
                Ok(())
            })
        })
        .method_on_value("get_execution_options()", |this, _, _| {
            let pairs = data_of(this)?.execution_options.clone();
            Ok(Value::Dict(Rc::new(Dict::from_pairs(pairs))))
        })
        .method_on_value("add_cte(*ctes, nest_here=False)", |this, bound, _| {
            changed(this, |data| {
                for value in bound.rest() {
                    if let Some(FromClause::Alias(alias)) = value.downcast::<FromClause>() {
                        data.independent_ctes.push(alias.clone());
                    }
                }
                Ok(())
            })
        })
        .method_on_value(
            "cte(name=None, recursive=False, nesting=False)",
            |this, bound, _| {
                let name = crate::sql::coercions::optional_name(bound.some("name"));
                let alias = statement(this)?.cte(
                    name,
                    bound.flag("recursive", false),
                    bound.flag("nesting", false),
                );
                Ok(Value::object(FromClause::Alias(alias)))
            },
        )
        .with(description_members);
}

/// What a statement tells of itself.
fn description_members(members: &mut Members) {
    members
        .getter_on_value("table", |this, _| {
            Ok(Value::object(data_of(this)?.table.clone()))
        })
        .getter_on_value("is_dml", |_, _| Ok(Value::Bool(true)))
        .getter_on_value("is_insert", |this, _| {
            Ok(Value::Bool(this.downcast::<Insert>().is_some()))
        })
        .getter_on_value("is_update", |this, _| {
            Ok(Value::Bool(this.downcast::<Update>().is_some()))
        })
        .getter_on_value("is_delete", |this, _| {
            Ok(Value::Bool(this.downcast::<Delete>().is_some()))
        })
        .with(crate::lang::native::sql::bound_members)
        .getter_on_value("returning_column_descriptions", |this, cx| {
            returned_descriptions(data_of(this)?, cx)
        })
        .getter_on_value("entity_description", |this, cx| {
            if let Some(subject) = &data_of(this)?.subject {
                return subject.plugin().entity_description(subject.as_ref(), cx);
            }
            let table = Value::object(data_of(this)?.table.clone());
            let name = data_of(this)?
                .table
                .name()
                .and_then(|name| name.text().cloned());
            Ok(Value::Dict(Rc::new(Dict::from_pairs([
                ("name", Value::from(name)),
                ("table", table),
            ]))))
        });
}

/// `returning_column_descriptions`.
fn returned_descriptions(data: &DmlData, cx: &Cx) -> Result<Value> {
    if let Some(subject) = &data.subject {
        let select = Select::new(data.returning.clone(), cx)?;
        return subject.plugin().returned_descriptions(&select, cx);
    }
    let mut described = Vec::new();
    for item in &data.returning {
        for column in item.columns(cx)? {
            let name = column.key().and_then(|key| key.text().cloned());
            described.push(Value::Dict(Rc::new(Dict::from_pairs([
                ("name", name.map_or(Value::None, Value::Str)),
                ("type", column.type_().to_value()),
                ("expr", Value::object(column)),
            ]))));
        }
    }
    Ok(Value::list(described))
}

fn values_members(members: &mut Members) {
    members
        .method_on_value("values(*args, **kwargs)", |this, bound, cx| {
            let insert = this.downcast::<Insert>().is_some();
            changed(this, |data| {
                data.add_values(bound.rest(), bound.keywords(), insert, cx)
            })
        })
        .method_on_value("inline()", |this, _, _| {
            changed(this, |data| {
                data.inline = true;
                Ok(())
            })
        });
}

fn insert_members(members: &mut Members) {
    members.with(values_members).method_on_value(
        "from_select(names, select, include_defaults=True)",
        |this, bound, cx| {
            let names = cx
                .collect(bound.value("names"))?
                .iter()
                .map(|name| dml_key(name, cx))
                .collect::<Result<Vec<_>>>()?;
            let select = expect_statement(
                bound.value("select"),
                "SELECT construct or equivalent text() construct",
                cx,
            )?;
            if data_of(this)?.has_values {
                return Err(
                    INVALID_REQUEST_ERROR.error("This construct already inserts value expressions")
                );
            }
            changed(this, |data| {
                data.from_select = Some(FromSelect {
                    names,
                    select,
                    include_defaults: bound.flag("include_defaults", true),
                });
                data.inline = true;
                Ok(())
            })
        },
    );
}

fn where_members(members: &mut Members) {
    members
        .method_on_value("where(*whereclause)", |this, bound, cx| {
            let criteria = bound
                .rest()
                .iter()
                .map(|value| expect_where(value, None, cx))
                .collect::<Result<Vec<_>>>()?;
            changed(this, |data| {
                data.where_criteria.extend(criteria);
                Ok(())
            })
        })
        .method_on_value("filter(*criteria)", |this, bound, cx| {
            cx.call_method(this, "where", bound.rest().to_vec())
        })
        .method_on_value("filter_by(**kwargs)", |this, bound, cx| {
            let mut criteria = Vec::new();
            let data = data_of(this)?;
            let target = match &data.subject {
                Some(entity) => FromItem::Entity(entity.clone()),
                None => FromItem::From(data.table.clone()),
            };
            for (name, value) in bound.keywords() {
                let attribute = crate::sql::namespace_attribute(
                    Some(&target),
                    name,
                    |target| crate::sql::namespace_text(target, cx),
                    cx,
                )?;
                criteria.push(crate::sql::coercions::equals(&attribute, value, cx)?);
            }
            changed(this, |data| {
                data.where_criteria.extend(criteria);
                Ok(())
            })
        })
        .getter_on_value("whereclause", |this, cx| {
            let criteria = data_of(this)?.where_criteria.clone();
            Ok(match criteria.as_slice() {
                [] => Value::None,
                [one] => Value::object(one.clone()),
                _ => Value::object(ColumnElement::and_(&criteria, cx.compat())),
            })
        });
}

fn update_members(members: &mut Members) {
    members
        .with(values_members)
        .with(where_members)
        .method_on_value("ordered_values(*args)", |this, bound, cx| {
            changed(this, |data| data.set_ordered_values(bound.rest(), cx))
        });
}

/// The `set_` of an upsert.
fn set_values(value: &Value, what: &str, cx: &Cx) -> Result<DmlValues> {
    let pairs: Vec<(Value, Value)> = match value {
        Value::Dict(dict) => dict
            .borrow()
            .iter()
            .map(|(key, value)| (key.value().clone(), value.clone()))
            .collect(),
        Value::List(_) | Value::Tuple(_) => {
            let mut pairs = Vec::new();
            for pair in cx.collect(value)? {
                match cx.collect(&pair)?.as_slice() {
                    [key, value] => pairs.push((key.clone(), value.clone())),
                    _ => return Err(ARGUMENT_ERROR.error("set_ must be pairs of key and value")),
                }
            }
            pairs
        }
        other => {
            // A collection of columns: each set to what would have been inserted.
            let items = cx.call_method(other, "items", []).map_err(|_| {
                VALUE_ERROR.error(format!(
                    "{what} parameter must be a non-empty dictionary or a ColumnCollection such \
                     as the `.c.` collection of a Table object"
                ))
            })?;
            let mut pairs = Vec::new();
            for pair in cx.collect(&items)? {
                if let [key, value] = cx.collect(&pair)?.as_slice() {
                    pairs.push((key.clone(), value.clone()));
                }
            }
            pairs
        }
    };
    if pairs.is_empty() {
        return Err(VALUE_ERROR.error(format!("{what} parameter dictionary must not be empty")));
    }
    pairs
        .iter()
        .map(|(key, value)| Ok((dml_key(key, cx)?, dml_value(value, cx)?)))
        .collect()
}

fn conflict_target(bound: &Bound<'_>, cx: &Cx) -> Result<ConflictTarget> {
    if bound.has("constraint")
        && let Some(constraint) = bound.some("constraint")
    {
        if bound.some("index_elements").is_some() {
            return Err(
                VALUE_ERROR.error("'constraint' and 'index_elements' are mutually exclusive")
            );
        }
        if let Value::Str(name) = constraint {
            return Ok(ConflictTarget::Constraint(name.clone()));
        }
        let name = cx.get_attr(constraint, "name")?;
        if let Value::Str(name) = name {
            return Ok(ConflictTarget::Constraint(name));
        }
        let mut elements = Vec::new();
        for column in cx.collect(constraint)? {
            if let Some(element) = column.downcast::<ColumnElement>() {
                elements.push(ConflictElement::Element(element.clone()));
            }
        }
        return Ok(ConflictTarget::Elements {
            elements,
            index_where: None,
        });
    }
    let Some(given) = bound.some("index_elements") else {
        return Ok(ConflictTarget::Any);
    };
    let mut elements = Vec::new();
    for value in cx.collect(given)? {
        elements.push(match coerce(&value, cx)? {
            Coerced::Element(element) => ConflictElement::Element(element.plain().clone()),
            _ => ConflictElement::Name(Str::new(cx.str(&value)?)),
        });
    }
    let index_where = bound
        .some("index_where")
        .map(|value| expect_ddl_expression(value, cx))
        .transpose()?;
    Ok(ConflictTarget::Elements {
        elements,
        index_where,
    })
}

/// Whether it is an INSERT of PostgreSQL's.
fn is_postgresql(this: &Value, cx: &Cx) -> bool {
    crate::object::class_of(this, cx)
        .module()
        .starts_with("sqlalchemy.dialects.postgresql")
}

fn set_conflict(this: &Value, conflict: OnConflict) -> Result<Value> {
    if data_of(this)?.on_conflict.is_some() {
        return Err(INVALID_REQUEST_ERROR
            .error("This Insert construct already has an ON CONFLICT clause established"));
    }
    changed(this, |data| {
        data.on_conflict = Some(Rc::new(conflict));
        Ok(())
    })
}

fn conflict_members(members: &mut Members) {
    members
        .method_on_value(
            "on_conflict_do_nothing(index_elements=None, index_where=None, constraint=None)",
            |this, bound, cx| {
                let target = conflict_target(bound, cx)?;
                set_conflict(
                    this,
                    OnConflict {
                        target,
                        set: None,
                        where_: None,
                    },
                )
            },
        )
        .method_on_value(
            "on_conflict_do_update(index_elements=None, index_where=None, set_=None, where=None, \
             constraint=None)",
            |this, bound, cx| {
                let target = conflict_target(bound, cx)?;
                if matches!(target, ConflictTarget::Any) && is_postgresql(this, cx) {
                    return Err(VALUE_ERROR.error(
                        "Either constraint or index_elements, but not both, must be specified \
                         unless DO NOTHING",
                    ));
                }
                let set = set_values(bound.value("set_"), "set", cx)?;
                let where_ = bound
                    .some("where")
                    .map(|value| expect_ddl_expression(value, cx))
                    .transpose()?;
                set_conflict(
                    this,
                    OnConflict {
                        target,
                        set: Some(set),
                        where_,
                    },
                )
            },
        )
        .getter_on_value("excluded", excluded);
}

fn excluded(this: &Value, cx: &Cx) -> Result<Value> {
    match &data_of(this)?.excluded {
        Some(alias) => {
            let from = Value::object(FromClause::Alias(alias.clone()));
            cx.get_attr(&from, "c")
        }
        None => Ok(Value::None),
    }
}

fn duplicate_members(members: &mut Members) {
    members
        .method_on_value("on_duplicate_key_update(*args, **kw)", |this, bound, cx| {
            if !bound.rest().is_empty() && !bound.keywords().is_empty() {
                return Err(ARGUMENT_ERROR
                    .error("Can't pass kwargs and positional arguments simultaneously"));
            }
            let (update, ordered) = match bound.rest() {
                [] => {
                    let pairs = bound.keywords().to_vec();
                    (Value::Dict(Rc::new(Dict::from_pairs(pairs))), false)
                }
                [one] => (one.clone(), matches!(one, Value::List(_) | Value::Tuple(_))),
                _ => {
                    return Err(ARGUMENT_ERROR.error(
                        "Only a single dictionary or list of tuples is accepted positionally.",
                    ));
                }
            };
            let update = set_values(&update, "update", cx)?;
            changed(this, |data| {
                data.on_duplicate_key = Some(Rc::new(OnDuplicateKey { update, ordered }));
                Ok(())
            })
        })
        .getter_on_value("inserted", excluded);
}

macro_rules! statement_objects {
    ($($type:ident: $spec:expr;)*) => {
        $(impl Object for $type {
            fn spec(&self) -> &'static TypeSpec {
                let spec: fn(&DmlData) -> &'static TypeSpec = $spec;
                spec(self.data())
            }
            fn identity(&self) -> Option<usize> {
                Some(self.address())
            }
            fn set_attr(&self, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
                let this = Value::object(self.clone());
                Ok(crate::lang::native::sql::set_bind(&this, name, value, cx))
            }
            fn str(&self, cx: &Cx) -> Result<Option<String>> {
                // A dialect's own construct is shown as that dialect writes it.
                let this = Value::object(self.clone());
                match self.data().dialect.filter(|_| self.data().on_conflict.is_some()
                    || self.data().on_duplicate_key.is_some())
                {
                    Some(dialect) => {
                        let dialect = super::dialects::named(dialect, cx)?;
                        crate::lang::native::sql::text_under(&this, &dialect, cx).map(Some)
                    }
                    None => crate::lang::native::sql::text_of(&this, cx).map(Some),
                }
            }
            fn display_text(&self, cx: &Cx) -> Result<Option<String>> {
                Ok(crate::lang::native::sql::shown(&Value::object(self.clone()), cx))
            }
        })*
    };
}

statement_objects! {
    Insert: |data| match data.dialect {
        Some(dialect) => insert_class(dialect),
        None => &INSERT,
    };
    Update: |_| &UPDATE;
    Delete: |_| &DELETE;
}
