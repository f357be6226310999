//! Transactions as scripts see them.

use crate::engine::{Transaction, TransactionKind};
use crate::object::types::OBJECT;
use crate::object::{Members, Object, TypeSpec, Value};

const MODULE: &str = "sqlalchemy.engine.base";

/// `Transaction`.
pub static TRANSACTION: TypeSpec = TypeSpec::new(MODULE, "Transaction")
    .bases(&[&OBJECT])
    .members(members);
/// `RootTransaction`.
pub static ROOT_TRANSACTION: TypeSpec =
    TypeSpec::new(MODULE, "RootTransaction").bases(&[&TRANSACTION]);
/// `NestedTransaction`.
pub static NESTED_TRANSACTION: TypeSpec =
    TypeSpec::new(MODULE, "NestedTransaction").bases(&[&TRANSACTION]);
/// `MarkerTransaction` of 1.4.
pub static MARKER_TRANSACTION: TypeSpec =
    TypeSpec::new(MODULE, "MarkerTransaction").bases(&[&TRANSACTION]);

fn members(members: &mut Members) {
    members
        .method("commit()", |transaction: &Transaction, _, cx| {
            transaction.commit(cx).map(|()| Value::None)
        })
        .method("rollback()", |transaction: &Transaction, _, cx| {
            transaction.rollback(cx).map(|()| Value::None)
        })
        .method("close()", |transaction: &Transaction, _, cx| {
            transaction.close(cx).map(|()| Value::None)
        })
        .getter("is_active", |transaction: &Transaction, _| {
            Ok(Value::Bool(transaction.is_active()))
        })
        .getter("is_valid", |transaction: &Transaction, _| {
            Ok(Value::Bool(transaction.is_active()))
        })
        .getter("connection", |transaction: &Transaction, _| {
            Ok(Value::object(transaction.connection().clone()))
        })
        .method_on_value("__enter__()", |this, _, _| {
            if let Some(transaction) = this.downcast::<Transaction>() {
                transaction.enter();
            }
            Ok(this.clone())
        })
        .method(
            "__exit__(type_, value, traceback)",
            |transaction: &Transaction, bound, cx| {
                let raised = bound.some("type_").is_some();
                transaction.exit(raised, cx)?;
                Ok(Value::Bool(false))
            },
        );
}

impl Object for Transaction {
    fn spec(&self) -> &'static TypeSpec {
        match self.kind() {
            TransactionKind::Root => &ROOT_TRANSACTION,
            TransactionKind::Nested { .. } => &NESTED_TRANSACTION,
            TransactionKind::Marker { .. } => &MARKER_TRANSACTION,
        }
    }
    fn identity(&self) -> Option<usize> {
        Some(self.address())
    }
}
