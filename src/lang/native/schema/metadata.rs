//! `MetaData(..)`.

use std::rc::Rc;

use crate::engine::Url;
use crate::engine::exc::ARGUMENT_ERROR;
use crate::lang::native::engine::{create, immutable_dict};
use crate::object::types::OBJECT;
use crate::object::{
    Args, Class, Cx, Dict, Members, Object, Result, Signature, Str, TypeSpec, Value,
};
use crate::sql::ddl::DdlTarget;
use crate::sql::schema::{MetaData, Table, sort_tables};

/// `MetaData`.
pub static METADATA: TypeSpec = TypeSpec::new("sqlalchemy.sql.schema", "MetaData")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members);

fn construct(_class: &Rc<Class>, mut args: Args, cx: &Cx) -> Result<Value> {
    let text = if cx.compat().is_14() {
        "__init__(bind=None, schema=None, quote_schema=None, naming_convention=None, info=None)"
    } else {
        "__init__(schema=None, quote_schema=None, naming_convention=None, info=None)"
    };
    let settled = cx.compat().is_20() && cx.compat_is_settled();
    let bind = match settled {
        true => None,
        false => args.take_keyword("bind"),
    };
    let signature = Signature::parse(text, Some("MetaData"));
    let bound = signature.bind(args)?;
    let schema = match bound.some("schema") {
        None => None,
        Some(Value::Str(schema)) => Some(schema.clone()),
        Some(other) => {
            return Err(ARGUMENT_ERROR.error(format!(
                "expected schema argument to be a string, got {}.",
                cx.repr(&Value::Class(crate::object::class_of(other, cx)))?
            )));
        }
    };
    let mut metadata = MetaData::default();
    *metadata.schema.borrow_mut() = schema;
    metadata.quote_schema = bound
        .some("quote_schema")
        .map(|value| cx.truthy(value))
        .transpose()?;
    if let Some(convention) = bound.some("naming_convention") {
        *metadata.naming_convention.borrow_mut() = Some(convention_of(convention, cx)?);
    }
    let bind = bind.or_else(|| {
        bound
            .has("bind")
            .then(|| bound.some("bind").cloned())
            .flatten()
    });
    if let Some(bind) = bind {
        *metadata.bind.borrow_mut() = bind_of(bind, cx)?;
    }
    if let Some(info) = bound.some("info") {
        super::set_info(metadata.info(), info, cx)?;
    }
    Ok(Value::object(Rc::new(metadata)))
}

/// `bind=` of 1.4, where a URL makes an engine.
fn bind_of(bind: Value, cx: &Cx) -> Result<Value> {
    if matches!(bind, Value::Str(_)) || bind.downcast::<Url>().is_some() {
        create(&bind, Vec::new(), cx)
    } else {
        Ok(bind)
    }
}

/// The entries of `naming_convention=`.
pub fn convention_of(value: &Value, cx: &Cx) -> Result<Vec<(Value, Value)>> {
    if let Value::Dict(dict) = value {
        return Ok(dict
            .borrow()
            .iter()
            .map(|(key, value)| (key.value().clone(), value.clone()))
            .collect());
    }
    let mut entries = Vec::new();
    for key in cx.collect(value)? {
        let found = cx.call_method(value, "__getitem__", [key.clone()])?;
        entries.push((key, found));
    }
    Ok(entries)
}

fn tables_argument(value: Option<&Value>, cx: &Cx) -> Result<Option<Vec<Rc<Table>>>> {
    let Some(value) = value else {
        return Ok(None);
    };
    let items = cx.collect(value)?;
    Ok(Some(items.iter().filter_map(super::table_of).collect()))
}

fn members(members: &mut Members) {
    members
        .getter("tables", |this: &Rc<MetaData>, _| {
            Ok(Value::object(Tables(this.clone())))
        })
        .getter("sorted_tables", |this: &Rc<MetaData>, cx| {
            let mut tables = this.table_list();
            tables.sort_by_key(|table| table.key());
            let sorted = sort_tables(&tables, cx)?;
            Ok(Value::list(
                sorted.into_iter().map(super::table_value).collect(),
            ))
        })
        .getter("schema", |this: &Rc<MetaData>, _| {
            Ok(this.schema.borrow().clone().into())
        })
        .getter("info", |this: &Rc<MetaData>, _| {
            Ok(Value::Dict(this.info().clone()))
        })
        .getter_on_value("bind", |this, cx| match this.downcast::<Rc<MetaData>>() {
            Some(own) if cx.compat().is_14() || !own.bind.borrow().is_none() => {
                Ok(own.bind.borrow().clone())
            }
            _ => Err(crate::object::no_attribute(this, "bind", cx)),
        })
        .getter("naming_convention", |this: &Rc<MetaData>, cx| {
            let dict = Dict::default();
            match &*this.naming_convention.borrow() {
                None => {
                    dict.insert_str("ix", "ix_%(column_0_label)s".into());
                    return Ok(immutable_dict(dict));
                }
                Some(entries) => {
                    for (key, value) in entries {
                        dict.insert(key.clone(), value.clone(), cx)?;
                    }
                }
            }
            Ok(Value::Dict(Rc::new(dict)))
        })
        .method("clear()", |this: &Rc<MetaData>, _, _| {
            this.clear();
            Ok(Value::None)
        })
        .method("remove(table)", |this: &Rc<MetaData>, bound, _| {
            if let Some(table) = super::table_of(bound.value("table")) {
                this.remove_table(&table.key());
            }
            Ok(Value::None)
        })
        .method(
            "create_all(bind=None, tables=None, checkfirst=True)",
            |this: &Rc<MetaData>, bound, cx| {
                let tables = tables_argument(bound.some("tables"), cx)?;
                let target = DdlTarget::MetaData(this.clone(), tables);
                super::ddl::run(target, bound, true, true, cx)
            },
        )
        .method(
            "drop_all(bind=None, tables=None, checkfirst=True)",
            |this: &Rc<MetaData>, bound, cx| {
                let tables = tables_argument(bound.some("tables"), cx)?;
                let target = DdlTarget::MetaData(this.clone(), tables);
                super::ddl::run(target, bound, false, true, cx)
            },
        )
        .method(
            "reflect(bind=None, schema=None, views=False, only=None, extend_existing=False, \
             autoload_replace=True, resolve_fks=True, **dialect_kwargs)",
            |this: &Rc<MetaData>, bound, cx| {
                super::inspector::reflect_metadata(this, bound, cx)?;
                Ok(Value::None)
            },
        );
}

impl Object for Rc<MetaData> {
    fn spec(&self) -> &'static TypeSpec {
        &METADATA
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(self) as usize)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let bind = self.bind.borrow().clone();
        Ok(Some(if bind.is_none() {
            "MetaData()".to_owned()
        } else {
            format!("MetaData(bind={})", cx.repr(&bind)?)
        }))
    }
    fn contains(&self, _this: &Value, item: &Value, _cx: &Cx) -> Result<Option<bool>> {
        let key = match item.as_str() {
            Some(key) => Some(Str::new(key)),
            None => super::table_of(item).map(|table| table.key()),
        };
        Ok(Some(key.is_some_and(|key| self.table(&key).is_some())))
    }
    fn set_attr(&self, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
        match name {
            "schema" => *self.schema.borrow_mut() = value.as_str().map(Str::new),
            "bind" => *self.bind.borrow_mut() = bind_of(value.clone(), cx)?,
            "naming_convention" => {
                let made = match value {
                    Value::None => None,
                    given => Some(convention_of(given, cx)?),
                };
                *self.naming_convention.borrow_mut() = made;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// `metadata.tables`: the tables by key, read only.
pub struct Tables(Rc<MetaData>);

static TABLES: TypeSpec = TypeSpec::new("sqlalchemy.util._collections", "FacadeDict")
    .bases(&[&OBJECT])
    .members(tables_members);

impl Tables {
    fn dict(&self) -> Value {
        let tables = self.0.table_list();
        Value::Dict(Rc::new(Dict::from_pairs(
            tables
                .into_iter()
                .map(|table| (table.key(), super::table_value(table))),
        )))
    }
}

fn tables_members(members: &mut Members) {
    for text in ["keys()", "values()", "items()", "copy()"] {
        let name = text.trim_end_matches("()");
        members.method(text, move |this: &Tables, _, cx| {
            cx.call_method(&this.dict(), name, [])
        });
    }
    members.method("get(key, default=None)", |this: &Tables, bound, _| {
        let found = bound
            .value("key")
            .as_str()
            .and_then(|key| this.0.table(key));
        Ok(match found {
            Some(table) => super::table_value(table),
            None => bound.given("default").cloned().unwrap_or(Value::None),
        })
    });
}

impl Object for Tables {
    fn spec(&self) -> &'static TypeSpec {
        &TABLES
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!("FacadeDict({})", cx.repr(&self.dict())?)))
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.0.tables().len()))
    }
    fn contains(&self, _this: &Value, item: &Value, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(
            item.as_str().is_some_and(|key| self.0.table(key).is_some()),
        ))
    }
    fn get_item(&self, _this: &Value, key: &Value, _cx: &Cx) -> Result<Option<Value>> {
        match key.as_str().and_then(|key| self.0.table(key)) {
            Some(table) => Ok(Some(super::table_value(table))),
            None => Err(crate::object::key_error(key.clone())),
        }
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        let keys: Vec<Value> = self.0.tables().keys().cloned().map(Value::Str).collect();
        Ok(Some(Value::list(keys)))
    }
    fn compare(
        &self,
        _this: &Value,
        op: crate::object::CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let other = match other.downcast::<Self>() {
            Some(tables) => tables.dict(),
            None => other.clone(),
        };
        crate::object::ops::compare(op, &self.dict(), &other, cx).map(Some)
    }
}
