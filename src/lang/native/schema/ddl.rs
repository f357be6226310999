//! `CreateTable(..)` and the other DDL elements; `create_all()` on engines and connections.

use std::rc::Rc;

use crate::engine::exc::{ARGUMENT_ERROR, UNBOUND_EXECUTION_ERROR};
use crate::engine::{Connection, Engine};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::OBJECT;
use crate::object::{
    Args, Bound, Class, Cx, Members, Object, Result, Signature, Str, TypeSpec, Value, class_of,
};
use crate::sql::ColumnElement;
use crate::sql::ddl::{Ddl, DdlTarget, compile_ddl, create, drop as drop_target};
use crate::sql::dialects::{Dialect, DialectObject};
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
                return Err(UNBOUND_EXECUTION_ERROR.error(
                    "MetaData object is not bound to an Engine or Connection.  Execution can not \
                     proceed without a database to execute against.",
                ));
            }
            own
        }
    };
    on_connection(&bind, cx, |connection| {
        if creates {
            create(&target, connection, check, cx)
        } else {
            drop_target(&target, connection, check, cx)
        }
    })?;
    Ok(Value::None)
}

const MODULE: &str = "sqlalchemy.sql.ddl";

/// A DDL element as scripts hold it.
pub struct DdlObject(pub Rc<Ddl>);

static DDL_ELEMENT: TypeSpec = TypeSpec::new(MODULE, "ExecutableDDLElement")
    .bases(&[&OBJECT])
    .members(members);

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

fn item<T: Clone + 'static>(bound: &Bound<'_>, what: &str, cx: &Cx) -> Result<Rc<T>> {
    let found = bound.value("element").downcast::<Rc<T>>().cloned();
    found.ok_or_else(|| wrong(bound, what, cx))
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
            table: table(bound, cx)?,
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
        |bound, cx| Ok(Ddl::AddConstraint(shared::<Constraint>(bound, "Constraint", cx)?));
    DROP_CONSTRAINT = "DropConstraint",
        "__init__(element, cascade=False, if_exists=False, isolate_from_table=True)",
        |bound, cx| Ok(Ddl::DropConstraint {
            constraint: shared::<Constraint>(bound, "Constraint", cx)?,
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
                    "Expected a string or unicode SQL statement, got {}",
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
                Ok(Value::object(CompiledDdl(text)))
            },
        )
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
            super::events::call_ddl(this, bound.value("target"), bound.value("bind"), cx)
        });
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
            Ddl::Text { statement, .. } => Ok(Some(format!(
                "<DDL@{}; {}>",
                Rc::as_ptr(&self.0).cast::<u8>() as usize,
                cx.repr(&statement.clone().into())?
            ))),
            _ => Ok(None),
        }
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
        super::events::call_ddl(this, target, bind, cx).map(Some)
    }
}

/// `CreateTable(t).compile(..)`.
struct CompiledDdl(String);

static COMPILED_DDL: TypeSpec = TypeSpec::new("sqlalchemy.sql.compiler", "DDLCompiler");

impl Object for CompiledDdl {
    fn spec(&self) -> &'static TypeSpec {
        &COMPILED_DDL
    }
    fn str(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.0.clone()))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "string" | "statement" => Some(Value::str(self.0.as_str())),
            "params" => Some(Value::Dict(Rc::default())),
            _ => None,
        })
    }
}

/// The class that instances of `_class` are of; DDL elements are made by their own.
pub fn is_ddl(value: &Value) -> bool {
    value.downcast::<DdlObject>().is_some()
}

/// Whether `class` is one of DDL elements.
pub fn is_ddl_class(class: &Class) -> bool {
    class.derives_from(&DDL_ELEMENT)
}
