//! `collections.deque`.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use crate::object::exceptions::{INDEX_ERROR, RUNTIME_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{ReprGuard, class_of, int, write_items};
use crate::object::{
    Args, BinaryOp, Class, CompareOp, Cx, List, Members, Object, Result, TypeSpec, Value, ops,
};

/// `collections.deque`.
pub static DEQUE: TypeSpec = TypeSpec::new("collections", "deque")
    .names_module()
    .construct(construct)
    .members(members);

/// A double-ended queue.
pub struct Deque {
    items: RefCell<VecDeque<Value>>,
    limit: Cell<Option<usize>>,
    /// How often its items changed, for iterators to notice.
    changes: Cell<usize>,
}

fn construct(_class: &Rc<Class>, mut args: Args, cx: &Cx) -> Result<Value> {
    let limit = args
        .take_keyword("maxlen")
        .or_else(|| args.pos.get(1).cloned())
        .filter(|limit| !limit.is_none());
    let limit = match limit {
        Some(limit) => {
            let limit = usize::try_from(int::expect_index(&limit, cx)?);
            Some(limit.map_err(|_| VALUE_ERROR.error("maxlen must be non-negative"))?)
        }
        None => None,
    };
    let deque = Deque {
        items: RefCell::default(),
        limit: Cell::new(limit),
        changes: Cell::new(0),
    };
    if let Some(iterable) = args.pos.first() {
        for item in cx.collect(iterable)? {
            deque.push(item, false);
        }
    }
    Ok(Value::object(deque))
}

impl Deque {
    fn push(&self, item: Value, left: bool) {
        let limit = self.limit.get();
        if limit == Some(0) {
            return;
        }
        let mut items = self.items.borrow_mut();
        let pushed_out = match limit {
            Some(limit) if limit <= items.len() && left => items.pop_back(),
            Some(limit) if limit <= items.len() => items.pop_front(),
            _ => None,
        };
        if left {
            items.push_front(item);
        } else {
            items.push_back(item);
        }
        drop(items);
        self.changed();
        drop(pushed_out);
    }
    fn changed(&self) {
        self.changes.set(self.changes.get().wrapping_add(1));
    }
    fn with_items(items: Vec<Value>, limit: Option<usize>) -> Value {
        let skipped = limit.map_or(0, |limit| items.len().saturating_sub(limit));
        Value::object(Self {
            items: RefCell::new(items.into_iter().skip(skipped).collect()),
            limit: Cell::new(limit),
            changes: Cell::new(0),
        })
    }
    fn to_vec(&self) -> Vec<Value> {
        self.items.borrow().iter().cloned().collect()
    }
    fn locate(&self, key: &Value, cx: &Cx) -> Result<usize> {
        if class_of(key, cx).full_name() == "slice" {
            return Err(TYPE_ERROR.error("sequence index must be integer, not 'slice'"));
        }
        let index = int::expect_index(key, cx)?;
        let len = i64::try_from(self.items.borrow().len()).unwrap_or(i64::MAX);
        let index = if index < 0 {
            index.saturating_add(len)
        } else {
            index
        };
        usize::try_from(index)
            .ok()
            .filter(|_| index < len)
            .ok_or_else(|| INDEX_ERROR.error("deque index out of range"))
    }
    fn find(&self, value: &Value, cx: &Cx) -> Result<Option<usize>> {
        for (at, item) in self.to_vec().iter().enumerate() {
            if ops::rich_eq(item, value, cx)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }
}

impl Object for Deque {
    fn spec(&self) -> &'static TypeSpec {
        &DEQUE
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let Some(_guard) = ReprGuard::enter(std::ptr::from_ref(self) as usize) else {
            return Ok(Some("[...]".to_owned()));
        };
        let mut out = "deque(".to_owned();
        write_items(&self.to_vec(), "[", "]", &mut out, cx)?;
        if let Some(limit) = self.limit.get() {
            out.push_str(&format!(", maxlen={limit}"));
        }
        out.push(')');
        Ok(Some(out))
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.items.borrow().len()))
    }
    fn iter(&self, this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(Value::object(DequeIterator {
            deque: this.clone(),
            at: Cell::new(0),
            changes: self.changes.get(),
        })))
    }
    fn binary(
        &self,
        this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        match (op, other.downcast::<Self>()) {
            (BinaryOp::Add, Some(other)) if !reflected => {
                let mut items = self.to_vec();
                items.extend(other.to_vec());
                Ok(Some(Self::with_items(items, self.limit.get())))
            }
            (BinaryOp::Add, None) if !reflected => Err(TYPE_ERROR.error(format!(
                "can only concatenate deque (not \"{}\") to deque",
                class_of(other, cx).error_name()
            ))),
            (BinaryOp::Mul, None) => {
                let Some(count) = int::index(other, cx)? else {
                    return Ok(None);
                };
                let items = List::repeat(&cx.collect(this)?, count)?;
                Ok(Some(Self::with_items(items, self.limit.get())))
            }
            _ => Ok(None),
        }
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        let at = self.locate(key, cx)?;
        Ok(self.items.borrow().get(at).cloned())
    }
    fn set_item(&self, key: &Value, value: &Value, cx: &Cx) -> Result<bool> {
        let at = self.locate(key, cx)?;
        let before = self
            .items
            .borrow_mut()
            .get_mut(at)
            .map(|place| std::mem::replace(place, value.clone()));
        drop(before);
        Ok(true)
    }
    fn delete_item(&self, key: &Value, cx: &Cx) -> Result<bool> {
        let at = self.locate(key, cx)?;
        let removed = self.items.borrow_mut().remove(at);
        self.changed();
        Ok(removed.is_some())
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let Some(other) = other.downcast::<Self>() else {
            return Ok(None);
        };
        let (a, b) = (Value::list(self.to_vec()), Value::list(other.to_vec()));
        ops::compare(op, &a, &b, cx).map(Some)
    }
}

static ITERATOR: TypeSpec = TypeSpec::new("_collections", "_deque_iterator").names_module();

/// Goes over a deque that must not change.
struct DequeIterator {
    deque: Value,
    at: Cell<usize>,
    changes: usize,
}

impl Object for DequeIterator {
    fn spec(&self) -> &'static TypeSpec {
        &ITERATOR
    }
    fn iter(&self, this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(this.clone()))
    }
    fn is_iterator(&self) -> bool {
        true
    }
    fn next(&self, _cx: &Cx) -> Result<Option<Value>> {
        let Some(deque) = self.deque.downcast::<Deque>() else {
            return Ok(None);
        };
        if deque.changes.get() != self.changes {
            return Err(RUNTIME_ERROR.error("deque mutated during iteration"));
        }
        let item = deque.items.borrow().get(self.at.get()).cloned();
        self.at.set(self.at.get() + 1);
        Ok(item)
    }
}

fn members(members: &mut Members) {
    members
        .method("append(x, /)", |deque: &Deque, a, _| {
            deque.push(a.at(0).clone(), false);
            Ok(Value::None)
        })
        .method("appendleft(x, /)", |deque: &Deque, a, _| {
            deque.push(a.at(0).clone(), true);
            Ok(Value::None)
        })
        .method("extend(iterable, /)", |deque: &Deque, a, cx| {
            for item in cx.collect(a.at(0))? {
                deque.push(item, false);
            }
            Ok(Value::None)
        })
        .method("extendleft(iterable, /)", |deque: &Deque, a, cx| {
            for item in cx.collect(a.at(0))? {
                deque.push(item, true);
            }
            Ok(Value::None)
        })
        .method("pop(/)", |deque: &Deque, _, _| {
            let item = deque.items.borrow_mut().pop_back();
            deque.changed();
            item.ok_or_else(|| INDEX_ERROR.error("pop from an empty deque"))
        })
        .method("popleft(/)", |deque: &Deque, _, _| {
            let item = deque.items.borrow_mut().pop_front();
            deque.changed();
            item.ok_or_else(|| INDEX_ERROR.error("pop from an empty deque"))
        })
        .method("clear(/)", |deque: &Deque, _, _| {
            let old = std::mem::take(&mut *deque.items.borrow_mut());
            deque.changed();
            drop(old);
            Ok(Value::None)
        })
        .method("copy(/)", |deque: &Deque, _, _| {
            Ok(Deque::with_items(deque.to_vec(), deque.limit.get()))
        })
        .method("rotate(n=1, /)", |deque: &Deque, a, cx| {
            let by = match a.at(0) {
                Value::Undefined => 1,
                given => int::expect_index(given, cx)?,
            };
            let mut items = deque.items.borrow_mut();
            if let Ok(len) = i64::try_from(items.len())
                && len > 0
            {
                items.rotate_right(usize::try_from(by.rem_euclid(len)).unwrap_or(0));
            }
            Ok(Value::None)
        })
        .method("reverse(/)", |deque: &Deque, _, _| {
            deque.items.borrow_mut().make_contiguous().reverse();
            Ok(Value::None)
        })
        .method("count(value, /)", |deque: &Deque, a, cx| {
            let mut count = 0;
            for item in deque.to_vec() {
                count += i64::from(ops::rich_eq(&item, a.at(0), cx)?);
            }
            Ok(Value::Int(count))
        })
        .method("index(value, /)", |deque: &Deque, a, cx| {
            match deque.find(a.at(0), cx)? {
                Some(at) => Ok(Value::Int(i64::try_from(at).unwrap_or(i64::MAX))),
                None => Err(VALUE_ERROR.error(format!("{} is not in deque", cx.repr(a.at(0))?))),
            }
        })
        .method("insert(index, value, /)", |deque: &Deque, a, cx| {
            let index = int::expect_index(a.at(0), cx)?;
            let len = deque.items.borrow().len();
            if deque.limit.get() == Some(len) {
                return Err(INDEX_ERROR.error("deque already at its maximum size"));
            }
            let at = if index < 0 {
                len.saturating_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX))
            } else {
                usize::try_from(index).unwrap_or(usize::MAX).min(len)
            };
            deque.items.borrow_mut().insert(at, a.at(1).clone());
            deque.changed();
            Ok(Value::None)
        })
        .method("remove(value, /)", |deque: &Deque, a, cx| {
            match deque.find(a.at(0), cx)? {
                Some(at) => {
                    let removed = deque.items.borrow_mut().remove(at);
                    deque.changed();
                    drop(removed);
                    Ok(Value::None)
                }
                None => Err(VALUE_ERROR.error(format!("{} is not in deque", cx.repr(a.at(0))?))),
            }
        })
        .getter("maxlen", |deque: &Deque, _| {
            Ok(deque
                .limit
                .get()
                .and_then(|limit| i64::try_from(limit).ok())
                .into())
        })
        .method_on_value("__iter__(/)", |this, _, cx| {
            crate::object::types::iterators::iter_of(this, cx)
        })
        .method_on_value("__len__(/)", |this, _, cx| {
            let len = ops::len(this, cx)?;
            Ok(Value::Int(i64::try_from(len).unwrap_or(i64::MAX)))
        })
        .class_method("__class_getitem__(item, /)", |this, a, cx| {
            crate::object::types::generic::subscribe(this, a.at(0), cx)
        });
}
