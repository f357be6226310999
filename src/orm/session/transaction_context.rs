//! The `with` blocks of a session's transactions.

use std::rc::Rc;

use super::{Session, SessionTransaction, State};
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Cx, Result};

impl Session {
    /// Raise where the transaction of the innermost `with` block is over.
    pub(super) fn check_block(&self) -> Result<()> {
        match &*self.data().block.borrow() {
            Some(block) if block.state() != State::Active => Err(INVALID_REQUEST_ERROR.error(
                "Can't operate on closed transaction inside context manager.  Please complete \
                 the context manager before emitting further commands.",
            )),
            _ => Ok(()),
        }
    }
}

impl SessionTransaction {
    /// `__enter__`.
    pub fn enter(self: &Rc<Self>) {
        let Some(session) = self.owner() else {
            return;
        };
        self.entered.set(true);
        let outer = session.data().block.replace(Some(self.clone()));
        *self.outer_block.borrow_mut() = outer;
    }
    /// `__exit__`: commit, or roll back where the block raised.
    pub fn exit(self: &Rc<Self>, raised: bool, cx: &Cx) -> Result<()> {
        let session = self.owner();
        let outcome = self.end_block(raised, cx);
        let outer = self.outer_block.borrow_mut().take();
        if let (true, Some(session)) = (self.entered.replace(false), session) {
            let mut block = session.data().block.borrow_mut();
            if block.as_ref().is_some_and(|block| Rc::ptr_eq(block, self)) {
                *block = outer;
            }
        }
        outcome
    }
    fn end_block(self: &Rc<Self>, raised: bool, cx: &Cx) -> Result<()> {
        if !raised && self.is_active() {
            return self.commit(false, cx).or_else(|raised| {
                if self.can_roll_back() {
                    self.rollback(None, false, cx)?;
                }
                Err(raised)
            });
        }
        if self.is_active() {
            return self.rollback(None, false, cx);
        }
        if self.is_closed() {
            return Ok(());
        }
        self.close(false, cx)
    }
}
