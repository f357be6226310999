//! URLs as scripts see them.

use super::immutable::immutable_dict;
use crate::engine::exc::{ARGUMENT_ERROR, NO_SUCH_MODULE_ERROR};
use crate::engine::{Dialect, DialectData, Url, UrlParts, parse_port, parse_query};
use crate::object::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR};
use crate::object::types::OBJECT;
use crate::object::{
    Bound, CompareOp, Cx, Dict, Members, Object, Result, Signature, Str, TypeSpec, Value, class_of,
    hash_str, types,
};

/// `sqlalchemy.engine.url.URL`.
pub static URL: TypeSpec = TypeSpec::new("sqlalchemy.engine.url", "URL")
    .bases(&[&OBJECT])
    .construct(|_, args, cx| {
        let text = if cx.compat().is_14() {
            LEGACY_CREATE
        } else {
            "__new__(drivername, username, password, host, port, database, query)"
        };
        let signature = Signature::parse(text, Some("URL"));
        let bound = signature.bind(args)?;
        create(&bound, cx)
    })
    .members(members);

/// 1.4 lets `URL()` be called as `URL.create()` is.
const LEGACY_CREATE: &str = "__new__(drivername, username=None, password=None, host=None, port=None, database=None, query=None)";

/// `make_url()`.
pub fn make_url(value: &Value, cx: &Cx) -> Result<Url> {
    if let Some(url) = value.downcast::<Url>() {
        return Ok(url.clone());
    }
    match value {
        Value::Str(text) => Url::parse(text, cx),
        // 1.4 takes whatever it is given, and trips over it at its first use.
        other if cx.compat().is_14() => Err(ATTRIBUTE_ERROR.error(format!(
            "'{}' object has no attribute '_instantiate_plugins'",
            class_of(other, cx).name()
        ))),
        other => Err(ARGUMENT_ERROR.error(format!(
            "Expected string or URL object, got {}",
            cx.repr(other)?
        ))),
    }
}

/// The dialect that `url` names.
pub fn dialect_of(url: &Url) -> Result<DialectData> {
    Dialect::of_name(url.drivername()).ok_or_else(|| {
        NO_SUCH_MODULE_ERROR.error(format!(
            "Can't load plugin: sqlalchemy.dialects:{}",
            url.drivername().replace('+', ".")
        ))
    })
}

fn text_or_none(bound: &Bound<'_>, name: &str) -> Result<Option<Str>> {
    match bound.some(name) {
        None => Ok(None),
        Some(Value::Str(text)) => Ok(Some(text.clone())),
        Some(_) => Err(TYPE_ERROR.error(format!("{name} must be a string"))),
    }
}

fn port_of(bound: &Bound<'_>) -> Result<Option<i64>> {
    match bound.some("port") {
        None => Ok(None),
        Some(Value::Int(port)) => Ok(Some(*port)),
        Some(Value::Str(text)) => parse_port(text).map(Some),
        Some(_) => Err(TYPE_ERROR.error("Port argument must be an integer or None")),
    }
}

fn query_of(value: Option<&Value>, cx: &Cx) -> Result<Vec<(Str, Vec<Str>)>> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let Value::Dict(dict) = types::base_value(value) else {
        return Err(
            TYPE_ERROR.error("Query dictionary values must be strings or sequences of strings")
        );
    };
    let entries: Vec<(Value, Value)> = dict
        .borrow()
        .iter()
        .map(|(key, value)| (key.value().clone(), value.clone()))
        .collect();
    let text = |value: &Value| match value {
        Value::Str(text) => Ok(text.clone()),
        _ => {
            Err(TYPE_ERROR.error("Query dictionary values must be strings or sequences of strings"))
        }
    };
    entries
        .iter()
        .map(|(key, value)| {
            let Value::Str(key) = key else {
                return Err(TYPE_ERROR.error("Query dictionary keys must be strings"));
            };
            let values = match value {
                Value::Str(text) => vec![text.clone()],
                many => cx.collect(many)?.iter().map(text).collect::<Result<_>>()?,
            };
            Ok((key.clone(), values))
        })
        .collect()
}

fn create(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let Some(drivername) = bound.value("drivername").as_str().map(Str::new) else {
        return Err(TYPE_ERROR.error("drivername must be a string"));
    };
    Ok(Value::object(Url::new(UrlParts {
        drivername,
        username: text_or_none(bound, "username")?,
        password: match bound.some("password") {
            Some(password) => Some(Str::new(cx.str(password)?)),
            None => None,
        },
        host: text_or_none(bound, "host")?,
        port: port_of(bound)?,
        database: text_or_none(bound, "database")?,
        query: query_of(bound.some("query"), cx)?,
    })))
}

fn query_value(values: &[Str]) -> Value {
    match values {
        [one] => Value::Str(one.clone()),
        many => Value::tuple(many.iter().cloned().map(Value::Str).collect()),
    }
}

fn query_dict(url: &Url) -> Value {
    let pairs = url.query().iter();
    immutable_dict(Dict::from_pairs(
        pairs.map(|(name, values)| (name.clone(), query_value(values))),
    ))
}

fn with_query(url: &Url, query: Vec<(Str, Vec<Str>)>) -> Value {
    Value::object(Url::new(UrlParts {
        query,
        ..url.parts().clone()
    }))
}

/// The query with `new` names replaced, or with `append` added to.
fn updated(url: &Url, new: Vec<(Str, Vec<Str>)>, append: bool) -> Value {
    let mut query = url.query().to_vec();
    for (name, values) in new {
        match query.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) if append => known.extend(values),
            Some((_, known)) => *known = values,
            None => query.push((name, values)),
        }
    }
    with_query(url, query)
}

fn members(members: &mut Members) {
    const CREATE: &str = "create(drivername, username=None, password=None, host=None, port=None, database=None, query=None)";
    members
        .static_method(CREATE, create)
        .getter("drivername", |url: &Url, _| {
            Ok(url.drivername().clone().into())
        })
        .getter("username", |url: &Url, _| {
            Ok(url.username().cloned().into())
        })
        .getter("password", |url: &Url, _| {
            Ok(url.password().cloned().into())
        })
        .getter("host", |url: &Url, _| Ok(url.host().cloned().into()))
        .getter("port", |url: &Url, _| Ok(url.port().into()))
        .getter("database", |url: &Url, _| {
            Ok(url.database().cloned().into())
        })
        .getter("query", |url: &Url, _| Ok(query_dict(url)))
        .getter("normalized_query", |url: &Url, _| {
            let pairs = url.query().iter().map(|(name, values)| {
                let values = values.iter().cloned().map(Value::Str).collect();
                (name.clone(), Value::tuple(values))
            });
            Ok(immutable_dict(Dict::from_pairs(pairs)))
        })
        .method("get_backend_name()", |url: &Url, _, _| {
            Ok(url.backend_name().into())
        })
        .method("get_driver_name()", |url: &Url, _, _| {
            match url.drivername().split_once('+') {
                Some((_, driver)) => Ok(driver.into()),
                None => Ok(dialect_of(url)?.driver.into()),
            }
        })
        .method(
            "render_as_string(hide_password=True)",
            |url: &Url, bound, cx| {
                Ok(url
                    .render(bound.flag("hide_password", true), cx.compat())
                    .into())
            },
        )
        .with(change_members);
}

fn change_members(members: &mut Members) {
    members
        .method(
            "set(drivername=None, username=None, password=None, host=None, port=None, database=None, query=None)",
            |url: &Url, bound, cx| {
                let mut parts = url.parts().clone();
                if let Some(name) = text_or_none(bound, "drivername")? {
                    parts.drivername = name;
                }
                parts.username = text_or_none(bound, "username")?.or(parts.username);
                if let Some(password) = bound.some("password") {
                    parts.password = Some(Str::new(cx.str(password)?));
                }
                parts.host = text_or_none(bound, "host")?.or(parts.host);
                parts.port = port_of(bound)?.or(parts.port);
                parts.database = text_or_none(bound, "database")?.or(parts.database);
                if let Some(query) = bound.some("query") {
                    parts.query = query_of(Some(query), cx)?;
                }
                Ok(Value::object(Url::new(parts)))
            },
        )
        .method(
            "update_query_string(query_string, append=False)",
            |url: &Url, bound, _| {
                let new = parse_query(bound.text("query_string")?);
                Ok(updated(url, new, bound.flag("append", false)))
            },
        )
        .method(
            "update_query_dict(query_parameters, append=False)",
            |url: &Url, bound, cx| {
                let new = query_of(bound.some("query_parameters"), cx)?;
                Ok(updated(url, new, bound.flag("append", false)))
            },
        )
        .method(
            "update_query_pairs(key_value_pairs, append=False)",
            |url: &Url, bound, cx| {
                let mut new: Vec<(Str, Vec<Str>)> = Vec::new();
                for pair in cx.collect(bound.value("key_value_pairs"))? {
                    let pair = cx.collect(&pair)?;
                    let [name, value] = pair.as_slice() else {
                        return Err(TYPE_ERROR.error("pairs of a key and a value are expected"));
                    };
                    let (name, value) = (Str::new(cx.str(name)?), Str::new(cx.str(value)?));
                    match new.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, values)) => values.push(value),
                        None => new.push((name, vec![value])),
                    }
                }
                Ok(updated(url, new, bound.flag("append", false)))
            },
        )
        .method(
            "translate_connect_args(names=None, **kw)",
            |url: &Url, bound, cx| {
                let parts: [(&str, Value); 5] = [
                    ("host", url.host().cloned().into()),
                    ("database", url.database().cloned().into()),
                    ("username", url.username().cloned().into()),
                    ("password", url.password().cloned().into()),
                    ("port", url.port().into()),
                ];
                let translated = Dict::default();
                for (name, value) in parts {
                    let renamed = bound.keywords().iter().find(|(known, _)| known == name);
                    if cx.truthy(&value)? {
                        let name = renamed.and_then(|(_, name)| name.as_str()).unwrap_or(name);
                        translated.insert_str(name, value);
                    }
                }
                Ok(Value::Dict(std::rc::Rc::new(translated)))
            },
        )
        .method("difference_update_query(names)", |url: &Url, bound, cx| {
            let names = cx.collect(bound.value("names"))?;
            let mut query = url.query().to_vec();
            query.retain(|(name, _)| !names.iter().any(|gone| gone.as_str() == Some(name)));
            Ok(with_query(url, query))
        });
}

impl Object for Url {
    fn spec(&self) -> &'static TypeSpec {
        &URL
    }
    fn identity(&self) -> Option<usize> {
        Some(self.address())
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.render(true, cx.compat())))
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.text(cx.compat())))
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        let same = other.downcast::<Self>().is_some_and(|other| self == other);
        Ok(match op {
            CompareOp::Eq => Some(Value::Bool(same)),
            CompareOp::Ne => Some(Value::Bool(!same)),
            _ => None,
        })
    }
    fn hash(&self, cx: &Cx) -> Result<Option<u64>> {
        Ok(Some(hash_str(&self.text(cx.compat()))))
    }
    fn set_attr(&self, _name: &str, _value: &Value, _cx: &Cx) -> Result<bool> {
        Err(ATTRIBUTE_ERROR.error("can't set attribute"))
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(Value::tuple(vec![
            self.drivername().clone().into(),
            self.username().cloned().into(),
            self.password().cloned().into(),
            self.host().cloned().into(),
            self.port().into(),
            self.database().cloned().into(),
            query_dict(self),
        ])))
    }
}
