//! What hears of attribute changes: validators, cascades, backrefs, and listeners of scripts,
//! in the order in which they were set up.

use std::rc::Rc;

use super::attribute::{Attribute, Held, child_state, describe};
use super::hooks;
use super::passive::Passive;
use super::properties::PropertyId;
use super::state::state_of;
use crate::engine::exc::{INVALID_REQUEST_ERROR, with_code};
use crate::object::exceptions::{INDEX_ERROR, KEY_ERROR, VALUE_ERROR};
use crate::object::{Cx, Instance, Object, Raised, Result, Str, TypeSpec, Value};

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are SQLAlchemy's")]
pub enum Op {
    Append,
    Remove,
    Replace,
    BulkReplace,
    Modified,
}

impl Op {
    fn symbol(self) -> &'static str {
        match self {
            Self::Append => "OP_APPEND",
            Self::Remove => "OP_REMOVE",
            Self::Replace => "OP_REPLACE",
            Self::BulkReplace => "OP_BULK_REPLACE",
            Self::Modified => "OP_MODIFIED",
        }
    }
}

/// What a chain of changes was started by: an attribute, and what was done to it.
#[derive(Clone)]
pub struct Token {
    attribute: Rc<Attribute>,
    op: Op,
}

impl Token {
    /// `op` on `attribute`.
    pub fn new(attribute: Rc<Attribute>, op: Op) -> Self {
        Self { attribute, op }
    }
    /// The attribute.
    pub fn attribute(&self) -> &Rc<Attribute> {
        &self.attribute
    }
    /// What was done to it.
    pub fn op(&self) -> Op {
        self.op
    }
    /// Whether it is `op` on `attribute`.
    pub fn is(&self, attribute: &Rc<Attribute>, op: Op) -> bool {
        self.op == op && Rc::ptr_eq(&self.attribute, attribute)
    }
    fn parent(&self) -> PropertyId {
        self.attribute.parent_token()
    }
}

static TOKEN: TypeSpec = TypeSpec::new("sqlalchemy.orm.attributes", "AttributeEventToken");

impl Object for Token {
    fn spec(&self) -> &'static TypeSpec {
        &TOKEN
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "key" => Some(self.attribute.key().clone().into()),
            "op" => Some(self.op.symbol().into()),
            _ => None,
        })
    }
}

/// An event of an attribute that a script may listen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are SQLAlchemy's")]
pub enum AttributeEvent {
    Append,
    AppendWoMutation,
    Remove,
    Set,
    BulkReplace,
    InitScalar,
    InitCollection,
    DisposeCollection,
    Modified,
}

/// A script's function and how it wants to be called.
#[derive(Clone)]
pub struct ScriptListener {
    /// Which event.
    pub event: AttributeEvent,
    /// The function.
    pub function: Value,
    /// Whether what it answers replaces the value.
    pub retval: bool,
    /// Whether it is given the state rather than the instance.
    pub raw: bool,
    /// Whether the attributes of subclasses reach it too.
    pub propagate: bool,
    /// Whether it wants to know old values that are not loaded.
    pub active_history: bool,
}

/// Something that hears of the changes of an attribute.
#[derive(Clone)]
pub enum Listener {
    /// Refuses a child that has a parent already (`single_parent=True`).
    SingleParent,
    /// `@validates`.
    Validator {
        /// The method.
        function: Value,
        /// Whether it hears of removals too.
        include_removes: bool,
        /// Whether it hears of changes made by a backref.
        include_backrefs: bool,
    },
    /// save-update and delete-orphan.
    Cascade,
    /// Keeps the other side, attribute `key` of the children, in step.
    Backref {
        /// The attribute of the other side.
        key: Str,
        /// Whether this side is a collection.
        uselist: bool,
    },
    /// A script's.
    Script(ScriptListener),
}

/// `value` is about to replace `old`; answers what is stored.
pub fn fire_set(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    mut value: Value,
    old: &Held,
    initiator: Option<&Token>,
    cx: &Cx,
) -> Result<Value> {
    let listeners = attribute.listeners();
    if listeners.is_empty() {
        return Ok(value);
    }
    let own = attribute.token(Op::Replace);
    let token = initiator.unwrap_or(&own);
    for listener in listeners.iter() {
        match listener {
            Listener::SingleParent => {
                let unchanged = matches!(old, Held::Value(old) if old.is(&value));
                if !unchanged {
                    check_single_parent(attribute, instance, &value, token)?;
                }
            }
            Listener::Validator { .. } => {
                if let Some(function) = wants(listener, attribute, token, false) {
                    value = validate(listener, function, attribute, instance, value, cx)?;
                }
            }
            Listener::Cascade => cascade_set(attribute, instance, &value, old, token, cx)?,
            Listener::Backref { key, .. } => {
                backref_set(attribute, key, instance, &value, old, token, cx)?;
            }
            Listener::Script(script) if script.event == AttributeEvent::Set => {
                let args = [
                    script.target(instance),
                    value.clone(),
                    old_as_value(old),
                    Value::object(token.clone()),
                ];
                let answer = cx.call(&script.function, args)?;
                if script.retval {
                    value = answer;
                }
            }
            Listener::Script(_) => {}
        }
    }
    Ok(value)
}

/// `value` is about to enter the collection; answers what is stored.
pub fn fire_append(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    mut value: Value,
    initiator: Option<&Token>,
    cx: &Cx,
) -> Result<Value> {
    let own = attribute.token(Op::Append);
    let token = initiator.unwrap_or(&own);
    for listener in attribute.listeners().iter() {
        match listener {
            Listener::SingleParent => check_single_parent(attribute, instance, &value, token)?,
            Listener::Validator { .. } if token.op() != Op::BulkReplace => {
                if let Some(function) = wants(listener, attribute, token, false) {
                    value = validate(listener, function, attribute, instance, value, cx)?;
                }
            }
            Listener::Cascade => {
                cascade_in(attribute, instance, &value, token, "collection append", cx)?;
            }
            Listener::Backref { key, .. } => {
                if !value.is_none() {
                    backref_append(attribute, key, instance, &value, token, cx)?;
                }
            }
            Listener::Script(script) if script.event == AttributeEvent::Append => {
                let args = [
                    script.target(instance),
                    value.clone(),
                    Value::object(token.clone()),
                ];
                let answer = cx.call(&script.function, args)?;
                if script.retval {
                    value = answer;
                }
            }
            Listener::Validator { .. } | Listener::Script(_) => {}
        }
    }
    Ok(value)
}

/// `value`, which is in the collection already, was put in again.
pub fn fire_append_again(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    value: &Value,
    initiator: Option<&Token>,
    cx: &Cx,
) -> Result<()> {
    let own = attribute.token(Op::Append);
    let token = initiator.unwrap_or(&own);
    for listener in attribute.listeners().iter() {
        match listener {
            Listener::Cascade => {
                cascade_in(attribute, instance, value, token, "collection append", cx)?;
            }
            Listener::Script(script) if script.event == AttributeEvent::AppendWoMutation => {
                let args = [
                    script.target(instance),
                    value.clone(),
                    Value::object(token.clone()),
                ];
                cx.call(&script.function, args)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// `old` leaves the attribute.
pub fn fire_remove(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    old: &Held,
    initiator: Option<&Token>,
    cx: &Cx,
) -> Result<()> {
    let listeners = attribute.listeners();
    if listeners.is_empty() {
        return Ok(());
    }
    let own = attribute.token(Op::Remove);
    let token = initiator.unwrap_or(&own);
    for listener in listeners.iter() {
        match listener {
            Listener::Validator {
                include_removes: true,
                ..
            } => {
                if let Some(function) = wants(listener, attribute, token, true) {
                    let args = [
                        Value::Instance(instance.clone()),
                        attribute.key().clone().into(),
                        old_as_value(old),
                        Value::Bool(true),
                    ];
                    cx.call(function, args)?;
                }
            }
            Listener::Cascade => cascade_remove(attribute, instance, old, cx)?,
            Listener::Backref { key, uselist } => {
                if let Some(child) = old.object() {
                    backref_remove(attribute, key, *uselist, instance, child, token, cx)?;
                }
            }
            Listener::Script(script) if script.event == AttributeEvent::Remove => {
                let args = [
                    script.target(instance),
                    old_as_value(old),
                    Value::object(token.clone()),
                ];
                cx.call(&script.function, args)?;
            }
            Listener::SingleParent | Listener::Validator { .. } | Listener::Script(_) => {}
        }
    }
    Ok(())
}

/// A whole collection is about to be replaced by `values`, which listeners may change.
pub fn fire_bulk_replace(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    mut values: Vec<Value>,
    cx: &Cx,
) -> Result<Vec<Value>> {
    let token = attribute.token(Op::BulkReplace);
    for listener in attribute.listeners().iter() {
        match listener {
            Listener::Validator { .. } => {
                if let Some(function) = wants(listener, attribute, &token, false) {
                    for value in &mut values {
                        let given = std::mem::replace(value, Value::None);
                        *value = validate(listener, function, attribute, instance, given, cx)?;
                    }
                }
            }
            Listener::Script(script) if script.event == AttributeEvent::BulkReplace => {
                let list = Value::list(values);
                let args = [
                    script.target(instance),
                    list.clone(),
                    Value::object(token.clone()),
                ];
                cx.call(&script.function, args)?;
                values = cx.collect(&list)?;
            }
            _ => {}
        }
    }
    Ok(values)
}

/// The value that a never-set scalar shows: None, unless a listener knows better.
pub fn fire_init_scalar(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    cx: &Cx,
) -> Result<Value> {
    let mut value = Value::None;
    for listener in attribute.listeners().iter() {
        if let Listener::Script(script) = listener
            && script.event == AttributeEvent::InitScalar
        {
            let dict = cx.get_attr(&Value::Instance(instance.clone()), "__dict__")?;
            let args = [script.target(instance), value.clone(), dict];
            let answer = cx.call(&script.function, args)?;
            if script.retval {
                value = answer;
            }
        }
    }
    Ok(value)
}

/// Tell scripts of the other events: `modified`, `init_collection`, `dispose_collection`.
pub fn fire_other(
    event: AttributeEvent,
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    more: &[Value],
    cx: &Cx,
) -> Result<()> {
    for listener in attribute.listeners().iter() {
        if let Listener::Script(script) = listener
            && script.event == event
        {
            let mut args = vec![script.target(instance)];
            args.extend_from_slice(more);
            cx.call(&script.function, args)?;
        }
    }
    Ok(())
}

impl ScriptListener {
    fn target(&self, instance: &Rc<Instance>) -> Value {
        if self.raw {
            super::inspection::state_value(instance)
        } else {
            Value::Instance(instance.clone())
        }
    }
}

fn old_as_value(old: &Held) -> Value {
    match old {
        Held::Value(value) => value.clone(),
        Held::NoValue => super::inspection::no_value(),
        Held::NoResult => super::inspection::no_result(),
    }
}

/// The validator's function, if it wants to hear of this change.
fn wants<'a>(
    listener: &'a Listener,
    attribute: &Rc<Attribute>,
    token: &Token,
    removal: bool,
) -> Option<&'a Value> {
    match listener {
        Listener::Validator {
            function,
            include_removes,
            include_backrefs,
        } => {
            let from_backref = !Rc::ptr_eq(token.attribute(), attribute);
            let wanted = (*include_backrefs || !from_backref) && (*include_removes || !removal);
            wanted.then_some(function)
        }
        _ => None,
    }
}

fn validate(
    listener: &Listener,
    function: &Value,
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    value: Value,
    cx: &Cx,
) -> Result<Value> {
    let mut args = vec![
        Value::Instance(instance.clone()),
        attribute.key().clone().into(),
        value,
    ];
    if matches!(
        listener,
        Listener::Validator {
            include_removes: true,
            ..
        }
    ) {
        args.push(Value::Bool(false));
    }
    cx.call(function, args)
}

fn check_single_parent(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    value: &Value,
    token: &Token,
) -> Result<()> {
    if value.is_none()
        || token.attribute().key() != attribute.key()
        || !token.attribute().has_parent(value, false)
    {
        return Ok(());
    }
    Err(with_code(
        INVALID_REQUEST_ERROR.error(format!(
            "Instance {} is already associated with an instance of <class '{}'> via its {} \
             attribute, and is only allowed a single parent.",
            describe(value),
            instance.class().full_name(),
            attribute.property()
        )),
        "bbf1",
    ))
}

/// save-update: what is attached to an object of a session enters the session.
fn cascade_in(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    value: &Value,
    token: &Token,
    what: &str,
    cx: &Cx,
) -> Result<()> {
    if value.is_none() {
        return Ok(());
    }
    let Some(session) = state_of(instance).and_then(|state| hooks::session(state.session_id(), cx))
    else {
        return Ok(());
    };
    session.warn_in_flush(what, cx);
    let (child, _) = child_state(value, cx)?;
    let follows = attribute.key() == token.attribute().key()
        || (session.cascades_backrefs() && attribute.property().cascades_backrefs());
    if attribute.property().cascade().save_update && follows && !session.contains(child) {
        session.save_or_update(child, cx)?;
    }
    Ok(())
}

fn cascade_set(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    value: &Value,
    old: &Held,
    token: &Token,
    cx: &Cx,
) -> Result<()> {
    if matches!(old, Held::Value(old) if old.is(value)) {
        return Ok(());
    }
    cascade_in(
        attribute,
        instance,
        value,
        token,
        "related attribute set",
        cx,
    )?;
    let Some(session) = state_of(instance).and_then(|state| hooks::session(state.session_id(), cx))
    else {
        return Ok(());
    };
    if let (Some(Value::Instance(child)), true) =
        (old.object(), attribute.property().cascade().delete_orphan)
        && session.is_pending(child)
        && is_orphan(attribute, child, cx)?
    {
        session.expunge(child, cx)?;
    }
    Ok(())
}

/// delete-orphan: a pending child that leaves its parent leaves the session.
fn cascade_remove(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    old: &Held,
    cx: &Cx,
) -> Result<()> {
    if matches!(old, Held::Value(Value::None)) {
        return Ok(());
    }
    let session = state_of(instance).and_then(|state| hooks::session(state.session_id(), cx));
    if let Some(session) = &session {
        let what = if attribute.holds_many() {
            "collection remove"
        } else {
            "related attribute delete"
        };
        session.warn_in_flush(what, cx);
    }
    if !attribute.property().cascade().delete_orphan {
        return Ok(());
    }
    let Some(Value::Instance(child)) = old.object() else {
        return Ok(());
    };
    if is_orphan(attribute, child, cx)? {
        match session.filter(|session| session.is_pending(child)) {
            Some(session) => session.expunge(child, cx)?,
            None => {
                if let Some(state) = state_of(child) {
                    state.set_orphaned(true);
                }
            }
        }
    }
    Ok(())
}

fn is_orphan(attribute: &Rc<Attribute>, child: &Rc<Instance>, cx: &Cx) -> Result<bool> {
    match (attribute.property().target(cx)?, state_of(child)) {
        (Some(target), Some(state)) => Ok(target.is_orphan(state)),
        _ => Ok(false),
    }
}

fn conflict(attribute: &Rc<Attribute>, child: &Value, token: &Token, other: &Attribute) -> Raised {
    VALUE_ERROR.error(format!(
        "Bidirectional attribute conflict detected: Passing object {} to attribute \"{}\" \
         triggers a modify event on attribute \"{}\" via the backref \"{}\".",
        describe(child),
        token.attribute().property(),
        other.property(),
        attribute.property()
    ))
}

fn other_side(child: &Value, key: &Str, cx: &Cx) -> Result<(Rc<Instance>, Rc<Attribute>)> {
    let (child, state) = child_state(child, cx)?;
    match state.mapper().attribute(key) {
        Some(attribute) => Ok((child.clone(), attribute)),
        None => Err(KEY_ERROR.error(key.to_string())),
    }
}

fn backref_append(
    attribute: &Rc<Attribute>,
    key: &Str,
    instance: &Rc<Instance>,
    child: &Value,
    token: &Token,
    cx: &Cx,
) -> Result<()> {
    let (child_instance, other) = other_side(child, key, cx)?;
    if token.parent() != attribute.parent_token() && token.parent() != other.parent_token() {
        return Err(conflict(
            attribute,
            &Value::Instance(instance.clone()),
            token,
            &other,
        ));
    }
    let own = other.token(Op::Append);
    if token.is(&other, own.op()) || token.is(&other, Op::BulkReplace) {
        return Ok(());
    }
    other.append(
        &child_instance,
        Value::Instance(instance.clone()),
        Some(token),
        Passive::NO_FETCH,
        cx,
    )
}

fn backref_set(
    attribute: &Rc<Attribute>,
    key: &Str,
    instance: &Rc<Instance>,
    value: &Value,
    old: &Held,
    token: &Token,
    cx: &Cx,
) -> Result<()> {
    if matches!(old, Held::Value(old) if old.is(value)) {
        return Ok(());
    }
    if let Some(old) = old.object() {
        let (old_instance, other) = other_side(old, key, cx)?;
        let echo = if other.holds_many() {
            Op::Remove
        } else {
            Op::Replace
        };
        if !token.is(&other, echo) {
            let own = attribute.token(Op::Append);
            other.pop(
                &old_instance,
                &Value::Instance(instance.clone()),
                Some(&own),
                Passive::NO_FETCH,
                cx,
            )?;
        }
    }
    if value.is_none() {
        return Ok(());
    }
    backref_append(attribute, key, instance, value, token, cx)
}

fn backref_remove(
    attribute: &Rc<Attribute>,
    key: &Str,
    uselist: bool,
    instance: &Rc<Instance>,
    child: &Value,
    token: &Token,
    cx: &Cx,
) -> Result<()> {
    let (child_instance, other) = other_side(child, key, cx)?;
    let replaced = if other.holds_many() {
        Op::BulkReplace
    } else {
        Op::Replace
    };
    if token.is(&other, Op::Remove) || token.is(&other, replaced) {
        return Ok(());
    }
    if uselist && !other.holds_many() {
        let collection = instance.slot(attribute.slot());
        // What is looked through is what the collection itself yields.
        let held = match &collection {
            Value::Instance(_) => cx.collect(&collection)?,
            _ => super::collections::members(&collection, cx)?,
        };
        if held.iter().filter(|item| item.is(child)).count() > 1 {
            return Ok(());
        }
    }
    other.pop(
        &child_instance,
        &Value::Instance(instance.clone()),
        Some(token),
        Passive::NO_FETCH,
        cx,
    )
}

/// Whether an error means that what was to be removed is not there.
pub(super) fn is_absence(raised: &Raised) -> bool {
    [&VALUE_ERROR, &KEY_ERROR, &INDEX_ERROR]
        .iter()
        .any(|spec| raised.is(spec))
}
