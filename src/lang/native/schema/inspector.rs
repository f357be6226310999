//! `inspect(engine)`: the inspector of a database, and reflection into tables.

use std::rc::Rc;

use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::engine::{Connection, Engine};
use crate::object::types::OBJECT;
use crate::object::{Bound, Cx, Dict, Members, Object, Result, Str, TypeSpec, Value};
use crate::sql::reflection::{
    Catalogue, Inspector, ReflectOptions, ReflectedColumn, ReflectedForeignKey, ReflectedIndex,
    reflect_metadata as reflect_tables, reflect_table,
};
use crate::sql::schema::{MetaData, Table};
use crate::sql::{ColumnElement, TextClause};
use crate::util::topological;

/// An inspector in a script's hands.
pub struct InspectorObject {
    bind: Value,
    inspector: Inspector,
}

static INSPECTOR: TypeSpec = TypeSpec::new("sqlalchemy.engine.reflection", "Inspector")
    .bases(&[&OBJECT])
    .members(members)
    .construct(|_, args, cx| {
        let none = Value::None;
        let bind = args.pos.first().unwrap_or(&none);
        match inspect_bind(bind) {
            Some(inspector) => Ok(inspector),
            None => Err(crate::object::exceptions::TYPE_ERROR.error(format!(
                "can't inspect a {}",
                crate::object::class_of(bind, cx).name()
            ))),
        }
    });

/// What `inspect(bind)` answers for an engine or connection.
pub fn inspect_bind(bind: &Value) -> Option<Value> {
    let is_bind = bind.downcast::<Engine>().is_some() || bind.downcast::<Connection>().is_some();
    is_bind.then(|| {
        Value::object(InspectorObject {
            bind: bind.clone(),
            inspector: Inspector::default(),
        })
    })
}

/// The class `Inspector`.
pub fn inspector_class() -> Value {
    Value::Class(INSPECTOR.class())
}

/// Read the catalogue through `bind`: an engine's connection is closed behind it.
fn with_catalogue<R>(
    bind: &Value,
    cx: &Cx,
    read: impl FnOnce(&Catalogue<'_>) -> Result<R>,
) -> Result<R> {
    if let Some(connection) = bind.downcast::<Connection>() {
        return read(&Catalogue::new(connection, cx));
    }
    if let Some(inspector) = bind.downcast::<InspectorObject>() {
        return with_catalogue(&inspector.bind, cx, read);
    }
    let Some(engine) = bind.downcast::<Engine>() else {
        return Err(crate::engine::exc::NO_INSPECTION_AVAILABLE.error(format!(
            "No inspection system is available for object of type {}",
            cx.repr(&Value::Class(crate::object::class_of(bind, cx)))?
        )));
    };
    let connection = engine.connect(cx)?;
    let answer = read(&Catalogue::new(&connection, cx));
    let closed = connection.close(cx);
    let answer = answer?;
    closed.map(|()| answer)
}

fn schema_of(bound: &Bound<'_>) -> Option<Str> {
    bound.some("schema").and_then(Value::as_str).map(Str::new)
}

fn texts(names: &[Str]) -> Value {
    Value::list(names.iter().cloned().map(Value::Str).collect())
}

fn dict<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::Dict(Rc::new(Dict::from_pairs(pairs)))
}

/// A column as `get_columns()` tells it.
pub fn column_dict(column: &ReflectedColumn, cx: &Cx) -> Value {
    let made = Dict::from_pairs([
        ("name", Value::Str(column.name.clone())),
        ("type", column.ty.to_value()),
        ("nullable", Value::Bool(column.nullable)),
        ("default", column.default.clone().into()),
    ]);
    if cx.compat().is_14() {
        made.insert_str("autoincrement", "auto".into());
    }
    made.insert_str("primary_key", Value::Int(column.primary_key));
    if let Some((sqltext, persisted)) = &column.computed {
        made.insert_str(
            "computed",
            dict([
                ("sqltext", Value::Str(sqltext.clone())),
                ("persisted", Value::Bool(*persisted)),
            ]),
        );
    }
    Value::Dict(Rc::new(made))
}

fn foreign_key_dict(key: &ReflectedForeignKey) -> Value {
    let options = key
        .options
        .iter()
        .map(|(name, value)| (*name, value.clone()));
    dict([
        ("name", key.name.clone().into()),
        ("constrained_columns", texts(&key.columns)),
        ("referred_schema", key.referred_schema.clone().into()),
        ("referred_table", Value::Str(key.referred_table.clone())),
        ("referred_columns", texts(&key.referred_columns)),
        ("options", Value::Dict(Rc::new(Dict::from_pairs(options)))),
    ])
}

fn index_dict(index: &ReflectedIndex) -> Value {
    let made = Dict::from_pairs([
        ("name", Value::Str(index.name.clone())),
        ("column_names", texts(&index.columns)),
        ("unique", Value::Int(index.unique)),
    ]);
    let options = Dict::default();
    if let Some(condition) = &index.condition {
        let clause = ColumnElement::Text(TextClause::new(condition));
        options.insert_str("sqlite_where", Value::object(clause));
    }
    made.insert_str("dialect_options", Value::Dict(Rc::new(options)));
    Value::Dict(Rc::new(made))
}

type Read = fn(&Inspector, &str, Option<&Str>, &Catalogue<'_>) -> Result<Value>;

const TABLE_READERS: &[(&str, Read)] = &[
    (
        "get_columns(table_name, schema=None, **kw)",
        |inspector, table, schema, catalogue| {
            let columns = inspector.columns(table, schema, catalogue)?;
            let cx = catalogue.cx();
            Ok(Value::list(
                columns
                    .iter()
                    .map(|column| column_dict(column, cx))
                    .collect(),
            ))
        },
    ),
    (
        "get_pk_constraint(table_name, schema=None, **kw)",
        |inspector, table, schema, catalogue| {
            let key = inspector.primary_key(table, schema, catalogue)?;
            Ok(dict([
                ("constrained_columns", texts(&key.columns)),
                ("name", key.name.clone().into()),
            ]))
        },
    ),
    (
        "get_foreign_keys(table_name, schema=None, **kw)",
        |inspector, table, schema, catalogue| {
            let keys = inspector.foreign_keys(table, schema, catalogue)?;
            Ok(Value::list(keys.iter().map(foreign_key_dict).collect()))
        },
    ),
    (
        "get_indexes(table_name, schema=None, **kw)",
        |inspector, table, schema, catalogue| {
            let indexes = inspector.indexes(table, schema, catalogue)?;
            Ok(Value::list(indexes.iter().map(index_dict).collect()))
        },
    ),
    (
        "get_unique_constraints(table_name, schema=None, **kw)",
        |inspector, table, schema, catalogue| {
            let uniques = inspector.uniques(table, schema, catalogue)?;
            Ok(Value::list(
                uniques
                    .iter()
                    .map(|unique| {
                        dict([
                            ("name", unique.name.clone().into()),
                            ("column_names", texts(&unique.columns)),
                        ])
                    })
                    .collect(),
            ))
        },
    ),
    (
        "get_check_constraints(table_name, schema=None, **kw)",
        |inspector, table, schema, catalogue| {
            let checks = inspector.checks(table, schema, catalogue)?;
            Ok(Value::list(
                checks
                    .iter()
                    .map(|check| {
                        dict([
                            ("sqltext", Value::Str(check.sqltext.clone())),
                            ("name", check.name.clone().into()),
                        ])
                    })
                    .collect(),
            ))
        },
    ),
];

/// The readers of many tables, which 2.0 has, each with that of one table that it calls.
const MANY_READERS: &[(&str, &str)] = &[
    (
        "get_multi_columns(schema=None, filter_names=None, kind=None, scope=None, **kw)",
        "get_columns",
    ),
    (
        "get_multi_pk_constraint(schema=None, filter_names=None, kind=None, scope=None, **kw)",
        "get_pk_constraint",
    ),
    (
        "get_multi_foreign_keys(schema=None, filter_names=None, kind=None, scope=None, **kw)",
        "get_foreign_keys",
    ),
    (
        "get_multi_indexes(schema=None, filter_names=None, kind=None, scope=None, **kw)",
        "get_indexes",
    ),
    (
        "get_multi_unique_constraints(schema=None, filter_names=None, kind=None, scope=None, **kw)",
        "get_unique_constraints",
    ),
    (
        "get_multi_check_constraints(schema=None, filter_names=None, kind=None, scope=None, **kw)",
        "get_check_constraints",
    ),
];

fn only_20(name: &str, cx: &Cx) -> Result<()> {
    if cx.compat().is_20() {
        return Ok(());
    }
    Err(crate::object::exceptions::ATTRIBUTE_ERROR
        .error(format!("'Inspector' object has no attribute '{name}'")))
}

fn read_many(this: &InspectorObject, bound: &Bound<'_>, single: &str, cx: &Cx) -> Result<Value> {
    only_20(&single.replacen("get_", "get_multi_", 1), cx)?;
    let schema = schema_of(bound);
    let wanted = match bound.some("filter_names") {
        Some(names) => Some(cx.collect(names)?),
        None => None,
    };
    let found = TABLE_READERS
        .iter()
        .find(|(signature, _)| signature.starts_with(single));
    let Some((_, read)) = found else {
        return Ok(Value::None);
    };
    with_catalogue(&this.bind, cx, |catalogue| {
        let all = Dict::default();
        for name in this
            .inspector
            .table_names(schema.as_ref(), catalogue)?
            .iter()
        {
            let asked = |names: &Vec<Value>| names.iter().any(|one| one.as_str() == Some(name));
            if !wanted.as_ref().is_none_or(asked) {
                continue;
            }
            let key = Value::tuple(vec![schema.clone().into(), name.clone().into()]);
            let read = read(&this.inspector, name, schema.as_ref(), catalogue)?;
            all.insert(key, read, cx)?;
        }
        Ok(Value::Dict(Rc::new(all)))
    })
}

fn members(members: &mut Members) {
    for (signature, single) in MANY_READERS {
        members.method(signature, move |this: &InspectorObject, bound, cx| {
            read_many(this, bound, single, cx)
        });
    }
    members
        .method(
            "has_schema(schema_name, **kw)",
            |this: &InspectorObject, bound, cx| {
                only_20("has_schema", cx)?;
                let wanted = bound.text("schema_name")?;
                with_catalogue(&this.bind, cx, |catalogue| {
                    let known = this.inspector.schema_names(catalogue)?;
                    Ok(known.iter().any(|name| name == wanted).into())
                })
            },
        )
        .method(
            "get_materialized_view_names(schema=None, **kw)",
            |_: &InspectorObject, _, cx| {
                only_20("get_materialized_view_names", cx)?;
                Err(not_implemented())
            },
        );
    for (signature, read) in TABLE_READERS {
        members.method(signature, move |this: &InspectorObject, bound, cx| {
            let table = Str::new(cx.str(bound.value("table_name"))?);
            let schema = schema_of(bound);
            with_catalogue(&this.bind, cx, |catalogue| {
                read(&this.inspector, &table, schema.as_ref(), catalogue)
            })
        });
    }
    members
        .with(name_members)
        .with(table_members)
        .with(bind_members);
}

/// The names of what there is.
fn name_members(members: &mut Members) {
    members
        .method(
            "get_table_names(schema=None, **kw)",
            |this: &InspectorObject, bound, cx| {
                with_catalogue(&this.bind, cx, |catalogue| {
                    let names = this
                        .inspector
                        .table_names(schema_of(bound).as_ref(), catalogue)?;
                    Ok(texts(&names))
                })
            },
        )
        .method(
            "get_view_names(schema=None, **kw)",
            |this: &InspectorObject, bound, cx| {
                with_catalogue(&this.bind, cx, |catalogue| {
                    let names = this
                        .inspector
                        .view_names(schema_of(bound).as_ref(), catalogue)?;
                    Ok(texts(&names))
                })
            },
        )
        .method(
            "get_temp_table_names(**kw)",
            |this: &InspectorObject, _, cx| {
                with_catalogue(&this.bind, cx, |catalogue| {
                    Ok(texts(&this.inspector.temp_table_names(catalogue)?))
                })
            },
        )
        .method(
            "get_temp_view_names(**kw)",
            |this: &InspectorObject, _, cx| {
                with_catalogue(&this.bind, cx, |catalogue| {
                    Ok(texts(&this.inspector.temp_view_names(catalogue)?))
                })
            },
        )
        .method("get_schema_names(**kw)", |this: &InspectorObject, _, cx| {
            with_catalogue(&this.bind, cx, |catalogue| {
                Ok(texts(&this.inspector.schema_names(catalogue)?))
            })
        })
        .method(
            "get_sequence_names(schema=None, **kw)",
            |_: &InspectorObject, _, _| Err(not_implemented()),
        )
        .method(
            "get_table_comment(table_name, schema=None, **kw)",
            |_: &InspectorObject, _, _| Err(not_implemented()),
        )
        .method(
            "has_sequence(sequence_name, schema=None, **kw)",
            |_: &InspectorObject, _, _| Err(not_implemented()),
        )
        .method(
            "get_sorted_table_and_fkc_names(schema=None, **kw)",
            |this: &InspectorObject, bound, cx| {
                let schema = schema_of(bound);
                with_catalogue(&this.bind, cx, |catalogue| {
                    sorted_names(&this.inspector, schema.as_ref(), catalogue)
                })
            },
        );
}

/// What single tables and views are like.
fn table_members(members: &mut Members) {
    members
        .method(
            "get_view_definition(view_name, schema=None, **kw)",
            |this: &InspectorObject, bound, cx| {
                with_catalogue(&this.bind, cx, |catalogue| {
                    let name = bound.text("view_name")?;
                    let schema = schema_of(bound);
                    let sql = this
                        .inspector
                        .view_definition(name, schema.as_ref(), catalogue)?;
                    Ok(sql.into())
                })
            },
        )
        .method(
            "has_table(table_name, schema=None, **kw)",
            |this: &InspectorObject, bound, cx| {
                with_catalogue(&this.bind, cx, |catalogue| {
                    let name = bound.text("table_name")?;
                    let schema = schema_of(bound);
                    catalogue.has_table(name, schema.as_ref()).map(Value::Bool)
                })
            },
        )
        .method(
            "has_index(table_name, index_name, schema=None, **kw)",
            |this: &InspectorObject, bound, cx| {
                with_catalogue(&this.bind, cx, |catalogue| {
                    let table = bound.text("table_name")?;
                    let name = bound.text("index_name")?;
                    let schema = schema_of(bound);
                    if !catalogue.has_table(table, schema.as_ref())? {
                        return Ok(Value::Bool(false));
                    }
                    let indexes = this.inspector.indexes(table, schema.as_ref(), catalogue)?;
                    Ok(Value::Bool(indexes.iter().any(|index| index.name == *name)))
                })
            },
        )
        .method(
            "get_table_options(table_name, schema=None, **kw)",
            |_: &InspectorObject, _, _| Ok(Value::Dict(Rc::default())),
        )
        .method("clear_cache()", |this: &InspectorObject, _, _| {
            this.inspector.clear();
            Ok(Value::None)
        })
        .method(
            "reflect_table(table, include_columns, exclude_columns=(), resolve_fks=True)",
            |this: &InspectorObject, bound, cx| {
                let Some(table) = super::table_of(bound.value("table")) else {
                    return Ok(Value::None);
                };
                let bind = this.bind.clone();
                reflect_into(
                    &table,
                    &bind,
                    None,
                    &[],
                    bound.flag("resolve_fks", true),
                    cx,
                )?;
                Ok(Value::None)
            },
        );
}

/// The database that is inspected.
fn bind_members(members: &mut Members) {
    members
        .getter("default_schema_name", |_: &InspectorObject, _| {
            Ok("main".into())
        })
        .getter("bind", |this: &InspectorObject, _| Ok(this.bind.clone()))
        .getter("engine", |this: &InspectorObject, _| {
            Ok(match this.bind.downcast::<Connection>() {
                Some(connection) => Value::object(connection.engine().clone()),
                None => this.bind.clone(),
            })
        })
        .getter("dialect", |this: &InspectorObject, cx| {
            cx.get_attr(&this.bind, "dialect")
        });
}

/// The error of what SQLite does not have.
fn not_implemented() -> crate::object::Raised {
    crate::object::Raised::new(
        &crate::object::exceptions::NOT_IMPLEMENTED_ERROR,
        Vec::new(),
    )
}

/// The tables in the order of their foreign keys, each with the names of those, and at last the
/// foreign keys that must be added later because tables refer to each other.
fn sorted_names(
    inspector: &Inspector,
    schema: Option<&Str>,
    catalogue: &Catalogue<'_>,
) -> Result<Value> {
    let cx = catalogue.cx();
    let tables = inspector.table_names(schema, catalogue)?.to_vec();
    let mut edges = Vec::new();
    let mut keys = Vec::with_capacity(tables.len());
    for table in &tables {
        let own = inspector.foreign_keys(table, schema, catalogue)?;
        for key in own.iter().filter(|key| key.referred_table != *table) {
            edges.push((key.referred_table.clone(), table.clone()));
        }
        keys.push(own);
    }
    let mut remaining = Vec::new();
    let sorted = if let Ok(sorted) = topological::sort(&tables, &edges) {
        sorted
    } else {
        let cyclic = topological::find_cycles(&edges);
        edges.retain(|(_, table)| !cyclic.contains(table));
        for table in &cyclic {
            let at = tables.iter().position(|known| known == table);
            let own = at.and_then(|at| keys.get(at));
            for key in own.iter().flat_map(|own| own.iter()) {
                remaining.push(Value::tuple(vec![
                    table.clone().into(),
                    key.name.clone().into(),
                ]));
            }
        }
        topological::sort(&tables, &edges).unwrap_or_else(|_| tables.clone())
    };
    let mut all = Vec::with_capacity(sorted.len() + 1);
    for table in sorted {
        let at = tables.iter().position(|known| *known == table);
        let own = at.and_then(|at| keys.get(at));
        let names = own.iter().flat_map(|own| own.iter()).filter_map(|key| {
            let pair = (table.as_str(), key.name.as_ref().map(Str::as_str));
            let later = remaining.iter().any(|one| match one {
                Value::Tuple(parts) => {
                    parts.first().and_then(Value::as_str) == Some(pair.0)
                        && parts.get(1).and_then(Value::as_str) == pair.1
                }
                _ => false,
            });
            (!later).then(|| key.name.clone().into())
        });
        let names = super::set_of(names, cx)?;
        all.push(Value::tuple(vec![table.clone().into(), names]));
    }
    all.push(Value::tuple(vec![Value::None, Value::list(remaining)]));
    Ok(Value::list(all))
}

impl Object for InspectorObject {
    fn spec(&self) -> &'static TypeSpec {
        &INSPECTOR
    }
}

/// Fill `table` with what the database at `bind` has under its name.
pub fn reflect_into(
    table: &Rc<Table>,
    bind: &Value,
    include: Option<&[Str]>,
    exclude: &[Str],
    resolve_fks: bool,
    cx: &Cx,
) -> Result<()> {
    let options = ReflectOptions {
        include: include.map(<[Str]>::to_vec),
        exclude: exclude.to_vec(),
        resolve_fks,
    };
    let own = Inspector::default();
    let inspector = match bind.downcast::<InspectorObject>() {
        Some(object) => &object.inspector,
        None => &own,
    };
    with_catalogue(bind, cx, |catalogue| {
        reflect_table(table, inspector, &options, catalogue)
    })
}

/// 1.4's `table.exists()`.
pub fn table_exists(table: &Value, bind: Option<&Value>, cx: &Cx) -> Result<Value> {
    let Some(table) = super::table_of(table) else {
        return Ok(Value::Bool(false));
    };
    let own = table.metadata().bind.borrow().clone();
    let bind = bind.unwrap_or(&own);
    if bind.is_none() {
        return Err(crate::engine::exc::UNBOUND_EXECUTION_ERROR.error(format!(
            "Table object '{}' is not bound to an Engine or Connection.  Execution can not \
             proceed without a database to execute against.",
            table.full_name()
        )));
    }
    with_catalogue(bind, cx, |catalogue| {
        catalogue
            .has_table(table.name(), table.schema())
            .map(Value::Bool)
    })
}

/// `metadata.reflect(..)`.
pub fn reflect_metadata(metadata: &Rc<MetaData>, bound: &Bound<'_>, cx: &Cx) -> Result<()> {
    let bind = match bound.some("bind") {
        Some(bind) => bind.clone(),
        None => metadata.bind.borrow().clone(),
    };
    let schema = schema_of(bound).or_else(|| metadata.schema.borrow().clone());
    let schema = schema.as_ref();
    let extend = bound.flag("extend_existing", false);
    let inspector = Inspector::default();
    with_catalogue(&bind, cx, |catalogue| {
        let mut available = inspector.table_names(schema, catalogue)?.to_vec();
        if bound.flag("views", false) {
            available.extend(inspector.view_names(schema, catalogue)?.iter().cloned());
        }
        let known = |name: &Str| {
            let key = match schema {
                Some(schema) => format!("{schema}.{name}"),
                None => name.to_string(),
            };
            metadata.table(&key).is_some()
        };
        let wanted = match bound.some("only") {
            None => available,
            Some(only @ (Value::List(_) | Value::Tuple(_) | Value::Set(_))) => {
                let names: Vec<Str> = cx
                    .collect(only)?
                    .iter()
                    .filter_map(|name| name.as_str().map(Str::new))
                    .collect();
                let missing: Vec<_> = names
                    .iter()
                    .filter(|name| !available.contains(name))
                    .map(ToString::to_string)
                    .collect();
                if !missing.is_empty() {
                    let engine = match bind.downcast::<Connection>() {
                        Some(connection) => Value::object(connection.engine().clone()),
                        None => bind.clone(),
                    };
                    let place =
                        schema.map_or(String::new(), |schema| format!(" schema '{schema}'"));
                    return Err(INVALID_REQUEST_ERROR.error(format!(
                        "Could not reflect: requested table(s) not available in {}{place}: ({})",
                        cx.repr(&engine)?,
                        missing.join(", ")
                    )));
                }
                names
            }
            Some(function) => {
                let mut chosen = Vec::new();
                for name in available {
                    let answer = cx.call(
                        function,
                        [Value::Str(name.clone()), Value::object(metadata.clone())],
                    )?;
                    if cx.truthy(&answer)? {
                        chosen.push(name);
                    }
                }
                chosen
            }
        };
        let load: Vec<Str> = wanted
            .into_iter()
            .filter(|name| extend || !known(name))
            .collect();
        reflect_tables(
            metadata,
            &load,
            schema,
            extend,
            bound.flag("resolve_fks", true),
            &inspector,
            catalogue,
        )
    })
}
