//! `Column(..)` and its attributes.

use std::rc::Rc;

use super::defaults::{column_default, server_default};
use super::items::SchemaItem;
use super::options::dialect_options;
use crate::engine::exc::{ARGUMENT_ERROR, SA_DEPRECATION_WARNING};
use crate::lang::native::sql::COLUMN_CLAUSE;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Args, Class, Cx, Members, Raised, Result, Str, TypeSpec, Value};
use crate::sql::ColumnElement;
use crate::sql::schema::{
    Autoincrement, Column, ColumnDefault, ColumnOptions, Constraint, ForeignKey, ServerDefault,
};
use crate::sql::types::SqlType;

/// `Column`.
pub static COLUMN: TypeSpec = TypeSpec::new("sqlalchemy.sql.schema", "Column")
    .bases(&[&COLUMN_CLAUSE])
    .construct(construct)
    .members(members);

fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    build_column(args, cx).map(column_value)
}

/// A column as scripts hold it.
pub fn column_value(column: Rc<Column>) -> Value {
    Value::object(ColumnElement::Column(column))
}

/// A keyword taken out: `None` where it was not given.
fn take(args: &mut Args, name: &str) -> Option<Value> {
    args.take_keyword(name)
}

fn some(value: Option<Value>) -> Option<Value> {
    value.filter(|value| !value.is_none())
}

fn text(value: Option<Value>) -> Option<Str> {
    some(value).and_then(|value| value.as_str().map(Str::new))
}

fn flag(value: Option<Value>, cx: &Cx) -> Result<Option<bool>> {
    some(value).map(|value| cx.truthy(&value)).transpose()
}

fn twice(what: &str) -> Raised {
    ARGUMENT_ERROR.error(format!(
        "May not pass {what} positionally and as a keyword."
    ))
}

/// The column that `Column(*args, **kwargs)` makes.
pub fn build_column(mut args: Args, cx: &Cx) -> Result<Rc<Column>> {
    let mut name = text(take(&mut args, "name"));
    let mut ty = some(take(&mut args, "type_"));
    let mut rest = args
        .pos
        .iter()
        .cloned()
        .collect::<std::collections::VecDeque<_>>();
    match rest.front() {
        Some(Value::Str(given)) => {
            if name.is_some() {
                return Err(twice("name"));
            }
            name = Some(given.clone());
            rest.pop_front();
        }
        Some(Value::None) => {
            rest.pop_front();
        }
        _ => {}
    }
    match rest.front() {
        Some(given) if SqlType::is_type_value(given) => {
            if ty.is_some() {
                return Err(twice("type_"));
            }
            ty = rest.pop_front();
        }
        Some(Value::None) => {
            rest.pop_front();
        }
        _ => {}
    }
    let ty = match ty {
        Some(given) => SqlType::from_value(&given, cx)?,
        None => SqlType::null(),
    };
    let options = take_options(&mut args, name.as_ref(), cx)?;
    let key = text(take(&mut args, "key"));
    let column = Column::new(name, key, ty, options);
    take_defaults(&column, &mut args, cx)?;
    for item in rest {
        add_item(&column, &item, cx)?;
    }
    if let Some(doc) = take(&mut args, "doc") {
        *column.doc.borrow_mut() = doc;
    }
    if let Some(info) = some(take(&mut args, "info")) {
        super::set_info(column.info(), &info, cx)?;
    }
    take(&mut args, "_proxies");
    let options = dialect_options("Column", &COLUMN, &args.kw, cx)?;
    *column.dialect_options.borrow_mut() = options;
    Ok(column)
}

fn take_options(args: &mut Args, name: Option<&Str>, cx: &Cx) -> Result<ColumnOptions> {
    let primary_key = flag(take(args, "primary_key"), cx)?.unwrap_or(false);
    let nullable = take(args, "nullable").filter(|value| {
        // NULL_UNSPECIFIED stands for an argument not given.
        matches!(value, Value::Bool(_) | Value::None | Value::Int(_))
    });
    let quote = flag(take(args, "quote"), cx)?;
    if quote.is_some() && name.is_none() {
        return Err(
            ARGUMENT_ERROR.error("Explicit 'name' is required when sending 'quote' argument")
        );
    }
    let index = take(args, "index");
    let unique = take(args, "unique");
    let autoincrement = match take(args, "autoincrement") {
        None | Some(Value::Undefined) => Autoincrement::Auto,
        Some(Value::Str(word)) if word.as_str() == "ignore_fk" => Autoincrement::IgnoreFk,
        Some(Value::Str(_)) => Autoincrement::Auto,
        Some(value) if cx.truthy(&value)? => Autoincrement::True,
        Some(_) => Autoincrement::False,
    };
    Ok(ColumnOptions {
        nullable: match &nullable {
            Some(value) => cx.truthy(value)?,
            None => !primary_key,
        },
        nullable_given: nullable.is_some(),
        primary_key,
        index_is_text: matches!(index, Some(Value::Str(_))),
        unique_is_text: matches!(unique, Some(Value::Str(_))),
        unique: flag(unique, cx)?,
        index: flag(index, cx)?,
        autoincrement,
        quote,
        system: flag(take(args, "system"), cx)?.unwrap_or(false),
        comment: text(take(args, "comment")),
        insert_sentinel: flag(take(args, "insert_sentinel"), cx)?.unwrap_or(false),
    })
}

fn take_defaults(column: &Rc<Column>, args: &mut Args, cx: &Cx) -> Result<()> {
    let insert_default = take(args, "insert_default");
    let default = take(args, "default");
    if let Some(value) = some(insert_default).or_else(|| some(default)) {
        *column.default.borrow_mut() = Some(column_default(&value, cx)?);
    }
    if let Some(value) = some(take(args, "onupdate")) {
        *column.onupdate.borrow_mut() = Some(column_default(&value, cx)?);
    }
    if let Some(value) = some(take(args, "server_default")) {
        *column.server_default.borrow_mut() = Some(server_default(&value, cx)?);
    }
    if let Some(value) = some(take(args, "server_onupdate")) {
        *column.server_onupdate.borrow_mut() = Some(server_default(&value, cx)?);
    }
    Ok(())
}

fn generated_twice(column: &Column) -> bool {
    let is_computed = |default: &Option<Rc<ServerDefault>>| {
        matches!(
            default.as_deref(),
            None | Some(ServerDefault::Computed(_) | ServerDefault::Identity(_))
        )
    };
    !is_computed(&column.server_default.borrow()) || !is_computed(&column.server_onupdate.borrow())
}

/// Add an item that stands in the parentheses of `Column(..)`.
pub fn add_item(column: &Rc<Column>, value: &Value, cx: &Cx) -> Result<()> {
    match SchemaItem::expect(value, cx)? {
        SchemaItem::ForeignKey(key) => key.set_parent(column)?,
        SchemaItem::Constraint(constraint) => {
            *constraint.column.borrow_mut() = Rc::downgrade(column);
            column.constraints.borrow_mut().push(constraint);
        }
        SchemaItem::Default(default) => {
            // `default=` wins over what stands in the parentheses.
            column.default.borrow_mut().get_or_insert(default);
        }
        SchemaItem::Sequence(sequence) => {
            *column.default.borrow_mut() = Some(Rc::new(ColumnDefault::Sequence(sequence)));
        }
        SchemaItem::ServerDefault(default) => *column.server_default.borrow_mut() = Some(default),
        SchemaItem::Computed(computed) => {
            if generated_twice(column) {
                return Err(ARGUMENT_ERROR.error(
                    "A generated column cannot specify a server_default or a server_onupdate \
                     argument",
                ));
            }
            let default = Rc::new(ServerDefault::Computed(computed));
            *column.server_onupdate.borrow_mut() = Some(default.clone());
            *column.server_default.borrow_mut() = Some(default);
        }
        SchemaItem::Identity(identity) => {
            if generated_twice(column) {
                return Err(ARGUMENT_ERROR.error(
                    "A column with an Identity object cannot specify a server_default or a \
                     server_onupdate argument",
                ));
            }
            if column.options.borrow().autoincrement == Autoincrement::False {
                return Err(ARGUMENT_ERROR
                    .error("A column with an Identity object cannot specify autoincrement=False"));
            }
            let mut options = column.options.borrow_mut();
            if !options.nullable_given {
                options.nullable = false;
            }
            drop(options);
            let default = Rc::new(ServerDefault::Identity(identity));
            *column.server_default.borrow_mut() = Some(default);
        }
        SchemaItem::Column(_) | SchemaItem::Index(_) => {
            return Err(super::items::not_an_item(value, cx));
        }
    }
    Ok(())
}

/// The schema column that a receiver is.
fn with<R>(this: &Value, look: impl FnOnce(&Rc<Column>) -> Result<R>) -> Result<R> {
    match this.downcast::<ColumnElement>().map(ColumnElement::plain) {
        Some(ColumnElement::Column(column)) => look(column),
        _ => Err(TYPE_ERROR.error("the receiver is no Column")),
    }
}

fn shared<T: crate::object::Object + Clone>(value: Option<&T>) -> Value {
    value.cloned().map_or(Value::None, Value::object)
}

/// A server default as scripts see it.
fn server_default_value(default: Option<&Rc<ServerDefault>>) -> Value {
    match default.map(Rc::as_ref) {
        None => Value::None,
        Some(ServerDefault::Computed(computed)) => Value::object(computed.clone()),
        Some(ServerDefault::Identity(identity)) => Value::object(identity.clone()),
        Some(_) => shared(default),
    }
}

/// A default as scripts see it.
fn default_value(default: Option<&Rc<ColumnDefault>>) -> Value {
    match default.map(Rc::as_ref) {
        Some(ColumnDefault::Sequence(sequence)) => Value::object(sequence.clone()),
        _ => shared(default),
    }
}

/// `repr()` of a column.
pub fn column_repr(column: &Rc<Column>, cx: &Cx) -> Result<String> {
    let name = column.name_given().map_or(Value::None, Value::Str);
    let mut parts = vec![cx.repr(&name)?, column.sql_type().repr(cx)?];
    for key in &*column.foreign_keys.borrow() {
        parts.push(format!(
            "ForeignKey({})",
            cx.repr(&key.target_fullname().into())?
        ));
    }
    for constraint in &*column.constraints.borrow() {
        parts.push(cx.repr(&Value::object(constraint.clone()))?);
    }
    parts.push(match column.table() {
        Some(table) => format!("table=<{}>", table.name()),
        None => "table=None".to_owned(),
    });
    if column.key_given() != column.name_given() {
        parts.push(format!("key={}", cx.repr(&column.key().into())?));
    }
    let options = column.options.borrow().clone();
    if options.primary_key {
        parts.push("primary_key=True".to_owned());
    }
    if !options.nullable {
        parts.push("nullable=False".to_owned());
    }
    for (word, default) in [("onupdate", &column.onupdate), ("default", &column.default)] {
        if default.borrow().is_some() {
            let shown = default_value(default.borrow().as_ref());
            parts.push(format!("{word}={}", cx.repr(&shown)?));
        }
    }
    if column.server_default.borrow().is_some() {
        let shown = server_default_value(column.server_default.borrow().as_ref());
        parts.push(format!("server_default={}", cx.repr(&shown)?));
    }
    if let Some(comment) = &options.comment {
        parts.push(format!("comment={}", cx.repr(&comment.clone().into())?));
    }
    Ok(format!("Column({})", parts.join(", ")))
}

fn foreign_key_set(column: &Column, cx: &Cx) -> Result<Value> {
    let keys: Vec<Rc<ForeignKey>> = column.foreign_keys.borrow().clone();
    super::set_of(keys.into_iter().map(Value::object), cx)
}

fn constraint_set(column: &Column, cx: &Cx) -> Result<Value> {
    let constraints: Vec<Rc<Constraint>> = column.constraints.borrow().clone();
    super::set_of(constraints.into_iter().map(Value::object), cx)
}

fn members(members: &mut Members) {
    let mut get = |name: &'static str, get: fn(&Rc<Column>, &Cx) -> Result<Value>| {
        members.getter_on_value(name, move |this, cx| with(this, |column| get(column, cx)));
    };
    get("name", |column, _| Ok(column.name_given().into()));
    get("key", |column, _| {
        Ok(column.key_given().or_else(|| column.name_given()).into())
    });
    get("description", |column, _| Ok(column.name_given().into()));
    get("type", |column, _| Ok(column.sql_type().to_value()));
    get("table", |column, _| {
        Ok(column.table().map_or(Value::None, super::table_value))
    });
    get("nullable", |column, _| Ok(column.nullable().into()));
    get("primary_key", |column, _| Ok(column.primary_key().into()));
    get("unique", |column, _| {
        Ok(column.options.borrow().unique.into())
    });
    get("index", |column, _| {
        Ok(column.options.borrow().index.into())
    });
    get("system", |column, _| {
        Ok(column.options.borrow().system.into())
    });
    get("quote", |column, _| Ok(column.quote().into()));
    get("comment", |column, _| {
        Ok(column.options.borrow().comment.clone().into())
    });
    get("autoincrement", |column, _| {
        Ok(match column.options.borrow().autoincrement {
            Autoincrement::Auto => "auto".into(),
            Autoincrement::IgnoreFk => "ignore_fk".into(),
            Autoincrement::True => true.into(),
            Autoincrement::False => false.into(),
        })
    });
    get("default", |column, _| {
        Ok(default_value(column.default.borrow().as_ref()))
    });
    get("onupdate", |column, _| {
        Ok(default_value(column.onupdate.borrow().as_ref()))
    });
    get("server_default", |column, _| {
        Ok(server_default_value(
            column.server_default.borrow().as_ref(),
        ))
    });
    get("server_onupdate", |column, _| {
        Ok(server_default_value(
            column.server_onupdate.borrow().as_ref(),
        ))
    });
    get("computed", |column, _| {
        Ok(match column.server_default.borrow().as_deref() {
            Some(ServerDefault::Computed(computed)) => Value::object(computed.clone()),
            _ => Value::None,
        })
    });
    get("identity", |column, _| {
        Ok(match column.server_default.borrow().as_deref() {
            Some(ServerDefault::Identity(identity)) => Value::object(identity.clone()),
            _ => Value::None,
        })
    });
    get("foreign_keys", |column, cx| foreign_key_set(column, cx));
    get("constraints", |column, cx| constraint_set(column, cx));
    get("info", |column, _| Ok(Value::Dict(column.info().clone())));
    get("doc", |column, _| Ok(column.doc.borrow().clone()));
    get("_creation_order", |column, _| {
        Ok(Value::Int(
            i64::try_from(column.creation_order()).unwrap_or(i64::MAX),
        ))
    });
    members
        .method_on_value("references(column)", |this, bound, cx| {
            with(this, |column| {
                let other = bound.value("column").downcast::<ColumnElement>().cloned();
                let Some(ColumnElement::Column(other)) = other else {
                    return Ok(Value::Bool(false));
                };
                for key in column.foreign_keys.borrow().clone() {
                    if Rc::ptr_eq(&key.column(cx)?, &other) {
                        return Ok(Value::Bool(true));
                    }
                }
                Ok(Value::Bool(false))
            })
        })
        .method_on_value("copy(**kw)", |this, _, cx| {
            cx.warn(
                &SA_DEPRECATION_WARNING,
                "The Column.copy() method is deprecated and will be removed in a future release. \
                 (deprecated since: 1.4)",
            );
            with(this, |column| Ok(column_value(column.copy())))
        })
        .method_on_value("_copy(**kw)", |this, _, _| {
            with(this, |column| Ok(column_value(column.copy())))
        });
}

/// Assign an attribute of a column; `false`: there is no such attribute.
pub fn set_column_attr(column: &Rc<Column>, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
    match name {
        "name" => {
            if let Some(text) = value.as_str() {
                column.set_name(Str::new(text));
            }
        }
        "key" => {
            if let Some(text) = value.as_str() {
                column.set_key(Str::new(text));
            }
        }
        "type" => column.set_type(SqlType::from_value(value, cx)?),
        "nullable" => column.options.borrow_mut().nullable = cx.truthy(value)?,
        "primary_key" => column.options.borrow_mut().primary_key = cx.truthy(value)?,
        "unique" => column.options.borrow_mut().unique = Some(cx.truthy(value)?),
        "index" => column.options.borrow_mut().index = Some(cx.truthy(value)?),
        "comment" => {
            column.options.borrow_mut().comment = value.as_str().map(Str::new);
        }
        "default" | "onupdate" => {
            let made = match value {
                Value::None => None,
                given => Some(column_default(given, cx)?),
            };
            let slot = if name == "default" {
                &column.default
            } else {
                &column.onupdate
            };
            *slot.borrow_mut() = made;
        }
        "server_default" => {
            *column.server_default.borrow_mut() = match value {
                Value::None => None,
                given => Some(server_default(given, cx)?),
            };
        }
        "doc" => *column.doc.borrow_mut() = value.clone(),
        "_creation_order" => {
            let order = value.as_int().and_then(|order| u64::try_from(order).ok());
            column.set_creation_order(order.unwrap_or_default());
        }
        _ => return Ok(false),
    }
    Ok(true)
}
