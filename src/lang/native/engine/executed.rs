//! What `before_execute` and `after_execute` tell of a call of `execute()`.

use crate::engine::{ExecuteCall, SavepointClause};
use crate::lang::native::schema::DdlObject;
use crate::lang::native::sql::executable_value;
use crate::object::types::OBJECT;
use crate::object::{Cx, Dict, Object, Result, Str, TypeSpec, Value};
use crate::sql::Executable;
use crate::sql::ddl::Ddl;

/// The arguments of the events.
pub struct ExecutedCall {
    /// The connection.
    pub connection: Value,
    /// The statement.
    pub clause: Value,
    /// Several sets of parameters.
    pub multiparams: Value,
    /// The one set of parameters.
    pub params: Value,
    /// The execution options.
    pub options: Dict,
}

/// What 1.4 notes of a statement for its autocommit.
enum Autocommit {
    Known(bool),
    Parsed,
    Unsaid,
}

impl ExecutedCall {
    /// What `call` is told as.
    pub fn of(call: &ExecuteCall<'_>, cx: &Cx) -> Self {
        let (clause, autocommit) = clause_of(call);
        let sets = match &call.sets {
            Value::List(sets) => sets.to_vec(),
            _ => Vec::new(),
        };
        let (multiparams, params) = match sets.as_slice() {
            [] if cx.compat().is_20() => (
                Value::tuple(Vec::new()),
                Value::Dict(std::rc::Rc::default()),
            ),
            [one] => (Value::list(Vec::new()), one.clone()),
            _ => (Value::list(sets), Value::Dict(std::rc::Rc::default())),
        };
        let options = Dict::default();
        if cx.compat().is_14() {
            match autocommit {
                Autocommit::Known(flag) => options.insert_str("autocommit", Value::Bool(flag)),
                Autocommit::Parsed => {
                    options.insert_str("autocommit", Value::object(Symbol("PARSE_AUTOCOMMIT")));
                }
                Autocommit::Unsaid => {}
            }
        }
        for (name, value) in call.options.iter() {
            options.insert_str(name, value.clone());
        }
        Self {
            connection: Value::object(call.connection.clone()),
            clause,
            multiparams,
            params,
            options,
        }
    }
}

fn clause_of(call: &ExecuteCall<'_>) -> (Value, Autocommit) {
    if let Some(statement) = call.clause.downcast_ref::<Executable>() {
        let autocommit = match statement {
            Executable::Insert(_) | Executable::Update(_) | Executable::Delete(_) => {
                Autocommit::Known(true)
            }
            Executable::Text(_) => Autocommit::Parsed,
            _ => Autocommit::Unsaid,
        };
        return (executable_value(statement), autocommit);
    }
    if let Some(ddl) = call.clause.downcast_ref::<Ddl>() {
        let ddl = DdlObject(std::rc::Rc::new(ddl.clone()));
        return (Value::object(ddl), Autocommit::Known(true));
    }
    match call.clause.downcast_ref::<SavepointClause>() {
        Some(clause) => (Value::object(*clause), Autocommit::Known(false)),
        None => (Value::None, Autocommit::Unsaid),
    }
}

const ELEMENTS: &str = "sqlalchemy.sql.elements";

static SAVEPOINT: TypeSpec = TypeSpec::new(ELEMENTS, "SavepointClause").bases(&[&OBJECT]);
static ROLLBACK_TO: TypeSpec =
    TypeSpec::new(ELEMENTS, "RollbackToSavepointClause").bases(&[&OBJECT]);
static RELEASE: TypeSpec = TypeSpec::new(ELEMENTS, "ReleaseSavepointClause").bases(&[&OBJECT]);

impl Object for SavepointClause {
    fn spec(&self) -> &'static TypeSpec {
        match self {
            Self::Set => &SAVEPOINT,
            Self::RollbackTo => &ROLLBACK_TO,
            Self::Release => &RELEASE,
        }
    }
}

/// A `symbol()` of 1.4.
struct Symbol(&'static str);

static SYMBOL: TypeSpec = TypeSpec::new("sqlalchemy.util.langhelpers", "symbol").bases(&[&OBJECT]);

impl Object for Symbol {
    fn spec(&self) -> &'static TypeSpec {
        &SYMBOL
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!("symbol({})", format_args!("'{}'", self.0))))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok((name == "name").then(|| Value::Str(Str::new(self.0))))
    }
}
