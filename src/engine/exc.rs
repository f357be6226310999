//! The exception classes of `sqlalchemy.exc`: their tree, codes, constructors and texts.

use std::rc::Rc;

use super::params::{Sets, repr_params};
use crate::object::exceptions::{
    DEPRECATION_WARNING, EXCEPTION, KEY_ERROR, PENDING_DEPRECATION_WARNING, RUNTIME_WARNING,
    WARNING,
};
use crate::object::types::OBJECT;
use crate::object::{
    Args, Bound, Class, Cx, Export, Members, Method, Raised, Result, TypeSpec, Value, class_of,
    exception_data, new_exception,
};
use crate::util::Compat;

const MODULE: &str = "sqlalchemy.exc";

/// Make the instance, then run the native `__init__` nearest in the resolution order, unless a
/// script's `__init__` will.
pub fn construct_exception(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let made = new_exception(class.clone(), args.pos.to_vec());
    if class.script_method("__init__").is_none()
        && let Some(init) = class.lookup("__init__")
        && let Some(init) = init.downcast::<Method>()
    {
        init.invoke(&made, args, cx)?;
    }
    Ok(made)
}

/// The attribute `name` of an exception, `None` where it has none.
fn attribute(this: &Value, name: &str, cx: &Cx) -> Value {
    cx.get_attr(this, name).unwrap_or(Value::None)
}

fn set(this: &Value, name: &str, value: Value) {
    if let Value::Instance(instance) = this {
        instance.set_attribute(name, value);
    }
}

fn set_args(this: &Value, args: Vec<Value>) {
    if let Some(data) = exception_data(this) {
        *data.args.borrow_mut() = args;
    }
}

fn set_code(this: &Value, bound: &Bound<'_>) {
    if let Some(code) = bound.some("code") {
        set(this, "code", code.clone());
    }
}

fn argument(bound: &Bound<'_>, name: &str) -> Value {
    bound.given(name).cloned().unwrap_or(Value::None)
}

/// `(Background on this error at: ...)`.
fn background(what: &str, code: &str, compat: Compat) -> String {
    format!(
        "(Background on this {what} at: https://sqlalche.me/e/{}/{code})",
        compat.url_token()
    )
}

/// The text of a warning with the link to its background.
pub fn with_warning_code(message: &str, code: &str, cx: &Cx) -> String {
    let what = match cx.compat() {
        Compat::V14 => "error",
        Compat::V20 => "warning",
    };
    format!("{message} {}", background(what, code, cx.compat()))
}

fn code_text(this: &Value, what: &str, cx: &Cx) -> Option<String> {
    let code = attribute(this, "code", cx);
    let code = code.as_str().filter(|code| !code.is_empty())?;
    Some(background(what, code, cx.compat()))
}

fn with_background(message: String, this: &Value, what: &str, cx: &Cx) -> Value {
    match code_text(this, what, cx) {
        Some(code) => format!("{message} {code}").into(),
        None => message.into(),
    }
}

fn plain_message(this: &Value, cx: &Cx) -> Result<String> {
    let args = exception_data(this).map_or_else(Vec::new, |data| data.args.borrow().clone());
    match args.as_slice() {
        [Value::Bytes(bytes)] => Ok(String::from_utf8_lossy(bytes).into_owned()),
        [one] => cx.str(one),
        _ => cx.str(&Value::tuple(args)),
    }
}

fn coded(members: &mut Members) {
    members.constant("code", Value::None);
}

fn error_members(members: &mut Members) {
    members
        .with(coded)
        .method_on_value("__init__(*args, code=None, **kw)", |this, bound, _| {
            set_args(this, bound.rest().to_vec());
            set_code(this, bound);
            Ok(Value::None)
        })
        .method_on_value("__str__()", |this, _, cx| {
            let message = plain_message(this, cx)?;
            Ok(with_background(message, this, "error", cx))
        });
}

/// The word for what a warning's link gives the background on.
fn warning_word(compat: Compat) -> &'static str {
    match compat {
        Compat::V14 => "error",
        Compat::V20 => "warning",
    }
}

fn warning_text(this: &Value, what: &str, cx: &Cx) -> Result<String> {
    let args = exception_data(this).map_or_else(Vec::new, |data| data.args.borrow().clone());
    let message = match args.as_slice() {
        [] => String::new(),
        [one] => cx.str(one)?,
        _ => cx.str(&Value::tuple(args))?,
    };
    Ok(match code_text(this, what, cx) {
        Some(code) => format!("{message} {code}"),
        None => message,
    })
}

fn warning_init(members: &mut Members) {
    members
        .with(coded)
        .method_on_value("__init__(*args, code=None, **kw)", |this, bound, _| {
            set_args(this, bound.rest().to_vec());
            set_code(this, bound);
            Ok(Value::None)
        });
}

fn sa_warning_members(members: &mut Members) {
    members
        .with(warning_init)
        .method_on_value("__str__()", |this, _, cx| {
            Ok(warning_text(this, warning_word(cx.compat()), cx)?.into())
        });
}

fn deprecation_members(members: &mut Members) {
    members
        .with(warning_init)
        .constant("deprecated_since", Value::None)
        .method_on_value("__str__()", |this, _, cx| {
            Ok(warning_text(this, "error", cx)?.into())
        });
}

fn base20_members(members: &mut Members) {
    members
        .constant("deprecated_since", "1.4".into())
        .method_on_value("__str__()", |this, _, cx| {
            let message = warning_text(this, "error", cx)?;
            Ok(
                format!("{message} (Background on SQLAlchemy 2.0 at: https://sqlalche.me/e/b8d9)")
                    .into(),
            )
        });
}

fn not_executable_members(members: &mut Members) {
    members.method_on_value("__init__(target)", |this, bound, cx| {
        let target = bound.value("target");
        let message = format!("Not an executable object: {}", cx.repr(target)?);
        set_args(this, vec![message.into()]);
        set(this, "target", target.clone());
        Ok(Value::None)
    });
}

fn circular_members(members: &mut Members) {
    members.method_on_value(
        "__init__(message, cycles, edges, msg=None, code=None)",
        |this, bound, cx| {
            let message = if let Some(message) = bound.some("msg") {
                message.clone()
            } else {
                let cycles = cx.collect(bound.value("cycles"))?;
                let cycles: Vec<_> = cycles
                    .iter()
                    .map(|node| cx.repr(node))
                    .collect::<Result<_>>()?;
                let message = cx.str(bound.value("message"))?;
                format!("{message} ({})", cycles.join(", ")).into()
            };
            set_args(this, vec![message]);
            set(this, "cycles", bound.value("cycles").clone());
            set(this, "edges", bound.value("edges").clone());
            set_code(this, bound);
            Ok(Value::None)
        },
    );
}

fn unsupported_compilation_members(members: &mut Members) {
    members.constant("code", "l7de".into()).method_on_value(
        "__init__(compiler, element_type, message=None)",
        |this, bound, cx| {
            let detail = match bound.some("message") {
                Some(message) => format!(": {}", cx.str(message)?),
                None => String::new(),
            };
            let text = format!(
                "Compiler {} can't render element of type {}{detail}",
                cx.repr(bound.value("compiler"))?,
                cx.str(bound.value("element_type"))?,
            );
            set_args(this, vec![text.into()]);
            for name in ["compiler", "element_type", "message"] {
                set(this, name, argument(bound, name));
            }
            Ok(Value::None)
        },
    );
}

fn referenced_table_members(members: &mut Members) {
    members.method_on_value("__init__(message, tname)", |this, bound, _| {
        set_args(this, vec![bound.value("message").clone()]);
        set(this, "table_name", bound.value("tname").clone());
        Ok(Value::None)
    });
}

fn referenced_column_members(members: &mut Members) {
    members.method_on_value("__init__(message, tname, cname)", |this, bound, _| {
        set_args(this, vec![bound.value("message").clone()]);
        set(this, "table_name", bound.value("tname").clone());
        set(this, "column_name", bound.value("cname").clone());
        Ok(Value::None)
    });
}

fn set_statement(this: &Value, bound: &Bound<'_>) {
    for name in ["statement", "params", "orig", "ismulti"] {
        set(this, name, argument(bound, name));
    }
    let hide = bound.flag("hide_parameters", false);
    set(this, "hide_parameters", Value::Bool(hide));
    set(this, "detail", Value::list(Vec::new()));
    set_code(this, bound);
}

/// The text of a `StatementError`: message, `[SQL: ..]`, `[parameters: ..]`, link.
fn statement_text(this: &Value, cx: &Cx) -> Result<String> {
    let mut lines = Vec::new();
    if let Value::List(details) = attribute(this, "detail", cx) {
        for detail in details.to_vec() {
            lines.push(format!("({})", cx.str(&detail)?));
        }
    }
    lines.push(plain_message(this, cx)?);
    let statement = attribute(this, "statement", cx);
    if cx.truthy(&statement)? {
        lines.push(format!("[SQL: {}]", cx.str(&statement)?));
        let params = attribute(this, "params", cx);
        if cx.truthy(&params)? {
            if cx.truthy(&attribute(this, "hide_parameters", cx))? {
                lines.push("[SQL parameters hidden due to hide_parameters=True]".to_owned());
            } else {
                let sets = match attribute(this, "ismulti", cx) {
                    Value::Bool(true) => Sets::Many,
                    Value::Bool(false) => Sets::One,
                    _ => Sets::Unknown,
                };
                lines.push(format!("[parameters: {}]", repr_params(&params, sets, cx)?));
            }
        }
    }
    lines.extend(code_text(this, "error", cx));
    Ok(lines.join("\n"))
}

fn statement_members(members: &mut Members) {
    for name in ["statement", "params", "orig", "ismulti"] {
        members.constant(name, Value::None);
    }
    members
        .constant("connection_invalidated", Value::Bool(false))
        .method_on_value(
            "__init__(message, statement, params, orig, hide_parameters=False, code=None, ismulti=None)",
            |this, bound, _| {
                set_args(this, vec![bound.value("message").clone()]);
                set_statement(this, bound);
                Ok(Value::None)
            },
        )
        .method_on_value("add_detail(msg)", |this, bound, cx| {
            if let Value::List(details) = attribute(this, "detail", cx) {
                details.append(bound.value("msg").clone(), cx)?;
            }
            Ok(Value::None)
        })
        .method_on_value("__str__()", |this, _, cx| Ok(statement_text(this, cx)?.into()));
}

/// `(module.Class) text` of a wrapped exception.
fn wrapped_message(orig: &Value, cx: &Cx) -> String {
    let class = class_of(orig, cx);
    let text = cx.str(orig).unwrap_or_default();
    format!("({}.{}) {text}", class.module(), class.name())
}

fn dbapi_members(members: &mut Members) {
    members.constant("code", "dbapi".into()).method_on_value(
        "__init__(statement, params, orig, hide_parameters=False, connection_invalidated=False, code=None, ismulti=None)",
        |this, bound, cx| {
            let message = wrapped_message(bound.value("orig"), cx);
            set_args(this, vec![message.into()]);
            set_statement(this, bound);
            let invalidated = bound.flag("connection_invalidated", false);
            set(this, "connection_invalidated", Value::Bool(invalidated));
            Ok(Value::None)
        },
    );
}

fn code(members: &mut Members, code: &str) {
    members.constant("code", code.into());
}

fn instance_base(members: &mut Members) {
    members.constant("invalidate_pool", Value::Bool(false));
}

fn instance_pool(members: &mut Members) {
    members.constant("invalidate_pool", Value::Bool(true));
}

macro_rules! errors {
    ($(#[$meta:meta])* $exports:ident; $($constant:ident = $name:literal : $($base:ident),+ $(=> $members:expr)?;)*) => {
        $(#[doc = concat!("`sqlalchemy.exc.", $name, "`.")]
        pub static $constant: TypeSpec = TypeSpec::new(MODULE, $name)
            .bases(&[$(&$base),+])
            .construct(construct_exception)
            $(.members($members))?
            .subclassable();)*
        $(#[$meta])*
        pub static $exports: &[(&str, Export)] =
            &[$(($name, |_| Value::Class($constant.class()))),*];
    };
}

/// `sqlalchemy.exc.HasDescriptionCode`.
pub static HAS_DESCRIPTION_CODE: TypeSpec = TypeSpec::new(MODULE, "HasDescriptionCode")
    .bases(&[&OBJECT])
    .subclassable();
/// `sqlalchemy.exc.DontWrapMixin`.
pub static DONT_WRAP_MIXIN: TypeSpec = TypeSpec::new(MODULE, "DontWrapMixin")
    .bases(&[&OBJECT])
    .subclassable();

errors! {
    /// The classes that both versions have.
    EXPORTS;
    SQLALCHEMY_ERROR = "SQLAlchemyError": HAS_DESCRIPTION_CODE, EXCEPTION => error_members;
    ARGUMENT_ERROR = "ArgumentError": SQLALCHEMY_ERROR;
    OBJECT_NOT_EXECUTABLE_ERROR = "ObjectNotExecutableError": ARGUMENT_ERROR => not_executable_members;
    NO_SUCH_MODULE_ERROR = "NoSuchModuleError": ARGUMENT_ERROR;
    NO_FOREIGN_KEYS_ERROR = "NoForeignKeysError": ARGUMENT_ERROR;
    AMBIGUOUS_FOREIGN_KEYS_ERROR = "AmbiguousForeignKeysError": ARGUMENT_ERROR;
    CIRCULAR_DEPENDENCY_ERROR = "CircularDependencyError": SQLALCHEMY_ERROR => circular_members;
    COMPILE_ERROR = "CompileError": SQLALCHEMY_ERROR;
    UNSUPPORTED_COMPILATION_ERROR = "UnsupportedCompilationError": COMPILE_ERROR => unsupported_compilation_members;
    IDENTIFIER_ERROR = "IdentifierError": SQLALCHEMY_ERROR;
    DISCONNECTION_ERROR = "DisconnectionError": SQLALCHEMY_ERROR => instance_base;
    INVALIDATE_POOL_ERROR = "InvalidatePoolError": DISCONNECTION_ERROR => instance_pool;
    TIMEOUT_ERROR = "TimeoutError": SQLALCHEMY_ERROR;
    INVALID_REQUEST_ERROR = "InvalidRequestError": SQLALCHEMY_ERROR;
    NO_INSPECTION_AVAILABLE = "NoInspectionAvailable": INVALID_REQUEST_ERROR;
    PENDING_ROLLBACK_ERROR = "PendingRollbackError": INVALID_REQUEST_ERROR;
    RESOURCE_CLOSED_ERROR = "ResourceClosedError": INVALID_REQUEST_ERROR;
    NO_SUCH_COLUMN_ERROR = "NoSuchColumnError": INVALID_REQUEST_ERROR, KEY_ERROR;
    NO_RESULT_FOUND = "NoResultFound": INVALID_REQUEST_ERROR;
    MULTIPLE_RESULTS_FOUND = "MultipleResultsFound": INVALID_REQUEST_ERROR;
    NO_REFERENCE_ERROR = "NoReferenceError": INVALID_REQUEST_ERROR;
    AWAIT_REQUIRED = "AwaitRequired": INVALID_REQUEST_ERROR => |m| code(m, "xd1r");
    MISSING_GREENLET = "MissingGreenlet": INVALID_REQUEST_ERROR => |m| code(m, "xd2s");
    NO_REFERENCED_TABLE_ERROR = "NoReferencedTableError": NO_REFERENCE_ERROR => referenced_table_members;
    NO_REFERENCED_COLUMN_ERROR = "NoReferencedColumnError": NO_REFERENCE_ERROR => referenced_column_members;
    NO_SUCH_TABLE_ERROR = "NoSuchTableError": INVALID_REQUEST_ERROR;
    UNREFLECTABLE_TABLE_ERROR = "UnreflectableTableError": INVALID_REQUEST_ERROR;
    UNBOUND_EXECUTION_ERROR = "UnboundExecutionError": INVALID_REQUEST_ERROR;
    STATEMENT_ERROR = "StatementError": SQLALCHEMY_ERROR => statement_members;
    DBAPI_ERROR = "DBAPIError": STATEMENT_ERROR => dbapi_members;
    INTERFACE_ERROR = "InterfaceError": DBAPI_ERROR => |m| code(m, "rvf5");
    DATABASE_ERROR = "DatabaseError": DBAPI_ERROR => |m| code(m, "4xp6");
    DATA_ERROR = "DataError": DATABASE_ERROR => |m| code(m, "9h9h");
    OPERATIONAL_ERROR = "OperationalError": DATABASE_ERROR => |m| code(m, "e3q8");
    INTEGRITY_ERROR = "IntegrityError": DATABASE_ERROR => |m| code(m, "gkpj");
    INTERNAL_ERROR = "InternalError": DATABASE_ERROR => |m| code(m, "2j85");
    PROGRAMMING_ERROR = "ProgrammingError": DATABASE_ERROR => |m| code(m, "f405");
    NOT_SUPPORTED_ERROR = "NotSupportedError": DATABASE_ERROR => |m| code(m, "tw8g");
    SA_DEPRECATION_WARNING = "SADeprecationWarning": HAS_DESCRIPTION_CODE, DEPRECATION_WARNING => deprecation_members;
    BASE20_DEPRECATION_WARNING = "Base20DeprecationWarning": SA_DEPRECATION_WARNING => base20_members;
    LEGACY_API_WARNING = "LegacyAPIWarning": BASE20_DEPRECATION_WARNING;
    MOVED_IN20_WARNING = "MovedIn20Warning": REMOVED_IN20_WARNING;
    SA_PENDING_DEPRECATION_WARNING = "SAPendingDeprecationWarning": PENDING_DEPRECATION_WARNING;
    SA_WARNING = "SAWarning": HAS_DESCRIPTION_CODE, RUNTIME_WARNING => sa_warning_members;
}

errors! {
    /// The classes that one version has.
    VERSIONED;
    DUPLICATE_COLUMN_ERROR = "DuplicateColumnError": ARGUMENT_ERROR;
    CONSTRAINT_COLUMN_NOT_FOUND_ERROR = "ConstraintColumnNotFoundError": ARGUMENT_ERROR;
    ILLEGAL_STATE_CHANGE_ERROR = "IllegalStateChangeError": INVALID_REQUEST_ERROR;
    SA_TEST_SUITE_WARNING = "SATestSuiteWarning": WARNING;
    REMOVED_IN20_WARNING = "RemovedIn20Warning": BASE20_DEPRECATION_WARNING;
}

/// Whether `compat` has the class of [`VERSIONED`] named `name`.
pub fn is_versioned(name: &str, compat: Compat) -> bool {
    (name == "RemovedIn20Warning") == compat.is_14()
}

/// Give an exception a code, whose background link `str()` shows.
#[must_use]
pub fn with_code(raised: Raised, code: &str) -> Raised {
    raised.with("code", code)
}

/// `NoReferencedTableError`.
pub fn no_referenced_table(message: impl Into<String>, table: &str) -> Raised {
    NO_REFERENCED_TABLE_ERROR
        .error(message)
        .with("table_name", table)
}

/// `NoReferencedColumnError`.
pub fn no_referenced_column(message: impl Into<String>, table: &str, column: &str) -> Raised {
    NO_REFERENCED_COLUMN_ERROR
        .error(message)
        .with("table_name", table)
        .with("column_name", column)
}

/// `ObjectNotExecutableError`.
pub fn not_executable(target: &Value, cx: &Cx) -> Raised {
    match cx.repr(target) {
        Ok(repr) => OBJECT_NOT_EXECUTABLE_ERROR
            .error(format!("Not an executable object: {repr}"))
            .with("target", target.clone()),
        Err(raised) => raised,
    }
}

/// Warn with a background link, as `util.warn(message, code=code)`.
pub fn warn_with_code(category: &'static TypeSpec, message: &str, code: &str, cx: &Cx) {
    let link = background(warning_word(cx.compat()), code, cx.compat());
    cx.warn(category, &format!("{message} {link}"));
}

/// The statement an error is wrapped with.
pub struct FailedStatement<'a> {
    /// Its SQL.
    pub sql: &'a str,
    /// Its parameters as the application or the driver saw them.
    pub params: Value,
    /// Whether `params` holds several sets; `None` is rendered as it is.
    pub ismulti: Option<bool>,
    /// `create_engine(hide_parameters=True)`.
    pub hide_parameters: bool,
}

/// Wrap what was raised while a statement ran: a driver's error by its class, any other as
/// `StatementError`; what is no `Exception` or mixes in `DontWrapMixin` stays as it is.
pub fn wrap(raised: Raised, failed: Option<FailedStatement<'_>>, cx: &Cx) -> Raised {
    let class = raised.class();
    if !class.derives_from(&EXCEPTION) || class.derives_from(&DONT_WRAP_MIXIN) {
        return raised;
    }
    let orig = raised.into_value();
    let wrapper = super::dbapi::wrapper_of(&class);
    if wrapper.is_none() && failed.is_none() {
        return Raised::from_value(orig);
    }
    let mut message = wrapped_message(&orig, cx);
    let mut code = None;
    if wrapper.is_none() && class.derives_from(&SQLALCHEMY_ERROR) {
        let first = exception_data(&orig).and_then(|data| data.args.borrow().first().cloned());
        let text = first.map_or_else(String::new, |first| cx.str(&first).unwrap_or_default());
        message = format!("({}.{}) {text}", class.module(), class.name());
        code = Some(attribute(&orig, "code", cx)).filter(|code| !code.is_none());
    }
    let spec = wrapper.unwrap_or(&STATEMENT_ERROR);
    let mut outer = spec
        .error(message)
        .with("orig", orig.clone())
        .with("detail", Value::list(Vec::new()))
        .with(
            "hide_parameters",
            failed.as_ref().is_some_and(|failed| failed.hide_parameters),
        );
    if let Some(code) = code {
        outer = outer.with("code", code);
    }
    if let Some(failed) = failed {
        outer = outer
            .with("statement", failed.sql)
            .with("params", failed.params)
            .with("ismulti", failed.ismulti);
    }
    outer.caused_by(&orig)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::dbapi;
    use crate::engine::testing::cx;

    #[test]
    fn a_code_adds_a_link() {
        let cx = cx();
        let raised = with_code(INVALID_REQUEST_ERROR.error("no"), "7s2a");
        assert_eq!(
            raised.message(&cx),
            "no (Background on this error at: https://sqlalche.me/e/20/7s2a)"
        );
    }

    #[test]
    fn a_driver_error_names_its_statement() {
        let cx = cx();
        let orig = dbapi::INTEGRITY_ERROR.error("UNIQUE constraint failed: t.id");
        let failed = FailedStatement {
            sql: "INSERT INTO t (id) VALUES (?)",
            params: Value::tuple(vec![Value::Int(1)]),
            ismulti: Some(false),
            hide_parameters: false,
        };
        let raised = wrap(orig, Some(failed), &cx);
        assert!(raised.is(&INTEGRITY_ERROR));
        assert_eq!(
            raised.message(&cx),
            "(sqlite3.IntegrityError) UNIQUE constraint failed: t.id\n\
             [SQL: INSERT INTO t (id) VALUES (?)]\n[parameters: (1,)]\n\
             (Background on this error at: https://sqlalche.me/e/20/gkpj)"
        );
    }
}
