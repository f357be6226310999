//! `list`: its type, and the one implementation of every change, instrumented or not.

use std::rc::Rc;

use super::slice::Indices;
use super::{OBJECT, Slice, int};
use crate::object::exceptions::{INDEX_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::{Args, Class, Cx, List, Result, TypeSpec, Value, class_of, ops};

/// `list`.
pub static LIST: TypeSpec = TypeSpec::new("builtins", "list")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(super::list_methods::members)
    .subclassable();

fn construct(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    // As list.__new__, which leaves the arguments to an __init__ of the class.
    if class.spec().is_none() && class.script_method("__init__").is_some() {
        return Ok(super::of_class(class, &LIST, Value::list(Vec::new())));
    }
    super::no_keywords("list", &args)?;
    let items = match args.pos.as_slice() {
        [] => Vec::new(),
        [iterable] => ops::collect(iterable, cx)?,
        more => {
            return Err(TYPE_ERROR.error(format!(
                "list expected at most 1 argument, got {}",
                more.len()
            )));
        }
    };
    Ok(super::of_class(class, &LIST, Value::list(items)))
}

/// The index of a sequence of `len` items that `key` names, counted from the end where negative.
pub fn locate(key: i64, len: usize) -> Option<usize> {
    let len = i64::try_from(len).ok()?;
    let index = if key < 0 { key.checked_add(len)? } else { key };
    (0..len)
        .contains(&index)
        .then(|| usize::try_from(index).ok())?
}

fn key_index(key: &Value, cx: &Cx) -> Result<i64> {
    int::index(key, cx)?.ok_or_else(|| {
        TYPE_ERROR.error(format!(
            "list indices must be integers or slices, not {}",
            class_of(key, cx).error_name()
        ))
    })
}

impl List {
    /// `list[key]`.
    pub fn get_item(&self, key: &Value, cx: &Cx) -> Result<Value> {
        if let Some(slice) = key.downcast::<Slice>() {
            let indices = slice.indices(self.len(), cx)?;
            let items = self.borrow();
            return Ok(Value::list(
                indices
                    .iter()
                    .filter_map(|at| items.get(at).cloned())
                    .collect(),
            ));
        }
        let index = key_index(key, cx)?;
        locate(index, self.len())
            .and_then(|at| self.get(at))
            .ok_or_else(|| INDEX_ERROR.error("list index out of range"))
    }

    /// `list[key] = value`.
    pub fn set_item(&self, key: &Value, value: &Value, cx: &Cx) -> Result<()> {
        if let Some(slice) = key.downcast::<Slice>() {
            return self.set_slice(slice.indices(self.len(), cx)?, value, cx);
        }
        let index = key_index(key, cx)?;
        let Some(at) = locate(index, self.len()) else {
            return Err(self.no_such_place());
        };
        self.replace_at(at, value.clone(), cx)
    }

    /// The IndexError of an assignment; an instrumented list reads the place first.
    fn no_such_place(&self) -> crate::object::Raised {
        INDEX_ERROR.error(match self.hook() {
            Some(_) => "list index out of range",
            None => "list assignment index out of range",
        })
    }

    fn replace_at(&self, at: usize, value: Value, cx: &Cx) -> Result<()> {
        let value = match self.hook() {
            Some(hook) => {
                if let Some(existing) = self.get(at).filter(|existing| !existing.is_none()) {
                    hook.remove(&existing, cx)?;
                }
                hook.append(value, cx)?
            }
            None => value,
        };
        let old = match self.borrow_mut().get_mut(at) {
            Some(place) => std::mem::replace(place, value),
            None => value,
        };
        drop(old);
        Ok(())
    }

    fn set_slice(&self, indices: Indices, value: &Value, cx: &Cx) -> Result<()> {
        let items = ops::collect(value, cx)
            .map_err(|raised| only_iterable(raised, indices.step, value, cx))?;
        if indices.step == 1 {
            let start = usize::try_from(indices.start).unwrap_or(0);
            let stop = usize::try_from(indices.stop).unwrap_or(0).max(start);
            if self.hook().is_none() {
                let old: Vec<Value> = self.borrow_mut().splice(start..stop, items).collect();
                drop(old);
                return Ok(());
            }
            for _ in start..stop {
                self.remove_at(start, cx)?;
            }
            for (at, item) in items.into_iter().enumerate() {
                self.insert(start + at, item, cx)?;
            }
            return Ok(());
        }
        if items.len() != indices.count() {
            return Err(VALUE_ERROR.error(format!(
                "attempt to assign sequence of size {} to extended slice of size {}",
                items.len(),
                indices.count()
            )));
        }
        for (at, item) in indices.iter().zip(items) {
            self.replace_at(at, item, cx)?;
        }
        Ok(())
    }

    /// `del list[key]`.
    pub fn delete_item(&self, key: &Value, cx: &Cx) -> Result<()> {
        if let Some(slice) = key.downcast::<Slice>() {
            let mut doomed: Vec<usize> = slice.indices(self.len(), cx)?.iter().collect();
            if let Some(hook) = self.hook() {
                for at in &doomed {
                    if let Some(item) = self.get(*at) {
                        hook.remove(&item, cx)?;
                    }
                }
            }
            doomed.sort_unstable();
            let mut removed = Vec::with_capacity(doomed.len());
            let mut at = 0;
            let mut next = doomed.iter().peekable();
            self.borrow_mut().retain(|item| {
                let goes = next.next_if(|doomed| **doomed == at).is_some();
                at += 1;
                if goes {
                    removed.push(item.clone());
                }
                !goes
            });
            return Ok(());
        }
        let index = key_index(key, cx)?;
        match locate(index, self.len()) {
            Some(at) => self.remove_at(at, cx).map(drop),
            None => Err(self.no_such_place()),
        }
    }

    /// Insert before `at` (the end, where beyond it), through the hook.
    pub fn insert(&self, at: usize, item: Value, cx: &Cx) -> Result<()> {
        let item = match self.hook() {
            Some(hook) => hook.append(item, cx)?,
            None => item,
        };
        let mut items = self.borrow_mut();
        let at = at.min(items.len());
        items.insert(at, item);
        Ok(())
    }

    /// Append all that `iterable` yields, through the hook.
    pub fn extend(&self, iterable: &Value, cx: &Cx) -> Result<()> {
        let items = ops::collect(iterable, cx)?;
        if self.hook().is_none() {
            self.borrow_mut().extend(items);
            return Ok(());
        }
        for item in items {
            self.append(item, cx)?;
        }
        Ok(())
    }

    /// Remove everything, through the hook.
    pub fn clear(&self, cx: &Cx) -> Result<()> {
        if let Some(hook) = self.hook() {
            for item in self.to_vec() {
                hook.remove(&item, cx)?;
            }
        }
        let old = std::mem::take(&mut *self.borrow_mut());
        drop(old);
        Ok(())
    }

    /// Remove the item at `index` (from the end where negative) and answer it.
    pub fn pop(&self, index: i64, cx: &Cx) -> Result<Value> {
        if self.is_empty() {
            return Err(INDEX_ERROR.error("pop from empty list"));
        }
        let removed = match locate(index, self.len()) {
            Some(at) => self.remove_at(at, cx)?,
            None => None,
        };
        removed.ok_or_else(|| INDEX_ERROR.error("pop index out of range"))
    }

    /// Remove the first item that equals `value`; the hook hears of it even where there is none.
    pub fn remove(&self, value: &Value, cx: &Cx) -> Result<()> {
        if let Some(hook) = self.hook() {
            hook.remove(value, cx)?;
        }
        let Some(at) = self.find(value, cx)? else {
            return Err(VALUE_ERROR.error("list.remove(x): x not in list"));
        };
        let mut items = self.borrow_mut();
        let removed = (at < items.len()).then(|| items.remove(at));
        drop(items);
        drop(removed);
        Ok(())
    }

    /// Where the first item is that equals `value`; items may change meanwhile.
    pub fn find(&self, value: &Value, cx: &Cx) -> Result<Option<usize>> {
        let mut at = 0;
        while let Some(item) = self.get(at) {
            if ops::rich_eq(&item, value, cx)? {
                return Ok(Some(at));
            }
            at += 1;
        }
        Ok(None)
    }

    /// The items times `count`.
    pub fn repeat(items: &[Value], count: i64) -> Result<Vec<Value>> {
        let count = usize::try_from(count).unwrap_or(0);
        match items.len().checked_mul(count).filter(|len| *len < 1 << 28) {
            Some(_) => Ok(std::iter::repeat_n(items, count)
                .flatten()
                .cloned()
                .collect()),
            None => Err(crate::object::Raised::new(
                &crate::object::exceptions::MEMORY_ERROR,
                Vec::new(),
            )),
        }
    }
}

fn only_iterable(
    raised: crate::object::Raised,
    step: i64,
    value: &Value,
    cx: &Cx,
) -> crate::object::Raised {
    let plain = format!(
        "'{}' object is not iterable",
        class_of(value, cx).error_name()
    );
    if raised.is(&TYPE_ERROR) && raised.message(cx) == plain {
        return TYPE_ERROR.error(if step == 1 {
            "can only assign an iterable"
        } else {
            "must assign iterable to extended slice"
        });
    }
    raised
}
