//! Functions that look at values: `type` tests, `callable`, `id`, `hash`, `dir`, `vars`, `help`.

use std::cell::RefCell;
use std::rc::Rc;

use crate::object::exceptions::{RUNTIME_ERROR, TYPE_ERROR};
use crate::object::{
    Bound, Class, Cx, Dict, Export, Method, Result, Str, TypeSpec, Value, attr_names, class_of,
    ops, types,
};

/// What the evaluator says of its names, for `globals()`, `locals()` and a bare `dir()`.
#[derive(Default)]
pub struct Namespaces {
    globals: RefCell<Option<Rc<NamesOf>>>,
}

type NamesOf = dyn Fn() -> Vec<(Str, Value)>;

impl Namespaces {
    /// Say how the global names are found.
    pub fn set_globals(&self, names: impl Fn() -> Vec<(Str, Value)> + 'static) {
        *self.globals.borrow_mut() = Some(Rc::new(names));
    }
    fn names(&self) -> Result<Vec<(Str, Value)>> {
        let names = self.globals.borrow().clone();
        names
            .map(|names| names())
            .ok_or_else(|| RUNTIME_ERROR.error("there is no namespace here"))
    }
}

pub(super) static FUNCTIONS: &[(&str, Export)] = &[
    ("isinstance", |_| {
        Method::function("isinstance(obj, class_or_tuple, /)", |a, cx| {
            ops::is_instance(a.at(0), a.at(1), cx).map(Value::Bool)
        })
    }),
    ("issubclass", |_| {
        Method::function("issubclass(cls, class_or_tuple, /)", |a, cx| {
            ops::is_subclass(a.at(0), a.at(1), cx).map(Value::Bool)
        })
    }),
    ("callable", |_| {
        Method::function("callable(obj, /)", |a, _| {
            Ok(Value::Bool(match a.at(0) {
                Value::Class(_) => true,
                Value::Object(object) => object.is_callable(),
                Value::Instance(instance) => instance.class().lookup("__call__").is_some(),
                _ => false,
            }))
        })
    }),
    ("id", |_| {
        Method::function("id(obj, /)", |a, _| {
            let id = match a.at(0) {
                Value::Int(number) => Ok(number.wrapping_mul(32).wrapping_add(0x0a_0000)),
                other => i64::try_from(other.address().unwrap_or(0x0090_0000)),
            };
            Ok(Value::Int(id.unwrap_or(i64::MAX)))
        })
    }),
    ("hash", |_| {
        Method::function("hash(obj, /)", |a, cx| {
            if let Value::Instance(instance) = a.at(0)
                && let Some(method) = instance.class().hash_method().filter(|m| !m.is_none())
            {
                return cx.call(&method, [a.at(0).clone()]);
            }
            types::hash_number(a.at(0), cx)
        })
    }),
    ("dir", |_| Method::function("dir(object=None, /)", dir)),
    ("vars", |_| Method::function("vars(object=None, /)", vars)),
    ("globals", |_| {
        Method::function("globals(/)", |_, cx| namespace(cx))
    }),
    ("locals", |_| {
        Method::function("locals(/)", |_, cx| namespace(cx))
    }),
    ("help", |_| {
        Method::function("help(request=None)", |a, cx| {
            let text = match a.given("request") {
                Some(value) => help_text(value, cx)?,
                None => "Type help(object) for help about object.\n".to_owned(),
            };
            cx.write(&text);
            Ok(Value::None)
        })
    }),
];

fn namespace(cx: &Cx) -> Result<Value> {
    let names = cx.service::<Namespaces>().names()?;
    Ok(Value::Dict(Rc::new(Dict::from_pairs(names))))
}

fn dir(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let mut names = match a.at(0) {
        Value::Undefined => cx
            .service::<Namespaces>()
            .names()?
            .into_iter()
            .map(|(name, _)| name.to_string())
            .collect(),
        value @ Value::Instance(instance) if instance.class().special("__dir__").is_some() => {
            let listed = cx.call_method(value, "__dir__", [])?;
            cx.collect(&listed)?
                .iter()
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect()
        }
        value => attr_names(value, cx),
    };
    names.sort();
    names.dedup();
    Ok(Value::list(names.into_iter().map(Value::from).collect()))
}

fn vars(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    match a.at(0) {
        Value::Undefined => namespace(cx),
        Value::Instance(instance) => Ok(types::instance_dict(instance)),
        value => cx
            .get_attr(value, "__dict__")
            .map_err(|_| TYPE_ERROR.error("vars() argument must have __dict__ attribute")),
    }
}

/// What `help(value)` writes: a headline, and for a class its members.
pub fn help_text(value: &Value, cx: &Cx) -> Result<String> {
    Ok(match value {
        Value::Class(class) => class_help(class),
        Value::Object(object) => match object.as_any().downcast_ref::<Method>() {
            Some(method) => format!("{}\n", method.text().replace("/, ", "").replace(", /", "")),
            None => class_help(&object.class()),
        },
        Value::Instance(instance) => class_help(instance.class()),
        _ => class_help(&class_of(value, cx)),
    })
}

fn class_help(class: &Rc<Class>) -> String {
    let mut text = format!("class {}", class.name());
    let bases: Vec<_> = class
        .bases()
        .iter()
        .map(|base| base.name().to_string())
        .collect();
    if !bases.is_empty() {
        text.push_str(&format!("({})", bases.join(", ")));
    }
    text.push('\n');
    if let Some(doc) = class
        .native()
        .map(TypeSpec::doc_text)
        .filter(|doc| !doc.is_empty())
    {
        text.push_str(&format!("    {doc}\n"));
    }
    let mut names = class.own_names();
    names.sort();
    for name in names.iter().filter(|name| !name.starts_with('_')) {
        let shown = match class.own(name) {
            Some(Value::Object(object)) => match object.as_any().downcast_ref::<Method>() {
                Some(method) => method.text().replace("/, ", "").replace(", /", ""),
                None => name.to_string(),
            },
            _ => name.to_string(),
        };
        text.push_str(&format!("    {shown}\n"));
    }
    text
}
