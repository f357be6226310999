//! `collections`: OrderedDict, defaultdict, Counter; namedtuple and deque from their own files.

use std::rc::Rc;

use crate::lang::library;
use crate::object::exceptions::{KEY_ERROR, TYPE_ERROR};
use crate::object::types::{self, DICT, base_value, class_of, dict, with_base};
use crate::object::{
    Args, BinaryOp, Bound, Class, CompareOp, Cx, Dict, Members, Method, ModuleSpec, Result, Str,
    TypeSpec, Value, key_error, ops,
};

/// `collections`.
pub static COLLECTIONS: ModuleSpec = ModuleSpec {
    name: "collections",
    names: &[
        ("OrderedDict", |cx| mixed(&ORDERED_DICT, cx)),
        ("defaultdict", |_| DEFAULT_DICT.class().into()),
        ("Counter", |cx| mixed(&COUNTER, cx)),
        ("deque", |_| super::deque::DEQUE.class().into()),
        ("namedtuple", |_| {
            Method::function(
                "namedtuple(typename, field_names, *, rename=False, defaults=None, module=None)",
                super::named_tuple::namedtuple,
            )
        }),
        ("abc", |_| {
            Value::object(crate::object::Module::new(
                &super::abstract_types::COLLECTIONS_ABC,
            ))
        }),
    ],
    unsupported: &[],
    dynamic: Some(|wanted, cx| library::name("collections", wanted, cx)),
};

/// The class with the methods that are written in the language.
fn mixed(spec: &'static TypeSpec, cx: &Cx) -> Value {
    let class = spec.class();
    library::mix_in("collections", &class, cx);
    class.into()
}

/// `collections.OrderedDict`.
pub static ORDERED_DICT: TypeSpec = TypeSpec::new("collections", "OrderedDict")
    .names_module()
    .bases(&[&DICT])
    .construct(construct)
    .members(ordered_members)
    .subclassable();
/// `collections.defaultdict`.
pub static DEFAULT_DICT: TypeSpec = TypeSpec::new("collections", "defaultdict")
    .names_module()
    .bases(&[&DICT])
    .construct(construct_default)
    .members(default_members)
    .subclassable();
/// `collections.Counter`.
pub static COUNTER: TypeSpec = TypeSpec::new("collections", "Counter")
    .bases(&[&DICT])
    .construct(construct_counter)
    .members(counter_members)
    .subclassable();

fn instance_of(class: &Rc<Class>, dict: Dict) -> Value {
    Value::Instance(with_base(class, Value::Dict(Rc::new(dict))))
}

fn construct(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let dict = Dict::default();
    if class.spec().is_some() || class.script_method("__init__").is_none() {
        dict.update(args.pos.first(), &args.kw, cx)?;
    }
    Ok(instance_of(class, dict))
}

fn alike(this: &Value, entries: &Dict, cx: &Cx) -> Value {
    instance_of(&class_of(this, cx), Dict::new(entries.to_map()))
}

fn ordered_members(members: &mut Members) {
    members
        .method_on_value("__repr__(/)", |this, _, cx| {
            let Value::Dict(dict) = base_value(this) else {
                return Ok(Value::None);
            };
            let name = class_of(this, cx).name();
            let pairs: Vec<Value> = dict::entries(&dict)
                .into_iter()
                .map(|(key, value)| Value::tuple(vec![key, value]))
                .collect();
            Ok(if pairs.is_empty() {
                format!("{name}()")
            } else {
                format!("{name}({})", cx.repr(&Value::list(pairs))?)
            }
            .into())
        })
        .method_on_value("__eq__(other, /)", |this, a, cx| {
            let (own, other) = (base_value(this), base_value(a.at(0)));
            let ordered = matches!(a.at(0), Value::Instance(other)
                if other.class().derives_from(&ORDERED_DICT));
            match (&own, &other) {
                (Value::Dict(x), Value::Dict(y)) if ordered => {
                    let pairs = |dict: &Dict| {
                        Value::list(
                            dict::entries(dict)
                                .into_iter()
                                .map(|(key, value)| Value::tuple(vec![key, value]))
                                .collect(),
                        )
                    };
                    ops::compare(CompareOp::Eq, &pairs(x), &pairs(y), cx)
                }
                _ => ops::compare(CompareOp::Eq, &own, &other, cx),
            }
        })
        .method("move_to_end(key, last=True)", |dict: &Dict, a, cx| {
            let key = a.value("key");
            let value = dict
                .get_item(key, cx)?
                .ok_or_else(|| key_error(key.clone()))?;
            let key = crate::object::Key::new(key.clone(), cx)?;
            let mut entries = dict.borrow_mut();
            entries.shift_remove(&key);
            if a.flag("last", true) {
                entries.insert(key, value);
            } else {
                entries.shift_insert(0, key, value);
            }
            Ok(Value::None)
        })
        .method("popitem(last=True)", |dict: &Dict, a, cx| {
            match dict.take_end(!a.flag("last", true), cx)? {
                Some((key, value)) => Ok(Value::tuple(vec![key, value])),
                None => Err(KEY_ERROR.error("dictionary is empty")),
            }
        })
        .method_on_value("copy(/)", |this, _, cx| match base_value(this) {
            Value::Dict(dict) => Ok(alike(this, &dict, cx)),
            _ => Ok(Value::None),
        });
}

fn construct_default(class: &Rc<Class>, mut args: Args, cx: &Cx) -> Result<Value> {
    let factory = if args.pos.is_empty() {
        Value::None
    } else {
        args.pos.remove(0)
    };
    let callable = matches!(&factory, Value::None | Value::Class(_) | Value::Instance(_))
        || matches!(&factory, Value::Object(object) if object.is_callable());
    if !callable {
        return Err(TYPE_ERROR.error("first argument must be callable or None"));
    }
    let made = construct(class, args, cx)?;
    cx.set_attr(&made, "default_factory", factory)?;
    Ok(made)
}

fn default_members(members: &mut Members) {
    members
        .method_on_value("__missing__(key, /)", |this, a, cx| {
            let factory = cx.get_attr(this, "default_factory")?;
            if factory.is_none() {
                return Err(key_error(a.at(0).clone()));
            }
            let value = cx.call(&factory, [])?;
            ops::set_item(this, a.at(0).clone(), value.clone(), cx)?;
            Ok(value)
        })
        .method_on_value("__repr__(/)", |this, _, cx| {
            let factory = cx.get_attr(this, "default_factory")?;
            let name = class_of(this, cx).name();
            let (factory, dict) = (cx.repr(&factory)?, cx.repr(&base_value(this))?);
            Ok(format!("{name}({factory}, {dict})").into())
        })
        .method_on_value("copy(/)", |this, _, cx| match base_value(this) {
            Value::Dict(dict) => {
                let made = alike(this, &dict, cx);
                let factory = cx.get_attr(this, "default_factory")?;
                cx.set_attr(&made, "default_factory", factory)?;
                Ok(made)
            }
            _ => Ok(Value::None),
        });
}

fn construct_counter(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let dict = Dict::default();
    count_all(&dict, args.pos.first(), &args.kw, BinaryOp::Add, cx)?;
    Ok(instance_of(class, dict))
}

/// Add (or subtract) the counts that `source` gives.
fn count_all(
    dict: &Dict,
    source: Option<&Value>,
    keywords: &[(Str, Value)],
    op: BinaryOp,
    cx: &Cx,
) -> Result<()> {
    let counts: Vec<(Value, Value)> = match source.map(base_value) {
        None | Some(Value::None) => Vec::new(),
        Some(Value::Dict(counts)) => dict::entries(&counts),
        Some(other) => cx
            .collect(&other)?
            .into_iter()
            .map(|item| (item, Value::Int(1)))
            .collect(),
    };
    let keywords = keywords
        .iter()
        .map(|(name, count)| (Value::from(name.clone()), count.clone()));
    for (key, by) in counts.into_iter().chain(keywords) {
        let known = dict.get_item(&key, cx)?.unwrap_or(Value::Int(0));
        let count = ops::binary(op, &known, &by, cx)?;
        dict.insert(key, count, cx)?;
    }
    Ok(())
}

/// Entries by falling count, equal ones in order.
fn most_common(dict: &Dict, cx: &Cx) -> Result<Vec<Value>> {
    let entries = dict::entries(dict);
    let mut order: Vec<Value> = (0..entries.len())
        .filter_map(|at| i64::try_from(at).ok().map(Value::Int))
        .collect();
    // Sorting indexes by a lookup of their counts keeps equal counts in order.
    let by_count = {
        let entries = entries.clone();
        Method::function("count(at, /)", move |a, _| {
            let at = a.at(0).as_int().and_then(|at| usize::try_from(at).ok());
            Ok(at
                .and_then(|at| entries.get(at))
                .map_or(Value::None, |(_, count)| count.clone()))
        })
    };
    types::sort(&mut order, Some(&by_count), true, cx)?;
    Ok(order
        .iter()
        .filter_map(|at| entries.get(usize::try_from(at.as_int()?).ok()?))
        .map(|(key, count)| Value::tuple(vec![key.clone(), count.clone()]))
        .collect())
}

fn counter_operator(this: &Value, other: &Value, op: BinaryOp, cx: &Cx) -> Result<Value> {
    let (Value::Dict(a), Value::Dict(b)) = (base_value(this), base_value(other)) else {
        return Ok(Value::object(types::NotImplementedObject));
    };
    let keys = Dict::new(a.to_map());
    for (key, _) in dict::entries(&b) {
        if !keys.contains_key(&key, cx)? {
            keys.insert(key, Value::Int(0), cx)?;
        }
    }
    let result = Dict::default();
    let zero = Value::Int(0);
    for (key, _) in dict::entries(&keys) {
        let x = a.get_item(&key, cx)?.unwrap_or(Value::Int(0));
        let y = b.get_item(&key, cx)?.unwrap_or(Value::Int(0));
        let smaller = cx.truthy(&ops::compare(CompareOp::Lt, &x, &y, cx)?)?;
        let count = match op {
            BinaryOp::BitAnd => {
                if smaller {
                    x
                } else {
                    y
                }
            }
            BinaryOp::BitOr => {
                if smaller {
                    y
                } else {
                    x
                }
            }
            _ => ops::binary(op, &x, &y, cx)?,
        };
        if cx.truthy(&ops::compare(CompareOp::Gt, &count, &zero, cx)?)? {
            result.insert(key, count, cx)?;
        }
    }
    Ok(instance_of(&class_of(this, cx), result))
}

fn counter_update(dict: &Dict, a: &Bound<'_>, op: BinaryOp, cx: &Cx) -> Result<Value> {
    count_all(dict, a.some_at(0), a.keywords(), op, cx)?;
    Ok(Value::None)
}

fn counter_members(members: &mut Members) {
    const OPERATORS: [(&str, BinaryOp); 4] = [
        ("__add__(other, /)", BinaryOp::Add),
        ("__sub__(other, /)", BinaryOp::Sub),
        ("__and__(other, /)", BinaryOp::BitAnd),
        ("__or__(other, /)", BinaryOp::BitOr),
    ];
    for (text, op) in OPERATORS {
        members.method_on_value(text, move |this, a, cx| {
            counter_operator(this, a.at(0), op, cx)
        });
    }
    members
        .method_on_value("__missing__(key, /)", |_, _, _| Ok(Value::Int(0)))
        .method("most_common(n=None)", |dict: &Dict, a, cx| {
            let mut entries = most_common(dict, cx)?;
            if let Some(count) = a.some("n").and_then(Value::as_int) {
                entries.truncate(usize::try_from(count).unwrap_or(0));
            }
            Ok(Value::list(entries))
        })
        .method("elements(/)", |dict: &Dict, _, _| {
            let mut items = Vec::new();
            for (key, count) in dict::entries(dict) {
                let count = usize::try_from(count.as_int().unwrap_or(0)).unwrap_or(0);
                items.extend(std::iter::repeat_n(key, count.min(1 << 24)));
            }
            Ok(types::iterators::over(items))
        })
        .method("total(/)", |dict: &Dict, _, cx| {
            let mut total = Value::Int(0);
            for (_, count) in dict::entries(dict) {
                total = ops::binary(BinaryOp::Add, &total, &count, cx)?;
            }
            Ok(total)
        })
        .method("update(iterable=None, /, **kwds)", |dict: &Dict, a, cx| {
            counter_update(dict, a, BinaryOp::Add, cx)
        })
        .method(
            "subtract(iterable=None, /, **kwds)",
            |dict: &Dict, a, cx| counter_update(dict, a, BinaryOp::Sub, cx),
        )
        .method_on_value("copy(/)", |this, _, cx| match base_value(this) {
            Value::Dict(dict) => Ok(alike(this, &dict, cx)),
            _ => Ok(Value::None),
        })
        .method_on_value("__repr__(/)", |this, _, cx| {
            let Value::Dict(dict) = base_value(this) else {
                return Ok(Value::None);
            };
            let name = class_of(this, cx).name();
            if dict.is_empty() {
                return Ok(format!("{name}()").into());
            }
            let sorted = Dict::default();
            for pair in most_common(&dict, cx).unwrap_or_default() {
                if let Value::Tuple(pair) = &pair
                    && let [key, count] = &***pair
                {
                    sorted.insert(key.clone(), count.clone(), cx)?;
                }
            }
            Ok(format!("{name}({})", cx.repr(&Value::Dict(Rc::new(sorted)))?).into())
        });
}
