//! `WriteOnlyCollection`.

use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Cx, Object, Result, TypeSpec, Value};
use crate::orm::WriteOnlyCollection;

/// The class `WriteOnlyCollection`.
pub static WRITE_ONLY_COLLECTION: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.writeonly", "WriteOnlyCollection").members(|members| {
        members
            .method("select()", |this: &WriteOnlyCollection, _, cx| {
                Ok(Value::object(this.select(cx)?))
            })
            .method("insert()", |this: &WriteOnlyCollection, _, cx| {
                Ok(Value::object(this.insert(cx)?))
            })
            .method("update()", |this: &WriteOnlyCollection, _, cx| {
                Ok(Value::object(this.update(cx)?))
            })
            .method("delete()", |this: &WriteOnlyCollection, _, cx| {
                Ok(Value::object(this.delete(cx)?))
            })
            .method("add(item)", |this: &WriteOnlyCollection, a, cx| {
                this.add(a.value("item").clone(), cx)?;
                Ok(Value::None)
            })
            .method("add_all(iterator)", |this: &WriteOnlyCollection, a, cx| {
                for item in cx.collect(a.value("iterator"))? {
                    this.add(item, cx)?;
                }
                Ok(Value::None)
            })
            .method("remove(item)", |this: &WriteOnlyCollection, a, cx| {
                this.remove(a.value("item"), cx)?;
                Ok(Value::None)
            })
            .getter("instance", |this: &WriteOnlyCollection, _| {
                Ok(Value::Instance(this.instance().clone()))
            });
    });

impl Object for WriteOnlyCollection {
    fn spec(&self) -> &'static TypeSpec {
        &WRITE_ONLY_COLLECTION
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Err(TYPE_ERROR.error(
            "WriteOnly collections don't support iteration in-place; to query for collection \
             items, use the select() method to produce a SQL statement and execute it with \
             session.scalars().",
        ))
    }
}
