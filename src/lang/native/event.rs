//! `sqlalchemy.event`: listeners, each taken by the area that its target belongs to.

use std::cell::RefCell;

use super::event_arguments::arguments_of;
use super::{engine, orm, schema};
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Args, Bound, Cx, Export, Method, ModuleSpec, Result, Str, Value};

/// A listener to be set up.
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are SQLAlchemy's keywords"
)]
pub struct Listener<'a> {
    /// What it listens to.
    pub target: &'a Value,
    /// The event's name.
    pub name: &'a str,
    /// The function.
    pub function: &'a Value,
    /// `retval=True`: what the function returns counts.
    pub returns: bool,
    /// `propagate=True`: subclasses are listened to as well.
    pub propagate: bool,
    /// `raw=True`: the function is given states instead of objects.
    pub raw: bool,
    /// `active_history=True`: old values are loaded for it.
    pub active_history: bool,
    /// `insert=True`: it comes before those that listen already.
    pub insert: bool,
    /// Whether it is to be removed instead.
    pub remove: bool,
}

/// What an area says to a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The target is not of this area.
    NotMine,
    /// The target has no event of that name.
    NoSuchEvent,
    /// The listener was set up, or removed.
    Listening,
}

type Listen = fn(&Listener<'_>, &Cx) -> Result<Target>;

/// The areas, one line each.
const AREAS: &[Listen] = &[
    schema::listen,
    engine::listen,
    orm::listen_to_sessions,
    orm::listen_to_queries,
    orm::listen,
];

/// What listens, for `contains()` and `remove()`.
#[derive(Default)]
struct Known(RefCell<Vec<KnownListener>>);

struct KnownListener {
    target: Value,
    name: String,
    function: Value,
    /// What was set up in its place, as `named=` and `once=` want it.
    wrapped: Value,
}

impl Known {
    fn position(&self, target: &Value, name: &str, function: &Value) -> Option<usize> {
        self.0.borrow().iter().position(|known| {
            known.target.is(target) && known.name == name && known.function.is(function)
        })
    }
}

fn set_up(listener: &Listener<'_>, cx: &Cx) -> Result<()> {
    for area in AREAS {
        match area(listener, cx)? {
            Target::NotMine => {}
            Target::Listening => return Ok(()),
            Target::NoSuchEvent => break,
        }
    }
    Err(INVALID_REQUEST_ERROR.error(format!(
        "No such event '{}' for target '{}'",
        listener.name,
        cx.str(listener.target)?
    )))
}

fn listen_to(
    target: &Value,
    name: &str,
    function: &Value,
    flags: &dyn Fn(&str) -> bool,
    cx: &Cx,
) -> Result<()> {
    let targets = match target {
        Value::List(list) => list.to_vec(),
        Value::Tuple(items) => items.to_vec(),
        one => vec![one.clone()],
    };
    for target in &targets {
        let is_class = matches!(target, Value::Class(_));
        if !is_class
            && cx
                .service::<Known>()
                .position(target, name, function)
                .is_some()
        {
            continue;
        }
        let wrapped = wrap(name, function, flags);
        let listener = Listener {
            target,
            name,
            function: &wrapped,
            returns: flags("retval"),
            propagate: flags("propagate"),
            raw: flags("raw"),
            active_history: flags("active_history"),
            insert: flags("insert"),
            remove: false,
        };
        set_up(&listener, cx)?;
        let known = cx.service::<Known>();
        let entry = KnownListener {
            target: target.clone(),
            name: name.to_owned(),
            function: function.clone(),
            wrapped: wrapped.clone(),
        };
        known.0.borrow_mut().push(entry);
    }
    Ok(())
}

/// `function` as `named=True` and `once=True` want it called.
fn wrap(name: &str, function: &Value, flags: &dyn Fn(&str) -> bool) -> Value {
    let mut wrapped = function.clone();
    if flags("named") {
        let names = arguments_of(name);
        let function = wrapped;
        wrapped = Method::function("wrap_kw(*args, **kw)", move |bound, cx| {
            let given = names.iter().zip(bound.rest());
            let named = given.map(|(name, value)| (Str::new(*name), value.clone()));
            let args = Args {
                kw: named.chain(bound.keywords().iter().cloned()).collect(),
                ..Args::default()
            };
            cx.call(&function, args)
        });
    }
    if flags("once") {
        let function = RefCell::new(Some(wrapped));
        wrapped = Method::function("go(*arg, **kw)", move |bound, cx| {
            let Some(function) = function.borrow_mut().take() else {
                return Ok(Value::None);
            };
            let args = Args {
                pos: bound.rest().iter().cloned().collect(),
                kw: bound.keywords().to_vec(),
            };
            cx.call(&function, args)
        });
    }
    wrapped
}

/// The flags among the keyword arguments that are set.
fn flags_of(bound: &Bound<'_>, cx: &Cx) -> Result<Vec<String>> {
    let mut set = Vec::new();
    for (name, value) in bound.keywords() {
        if cx.truthy(value)? {
            set.push(name.to_string());
        }
    }
    Ok(set)
}

fn listen(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let set = flags_of(bound, cx)?;
    let flags = |name: &str| set.iter().any(|known| known == name);
    let name = bound.text("identifier")?;
    listen_to(bound.value("target"), name, bound.value("fn"), &flags, cx)?;
    Ok(Value::None)
}

fn listens_for(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let set = flags_of(bound, cx)?;
    let name = bound.text("identifier")?.to_owned();
    let target = bound.value("target").clone();
    Ok(Method::function("decorate(fn)", move |bound, cx| {
        let flags = |name: &str| set.iter().any(|known| known == name);
        let function = bound.value("fn");
        listen_to(&target, &name, function, &flags, cx)?;
        Ok(function.clone())
    }))
}

fn remove(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let (target, function) = (bound.value("target"), bound.value("fn"));
    let name = bound.text("identifier")?;
    let known = cx.service::<Known>();
    let Some(position) = known.position(target, name, function) else {
        return Err(INVALID_REQUEST_ERROR.error(format!(
            "No listeners found for event {} / '{name}' / {} ",
            cx.repr(target)?,
            cx.repr(function)?
        )));
    };
    let gone = known.0.borrow_mut().remove(position);
    let listener = Listener {
        target,
        name,
        function: &gone.wrapped,
        returns: false,
        propagate: false,
        raw: false,
        active_history: false,
        insert: false,
        remove: true,
    };
    set_up(&listener, cx)?;
    Ok(Value::None)
}

fn contains(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let known = cx.service::<Known>();
    let name = bound.text("identifier")?;
    let found = known.position(bound.value("target"), name, bound.value("fn"));
    Ok(Value::Bool(found.is_some()))
}

const NAMES: &[(&str, Export)] = &[
    ("listen", |_| {
        Method::function("listen(target, identifier, fn, **kw)", listen)
    }),
    ("listens_for", |_| {
        Method::function("listens_for(target, identifier, **kw)", listens_for)
    }),
    ("remove", |_| {
        Method::function("remove(target, identifier, fn)", remove)
    }),
    ("contains", |_| {
        Method::function("contains(target, identifier, fn)", contains)
    }),
];

/// `sqlalchemy.event`.
pub static EVENT: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.event",
    names: NAMES,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.event"),
    dynamic: None,
};
