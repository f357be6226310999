//! The methods that the decorator makes.

use std::rc::Rc;

use super::Options;
use super::field::{FROZEN_INSTANCE_ERROR, Field};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::{NotImplementedObject, ReprGuard};
use crate::object::{
    Args, BoundMethod, Class, CompareOp, Cx, Instance, Object, Parameter, ParameterKind, Result,
    Signature, Str, TypeSpec, Value, hash_sequence, hash_value, ops,
};

static FUNCTION: TypeSpec = TypeSpec::new("builtins", "function");

pub(super) fn init_of(class: &Rc<Class>, fields: &Rc<[Field]>, options: Options) -> Result<Value> {
    let mut parameters = Vec::new();
    let mut seen_default = false;
    let taken = || fields.iter().filter(|field| field.init);
    for field in taken().filter(|field| field.kw_only != Some(true)) {
        let has_default = field.default.is_some() || field.factory.is_some();
        if seen_default && !has_default {
            return Err(TYPE_ERROR.error(format!(
                "non-default argument '{}' follows default argument",
                field.name
            )));
        }
        seen_default |= has_default;
        parameters.push((field, ParameterKind::PositionalOrKeyword));
    }
    parameters.extend(
        taken()
            .filter(|field| field.kw_only == Some(true))
            .map(|field| (field, ParameterKind::KeywordOnly)),
    );
    let parameters = parameters
        .into_iter()
        .map(|(field, kind)| Parameter {
            name: field.name.clone(),
            kind,
            has_default: field.default.is_some() || field.factory.is_some(),
            default_text: None,
        })
        .collect();
    let name = format!("{}.__init__", class.qualname());
    Ok(Value::object(Generated {
        name: "__init__",
        what: What::Init(options.frozen),
        fields: fields.clone(),
        signature: Signature::new(name, true, parameters),
        owner: class.name(),
    }))
}

/// A method that the decorator made.
pub(super) struct Generated {
    pub(super) name: &'static str,
    pub(super) what: What,
    pub(super) fields: Rc<[Field]>,
    pub(super) signature: Signature,
    pub(super) owner: Str,
}

#[derive(Clone, Copy)]
pub(super) enum What {
    Init(bool),
    Repr,
    Compare(CompareOp),
    Hash,
    /// `__setattr__` or `__delattr__` of a frozen class.
    Refuse(&'static str),
}

impl Object for Generated {
    fn spec(&self) -> &'static TypeSpec {
        &FUNCTION
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!(
            "<function {}.{} at {:#014x}>",
            self.owner,
            self.name,
            std::ptr::from_ref(self) as usize
        )))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__name__" => Some(self.name.into()),
            "__qualname__" => Some(format!("{}.{}", self.owner, self.name).into()),
            _ => None,
        })
    }
    fn is_callable(&self) -> bool {
        true
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
    fn call(&self, _this: &Value, mut args: Args, cx: &Cx) -> Result<Option<Value>> {
        if args.pos.is_empty() {
            return Err(TYPE_ERROR.error(format!(
                "{}.{}() missing 1 required positional argument: 'self'",
                self.owner, self.name
            )));
        }
        let receiver = args.pos.remove(0);
        let Value::Instance(instance) = &receiver else {
            return Ok(None);
        };
        let other = args.pos.first().cloned();
        match self.what {
            What::Init(frozen) => self.initialize(instance, args, frozen, cx),
            What::Repr => self.show(instance, cx),
            What::Compare(op) => self.compare_to(instance, op, other, cx),
            What::Hash => {
                let mut hashes = Vec::new();
                for field in self
                    .fields
                    .iter()
                    .filter(|field| field.hash.unwrap_or(field.compare))
                {
                    hashes.push(hash_value(&cx.get_attr(&receiver, &field.name)?, cx)?);
                }
                let hash = hash_sequence(hashes.into_iter()).cast_signed() >> 3;
                Ok(Value::Int(hash))
            }
            What::Refuse(verb) => Err(FROZEN_INSTANCE_ERROR.error(format!(
                "cannot {verb} field {}",
                cx.repr(&other.unwrap_or(Value::None))?
            ))),
        }
        .map(Some)
    }
}

impl Generated {
    fn initialize(
        &self,
        instance: &Rc<Instance>,
        args: Args,
        frozen: bool,
        cx: &Cx,
    ) -> Result<Value> {
        let bound = self.signature.bind(args)?;
        let this = Value::Instance(instance.clone());
        let mut init_vars = Vec::new();
        for field in self.fields.iter() {
            let given = if field.init {
                bound.given(&field.name)
            } else {
                None
            };
            let value = match (given, &field.factory, &field.default) {
                (Some(value), ..) => value.clone(),
                (None, Some(factory), _) => cx.call(factory, [])?,
                (None, None, Some(default)) => default.clone(),
                (None, None, None) => continue,
            };
            if field.init_var {
                init_vars.push(value);
            } else if frozen {
                crate::object::set_instance_attr_plain(&this, instance, &field.name, value, cx)?;
            } else {
                cx.set_attr(&this, &field.name, value)?;
            }
        }
        if instance.class().lookup("__post_init__").is_some() {
            cx.call_method(&this, "__post_init__", init_vars)?;
        }
        Ok(Value::None)
    }

    fn show(&self, instance: &Rc<Instance>, cx: &Cx) -> Result<Value> {
        let this = Value::Instance(instance.clone());
        let Some(_guard) = ReprGuard::enter(Rc::as_ptr(instance) as usize) else {
            return Ok("...".into());
        };
        let mut parts = Vec::new();
        for field in self
            .fields
            .iter()
            .filter(|field| field.repr && !field.init_var)
        {
            let value = cx.get_attr(&this, &field.name)?;
            parts.push(format!("{}={}", field.name, cx.repr(&value)?));
        }
        let name = instance.class().qualname();
        Ok(format!("{name}({})", parts.join(", ")).into())
    }

    fn compare_to(
        &self,
        instance: &Rc<Instance>,
        op: CompareOp,
        other: Option<Value>,
        cx: &Cx,
    ) -> Result<Value> {
        let same_class = matches!(&other, Some(Value::Instance(other))
            if Rc::ptr_eq(other.class(), instance.class()));
        let Some(other) = other.filter(|_| same_class) else {
            return Ok(Value::object(NotImplementedObject));
        };
        let values = |value: &Value| -> Result<Value> {
            let items = self
                .fields
                .iter()
                .filter(|field| field.compare && !field.init_var)
                .map(|field| cx.get_attr(value, &field.name))
                .collect::<Result<Vec<_>>>()?;
            Ok(Value::tuple(items))
        };
        let this = Value::Instance(instance.clone());
        ops::compare(op, &values(&this)?, &values(&other)?, cx)
    }
}
