//! `sessionmaker` and `scoped_session`.

use std::rc::Rc;

use super::state::SESSION;
use super::transaction::SessionBegin;
use crate::object::types::OBJECT;
use crate::object::{Args, Class, Cx, Members, Object, Result, Str, TypeSpec, Value};
use crate::orm::session::{ScopedSession, SessionMaker};

/// `sessionmaker`.
pub static SESSION_MAKER: TypeSpec = TypeSpec::new("sqlalchemy.orm.session", "sessionmaker")
    .bases(&[&OBJECT])
    .construct(construct_maker)
    .members(maker_members);

fn construct_maker(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = crate::object::Signature::parse(
        if cx.compat().is_14() {
            "__init__(self, bind=None, class_=None, autoflush=True, autocommit=False, \
             expire_on_commit=True, info=None, **kw)"
        } else {
            "__init__(self, bind=None, *, class_=None, autoflush=True, expire_on_commit=True, \
             info=None, **kw)"
        },
        Some("sessionmaker"),
    );
    let bound = signature.bind(args.prepend(Value::None))?;
    let given = bound.some("class_").cloned();
    let class = given.unwrap_or_else(|| Value::Class(SESSION.class()));
    let mut keywords: Vec<(Str, Value)> = bound.keywords().to_vec();
    keywords.push((
        Str::new("bind"),
        bound.some("bind").cloned().unwrap_or(Value::None),
    ));
    for name in ["autoflush", "expire_on_commit"] {
        keywords.push((Str::new(name), Value::Bool(bound.flag(name, true))));
    }
    if cx.compat().is_14() {
        keywords.push((
            Str::new("autocommit"),
            Value::Bool(bound.flag("autocommit", false)),
        ));
    }
    if let Some(info) = bound.some("info") {
        keywords.push((Str::new("info"), info.clone()));
    }
    Ok(Value::object(SessionMaker::new(class, keywords)))
}

fn maker_members(members: &mut Members) {
    members
        .method("configure(**new_kw)", |own: &SessionMaker, bound, _| {
            own.configure(bound.keywords());
            Ok(Value::None)
        })
        .method("begin()", |own: &SessionMaker, _, _| {
            Ok(Value::object(SessionBegin::new(own.clone())))
        })
        .getter("kw", |own: &SessionMaker, _| {
            let dict = crate::object::Dict::from_pairs(own.keywords(&[]));
            Ok(Value::Dict(Rc::new(dict)))
        })
        .getter("class_", |own: &SessionMaker, _| Ok(own.0.class.clone()))
        .class_method("identity_key(*args, **kwargs)", |_, bound, cx| {
            super::identity_key_of_call(bound, cx)
        })
        .class_method("close_all()", |_, _, cx| {
            crate::orm::session::close_all_sessions(cx).map(|()| Value::None)
        });
}

impl Object for SessionMaker {
    fn spec(&self) -> &'static TypeSpec {
        &SESSION_MAKER
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0) as usize)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let keywords = self
            .keywords(&[])
            .iter()
            .map(|(name, value)| Ok(format!("{name}={}", cx.repr(value)?)))
            .collect::<Result<Vec<_>>>()?;
        let class = match &self.0.class {
            Value::Class(class) => class.name(),
            _ => Str::new("Session"),
        };
        Ok(Some(format!(
            "sessionmaker(class_='{class}', {})",
            keywords.join(", ")
        )))
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        if !args.pos.is_empty() {
            return Err(crate::object::exceptions::TYPE_ERROR.error(format!(
                "sessionmaker.__call__() takes 1 positional argument but {} {} given",
                args.pos.len() + 1,
                if args.pos.is_empty() { "was" } else { "were" }
            )));
        }
        self.make(&args.kw, cx).map(Some)
    }
}

/// `scoped_session`.
pub static SCOPED_SESSION: TypeSpec = TypeSpec::new("sqlalchemy.orm.scoping", "scoped_session")
    .bases(&[&OBJECT])
    .construct(construct_scoped)
    .members(scoped_members);

fn construct_scoped(_class: &Rc<Class>, args: Args, _cx: &Cx) -> Result<Value> {
    let signature = crate::object::Signature::parse(
        "__init__(self, session_factory, scopefunc=None)",
        Some("scoped_session"),
    );
    let bound = signature.bind(args.prepend(Value::None))?;
    let scope = bound.some("scopefunc").cloned().unwrap_or(Value::None);
    Ok(Value::object(ScopedSession::new(
        bound.value("session_factory").clone(),
        scope,
    )))
}

fn scoped_members(members: &mut Members) {
    members
        .method("remove()", |own: &ScopedSession, _, cx| {
            own.remove(cx).map(|()| Value::None)
        })
        .method("configure(**kwargs)", |own: &ScopedSession, bound, cx| {
            if own.has(cx)? {
                cx.warn(
                    &crate::engine::exc::SA_WARNING,
                    "At least one scoped session is already present.  configure() can not affect \
                     sessions that have already been created.",
                );
            }
            let args = Args {
                kw: bound.keywords().to_vec(),
                ..Args::default()
            };
            cx.call_method(&own.0.factory, "configure", args)
        })
        .method(
            "query_property(query_cls=None)",
            |own: &ScopedSession, bound, _| {
                Ok(Value::object(QueryProperty {
                    scope: own.clone(),
                    class: bound.some("query_cls").cloned().unwrap_or(Value::None),
                }))
            },
        )
        .getter("session_factory", |own: &ScopedSession, _| {
            Ok(own.0.factory.clone())
        })
        .getter("registry", |own: &ScopedSession, _| {
            Ok(Value::object(ScopedRegistry(own.clone())))
        });
}

impl Object for ScopedSession {
    fn spec(&self) -> &'static TypeSpec {
        &SCOPED_SESSION
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0) as usize)
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        if name.starts_with("__") {
            return Ok(None);
        }
        crate::object::find_attr(&self.session(&[], cx)?, name, cx)
    }
    fn set_attr(&self, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
        cx.set_attr(&self.session(&[], cx)?, name, value.clone())?;
        Ok(true)
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        if !args.kw.is_empty() && self.has(cx)? {
            return Err(crate::engine::exc::INVALID_REQUEST_ERROR
                .error("Scoped session is already present; no new arguments may be specified."));
        }
        self.session(&args.kw, cx).map(Some)
    }
    fn contains(&self, _this: &Value, item: &Value, cx: &Cx) -> Result<Option<bool>> {
        let session = self.session(&[], cx)?;
        let answer = cx.call_method(&session, "__contains__", [item.clone()])?;
        cx.truthy(&answer).map(Some)
    }
    fn iter(&self, _this: &Value, cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(super::items(cx.collect(&self.session(&[], cx)?)?)))
    }
}

/// `scoped_session.registry`: the sessions by scope.
struct ScopedRegistry(ScopedSession);

static SCOPED_REGISTRY: TypeSpec = TypeSpec::new("sqlalchemy.util._collections", "ScopedRegistry")
    .bases(&[&OBJECT])
    .members(registry_members);
static THREAD_LOCAL_REGISTRY: TypeSpec =
    TypeSpec::new("sqlalchemy.util._collections", "ThreadLocalRegistry").bases(&[&SCOPED_REGISTRY]);

fn registry_members(members: &mut Members) {
    members
        .method("has()", |own: &ScopedRegistry, _, cx| {
            own.0.has(cx).map(Value::Bool)
        })
        .method("clear()", |own: &ScopedRegistry, _, cx| {
            own.0.forget(cx).map(|_| Value::None)
        })
        .method("set(obj)", |own: &ScopedRegistry, bound, cx| {
            own.0
                .set(bound.value("obj").clone(), cx)
                .map(|()| Value::None)
        });
}

impl Object for ScopedRegistry {
    fn spec(&self) -> &'static TypeSpec {
        match self.0.0.scope {
            Value::None | Value::Undefined => &THREAD_LOCAL_REGISTRY,
            _ => &SCOPED_REGISTRY,
        }
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0.0) as usize ^ 1)
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, _args: Args, cx: &Cx) -> Result<Option<Value>> {
        self.0.session(&[], cx).map(Some)
    }
}

/// `scoped_session.query_property()`: `Class.query`.
struct QueryProperty {
    scope: ScopedSession,
    class: Value,
}

static QUERY_PROPERTY: TypeSpec = TypeSpec::new("sqlalchemy.orm.scoping", "query");

impl Object for QueryProperty {
    fn spec(&self) -> &'static TypeSpec {
        &QUERY_PROPERTY
    }
    fn bind(
        &self,
        _this: &Value,
        _instance: Option<&Value>,
        owner: &Rc<Class>,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        if crate::orm::class_mapper(owner).is_none() {
            return Ok(Some(Value::None));
        }
        let session = self.scope.session(&[], cx)?;
        let entity = Value::Class(owner.clone());
        match &self.class {
            Value::None => cx.call_method(&session, "query", [entity]).map(Some),
            class => {
                let entities = Value::list(vec![entity]);
                cx.call(class, [entities, session]).map(Some)
            }
        }
    }
}
