//! The results of a query.

use std::cell::RefCell;

use super::{items, query_of, sql};
use crate::engine::{OnlyOne, ResultSet};
use crate::object::types::iterators::iter_of;
use crate::object::{Cx, Members, Object, Result, TypeSpec, Value};
use crate::orm::Query;

/// The members.
pub fn members(members: &mut Members) {
    members
        .method_on_value("all()", |this, _, cx| {
            query_of(this)?.all(cx).map(Value::list)
        })
        .method_on_value("first()", |this, _, cx| query_of(this)?.first(cx))
        .method_on_value("one()", |this, _, cx| {
            query_of(this)?.only_one(OnlyOne::Exactly, cx)
        })
        .method_on_value("one_or_none()", |this, _, cx| {
            query_of(this)?.only_one(OnlyOne::AtMost, cx)
        })
        .method_on_value("scalar()", |this, _, cx| query_of(this)?.scalar(cx))
        .method_on_value("count()", |this, _, cx| query_of(this)?.count(cx))
        .method_on_value("get(ident)", |this, bound, cx| {
            query_of(this)?.get(bound.value("ident"), cx)
        })
        .method_on_value("values(*columns)", |this, bound, cx| {
            if bound.rest().is_empty() {
                return Ok(super::super::session::items(Vec::new()));
            }
            let query = query_of(this)?.values(sql::select_items(bound.rest(), cx)?);
            Ok(rows_of(&query))
        })
        .method_on_value("value(column)", |this, bound, cx| {
            let column = std::slice::from_ref(bound.value("column"));
            let query = query_of(this)?.values(sql::select_items(column, cx)?);
            let found = query.run(cx)?.fetch_one(cx)?;
            let row = found
                .as_ref()
                .and_then(Value::downcast::<crate::engine::Row>);
            Ok(row
                .and_then(|row| row.get(0).cloned())
                .unwrap_or(Value::None))
        })
        .method_on_value("merge_result(iterator, load=True)", |this, bound, cx| {
            let rows = cx.collect(bound.value("iterator"))?;
            let load = bound.flag("load", true);
            let merged = query_of(this)?.merge_result(rows, load, cx)?;
            iter_of(&Value::list(merged), cx)
        })
        .method_on_value("__iter__()", |this, _, _| Ok(rows_of(query_of(this)?)))
        .method_on_value("__getitem__(item)", |this, bound, cx| {
            items::item(this, bound.value("item"), cx)
        });
}

/// Iterates over the rows of a query, which runs at the first of them.
struct QueryRows {
    query: RefCell<Option<Query>>,
    result: RefCell<Option<ResultSet>>,
}

static ROWS: TypeSpec = TypeSpec::new("builtins", "generator");

/// What iterates over the rows of `query`.
pub fn rows_of(query: &Query) -> Value {
    Value::object(QueryRows {
        query: RefCell::new(Some(query.clone())),
        result: RefCell::default(),
    })
}

impl Object for QueryRows {
    fn spec(&self) -> &'static TypeSpec {
        &ROWS
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        let address = std::ptr::from_ref(self) as usize;
        Ok(Some(format!(
            "<generator object Query.__iter__ at {address:#x}>"
        )))
    }
    fn iter(&self, this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(this.clone()))
    }
    fn is_iterator(&self) -> bool {
        true
    }
    fn next(&self, cx: &Cx) -> Result<Option<Value>> {
        let query = self.query.borrow_mut().take();
        if let Some(query) = query {
            let result = query.run(cx)?;
            *self.result.borrow_mut() = Some(result);
        }
        let Some(result) = self.result.borrow().clone() else {
            return Ok(None);
        };
        let next = result.fetch_one(cx)?;
        if next.is_none() {
            self.result.borrow_mut().take();
        }
        Ok(next)
    }
}
