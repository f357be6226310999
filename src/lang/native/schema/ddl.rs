//! `CreateTable(..)` and the other DDL elements; `create_all()` on engines and connections.

use std::rc::Rc;

use super::mock::MockConnection;
use crate::engine::exc::{ARGUMENT_ERROR, UNBOUND_EXECUTION_ERROR};
use crate::engine::{Connection, Engine};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::OBJECT;
use crate::object::{
    Args, Bound, Class, Cx, Dict, Instance, Members, Object, Result, Signature, Str, TypeSpec,
    Value, class_of,
};
use crate::sql::ColumnElement;
use crate::sql::ddl::{Ddl, DdlBind, DdlTarget, compile_ddl, create, drop as drop_target};
use crate::sql::dialects::{Backend, Dialect, DialectObject};
use crate::sql::schema::{Constraint, Index, Sequence};

/// Run `work` on the connection that `bind` is, or on one of the engine that it is, in a
/// transaction.
pub fn on_connection<R>(
    bind: &Value,
    cx: &Cx,
    work: impl FnOnce(&Connection) -> Result<R>,
) -> Result<R> {
    if let Some(connection) = bind.downcast::<Connection>() {
        return work(connection);
    }
    let Some(engine) = bind.downcast::<Engine>() else {
        return Err(no_bind(bind, cx));
    };
    let connection = engine.connect(cx)?;
    let transaction = connection.begin(cx)?;
    match work(&connection) {
        Ok(answer) => {
            transaction.commit(cx)?;
            connection.close(cx)?;
            Ok(answer)
        }
        Err(raised) => {
            // The first error is the one to show.
            drop(transaction.rollback(cx));
            drop(connection.close(cx));
            Err(raised)
        }
    }
}

/// The same where the bind may be a mock, too.
pub fn on_bind<R>(bind: &Value, cx: &Cx, work: impl FnOnce(DdlBind<'_>) -> Result<R>) -> Result<R> {
    match bind.downcast::<MockConnection>() {
        Some(mock) => work(DdlBind::Mock(mock)),
        None => on_connection(bind, cx, |connection| work(DdlBind::Connection(connection))),
    }
}

fn no_bind(bind: &Value, cx: &Cx) -> crate::object::Raised {
    if bind.is_none() {
        return crate::object::exceptions::ATTRIBUTE_ERROR
            .error("'NoneType' object has no attribute '_run_ddl_visitor'");
    }
    crate::object::exceptions::ATTRIBUTE_ERROR.error(format!(
        "'{}' object has no attribute '_run_ddl_visitor'",
        class_of(bind, cx).name()
    ))
}

/// The metadata's own bind, of 1.4.
fn bind_of(target: &DdlTarget) -> Value {
    let metadata = match target {
        DdlTarget::MetaData(metadata, _) => Some(metadata.clone()),
        DdlTarget::Table(table) => Some(table.metadata().clone()),
        DdlTarget::Index(index) => index.table().map(|table| table.metadata().clone()),
        DdlTarget::Sequence(sequence) => sequence.metadata.borrow().clone(),
    };
    metadata.map_or(Value::None, |metadata| metadata.bind.borrow().clone())
}

/// What an error calls `target`.
fn described(target: &DdlTarget, cx: &Cx) -> Result<String> {
    let (class, name) = match target {
        DdlTarget::MetaData(..) => return Ok("MetaData object".to_owned()),
        DdlTarget::Table(table) => ("Table", Some(Str::new(table.full_name()))),
        DdlTarget::Index(index) => ("Index", index.name.borrow().as_str().cloned()),
        DdlTarget::Sequence(sequence) => ("Sequence", Some(sequence.name.clone())),
    };
    Ok(match name {
        Some(name) => format!("{class} object {}", cx.repr(&name.into())?),
        None => format!("{class} object"),
    })
}

/// `create(bind, checkfirst)` or `drop(..)` of anything that has them.
pub fn run(
    target: DdlTarget,
    bound: &Bound<'_>,
    creates: bool,
    check: bool,
    cx: &Cx,
) -> Result<Value> {
    let check = bound.flag("checkfirst", check);
    let bind = match bound.given("bind") {
        Some(bind) if !bind.is_none() => bind.clone(),
        given => {
            if cx.compat().is_20() && given.is_none() {
                let what = if creates { "create" } else { "drop" };
                let (class, all) = match &target {
                    DdlTarget::MetaData(..) => ("MetaData", "_all"),
                    DdlTarget::Table(_) => ("Table", ""),
                    DdlTarget::Index(_) => ("Index", ""),
                    DdlTarget::Sequence(_) => ("Sequence", ""),
                };
                return Err(TYPE_ERROR.error(format!(
                    "{class}.{what}{all}() missing 1 required positional argument: 'bind'"
                )));
            }
            let own = bind_of(&target);
            if own.is_none() && cx.compat().is_14() {
                return Err(UNBOUND_EXECUTION_ERROR.error(format!(
                    "{} is not bound to an Engine or Connection.  Execution can not proceed \
                     without a database to execute against.",
                    described(&target, cx)?
                )));
            }
            own
        }
    };
    on_bind(&bind, cx, |bind| {
        if creates {
            create(&target, bind, check, cx)
        } else {
            drop_target(&target, bind, check, cx)
        }
    })?;
    Ok(Value::None)
}

const MODULE: &str = "sqlalchemy.sql.ddl";

/// A DDL element as scripts hold it.
pub struct DdlObject(pub Rc<Ddl>);

static DDL_ELEMENT: TypeSpec = TypeSpec::new(MODULE, "ExecutableDDLElement")
    .bases(&[&OBJECT])
    .members(members)
    .construct(construct_custom)
    .subclassable();

/// Makes an instance of a script's class below `DDLElement`, which `@compiles` renders.
fn construct_custom(class: &Rc<Class>, _args: Args, _cx: &Cx) -> Result<Value> {
    if class.spec().is_some() {
        return Err(TYPE_ERROR.error(format!("cannot create '{}' instances", class.full_name())));
    }
    let instance = Instance::new(class.clone());
    let ddl = Rc::new(Ddl::Custom(instance.clone()));
    instance.set_payload(Rc::new(DdlObject(ddl)));
    Ok(Value::Instance(instance))
}

macro_rules! elements {
    ($($constant:ident = $name:literal, $signature:literal, $make:expr;)*) => {
        $(static $constant: TypeSpec = TypeSpec::new(MODULE, $name)
            .bases(&[&DDL_ELEMENT])
            .construct(|_class, args, cx| {
                let signature = Signature::parse($signature, Some($name));
                let bound = signature.bind(args)?;
                let make: fn(&Bound<'_>, &Cx) -> Result<Ddl> = $make;
                make(&bound, cx).map(|ddl| Value::object(DdlObject(Rc::new(ddl))))
            });)*
        /// The classes of this file, for the modules that export them.
        pub static CLASSES: &[&TypeSpec] = &[&DDL_ELEMENT, $(&$constant),*];
    };
}

fn table(bound: &Bound<'_>, cx: &Cx) -> Result<Rc<crate::sql::schema::Table>> {
    super::table_of(bound.value("element")).ok_or_else(|| wrong(bound, "Table", cx))
}

/// The error of a `CreateTable` of something else.
fn no_columns(value: &Value, cx: &Cx) -> crate::object::Raised {
    crate::object::exceptions::ATTRIBUTE_ERROR.error(format!(
        "'{}' object has no attribute 'columns'",
        class_of(value, cx).name()
    ))
}

fn shared<T: 'static>(bound: &Bound<'_>, what: &str, cx: &Cx) -> Result<Rc<T>> {
    let found = bound.value("element").downcast::<Rc<T>>().cloned();
    found.ok_or_else(|| wrong(bound, what, cx))
}

fn wrong(bound: &Bound<'_>, what: &str, cx: &Cx) -> crate::object::Raised {
    let shown = cx.repr(bound.value("element")).unwrap_or_default();
    ARGUMENT_ERROR.error(format!("{what} object expected, got {shown}"))
}

elements! {
    CREATE_TABLE = "CreateTable",
        "__init__(element, include_foreign_key_constraints=None, if_not_exists=False)",
        |bound, cx| Ok(Ddl::CreateTable {
            table: super::table_of(bound.value("element"))
                .ok_or_else(|| no_columns(bound.value("element"), cx))?,
            if_not_exists: bound.flag("if_not_exists", false),
            foreign_keys: match bound.some("include_foreign_key_constraints") {
                Some(given) => Some(
                    cx.collect(given)?
                        .iter()
                        .filter_map(|one| one.downcast::<Rc<Constraint>>().cloned())
                        .collect(),
                ),
                None => None,
            },
        });
    CREATE_COLUMN = "CreateColumn", "__init__(element)",
        |bound, cx| Ok(Ddl::CreateColumn(item_column(bound, cx)?));
    DROP_TABLE = "DropTable", "__init__(element, if_exists=False)",
        |bound, cx| Ok(Ddl::DropTable {
            table: table(bound, cx)?,
            if_exists: bound.flag("if_exists", false),
        });
    CREATE_INDEX = "CreateIndex", "__init__(element, if_not_exists=False)",
        |bound, cx| Ok(Ddl::CreateIndex {
            index: shared::<Index>(bound, "Index", cx)?,
            if_not_exists: bound.flag("if_not_exists", false),
        });
    DROP_INDEX = "DropIndex", "__init__(element, if_exists=False)",
        |bound, cx| Ok(Ddl::DropIndex {
            index: shared::<Index>(bound, "Index", cx)?,
            if_exists: bound.flag("if_exists", false),
        });
    CREATE_SCHEMA = "CreateSchema", "__init__(name, if_not_exists=False)",
        |bound, _| Ok(Ddl::CreateSchema {
            name: Str::new(bound.text("name")?),
            if_not_exists: bound.flag("if_not_exists", false),
        });
    DROP_SCHEMA = "DropSchema", "__init__(name, cascade=False, if_exists=False)",
        |bound, _| Ok(Ddl::DropSchema {
            name: Str::new(bound.text("name")?),
            if_exists: bound.flag("if_exists", false),
            cascade: bound.flag("cascade", false),
        });
    CREATE_SEQUENCE = "CreateSequence", "__init__(element, if_not_exists=False)",
        |bound, cx| Ok(Ddl::CreateSequence {
            sequence: shared::<Sequence>(bound, "Sequence", cx)?,
            if_not_exists: bound.flag("if_not_exists", false),
        });
    DROP_SEQUENCE = "DropSequence", "__init__(element, if_exists=False)",
        |bound, cx| Ok(Ddl::DropSequence {
            sequence: shared::<Sequence>(bound, "Sequence", cx)?,
            if_exists: bound.flag("if_exists", false),
        });
    ADD_CONSTRAINT = "AddConstraint", "__init__(element, isolate_from_table=True)",
        |bound, cx| Ok(Ddl::AddConstraint(isolated_constraint(bound, cx)?));
    DROP_CONSTRAINT = "DropConstraint",
        "__init__(element, cascade=False, if_exists=False, isolate_from_table=True)",
        |bound, cx| Ok(Ddl::DropConstraint {
            constraint: isolated_constraint(bound, cx)?,
            if_exists: bound.flag("if_exists", false),
            cascade: bound.flag("cascade", false),
        });
    SET_TABLE_COMMENT = "SetTableComment", "__init__(element)",
        |bound, cx| Ok(Ddl::TableComment { table: table(bound, cx)?, drop: false });
    DROP_TABLE_COMMENT = "DropTableComment", "__init__(element)",
        |bound, cx| Ok(Ddl::TableComment { table: table(bound, cx)?, drop: true });
    SET_COLUMN_COMMENT = "SetColumnComment", "__init__(element)",
        |bound, cx| Ok(Ddl::ColumnComment {
            column: item_column(bound, cx)?,
            drop: false,
        });
    DROP_COLUMN_COMMENT = "DropColumnComment", "__init__(element)",
        |bound, cx| Ok(Ddl::ColumnComment {
            column: item_column(bound, cx)?,
            drop: true,
        });
    DDL_TEXT = "DDL", "__init__(statement, context=None)",
        |bound, cx| {
            let Value::Str(statement) = bound.value("statement") else {
                return Err(ARGUMENT_ERROR.error(format!(
                    "Expected a string or unicode SQL statement, got '{}'",
                    cx.repr(bound.value("statement"))?
                )));
            };
            let context = match bound.some("context") {
                Some(Value::Dict(dict)) => dict
                    .borrow()
                    .iter()
                    .filter_map(|(key, value)| {
                        Some((Str::new(key.value().as_str()?), value.clone()))
                    })
                    .collect(),
                _ => Vec::new(),
            };
            Ok(Ddl::Text { statement: statement.clone(), context, target: None })
        };
}

/// The constraint that an ALTER is about: CREATE TABLE leaves it out from now on.
fn isolated_constraint(bound: &Bound<'_>, cx: &Cx) -> Result<Rc<Constraint>> {
    let constraint = shared::<Constraint>(bound, "Constraint", cx)?;
    if bound.flag("isolate_from_table", true) {
        constraint.isolated.set(true);
    }
    Ok(constraint)
}

fn item_column(bound: &Bound<'_>, cx: &Cx) -> Result<Rc<crate::sql::schema::Column>> {
    match bound
        .value("element")
        .downcast::<ColumnElement>()
        .map(ColumnElement::plain)
    {
        Some(ColumnElement::Column(column)) => Ok(column.clone()),
        _ => Err(wrong(bound, "Column", cx)),
    }
}

/// The class of a DDL element.
fn spec_of(ddl: &Ddl) -> &'static TypeSpec {
    match ddl {
        Ddl::CreateTable { .. } => &CREATE_TABLE,
        Ddl::CreateColumn(_) => &CREATE_COLUMN,
        Ddl::DropTable { .. } => &DROP_TABLE,
        Ddl::CreateIndex { .. } => &CREATE_INDEX,
        Ddl::DropIndex { .. } => &DROP_INDEX,
        Ddl::CreateSchema { .. } => &CREATE_SCHEMA,
        Ddl::DropSchema { .. } => &DROP_SCHEMA,
        Ddl::CreateSequence { .. } => &CREATE_SEQUENCE,
        Ddl::DropSequence { .. } => &DROP_SEQUENCE,
        Ddl::AddConstraint(_) => &ADD_CONSTRAINT,
        Ddl::DropConstraint { .. } => &DROP_CONSTRAINT,
        Ddl::TableComment { drop: false, .. } => &SET_TABLE_COMMENT,
        Ddl::TableComment { drop: true, .. } => &DROP_TABLE_COMMENT,
        Ddl::ColumnComment { drop: false, .. } => &SET_COLUMN_COMMENT,
        Ddl::ColumnComment { drop: true, .. } => &DROP_COLUMN_COMMENT,
        Ddl::Text { .. } => &DDL_TEXT,
        Ddl::Custom(_) => &DDL_ELEMENT,
    }
}

fn members(members: &mut Members) {
    members
        .method(
            "compile(bind=None, dialect=None, **kw)",
            |this: &DdlObject, bound, cx| {
                let dialect = match bound.some("dialect").or_else(|| bound.some("bind")) {
                    Some(given) => DialectObject::of(given, cx)?,
                    None => Dialect::default_dialect(cx.compat()),
                };
                let text = compile_ddl(&this.0, &dialect, cx)?;
                Ok(Value::object(CompiledDdl(text, dialect.backend)))
            },
        )
        .method("__str__()", |this: &DdlObject, _, cx| {
            let dialect = Dialect::default_dialect(cx.compat());
            compile_ddl(&this.0, &dialect, cx).map(Value::from)
        })
        .method("against(target)", |this: &DdlObject, bound, _| {
            let mut ddl = (*this.0).clone();
            if let Ddl::Text { target, .. } = &mut ddl {
                *target = super::table_of(bound.value("target"));
            }
            Ok(Value::object(DdlObject(Rc::new(ddl))))
        })
        .method_on_value(
            "execute_if(dialect=None, callable_=None, state=None)",
            super::events::conditional,
        )
        .method_on_value("__call__(target, bind, **kw)", |this, bound, cx| {
            super::events::call_ddl(
                this,
                bound.value("target"),
                bound.value("bind"),
                bound.keywords(),
                cx,
            )
        });
}

/// What a DDL element is about.
fn element_of(ddl: &Ddl) -> Option<Value> {
    Some(match ddl {
        Ddl::CreateTable { table, .. }
        | Ddl::DropTable { table, .. }
        | Ddl::TableComment { table, .. } => super::table_value(table.clone()),
        Ddl::CreateColumn(column) | Ddl::ColumnComment { column, .. } => {
            super::column::column_value(column.clone())
        }
        Ddl::CreateIndex { index, .. } | Ddl::DropIndex { index, .. } => {
            Value::object(index.clone())
        }
        Ddl::CreateSchema { name, .. } | Ddl::DropSchema { name, .. } => name.clone().into(),
        Ddl::CreateSequence { sequence, .. } | Ddl::DropSequence { sequence, .. } => {
            Value::object(sequence.clone())
        }
        Ddl::AddConstraint(constraint) | Ddl::DropConstraint { constraint, .. } => {
            Value::object(constraint.clone())
        }
        Ddl::Text { .. } | Ddl::Custom(_) => return None,
    })
}

impl Object for DdlObject {
    fn spec(&self) -> &'static TypeSpec {
        spec_of(&self.0)
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0).cast::<u8>() as usize)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        match &*self.0 {
            Ddl::Text {
                statement, context, ..
            } => {
                let mut shown = cx.repr(&statement.clone().into())?;
                if !context.is_empty() {
                    let context = Dict::from_pairs(context.iter().cloned());
                    shown.push_str(", context=");
                    shown.push_str(&cx.repr(&Value::Dict(Rc::new(context)))?);
                }
                Ok(Some(format!(
                    "<DDL@{}; {shown}>",
                    Rc::as_ptr(&self.0).cast::<u8>() as usize
                )))
            }
            _ => Ok(None),
        }
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        Ok(match (name, &*self.0) {
            ("statement", Ddl::Text { statement, .. }) => Some(statement.clone().into()),
            ("context", Ddl::Text { context, .. }) => Some(Value::Dict(Rc::new(Dict::from_pairs(
                context.iter().cloned(),
            )))),
            ("on", Ddl::Text { .. }) if cx.compat().is_14() => Some(Value::None),
            ("target", Ddl::Text { target, .. }) => {
                Some(target.clone().map_or(Value::None, super::table_value))
            }
            ("element", ddl) => element_of(ddl),
            (
                "if_not_exists",
                Ddl::CreateTable { if_not_exists, .. }
                | Ddl::CreateIndex { if_not_exists, .. }
                | Ddl::CreateSchema { if_not_exists, .. }
                | Ddl::CreateSequence { if_not_exists, .. },
            ) => Some((*if_not_exists).into()),
            (
                "if_exists",
                Ddl::DropTable { if_exists, .. }
                | Ddl::DropIndex { if_exists, .. }
                | Ddl::DropSchema { if_exists, .. }
                | Ddl::DropSequence { if_exists, .. }
                | Ddl::DropConstraint { if_exists, .. },
            ) => Some((*if_exists).into()),
            _ => None,
        })
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        compile_ddl(&self.0, &Dialect::default_dialect(cx.compat()), cx).map(Some)
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        let none = Value::None;
        let target = args.pos.first().unwrap_or(&none);
        let bind = args.pos.get(1).unwrap_or(&none);
        super::events::call_ddl(this, target, bind, &args.kw, cx).map(Some)
    }
}

/// `CreateTable(t).compile(..)`.
struct CompiledDdl(String, Backend);

macro_rules! compilers {
    ($($constant:ident = $module:literal $name:literal;)*) => {
        $(static $constant: TypeSpec = TypeSpec::new(concat!("sqlalchemy.", $module), $name);)*
    };
}

compilers! {
    DDL_COMPILER = "sql.compiler" "DDLCompiler";
    SQLITE_DDL_COMPILER = "dialects.sqlite.base" "SQLiteDDLCompiler";
    PG_DDL_COMPILER = "dialects.postgresql.base" "PGDDLCompiler";
    MYSQL_DDL_COMPILER = "dialects.mysql.base" "MySQLDDLCompiler";
    MS_DDL_COMPILER = "dialects.mssql.base" "MSDDLCompiler";
    ORACLE_DDL_COMPILER = "dialects.oracle.base" "OracleDDLCompiler";
}

impl Object for CompiledDdl {
    fn spec(&self) -> &'static TypeSpec {
        match self.1 {
            Backend::Default => &DDL_COMPILER,
            Backend::Sqlite => &SQLITE_DDL_COMPILER,
            Backend::Postgresql => &PG_DDL_COMPILER,
            Backend::Mysql | Backend::Mariadb => &MYSQL_DDL_COMPILER,
            Backend::Mssql => &MS_DDL_COMPILER,
            Backend::Oracle => &ORACLE_DDL_COMPILER,
        }
    }
    fn str(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.0.clone()))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "string" | "statement" => Some(Value::str(self.0.as_str())),
            "params" => Some(Value::None),
            _ => None,
        })
    }
}
