//! Connection pools as scripts see them.

use crate::engine::{Pool, PoolKind};
use crate::object::exceptions::ATTRIBUTE_ERROR;
use crate::object::types::OBJECT;
use crate::object::{Class, Members, ModuleSpec, Object, Result, TypeSpec, Value};

/// `sqlalchemy.pool.base.Pool`.
pub static POOL: TypeSpec = TypeSpec::new("sqlalchemy.pool.base", "Pool")
    .bases(&[&OBJECT])
    .members(members);

macro_rules! pools {
    ($($constant:ident = $name:literal : $kind:ident;)*) => {
        $(#[doc = concat!("`", $name, "`.")]
        pub static $constant: TypeSpec =
            TypeSpec::new("sqlalchemy.pool.impl", $name).bases(&[&POOL]);)*
        fn spec_of(kind: PoolKind) -> &'static TypeSpec {
            match kind {
                $(PoolKind::$kind => &$constant,)*
            }
        }
        /// The kind of pool that `class` is.
        pub fn kind_of(class: &Class) -> Option<PoolKind> {
            $(if class.derives_from(&$constant) {
                return Some(PoolKind::$kind);
            })*
            None
        }
        /// `sqlalchemy.pool`.
        pub static MODULE: ModuleSpec = ModuleSpec {
            name: "sqlalchemy.pool",
            names: &[
                ("Pool", |_| POOL.class().into()),
                $(($name, |_| $constant.class().into())),*
            ],
            unsupported: crate::lang::unsupported::names_of("sqlalchemy.pool"),
            dynamic: None,
        };
    };
}

pools! {
    SINGLETON_THREAD_POOL = "SingletonThreadPool": SingletonThread;
    STATIC_POOL = "StaticPool": Static;
    NULL_POOL = "NullPool": Null;
    QUEUE_POOL = "QueuePool": Queue;
    ASSERTION_POOL = "AssertionPool": Assertion;
}

fn queue_only(pool: &Pool, name: &str, number: i64) -> Result<Value> {
    match pool.kind() {
        PoolKind::Queue => Ok(Value::Int(number)),
        kind => Err(ATTRIBUTE_ERROR.error(format!(
            "'{}' object has no attribute '{name}'",
            kind.name()
        ))),
    }
}

fn members(members: &mut Members) {
    members
        .method("status()", |pool: &Pool, _, _| Ok(pool.status().into()))
        .method("size()", |pool: &Pool, _, _| {
            queue_only(pool, "size", pool.size())
        })
        .method("checkedin()", |pool: &Pool, _, _| {
            let idle = i64::try_from(pool.checked_in()).unwrap_or(i64::MAX);
            queue_only(pool, "checkedin", idle)
        })
        .method("checkedout()", |pool: &Pool, _, _| {
            queue_only(pool, "checkedout", pool.checked_out())
        })
        .method("overflow()", |pool: &Pool, _, _| {
            queue_only(pool, "overflow", pool.overflow())
        })
        .method("dispose()", |pool: &Pool, _, _| {
            pool.dispose();
            Ok(Value::None)
        });
}

impl Object for Pool {
    fn spec(&self) -> &'static TypeSpec {
        spec_of(self.kind())
    }
    fn identity(&self) -> Option<usize> {
        Some(self.address())
    }
}
