//! `Index(..)`.

use std::rc::Rc;

use super::constraint::constraint_name;
use super::options::{DialectKwargs, dialect_options, options_by_dialect};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::types::OBJECT;
use crate::object::{Args, Class, Cx, Members, Object, Result, Signature, TypeSpec, Value};
use crate::sql::ColumnElement;
use crate::sql::coercions::{Coerced, coerce};
use crate::sql::schema::{ConstraintName, Index, IndexPart, add_index, auto_attach_index};

/// `Index`.
pub static INDEX: TypeSpec = TypeSpec::new("sqlalchemy.sql.schema", "Index")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members);

fn part(value: &Value, cx: &Cx) -> Result<IndexPart> {
    if let Value::Str(name) = value {
        return Ok(IndexPart::Pending(name.clone()));
    }
    if let Coerced::Element(element) = coerce(value, cx)? {
        return Ok(match element.plain() {
            ColumnElement::Column(column) => IndexPart::Column(column.clone()),
            other => IndexPart::Expression(other.clone()),
        });
    }
    Err(ARGUMENT_ERROR.error(format!(
        "String column name or column expression for DDL constraint expected, got {}.",
        cx.repr(value)?
    )))
}

fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse(
        "__init__(name, *expressions, unique=False, quote=None, info=None, _table=None, \
         _column_flag=False, **dialect_kw)",
        Some("Index"),
    );
    let bound = signature.bind(args)?;
    let parts = bound
        .rest()
        .iter()
        .map(|value| part(value, cx))
        .collect::<Result<Vec<_>>>()?;
    let mut index = Index::new(constraint_name(&bound), parts, bound.flag("unique", false));
    index.quote = bound
        .some("quote")
        .map(|value| cx.truthy(value))
        .transpose()?;
    let options = dialect_options("Index", &INDEX, bound.keywords(), cx)?;
    *index.dialect_options.borrow_mut() = options;
    let index = Rc::new(index);
    if let Some(info) = bound.some("info") {
        super::set_info(index.info(), info, cx)?;
    }
    match bound.some("_table").and_then(super::table_of) {
        Some(table) => add_index(&table, &index, cx)?,
        None => auto_attach_index(&index, cx)?,
    }
    Ok(Value::object(index))
}

fn part_value(part: &IndexPart) -> Value {
    match part {
        IndexPart::Column(column) => super::column::column_value(column.clone()),
        IndexPart::Pending(name) => name.clone().into(),
        IndexPart::Expression(element) => Value::object(element.clone()),
    }
}

fn members(members: &mut Members) {
    members
        .getter("name", |this: &Rc<Index>, _| {
            Ok(this.name.borrow().as_str().cloned().into())
        })
        .getter("unique", |this: &Rc<Index>, _| Ok(this.unique.into()))
        .getter("table", |this: &Rc<Index>, _| {
            Ok(this.table().map_or(Value::None, super::table_value))
        })
        .getter("expressions", |this: &Rc<Index>, _| {
            Ok(Value::list(
                this.parts.borrow().iter().map(part_value).collect(),
            ))
        })
        .getter("columns", |this: &Rc<Index>, _| {
            let entries = this
                .columns()
                .into_iter()
                .map(|column| (column.key(), ColumnElement::Column(column)));
            Ok(Value::object(
                crate::lang::native::sql::ColumnCollection::new(entries.collect()),
            ))
        })
        .getter_on_value("ddl_if", super::events::ddl_if)
        .getter("dialect_options", |this: &Rc<Index>, _| {
            Ok(options_by_dialect(&this.dialect_options.borrow()))
        })
        .getter("dialect_kwargs", |this: &Rc<Index>, _| {
            Ok(DialectKwargs::of(&this.dialect_options.borrow()))
        })
        .getter("kwargs", |this: &Rc<Index>, _| {
            Ok(DialectKwargs::of(&this.dialect_options.borrow()))
        })
        .getter("info", |this: &Rc<Index>, _| {
            Ok(Value::Dict(this.info().clone()))
        })
        .method(
            "create(bind=None, checkfirst=False)",
            |this: &Rc<Index>, bound, cx| {
                let target = crate::sql::ddl::DdlTarget::Index(this.clone());
                super::ddl::run(target, bound, true, false, cx)?;
                Ok(if cx.compat().is_14() {
                    Value::object(this.clone())
                } else {
                    Value::None
                })
            },
        )
        .method(
            "drop(bind=None, checkfirst=False)",
            |this: &Rc<Index>, bound, cx| {
                let target = crate::sql::ddl::DdlTarget::Index(this.clone());
                super::ddl::run(target, bound, false, false, cx)
            },
        );
}

impl Object for Rc<Index> {
    fn spec(&self) -> &'static TypeSpec {
        &INDEX
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(self) as usize)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let name: Value = self.name.borrow().as_str().cloned().into();
        let mut parts = vec![cx.repr(&name)?];
        let own: Vec<_> = self.parts.borrow().iter().map(part_value).collect();
        for value in &own {
            parts.push(cx.repr(value)?);
        }
        if self.unique {
            parts.push("unique=True".to_owned());
        }
        Ok(Some(format!("Index({})", parts.join(", "))))
    }
    fn set_attr(&self, name: &str, value: &Value, _cx: &Cx) -> Result<bool> {
        if name != "name" {
            return Ok(false);
        }
        *self.name.borrow_mut() = match value.as_str() {
            Some(text) => ConstraintName::Given(text.into()),
            None => ConstraintName::Unnamed,
        };
        Ok(true)
    }
}
