//! Unions, forward references, type variables and special forms as values.

use std::rc::Rc;

use super::{
    FORWARD_REF, ForwardRef, GenericAlias, SPECIAL_FORM, SpecialForm, TYPE_VAR, TYPING_UNION,
    TypeVar, UNION_TYPE, UnionType, arguments, check_instantiable, compare_types, mro_entries,
    none_type, type_repr, union_of, union_operator,
};
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::{
    Args, BinaryOp, Class, CompareOp, Cx, Object, Result, TypeSpec, Value, hash_value,
};

impl Object for UnionType {
    fn spec(&self) -> &'static TypeSpec {
        if self.typing {
            &TYPING_UNION
        } else {
            &UNION_TYPE
        }
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        if !self.typing {
            let shown = self
                .args
                .iter()
                .map(|arg| type_repr(arg, cx))
                .collect::<Result<Vec<_>>>()?;
            return Ok(Some(shown.join(" | ")));
        }
        let has_none = self.args.iter().any(Value::is_none);
        if has_none
            && self.args.len() == 2
            && let Some(arg) = self.args.iter().find(|arg| !arg.is_none())
        {
            return Ok(Some(format!("typing.Optional[{}]", type_repr(arg, cx)?)));
        }
        let shown = self
            .args
            .iter()
            .map(|arg| type_repr(&none_type(arg), cx))
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(format!("typing.Union[{}]", shown.join(", "))))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__args__" => Some(Value::tuple(self.args.iter().map(none_type).collect())),
            "__origin__" if self.typing => Some(SpecialForm::named("Union", None)),
            "__parameters__" => Some(Value::tuple(Vec::new())),
            _ => None,
        })
    }
    fn binary(
        &self,
        this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(union_operator(this, op, other, reflected))
    }
    fn compare(
        &self,
        this: &Value,
        op: CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(compare_types(this, op, other))
    }
    fn hash(&self, cx: &Cx) -> Result<Option<u64>> {
        let mut sum = 0_u64;
        for arg in &self.args {
            sum = sum.wrapping_add(hash_value(arg, cx)?);
        }
        Ok(Some(sum))
    }
}

impl Object for ForwardRef {
    fn spec(&self) -> &'static TypeSpec {
        &FORWARD_REF
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let name = cx.repr(&self.name.clone().into())?;
        Ok(Some(format!("ForwardRef({name})")))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok((name == "__forward_arg__").then(|| self.name.clone().into()))
    }
    fn binary(
        &self,
        this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(union_operator(this, op, other, reflected))
    }
    fn compare(
        &self,
        this: &Value,
        op: CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(compare_types(this, op, other))
    }
}

pub(super) fn construct_type_var(_class: &Rc<Class>, mut args: Args, _cx: &Cx) -> Result<Value> {
    let bound = args.take_keyword("bound").unwrap_or(Value::None);
    let Some(Value::Str(name)) = args.pos.first().cloned() else {
        return Err(TYPE_ERROR.error("TypeVar() missing required argument 'name' (pos 1)"));
    };
    let mut flag = |name: &str| matches!(args.take_keyword(name), Some(Value::Bool(true)));
    let variance = match (flag("covariant"), flag("contravariant")) {
        (true, true) => return Err(VALUE_ERROR.error("Bivariant types are not supported.")),
        (true, false) => '+',
        (false, true) => '-',
        (false, false) => '~',
    };
    Ok(Value::object(TypeVar {
        name,
        variance,
        bound,
        constraints: args.pos.get(1..).unwrap_or_default().to_vec(),
    }))
}

impl Object for TypeVar {
    fn spec(&self) -> &'static TypeSpec {
        &TYPE_VAR
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!("{}{}", self.variance, self.name)))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__name__" => Some(self.name.clone().into()),
            "__bound__" => Some(self.bound.clone()),
            "args" | "kwargs" => Some(Value::object(ForwardRef {
                name: format!("{}.{name}", self.name).into(),
            })),
            "__constraints__" => Some(Value::tuple(self.constraints.clone())),
            _ => None,
        })
    }
    fn binary(
        &self,
        this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(union_operator(this, op, other, reflected))
    }
}

impl Object for SpecialForm {
    fn spec(&self) -> &'static TypeSpec {
        &SPECIAL_FORM
    }
    fn identity(&self) -> Option<usize> {
        Some(self.name.as_ptr() as usize)
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!("typing.{}", self.name)))
    }
    fn get_attr(&self, this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__mro_entries__" => mro_entries(this),
            "__origin__" => self.origin.map(|spec| spec.class().into()),
            "__name__" | "_name" => Some(self.name.into()),
            "__module__" => Some("typing".into()),
            _ => None,
        })
    }
    fn get_item(&self, this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        let refer = |value: Value| match (&value, self.name) {
            (Value::Str(name), _) => Value::object(ForwardRef { name: name.clone() }),
            _ => value,
        };
        let args = arguments(key);
        Ok(match self.name {
            "Optional" if args.len() != 1 => {
                return Err(TYPE_ERROR.error(format!(
                    "typing.Optional requires a single type. Got {}.",
                    cx.repr(key)?
                )));
            }
            "Union" if args.is_empty() => {
                return Err(TYPE_ERROR.error("Cannot take a Union of no types."));
            }
            "Optional" => Some(union_of(
                [
                    args.into_iter().next().map_or(Value::None, refer),
                    Value::None,
                ],
                true,
            )),
            "Union" => Some(union_of(args.into_iter().map(refer), true)),
            "Any" | "NoReturn" | "Never" | "Self" | "LiteralString" => {
                return Err(TYPE_ERROR.error(format!("typing.{} is not subscriptable", self.name)));
            }
            "Literal" => Some(Value::object(GenericAlias {
                origin: this.clone(),
                args,
                typing_name: Some(self.name),
            })),
            "Annotated" => {
                if args.len() < 2 {
                    return Err(TYPE_ERROR.error(
                        "Annotated[...] should be used with at least two arguments (a type and \
                         an annotation).",
                    ));
                }
                let mut args = args.into_iter();
                let mut first: Vec<Value> = args.next().map(refer).into_iter().collect();
                // One within another is one with the metadata of both.
                if let Some(inner) = first.first().and_then(Value::downcast::<GenericAlias>)
                    && inner.form() == Some("Annotated")
                {
                    first = inner.args.clone();
                }
                Some(Value::object(GenericAlias {
                    origin: this.clone(),
                    args: first.into_iter().chain(args).collect(),
                    typing_name: Some(self.name),
                }))
            }
            _ => Some(Value::object(GenericAlias {
                origin: match self.origin {
                    Some(spec) => spec.class().into(),
                    None => this.clone(),
                },
                args: args.into_iter().map(refer).collect(),
                typing_name: Some(self.name),
            })),
        })
    }
    fn is_callable(&self) -> bool {
        self.origin.is_some()
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        match self.origin {
            Some(spec) => {
                check_instantiable(self.name, &spec.class())?;
                cx.call(&Value::Class(spec.class()), args).map(Some)
            }
            None if self.name == "Any" => Err(TYPE_ERROR.error("Any cannot be instantiated")),
            None => Err(TYPE_ERROR.error(format!("Cannot instantiate typing.{}", self.name))),
        }
    }
    fn binary(
        &self,
        this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(union_operator(this, op, other, reflected))
    }
}
