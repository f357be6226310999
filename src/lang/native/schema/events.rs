//! DDL events: `event.listen(table, "after_create", DDL(..))` and functions.

use std::cell::RefCell;
use std::rc::Rc;

use super::ddl::DdlObject;
use crate::engine::Connection;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::lang::native::event::{Listener as Listening, Target};
use crate::object::{Args, Bound, Cx, Dict, Method, Object, Result, Str, TypeSpec, Value};
use crate::sql::ddl::{Ddl, DdlBind, DdlHappening, DdlListener, DdlListeners, DdlTarget};
use crate::sql::reflection::{ColumnListener, ColumnListeners, ReflectedColumn};
use crate::sql::schema::{Constraint, DdlIf, Index, MetaData, Table};

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
    fn notify(&self, happening: &DdlHappening<'_>, bind: DdlBind<'_>, cx: &Cx) -> Result<()> {
        let (event, target) = (happening.event, happening.target);
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
                call(&listener.function, happening, bind, cx)?;
            }
        }
        Ok(())
    }
}

impl ColumnListener for Forward {
    fn reflected(
        &self,
        table: &Rc<Table>,
        connection: &Connection,
        column: &ReflectedColumn,
        cx: &Cx,
    ) -> Result<Option<Rc<Dict>>> {
        let listeners = self.0.listeners.borrow().clone();
        let of_table = Rc::as_ptr(table) as usize;
        let of_metadata = Rc::as_ptr(table.metadata()) as usize;
        // The metadata hears first.
        let rank = |listener: &Listener| match listener.target {
            _ if listener.event != "column_reflect" => None,
            ListenerTarget::MetaData(address) => (address == of_metadata).then_some(0),
            ListenerTarget::AnyMetaData => Some(0),
            ListenerTarget::Table(address) => (address == of_table).then_some(1),
            ListenerTarget::AnyTable => Some(1),
        };
        let mut hearing: Vec<_> = listeners
            .iter()
            .filter_map(|one| Some((rank(one)?, one)))
            .collect();
        if hearing.is_empty() {
            return Ok(None);
        }
        hearing.sort_by_key(|(rank, _)| *rank);
        let info = super::inspector::column_dict(column, cx);
        let inspector = super::inspect_bind(&Value::object(connection.clone()));
        for (_, listener) in hearing {
            let args = [
                inspector.clone().unwrap_or(Value::None),
                super::table_value(table.clone()),
                info.clone(),
            ];
            cx.call(&listener.function, args)?;
        }
        Ok(match info {
            Value::Dict(info) => Some(info),
            _ => None,
        })
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

fn call(function: &Value, happening: &DdlHappening<'_>, bind: DdlBind<'_>, cx: &Cx) -> Result<()> {
    let value = target_value(happening.target);
    let bind = bind.value();
    let mut keywords = Vec::new();
    if let DdlTarget::MetaData(_, Some(tables)) = happening.target {
        let tables = tables.iter().cloned().map(super::table_value);
        keywords.push((Str::new("tables"), Value::list(tables.collect())));
    }
    keywords.push((Str::new("checkfirst"), Value::Bool(happening.check)));
    let creates = happening.event.ends_with("create");
    keywords.push((Str::new("_ddl_runner"), Value::object(Runner { creates })));
    if let DdlTarget::Table(_) = happening.target {
        let flag = Value::Bool(happening.metadata_operation);
        keywords.push((Str::new("_is_metadata_operation"), flag));
    }
    if function.downcast::<DdlObject>().is_some() || function.downcast::<Conditional>().is_some() {
        return call_ddl(function, &value, &bind, &keywords, cx).map(drop);
    }
    let args = Args {
        pos: [value, bind].into_iter().collect(),
        kw: keywords,
    };
    cx.call(function, args).map(drop)
}

/// What creates or drops, as listeners are told of it.
struct Runner {
    creates: bool,
}

static GENERATOR: TypeSpec = TypeSpec::new("sqlalchemy.sql.ddl", "SchemaGenerator");
static DROPPER: TypeSpec = TypeSpec::new("sqlalchemy.sql.ddl", "SchemaDropper");

impl Object for Runner {
    fn spec(&self) -> &'static TypeSpec {
        if self.creates { &GENERATOR } else { &DROPPER }
    }
}

/// Listen to a DDL event of a table, a metadata, or of all of a class; `false`: it is no such
/// target or event.
pub fn add_ddl_listener(target: &Value, event: &str, function: &Value, cx: &Cx) -> Result<bool> {
    if !matches!(
        event,
        "before_create" | "after_create" | "before_drop" | "after_drop" | "column_reflect"
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
        cx.service::<ColumnListeners>()
            .add(Rc::new(Forward(own.clone())));
    }
    own.listeners.borrow_mut().push(Rc::new(Listener {
        event: Str::new(event),
        target,
        function: function.clone(),
    }));
    Ok(true)
}

/// Listen, where `listener` is for a table, a metadata, or all of a class.
pub fn listen(listener: &Listening<'_>, cx: &Cx) -> Result<Target> {
    let is_class = |spec| match listener.target {
        Value::Class(class) => class.derives_from(spec),
        _ => false,
    };
    let mine = super::table_of(listener.target).is_some()
        || listener.target.downcast::<Rc<MetaData>>().is_some()
        || is_class(&super::TABLE)
        || is_class(&super::METADATA);
    if !mine {
        return Ok(Target::NotMine);
    }
    if listener.remove {
        let own = cx.service::<ScriptListeners>();
        own.listeners
            .borrow_mut()
            .retain(|one| one.event != listener.name || !one.function.is(listener.function));
        return Ok(Target::Listening);
    }
    let added = add_ddl_listener(listener.target, listener.name, listener.function, cx)?;
    Ok(if added {
        Target::Listening
    } else {
        Target::NoSuchEvent
    })
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
    condition: DdlIf,
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
        call_ddl(this, target, bind, &args.kw, cx).map(Some)
    }
}

/// The condition that `ddl_if(dialect=, callable_=, state=)` says.
pub fn condition_of(bound: &Bound<'_>, cx: &Cx) -> Result<DdlIf> {
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
    Ok(DdlIf {
        dialects,
        callable: bound.some("callable_").cloned(),
        state: bound.value("state").clone(),
    })
}

/// `ddl_if` of a constraint or an index, which 1.4 does not have.
pub fn ddl_if(this: &Value, cx: &Cx) -> Result<Value> {
    if cx.compat().is_14() {
        return Err(crate::object::no_attribute(this, "ddl_if", cx));
    }
    let this = this.clone();
    Ok(Method::function(
        "ddl_if(dialect=None, callable_=None, state=None)",
        move |bound, cx| {
            let condition = Some(condition_of(bound, cx)?);
            if let Some(index) = this.downcast::<Rc<Index>>() {
                *index.ddl_if.borrow_mut() = condition;
            } else if let Some(constraint) = this.downcast::<Rc<Constraint>>() {
                *constraint.ddl_if.borrow_mut() = condition;
            }
            Ok(this.clone())
        },
    ))
}

/// `ddl.execute_if(..)`.
pub fn conditional(this: &Value, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let Some(ddl) = this.downcast::<DdlObject>() else {
        return Ok(this.clone());
    };
    Ok(Value::object(Conditional {
        ddl: ddl.0.clone(),
        condition: condition_of(bound, cx)?,
    }))
}

/// Run a DDL element for `target` on the connection `bind`; `keywords` are those of the event.
pub fn call_ddl(
    this: &Value,
    target: &Value,
    bind: &Value,
    keywords: &[(Str, Value)],
    cx: &Cx,
) -> Result<Value> {
    super::ddl::on_bind(bind, cx, |own| {
        let ddl = match this.downcast::<Conditional>() {
            Some(conditional) => {
                let dialect = own.dialect(cx);
                // 2.0 tells the function nothing of the event.
                let told = if cx.compat().is_14() { keywords } else { &[] };
                let condition = &conditional.condition;
                let plain = Value::object(DdlObject(conditional.ddl.clone()));
                if !condition.holds((&plain, target, bind), &dialect, told, cx)? {
                    return Ok(Value::None);
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
        own.execute(&ddl, cx)?;
        Ok(Value::None)
    })
}
