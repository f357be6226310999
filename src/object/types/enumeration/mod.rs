//! `enum`: classes whose members are instances, made when the class body has run.

mod flag;
mod making;

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use super::mapping_proxy::MappingProxy;
use super::{INT, OBJECT, STR, base_value};
use crate::object::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::{
    Args, BinaryOp, Class, ClassExtension, Cx, Dict, Instance, Members, Object, Result, Str,
    TypeSpec, Value, key_error, ops,
};

pub use flag::{FLAG, INT_FLAG};

/// `enum.Enum`.
pub static ENUM: TypeSpec = TypeSpec::new("enum", "Enum")
    .bases(&[&OBJECT])
    .construct(making::functional)
    .members(members)
    .init_subclass(making::init_subclass);
/// `enum.ReprEnum`.
pub static REPR_ENUM: TypeSpec = TypeSpec::new("enum", "ReprEnum")
    .bases(&[&ENUM])
    .init_subclass(making::init_subclass);
/// `enum.IntEnum`.
pub static INT_ENUM: TypeSpec = TypeSpec::new("enum", "IntEnum")
    .bases(&[&INT, &REPR_ENUM])
    .construct(making::functional)
    .members(plain_members)
    .init_subclass(making::init_subclass);
/// `enum.StrEnum`.
pub static STR_ENUM: TypeSpec = TypeSpec::new("enum", "StrEnum")
    .bases(&[&STR, &REPR_ENUM])
    .construct(making::functional)
    .members(plain_members)
    .init_subclass(making::init_subclass);
static AUTO: TypeSpec = TypeSpec::new("enum", "auto")
    .bases(&[&OBJECT])
    .construct(|_, _, _| Ok(Value::object(Auto)));

/// `enum.auto`, the class.
pub fn auto_class() -> Value {
    AUTO.class().into()
}

/// A value that the class works out itself.
struct Auto;

impl Object for Auto {
    fn spec(&self) -> &'static TypeSpec {
        &AUTO
    }
    fn binary(
        &self,
        this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(Some(making::Combined::value(op, this, other, reflected)))
    }
}

static NON_MEMBER: TypeSpec = TypeSpec::new("enum", "nonmember")
    .bases(&[&OBJECT])
    .construct(|_, args, _| wrapped(args, false));
static MEMBER: TypeSpec = TypeSpec::new("enum", "member")
    .bases(&[&OBJECT])
    .construct(|_, args, _| wrapped(args, true));

/// `enum.nonmember`, the class.
pub fn nonmember_class() -> Value {
    NON_MEMBER.class().into()
}

/// `enum.member`, the class.
pub fn member_class() -> Value {
    MEMBER.class().into()
}

fn wrapped(args: Args, is_member: bool) -> Result<Value> {
    match args.pos.into_iter().next() {
        Some(value) => Ok(Value::object(Wrapped { value, is_member })),
        None => Err(TYPE_ERROR.error("a value is needed")),
    }
}

/// A value of the body that says itself whether it is a member.
struct Wrapped {
    value: Value,
    is_member: bool,
}

impl Object for Wrapped {
    fn spec(&self) -> &'static TypeSpec {
        if self.is_member { &MEMBER } else { &NON_MEMBER }
    }
}

/// What an enum class knows of its members.
#[derive(Default)]
pub struct EnumInfo {
    /// Every name in definition order, aliases included, with its member.
    names: RefCell<Vec<(Str, Value)>>,
    /// Combinations of flags that were met.
    combinations: RefCell<Vec<(i64, Value)>>,
}

impl EnumInfo {
    /// What `class` knows, where it is an enum with members.
    pub fn with<R>(class: &Class, look: impl FnOnce(&Self) -> R) -> Option<R> {
        class
            .own_extension()?
            .as_any()
            .downcast_ref::<Self>()
            .map(look)
    }
    /// The names with their members, aliases included.
    pub fn names(&self) -> Vec<(Str, Value)> {
        self.names.borrow().clone()
    }
    /// The members, each once.
    pub fn members(&self) -> Vec<Value> {
        self.names
            .borrow()
            .iter()
            .filter(|(name, member)| name_of(member).as_ref() == Some(name))
            .map(|(_, member)| member.clone())
            .collect()
    }
    fn named(&self, name: &str) -> Option<Value> {
        self.names
            .borrow()
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, member)| member.clone())
    }
    fn valued(&self, value: &Value, cx: &Cx) -> Result<Option<Value>> {
        let base = base_value(value);
        for member in self.members() {
            if member.is(value) {
                return Ok(Some(member));
            }
            let own = value_of(&member).unwrap_or(Value::None);
            if ops::rich_eq(&own, &base, cx)? {
                return Ok(Some(member));
            }
        }
        Ok(None)
    }
}

/// The names of an enum class with their members, in definition order; `None`: it is none.
pub fn members_of(class: &Class) -> Option<Vec<(Str, Value)>> {
    EnumInfo::with(class, EnumInfo::names)
}

/// Whether `class` is an enum.
pub fn is_enum(class: &Class) -> bool {
    class.derives_from(&ENUM)
}

/// The name of a member.
pub fn name_of(member: &Value) -> Option<Str> {
    match member {
        Value::Instance(instance) => match instance.attribute("_name_")? {
            Value::Str(name) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

/// The value of a member.
pub fn value_of(member: &Value) -> Option<Value> {
    match member {
        Value::Instance(instance) => instance.attribute("_value_"),
        _ => None,
    }
}

/// `repr()` of an enum class.
pub fn class_repr(class: &Class) -> Option<String> {
    if !is_enum(class) {
        return None;
    }
    let kind = if class.derives_from(&FLAG) {
        "flag"
    } else {
        "enum"
    };
    Some(format!("<{kind} '{}'>", class.name()))
}

impl ClassExtension for EnumInfo {
    fn call(&self, class: &Rc<Class>, args: &Args, cx: &Cx) -> Result<Option<Value>> {
        if self.names.borrow().is_empty() {
            return Ok(None);
        }
        let value = match (args.pos.as_slice(), args.kw.as_slice()) {
            ([value], []) => value,
            ([], [(name, value)]) if name == "value" => value,
            ([], []) => {
                return Err(TYPE_ERROR
                    .error("EnumType.__call__() missing 1 required positional argument: 'value'"));
            }
            (several, _) if several.len() > 2 => {
                return Err(TYPE_ERROR.error(format!(
                    "EnumType.__call__() takes from 2 to 3 positional arguments but {} were given",
                    several.len() + 1
                )));
            }
            (several, _) => {
                return Err(VALUE_ERROR.error(format!(
                    "{} is not a valid {}",
                    cx.repr(&Value::tuple(several.to_vec()))?,
                    class.qualname()
                )));
            }
        };
        if let Some(member) = self.valued(value, cx)? {
            return Ok(Some(member));
        }
        if class.derives_from(&FLAG)
            && let Some(bits) = base_value(value).as_int()
        {
            return flag::of_bits(class, self, bits).map(Some);
        }
        if let Some(missing) = class.script_method("_missing_") {
            let bound = crate::object::bind(&missing, None, class, cx)?;
            let found = cx.call(&bound, [value.clone()])?;
            if !found.is_none() {
                return Ok(Some(found));
            }
        }
        Err(VALUE_ERROR.error(format!(
            "{} is not a valid {}",
            cx.repr(value)?,
            class.qualname()
        )))
    }
    fn get_class_attr(&self, _class: &Rc<Class>, name: &str, cx: &Cx) -> Result<Option<Value>> {
        match name {
            "__members__" => Ok(Some(MappingProxy::value(Rc::new(Dict::from_pairs(
                self.names(),
            ))))),
            "_member_map_" => Ok(Some(Value::Dict(Rc::new(Dict::from_pairs(self.names()))))),
            "_member_names_" => Ok(Some(Value::list(
                self.members()
                    .iter()
                    .map(|member| name_of(member).into())
                    .collect(),
            ))),
            "_value2member_map_" => {
                let map = Dict::default();
                for member in self.members() {
                    map.insert(value_of(&member).unwrap_or(Value::None), member, cx)?;
                }
                Ok(Some(Value::Dict(Rc::new(map))))
            }
            _ if name.starts_with('_') || name == "mro" => Ok(None),
            // Enum classes word this themselves.
            _ => Err(ATTRIBUTE_ERROR.error(name)),
        }
    }
    fn set_class_attr(
        &self,
        _class: &Rc<Class>,
        name: &str,
        _value: &Value,
        _cx: &Cx,
    ) -> Result<bool> {
        if self.named(name).is_some() {
            return Err(ATTRIBUTE_ERROR.error(format!("cannot reassign member '{name}'")));
        }
        Ok(false)
    }
    fn delete_class_attr(&self, class: &Rc<Class>, name: &str, _cx: &Cx) -> Result<()> {
        if self.named(name).is_some() {
            return Err(
                ATTRIBUTE_ERROR.error(format!("'{}' cannot delete member '{name}'.", class.name()))
            );
        }
        Ok(())
    }
    fn class_contains(&self, class: &Rc<Class>, item: &Value, cx: &Cx) -> Result<Option<bool>> {
        match item {
            Value::Instance(member) if is_enum(member.class()) => {
                Ok(Some(member.class().is_subclass(class)))
            }
            _ => Err(TYPE_ERROR.error(format!(
                "unsupported operand type(s) for 'in': '{}' and 'EnumType'",
                super::class_of(item, cx).qualname()
            ))),
        }
    }
    fn init_subclass(&self, class: &Rc<Class>, _keywords: &[(Str, Value)], cx: &Cx) -> Result<()> {
        if !self.names.borrow().is_empty() {
            let base = class
                .ancestors()
                .iter()
                .find(|base| {
                    base.own_extension()
                        .is_some_and(|e| std::ptr::addr_eq(Rc::as_ptr(e), self))
                })
                .map(|base| base.name());
            return Err(TYPE_ERROR.error(format!(
                "<enum '{}'> cannot extend <enum '{}'>",
                class.name(),
                base.unwrap_or_else(|| Str::new(""))
            )));
        }
        making::make_members(class, cx)
    }
    fn iterate_class(&self, _class: &Rc<Class>, _cx: &Cx) -> Result<Option<Vec<Value>>> {
        Ok(Some(self.members()))
    }
    fn get_class_item(&self, _class: &Rc<Class>, key: &Value, _cx: &Cx) -> Result<Option<Value>> {
        match key.as_str().and_then(|name| self.named(name)) {
            Some(member) => Ok(Some(member)),
            None => Err(key_error(key.clone())),
        }
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `<Color.red: 1>`.
fn member_repr(this: &Value, cx: &Cx) -> Result<String> {
    let class = super::class_of(this, cx).name();
    let value = value_of(this).unwrap_or(Value::None);
    Ok(match name_of(this) {
        Some(name) => format!("<{class}.{name}: {}>", cx.repr(&value)?),
        None => format!("<{class}: {}>", cx.repr(&value)?),
    })
}

/// `Color.red`.
fn member_str(this: &Value, cx: &Cx) -> String {
    let class = super::class_of(this, cx).name();
    match name_of(this) {
        Some(name) => format!("{class}.{name}"),
        None => format!(
            "{class}({})",
            value_of(this)
                .and_then(|value| cx.repr(&value).ok())
                .unwrap_or_default()
        ),
    }
}

static PROPERTY: TypeSpec = TypeSpec::new("enum", "property");

/// `name` or `value` of the members.
struct Part {
    name: &'static str,
}

impl Object for Part {
    fn spec(&self) -> &'static TypeSpec {
        &PROPERTY
    }
    fn is_data_descriptor(&self) -> bool {
        true
    }
    fn bind(
        &self,
        _this: &Value,
        instance: Option<&Value>,
        _owner: &Rc<Class>,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(instance.map(|member| match self.name {
            "name" => name_of(member).into(),
            _ => value_of(member).unwrap_or(Value::None),
        }))
    }
    fn bind_set(&self, _instance: &Value, _value: Value, _cx: &Cx) -> Result<()> {
        Err(ATTRIBUTE_ERROR.error(format!(
            "<enum 'Enum'> cannot set attribute '{}'",
            self.name
        )))
    }
}

fn members(members: &mut Members) {
    members
        .constant("name", Value::object(Part { name: "name" }))
        .constant("value", Value::object(Part { name: "value" }))
        .method_on_value("__repr__(/)", |this, _, cx| {
            Ok(member_repr(this, cx)?.into())
        })
        .method_on_value("__str__(/)", |this, _, cx| Ok(member_str(this, cx).into()))
        .method_on_value("__format__(format_spec, /)", |this, a, cx| {
            let text = cx.str(this)?;
            ops::format(&text.into(), a.at(0).as_str().unwrap_or(""), cx).map(Value::from)
        });
}

/// The texts of enums that stand for their values: `IntEnum`, `StrEnum`, `IntFlag`.
fn plain_members(members: &mut Members) {
    members
        .method_on_value("__repr__(/)", |this, _, cx| {
            Ok(member_repr(this, cx)?.into())
        })
        .method_on_value("__str__(/)", |this, _, cx| {
            Ok(cx.str(&base_value(this))?.into())
        })
        .method_on_value("__format__(format_spec, /)", |this, a, cx| {
            let spec = a.at(0).as_str().unwrap_or("");
            ops::format(&base_value(this), spec, cx).map(Value::from)
        });
}

/// A fresh member.
fn new_member(class: &Rc<Class>, name: Option<&Str>, value: &Value, base: Option<Value>) -> Value {
    let instance = match base {
        Some(base) => super::with_base(class, base),
        None => Instance::new(class.clone()),
    };
    instance.set_attribute("_value_", value.clone());
    instance.set_attribute("_name_", name.cloned().into());
    Value::Instance(instance)
}
