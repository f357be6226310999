//! `uuid.UUID`.

use std::rc::Rc;

use num_bigint::BigUint;
use num_traits::ToPrimitive;
use uuid::Uuid;

use super::{OBJECT, int};
use crate::object::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::{
    Args, Class, CompareOp, Cx, Members, Object, Result, Signature, TypeSpec, Value, hash_sequence,
};

/// `uuid.UUID`.
pub static UUID: TypeSpec = TypeSpec::new("uuid", "UUID")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members);

/// A UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UuidObject(pub Uuid);

/// Read the forms that `UUID(hex)` takes.
pub fn parse(text: &str) -> Option<Uuid> {
    let bare: String = text
        .replace("urn:", "")
        .replace("uuid:", "")
        .trim_matches(['{', '}'])
        .replace('-', "");
    if bare.len() != 32 {
        return None;
    }
    u128::from_str_radix(&bare, 16).ok().map(Uuid::from_u128)
}

fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse(
        "UUID.__init__(hex=None, bytes=None, bytes_le=None, fields=None, int=None, version=None)",
        None,
    );
    let a = signature.bind(args)?;
    let given = ["hex", "bytes", "bytes_le", "fields", "int"]
        .iter()
        .filter(|name| a.some(name).is_some())
        .count();
    if given != 1 {
        return Err(TYPE_ERROR
            .error("one of the hex, bytes, bytes_le, fields, or int arguments must be given"));
    }
    if let Some(value) = a.some("hex") {
        let Some(text) = value.as_str() else {
            let name = super::class_of(value, cx).error_name();
            return Err(
                ATTRIBUTE_ERROR.error(format!("'{name}' object has no attribute 'replace'"))
            );
        };
        return parse(text)
            .map(|uuid| Value::object(UuidObject(uuid)))
            .ok_or_else(|| VALUE_ERROR.error("badly formed hexadecimal UUID string"));
    }
    if let Some(Value::Bytes(bytes)) = a.some("bytes") {
        return Uuid::from_slice(bytes)
            .map(|uuid| Value::object(UuidObject(uuid)))
            .map_err(|_| VALUE_ERROR.error("bytes is not a 16-char string"));
    }
    if let Some(number) = a.some("int").and_then(int::to_big) {
        return number
            .to_u128()
            .map(|number| Value::object(UuidObject(Uuid::from_u128(number))))
            .ok_or_else(|| VALUE_ERROR.error("int is out of range (need a 128-bit value)"));
    }
    Err(TYPE_ERROR.error("this form of UUID is not supported: use hex, bytes or int"))
}

impl Object for UuidObject {
    fn spec(&self) -> &'static TypeSpec {
        &UUID
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!("UUID('{}')", self.0)))
    }
    fn str(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.0.to_string()))
    }
    fn hash(&self, _cx: &Cx) -> Result<Option<u64>> {
        let (high, low) = self.0.as_u64_pair();
        Ok(Some(hash_sequence([high, low].into_iter())))
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(other
            .downcast::<Self>()
            .map(|other| Value::Bool(op.holds(self.cmp(other)))))
    }
}

fn members(members: &mut Members) {
    members
        .getter("hex", |uuid: &UuidObject, _| {
            Ok(uuid.0.simple().to_string().into())
        })
        .getter("bytes", |uuid: &UuidObject, _| {
            Ok(Value::Bytes(Rc::new(uuid.0.as_bytes().to_vec())))
        })
        .getter("int", |uuid: &UuidObject, _| {
            Ok(Value::big(BigUint::from(uuid.0.as_u128()).into()))
        })
        .getter("urn", |uuid: &UuidObject, _| {
            Ok(uuid.0.urn().to_string().into())
        })
        .getter("version", |uuid: &UuidObject, _| {
            Ok(match uuid.0.get_version_num() {
                version @ 1..=8 => i64::try_from(version).unwrap_or(0).into(),
                _ => Value::None,
            })
        })
        .method("__int__(/)", |uuid: &UuidObject, _, _| {
            Ok(Value::big(BigUint::from(uuid.0.as_u128()).into()))
        })
        .method("__str__(/)", |uuid: &UuidObject, _, _| {
            Ok(uuid.0.to_string().into())
        });
}
