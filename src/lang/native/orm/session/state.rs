//! `Session`: the class, its construction and its methods.

use std::rc::Rc;

use super::arguments::{execute_call, execution_options, for_update, statement_of, strings};
use super::identity::{IdentityMapView, instance_set};
use super::transaction::NoAutoflush;
use crate::engine::{OnlyOne, ResultSet};
use crate::lang::native::schema::DdlObject;
use crate::object::types::OBJECT;
use crate::object::{
    Args, Bound, Class, Cx, Dict, Instance, Members, Object, Result, Str, TypeSpec, Value,
};
use crate::orm::session::{
    Bind, BindArguments, BindKey, BulkSave, GetCall, RefreshCall, Session, SessionOptions,
};
use crate::sql::FromClause;
use crate::sql::execution::execute_ddl;

/// `Session`.
pub static SESSION: TypeSpec = TypeSpec::new("sqlalchemy.orm.session", "Session")
    .bases(&[&OBJECT])
    .construct(construct)
    .subclassable()
    .members(members);

fn construct(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let is_own = class
        .spec()
        .is_some_and(|spec| std::ptr::eq(spec, &raw const SESSION));
    let given = if class.script_method("__init__").is_some() {
        Args::none()
    } else {
        args
    };
    let session = Session::new(options_of(given, cx)?, cx)?;
    if is_own {
        return Ok(session.value());
    }
    let instance = Instance::with_payload(class.clone(), Rc::new(session.clone()));
    session.set_subclass_instance(&instance);
    Ok(Value::Instance(instance))
}

const INIT_14: &str = "__init__(self, bind=None, autoflush=True, future=False, \
                       expire_on_commit=True, autocommit=False, twophase=False, binds=None, \
                       enable_baked_queries=True, info=None, query_cls=None)";
const INIT_20: &str = "__init__(self, bind=None, *, autoflush=True, future=True, \
                       expire_on_commit=True, autobegin=True, twophase=False, binds=None, \
                       enable_baked_queries=True, info=None, query_cls=None, autocommit=False, \
                       join_transaction_mode=None, close_resets_only=None)";

fn options_of(args: Args, cx: &Cx) -> Result<SessionOptions> {
    let text = if cx.compat().is_14() {
        INIT_14
    } else {
        INIT_20
    };
    let signature = crate::object::Signature::parse(text, Some("Session"));
    let bound = signature.bind(args.prepend(Value::None))?;
    let mut options = SessionOptions::new(cx);
    if let Some(bind) = bound.some("bind") {
        options.bind = Some(given_bind(bind));
    }
    options.autoflush = bound.flag("autoflush", true);
    options.expire_on_commit = bound.flag("expire_on_commit", true);
    options.twophase = bound.flag("twophase", false);
    if cx.compat().is_14() {
        options.future = bound.flag("future", false);
        options.autocommit = bound.flag("autocommit", false);
        if options.autocommit && options.future {
            return Err(crate::engine::exc::ARGUMENT_ERROR
                .error("Cannot use autocommit mode with future=True."));
        }
    } else {
        options.autobegin = bound.flag("autobegin", true);
        if bound.flag("autocommit", false) {
            return Err(
                crate::engine::exc::ARGUMENT_ERROR.error("autocommit=True is no longer supported")
            );
        }
        if !bound.flag("future", true) {
            return Err(crate::engine::exc::ARGUMENT_ERROR
                .error("The 'future' parameter passed to Session() may only be set to True."));
        }
        if let Some(mode) = bound.some("join_transaction_mode").and_then(Value::as_str) {
            options.join_transaction_mode = Str::new(mode);
        }
        options.close_resets_only = bound.flag("close_resets_only", true);
    }
    if let Some(Value::Dict(binds)) = bound.some("binds") {
        let entries: Vec<_> = binds
            .borrow()
            .iter()
            .map(|(key, value)| (key.value().clone(), value.clone()))
            .collect();
        for (key, bind) in entries {
            options.binds.push((bind_key(&key, cx)?, given_bind(&bind)));
        }
    }
    if let Some(Value::Dict(info)) = bound.some("info") {
        options.info = Some(Rc::new(Dict::from_pairs(info.borrow().iter().filter_map(
            |(key, value)| Some((Str::new(key.value().as_str()?), value.clone())),
        ))));
    }
    if let Some(class) = bound.some("query_cls") {
        options.query_class = class.clone();
    }
    Ok(options)
}

/// What a script gives as bind; that it can be connected to shows at its use.
fn given_bind(value: &Value) -> Bind {
    Bind::of(value).unwrap_or_else(|| Bind::Other(value.clone()))
}

fn bind_key(value: &Value, cx: &Cx) -> Result<BindKey> {
    match value {
        Value::Class(class) => Ok(BindKey::Class(class.clone())),
        other => {
            if let Some(mapper) = crate::orm::mapper_of_value(other) {
                return Ok(BindKey::Class(mapper.class().clone()));
            }
            match other.downcast::<FromClause>() {
                Some(from) => Ok(BindKey::Table(from.clone())),
                None => Err(crate::engine::exc::ARGUMENT_ERROR
                    .error(format!("Not an acceptable bind target: {}", cx.str(other)?))),
            }
        }
    }
}

fn execute(session: &Session, bound: &Bound<'_>, cx: &Cx) -> Result<ResultSet> {
    let statement = bound.value("statement");
    let call = execute_call(bound, cx)?;
    if let Some(ddl) = statement.downcast::<DdlObject>() {
        let bind = session.get_bind(&call.bind, cx)?;
        let connection = session.connection_for(&bind, &execution_options(bound), cx)?;
        return execute_ddl(&connection, &ddl.0, &call.options, cx);
    }
    let statement = statement_of(statement, cx)?;
    session.execute(&statement, &call, cx)
}

fn members(members: &mut Members) {
    members
        .method_on_value("__init__(*args, **kwargs)", |this, bound, cx| {
            let Some(session) = this.downcast::<Session>() else {
                return Ok(Value::None);
            };
            let args = Args {
                pos: bound.rest().iter().cloned().collect(),
                kw: bound.keywords().to_vec(),
            };
            // A new session has its options already; a script's `__init__` gets here.
            if matches!(this, Value::Instance(_)) {
                session.reconfigure(options_of(args, cx)?);
            }
            Ok(Value::None)
        })
        .with(execute_members)
        .with(object_members)
        .with(state_members)
        .with(transaction_members)
        .with(bulk_members)
        .method_on_value("__enter__()", |this, _, _| Ok(this.clone()))
        .method(
            "__exit__(type_, value, traceback)",
            |session: &Session, _, cx| session.close(false, false, cx).map(|()| Value::None),
        )
        .class_method("object_session(instance)", |_, bound, cx| {
            object_session(bound.value("instance"), cx)
        })
        .class_method("identity_key(*args, **kwargs)", |_, bound, cx| {
            super::identity_key_of_call(bound, cx)
        })
        .class_method("close_all()", |_, _, cx| {
            crate::orm::session::close_all_sessions(cx).map(|()| Value::None)
        });
}

fn object_session(value: &Value, cx: &Cx) -> Result<Value> {
    let (instance, _) = crate::orm::session::expect_instance(value, cx)?;
    Ok(crate::orm::session_of(instance, cx).map_or(Value::None, |session| session.value()))
}

fn execute_members(members: &mut Members) {
    members
        .method(
            "execute(statement, params=None, execution_options=None, bind_arguments=None, **kw)",
            |session: &Session, bound, cx| Ok(Value::object(execute(session, bound, cx)?)),
        )
        .method(
            "scalar(statement, params=None, execution_options=None, bind_arguments=None, **kw)",
            |session: &Session, bound, cx| {
                execute(session, bound, cx)?.only_one(OnlyOne::First, true, cx)
            },
        )
        .method(
            "scalars(statement, params=None, execution_options=None, bind_arguments=None, **kw)",
            |session: &Session, bound, cx| {
                Ok(Value::object(execute(session, bound, cx)?.scalars(0)?))
            },
        )
        .method_on_value("query(*entities, **kwargs)", |this, bound, cx| {
            crate::lang::native::orm::query::query_of_session(this, bound.rest(), cx)
        })
        .method(
            "get(entity, ident, options=None, populate_existing=False, with_for_update=None, \
             identity_token=None, execution_options=None, bind_arguments=None)",
            |session: &Session, bound, cx| {
                let call = get_call(bound, cx)?;
                session.get(bound.value("entity"), bound.value("ident"), &call, cx)
            },
        )
        .method(
            "get_one(entity, ident, options=None, populate_existing=False, with_for_update=None, \
             identity_token=None, execution_options=None, bind_arguments=None)",
            |session: &Session, bound, cx| {
                let call = get_call(bound, cx)?;
                session.get_one(bound.value("entity"), bound.value("ident"), &call, cx)
            },
        )
        .method(
            "get_bind(mapper=None, clause=None, bind=None, **kw)",
            |session: &Session, bound, cx| {
                let mut wanted = BindArguments {
                    bind: bound.some("bind").and_then(Bind::of),
                    ..BindArguments::default()
                };
                if let Some(mapper) = bound.some("mapper") {
                    wanted.mapper = Some(crate::orm::session::expect_mapper(mapper, cx)?);
                }
                wanted.is_clause = bound.some("clause").is_some();
                Ok(session.get_bind(&wanted, cx)?.value())
            },
        )
        .method(
            "connection(bind_arguments=None, close_with_result=False, execution_options=None, \
             **kw)",
            |session: &Session, bound, cx| {
                let wanted = super::arguments::bind_arguments(bound.some("bind_arguments"), cx)?;
                let bind = session.get_bind(&wanted, cx)?;
                let options = execution_options(bound);
                Ok(Value::object(session.connection_for(&bind, &options, cx)?))
            },
        );
}

fn get_call(bound: &Bound<'_>, cx: &Cx) -> Result<GetCall> {
    Ok(GetCall {
        options: match bound.some("options") {
            Some(options) => cx.collect(options)?,
            None => Vec::new(),
        },
        populate_existing: bound.flag("populate_existing", false),
        for_update: for_update(bound.some("with_for_update"), cx)?,
        identity_token: bound.some("identity_token").cloned(),
        execution_options: execution_options(bound),
    })
}

fn object_members(members: &mut Members) {
    members
        .method(
            "add(instance, _warn=True)",
            |session: &Session, bound, cx| {
                session
                    .add(bound.value("instance"), cx)
                    .map(|()| Value::None)
            },
        )
        .method("add_all(instances)", |session: &Session, bound, cx| {
            let values = cx.collect(bound.value("instances"))?;
            session.add_all(&values, cx).map(|()| Value::None)
        })
        .method("delete(instance)", |session: &Session, bound, cx| {
            session
                .delete(bound.value("instance"), cx)
                .map(|()| Value::None)
        })
        .method("delete_all(instances)", |session: &Session, bound, cx| {
            for value in cx.collect(bound.value("instances"))? {
                session.delete(&value, cx)?;
            }
            Ok(Value::None)
        })
        .method("expunge(instance)", |session: &Session, bound, cx| {
            session
                .expunge(bound.value("instance"), cx)
                .map(|()| Value::None)
        })
        .method("expunge_all()", |session: &Session, _, cx| {
            session.expunge_all(cx).map(|()| Value::None)
        })
        .method(
            "expire(instance, attribute_names=None)",
            |session: &Session, bound, cx| {
                let names = strings(bound.some("attribute_names"), cx)?;
                session
                    .expire(bound.value("instance"), names.as_deref(), cx)
                    .map(|()| Value::None)
            },
        )
        .method("expire_all()", |session: &Session, _, cx| {
            session.expire_all(cx).map(|()| Value::None)
        })
        .method(
            "refresh(instance, attribute_names=None, with_for_update=None)",
            |session: &Session, bound, cx| {
                if let Some(Value::Dict(options)) = bound.some("with_for_update")
                    && options.is_empty()
                {
                    return Err(crate::orm::session::ambiguous_for_update());
                }
                let call = RefreshCall {
                    names: strings(bound.some("attribute_names"), cx)?,
                    for_update: for_update(bound.some("with_for_update"), cx)?,
                };
                session
                    .refresh(bound.value("instance"), &call, cx)
                    .map(|()| Value::None)
            },
        )
        .method(
            "merge(instance, *, load=True, options=None)",
            |session: &Session, bound, cx| {
                let options = match bound.some("options") {
                    Some(options) => cx.collect(options)?,
                    None => Vec::new(),
                };
                session.merge(
                    bound.value("instance"),
                    bound.flag("load", true),
                    &options,
                    cx,
                )
            },
        )
        .method(
            "merge_all(instances, *, load=True, options=None)",
            |session: &Session, bound, cx| {
                let options = match bound.some("options") {
                    Some(options) => cx.collect(options)?,
                    None => Vec::new(),
                };
                let mut merged = Vec::new();
                for value in cx.collect(bound.value("instances"))? {
                    merged.push(session.merge(&value, bound.flag("load", true), &options, cx)?);
                }
                Ok(Value::list(merged))
            },
        )
        .method(
            "enable_relationship_loading(obj)",
            |session: &Session, bound, cx| {
                session
                    .enable_relationship_loading(bound.value("obj"), cx)
                    .map(|()| Value::None)
            },
        );
}

fn state_members(members: &mut Members) {
    members
        .getter("new", |session: &Session, _| {
            Ok(instance_set(session.new_objects()))
        })
        .getter("dirty", |session: &Session, _| {
            Ok(instance_set(session.dirty()))
        })
        .getter("deleted", |session: &Session, _| {
            Ok(instance_set(session.deleted_objects()))
        })
        .getter("identity_map", |session: &Session, _| {
            Ok(Value::object(IdentityMapView(session.clone())))
        })
        .getter("info", |session: &Session, _| {
            Ok(Value::Dict(session.info()))
        })
        .getter("bind", |session: &Session, _| {
            Ok(session.bind().map_or(Value::None, |bind| bind.value()))
        })
        .getter_on_value("autocommit", |this, cx| match this.downcast::<Session>() {
            Some(session) if cx.compat().is_14() => Ok(Value::Bool(session.is_autocommit())),
            _ => Err(crate::object::no_attribute(this, "autocommit", cx)),
        })
        .getter("autoflush", |session: &Session, _| {
            Ok(Value::Bool(session.autoflush_flag()))
        })
        .getter("expire_on_commit", |session: &Session, _| {
            Ok(Value::Bool(session.expires_on_commit()))
        })
        .getter("future", |session: &Session, _| {
            Ok(Value::Bool(session.is_future()))
        })
        .getter("hash_key", |session: &Session, _| {
            Ok(Value::Int(i64::from(session.id())))
        })
        .getter("is_active", |session: &Session, _| {
            Ok(Value::Bool(session.is_active()))
        })
        .getter("no_autoflush", |session: &Session, _| {
            Ok(Value::object(NoAutoflush::new(session)))
        })
        .method(
            "is_modified(instance, include_collections=True)",
            |session: &Session, bound, cx| {
                let collections = bound.flag("include_collections", true);
                session
                    .is_modified(bound.value("instance"), collections, cx)
                    .map(Value::Bool)
            },
        )
        .method("__contains__(instance)", |session: &Session, bound, cx| {
            holds(session, bound.value("instance"), cx).map(Value::Bool)
        })
        .method("__iter__()", |session: &Session, _, _| Ok(iterate(session)))
        .method("flush(objects=None)", |session: &Session, bound, cx| {
            let objects = match bound.some("objects") {
                Some(objects) => Some(cx.collect(objects)?),
                None => None,
            };
            session.flush(objects.as_deref(), cx).map(|()| Value::None)
        });
}

fn holds(session: &Session, value: &Value, cx: &Cx) -> Result<bool> {
    let (instance, _) = crate::orm::session::expect_instance(value, cx)?;
    Ok(session.contains(instance))
}

fn iterate(session: &Session) -> Value {
    let mut all = session.new_objects();
    all.extend(session.identity_instances());
    super::items(all.into_iter().map(Value::Instance).collect())
}

fn transaction_members(members: &mut Members) {
    members
        .method(
            "begin(nested=False, subtransactions=False, _subtrans=False)",
            |session: &Session, bound, cx| {
                Ok(session.begin(bound.flag("nested", false), cx)?.value())
            },
        )
        .method("begin_nested()", |session: &Session, _, cx| {
            Ok(session.begin(true, cx)?.value())
        })
        .method("commit()", |session: &Session, _, cx| {
            session.commit(cx).map(|()| Value::None)
        })
        .method("rollback()", |session: &Session, _, cx| {
            session.rollback(cx).map(|()| Value::None)
        })
        .method("prepare()", |session: &Session, _, cx| {
            session.prepare(cx).map(|()| Value::None)
        })
        .method("close()", |session: &Session, _, cx| {
            session.close(false, false, cx).map(|()| Value::None)
        })
        .method("reset()", |session: &Session, _, cx| {
            session.close(false, true, cx).map(|()| Value::None)
        })
        .method("invalidate()", |session: &Session, _, cx| {
            session.close(true, false, cx).map(|()| Value::None)
        })
        .method("in_transaction()", |session: &Session, _, _| {
            Ok(Value::Bool(session.in_transaction()))
        })
        .method("in_nested_transaction()", |session: &Session, _, _| {
            Ok(Value::Bool(session.in_nested_transaction()))
        })
        .method("get_transaction()", |session: &Session, _, _| {
            Ok(session
                .get_transaction()
                .map_or(Value::None, |transaction| transaction.value()))
        })
        .method("get_nested_transaction()", |session: &Session, _, _| {
            Ok(session
                .get_nested_transaction()
                .map_or(Value::None, |transaction| transaction.value()))
        })
        .method(
            "bind_mapper(mapper, bind)",
            |session: &Session, bound, cx| {
                let key = bind_key(bound.value("mapper"), cx)?;
                session.add_bind(key, given_bind(bound.value("bind")));
                Ok(Value::None)
            },
        )
        .method("bind_table(table, bind)", |session: &Session, bound, cx| {
            let key = bind_key(bound.value("table"), cx)?;
            session.add_bind(key, given_bind(bound.value("bind")));
            Ok(Value::None)
        });
}

fn bulk_members(members: &mut Members) {
    members
        .method(
            "bulk_save_objects(objects, return_defaults=False, update_changed_only=True, \
             preserve_order=True)",
            |session: &Session, bound, cx| {
                let objects = cx.collect(bound.value("objects"))?;
                session.bulk_save_objects(
                    &objects,
                    bound.flag("return_defaults", false),
                    bound.flag("update_changed_only", true),
                    bound.flag("preserve_order", true),
                    cx,
                )?;
                Ok(Value::None)
            },
        )
        .method(
            "bulk_insert_mappings(mapper, mappings, return_defaults=False, render_nulls=False)",
            |session: &Session, bound, cx| {
                let mappings = cx.collect(bound.value("mappings"))?;
                let how = BulkSave {
                    is_update: false,
                    return_defaults: bound.flag("return_defaults", false),
                    render_nulls: bound.flag("render_nulls", false),
                };
                session.bulk_mappings(bound.value("mapper"), &mappings, how, cx)?;
                Ok(Value::None)
            },
        )
        .method(
            "bulk_update_mappings(mapper, mappings)",
            |session: &Session, bound, cx| {
                let mappings = cx.collect(bound.value("mappings"))?;
                let how = BulkSave {
                    is_update: true,
                    ..BulkSave::default()
                };
                session.bulk_mappings(bound.value("mapper"), &mappings, how, cx)?;
                Ok(Value::None)
            },
        );
}

impl Object for Session {
    fn spec(&self) -> &'static TypeSpec {
        &SESSION
    }
    fn identity(&self) -> Option<usize> {
        Some(self.address())
    }
    fn contains(&self, _this: &Value, item: &Value, cx: &Cx) -> Result<Option<bool>> {
        holds(self, item, cx).map(Some)
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(iterate(self)))
    }
    fn set_attr(&self, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
        match name {
            "autoflush" => self.set_autoflush(cx.truthy(value)?),
            "expire_on_commit" => self.set_expire_on_commit(cx.truthy(value)?),
            "bind" => self.set_bind(match value {
                Value::None => None,
                other => Some(given_bind(other)),
            }),
            _ => return Ok(false),
        }
        Ok(true)
    }
}
