//! `DeferredReflection`: classes whose tables are reflected by `prepare()`.

use std::rc::Rc;

use crate::engine::exc::ARGUMENT_ERROR;
use crate::engine::{Connection, Engine};
use crate::lang::native::schema::{TABLE, inspect_bind, table_of};
use crate::object::types::OBJECT;
use crate::object::{Args, Bound, Cx, Members, Result, Set, Str, TypeSpec, Value};
use crate::orm::{DEFERS, DeferredMapping, DeferredMappings};
use crate::sql::schema::{MetaData, Table};

/// `DeferredReflection`.
pub static DEFERRED_REFLECTION: TypeSpec = TypeSpec::new(
    "sqlalchemy.ext.declarative.extensions",
    "DeferredReflection",
)
.bases(&[&OBJECT])
.members(members)
.subclassable();

fn members(members: &mut Members) {
    members
        .constant(DEFERS, "DeferredReflection".into())
        .class_method("prepare(bind, **reflect_kw)", prepare);
}

/// The tables of one schema of one metadata.
struct Wanted {
    metadata: Rc<MetaData>,
    schema: Option<Str>,
    names: Vec<Value>,
}

fn want(all: &mut Vec<Wanted>, metadata: &Rc<MetaData>, schema: Option<&Str>, name: &Str) {
    let known = all
        .iter_mut()
        .find(|wanted| Rc::ptr_eq(&wanted.metadata, metadata) && wanted.schema.as_ref() == schema);
    let name = Value::Str(name.clone());
    match known {
        Some(wanted) => {
            if !wanted
                .names
                .iter()
                .any(|known| known.as_str() == name.as_str())
            {
                wanted.names.push(name);
            }
        }
        None => all.push(Wanted {
            metadata: metadata.clone(),
            schema: schema.cloned(),
            names: vec![name],
        }),
    }
}

fn reflect(
    wanted: Vec<Wanted>,
    connection: &Value,
    keywords: &[(Str, Value)],
    cx: &Cx,
) -> Result<()> {
    for one in wanted {
        let mut args = Args::from(vec![connection.clone()]);
        args.kw = vec![
            (
                Str::new("only"),
                Value::Set(Rc::new(Set::new(Set::of(one.names, cx)?))),
            ),
            (Str::new("schema"), one.schema.into()),
            (Str::new("extend_existing"), Value::Bool(true)),
            (Str::new("autoload_replace"), Value::Bool(false)),
        ];
        args.kw.extend(keywords.iter().cloned());
        cx.call_method(&Value::object(one.metadata), "reflect", args)?;
    }
    Ok(())
}

fn prepare(this: &Value, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let Value::Class(class) = this else {
        return Ok(Value::None);
    };
    let bind = bound.value("bind");
    let mappings = cx.service::<DeferredMappings>().of_base(class);
    if cx.compat().is_14() {
        map_each(&mappings, bind, cx)?;
        return Ok(Value::None);
    }
    if bind.downcast::<Connection>().is_some() {
        map_all(&mappings, bind, bound, cx)?;
        return Ok(Value::None);
    }
    let Some(engine) = bind.downcast::<Engine>() else {
        return Err(ARGUMENT_ERROR.error(format!(
            "Expected Engine or Connection, got {}",
            cx.repr(bind)?
        )));
    };
    let connection = engine.connect(cx)?;
    let mapped = map_all(&mappings, &Value::object(connection.clone()), bound, cx);
    let closed = connection.close(cx);
    mapped?;
    closed.map(|()| Value::None)
}

fn map_all(
    mappings: &[Rc<DeferredMapping>],
    connection: &Value,
    bound: &Bound<'_>,
    cx: &Cx,
) -> Result<()> {
    let mut wanted = Vec::new();
    for table in mappings.iter().filter_map(|mapping| mapping.table()) {
        want(&mut wanted, table.metadata(), table.schema(), table.name());
    }
    reflect(wanted, connection, bound.keywords(), cx)?;
    let mut linking = Vec::new();
    for mapping in mappings {
        for property in mapping.relationships() {
            let Some(relationship) = property.relationship() else {
                continue;
            };
            let secondary = &relationship.args.secondary;
            if let Some(table) = table_of(secondary) {
                want(&mut linking, table.metadata(), table.schema(), table.name());
            } else if let (Some(name), Some(own)) = (secondary.as_str(), mapping.table()) {
                // The text finds the table under its name later.
                named_table(&Str::new(name), own, cx)?;
                want(&mut linking, own.metadata(), own.schema(), &Str::new(name));
            }
        }
        mapping.map(cx)?;
    }
    reflect(linking, connection, &[], cx)
}

/// The table called `name` beside `own`, made where it is not known yet.
fn named_table(name: &Str, own: &Rc<Table>, cx: &Cx) -> Result<Value> {
    let metadata = Value::object(own.metadata().clone());
    let class = Value::Class(TABLE.class());
    cx.call(&class, [name.clone().into(), metadata])
}

/// Reflect and map one class after the other, all through one inspector, as 1.4 does.
fn map_each(mappings: &[Rc<DeferredMapping>], bind: &Value, cx: &Cx) -> Result<()> {
    let Some(engine) = bind.downcast::<Engine>() else {
        return match inspect_bind(bind) {
            Some(inspector) => map_through(mappings, &inspector, cx),
            None => Err(super::no_inspection(bind, cx)),
        };
    };
    let connection = engine.connect(cx)?;
    let mapped = match inspect_bind(&Value::object(connection.clone())) {
        Some(inspector) => map_through(mappings, &inspector, cx),
        None => Ok(()),
    };
    let closed = connection.close(cx);
    mapped.and(closed)
}

fn map_through(mappings: &[Rc<DeferredMapping>], inspector: &Value, cx: &Cx) -> Result<()> {
    for mapping in mappings {
        if let Some(table) = mapping.table() {
            reflect_table(table, inspector, cx)?;
        }
        for property in mapping.relationships() {
            let Some(relationship) = property.relationship() else {
                continue;
            };
            let secondary = &relationship.args.secondary;
            if let Some(table) = table_of(secondary) {
                reflect_table(&table, inspector, cx)?;
            } else if let (Some(name), Some(own)) = (secondary.as_str(), mapping.table())
                && let Some(table) = table_of(&named_table(&Str::new(name), own, cx)?)
            {
                reflect_table(&table, inspector, cx)?;
            }
        }
        mapping.map(cx)?;
    }
    Ok(())
}

fn reflect_table(table: &Rc<Table>, inspector: &Value, cx: &Cx) -> Result<()> {
    let mut args = Args::from(vec![
        table.name().clone().into(),
        Value::object(table.metadata().clone()),
    ]);
    args.kw = vec![
        (Str::new("extend_existing"), Value::Bool(true)),
        (Str::new("autoload_replace"), Value::Bool(false)),
        (Str::new("autoload_with"), inspector.clone()),
        (Str::new("schema"), table.schema().cloned().into()),
    ];
    cx.call(&Value::Class(TABLE.class()), args).map(drop)
}
