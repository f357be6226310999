//! `sqlalchemy.ext.compiler`, and the compilers that the functions it registers are given.

use std::rc::Rc;

use crate::engine::exc::ARGUMENT_ERROR;
use crate::lang::native::schema::DdlObject;
use crate::object::types::OBJECT;
use crate::object::{Bound, Class, Cx, Method, ModuleSpec, Object, Result, Str, TypeSpec, Value};
use crate::sql::compiler::CompilerHandle;
use crate::sql::ddl::{DdlCompiler, compile_ddl, compile_ddl_plain};
use crate::sql::dialects::{Dialect, DialectObject};
use crate::sql::hooks::CompileHooks;
use crate::sql::types::{SqlType, TypeCompiler};
use crate::sql::{ColumnElement, FromClause};

/// `sqlalchemy.ext.compiler`.
pub static COMPILER_MODULE: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.ext.compiler",
    names: &[
        ("compiles", |_| compiles()),
        ("deregister", |_| deregister()),
    ],
    unsupported: &[],
    dynamic: None,
};

fn class_argument(bound: &Bound<'_>, cx: &Cx) -> Result<Rc<Class>> {
    match bound.value("class_") {
        Value::Class(class) => Ok(class.clone()),
        other => {
            Err(ARGUMENT_ERROR.error(format!("compiles() takes a class, not {}", cx.repr(other)?)))
        }
    }
}

fn compiles() -> Value {
    Method::function("compiles(class_, *specs)", |bound, cx| {
        let class = class_argument(bound, cx)?;
        let mut dialects = Vec::new();
        for name in bound.rest() {
            match name {
                Value::Str(name) => dialects.push(name.clone()),
                other => {
                    return Err(ARGUMENT_ERROR.error(format!(
                        "compiles() takes the names of dialects, not {}",
                        cx.repr(other)?
                    )));
                }
            }
        }
        Ok(Method::function("decorate(fn)", move |bound, cx| {
            let hooks = cx.service::<CompileHooks>();
            hooks.show_ddl(|ddl| Value::object(DdlObject(Rc::new(ddl.clone()))));
            hooks.register(&class, &dialects, bound.value("fn"));
            Ok(bound.value("fn").clone())
        }))
    })
}

fn deregister() -> Value {
    Method::function("deregister(class_)", |bound, cx| {
        let class = class_argument(bound, cx)?;
        cx.service::<CompileHooks>().deregister(&class);
        Ok(Value::None)
    })
}

/// A `visit_..` method: renders its argument as if no function were registered for it.
fn visitor(render: impl Fn(&Value, &[(Str, Value)], &Cx) -> Result<Value> + 'static) -> Value {
    Method::function("visit(element, *args, **kw)", move |bound, cx| {
        render(bound.value("element"), bound.keywords(), cx)
    })
}

/// The attributes that every compiler has.
fn common_attr(dialect: &Rc<Dialect>, name: &str) -> Option<Value> {
    Some(match name {
        "dialect" => Value::object(DialectObject::shared(dialect.clone())),
        "preparer" => Value::object(Preparer(dialect.clone())),
        "type_compiler" | "type_compiler_instance" => {
            Value::object(TypeCompiler::new(dialect.clone()))
        }
        _ => return None,
    })
}

static SQL_COMPILER: TypeSpec =
    TypeSpec::new("sqlalchemy.sql.compiler", "SQLCompiler").bases(&[&OBJECT]);

impl Object for Rc<CompilerHandle> {
    fn spec(&self) -> &'static TypeSpec {
        &SQL_COMPILER
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(self) as usize)
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        if let Some(found) = common_attr(self.dialect(), name) {
            return Ok(Some(found));
        }
        let handle = self.clone();
        Ok(Some(match name {
            "sql_compiler" => Value::object(self.clone()),
            "process" => Method::function("process(obj, **kwargs)", move |bound, cx| {
                let text = handle.process(bound.value("obj"), bound.keywords(), false, cx)?;
                Ok(text.into())
            }),
            "function_argspec" => {
                Method::function("function_argspec(func, **kwargs)", move |bound, cx| {
                    let text = handle.argspec(bound.value("func"), bound.keywords(), cx)?;
                    Ok(text.into())
                })
            }
            "render_literal_value" => {
                Method::function("render_literal_value(value, type_)", move |bound, cx| {
                    let type_ = crate::sql::coercions::expect_type(bound.value("type_"), cx)?;
                    crate::sql::compiler::literal_text(
                        bound.value("value"),
                        &type_,
                        handle.dialect(),
                        cx,
                    )
                    .map(Value::from)
                })
            }
            _ if name.starts_with("visit_") => visitor(move |element, keywords, cx| {
                handle.process(element, keywords, true, cx).map(Value::from)
            }),
            _ => return Ok(None),
        }))
    }
}

static TYPE_COMPILER: TypeSpec =
    TypeSpec::new("sqlalchemy.sql.compiler", "GenericTypeCompiler").bases(&[&OBJECT]);

impl Object for TypeCompiler {
    fn spec(&self) -> &'static TypeSpec {
        &TYPE_COMPILER
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        let dialect = self.dialect().clone();
        let plain = name.starts_with("visit_");
        if plain || name == "process" {
            return Ok(Some(visitor(move |type_, _, cx| {
                let Some(type_) = type_.downcast::<SqlType>() else {
                    return Err(ARGUMENT_ERROR
                        .error(format!("A type is expected, got {}", cx.repr(type_)?)));
                };
                let text = if plain {
                    type_.plain_ddl(&dialect, cx)
                } else {
                    type_.ddl(&dialect, cx)
                };
                text.map(Value::from)
            })));
        }
        Ok(match name {
            "dialect" => Some(Value::object(DialectObject::shared(dialect))),
            _ => None,
        })
    }
}

static DDL_COMPILER: TypeSpec =
    TypeSpec::new("sqlalchemy.sql.compiler", "DDLCompiler").bases(&[&OBJECT]);

impl Object for DdlCompiler {
    fn spec(&self) -> &'static TypeSpec {
        &DDL_COMPILER
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        if let Some(found) = common_attr(self.dialect(), name) {
            return Ok(Some(found));
        }
        let dialect = self.dialect().clone();
        let plain = name.starts_with("visit_");
        if plain || name == "process" {
            return Ok(Some(visitor(move |element, keywords, cx| {
                let Some(ddl) = element.downcast::<DdlObject>() else {
                    let handle = CompilerHandle::detached(dialect.clone(), cx);
                    return handle
                        .process(element, keywords, plain, cx)
                        .map(Value::from);
                };
                let text = if plain {
                    compile_ddl_plain(&ddl.0, &dialect, cx)
                } else {
                    compile_ddl(&ddl.0, &dialect, cx)
                };
                text.map(Value::from)
            })));
        }
        Ok(match name {
            "sql_compiler" => Some(Value::object(Rc::new(CompilerHandle::detached(
                dialect, cx,
            )))),
            "get_column_specification" => Some(visitor(move |column, _, cx| {
                match column.downcast::<ColumnElement>().map(ColumnElement::plain) {
                    Some(ColumnElement::Column(column)) => {
                        let ddl = crate::sql::ddl::Ddl::CreateColumn(column.clone());
                        compile_ddl_plain(&ddl, &dialect, cx).map(Value::from)
                    }
                    _ => Err(ARGUMENT_ERROR
                        .error(format!("A column is expected, got {}", cx.repr(column)?))),
                }
            })),
            _ => None,
        })
    }
}

/// Quotes names as the database wants them: `compiler.preparer`, `dialect.identifier_preparer`.
pub struct Preparer(pub Rc<Dialect>);

static PREPARER: TypeSpec =
    TypeSpec::new("sqlalchemy.sql.compiler", "IdentifierPreparer").bases(&[&OBJECT]);

impl Preparer {
    fn table(&self, value: &Value, use_schema: bool, cx: &Cx) -> Result<String> {
        match value.downcast::<FromClause>().map(FromClause::plain) {
            Some(FromClause::Table(table)) => {
                let schema = table.schema().filter(|_| use_schema);
                Ok(self.0.format_table_name(table.name(), table.quote, schema))
            }
            Some(from) => {
                let name = from.name().map_or_else(String::new, |name| name.display());
                let schema = from.schema().filter(|_| use_schema);
                Ok(self
                    .0
                    .format_table_name(&Str::from(name), None, schema.as_ref()))
            }
            None => {
                Err(ARGUMENT_ERROR.error(format!("A table is expected, got {}", cx.repr(value)?)))
            }
        }
    }
    fn column(&self, bound: &Bound<'_>, cx: &Cx) -> Result<String> {
        let value = bound.value("column");
        let Some(column) = value.downcast::<ColumnElement>() else {
            return Err(
                ARGUMENT_ERROR.error(format!("A column is expected, got {}", cx.repr(value)?))
            );
        };
        let name = match bound.some("name").and_then(Value::as_str) {
            Some(name) => name.to_owned(),
            None => column
                .name()
                .map_or_else(String::new, |name| name.display()),
        };
        let name = self.0.quote(&name).into_owned();
        match column.table().filter(|_| bound.flag("use_table", false)) {
            Some(table) => {
                let table = self.table(&Value::object(table), true, cx)?;
                Ok(format!("{table}.{name}"))
            }
            None => Ok(name),
        }
    }
}

impl Object for Preparer {
    fn spec(&self) -> &'static TypeSpec {
        &PREPARER
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        let own = Self(self.0.clone());
        Ok(Some(match name {
            "quote" => Method::function("quote(ident, force=None)", move |bound, _| {
                Ok(own.0.quote(bound.text("ident")?).into_owned().into())
            }),
            "quote_schema" => {
                Method::function("quote_schema(schema, force=None)", move |bound, _| {
                    Ok(own.0.quote(bound.text("schema")?).into_owned().into())
                })
            }
            "quote_identifier" => Method::function("quote_identifier(value)", move |bound, _| {
                Ok(own.0.quote_identifier(bound.text("value")?).into())
            }),
            "format_table" => Method::function(
                "format_table(table, use_schema=True, name=None)",
                move |bound, cx| {
                    own.table(bound.value("table"), bound.flag("use_schema", true), cx)
                        .map(Value::from)
                },
            ),
            "format_column" => Method::function(
                "format_column(column, use_table=False, name=None, table_name=None)",
                move |bound, cx| own.column(bound, cx).map(Value::from),
            ),
            _ => return Ok(None),
        }))
    }
}
