//! The script-facing face of types, schema, DDL, DML, dialects and reflection.

mod column;
mod constraint;
mod consts;
mod ddl;
mod defaults;
mod dialects;
mod dml;
mod events;
mod index;
mod inspector;
mod items;
mod metadata;
mod mock;
mod modules;
mod names;
mod options;
mod table;

use std::rc::Rc;

use crate::object::{Cx, Dict, Result, Set, Value};

pub use column::{COLUMN, build_column, column_repr, column_value, set_column_attr};
pub use ddl::{DdlObject, on_connection};
pub use defaults::{column_default, server_default};
pub use dml::{
    DELETE, INSERT, UPDATE, UPDATE_BASE, make_delete, make_insert, make_update, of_table,
};
pub use events::listen;
pub use inspector::{inspect_bind, inspector_class};
pub use items::SchemaItem;
pub use metadata::METADATA;
pub use mock::create_mock_engine;
pub use modules::{MODULES, NAMES};
pub use table::{TABLE, add_items, build_table, set_table_attr, table_of, table_repr, table_value};

/// A set as scripts see it.
fn set_of(values: impl Iterator<Item = Value>, cx: &Cx) -> Result<Value> {
    Ok(Value::Set(Rc::new(Set::new(Set::of(values, cx)?))))
}

/// Put what a script gave as `info=` into `info`.
pub fn set_info(info: &Rc<Dict>, given: &Value, cx: &Cx) -> Result<()> {
    match given {
        Value::Dict(dict) => {
            let entries = dict.borrow().clone();
            *info.borrow_mut() = entries;
        }
        other => {
            for pair in cx.collect(other)? {
                if let [key, value] = cx.collect(&pair)?.as_slice() {
                    info.insert(key.clone(), value.clone(), cx)?;
                }
            }
        }
    }
    Ok(())
}
