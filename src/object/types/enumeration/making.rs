//! How an enum class gets its members.

use std::rc::Rc;

use super::{Auto, ENUM, EnumInfo, FLAG, REPR_ENUM, STR_ENUM, Wrapped, new_member, value_of};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::{BYTES, FLOAT, INT, STR, TUPLE, make_class};
use crate::object::{Args, BinaryOp, Class, Cx, Object, Result, Str, TypeSpec, Value, ops};

/// Hears of a new enum class.
pub fn init_subclass(class: &Rc<Class>, _keywords: &[(Str, Value)], cx: &Cx) -> Result<()> {
    make_members(class, cx)
}

/// Whether a name of the body is no member: methods, properties, special names.
fn is_plain(name: &str, value: &Value) -> bool {
    let special = (name.starts_with("__") && name.ends_with("__"))
        || (name.starts_with('_') && name.ends_with('_'));
    if special {
        return true;
    }
    match value {
        Value::Object(object) => {
            object.is_data_descriptor()
                || matches!(
                    object.spec().name(),
                    "function"
                        | "property"
                        | "classmethod"
                        | "staticmethod"
                        | "builtin_function_or_method"
                        | "cached_property"
                )
        }
        Value::Instance(instance) => instance.class().lookup("__get__").is_some(),
        _ => false,
    }
}

/// The built-in type whose values the members are, `str` of `class E(str, Enum)`.
fn mixin(class: &Class) -> Option<&'static TypeSpec> {
    [&INT, &STR, &FLOAT, &BYTES, &TUPLE]
        .into_iter()
        .find(|spec| class.derives_from(spec))
}

/// Turn the plain values of the body into members.
pub fn make_members(class: &Rc<Class>, cx: &Cx) -> Result<()> {
    let info = Rc::new(EnumInfo::default());
    class.extend(info.clone());
    let mixin = mixin(class);
    keep_texts(class, mixin.is_some());
    let ignored = ignored_names(class, cx)?;
    let mut autos = Autos::default();
    for name in class.own_names() {
        let Some(value) = class.own(&name) else {
            continue;
        };
        if let Some(wrapped) = value.downcast::<Wrapped>().filter(|it| !it.is_member) {
            class.set(name, wrapped.value.clone());
            continue;
        }
        if is_plain(&name, &value) || ignored.contains(&name) {
            continue;
        }
        let value = match value.downcast::<Wrapped>() {
            Some(wrapped) => wrapped.value.clone(),
            None => value,
        };
        let value = autos.resolve(&value, &mut || next_value(class, &info, &name, cx), cx)?;
        if let Some(member) = own_new(class, &value, cx)? {
            let member = finished(&info, &member, &name, &value, class, cx)?;
            class.set(name.clone(), member.clone());
            info.names.borrow_mut().push((name, member));
            continue;
        }
        let base = match mixin {
            Some(spec) => Some(base_of(spec, &value, cx)?),
            None => None,
        };
        // With one argument a mixed-in type may change the value, as str(1) does.
        let shown = match (&base, &value) {
            (Some(_), Value::Tuple(_)) | (None, _) => value.clone(),
            (Some(base), _) => base.clone(),
        };
        let member = if let Some(alias) = info.valued(&shown, cx)? {
            alias
        } else {
            let member = new_member(class, Some(&name), &shown, base);
            initialize(class, &member, &value, cx)?;
            member
        };
        class.set(name.clone(), member.clone());
        info.names.borrow_mut().push((name, member));
    }
    Ok(())
}

/// The values that the `auto()`s of a body came to stand for.
#[derive(Default)]
struct Autos(Vec<(Value, Value)>);

impl Autos {
    /// `value` with its `auto()`s replaced; `next` makes the value of a new one.
    fn resolve(
        &mut self,
        value: &Value,
        next: &mut dyn FnMut() -> Result<Value>,
        cx: &Cx,
    ) -> Result<Value> {
        if value.downcast::<Auto>().is_some() {
            if let Some((_, known)) = self.0.iter().find(|(auto, _)| auto.is(value)) {
                return Ok(known.clone());
            }
            let made = next()?;
            self.0.push((value.clone(), made.clone()));
            return Ok(made);
        }
        if let Some(combined) = value.downcast::<Combined>() {
            let a = self.resolve(&combined.a, next, cx)?;
            let b = self.resolve(&combined.b, next, cx)?;
            return ops::binary(combined.op, &a, &b, cx);
        }
        if let Value::Tuple(items) = value
            && items.iter().any(|item| item.downcast::<Auto>().is_some())
        {
            let items = items.iter().map(|item| self.resolve(item, next, cx));
            return Ok(Value::tuple(items.collect::<Result<_>>()?));
        }
        Ok(value.clone())
    }
}

static COMBINED: TypeSpec = TypeSpec::new("enum", "auto");

/// An operation on `auto()`s, done when their values are known.
pub struct Combined {
    op: BinaryOp,
    a: Value,
    b: Value,
}

impl Combined {
    /// `this op other`, or `other op this`.
    pub fn value(op: BinaryOp, this: &Value, other: &Value, reflected: bool) -> Value {
        let (a, b) = if reflected {
            (other, this)
        } else {
            (this, other)
        };
        Value::object(Self {
            op,
            a: a.clone(),
            b: b.clone(),
        })
    }
}

impl Object for Combined {
    fn spec(&self) -> &'static TypeSpec {
        &COMBINED
    }
    fn binary(
        &self,
        this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(Some(Self::value(op, this, other, reflected)))
    }
}

/// What a `__new__` that the script wrote makes of a value.
fn own_new(class: &Rc<Class>, value: &Value, cx: &Cx) -> Result<Option<Value>> {
    if class.script_method("__new__").is_none() {
        return Ok(None);
    }
    let new = cx.get_attr(&Value::Class(class.clone()), "__new__")?;
    let mut args = vec![Value::Class(class.clone())];
    match value {
        Value::Tuple(items) => args.extend(items.iter().cloned()),
        other => args.push(other.clone()),
    }
    cx.call(&new, args).map(Some)
}

/// Name a member that the script's `__new__` made, unless its value is known.
fn finished(
    info: &EnumInfo,
    member: &Value,
    name: &Str,
    value: &Value,
    class: &Rc<Class>,
    cx: &Cx,
) -> Result<Value> {
    let Value::Instance(instance) = member else {
        return Ok(member.clone());
    };
    if instance.attribute("_value_").is_none() {
        instance.set_attribute("_value_", value.clone());
    }
    let shown = value_of(member).unwrap_or(Value::None);
    if let Some(alias) = info.valued(&shown, cx)? {
        return Ok(alias);
    }
    instance.set_attribute("_name_", name.clone().into());
    initialize(class, member, value, cx)?;
    Ok(member.clone())
}

fn ignored_names(class: &Class, cx: &Cx) -> Result<Vec<Str>> {
    Ok(match class.own("_ignore_") {
        Some(Value::Str(names)) => names.split_whitespace().map(Str::new).collect(),
        Some(names) => cx
            .collect(&names)?
            .iter()
            .filter_map(|name| name.as_str().map(Str::new))
            .collect(),
        None => Vec::new(),
    })
}

/// Members of a mixed enum show as members do, not as their mixed-in type.
fn keep_texts(class: &Rc<Class>, mixed: bool) {
    if !mixed || class.derives_from(&REPR_ENUM) {
        return;
    }
    for name in ["__repr__", "__str__", "__format__"] {
        let from_type = class.lookup(name).is_some() && class.special(name).is_none();
        if let (true, Some(own)) = (from_type, ENUM.class().own(name)) {
            class.set(name, own);
        }
    }
}

fn base_of(spec: &'static TypeSpec, value: &Value, cx: &Cx) -> Result<Value> {
    let class = Value::Class(spec.class());
    match value {
        Value::Tuple(items) if !std::ptr::eq(spec, &raw const TUPLE) => {
            cx.call(&class, items.to_vec())
        }
        _ => cx.call(&class, [value.clone()]),
    }
}

fn initialize(class: &Rc<Class>, member: &Value, value: &Value, cx: &Cx) -> Result<()> {
    let Some(init) = class.script_method("__init__") else {
        return Ok(());
    };
    let bound = crate::object::bind(&init, Some(member), class, cx)?;
    let args = match value {
        Value::Tuple(items) => items.to_vec(),
        other => vec![other.clone()],
    };
    cx.call(&bound, args).map(drop)
}

/// What `auto()` stands for.
fn next_value(class: &Rc<Class>, info: &EnumInfo, name: &Str, cx: &Cx) -> Result<Value> {
    let known: Vec<Value> = info
        .names()
        .iter()
        .filter_map(|(_, member)| value_of(member))
        .collect();
    if let Some(generate) = class.script_method("_generate_next_value_") {
        let bound = crate::object::bind(&generate, None, class, cx)?;
        let count = i64::try_from(known.len()).unwrap_or(0);
        return cx.call(
            &bound,
            [
                name.clone().into(),
                Value::Int(1),
                Value::Int(count),
                Value::list(known),
            ],
        );
    }
    if class.derives_from(&STR_ENUM) {
        return Ok(name.to_lowercase().into());
    }
    if class.derives_from(&FLAG) {
        let highest = known.iter().filter_map(Value::as_int).max().unwrap_or(0);
        let bit = 64 - highest.max(0).leading_zeros();
        return Ok(Value::Int(1_i64.checked_shl(bit).unwrap_or(0)));
    }
    match known.last() {
        None => Ok(Value::Int(1)),
        Some(last) => ops::binary(BinaryOp::Add, last, &Value::Int(1), cx),
    }
}

/// `Enum("Color", "red green")`.
pub fn functional(class: &Rc<Class>, mut args: Args, cx: &Cx) -> Result<Value> {
    if class.spec().is_none() {
        return Err(TYPE_ERROR.error(format!("{} has no members", class.name())));
    }
    let start = args.take_keyword("start");
    let names = args
        .take_keyword("names")
        .or_else(|| args.pos.get(1).cloned());
    let (Some(Value::Str(name)), Some(names)) = (args.pos.first(), names) else {
        return Err(
            TYPE_ERROR.error("EnumType.__call__() missing 1 required positional argument: 'value'")
        );
    };
    let mut counted = 0_i64;
    let mut auto = || -> Result<Value> {
        let Some(start) = &start else {
            return Ok(Value::object(Auto));
        };
        let value = ops::binary(BinaryOp::Add, start, &Value::Int(counted), cx);
        counted += 1;
        value
    };
    let mut namespace: Vec<(Str, Value)> = Vec::new();
    match &names {
        Value::Str(text) => {
            for word in text
                .split([' ', ',', '\n', '\t'])
                .filter(|word| !word.is_empty())
            {
                namespace.push((Str::new(word), auto()?));
            }
        }
        Value::Dict(dict) => {
            for (key, value) in crate::object::types::dict::entries(dict) {
                namespace.push((Str::new(key.as_str().unwrap_or("")), value));
            }
        }
        _ => {
            for item in cx.collect(&names)? {
                match &item {
                    Value::Str(word) => namespace.push((word.clone(), auto()?)),
                    pair => {
                        let pair = cx.collect(pair)?;
                        let [Value::Str(word), value] = pair.as_slice() else {
                            return Err(TYPE_ERROR.error("names of an enum must be str"));
                        };
                        namespace.push((word.clone(), value.clone()));
                    }
                }
            }
        }
    }
    make_class(
        name.clone(),
        &[Value::Class(class.clone())],
        namespace,
        &[],
        cx,
    )
}
