//! `update()` and `delete()`: what the query is must be a plain set of criteria.

use super::Query;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::engine::{ExecutionOptions, ResultSet};
use crate::object::{Cx, Result, Value};
use crate::sql::Executable;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkKind {
    /// `update()`.
    Update,
    /// `delete()`.
    Delete,
}

impl Query {
    /// Raise if there is more to it than criteria.
    pub fn check_bulk(&self) -> Result<()> {
        const FROM: &str = "join(), outerjoin(), select_from(), or from_self()";
        let data = self.clauses();
        let given = [
            (data.limit.is_some(), "limit()"),
            (data.offset.is_some(), "offset()"),
            (!data.order_by.is_empty(), "order_by()"),
            (!data.group_by.is_empty(), "group_by()"),
            (data.distinct, "distinct()"),
            (!data.from_obj.is_empty(), FROM),
            (!data.setup_joins.is_empty(), FROM),
        ];
        match given.iter().find(|(is_given, _)| *is_given) {
            Some((_, method)) => Err(INVALID_REQUEST_ERROR.error(format!(
                "Can't call Query.update() or Query.delete() when {method} has been called"
            ))),
            None => Ok(()),
        }
    }

    /// Execute `statement`, the UPDATE or DELETE that it became.
    pub fn run_bulk(
        &self,
        statement: &Executable,
        synchronize: &Value,
        cx: &Cx,
    ) -> Result<ResultSet> {
        let session = self.expect_session("execute")?;
        let mut call = self.call();
        let own = if cx.compat().is_20() {
            ExecutionOptions::of(self.clauses().execution_options.clone())
        } else {
            ExecutionOptions::none()
        };
        call.options = own.union(&ExecutionOptions::of([(
            "synchronize_session",
            synchronize.clone(),
        )]));
        let result = session.execute(statement, &call, cx)?;
        result.rowcount();
        Ok(result)
    }
}
