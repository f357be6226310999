//! `collections.namedtuple` and `typing.NamedTuple`: tuples whose items have names.

use std::rc::Rc;

use crate::object::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{TUPLE, base_value, is_identifier, make_class, with_base};
use crate::object::{
    Args, Bound, Class, Cx, Dict, Members, Object, Parameter, ParameterKind, Result, Signature,
    Str, TypeSpec, Value, class_of,
};

/// `typing.NamedTuple`, also the base of what `namedtuple()` makes.
pub static NAMED_TUPLE: TypeSpec = TypeSpec::new("typing", "NamedTuple")
    .bases(&[&TUPLE])
    .construct(functional)
    .members(members)
    .init_subclass(init_subclass)
    .hidden();

static FIELD: TypeSpec = TypeSpec::new("collections", "_tuplegetter");
static MAKER: TypeSpec = TypeSpec::new("builtins", "function");

/// Reads one item by its name.
struct Field(usize);

impl Object for Field {
    fn spec(&self) -> &'static TypeSpec {
        &FIELD
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!(
            "_tuplegetter({0}, 'Alias for field number {0}')",
            self.0
        )))
    }
    fn is_data_descriptor(&self) -> bool {
        true
    }
    fn bind(
        &self,
        _this: &Value,
        instance: Option<&Value>,
        _owner: &Rc<Class>,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(instance.and_then(|instance| match base_value(instance) {
            Value::Tuple(items) => items.get(self.0).cloned(),
            _ => None,
        }))
    }
    fn bind_set(&self, _instance: &Value, _value: Value, _cx: &Cx) -> Result<()> {
        Err(ATTRIBUTE_ERROR.error("can't set attribute"))
    }
}

/// `__new__` of one named tuple.
struct Maker {
    signature: Signature,
    defaults: Vec<(Str, Value)>,
}

impl Object for Maker {
    fn spec(&self) -> &'static TypeSpec {
        &MAKER
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, mut args: Args, _cx: &Cx) -> Result<Option<Value>> {
        if args.pos.is_empty() {
            return Ok(None);
        }
        let Value::Class(class) = args.pos.remove(0) else {
            return Ok(None);
        };
        let bound = self.signature.bind(args)?;
        let items = self
            .signature
            .parameters
            .iter()
            .enumerate()
            .map(|(at, parameter)| match bound.at(at) {
                Value::Undefined => self
                    .defaults
                    .iter()
                    .find(|(name, _)| *name == parameter.name)
                    .map_or(Value::None, |(_, default)| default.clone()),
                given => given.clone(),
            })
            .collect();
        Ok(Some(Value::Instance(with_base(
            &class,
            Value::tuple(items),
        ))))
    }
}

fn equip(class: &Rc<Class>, fields: &[Str], defaults: &[(Str, Value)]) {
    for (at, field) in fields.iter().enumerate() {
        class.set(field.clone(), Value::object(Field(at)));
    }
    let names = fields.iter().cloned().map(Value::from).collect();
    class.set("_fields", Value::tuple(names));
    class.set(
        "_field_defaults",
        Value::Dict(Rc::new(Dict::from_pairs(defaults.to_vec()))),
    );
    if class.own("__doc__").is_none_or(|doc| doc.is_none()) {
        let listed: Vec<&str> = fields.iter().map(Str::as_str).collect();
        class.set(
            "__doc__",
            format!("{}({})", class.name(), listed.join(", ")).into(),
        );
    }
    class.set(
        "__match_args__",
        Value::tuple(fields.iter().cloned().map(Value::from).collect()),
    );
    let parameters = fields
        .iter()
        .map(|field| Parameter {
            name: field.clone(),
            kind: ParameterKind::PositionalOrKeyword,
            has_default: defaults.iter().any(|(name, _)| name == field),
            default_text: None,
        })
        .collect();
    let name = format!("{}.__new__", class.name());
    class.set(
        "__new__",
        Value::object(Maker {
            signature: Signature::new(name, true, parameters),
            defaults: defaults.to_vec(),
        }),
    );
}

/// A class with annotated fields.
fn init_subclass(class: &Rc<Class>, _keywords: &[(Str, Value)], _cx: &Cx) -> Result<()> {
    let Some(Value::Dict(annotations)) = class.own("__annotations__") else {
        return Ok(());
    };
    let fields: Vec<Str> = crate::object::types::dict::entries(&annotations)
        .iter()
        .filter_map(|(name, _)| name.as_str().map(Str::new))
        .collect();
    let mut defaults = Vec::new();
    for field in &fields {
        match class.own(field) {
            Some(default) => defaults.push((field.clone(), default)),
            None if !defaults.is_empty() => {
                return Err(TYPE_ERROR.error(format!(
                    "non-default namedtuple field {field} cannot follow default field{} {}",
                    if defaults.len() == 1 { "" } else { "s" },
                    defaults
                        .iter()
                        .map(|(name, _)| name.to_string())
                        .collect::<Vec<_>>()
                        .join(", ")
                )));
            }
            None => {}
        }
    }
    equip(class, &fields, &defaults);
    Ok(())
}

/// `NamedTuple("Point", [("x", int)])`.
fn functional(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let [Value::Str(name), fields] = args.pos.as_slice() else {
        return Err(TYPE_ERROR.error("NamedTuple() takes a name and a list of fields"));
    };
    let mut names = Vec::new();
    for field in cx.collect(fields)? {
        let pair = cx.collect(&field)?;
        names.extend(pair.first().and_then(Value::as_str).map(Str::new));
    }
    make(name, &names, &[], cx)
}

fn make(name: &Str, fields: &[Str], defaults: &[(Str, Value)], cx: &Cx) -> Result<Value> {
    let made = make_class(
        name.clone(),
        &[NAMED_TUPLE.class().into()],
        Vec::new(),
        &[],
        cx,
    )?;
    if let Value::Class(class) = &made {
        equip(class, fields, defaults);
    }
    Ok(made)
}

/// `collections.namedtuple`.
pub fn namedtuple(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let name = Str::new(a.text("typename")?);
    let mut fields: Vec<Str> = match a.value("field_names") {
        Value::Str(text) => text
            .replace(',', " ")
            .split_whitespace()
            .map(Str::new)
            .collect(),
        other => cx
            .collect(other)?
            .iter()
            .map(|field| cx.str(field).map(Str::new))
            .collect::<Result<_>>()?,
    };
    if a.flag("rename", false) {
        for at in 0..fields.len() {
            let bad = !is_identifier(&fields[at])
                || is_keyword(&fields[at])
                || fields[at].starts_with('_')
                || fields[..at].contains(&fields[at]);
            if bad {
                fields[at] = Str::new(format!("_{at}"));
            }
        }
    }
    for word in std::iter::once(&name).chain(&fields) {
        if !is_identifier(word) {
            return Err(VALUE_ERROR.error(format!(
                "Type names and field names must be valid identifiers: '{word}'"
            )));
        }
        if is_keyword(word) {
            return Err(VALUE_ERROR.error(format!(
                "Type names and field names cannot be a keyword: '{word}'"
            )));
        }
    }
    for (at, field) in fields.iter().enumerate() {
        if field.starts_with('_') && !a.flag("rename", false) {
            return Err(VALUE_ERROR.error(format!(
                "Field names cannot start with an underscore: '{field}'"
            )));
        }
        if fields[..at].contains(field) {
            return Err(VALUE_ERROR.error(format!("Encountered duplicate field name: '{field}'")));
        }
    }
    let values = match a.some("defaults") {
        Some(defaults) => cx.collect(defaults)?,
        None => Vec::new(),
    };
    if values.len() > fields.len() {
        return Err(TYPE_ERROR.error("Got more default values than field names"));
    }
    let first = fields.len() - values.len();
    let defaults: Vec<_> = fields[first..].iter().cloned().zip(values).collect();
    make(&name, &fields, &defaults, cx)
}

fn fields_of(this: &Value, cx: &Cx) -> Result<Vec<Value>> {
    let fields = cx.get_attr(&class_of(this, cx).into(), "_fields")?;
    cx.collect(&fields)
}

fn items_of(this: &Value) -> Vec<Value> {
    match base_value(this) {
        Value::Tuple(items) => items.to_vec(),
        _ => Vec::new(),
    }
}

fn members(members: &mut Members) {
    members
        .method_on_value("__repr__(/)", |this, _, cx| {
            let shown = fields_of(this, cx)?
                .iter()
                .zip(items_of(this))
                .map(|(field, item)| Ok(format!("{}={}", cx.str(field)?, cx.repr(&item)?)))
                .collect::<Result<Vec<_>>>()?;
            let name = class_of(this, cx).name();
            Ok(format!("{name}({})", shown.join(", ")).into())
        })
        .method_on_value("_asdict(/)", |this, _, cx| {
            let dict = Dict::default();
            for (field, item) in fields_of(this, cx)?.into_iter().zip(items_of(this)) {
                dict.insert(field, item, cx)?;
            }
            Ok(Value::Dict(Rc::new(dict)))
        })
        .method_on_value("_replace(/, **kwds)", |this, a, cx| {
            let mut items = items_of(this);
            let fields = fields_of(this, cx)?;
            let mut unknown = Vec::new();
            for (name, value) in a.keywords() {
                let at = fields.iter().position(|field| field.as_str() == Some(name));
                match at.and_then(|at| items.get_mut(at)) {
                    Some(place) => *place = value.clone(),
                    None => unknown.push(Value::from(name.clone())),
                }
            }
            if !unknown.is_empty() {
                let unknown = cx.repr(&Value::list(unknown))?;
                return Err(VALUE_ERROR.error(format!("Got unexpected field names: {unknown}")));
            }
            Ok(Value::Instance(with_base(
                &class_of(this, cx),
                Value::tuple(items),
            )))
        })
        .class_method("_make(iterable, /)", |this, a, cx| {
            let items = cx.collect(a.at(0))?;
            cx.call(this, items)
        });
}

/// The words that are no names.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}
