//! `itertools`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{int, iterators};
use crate::object::{
    BinaryOp, Bound, Class, Cx, Members, Method, ModuleSpec, Object, Result, TypeSpec, Value,
    ValueIter, ops,
};

static ITERATOR: TypeSpec = TypeSpec::new("itertools", "iterator")
    .names_module()
    .members(|members: &mut Members| {
        members
            .method_on_value("__iter__(/)", |this, _, _| Ok(this.clone()))
            .method_on_value("__next__(/)", |this, _, cx| iterators::next_of(this, cx));
    });
static CHAIN: TypeSpec = TypeSpec::new("itertools", "chain")
    .names_module()
    .construct(|_: &Rc<Class>, args, cx| {
        let values = args.pos.into_vec();
        chain_of(ValueIter::Values(values.into_iter()), cx)
    })
    .members(|members: &mut Members| {
        members.class_method("from_iterable(iterable, /)", |_, a, cx| {
            chain_of(ops::iterate(a.at(0), cx)?, cx)
        });
    });

type Step = dyn FnMut(&Cx) -> Result<Option<Value>>;

/// An iterator that a closure advances.
struct Lazy {
    step: RefCell<Box<Step>>,
}

fn lazy(step: impl FnMut(&Cx) -> Result<Option<Value>> + 'static) -> Value {
    Value::object(Lazy {
        step: RefCell::new(Box::new(step)),
    })
}

impl Object for Lazy {
    fn spec(&self) -> &'static TypeSpec {
        &ITERATOR
    }
    fn iter(&self, this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(this.clone()))
    }
    fn is_iterator(&self) -> bool {
        true
    }
    fn next(&self, cx: &Cx) -> Result<Option<Value>> {
        let Ok(mut step) = self.step.try_borrow_mut() else {
            return Err(VALUE_ERROR.error("iterator already executing"));
        };
        step(cx)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "constructors answer it as it is")]
fn chain_of(mut iterables: ValueIter, _cx: &Cx) -> Result<Value> {
    let mut current: Option<ValueIter> = None;
    Ok(lazy(move |cx| {
        loop {
            if let Some(iter) = &mut current
                && let Some(item) = iter.next(cx)?
            {
                return Ok(Some(item));
            }
            if let Some(iterable) = iterables.next(cx)? {
                current = Some(ops::iterate(&iterable, cx)?);
            } else {
                current = None;
                return Ok(None);
            }
        }
    }))
}

/// `itertools`.
pub static ITERTOOLS: ModuleSpec = ModuleSpec {
    name: "itertools",
    names: &[
        ("chain", |_| CHAIN.class().into()),
        ("count", |_| {
            Method::function("count(start=0, step=1)", count)
        }),
        ("cycle", |_| Method::function("cycle(iterable, /)", cycle)),
        ("repeat", |_| {
            Method::function("repeat(object, times=None)", repeat)
        }),
        ("islice", |_| {
            Method::function("islice(iterable, /, *args)", islice)
        }),
        ("takewhile", |_| {
            Method::function("takewhile(predicate, iterable, /)", takewhile)
        }),
        ("dropwhile", |_| {
            Method::function("dropwhile(predicate, iterable, /)", dropwhile)
        }),
        ("filterfalse", |_| {
            Method::function("filterfalse(function, iterable, /)", filterfalse)
        }),
        ("starmap", |_| {
            Method::function("starmap(function, iterable, /)", |a, cx| {
                let function = a.at(0).clone();
                let mut items = ops::iterate(a.at(1), cx)?;
                Ok(lazy(move |cx| match items.next(cx)? {
                    Some(item) => cx.call(&function, cx.collect(&item)?).map(Some),
                    None => Ok(None),
                }))
            })
        }),
        ("accumulate", |_| {
            Method::function(
                "accumulate(iterable, func=None, *, initial=None)",
                accumulate,
            )
        }),
        ("pairwise", |_| {
            Method::function("pairwise(iterable, /)", |a, cx| {
                let mut items = ops::iterate(a.at(0), cx)?;
                let mut last = items.next(cx)?;
                Ok(lazy(move |cx| {
                    let Some(before) = last.take() else {
                        return Ok(None);
                    };
                    last = items.next(cx)?;
                    Ok(last.clone().map(|item| Value::tuple(vec![before, item])))
                }))
            })
        }),
        ("zip_longest", |_| {
            Method::function("zip_longest(*iterables, fillvalue=None)", zip_longest)
        }),
        ("product", |_| {
            Method::function("product(*iterables, repeat=1)", product)
        }),
        ("permutations", |_| {
            Method::function("permutations(iterable, r=None)", |a, cx| {
                let pool = cx.collect(a.at(0))?;
                let length = length_argument(a.some("r"), pool.len(), cx)?;
                choices(pool, length, Kind::Permutations)
            })
        }),
        ("combinations", |_| {
            Method::function("combinations(iterable, r)", |a, cx| {
                let pool = cx.collect(a.at(0))?;
                let length = length_argument(a.some("r"), pool.len(), cx)?;
                choices(pool, length, Kind::Combinations)
            })
        }),
        ("combinations_with_replacement", |_| {
            Method::function("combinations_with_replacement(iterable, r)", |a, cx| {
                let pool = cx.collect(a.at(0))?;
                let length = length_argument(a.some("r"), pool.len(), cx)?;
                choices(pool, length, Kind::WithReplacement)
            })
        }),
        ("compress", |_| {
            Method::function("compress(data, selectors)", |a, cx| {
                let mut data = ops::iterate(a.at(0), cx)?;
                let mut selectors = ops::iterate(a.at(1), cx)?;
                Ok(lazy(move |cx| {
                    while let (Some(item), Some(keep)) = (data.next(cx)?, selectors.next(cx)?) {
                        if cx.truthy(&keep)? {
                            return Ok(Some(item));
                        }
                    }
                    Ok(None)
                }))
            })
        }),
        ("groupby", |_| {
            Method::function("groupby(iterable, key=None)", groupby)
        }),
        ("tee", |_| {
            Method::function("tee(iterable, n=2, /)", |a, cx| {
                let items = cx.collect(a.at(0))?;
                let copies = match a.at(1) {
                    Value::Undefined => 2,
                    given => usize::try_from(int::expect_index(given, cx)?).unwrap_or(0),
                };
                Ok(Value::tuple(
                    (0..copies.min(1000))
                        .map(|_| iterators::over(items.clone()))
                        .collect(),
                ))
            })
        }),
    ],
    unsupported: &[],
    dynamic: None,
};

fn length_argument(value: Option<&Value>, default: usize, cx: &Cx) -> Result<usize> {
    match value {
        None => Ok(default),
        Some(value) => usize::try_from(int::expect_index(value, cx)?)
            .map_err(|_| VALUE_ERROR.error("r must be non-negative")),
    }
}

fn count(a: &Bound<'_>, _cx: &Cx) -> Result<Value> {
    let mut next = a.given("start").cloned().unwrap_or(Value::Int(0));
    let step = a.given("step").cloned().unwrap_or(Value::Int(1));
    Ok(lazy(move |cx| {
        let following = ops::binary(BinaryOp::Add, &next, &step, cx)?;
        Ok(Some(std::mem::replace(&mut next, following)))
    }))
}

fn cycle(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let mut source = ops::iterate(a.at(0), cx)?;
    let (mut seen, mut at, mut ended) = (Vec::new(), 0, false);
    Ok(lazy(move |cx| {
        if !ended {
            if let Some(item) = source.next(cx)? {
                seen.push(item.clone());
                return Ok(Some(item));
            }
            ended = true;
        }
        let item: Option<Value> = seen.get(at).cloned();
        at = (at + 1) % seen.len().max(1);
        Ok(item)
    }))
}

fn repeat(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let value = a.value("object").clone();
    let mut left = match a.some("times") {
        Some(times) => Some(int::expect_index(times, cx)?),
        None => None,
    };
    Ok(lazy(move |_| {
        if let Some(left) = &mut left {
            if *left <= 0 {
                return Ok(None);
            }
            *left -= 1;
        }
        Ok(Some(value.clone()))
    }))
}

fn islice(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let bound = |value: &Value, what: &str| -> Result<Option<i64>> {
        match value {
            Value::None => Ok(None),
            value => match int::index(value, cx)?.filter(|number| *number >= 0) {
                Some(number) => Ok(Some(number)),
                None => Err(VALUE_ERROR.error(format!(
                    "{what} for islice() must be None or an integer: 0 <= x <= sys.maxsize."
                ))),
            },
        }
    };
    let (start, stop, step) = match a.rest() {
        [stop] => (0, bound(stop, "Stop argument")?, 1),
        [start, stop] => (
            bound(start, "Indices")?.unwrap_or(0),
            bound(stop, "Indices")?,
            1,
        ),
        [start, stop, step] => (
            bound(start, "Indices")?.unwrap_or(0),
            bound(stop, "Indices")?,
            bound(step, "Step")?.unwrap_or(1),
        ),
        other => {
            return Err(TYPE_ERROR.error(format!(
                "islice expected at least 2 arguments, got {}",
                other.len() + 1
            )));
        }
    };
    if step == 0 {
        return Err(VALUE_ERROR.error("Step for islice() must be a positive integer or None."));
    }
    let mut items = ops::iterate(a.at(0), cx)?;
    let (mut at, mut next) = (0, start);
    Ok(lazy(move |cx| {
        if stop.is_some_and(|stop| next >= stop) {
            // As CPython, what lies before the stop is consumed.
            while stop.is_some_and(|stop| at < stop) {
                if items.next(cx)?.is_none() {
                    break;
                }
                at += 1;
            }
            return Ok(None);
        }
        loop {
            let Some(item) = items.next(cx)? else {
                return Ok(None);
            };
            at += 1;
            if at - 1 == next {
                next += step;
                return Ok(Some(item));
            }
        }
    }))
}

fn takewhile(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let (predicate, mut ended) = (a.at(0).clone(), false);
    let mut items = ops::iterate(a.at(1), cx)?;
    Ok(lazy(move |cx| {
        if ended {
            return Ok(None);
        }
        if let Some(item) = items.next(cx)? {
            let answer = cx.call(&predicate, [item.clone()])?;
            if cx.truthy(&answer)? {
                return Ok(Some(item));
            }
        }
        ended = true;
        Ok(None)
    }))
}

fn dropwhile(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let (predicate, mut started) = (a.at(0).clone(), false);
    let mut items = ops::iterate(a.at(1), cx)?;
    Ok(lazy(move |cx| {
        while let Some(item) = items.next(cx)? {
            if !started {
                let answer = cx.call(&predicate, [item.clone()])?;
                started = !cx.truthy(&answer)?;
            }
            if started {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }))
}

fn filterfalse(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let predicate = a.at(0).clone();
    let mut items = ops::iterate(a.at(1), cx)?;
    Ok(lazy(move |cx| {
        while let Some(item) = items.next(cx)? {
            let answer = if predicate.is_none() {
                item.clone()
            } else {
                cx.call(&predicate, [item.clone()])?
            };
            if !cx.truthy(&answer)? {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }))
}

fn accumulate(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let function = a.some("func").cloned();
    let mut items = ops::iterate(a.at(0), cx)?;
    let mut total = a.some("initial").cloned();
    let mut shown = total.is_none();
    Ok(lazy(move |cx| {
        if !shown {
            shown = true;
            return Ok(total.clone());
        }
        let Some(item) = items.next(cx)? else {
            return Ok(None);
        };
        let next = match (total.take(), &function) {
            (None, _) => item,
            (Some(before), Some(function)) => cx.call(function, [before, item])?,
            (Some(before), None) => ops::binary(BinaryOp::Add, &before, &item, cx)?,
        };
        total = Some(next.clone());
        Ok(Some(next))
    }))
}

fn zip_longest(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let fill = a.given("fillvalue").cloned().unwrap_or(Value::None);
    let mut iters = a
        .rest()
        .iter()
        .map(|iterable| ops::iterate(iterable, cx).map(Some))
        .collect::<Result<Vec<Option<ValueIter>>>>()?;
    Ok(lazy(move |cx| {
        let mut row = Vec::with_capacity(iters.len());
        for slot in &mut iters {
            let item = match slot {
                Some(iter) => iter.next(cx)?,
                None => None,
            };
            if item.is_none() {
                *slot = None;
            }
            row.push(item.unwrap_or_else(|| fill.clone()));
        }
        Ok(iters.iter().any(Option::is_some).then(|| Value::tuple(row)))
    }))
}

fn product(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let repeat = match a.given("repeat") {
        Some(repeat) => usize::try_from(int::expect_index(repeat, cx)?)
            .map_err(|_| VALUE_ERROR.error("repeat argument cannot be negative"))?,
        None => 1,
    };
    let mut pools = Vec::new();
    for iterable in a.rest() {
        pools.push(cx.collect(iterable)?);
    }
    let pools: Vec<Vec<Value>> = (0..repeat.min(1000)).flat_map(|_| pools.clone()).collect();
    let mut at = vec![0; pools.len()];
    let mut ended = pools.iter().any(Vec::is_empty);
    Ok(lazy(move |_| {
        if ended {
            return Ok(None);
        }
        let row = pools
            .iter()
            .zip(&at)
            .filter_map(|(pool, at)| pool.get(*at).cloned())
            .collect();
        ended = true;
        for (index, pool) in at.iter_mut().zip(&pools).rev() {
            *index += 1;
            if *index < pool.len() {
                ended = false;
                break;
            }
            *index = 0;
        }
        Ok(Some(Value::tuple(row)))
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Permutations,
    Combinations,
    WithReplacement,
}

/// Index tuples in lexicographic order, those that the kind allows.
#[expect(clippy::unnecessary_wraps, reason = "callers answer it as it is")]
fn choices(pool: Vec<Value>, length: usize, kind: Kind) -> Result<Value> {
    let count = pool.len();
    let possible = length <= count || (kind == Kind::WithReplacement && (count > 0 || length == 0));
    let mut next: Option<Vec<usize>> = possible.then(|| match kind {
        Kind::WithReplacement => vec![0; length],
        _ => (0..length).collect(),
    });
    Ok(lazy(move |_| {
        let Some(current) = next.take() else {
            return Ok(None);
        };
        let row = current
            .iter()
            .filter_map(|at| pool.get(*at).cloned())
            .collect();
        next = following(&current, count, kind);
        Ok(Some(Value::tuple(row)))
    }))
}

fn following(current: &[usize], count: usize, kind: Kind) -> Option<Vec<usize>> {
    let length = current.len();
    for place in (0..length).rev() {
        let mut row = current[..place].to_vec();
        let candidate = match kind {
            Kind::Permutations => (current[place] + 1..count).find(|index| !row.contains(index)),
            Kind::Combinations => {
                Some(current[place] + 1).filter(|index| *index + (length - place - 1) < count)
            }
            Kind::WithReplacement => Some(current[place] + 1).filter(|index| *index < count),
        };
        let Some(index) = candidate else { continue };
        row.push(index);
        while row.len() < length {
            let fill = match kind {
                Kind::Permutations => (0..count).find(|index| !row.contains(index))?,
                Kind::Combinations => row.last()? + 1,
                Kind::WithReplacement => index,
            };
            row.push(fill);
        }
        return Some(row);
    }
    None
}

/// What `groupby` and its groups share: the source and the item read last.
struct Groups {
    source: RefCell<ValueIter>,
    key: Option<Value>,
    /// The item that was read and belongs to the next group, with its key.
    pending: RefCell<Option<(Value, Value)>>,
    /// Which group is current: a group of an older number is over.
    number: Cell<usize>,
}

impl Groups {
    fn read(&self, cx: &Cx) -> Result<()> {
        let item = self.source.borrow_mut().next(cx)?;
        *self.pending.borrow_mut() = match item {
            Some(item) => {
                let key = match &self.key {
                    Some(key) => cx.call(key, [item.clone()])?,
                    None => item.clone(),
                };
                Some((key, item))
            }
            None => None,
        };
        Ok(())
    }
}

fn groupby(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let groups = Rc::new(Groups {
        source: RefCell::new(ops::iterate(a.at(0), cx)?),
        key: a.some("key").cloned(),
        pending: RefCell::new(None),
        number: Cell::new(0),
    });
    let mut current: Option<Value> = None;
    let mut started = false;
    Ok(lazy(move |cx| {
        if !started {
            started = true;
            groups.read(cx)?;
        }
        // Skip what the group before left unread.
        loop {
            let pending = groups.pending.borrow().clone();
            let Some((key, _)) = pending else {
                return Ok(None);
            };
            let same = match &current {
                Some(current) => ops::rich_eq(current, &key, cx)?,
                None => false,
            };
            if !same {
                current = Some(key.clone());
                groups.number.set(groups.number.get() + 1);
                let group = group_of(groups.clone(), key.clone());
                return Ok(Some(Value::tuple(vec![key, group])));
            }
            groups.read(cx)?;
        }
    }))
}

fn group_of(groups: Rc<Groups>, key: Value) -> Value {
    let number = groups.number.get();
    lazy(move |cx| {
        if groups.number.get() != number {
            return Ok(None);
        }
        let pending = groups.pending.borrow().clone();
        let Some((own, item)) = pending else {
            return Ok(None);
        };
        if !ops::rich_eq(&own, &key, cx)? {
            return Ok(None);
        }
        groups.read(cx)?;
        Ok(Some(item))
    })
}
