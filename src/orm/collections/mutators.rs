//! The wrappers that instrumentation puts around the methods of a script's collection class.

use std::rc::Rc;

use super::adapter::adapter_of;
use super::storage::Announced;
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{self, Slice};
use crate::object::{
    Args, BinaryOp, BoundMethod, Class, Cx, Object, Result, Set, Str, TypeSpec, Value, ops,
};

/// What a wrapper does when it is called on a collection.
type Run = fn(&Mutator, &Value, Args, &Cx) -> Result<Value>;

/// A wrapper around a method.
pub struct Mutator {
    name: Str,
    function: Value,
    kind: Kind,
}

enum Kind {
    Canned(Run),
    Membership(Membership),
}

/// What enters or leaves when a method is called.
#[derive(Clone)]
pub struct Membership {
    /// Whether an argument enters (or leaves), and which: a number or a name.
    before: Option<(bool, Value)>,
    /// Whether the answer enters, or leaves.
    after: Option<bool>,
}

impl Membership {
    /// The first argument enters, or leaves.
    pub fn of_argument(append: bool) -> Self {
        Self {
            before: Some((append, Value::Int(1))),
            after: None,
        }
    }
    /// What the decorators noted: `before` as (event, argument), `after` as event.
    pub fn marked(before: Option<Value>, after: Option<Value>) -> Option<Self> {
        let appends = |event: &Value| event.as_str() == Some("fire_append_event");
        let before = match &before {
            Some(Value::Tuple(noted)) => match &noted[..] {
                [event, argument] => Some((appends(event), argument.clone())),
                _ => None,
            },
            _ => None,
        };
        let after = after.as_ref().map(appends);
        (before.is_some() || after.is_some()).then_some(Self { before, after })
    }
}

impl Mutator {
    /// Around the method `name` of a class that is like a built-in one.
    pub(super) fn canned(name: &str, function: Value, run: Run) -> Value {
        Value::object(Self {
            name: Str::new(name),
            function,
            kind: Kind::Canned(run),
        })
    }
    /// Around a method that a script marked.
    pub(super) fn membership(name: Str, function: Value, membership: Membership) -> Value {
        Value::object(Self {
            name,
            function,
            kind: Kind::Membership(membership),
        })
    }
    /// Call what is wrapped.
    fn inner(&self, this: &Value, args: impl Into<Args>, cx: &Cx) -> Result<Value> {
        cx.call(&self.function, args.into().prepend(this.clone()))
    }
    fn run(&self, this: &Value, mut args: Args, cx: &Cx) -> Result<Value> {
        match &self.kind {
            // A built-in container tells its owner itself.
            Kind::Canned(_) if !matches!(this, Value::Instance(_)) => {
                args.take_keyword("_sa_initiator");
                self.inner(this, args, cx)
            }
            Kind::Canned(run) => run(self, this, args, cx),
            Kind::Membership(membership) => self.member(membership, this, args, cx),
        }
    }
    fn member(
        &self,
        membership: &Membership,
        this: &Value,
        mut args: Args,
        cx: &Cx,
    ) -> Result<Value> {
        let value = match &membership.before {
            Some((append, argument)) => Some((*append, self.argument(argument, &args)?)),
            None => None,
        };
        let initiator = args.take_keyword("_sa_initiator");
        let how = Announced::of_value(initiator.as_ref());
        let fire = |append: bool, value: Value| -> Result<()> {
            let Some(adapter) = adapter_of(this) else {
                return Ok(());
            };
            if append {
                adapter.fire_append(value, how, cx).map(drop)
            } else {
                adapter.fire_remove(&value, how, cx)
            }
        };
        if let Some((append, value)) = value {
            fire(append, value)?;
        }
        let answer = self.inner(this, args, cx)?;
        if let Some(append) = membership.after
            && !answer.is_none()
        {
            fire(append, answer.clone())?;
        }
        Ok(answer)
    }
    /// The argument that enters or leaves; the collection itself is number 0.
    fn argument(&self, wanted: &Value, args: &Args) -> Result<Value> {
        let names: Vec<Str> = match &self.function {
            Value::Object(object) => object.parameters().unwrap_or_default(),
            _ => Vec::new(),
        }
        .into_iter()
        .map(|(name, _)| name)
        .collect();
        let (place, name) = match wanted {
            Value::Int(number) => {
                let place = usize::try_from(*number).unwrap_or(usize::MAX);
                (Some(place), names.get(place).cloned())
            }
            Value::Str(name) => (
                names.iter().position(|known| known == name),
                Some(name.clone()),
            ),
            _ => (None, None),
        };
        let by_place = place
            .and_then(|place| args.pos.get(place.checked_sub(1)?))
            .cloned();
        let by_name = || {
            let name = name.as_ref()?;
            let found = args.kw.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        by_place.or_else(by_name).ok_or_else(|| {
            let shown = match wanted {
                Value::Str(name) => name.to_string(),
                Value::Int(number) => number.to_string(),
                _ => String::new(),
            };
            ARGUMENT_ERROR.error(format!("Missing argument {shown}"))
        })
    }
}

static FUNCTION: TypeSpec = TypeSpec::new("builtins", "function");

impl Object for Mutator {
    fn spec(&self) -> &'static TypeSpec {
        &FUNCTION
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, mut args: Args, cx: &Cx) -> Result<Option<Value>> {
        if args.pos.is_empty() {
            return Err(TYPE_ERROR.error(format!(
                "{}() missing 1 required positional argument: 'self'",
                self.name
            )));
        }
        let this = args.pos.remove(0);
        self.run(&this, args, cx).map(Some)
    }
    fn bind(
        &self,
        this: &Value,
        instance: Option<&Value>,
        _owner: &Rc<Class>,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(instance.map(|instance| {
            Value::object(BoundMethod {
                this: instance.clone(),
                function: this.clone(),
            })
        }))
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        match name {
            "__name__" => Ok(Some(self.name.clone().into())),
            "_sa_instrumented" => Ok(Some(Value::Bool(true))),
            // What says how a method changes a collection is done once it is wrapped.
            "_sa_instrument_before" | "_sa_instrument_after" => Ok(None),
            _ => crate::object::find_attr(&self.function, name, cx),
        }
    }
}

/// The arguments of a wrapper, as its signature in Python has them.
struct Given {
    values: Vec<Value>,
    initiator: Option<Value>,
}

impl Given {
    /// Bind `args` to the parameters of `mutator`; as many as `needed` must be there.
    fn new(mutator: &Mutator, names: &[&str], needed: usize, mut args: Args) -> Result<Self> {
        let mut values: Vec<Value> = args.pos.drain(..).collect();
        let mut initiator = args.take_keyword("_sa_initiator");
        if values.len() > names.len() {
            initiator = initiator.or_else(|| values.get(names.len()).cloned());
            values.truncate(names.len());
        }
        for name in &names[values.len()..] {
            values.push(args.take_keyword(name).unwrap_or(Value::Undefined));
        }
        let missing = names.iter().zip(&values).take(needed);
        let missing: Vec<&str> = missing
            .filter(|(_, value)| value.is_undefined())
            .map(|(name, _)| *name)
            .collect();
        if let Some(first) = missing.first() {
            return Err(TYPE_ERROR.error(format!(
                "{}() missing {} required positional argument{}: '{first}'",
                mutator.name,
                missing.len(),
                if missing.len() == 1 { "" } else { "s" },
            )));
        }
        Ok(Self { values, initiator })
    }
    fn how(&self) -> Announced<'_> {
        Announced::of_value(self.initiator.as_ref())
    }
}

fn entering(this: &Value, item: Value, how: Announced<'_>, cx: &Cx) -> Result<Value> {
    match adapter_of(this) {
        Some(adapter) => adapter.fire_append(item, how, cx),
        None => Ok(item),
    }
}

fn entering_again(this: &Value, item: &Value, how: Announced<'_>, cx: &Cx) -> Result<()> {
    match adapter_of(this) {
        Some(adapter) => adapter.fire_append_again(item, how, cx),
        None => Ok(()),
    }
}

fn leaving(this: &Value, item: &Value, how: Announced<'_>, cx: &Cx) -> Result<()> {
    match adapter_of(this) {
        Some(adapter) => adapter.fire_remove(item, how, cx),
        None => Ok(()),
    }
}

fn before_pop(this: &Value, cx: &Cx) -> Result<()> {
    match adapter_of(this) {
        Some(adapter) => adapter.fire_before_remove(cx),
        None => Ok(()),
    }
}

/// The item enters, then the method runs.
fn add_item(mutator: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    let given = Given::new(mutator, &["item"], 1, args)?;
    let item = entering(this, given.values[0].clone(), given.how(), cx)?;
    mutator.inner(this, [item], cx)
}

/// The item leaves, then the method runs.
fn remove_item(mutator: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    let given = Given::new(mutator, &["value"], 1, args)?;
    leaving(this, &given.values[0], given.how(), cx)?;
    mutator.inner(this, [given.values[0].clone()], cx)
}

fn insert(mutator: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    let given = Given::new(mutator, &["index", "value"], 2, args)?;
    let value = entering(this, given.values[1].clone(), Announced::Own, cx)?;
    mutator.inner(this, [given.values[0].clone(), value], cx)
}

fn each_appended(_: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    for item in cx.collect(args.pos.first().unwrap_or(&Value::None))? {
        cx.call_method(this, "append", [item])?;
    }
    Ok(Value::None)
}

fn list_in_place(mutator: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    each_appended(mutator, this, args, cx)?;
    Ok(this.clone())
}

fn pop(mutator: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    before_pop(this, cx)?;
    let item = mutator.inner(this, args, cx)?;
    leaving(this, &item, Announced::Own, cx)?;
    Ok(item)
}

fn clear_list(mutator: &Mutator, this: &Value, _: Args, cx: &Cx) -> Result<Value> {
    for item in cx.collect(this)? {
        leaving(this, &item, Announced::Own, cx)?;
    }
    mutator.inner(this, [], cx)
}

fn set_list_item(mutator: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    let given = Given::new(mutator, &["index", "value"], 2, args)?;
    let [index, value] = &given.values[..] else {
        return Ok(Value::None);
    };
    let Some(slice) = index.downcast::<Slice>() else {
        let existing = ops::get_item(this, index, cx)?;
        if !existing.is_none() {
            leaving(this, &existing, Announced::Own, cx)?;
        }
        let value = entering(this, value.clone(), Announced::Own, cx)?;
        return mutator.inner(this, [index.clone(), value], cx);
    };
    let len = ops::len(this, cx)?;
    let indices = slice.indices(len, cx)?;
    if indices.step != 1 {
        let items = cx.collect(value)?;
        if items.len() != indices.count() {
            return Err(VALUE_ERROR.error(format!(
                "attempt to assign sequence of size {} to extended slice of size {}",
                items.len(),
                indices.count()
            )));
        }
        for (at, item) in indices.iter().zip(items) {
            let at = Value::Int(i64::try_from(at).unwrap_or(i64::MAX));
            cx.call_method(this, "__setitem__", [at, item])?;
        }
        return Ok(Value::None);
    }
    if value.is(this) {
        return Ok(Value::None);
    }
    let start = indices.start;
    for _ in start..indices.stop {
        ops::delete_item(this, &Value::Int(start), cx)?;
    }
    for (at, item) in (start..).zip(cx.collect(value)?) {
        cx.call_method(this, "insert", [Value::Int(at), item])?;
    }
    Ok(Value::None)
}

fn delete_list_item(mutator: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    let given = Given::new(mutator, &["index"], 1, args)?;
    let index = &given.values[0];
    let found = ops::get_item(this, index, cx)?;
    let doomed = match index.downcast::<Slice>() {
        Some(_) => cx.collect(&found)?,
        None => vec![found],
    };
    for item in doomed {
        leaving(this, &item, Announced::Own, cx)?;
    }
    mutator.inner(this, [index.clone()], cx)
}

/// The methods of a class that is like a list.
pub(super) const LIST_METHODS: &[(&str, Run)] = &[
    ("append", add_item),
    ("remove", remove_item),
    ("insert", insert),
    ("__setitem__", set_list_item),
    ("__delitem__", delete_list_item),
    ("extend", each_appended),
    ("__iadd__", list_in_place),
    ("pop", pop),
    ("clear", clear_list),
];

fn add_member(mutator: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    let given = Given::new(mutator, &["value"], 1, args)?;
    let mut value = given.values[0].clone();
    if ops::contains(this, &value, cx)? {
        entering_again(this, &value, given.how(), cx)?;
    } else {
        value = entering(this, value, given.how(), cx)?;
    }
    mutator.inner(this, [value], cx)
}

fn remove_member(mutator: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    let given = Given::new(mutator, &["value"], 1, args)?;
    let value = &given.values[0];
    if ops::contains(this, value, cx)? {
        leaving(this, value, given.how(), cx)?;
    }
    mutator.inner(this, [value.clone()], cx)
}

fn clear_set(_: &Mutator, this: &Value, _: Args, cx: &Cx) -> Result<Value> {
    for item in cx.collect(this)? {
        cx.call_method(this, "remove", [item])?;
    }
    Ok(Value::None)
}

/// Call `method` with every item that the argument yields.
fn each(this: &Value, args: &Args, method: &str, cx: &Cx) -> Result<()> {
    for item in cx.collect(args.pos.first().unwrap_or(&Value::None))? {
        cx.call_method(this, method, [item])?;
    }
    Ok(())
}

fn each_added(_: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    each(this, &args, "add", cx).map(|()| Value::None)
}

fn each_discarded(_: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    each(this, &args, "discard", cx).map(|()| Value::None)
}

/// Become what `op` makes of this and the argument: what leaves first, then what enters.
fn become_result(op: BinaryOp, this: &Value, args: &Args, cx: &Cx) -> Result<()> {
    let other = Set::new(Set::of(
        cx.collect(args.pos.first().unwrap_or(&Value::None))?,
        cx,
    )?);
    let have = Set::of(cx.collect(this)?, cx)?;
    let mine = Value::Set(Rc::new(Set::new(have.clone())));
    let want = ops::binary(op, &mine, &Value::Set(Rc::new(other)), cx)?;
    let want = Set::of(cx.collect(&want)?, cx)?;
    for gone in have.iter().filter(|key| !want.contains(*key)) {
        cx.call_method(this, "remove", [gone.value().clone()])?;
    }
    for new in want.iter().filter(|key| !have.contains(*key)) {
        cx.call_method(this, "add", [new.value().clone()])?;
    }
    Ok(())
}

fn intersection_update(_: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    become_result(BinaryOp::BitAnd, this, &args, cx).map(|()| Value::None)
}

fn symmetric_difference_update(_: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    become_result(BinaryOp::BitXor, this, &args, cx).map(|()| Value::None)
}

/// `this op= other`, which only a set may be.
fn set_in_place(
    this: &Value,
    args: &Args,
    cx: &Cx,
    run: impl FnOnce() -> Result<()>,
) -> Result<Value> {
    let other = args.pos.first().unwrap_or(&Value::None);
    let class = types::class_of(this, cx);
    let is_set =
        other.downcast::<Set>().is_some() || types::class_of(other, cx).is_subclass(&class);
    if !is_set {
        return Ok(Value::object(types::NotImplementedObject));
    }
    run()?;
    Ok(this.clone())
}

fn set_ior(_: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    set_in_place(this, &args, cx, || each(this, &args, "add", cx))
}

fn set_isub(_: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    set_in_place(this, &args, cx, || each(this, &args, "discard", cx))
}

fn set_iand(_: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    set_in_place(this, &args, cx, || {
        become_result(BinaryOp::BitAnd, this, &args, cx)
    })
}

fn set_ixor(_: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    set_in_place(this, &args, cx, || {
        become_result(BinaryOp::BitXor, this, &args, cx)
    })
}

/// The methods of a class that is like a set.
pub(super) const SET_METHODS: &[(&str, Run)] = &[
    ("add", add_member),
    ("discard", remove_member),
    ("remove", remove_member),
    ("pop", pop),
    ("clear", clear_set),
    ("update", each_added),
    ("__ior__", set_ior),
    ("difference_update", each_discarded),
    ("__isub__", set_isub),
    ("intersection_update", intersection_update),
    ("__iand__", set_iand),
    ("symmetric_difference_update", symmetric_difference_update),
    ("__ixor__", set_ixor),
];

fn leaving_key(this: &Value, key: &Value, how: Announced<'_>, cx: &Cx) -> Result<()> {
    if ops::contains(this, key, cx)? {
        let held = ops::get_item(this, key, cx)?;
        leaving(this, &held, how, cx)?;
    }
    Ok(())
}

fn set_dict_item(mutator: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    let given = Given::new(mutator, &["key", "value"], 2, args)?;
    let key = given.values[0].clone();
    leaving_key(this, &key, given.how(), cx)?;
    let value = entering(this, given.values[1].clone(), given.how(), cx)?;
    mutator.inner(this, [key, value], cx)
}

fn delete_dict_item(mutator: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    let given = Given::new(mutator, &["key"], 1, args)?;
    leaving_key(this, &given.values[0], given.how(), cx)?;
    mutator.inner(this, [given.values[0].clone()], cx)
}

fn clear_dict(mutator: &Mutator, this: &Value, _: Args, cx: &Cx) -> Result<Value> {
    for key in cx.collect(this)? {
        leaving_key(this, &key, Announced::Own, cx)?;
    }
    mutator.inner(this, [], cx)
}

fn pop_key(mutator: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    before_pop(this, cx)?;
    let held = match args.pos.first() {
        Some(key) => ops::contains(this, key, cx)?,
        None => false,
    };
    let item = mutator.inner(this, args, cx)?;
    if held {
        leaving(this, &item, Announced::Own, cx)?;
    }
    Ok(item)
}

fn pop_entry(mutator: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    before_pop(this, cx)?;
    let entry = mutator.inner(this, args, cx)?;
    if let Some(value) = cx.collect(&entry)?.get(1) {
        leaving(this, value, Announced::Own, cx)?;
    }
    Ok(entry)
}

fn set_default(mutator: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    let given = Given::new(mutator, &["key", "default"], 1, args)?;
    let key = &given.values[0];
    let default = match &given.values[1] {
        Value::Undefined => Value::None,
        default => default.clone(),
    };
    if !ops::contains(this, key, cx)? {
        cx.call_method(this, "__setitem__", [key.clone(), default.clone()])?;
        return Ok(default);
    }
    let value = ops::get_item(this, key, cx)?;
    if value.is(&default) {
        entering_again(this, &value, Announced::Own, cx)?;
    }
    Ok(value)
}

/// Set `key`, unless it holds that very value.
fn put(this: &Value, key: &Value, value: &Value, cx: &Cx) -> Result<()> {
    let held = ops::contains(this, key, cx)? && ops::get_item(this, key, cx)?.is(value);
    if held {
        return entering_again(this, value, Announced::Own, cx);
    }
    cx.call_method(this, "__setitem__", [key.clone(), value.clone()])
        .map(drop)
}

fn update_dict(_: &Mutator, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
    if let Some(other) = args.pos.first() {
        if crate::object::find_attr(other, "keys", cx)?.is_some() {
            for key in cx.collect(other)? {
                put(this, &key, &ops::get_item(other, &key, cx)?, cx)?;
            }
        } else {
            for entry in cx.collect(other)? {
                if let [key, value] = &cx.collect(&entry)?[..] {
                    put(this, key, value, cx)?;
                }
            }
        }
    }
    for (name, value) in &args.kw {
        put(this, &Value::Str(name.clone()), value, cx)?;
    }
    Ok(Value::None)
}

/// The methods of a class that is like a dict.
pub(super) const DICT_METHODS: &[(&str, Run)] = &[
    ("__setitem__", set_dict_item),
    ("__delitem__", delete_dict_item),
    ("clear", clear_dict),
    ("pop", pop_key),
    ("popitem", pop_entry),
    ("setdefault", set_default),
    ("update", update_dict),
];
