//! DDL events: `event.listen(table, "after_create", DDL(..))` and functions.

use std::cell::RefCell;
use std::rc::Rc;

use super::ddl::DdlObject;
use crate::engine::Connection;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Args, Bound, Cx, Object, Result, Str, TypeSpec, Value};
use crate::sql::ddl::{Ddl, DdlListener, DdlListeners, DdlTarget};
use crate::sql::dialects::Dialect;
use crate::sql::execution::execute_ddl;
use crate::sql::schema::{MetaData, Table};

/// What events of a target call.
struct Listener {
    event: Str,
    target: ListenerTarget,
    function: Value,
}

enum ListenerTarget {
    Table(usize),
    MetaData(usize),
    /// Every table.
    AnyTable,
    /// Every metadata.
    AnyMetaData,
}

/// The listeners that scripts added.
#[derive(Default)]
struct ScriptListeners {
    listeners: RefCell<Vec<Rc<Listener>>>,
    registered: std::cell::Cell<bool>,
}

struct Forward(Rc<ScriptListeners>);

impl DdlListener for Forward {
    fn notify(
        &self,
        event: &'static str,
        target: &DdlTarget,
        connection: &Connection,
        cx: &Cx,
    ) -> Result<()> {
        let listeners = self.0.listeners.borrow().clone();
        for listener in listeners {
            let heard = listener.event == event
                && match (&listener.target, target) {
                    (ListenerTarget::Table(address), DdlTarget::Table(table)) => {
                        *address == Rc::as_ptr(table) as usize
                    }
                    (ListenerTarget::MetaData(address), DdlTarget::MetaData(metadata, _)) => {
                        *address == Rc::as_ptr(metadata) as usize
                    }
                    (ListenerTarget::AnyTable, DdlTarget::Table(_))
                    | (ListenerTarget::AnyMetaData, DdlTarget::MetaData(..)) => true,
                    _ => false,
                };
            if heard {
                call(&listener.function, target, connection, cx)?;
            }
        }
        Ok(())
    }
}

fn target_value(target: &DdlTarget) -> Value {
    match target {
        DdlTarget::Table(table) => super::table_value(table.clone()),
        DdlTarget::MetaData(metadata, _) => Value::object(metadata.clone()),
        DdlTarget::Index(index) => Value::object(index.clone()),
        DdlTarget::Sequence(sequence) => Value::object(sequence.clone()),
    }
}

fn call(function: &Value, target: &DdlTarget, connection: &Connection, cx: &Cx) -> Result<()> {
    let value = target_value(target);
    let bind = Value::object(connection.clone());
    if function.downcast::<DdlObject>().is_some() || function.downcast::<Conditional>().is_some() {
        return call_ddl(function, &value, &bind, cx).map(drop);
    }
    let tables = match target {
        DdlTarget::MetaData(_, Some(tables)) => {
            Value::list(tables.iter().cloned().map(super::table_value).collect())
        }
        _ => Value::None,
    };
    let args = Args {
        pos: [value, bind].into_iter().collect(),
        kw: vec![
            (Str::new("tables"), tables),
            (Str::new("checkfirst"), Value::Bool(false)),
        ],
    };
    cx.call(function, args).map(drop)
}

/// Listen to a DDL event of a table, a metadata, or of all of a class; `false`: it is no such
/// target or event.
pub fn add_ddl_listener(target: &Value, event: &str, function: &Value, cx: &Cx) -> Result<bool> {
    if !matches!(
        event,
        "before_create" | "after_create" | "before_drop" | "after_drop"
    ) {
        return Ok(false);
    }
    let target = if let Some(table) = super::table_of(target) {
        ListenerTarget::Table(Rc::as_ptr(&table) as usize)
    } else if let Some(metadata) = target.downcast::<Rc<MetaData>>() {
        ListenerTarget::MetaData(Rc::as_ptr(metadata) as usize)
    } else {
        match target {
            Value::Class(class) if class.derives_from(&super::TABLE) => ListenerTarget::AnyTable,
            Value::Class(class) if class.derives_from(&super::METADATA) => {
                ListenerTarget::AnyMetaData
            }
            _ => return Ok(false),
        }
    };
    let own = cx.service::<ScriptListeners>();
    if !own.registered.replace(true) {
        cx.service::<DdlListeners>()
            .add(Rc::new(Forward(own.clone())));
    }
    own.listeners.borrow_mut().push(Rc::new(Listener {
        event: Str::new(event),
        target,
        function: function.clone(),
    }));
    Ok(true)
}

/// `Table(listeners=[(event, function), ..])`.
pub fn listen_all(table: &Rc<Table>, listeners: Option<&Value>, cx: &Cx) -> Result<()> {
    let Some(listeners) = listeners else {
        return Ok(());
    };
    let target = super::table_value(table.clone());
    for pair in cx.collect(listeners)? {
        if let [event, function] = cx.collect(&pair)?.as_slice() {
            let name = cx.str(event)?;
            if !add_ddl_listener(&target, &name, function, cx)? {
                return Err(INVALID_REQUEST_ERROR.error(format!(
                    "No such event '{name}' for target '{}'",
                    cx.repr(&target)?
                )));
            }
        }
    }
    Ok(())
}

/// What `execute_if()` makes: a DDL element with a condition.
struct Conditional {
    ddl: Rc<Ddl>,
    dialects: Option<Vec<Str>>,
    callable: Option<Value>,
}

static CONDITIONAL: TypeSpec = TypeSpec::new("sqlalchemy.sql.ddl", "DDL");

impl Object for Conditional {
    fn spec(&self) -> &'static TypeSpec {
        &CONDITIONAL
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        let none = Value::None;
        let target = args.pos.first().unwrap_or(&none);
        let bind = args.pos.get(1).unwrap_or(&none);
        call_ddl(this, target, bind, cx).map(Some)
    }
}

/// `ddl.execute_if(..)`.
pub fn conditional(this: &Value, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let Some(ddl) = this.downcast::<DdlObject>() else {
        return Ok(this.clone());
    };
    let dialects = match bound.some("dialect") {
        None => None,
        Some(Value::Str(name)) => Some(vec![name.clone()]),
        Some(several) => Some(
            cx.collect(several)?
                .iter()
                .filter_map(|name| name.as_str().map(Str::new))
                .collect(),
        ),
    };
    Ok(Value::object(Conditional {
        ddl: ddl.0.clone(),
        dialects,
        callable: bound.some("callable_").cloned(),
    }))
}

/// Run a DDL element for `target` on the connection `bind`.
pub fn call_ddl(this: &Value, target: &Value, bind: &Value, cx: &Cx) -> Result<Value> {
    super::on_connection(bind, cx, |connection| {
        let ddl = match this.downcast::<Conditional>() {
            Some(conditional) => {
                let dialect = Dialect::of_connection(connection, cx);
                let applies = conditional
                    .dialects
                    .as_ref()
                    .is_none_or(|names| names.iter().any(|name| name == dialect.name));
                if !applies {
                    return Ok(Value::None);
                }
                if let Some(callable) = &conditional.callable {
                    let answer = cx.call(callable, [this.clone(), target.clone(), bind.clone()])?;
                    if !cx.truthy(&answer)? {
                        return Ok(Value::None);
                    }
                }
                conditional.ddl.clone()
            }
            None => match this.downcast::<DdlObject>() {
                Some(object) => object.0.clone(),
                None => return Ok(Value::None),
            },
        };
        let mut ddl = (*ddl).clone();
        if let Ddl::Text { target: slot, .. } = &mut ddl {
            *slot = super::table_of(target).or_else(|| slot.take());
        }
        let options = crate::engine::ExecutionOptions::none();
        execute_ddl(connection, &ddl, &options, cx)?;
        Ok(Value::None)
    })
}
