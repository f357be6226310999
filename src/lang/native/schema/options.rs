//! Options by dialect, `sqlite_autoincrement=True`: which ones each construct takes.

use crate::engine::exc::{ARGUMENT_ERROR, SA_WARNING};
use crate::object::exceptions::TYPE_ERROR;
use std::rc::Rc;

use crate::object::types::OBJECT;
use crate::object::{Cx, Dict, Members, Object, Result, Str, TypeSpec, Value};
use crate::sql::dialects::dialect_named;
use crate::sql::schema::DialectOptions;

/// What a construct takes of a dialect: its class, the dialect, the arguments (`*` is any).
const ACCEPTED: &[(&str, &str, &[&str])] = &[
    (
        "Table",
        "sqlite",
        &["autoincrement", "with_rowid", "strict"],
    ),
    ("Index", "sqlite", &["where"]),
    (
        "Column",
        "sqlite",
        &[
            "on_conflict_primary_key",
            "on_conflict_not_null",
            "on_conflict_unique",
        ],
    ),
    ("Constraint", "sqlite", &["on_conflict"]),
    (
        "Table",
        "postgresql",
        &[
            "ignore_search_path",
            "tablespace",
            "partition_by",
            "with_oids",
            "with",
            "on_commit",
            "inherits",
            "using",
        ],
    ),
    (
        "Index",
        "postgresql",
        &[
            "using",
            "include",
            "where",
            "ops",
            "concurrently",
            "with",
            "tablespace",
            "nulls_not_distinct",
        ],
    ),
    (
        "Constraint",
        "postgresql",
        &["include", "nulls_not_distinct", "not_valid"],
    ),
    ("Table", "mysql", &["*"]),
    ("Table", "mariadb", &["*"]),
    (
        "Index",
        "mysql",
        &["using", "length", "prefix", "with_parser"],
    ),
    (
        "Index",
        "mariadb",
        &["using", "length", "prefix", "with_parser"],
    ),
    ("Constraint", "mysql", &["using"]),
    ("Constraint", "mariadb", &["using"]),
    ("Update", "mysql", &["limit"]),
    ("Delete", "mysql", &["limit"]),
    ("Update", "mariadb", &["limit"]),
    ("Delete", "mariadb", &["limit"]),
    ("Constraint", "mssql", &["clustered"]),
    (
        "Index",
        "mssql",
        &["clustered", "include", "where", "columnstore"],
    ),
    ("Column", "mssql", &["identity_start", "identity_increment"]),
    (
        "Table",
        "oracle",
        &["resolve_synonyms", "on_commit", "compress", "tablespace"],
    ),
    ("Index", "oracle", &["bitmap", "compress"]),
];

/// The keyword arguments of the constructs of a schema, which a misspelt one may have meant.
const KEYWORDS: &[&str] = &[
    "autoincrement",
    "autoload_with",
    "comment",
    "default",
    "deferrable",
    "extend_existing",
    "index",
    "info",
    "initially",
    "keep_existing",
    "key",
    "nullable",
    "ondelete",
    "onupdate",
    "primary_key",
    "quote",
    "schema",
    "server_default",
    "server_onupdate",
    "unique",
    "use_alter",
];

/// `dialect_options`: the options of each dialect that was named, by dialect.
pub fn options_by_dialect(options: &DialectOptions) -> Value {
    let all = Dict::default();
    for (name, value) in options {
        let Some((dialect, argument)) = name.split_once('_') else {
            continue;
        };
        let own = if let Some(Value::Dict(own)) = all.get_str(dialect) {
            own
        } else {
            let own = Rc::new(Dict::default());
            all.insert_str(dialect, Value::Dict(own.clone()));
            own
        };
        own.insert_str(argument, value.clone());
    }
    Value::Dict(Rc::new(all))
}

/// `dialect_kwargs`: the options by `<dialect>_<argument>`.
pub struct DialectKwargs(DialectOptions);

static DIALECT_KWARGS: TypeSpec = TypeSpec::new("sqlalchemy.sql.base", "_DialectArgView")
    .bases(&[&OBJECT])
    .members(kwargs_members);

impl DialectKwargs {
    /// The view of `options`.
    pub fn of(options: &DialectOptions) -> Value {
        Value::object(Self(options.clone()))
    }
    fn dict(&self) -> Value {
        Value::Dict(Rc::new(Dict::from_pairs(self.0.iter().cloned())))
    }
}

fn kwargs_members(members: &mut Members) {
    for text in ["keys()", "values()", "items()"] {
        let name = text.trim_end_matches("()");
        members.method(text, move |this: &DialectKwargs, _, cx| {
            cx.call_method(&this.dict(), name, [])
        });
    }
    members.method(
        "get(key, default=None)",
        |this: &DialectKwargs, bound, cx| {
            let default = bound.given("default").cloned().unwrap_or(Value::None);
            cx.call_method(&this.dict(), "get", [bound.value("key").clone(), default])
        },
    );
}

impl Object for DialectKwargs {
    fn spec(&self) -> &'static TypeSpec {
        &DIALECT_KWARGS
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.0.len()))
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        cx.call_method(&self.dict(), "__getitem__", [key.clone()])
            .map(Some)
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        let keys = self.0.iter().map(|(name, _)| Value::Str(name.clone()));
        Ok(Some(Value::list(keys.collect())))
    }
}

/// The options among `keywords` of a construct of class `spec`, which is of the kind `kind`.
pub fn dialect_options(
    kind: &str,
    spec: &'static TypeSpec,
    keywords: &[(Str, Value)],
    cx: &Cx,
) -> Result<DialectOptions> {
    let mut options = DialectOptions::new();
    for (name, value) in keywords {
        let parts = name
            .char_indices()
            .skip(1)
            .find(|(at, c)| *c == '_' && *at + 1 < name.len())
            .map(|(at, _)| (&name[..at], &name[at + 1..]));
        let Some((dialect, argument)) = parts else {
            let raised = TYPE_ERROR.error(format!(
                "Additional arguments should be named <dialectname>_<argument>, got '{name}'"
            ));
            return Err(raised.misspelt(name, KEYWORDS.iter().copied()));
        };
        if dialect_named(dialect).is_none() {
            cx.warn(
                &SA_WARNING,
                &format!(
                    "Can't validate argument {}; can't locate any SQLAlchemy dialect named {}",
                    cx.repr(&Value::str(name.as_str()))?,
                    cx.repr(&Value::str(dialect))?
                ),
            );
        } else {
            let known = ACCEPTED.iter().any(|(of_kind, of_dialect, arguments)| {
                *of_kind == kind
                    && *of_dialect == dialect
                    && arguments.iter().any(|one| *one == "*" || *one == argument)
            });
            if !known {
                return Err(ARGUMENT_ERROR.error(format!(
                    "Argument '{name}' is not accepted by dialect '{dialect}' on behalf of {}",
                    cx.repr(&Value::Class(spec.class()))?
                )));
            }
        }
        options.push((name.clone(), value.clone()));
    }
    Ok(options)
}
