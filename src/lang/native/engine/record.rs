//! What a pool notes about a connection of the driver, as its listeners are given it.

use std::rc::Rc;

use super::driver::DriverConnectionObject;
use crate::engine::PoolEntry;
use crate::object::types::OBJECT;
use crate::object::{Instance, Members, Object, TypeSpec, Value};

/// A connection record.
pub struct ConnectionRecord(PoolEntry);

static RECORD: TypeSpec = TypeSpec::new("sqlalchemy.pool.base", "_ConnectionRecord")
    .bases(&[&OBJECT])
    .members(members);

static RESET_STATE: TypeSpec =
    TypeSpec::new("sqlalchemy.pool.base", "PoolResetState").bases(&[&OBJECT]);

impl ConnectionRecord {
    /// The record of `entry`.
    pub fn of(entry: &PoolEntry) -> Value {
        Value::object(Self(entry.clone()))
    }
    /// How a connection that goes back to its pool is reset.
    pub fn reset_state() -> Value {
        let state = Instance::new(RESET_STATE.class());
        for (name, flag) in [
            ("transaction_was_reset", false),
            ("terminate_only", false),
            ("asyncio_safe", true),
        ] {
            state.set_attribute(name, Value::Bool(flag));
        }
        Value::Instance(state)
    }
}

fn driver(record: &ConnectionRecord) -> Value {
    Value::object(DriverConnectionObject::new(record.0.clone()))
}

fn members(members: &mut Members) {
    members
        .getter("info", |this: &ConnectionRecord, _| {
            Ok(Value::Dict(this.0.info.clone()))
        })
        .getter("dbapi_connection", |this: &ConnectionRecord, _| {
            Ok(driver(this))
        })
        .getter("driver_connection", |this: &ConnectionRecord, _| {
            Ok(driver(this))
        });
}

impl Object for ConnectionRecord {
    fn spec(&self) -> &'static TypeSpec {
        &RECORD
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0.info) as usize)
    }
}
