//! The methods of `list`.

use std::cmp::Ordering;

use super::{class_of, container_members, int, number_members, tuple};
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::{CompareOp, Cx, List, Members, Result, Value, ops};

pub(super) fn members(members: &mut Members) {
    members
        .method("append(object, /)", |list: &List, a, cx| {
            list.append(a.at(0).clone(), cx).map(|()| Value::None)
        })
        .quick(|this, args, cx| match (this, args) {
            (Value::List(list), [item]) => {
                list.append(item.clone(), cx)?;
                Ok(Some(Value::None))
            }
            _ => Ok(None),
        })
        .method("extend(iterable, /)", |list: &List, a, cx| {
            list.extend(a.at(0), cx).map(|()| Value::None)
        })
        .method("insert(index, object, /)", |list: &List, a, cx| {
            let index = int::expect_index(a.at(0), cx)?;
            let len = list.len();
            let at = if index < 0 {
                len.saturating_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX))
            } else {
                usize::try_from(index).unwrap_or(usize::MAX)
            };
            list.insert(at, a.at(1).clone(), cx).map(|()| Value::None)
        })
        .method("remove(value, /)", |list: &List, a, cx| {
            list.remove(a.at(0), cx).map(|()| Value::None)
        })
        .method("pop(index=-1, /)", |list: &List, a, cx| {
            let index = match a.at(0) {
                Value::Undefined => -1,
                given => int::expect_index(given, cx)?,
            };
            list.pop(index, cx)
        })
        .method("clear(/)", |list: &List, _, cx| {
            list.clear(cx).map(|()| Value::None)
        })
        .method("copy(/)", |list: &List, _, _| {
            Ok(Value::list(list.to_vec()))
        })
        .method("count(value, /)", |list: &List, a, cx| {
            tuple::count(&list.to_vec(), a.at(0), cx)
        })
        .method(
            "index(value, start=0, stop=9223372036854775807, /)",
            |list: &List, a, cx| match tuple::position(&list.to_vec(), a, cx)? {
                Some(at) => Ok(at),
                None => Err(VALUE_ERROR.error(format!("{} is not in list", cx.repr(a.at(0))?))),
            },
        )
        .method("reverse(/)", |list: &List, _, _| {
            list.borrow_mut().reverse();
            Ok(Value::None)
        })
        .method(
            "sort(/, *, key=None, reverse=False)",
            |list: &List, a, cx| {
                let mut items = list.to_vec();
                let reverse = match a.given("reverse") {
                    Some(flag) => cx.truthy(flag)?,
                    None => false,
                };
                sort(&mut items, a.some("key"), reverse, cx)?;
                if items.len() != list.len() {
                    return Err(VALUE_ERROR.error("list modified during sort"));
                }
                let old = std::mem::replace(&mut *list.borrow_mut(), items);
                drop(old);
                Ok(Value::None)
            },
        )
        .method("__init__(iterable=(), /)", |list: &List, a, cx| {
            let items = match a.at(0) {
                Value::Undefined => Vec::new(),
                iterable => ops::collect(iterable, cx)?,
            };
            *list.borrow_mut() = items;
            Ok(Value::None)
        })
        .class_method("__class_getitem__(item, /)", |this, a, cx| {
            super::generic::subscribe(this, a.at(0), cx)
        })
        .with(number_members)
        .with(container_members);
}

/// Sort stably, by `key` where there is one.
pub fn sort(items: &mut Vec<Value>, key: Option<&Value>, reverse: bool, cx: &Cx) -> Result<()> {
    let mut keyed: Vec<(Value, Value)> = Vec::with_capacity(items.len());
    for item in items.iter() {
        let by = match key {
            Some(key) => cx.call(key, [item.clone()])?,
            None => item.clone(),
        };
        keyed.push((by, item.clone()));
    }
    if reverse {
        keyed.reverse();
    }
    let mut failure = None;
    keyed = merge_sort(keyed, &mut |a, b| {
        if failure.is_some() {
            return false;
        }
        less(a, b, cx).unwrap_or_else(|raised| {
            failure = Some(raised);
            false
        })
    });
    if let Some(raised) = failure {
        return Err(raised);
    }
    if reverse {
        keyed.reverse();
    }
    *items = keyed.into_iter().map(|(_, item)| item).collect();
    Ok(())
}

fn less(a: &Value, b: &Value, cx: &Cx) -> Result<bool> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(a < b),
        (Value::Str(a), Value::Str(b)) => Ok(a.cmp(b) == Ordering::Less),
        _ => ops::truthy(&ops::compare(CompareOp::Lt, a, b, cx)?, cx),
    }
}

/// A stable merge sort, which asks only whether one is less than another and so stays in bounds
/// whatever the answers are.
fn merge_sort(
    mut items: Vec<(Value, Value)>,
    less: &mut impl FnMut(&Value, &Value) -> bool,
) -> Vec<(Value, Value)> {
    if items.len() <= 1 {
        return items;
    }
    if items.len() <= 16 {
        for end in 1..items.len() {
            let mut at = end;
            while at > 0 && less(&items[at].0, &items[at - 1].0) {
                items.swap(at, at - 1);
                at -= 1;
            }
        }
        return items;
    }
    let right = items.split_off(items.len() / 2);
    let left = merge_sort(items, less);
    let right = merge_sort(right, less);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let from = if less(&b.0, &a.0) {
            &mut right
        } else {
            &mut left
        };
        merged.extend(from.next());
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

/// `sorted(iterable)`.
pub fn sorted(iterable: &Value, key: Option<&Value>, reverse: bool, cx: &Cx) -> Result<Value> {
    let mut items = ops::collect(iterable, cx)?;
    sort(&mut items, key, reverse, cx)?;
    Ok(Value::list(items))
}

/// The TypeError for `[] + x`.
pub(super) fn concatenation_error(kind: &str, other: &Value, cx: &Cx) -> crate::object::Raised {
    TYPE_ERROR.error(format!(
        "can only concatenate {kind} (not \"{}\") to {kind}",
        class_of(other, cx).error_name()
    ))
}
