//! Subscripted generics as values.

use super::{
    GENERIC_ALIAS, GenericAlias, TypeVar, arguments, check_instantiable, compare_types,
    mro_entries, none_type, type_repr, union_operator,
};
use crate::object::{
    Args, BinaryOp, CompareOp, Cx, Object, Result, TypeSpec, Value, find_attr, hash_sequence,
    hash_value,
};

impl Object for GenericAlias {
    fn spec(&self) -> &'static TypeSpec {
        &GENERIC_ALIAS
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let form = self.form();
        let plain = matches!(form, Some("Literal"));
        let shown = self
            .args
            .iter()
            .enumerate()
            .map(|(at, arg)| {
                if plain || (form == Some("Annotated") && at > 0) {
                    cx.repr(arg)
                } else if self.typing_name.is_some() && arg.is_none() {
                    Ok("NoneType".to_owned())
                } else {
                    type_repr(arg, cx)
                }
            })
            .collect::<Result<Vec<_>>>()?;
        let name = match self.typing_name {
            Some(name) => format!("typing.{name}"),
            None => type_repr(&self.origin, cx)?,
        };
        let args = if shown.is_empty() {
            "()".to_owned()
        } else {
            shown.join(", ")
        };
        Ok(Some(format!("{name}[{args}]")))
    }
    fn get_attr(&self, this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__mro_entries__" => mro_entries(this),
            "__origin__" if self.form() == Some("Annotated") => self.args.first().cloned(),
            "__origin__" => Some(match self.origin_class() {
                Some(class) => class.into(),
                None => self.origin.clone(),
            }),
            "__metadata__" if self.form() == Some("Annotated") => Some(Value::tuple(
                self.args.get(1..).unwrap_or_default().to_vec(),
            )),
            "__args__" if self.form() == Some("Callable") => Some(Value::tuple(
                self.args
                    .iter()
                    .flat_map(|arg| match arg {
                        Value::List(list) => list.to_vec(),
                        other => vec![other.clone()],
                    })
                    .collect(),
            )),
            "__args__" => Some(Value::tuple(self.args.iter().map(none_type).collect())),
            "__parameters__" => Some(Value::tuple(
                self.args
                    .iter()
                    .filter(|arg| arg.downcast::<TypeVar>().is_some())
                    .cloned()
                    .collect(),
            )),
            _ => match self.origin_class() {
                Some(class) => find_attr(&Value::Class(class), name, cx)?,
                None => None,
            },
        })
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        if let (Some(name), Some(class)) = (self.typing_name, self.origin_class()) {
            check_instantiable(name, &class)?;
        }
        match self.origin_class() {
            Some(class) => cx.call(&Value::Class(class), args).map(Some),
            None => Ok(None),
        }
    }
    fn get_item(&self, _this: &Value, key: &Value, _cx: &Cx) -> Result<Option<Value>> {
        // Fill the type variables, in order.
        let mut given = arguments(key).into_iter();
        let args = self
            .args
            .iter()
            .map(|arg| match arg.downcast::<TypeVar>() {
                Some(_) => given.next().unwrap_or_else(|| arg.clone()),
                None => arg.clone(),
            })
            .collect();
        Ok(Some(Value::object(Self {
            args,
            ..self.clone()
        })))
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
        let hashes = self
            .args
            .iter()
            .map(|arg| hash_value(arg, cx))
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(hash_sequence(hashes.into_iter())))
    }
}
