//! What everything SQL has in common: `str()`, `compile()`, and the compiled statement.

use std::cell::RefCell;
use std::rc::Rc;

use crate::engine::NewestDialect;
use crate::object::types::OBJECT;
use crate::object::{Cx, Dict, Members, Object, Result, TypeSpec, Value};
use crate::sql::coercions::executable_of;
use crate::sql::compiler::{
    BoundParameter, CompileOptions, Compiled, compile, compile_element, compile_from,
};
use crate::sql::dialects::{Backend, Dialect, DialectObject};
use crate::sql::dml::{Delete, Insert, Update};
use crate::sql::{ColumnElement, Executable, FromClause, Select};

/// Compile whatever `value` is.
pub fn compile_value(
    value: &Value,
    dialect: &Dialect,
    options: CompileOptions,
    cx: &Cx,
) -> Result<Option<Compiled>> {
    if let Some(element) = value.downcast::<ColumnElement>() {
        return match element.plain() {
            ColumnElement::Text(text) => {
                compile(&Executable::Text(text.clone()), dialect, options, cx).map(Some)
            }
            _ => compile_element(element, dialect, options, cx).map(Some),
        };
    }
    if let Some(from) = value.downcast::<FromClause>() {
        return compile_from(from, dialect, options, cx).map(Some);
    }
    match executable_of(value) {
        Some(statement) => compile(&statement, dialect, options, cx).map(Some),
        None => Ok(None),
    }
}

/// Where a statement keeps the engine it is bound to (1.4's `statement.bind`).
fn bind_of(value: &Value) -> Option<&RefCell<Option<Value>>> {
    if let Some(select) = value.downcast::<Select>() {
        return Some(&select.data().bind);
    }
    if let Some(insert) = value.downcast::<Insert>() {
        return Some(&insert.data().bind);
    }
    if let Some(update) = value.downcast::<Update>() {
        return Some(&update.data().bind);
    }
    value.downcast::<Delete>().map(|delete| &delete.data().bind)
}

/// The engine that a statement itself is bound to.
pub fn own_bind(value: &Value) -> Option<Value> {
    bind_of(value).and_then(|bind| bind.borrow().clone())
}

/// The dialect that `value` is compiled for where none is given: that of the engine it is bound
/// to, the one whose construct it is, or the default one.
fn own_dialect(value: &Value, cx: &Cx) -> Result<Rc<Dialect>> {
    let bound = match own_bind(value) {
        Some(own) => Some(own),
        None if cx.compat().is_14() => super::bound::bind_of_tables(value, cx),
        None => None,
    };
    if let Some(engine) = bound {
        return DialectObject::of(&engine, cx);
    }
    let insert = value.downcast::<Insert>();
    let dialect = insert
        .and_then(|insert| insert.data().dialect)
        .and_then(|name| Dialect::named(name, cx.compat()));
    Ok(dialect.unwrap_or_else(|| Dialect::default_dialect(cx.compat())))
}

/// `str(value)`.
pub fn text_of(value: &Value, cx: &Cx) -> Result<String> {
    text_under(value, &*own_dialect(value, cx)?, cx)
}

/// `value` as a display shows it: as the session's newest engine would be sent it. `None` where
/// its dialect can't write it.
pub fn shown(value: &Value, cx: &Cx) -> Option<String> {
    let newest = cx.service::<NewestDialect>().get();
    let dialect = match newest {
        Some(handle) => Rc::new(Dialect::of_handle(&handle, cx.compat())),
        None => Dialect::default_dialect(cx.compat()),
    };
    text_under(value, &dialect, cx).ok()
}

/// `value` as `dialect` writes it.
pub fn text_under(value: &Value, dialect: &Dialect, cx: &Cx) -> Result<String> {
    match compile_value(value, dialect, CompileOptions::default(), cx)? {
        Some(compiled) => Ok(compiled.sql().to_string()),
        None => Ok(String::new()),
    }
}

/// `statement.bind = engine`, which only 1.4 has; whether it took.
pub fn set_bind(statement: &Value, name: &str, engine: &Value, cx: &Cx) -> bool {
    match bind_of(statement) {
        Some(bind) if name == "bind" && cx.compat().is_14() => {
            *bind.borrow_mut() = Some(engine.clone()).filter(|engine| !engine.is_none());
            true
        }
        _ => false,
    }
}

/// Whether two constructs say the same: the same text, with the same values in it.
fn compares(this: &Value, other: &Value, cx: &Cx) -> Result<bool> {
    if this.is(other) {
        return Ok(true);
    }
    if let (Some(a), Some(b)) = (
        this.downcast::<ColumnElement>(),
        other.downcast::<ColumnElement>(),
    ) {
        if a.same(b) {
            return Ok(true);
        }
        if let (ColumnElement::Binary(a), ColumnElement::Binary(b)) = (a.plain(), b.plain()) {
            let sides = |one: &ColumnElement, two: &ColumnElement| {
                compares(&Value::object(one.clone()), &Value::object(two.clone()), cx)
            };
            return Ok(a.operator == b.operator
                && ((sides(&a.left, &b.left)? && sides(&a.right, &b.right)?)
                    || (a.operator.is_commutative()
                        && sides(&a.left, &b.right)?
                        && sides(&a.right, &b.left)?)));
        }
    }
    let dialect = Dialect::default_dialect(cx.compat());
    let compiled = |value: &Value| compile_value(value, &dialect, CompileOptions::default(), cx);
    let (Some(a), Some(b)) = (compiled(this)?, compiled(other)?) else {
        return Ok(false);
    };
    if a.sql() != b.sql() {
        return Ok(false);
    }
    let (a, b) = (
        a.values(&[], false, None, cx)?,
        b.values(&[], false, None, cx)?,
    );
    for (a, b) in a.iter().zip(&b) {
        if !cx.eq(a, b)? {
            return Ok(false);
        }
    }
    Ok(a.len() == b.len())
}

/// A compiled statement in a script's hands.
pub struct CompiledObject {
    compiled: Compiled,
    text: String,
    /// The parameters of `render_postcompile`, each list by its items.
    expanded: Option<Vec<BoundParameter>>,
    dialect: Rc<Dialect>,
    statement: Value,
}

static COMPILED: TypeSpec = TypeSpec::new("sqlalchemy.sql.compiler", "SQLCompiler")
    .bases(&[&OBJECT])
    .members(compiled_members);

macro_rules! compilers {
    ($($constant:ident = $module:literal $name:literal;)*) => {
        $(static $constant: TypeSpec =
            TypeSpec::new(concat!("sqlalchemy.", $module), $name).bases(&[&COMPILED]);)*
    };
}

compilers! {
    STR_COMPILER = "sql.compiler" "StrSQLCompiler";
    SQLITE_COMPILER = "dialects.sqlite.base" "SQLiteCompiler";
    PG_COMPILER = "dialects.postgresql.base" "PGCompiler";
    PSYCOPG2_COMPILER = "dialects.postgresql.psycopg2" "PGCompiler_psycopg2";
    MYSQL_COMPILER = "dialects.mysql.mysqldb" "MySQLCompiler_mysqldb";
    MS_COMPILER = "dialects.mssql.base" "MSSQLCompiler";
    ORACLE_COMPILER = "dialects.oracle.cx_oracle" "OracleCompiler_cx_oracle";
}

impl Object for CompiledObject {
    fn spec(&self) -> &'static TypeSpec {
        match self.dialect.backend {
            Backend::Default => &STR_COMPILER,
            Backend::Sqlite => &SQLITE_COMPILER,
            Backend::Postgresql if self.dialect.compat.is_14() => &PSYCOPG2_COMPILER,
            Backend::Postgresql => &PG_COMPILER,
            Backend::Mysql | Backend::Mariadb => &MYSQL_COMPILER,
            Backend::Mssql => &MS_COMPILER,
            Backend::Oracle => &ORACLE_COMPILER,
        }
    }
    fn str(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.text.clone()))
    }
}

fn compiled_params(
    this: &CompiledObject,
    given: &[(crate::object::Str, Value)],
    cx: &Cx,
) -> Result<Value> {
    if let Some(expanded) = this.expanded.as_ref().filter(|_| given.is_empty()) {
        let pairs = expanded
            .iter()
            .map(|parameter| (parameter.name.clone(), parameter.value.clone()));
        return Ok(Value::Dict(Rc::new(Dict::from_pairs(pairs))));
    }
    let values = this.compiled.values(given, false, None, cx)?;
    let pairs = this
        .compiled
        .binds
        .iter()
        .zip(values)
        .map(|(bind, value)| (bind.name.clone(), value));
    Ok(Value::Dict(Rc::new(Dict::from_pairs(pairs))))
}

fn compiled_members(members: &mut Members) {
    members
        .getter("string", |this: &CompiledObject, _| {
            Ok(this.text.clone().into())
        })
        .getter("statement", |this: &CompiledObject, _| {
            Ok(this.statement.clone())
        })
        .getter("params", |this: &CompiledObject, cx| {
            compiled_params(this, &[], cx)
        })
        .getter("dialect", |this: &CompiledObject, _| {
            Ok(Value::object(DialectObject::shared(this.dialect.clone())))
        })
        .getter("positiontup", |this: &CompiledObject, _| {
            if !this.dialect.paramstyle.is_positional() {
                return Ok(Value::None);
            }
            if let Some(expanded) = &this.expanded {
                let names = expanded.iter().map(|parameter| parameter.name.clone());
                return Ok(Value::list(names.map(Value::Str).collect()));
            }
            Ok(Value::list(
                this.compiled
                    .positions()
                    .into_iter()
                    .map(Value::Str)
                    .collect(),
            ))
        })
        .getter("binds", |this: &CompiledObject, _| {
            let pairs = this.compiled.binds.iter().map(|known| {
                (
                    known.name.clone(),
                    Value::object(ColumnElement::Bind(known.bind.clone())),
                )
            });
            Ok(Value::Dict(Rc::new(Dict::from_pairs(pairs))))
        })
        .method(
            "construct_params(params=None)",
            |this: &CompiledObject, bound, cx| {
                let mut given = Vec::new();
                if let Some(Value::Dict(dict)) = bound.some("params") {
                    for (key, value) in dict.borrow().iter() {
                        if let Value::Str(name) = key.value() {
                            given.push((name.clone(), value.clone()));
                        }
                    }
                }
                compiled_params(this, &given, cx)
            },
        );
}

fn compile_options(bound: &crate::object::Bound<'_>, cx: &Cx) -> Result<CompileOptions> {
    let mut options = CompileOptions::default();
    let Some((_, given)) = bound
        .keywords()
        .iter()
        .find(|(name, _)| name == "compile_kwargs")
    else {
        return Ok(options);
    };
    if let Value::Dict(dict) = given {
        if let Some(flag) = dict.get_str("literal_binds") {
            options.literal_binds = cx.truthy(&flag)?;
        }
        if let Some(flag) = dict.get_str("render_postcompile") {
            options.render_postcompile = cx.truthy(&flag)?;
        }
    }
    Ok(options)
}

/// The members of `ClauseElement`.
pub fn clause_members(members: &mut Members) {
    members
        .method_on_value(
            "compile(bind=None, dialect=None, **kw)",
            |this, bound, cx| {
                let given = bound.some("dialect").or_else(|| bound.some("bind"));
                let dialect = match given {
                    Some(value) => DialectObject::of(value, cx)?,
                    None => own_dialect(this, cx)?,
                };
                let options = compile_options(bound, cx)?;
                let expand = options.render_postcompile;
                let Some(compiled) = compile_value(this, &dialect, options, cx)? else {
                    return Ok(Value::None);
                };
                let mut text = compiled.sql().to_string();
                let mut expanded = None;
                if expand && compiled.is_post_compiled() {
                    let values = compiled.values(&[], false, None, cx)?;
                    let bound = compiled.bound(&values, &dialect, cx)?;
                    text = bound.sql.to_string();
                    expanded = Some(bound.parameters);
                }
                Ok(Value::object(CompiledObject {
                    compiled,
                    text,
                    expanded,
                    dialect,
                    statement: this.clone(),
                }))
            },
        )
        .getter_on_value("bind", |this, cx| {
            if cx.compat().is_20() {
                return Err(crate::object::no_attribute(this, "bind", cx));
            }
            let bound = own_bind(this).or_else(|| super::bound::bind_of_tables(this, cx));
            Ok(bound.unwrap_or(Value::None))
        })
        .method_on_value("compare(other, **kw)", |this, bound, cx| {
            compares(this, bound.value("other"), cx).map(Value::Bool)
        })
        .method_on_value("get_children(**kw)", |this, _, cx| {
            super::children::children(this, cx).map(Value::list)
        })
        .getter_on_value("__visit_name__", |this, _| {
            Ok(super::children::visit_name(this).into())
        })
        .method_on_value("params(*optionaldict, **kwargs)", |this, bound, cx| {
            super::params::with_params(this, bound, false, cx)
        })
        .method_on_value(
            "unique_params(*optionaldict, **kwargs)",
            |this, bound, cx| super::params::with_params(this, bound, true, cx),
        );
}
