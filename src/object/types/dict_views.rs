//! The live views of a dict: `dict_keys`, `dict_values`, `dict_items`.

use std::rc::Rc;

use super::{OBJECT, class_of, container_members, iterators};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{
    BinaryOp, CompareOp, Cx, Dict, Key, Object, Result, Set, TypeSpec, Value, ValueIter, ops,
};

static DICT_KEYS: TypeSpec = TypeSpec::new("builtins", "dict_keys")
    .bases(&[&OBJECT])
    .members(view_members);
static DICT_VALUES: TypeSpec = TypeSpec::new("builtins", "dict_values")
    .bases(&[&OBJECT])
    .members(view_members);
static DICT_ITEMS: TypeSpec = TypeSpec::new("builtins", "dict_items")
    .bases(&[&OBJECT])
    .members(view_members);

/// `dict.keys()`.
pub fn keys(dict: Rc<Dict>) -> Value {
    Value::object(View {
        dict,
        part: Part::Keys,
    })
}
/// `dict.values()`.
pub fn values(dict: Rc<Dict>) -> Value {
    Value::object(View {
        dict,
        part: Part::Values,
    })
}
/// `dict.items()`.
pub fn items(dict: Rc<Dict>) -> Value {
    Value::object(View {
        dict,
        part: Part::Items,
    })
}

fn view_members(members: &mut crate::object::Members) {
    members
        .method("isdisjoint(other, /)", |view: &View, a, cx| {
            for item in cx.collect(a.at(0))? {
                if view.holds(&item, cx)? {
                    return Ok(Value::Bool(false));
                }
            }
            Ok(Value::Bool(true))
        })
        .getter("mapping", |view: &View, _| {
            Ok(Value::Dict(view.dict.clone()))
        })
        .with(container_members);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Keys,
    Values,
    Items,
}

/// A view of a part of a dict.
struct View {
    dict: Rc<Dict>,
    part: Part,
}

impl View {
    fn to_vec(&self) -> Vec<Value> {
        let entries = self.dict.borrow();
        match self.part {
            Part::Keys => entries.keys().map(|key| key.value().clone()).collect(),
            Part::Values => entries.values().cloned().collect(),
            Part::Items => entries
                .iter()
                .map(|(key, value)| Value::tuple(vec![key.value().clone(), value.clone()]))
                .collect(),
        }
    }
    fn holds(&self, item: &Value, cx: &Cx) -> Result<bool> {
        match self.part {
            Part::Keys => self.dict.contains_key(item, cx),
            Part::Values => {
                for value in self.to_vec() {
                    if ops::rich_eq(&value, item, cx)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Part::Items => {
                let Value::Tuple(pair) = item else {
                    return Ok(false);
                };
                let [key, value] = &***pair else {
                    return Ok(false);
                };
                match self.dict.get_item(key, cx)? {
                    Some(held) => ops::rich_eq(&held, value, cx),
                    None => Ok(false),
                }
            }
        }
    }
}

impl Object for View {
    fn get_item(&self, this: &Value, _key: &Value, cx: &Cx) -> Result<Option<Value>> {
        Err(TYPE_ERROR.error(format!(
            "'{}' object is not subscriptable",
            class_of(this, cx).name()
        )))
    }
    fn spec(&self) -> &'static TypeSpec {
        match self.part {
            Part::Keys => &DICT_KEYS,
            Part::Values => &DICT_VALUES,
            Part::Items => &DICT_ITEMS,
        }
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let items = cx.repr(&Value::list(self.to_vec()))?;
        Ok(Some(format!("{}({items})", self.spec().name())))
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.dict.len()))
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        let (dict, len) = (self.dict.clone(), self.dict.len());
        Ok(Some(match self.part {
            Part::Keys => iterators::wrap(ValueIter::Dict(dict, 0, len), "dict_keyiterator"),
            Part::Values => {
                iterators::wrap(ValueIter::DictValues(dict, 0, len), "dict_valueiterator")
            }
            Part::Items => iterators::wrap(ValueIter::DictItems(dict, 0, len), "dict_itemiterator"),
        }))
    }
    fn contains(&self, _this: &Value, item: &Value, cx: &Cx) -> Result<Option<bool>> {
        self.holds(item, cx).map(Some)
    }
    fn binary(
        &self,
        this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        use BinaryOp::{BitAnd, BitOr, BitXor, Sub};
        if self.part == Part::Values || !matches!(op, BitAnd | BitOr | BitXor | Sub) {
            return Ok(None);
        }
        let (a, b) = if reflected {
            (other, this)
        } else {
            (this, other)
        };
        let set = |value: &Value| -> Result<Value> {
            Ok(Value::Set(Rc::new(Set::new(Set::of(
                cx.collect(value)?,
                cx,
            )?))))
        };
        super::binary_builtin(op, &set(a)?, &set(b)?, cx)
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        if self.part == Part::Values {
            return Ok(None);
        }
        let members = match other {
            Value::Set(set) => set.to_vec(),
            _ => match other.downcast::<Self>() {
                Some(view) if view.part != Part::Values => view.to_vec(),
                _ => return Ok(None),
            },
        };
        let own = Set::new(Set::of(self.to_vec(), cx)?);
        let other = Set::new(
            members
                .into_iter()
                .map(|v| Key::new(v, cx))
                .collect::<Result<_>>()?,
        );
        super::compare_builtin(
            &Value::Set(Rc::new(own)),
            op,
            &Value::Set(Rc::new(other)),
            cx,
        )
    }
}
