//! `Flag` and `IntFlag`: members that combine bit by bit.

use std::rc::Rc;

use super::{ENUM, EnumInfo, REPR_ENUM, making, name_of, new_member, plain_members, value_of};
use crate::object::exceptions::VALUE_ERROR;
use crate::object::types::{INT, NotImplementedObject, base_value, class_of};
use crate::object::{BinaryOp, Class, Members, Result, Str, TypeSpec, Value};

/// `enum.Flag`.
pub static FLAG: TypeSpec = TypeSpec::new("enum", "Flag")
    .bases(&[&ENUM])
    .construct(making::functional)
    .members(members)
    .init_subclass(making::init_subclass);
/// `enum.IntFlag`.
pub static INT_FLAG: TypeSpec = TypeSpec::new("enum", "IntFlag")
    .bases(&[&INT, &REPR_ENUM, &FLAG])
    .construct(making::functional)
    .members(|members| {
        plain_members(members);
        operators(members);
    })
    .init_subclass(making::init_subclass);

fn bits_of(member: &Value) -> i64 {
    value_of(member)
        .and_then(|value| value.as_int())
        .unwrap_or(0)
}

/// The single bits of a class, with their members.
fn single_bits(info: &EnumInfo) -> Vec<(i64, Value)> {
    info.members()
        .into_iter()
        .map(|member| (bits_of(&member), member))
        .filter(|(bits, _)| bits.count_ones() == 1 && *bits > 0)
        .collect()
}

/// The member, or combination of members, with these bits.
pub fn of_bits(class: &Rc<Class>, info: &EnumInfo, bits: i64) -> Result<Value> {
    let known = info.members();
    if let Some(member) = known.iter().find(|member| bits_of(member) == bits) {
        return Ok(member.clone());
    }
    let combinations = info.combinations.borrow().clone();
    if let Some((_, member)) = combinations.iter().find(|(known, _)| *known == bits) {
        return Ok(member.clone());
    }
    let all = known.iter().fold(0, |all, member| all | bits_of(member));
    let int_flag = class.derives_from(&INT_FLAG);
    let bits = if bits < 0 { all & bits } else { bits };
    let stray = bits & !all;
    if stray != 0 && !int_flag {
        return Err(VALUE_ERROR.error(format!(
            "<flag '{}'> invalid value {bits}\n    given {}\n  allowed {}",
            class.name(),
            grouped_bits(bits, bits | all),
            grouped_bits(all, bits | all)
        )));
    }
    let mut names: Vec<String> = single_bits(info)
        .iter()
        .filter(|(bit, _)| bits & bit != 0)
        .filter_map(|(_, member)| name_of(member).map(|name| name.to_string()))
        .collect();
    if stray != 0 && !names.is_empty() {
        names.push(stray.to_string());
    }
    let name = (!names.is_empty()).then(|| Str::new(names.join("|")));
    if bits != 0
        && let Some(member) = known.iter().find(|member| bits_of(member) == bits)
    {
        return Ok(member.clone());
    }
    let value = Value::Int(bits);
    let base = int_flag.then(|| value.clone());
    let member = new_member(class, name.as_ref(), &value, base);
    info.combinations.borrow_mut().push((bits, member.clone()));
    Ok(member)
}

fn grouped_bits(bits: i64, widest: i64) -> String {
    let width = usize::try_from(64 - widest.max(1).leading_zeros()).unwrap_or(1);
    format!("0b0 {bits:0width$b}")
}

fn combine(op: BinaryOp, this: &Value, other: &Value) -> Result<Value> {
    let Value::Instance(instance) = this else {
        return Ok(Value::object(NotImplementedObject));
    };
    let class = instance.class().clone();
    let other_bits = match other {
        Value::Instance(other) if Rc::ptr_eq(other.class(), &class) => {
            bits_of(&Value::Instance(other.clone()))
        }
        _ if class.derives_from(&INT_FLAG) => match base_value(other).as_int() {
            Some(bits) => bits,
            None => return Ok(Value::object(NotImplementedObject)),
        },
        _ => return Ok(Value::object(NotImplementedObject)),
    };
    let own = bits_of(this);
    let bits = match op {
        BinaryOp::BitOr => own | other_bits,
        BinaryOp::BitAnd => own & other_bits,
        _ => own ^ other_bits,
    };
    EnumInfo::with(&class, |info| of_bits(&class, info, bits))
        .unwrap_or_else(|| Ok(Value::object(NotImplementedObject)))
}

fn operators(members: &mut Members) {
    const TABLE: [(&str, BinaryOp); 6] = [
        ("__or__(other, /)", BinaryOp::BitOr),
        ("__ror__(other, /)", BinaryOp::BitOr),
        ("__and__(other, /)", BinaryOp::BitAnd),
        ("__rand__(other, /)", BinaryOp::BitAnd),
        ("__xor__(other, /)", BinaryOp::BitXor),
        ("__rxor__(other, /)", BinaryOp::BitXor),
    ];
    for (text, op) in TABLE {
        members.method_on_value(text, move |this, a, _| combine(op, this, a.at(0)));
    }
    members
        .method_on_value("__invert__(/)", |this, _, cx| {
            let class = class_of(this, cx);
            EnumInfo::with(&class, |info| {
                let all = single_bits(info).iter().fold(0, |all, (bit, _)| all | bit);
                of_bits(&class, info, all & !bits_of(this))
            })
            .unwrap_or(Ok(Value::None))
        })
        .method_on_value("__contains__(other, /)", |this, a, _| {
            let other = bits_of(a.at(0));
            Ok(Value::Bool(bits_of(this) & other == other))
        })
        .method_on_value("__bool__(/)", |this, _, _| {
            Ok(Value::Bool(bits_of(this) != 0))
        })
        .method_on_value("__len__(/)", |this, _, _| {
            Ok(Value::Int(i64::from(bits_of(this).count_ones())))
        })
        .method_on_value("__iter__(/)", |this, _, cx| {
            let own = bits_of(this);
            let class = class_of(this, cx);
            let parts = EnumInfo::with(&class, |info| {
                single_bits(info)
                    .into_iter()
                    .filter(|(bit, _)| own & bit != 0)
                    .map(|(_, member)| member)
                    .collect()
            });
            Ok(crate::object::types::iterators::over(
                parts.unwrap_or_default(),
            ))
        });
}

fn members(members: &mut Members) {
    operators(members);
    members.method_on_value("__repr__(/)", |this, _, cx| {
        Ok(super::member_repr(this, cx)?.into())
    });
}
