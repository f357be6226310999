//! Mapped dataclasses: the fields of the constructor, `__repr__`, `__eq__`.

use std::rc::Rc;

use super::collect::Ordered;
use super::scan::Scan;
use super::{FieldOptions, MappedColumn};
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR, with_code};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{
    Args, Class, CompareOp, Cx, Instance, Key, Members, Parameter, ParameterKind, Result,
    Signature, Str, TypeSpec, Value, class_of, ops, types,
};
use crate::orm::instrumented::PropertyHandle;
use crate::orm::mapped_class::MappedClass;

/// `MappedAsDataclass`.
pub static MAPPED_AS_DATACLASS: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.decl_api", "MappedAsDataclass")
        .members(dataclass_members)
        .subclassable();

fn fields_of<T>(
    this: &Value,
    found: impl FnOnce(&Rc<Instance>, &DataclassFields) -> T,
) -> Option<T> {
    let Value::Instance(instance) = this else {
        return None;
    };
    let fields = MappedClass::own(instance.class())?.dataclass.get()?;
    Some(found(instance, fields))
}

fn dataclass_members(members: &mut Members) {
    members
        .method_on_value("__repr__()", |this, _, cx| {
            let shown = fields_of(this, |instance, fields| {
                fields.options.repr.then(|| repr(fields, instance, cx))
            });
            match shown.flatten() {
                Some(shown) => Ok(shown?.into()),
                None => Ok(ops::default_repr(this, cx).into()),
            }
        })
        .method_on_value("__eq__(other)", |this, a, cx| {
            let other = a.value("other");
            let same_class = Rc::ptr_eq(&class_of(this, cx), &class_of(other, cx));
            let compared = fields_of(this, |_, fields| {
                let names = fields.fields.iter().filter(|field| field.compare);
                let names: Vec<Str> = names.map(|field| field.name.clone()).collect();
                (fields.options.eq && same_class).then_some(names)
            });
            let Some(Some(names)) = compared else {
                return Ok(Value::Bool(this.is(other)));
            };
            for name in names {
                if !cx.eq(&cx.get_attr(this, &name)?, &cx.get_attr(other, &name)?)? {
                    return Ok(Value::Bool(false));
                }
            }
            Ok(Value::Bool(true))
        });
}

/// What dataclasses with `order=True` have besides.
static ORDERED: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.decl_api", "MappedAsDataclass").members(|members| {
        for (text, op) in [
            ("__lt__(other)", CompareOp::Lt),
            ("__le__(other)", CompareOp::Le),
            ("__gt__(other)", CompareOp::Gt),
            ("__ge__(other)", CompareOp::Ge),
        ] {
            members.method_on_value(text, move |this, a, cx| {
                let other = a.value("other");
                if !Rc::ptr_eq(&class_of(this, cx), &class_of(other, cx)) {
                    return Ok(Value::object(types::NotImplementedObject));
                }
                let (own, other) = (compared(this, cx)?, compared(other, cx)?);
                ops::compare(op, &own, &other, cx)
            });
        }
    });
/// What dataclasses with `unsafe_hash=True` have besides.
static HASHED: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.decl_api", "MappedAsDataclass").members(|members| {
        members.method_on_value("__hash__()", |this, _, cx| {
            let code = Key::new(compared(this, cx)?, cx)?.hash_code();
            Ok(Value::Int(i64::from_ne_bytes(code.to_ne_bytes())))
        });
    });

/// The values of the fields that are compared, as a tuple.
fn compared(this: &Value, cx: &Cx) -> Result<Value> {
    let names = fields_of(this, |_, fields| {
        let names = fields.fields.iter().filter(|field| field.compare);
        names.map(|field| field.name.clone()).collect::<Vec<Str>>()
    });
    let values = names.unwrap_or_default().into_iter();
    let values: Result<Vec<Value>> = values.map(|name| cx.get_attr(this, &name)).collect();
    Ok(Value::tuple(values?))
}

/// The arguments of the dataclass as a whole.
#[derive(Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an argument of dataclass()"
)]
pub struct DataclassOptions {
    pub init: bool,
    pub repr: bool,
    pub eq: bool,
    pub order: bool,
    pub unsafe_hash: bool,
    pub kw_only: bool,
    pub match_args: bool,
}

impl Default for DataclassOptions {
    fn default() -> Self {
        Self {
            init: true,
            repr: true,
            eq: true,
            order: false,
            unsafe_hash: false,
            kw_only: false,
            match_args: true,
        }
    }
}

/// A field of a mapped dataclass.
#[derive(Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an argument of field()"
)]
pub struct Field {
    /// Its name.
    pub name: Str,
    /// Whether the constructor takes it.
    pub init: bool,
    /// Whether the repr shows it.
    pub repr: bool,
    /// Whether `==` compares it.
    pub compare: bool,
    /// Whether the constructor takes it by keyword only.
    pub kw_only: bool,
    /// The default; `Undefined` where there is none.
    pub default: Value,
    /// What makes the default; `Undefined` where there is none.
    pub factory: Value,
}

/// The fields of a mapped dataclass.
pub struct DataclassFields {
    options: DataclassOptions,
    fields: Vec<Field>,
    signature: Signature,
}

impl DataclassFields {
    /// The fields, in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }
    /// The arguments of the dataclass as a whole.
    pub fn options(&self) -> DataclassOptions {
        self.options
    }
    /// Whether the class gets a constructor of its own.
    pub fn has_init(&self) -> bool {
        self.options.init
    }
}

const KEYWORDS: &str = "__sa_dataclass_keywords__";

/// Keep the dataclass keywords of an abstract class for those that derive from it.
pub fn note_keywords(class: &Rc<Class>, keywords: &[(Str, Value)], _cx: &Cx) -> Result<()> {
    if !keywords.is_empty() {
        let pairs = keywords
            .iter()
            .map(|(name, value)| (name.to_string(), value.clone()));
        let dict = crate::object::Dict::from_pairs(pairs);
        class.set(KEYWORDS, Value::Dict(Rc::new(dict)));
    }
    Ok(())
}

fn options(scan: &Scan<'_>, keywords: &[(Str, Value)]) -> Result<DataclassOptions> {
    let mut options = DataclassOptions::default();
    let mut apply = |name: &str, value: &Value| -> Result<()> {
        let on = scan.cx.truthy(value)?;
        match name {
            "init" => options.init = on,
            "repr" => options.repr = on,
            "eq" => options.eq = on,
            "order" => options.order = on,
            "unsafe_hash" => options.unsafe_hash = on,
            "kw_only" => options.kw_only = on,
            "match_args" => options.match_args = on,
            "dataclass_callable" => {}
            other => {
                return Err(TYPE_ERROR.error(format!(
                    "{}.__init_subclass__() got an unexpected keyword argument '{other}'",
                    scan.class.name()
                )));
            }
        }
        Ok(())
    };
    if let Some(Value::Dict(inherited)) = scan.class.lookup(KEYWORDS) {
        let entries: Vec<(Value, Value)> = inherited
            .borrow()
            .iter()
            .map(|(key, value)| (key.value().clone(), value.clone()))
            .collect();
        for (key, value) in entries {
            if let Value::Str(name) = key {
                apply(&name, &value)?;
            }
        }
    }
    for (name, value) in keywords {
        apply(name, value)?;
    }
    Ok(options)
}

/// Find the fields, if the class is a dataclass.
pub(super) fn prepare(
    scan: &Scan<'_>,
    keywords: &[(Str, Value)],
) -> Result<Option<DataclassFields>> {
    if !scan.class.derives_from(&MAPPED_AS_DATACLASS)
        && scan.class.own("__sa_mapped_as_dataclass__").is_none()
    {
        return refuse_arguments(scan, keywords).map(|()| None);
    }
    let options = options(scan, keywords)?;
    let mut fields: Ordered<Field> = Ordered::default();
    for base in scan.class.ancestors().iter().rev() {
        let inherited = MappedClass::own(base).and_then(|own| own.dataclass.get());
        for field in inherited.map_or(&[][..], |known| &known.fields) {
            fields.insert(field.name.clone(), field.clone());
        }
    }
    for (name, value) in &scan.collected.attributes {
        let annotated = scan.collected.annotations.contains_key(name);
        if !annotated {
            continue;
        }
        if let Some(given) = field_options(value) {
            fields.insert(name.clone(), field(name, &given, options.kw_only, scan.cx)?);
        }
    }
    let fields: Vec<Field> = fields.into_values().collect();
    let signature = signature(&fields).map_err(|raised| {
        let shown = scan.cx.repr(raised.value()).unwrap_or_default();
        with_code(
            INVALID_REQUEST_ERROR.error(format!(
                "Python dataclasses error encountered when creating dataclass for '{}': {shown}. \
                 Please refer to Python dataclasses documentation for additional information.",
                scan.class.name()
            )),
            "dcte",
        )
    })?;
    Ok(Some(DataclassFields {
        options,
        fields,
        signature,
    }))
}

/// Dataclass arguments mean nothing on a class that is no dataclass.
fn refuse_arguments(scan: &Scan<'_>, keywords: &[(Str, Value)]) -> Result<()> {
    if let Some((name, _)) = keywords.first() {
        return Err(TYPE_ERROR
            .error(format!(
                "{}.__init_subclass__() takes no keyword arguments",
                scan.class.name()
            ))
            .with("argument", name.clone()));
    }
    for (name, value) in &scan.collected.attributes {
        let Some(given) = field_options(value) else {
            continue;
        };
        let column = value.downcast::<MappedColumn>().is_some();
        let mut names: Vec<&str> = [
            ("init", &given.init),
            ("repr", &given.repr),
            (
                "default",
                if column {
                    &Value::Undefined
                } else {
                    &given.default
                },
            ),
            ("default_factory", &given.default_factory),
            ("compare", &given.compare),
            ("kw_only", &given.kw_only),
            ("hash", &given.hash),
        ]
        .into_iter()
        .filter_map(|(name, value)| (!value.is_undefined()).then_some(name))
        .collect();
        if names.is_empty() {
            continue;
        }
        names.sort_unstable();
        let shown: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
        return Err(with_code(
            ARGUMENT_ERROR.error(format!(
                "Attribute '{name}' on class <class '{}'> includes dataclasses argument(s): {} \
                 but class does not specify SQLAlchemy native dataclass configuration.",
                scan.class.full_name(),
                shown.join(", ")
            )),
            "dcmx",
        ));
    }
    Ok(())
}

fn field_options(value: &Value) -> Option<FieldOptions> {
    if let Some(mapped) = value.downcast::<MappedColumn>() {
        return Some(mapped.dataclass.clone());
    }
    let handle = value.downcast::<PropertyHandle>()?;
    Some(match handle.0.relationship() {
        Some(relationship) => relationship.options.field.clone(),
        None => FieldOptions::default(),
    })
}

fn field(name: &Str, given: &FieldOptions, kw_only: bool, cx: &Cx) -> Result<Field> {
    let flag = |value: &Value, default: bool| -> Result<bool> {
        if matches!(value, Value::Undefined) {
            Ok(default)
        } else {
            cx.truthy(value)
        }
    };
    Ok(Field {
        name: name.clone(),
        init: flag(&given.init, true)?,
        repr: flag(&given.repr, true)?,
        compare: flag(&given.compare, true)?,
        kw_only: flag(&given.kw_only, kw_only)?,
        default: given.default.clone(),
        factory: given.default_factory.clone(),
    })
}

fn signature(fields: &[Field]) -> Result<Signature> {
    let mut parameters = Vec::new();
    let mut seen_default: Option<&Str> = None;
    for keyword_only in [false, true] {
        for field in fields
            .iter()
            .filter(|field| field.init && field.kw_only == keyword_only)
        {
            let has_default = !field.default.is_undefined() || !field.factory.is_undefined();
            if !keyword_only {
                if has_default {
                    seen_default = Some(&field.name);
                } else if seen_default.is_some() {
                    return Err(TYPE_ERROR.error(format!(
                        "non-default argument '{}' follows default argument",
                        field.name
                    )));
                }
            }
            parameters.push(Parameter {
                name: field.name.clone(),
                kind: if keyword_only {
                    ParameterKind::KeywordOnly
                } else {
                    ParameterKind::PositionalOrKeyword
                },
                has_default,
                default_text: None,
            });
        }
    }
    Ok(Signature::new("__init__".to_owned(), true, parameters))
}

/// Attach the fields to the class.
pub(super) fn attach(class: &Rc<Class>, fields: DataclassFields) {
    if !class.derives_from(&MAPPED_AS_DATACLASS) {
        for name in ["__repr__", "__eq__"] {
            let given = class.script_method(name).is_some();
            if let (Some(method), false) = (MAPPED_AS_DATACLASS.class().own(name), given) {
                class.set(name, method);
            }
        }
    }
    let options = fields.options;
    if options.order {
        for name in ["__lt__", "__le__", "__gt__", "__ge__"] {
            if let Some(method) = ORDERED.class().own(name) {
                class.set(name, method);
            }
        }
    }
    if let (true, Some(method)) = (options.unsafe_hash, HASHED.class().own("__hash__")) {
        class.set("__hash__", method);
    }
    if let Some(own) = MappedClass::own(class) {
        drop(own.dataclass.set(fields));
    }
}

/// The constructor of a mapped dataclass.
pub fn init(fields: &DataclassFields, instance: &Rc<Instance>, args: &Args, cx: &Cx) -> Result<()> {
    let bound = fields.signature.bind(args.clone())?;
    let this = Value::Instance(instance.clone());
    for field in &fields.fields {
        let given = if field.init {
            bound.value(&field.name).clone()
        } else {
            Value::Undefined
        };
        let value = match given {
            Value::Undefined if !field.factory.is_undefined() => cx.call(&field.factory, [])?,
            Value::Undefined => field.default.clone(),
            given => given,
        };
        if !value.is_undefined() {
            cx.set_attr(&this, &field.name, value)?;
        }
    }
    if let Some(after) = instance.class().lookup("__post_init__") {
        let after = crate::object::bind(&after, Some(&this), instance.class(), cx)?;
        cx.call(&after, [])?;
    }
    Ok(())
}

/// `U(id=None, name='a')`.
pub fn repr(fields: &DataclassFields, instance: &Rc<Instance>, cx: &Cx) -> Result<String> {
    let this = Value::Instance(instance.clone());
    let mut shown = Vec::new();
    for field in fields.fields.iter().filter(|field| field.repr) {
        let value = cx.get_attr(&this, &field.name)?;
        shown.push(format!("{}={}", field.name, cx.repr(&value)?));
    }
    Ok(format!(
        "{}({})",
        instance.class().qualname(),
        shown.join(", ")
    ))
}
