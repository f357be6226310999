//! `create_mock_engine()`: an engine that hands every statement to a function instead.

use std::rc::Rc;

use super::ddl::DdlObject;
use crate::lang::native::engine::make_url;
use crate::object::types::OBJECT;
use crate::object::{Args, Bound, Cx, Members, Object, Result, TypeSpec, Value};
use crate::sql::ddl::{Ddl, MockBind};
use crate::sql::dialects::{Dialect, DialectObject};

/// What stands for engine and connection.
#[derive(Clone)]
pub struct MockConnection(Rc<MockData>);

struct MockData {
    dialect: Rc<Dialect>,
    executor: Value,
}

static MOCK_CONNECTION: TypeSpec = TypeSpec::new("sqlalchemy.engine.mock", "MockConnection")
    .bases(&[&OBJECT])
    .members(members);

/// `create_mock_engine(url, executor, **kw)`.
pub fn create_mock_engine(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let url = make_url(bound.value("url"), cx)?;
    let name = url.drivername().to_string();
    let dialect =
        super::dialects::named(&name, cx).or_else(|raised| match name.split_once('+') {
            Some((backend, _)) => super::dialects::named(backend, cx),
            None => Err(raised),
        })?;
    Ok(Value::object(MockConnection(Rc::new(MockData {
        dialect,
        executor: bound.value("executor").clone(),
    }))))
}

fn members(members: &mut Members) {
    members
        .getter("dialect", |this: &MockConnection, _| {
            Ok(Value::object(DialectObject::shared(this.0.dialect.clone())))
        })
        .getter_on_value("engine", |this, _| Ok(this.clone()))
        .getter("name", |this: &MockConnection, _| {
            Ok(this.0.dialect.name.into())
        })
        .method_on_value("connect(**kwargs)", |this, _, _| Ok(this.clone()))
        .method_on_value("execution_options(**kw)", |this, _, _| Ok(this.clone()))
        .method(
            "execute(obj, parameters=None, execution_options=None)",
            |this: &MockConnection, bound, cx| {
                let mut args = Args::from(vec![bound.value("obj").clone()]);
                if let Some(parameters) = bound.some("parameters") {
                    args.pos.push(parameters.clone());
                }
                cx.call(&this.0.executor, args)
            },
        );
}

impl Object for MockConnection {
    fn spec(&self) -> &'static TypeSpec {
        &MOCK_CONNECTION
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0) as usize)
    }
}

impl MockBind for MockConnection {
    fn dialect(&self) -> Rc<Dialect> {
        self.0.dialect.clone()
    }
    fn execute(&self, ddl: &Ddl, cx: &Cx) -> Result<()> {
        let ddl = Value::object(DdlObject(Rc::new(ddl.clone())));
        let mut args = Args::from(vec![ddl]);
        if cx.compat().is_20() {
            args.pos.push(Value::None);
        }
        cx.call(&self.0.executor, args).map(drop)
    }
    fn value(&self) -> Value {
        Value::object(self.clone())
    }
}
