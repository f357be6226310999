//! `Table(..)` and its attributes.

use std::rc::Rc;

use super::consts::SchemaConst;
use super::items::SchemaItem;
use super::options::{DialectKwargs, dialect_options, options_by_dialect};
use crate::engine::exc::{ARGUMENT_ERROR, DUPLICATE_COLUMN_ERROR, INVALID_REQUEST_ERROR};
use crate::lang::native::sql::{TABLE_CLAUSE, no_attribute};
use crate::object::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR};
use crate::object::{Args, Class, Cx, Members, Method, Result, Str, TypeSpec, Value, class_of};
use crate::sql::ddl::{DdlTarget, autoincrement_column};
use crate::sql::schema::{
    Column, Constraint, ConstraintKind, MetaData, Table, add_column, add_constraint, add_index,
};
use crate::sql::{ColumnElement, FromClause};

/// `Table`.
pub static TABLE: TypeSpec = TypeSpec::new("sqlalchemy.sql.schema", "Table")
    .bases(&[&TABLE_CLAUSE])
    .construct(construct)
    .members(members);

/// A table as scripts hold it.
pub fn table_value(table: Rc<Table>) -> Value {
    Value::object(FromClause::Table(table))
}

/// The table that `value` is.
pub fn table_of(value: &Value) -> Option<Rc<Table>> {
    match value.downcast::<FromClause>()?.plain() {
        FromClause::Table(table) => Some(table.clone()),
        _ => None,
    }
}

/// The arguments of `Table(..)` that are no dialect options.
struct TableArguments {
    schema: Option<Str>,
    schema_given: bool,
    blank_schema: bool,
    quote: Option<bool>,
    quote_schema: Option<bool>,
    autoload_with: Option<Value>,
    autoload_replace: bool,
    keep_existing: bool,
    extend_existing: bool,
    include_columns: Option<Vec<Str>>,
    implicit_returning: bool,
    comment: Option<Value>,
    info: Option<Value>,
    listeners: Option<Value>,
    prefixes: Vec<Str>,
    must_exist: bool,
    resolve_fks: bool,
}

fn take_arguments(args: &mut Args, cx: &Cx) -> Result<TableArguments> {
    let mut take = |name: &str| args.take_keyword(name);
    let truth = |value: Option<Value>, default: bool| -> Result<bool> {
        value.map_or(Ok(default), |value| cx.truthy(&value))
    };
    let maybe = |value: Option<Value>| -> Result<Option<bool>> {
        value
            .filter(|value| !value.is_none())
            .map(|value| cx.truthy(&value))
            .transpose()
    };
    let texts = |value: Option<Value>| -> Result<Option<Vec<Str>>> {
        let Some(value) = value.filter(|value| !value.is_none()) else {
            return Ok(None);
        };
        let items = cx.collect(&value)?;
        Ok(Some(
            items
                .iter()
                .filter_map(|item| item.as_str().map(Str::new))
                .collect(),
        ))
    };
    let schema = take("schema");
    let some = |value: Option<Value>| value.filter(|value| !value.is_none());
    let arguments = TableArguments {
        schema_given: schema.as_ref().is_some_and(|value| !value.is_none()),
        blank_schema: schema
            .as_ref()
            .is_some_and(|value| SchemaConst::BlankSchema.is(value)),
        schema: schema.and_then(|value| value.as_str().map(Str::new)),
        quote: maybe(take("quote"))?,
        quote_schema: maybe(take("quote_schema"))?,
        autoload_with: some(take("autoload_with")),
        autoload_replace: truth(take("autoload_replace"), true)?,
        keep_existing: truth(take("keep_existing"), false)?,
        extend_existing: truth(take("extend_existing"), false)?,
        include_columns: texts(take("include_columns"))?,
        implicit_returning: truth(take("implicit_returning"), true)?,
        comment: take("comment"),
        info: some(take("info")),
        listeners: some(take("listeners")),
        prefixes: texts(take("prefixes"))?.unwrap_or_default(),
        must_exist: truth(take("must_exist"), false)? | truth(take("mustexist"), false)?,
        resolve_fks: truth(take("resolve_fks"), true)?,
    };
    for legacy in ["autoload", "_extend_on", "_reflect_info", "_no_init"] {
        take(legacy);
    }
    Ok(arguments)
}

fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    build_table(args, cx).map(table_value)
}

/// The table that `Table(name, metadata, *args, **kwargs)` makes or finds.
pub fn build_table(mut args: Args, cx: &Cx) -> Result<Rc<Table>> {
    let arguments = take_arguments(&mut args, cx)?;
    if args.pos.is_empty() {
        return Err(if cx.compat().is_14() {
            ATTRIBUTE_ERROR.error("'Table' object has no attribute 'name'")
        } else {
            TYPE_ERROR.error(
                "Table.__init__() missing 2 required positional arguments: 'name' and 'metadata'",
            )
        });
    }
    if args.pos.len() < 2 {
        return Err(TYPE_ERROR
            .error("Table() takes at least two positional-only arguments 'name' and 'metadata'"));
    }
    let name = args.pos.remove(0);
    let metadata = args.pos.remove(0);
    let Some(metadata) = metadata.downcast::<Rc<MetaData>>().cloned() else {
        return match metadata.downcast::<ColumnElement>() {
            Some(element) => Err(no_attribute(element, "schema")),
            None => Err(ATTRIBUTE_ERROR.error(format!(
                "'{}' object has no attribute 'schema'",
                class_of(&metadata, cx).name()
            ))),
        };
    };
    let name = Str::new(cx.str(&name)?);
    if arguments.keep_existing && arguments.extend_existing {
        return Err(
            ARGUMENT_ERROR.error("keep_existing and extend_existing are mutually exclusive.")
        );
    }
    let schema = if arguments.blank_schema {
        None
    } else if arguments.schema_given {
        arguments.schema.clone()
    } else {
        metadata.schema.borrow().clone()
    };
    let key = match &schema {
        Some(schema) => format!("{schema}.{name}"),
        None => name.to_string(),
    };
    if let Some(known) = metadata.table(&key) {
        if !arguments.keep_existing && !arguments.extend_existing && !args.pos.is_empty() {
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "Table '{key}' is already defined for this MetaData instance.  Specify \
                 'extend_existing=True' to redefine options and columns on an existing Table \
                 object."
            )));
        }
        if arguments.extend_existing {
            extend(&known, &arguments, &args, cx)?;
        }
        return Ok(known);
    }
    if arguments.must_exist {
        return Err(INVALID_REQUEST_ERROR.error(format!("Table '{key}' not defined")));
    }
    let table = Table::with_quote(
        name,
        metadata.clone(),
        schema,
        arguments.quote,
        arguments.quote_schema,
        arguments.implicit_returning,
    );
    metadata.add_table(&table);
    let filled = fill(&table, &arguments, &args, cx);
    if filled.is_err() {
        metadata.remove_table(&table.key());
    }
    filled.map(|()| table)
}

fn fill(table: &Rc<Table>, arguments: &TableArguments, args: &Args, cx: &Cx) -> Result<()> {
    set_options(table, arguments, args, cx)?;
    super::events::listen_all(table, arguments.listeners.as_ref(), cx)?;
    if let Some(bind) = &arguments.autoload_with {
        autoload(table, bind, arguments, &[], cx)?;
    }
    let replace =
        arguments.extend_existing || arguments.keep_existing || arguments.autoload_with.is_some();
    add_items(table, &args.pos, replace, cx)
}

fn set_options(table: &Rc<Table>, arguments: &TableArguments, args: &Args, cx: &Cx) -> Result<()> {
    if let Some(comment) = &arguments.comment {
        *table.comment.borrow_mut() = comment.as_str().map(Str::new);
    }
    if !arguments.prefixes.is_empty() {
        table.prefixes.borrow_mut().clone_from(&arguments.prefixes);
    }
    if let Some(info) = &arguments.info {
        super::set_info(table.info(), info, cx)?;
    }
    let options = dialect_options("Table", &TABLE, &args.kw, cx)?;
    table.dialect_options.borrow_mut().extend(options);
    Ok(())
}

fn autoload(
    table: &Rc<Table>,
    bind: &Value,
    arguments: &TableArguments,
    exclude: &[Str],
    cx: &Cx,
) -> Result<()> {
    super::inspector::reflect_into(
        table,
        bind,
        arguments.include_columns.as_deref(),
        exclude,
        arguments.resolve_fks,
        cx,
    )
}

fn extend(table: &Rc<Table>, arguments: &TableArguments, args: &Args, cx: &Cx) -> Result<()> {
    if arguments.schema_given && arguments.schema.as_ref() != table.schema() {
        return Err(ARGUMENT_ERROR.error(format!(
            "Can't change schema of existing table from '{}' to '{}'",
            table.schema().map_or("None", Str::as_str),
            arguments.schema.as_ref().map_or("None", Str::as_str)
        )));
    }
    if arguments.quote.is_some() || arguments.quote_schema.is_some() {
        return Err(ARGUMENT_ERROR.error("Can't redefine 'quote' or 'quote_schema' arguments"));
    }
    set_options(table, arguments, args, cx)?;
    if let Some(bind) = &arguments.autoload_with {
        let exclude: Vec<Str> = if arguments.autoload_replace {
            Vec::new()
        } else {
            table
                .column_list()
                .iter()
                .map(|column| column.name())
                .collect()
        };
        autoload(table, bind, arguments, &exclude, cx)?;
    }
    add_items(table, &args.pos, true, cx)
}

/// Add what stands in the parentheses of `Table(..)`.
pub fn add_items(table: &Rc<Table>, items: &[Value], replace: bool, cx: &Cx) -> Result<()> {
    for value in items {
        match SchemaItem::expect(value, cx)? {
            SchemaItem::Column(column) => add_column(table, &column, replace, cx)?,
            SchemaItem::Constraint(constraint) => add_constraint(table, &constraint, cx)?,
            SchemaItem::Index(index) => add_index(table, &index, cx)?,
            _ => return Err(super::items::not_an_item(value, cx)),
        }
    }
    Ok(())
}

fn with<R>(this: &Value, look: impl FnOnce(&Rc<Table>) -> Result<R>) -> Result<R> {
    match this.downcast::<FromClause>().map(FromClause::plain) {
        Some(FromClause::Table(table)) => look(table),
        _ => Err(TYPE_ERROR.error("the receiver is no Table")),
    }
}

/// `repr()` of a table.
pub fn table_repr(table: &Rc<Table>, cx: &Cx) -> Result<String> {
    let mut parts = vec![
        cx.repr(&table.name().clone().into())?,
        cx.repr(&Value::object(table.metadata().clone()))?,
    ];
    for column in table.column_list() {
        parts.push(super::column::column_repr(&column, cx)?);
    }
    parts.push(format!(
        "schema={}",
        cx.repr(&table.schema().cloned().into())?
    ));
    Ok(format!("Table({})", parts.join(", ")))
}

fn members(members: &mut Members) {
    let mut get = |name: &'static str, get: fn(&Rc<Table>, &Cx) -> Result<Value>| {
        members.getter_on_value(name, move |this, cx| with(this, |table| get(table, cx)));
    };
    get("name", |table, _| Ok(table.name().clone().into()));
    get("schema", |table, _| Ok(table.schema().cloned().into()));
    get("fullname", |table, _| Ok(table.full_name().into()));
    get("description", |table, _| Ok(table.full_name().into()));
    get("key", |table, _| Ok(table.key().into()));
    get("metadata", |table, _| {
        Ok(Value::object(table.metadata().clone()))
    });
    get("primary_key", |table, _| {
        Ok(Value::object(table.primary_key()))
    });
    get("info", |table, _| Ok(Value::Dict(table.info().clone())));
    get("dialect_options", |table, _| {
        Ok(options_by_dialect(&table.dialect_options.borrow()))
    });
    get("dialect_kwargs", |table, _| {
        Ok(DialectKwargs::of(&table.dialect_options.borrow()))
    });
    get("kwargs", |table, _| {
        Ok(DialectKwargs::of(&table.dialect_options.borrow()))
    });
    get("comment", |table, _| {
        Ok(table.comment.borrow().clone().into())
    });
    get("implicit_returning", |table, _| {
        Ok(table.implicit_returning.into())
    });
    get("foreign_keys", |table, cx| {
        super::set_of(table.foreign_keys().into_iter().map(Value::object), cx)
    });
    get("foreign_key_constraints", |table, cx| {
        let constraints = table.foreign_key_constraints();
        super::set_of(constraints.into_iter().map(Value::object), cx)
    });
    get("constraints", |table, cx| {
        super::set_of(table.constraints().into_iter().map(Value::object), cx)
    });
    get("indexes", |table, cx| {
        super::set_of(table.indexes().into_iter().map(Value::object), cx)
    });
    get("autoincrement_column", |table, cx| {
        let found = autoincrement_column(table, cx)?;
        Ok(found.map_or(Value::None, super::column::column_value))
    });
    get("_autoincrement_column", |table, cx| {
        let found = autoincrement_column(table, cx)?;
        Ok(found.map_or(Value::None, super::column::column_value))
    });
    members
        .method_on_value(
            "append_column(column, replace_existing=False)",
            |this, bound, cx| {
                with(this, |table| {
                    let column = column_argument(bound.value("column"), cx)?;
                    let replace = bound.flag("replace_existing", false);
                    add_column(table, &column, replace, cx).map_err(|raised| {
                        if !raised.is(&DUPLICATE_COLUMN_ERROR) {
                            return raised;
                        }
                        DUPLICATE_COLUMN_ERROR.error(format!(
                            "{} Specify replace_existing=True to Table.append_column() to \
                             replace an existing column.",
                            raised.message(cx)
                        ))
                    })?;
                    Ok(Value::None)
                })
            },
        )
        .method_on_value("append_constraint(constraint)", |this, bound, cx| {
            with(this, |table| {
                let item = bound.value("constraint").clone();
                add_items(table, &[item], true, cx)?;
                Ok(Value::None)
            })
        })
        .method_on_value("create(bind=None, checkfirst=False)", |this, bound, cx| {
            let target = with(this, |table| Ok(DdlTarget::Table(table.clone())))?;
            super::ddl::run(target, bound, true, false, cx)
        })
        .getter_on_value("exists", |this, cx| {
            if cx.compat().is_20() {
                return Err(crate::object::no_attribute(this, "exists", cx));
            }
            let this = this.clone();
            Ok(Method::function("exists(bind=None)", move |bound, cx| {
                super::inspector::table_exists(&this, bound.some("bind"), cx)
            }))
        })
        .method_on_value("drop(bind=None, checkfirst=False)", |this, bound, cx| {
            let target = with(this, |table| Ok(DdlTarget::Table(table.clone())))?;
            super::ddl::run(target, bound, false, false, cx)
        })
        .method_on_value(
            "to_metadata(metadata, schema=None, referred_schema_fn=None, name=None)",
            |this, bound, cx| with(this, |table| to_metadata(table, bound, cx)),
        )
        .method_on_value(
            "tometadata(metadata, schema=None, referred_schema_fn=None, name=None)",
            |this, bound, cx| with(this, |table| to_metadata(table, bound, cx)),
        );
}

fn column_argument(value: &Value, cx: &Cx) -> Result<Rc<Column>> {
    match value.downcast::<ColumnElement>().map(ColumnElement::plain) {
        Some(ColumnElement::Column(column)) => Ok(column.clone()),
        _ => Err(super::items::not_an_item(value, cx)),
    }
}

/// The schema that a foreign key of a copy in `schema` refers to; `None`: the same as before.
fn referred_schema(
    table: &Rc<Table>,
    constraint: &Rc<Constraint>,
    schema: Option<&Str>,
    bound: &crate::object::Bound<'_>,
    cx: &Cx,
) -> Result<Option<Str>> {
    let elements = constraint.elements();
    let referred = elements
        .first()
        .and_then(|element| element.referred_schema());
    let Some(function) = bound.some("referred_schema_fn") else {
        return Ok(schema
            .filter(|_| referred.as_ref() == table.schema())
            .cloned());
    };
    let answer = cx.call(
        function,
        [
            table_value(table.clone()),
            schema.cloned().into(),
            Value::object(constraint.clone()),
            referred.into(),
        ],
    )?;
    Ok(answer.as_str().map(Str::new))
}

fn to_metadata(table: &Rc<Table>, bound: &crate::object::Bound<'_>, cx: &Cx) -> Result<Value> {
    let Some(metadata) = bound.value("metadata").downcast::<Rc<MetaData>>() else {
        return Err(TYPE_ERROR.error("to_metadata() needs a MetaData"));
    };
    let name = match bound.some("name") {
        Some(name) => Str::new(cx.str(name)?),
        None => table.name().clone(),
    };
    let retained = match bound.given("schema") {
        None => table.schema().cloned(),
        Some(Value::None) => None,
        Some(other) if SchemaConst::RetainSchema.is(other) => table.schema().cloned(),
        Some(other) => other.as_str().map(Str::new),
    };
    let schema = retained.or_else(|| metadata.schema.borrow().clone());
    let key = match &schema {
        Some(schema) => format!("{schema}.{name}"),
        None => name.to_string(),
    };
    if let Some(known) = metadata.table(&key) {
        cx.warn(
            &crate::engine::exc::SA_WARNING,
            &format!(
                "Table '{}' already exists within the given MetaData - not copying.",
                table.full_name()
            ),
        );
        return Ok(table_value(known));
    }
    let copy = Table::with_quote(
        name.clone(),
        metadata.clone(),
        schema.clone(),
        table.quote,
        table.quote_schema,
        table.implicit_returning,
    );
    copy.comment
        .borrow_mut()
        .clone_from(&table.comment.borrow());
    copy.dialect_options
        .borrow_mut()
        .clone_from(&table.dialect_options.borrow());
    let info = table.info().borrow().clone();
    if !info.is_empty() {
        *copy.info().borrow_mut() = info;
    }
    metadata.add_table(&copy);
    for column in table.column_list() {
        add_column(&copy, &column.copy_into(schema.as_ref()), false, cx)?;
    }
    for constraint in table.constraints() {
        match &constraint.kind {
            ConstraintKind::ForeignKey { .. } => {
                let moved = referred_schema(table, &constraint, schema.as_ref(), bound, cx)?;
                let made = Rc::new(constraint.copy_into(moved.as_ref(), Some(&name)));
                add_constraint(&copy, &made, cx)?;
            }
            ConstraintKind::PrimaryKey { implicit: true } => {
                let name = constraint.name.borrow().clone();
                if name.as_str().is_some() {
                    *copy.primary_key().name.borrow_mut() = name;
                }
            }
            _ if constraint.type_bound().is_some() || constraint.column_flag.get() => {}
            _ => add_constraint(&copy, &Rc::new(constraint.copy()), cx)?,
        }
    }
    for index in table.indexes() {
        if !index.column_flag.get() {
            add_index(&copy, &Rc::new(index.copy()), cx)?;
        }
    }
    Ok(table_value(copy))
}

/// Assign an attribute of a table; `false`: there is no such attribute.
pub fn set_table_attr(table: &Rc<Table>, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
    match name {
        "comment" => *table.comment.borrow_mut() = value.as_str().map(Str::new),
        "info" => super::set_info(table.info(), value, cx)?,
        _ => return Ok(false),
    }
    Ok(true)
}
