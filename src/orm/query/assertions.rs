//! What a query must not have yet for a method to be called on it.

use super::Query;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::Result;

/// What a method asks of a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    #[default]
    Nothing,
    /// No `from_statement()`.
    NoStatement,
    /// Neither that nor LIMIT or OFFSET.
    NoStatementNorLimit,
    /// No clauses at all.
    NoClauses,
}

impl Query {
    /// Raise if it is not as `method` needs it.
    pub fn check(&self, needs: Needs, method: &str) -> Result<()> {
        if !self.data().assertions {
            return Ok(());
        }
        match needs {
            Needs::Nothing => Ok(()),
            Needs::NoStatement => self.no_statement(method),
            Needs::NoStatementNorLimit => {
                self.no_statement(method)?;
                self.no_limit_offset(method)
            }
            Needs::NoClauses => {
                if !self.clauses().order_by.is_empty() {
                    return Err(existing_criterion(method));
                }
                self.no_criterion(method, true, true)
            }
        }
    }

    fn no_statement(&self, method: &str) -> Result<()> {
        if self.clauses().from_statement.is_some() {
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "Query.{method}() being called on a Query with an existing full statement - \
                 can't apply criterion."
            )));
        }
        Ok(())
    }

    fn no_limit_offset(&self, method: &str) -> Result<()> {
        let data = self.clauses();
        if data.limit.is_some() || data.offset.is_some() {
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "Query.{method}() being called on a Query which already has LIMIT or OFFSET \
                 applied.  Call {method}() before limit() or offset() are applied."
            )));
        }
        Ok(())
    }

    /// Raise if it has any criterion; ORDER BY and DISTINCT count where asked for.
    pub(super) fn no_criterion(&self, method: &str, order_by: bool, distinct: bool) -> Result<()> {
        if !self.data().assertions {
            return Ok(());
        }
        let data = self.clauses();
        let has = !data.where_criteria.is_empty()
            || data.from_statement.is_some()
            || !data.from_obj.is_empty()
            || !data.setup_joins.is_empty()
            || data.limit.is_some()
            || data.offset.is_some()
            || !data.group_by.is_empty()
            || order_by && !data.order_by.is_empty()
            || distinct && data.distinct;
        if has {
            return Err(existing_criterion(method));
        }
        Ok(())
    }
}

fn existing_criterion(method: &str) -> crate::object::Raised {
    INVALID_REQUEST_ERROR.error(format!(
        "Query.{method}() being called on a Query with existing criterion. "
    ))
}
