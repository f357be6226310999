//! Flushing: from the session's objects to a unit of work, inside a transaction of its own.

use std::rc::Rc;

use super::Session;
use super::lifecycle::expect_instance;
use crate::engine::echo::{Cause, because};
use crate::engine::exc::{INVALID_REQUEST_ERROR, SA_WARNING, STATEMENT_ERROR};
use crate::object::{Cx, Instance, Result, Str, Value};
use crate::orm::unitofwork::{Registration, UowTransaction};
use crate::orm::{InstanceSet, state_of};

impl Session {
    /// Whether there is nothing to flush.
    pub fn is_clean(&self) -> bool {
        self.data().pending_work() == 0
    }
    /// Warn that `method` was used inside a flush.
    pub fn flush_warning(&self, method: &str, cx: &Cx) {
        self.warn(
            &SA_WARNING,
            &format!(
                "Usage of the '{method}' operation is not currently supported within the \
                 execution stage of the flush process. Results may not be consistent.  Consider \
                 using alternative event listeners or connection-level operations instead."
            ),
            cx,
        );
    }
    /// Flush because `by` is about to read the database.
    pub fn autoflush(&self, by: &str, cx: &Cx) -> Result<()> {
        if !self.data().autoflush.get() || self.data().flushing.get() || self.is_clean() {
            return Ok(());
        }
        let _cause = because(Cause::Autoflush { by: Str::new(by) }, cx);
        self.data().autoflushing.set(true);
        let answer = self.flush_now(None, cx);
        self.data().autoflushing.set(false);
        answer.inspect_err(|raised| {
            if raised.is(&STATEMENT_ERROR) {
                let detail = "raised as a result of Query-invoked autoflush; consider using a \
                              session.no_autoflush block if this flush is occurring prematurely";
                let told = cx.call_method(raised.value(), "add_detail", [Value::str(detail)]);
                drop(told);
            }
        })
    }
    /// `flush()`.
    pub fn flush(&self, objects: Option<&[Value]>, cx: &Cx) -> Result<()> {
        if self.data().flushing.get() {
            return Err(INVALID_REQUEST_ERROR.error("Session is already flushing"));
        }
        if self.is_clean() {
            return Ok(());
        }
        let _cause = because(Cause::Flush, cx);
        self.flush_now(objects, cx)
    }
    fn flush_now(&self, objects: Option<&[Value]>, cx: &Cx) -> Result<()> {
        self.data().flushing.set(true);
        let answer = self.flush_objects(objects, cx);
        self.data().flushing.set(false);
        answer
    }
    fn flush_objects(&self, objects: Option<&[Value]>, cx: &Cx) -> Result<()> {
        let context = Value::object(super::FlushContext(self.clone()));
        if self.wants("before_flush", cx) {
            let given = objects.map_or(Value::None, |all| Value::list(all.to_vec()));
            self.fire("before_flush", &[context.clone(), given], cx)?;
        }
        let only = match objects {
            Some([]) | None => None,
            Some(objects) => Some(
                objects
                    .iter()
                    .map(|one| expect_instance(one, cx).map(|(instance, _)| instance.clone()))
                    .collect::<Result<InstanceSet>>()?,
            ),
        };
        let mut uow = UowTransaction::new(self);
        self.register_objects(&mut uow, only.as_ref(), cx)?;
        if !uow.has_work() {
            return Ok(());
        }
        let transaction = self.begin_work(cx)?;
        let answer = self.write(&mut uow, &context, only.is_some(), cx);
        match answer.and_then(|()| transaction.commit(false, cx)) {
            Ok(()) => Ok(()),
            Err(raised) => {
                self.data().warns_on_events.set(false);
                transaction.rollback(Some(&raised), false, cx)?;
                Err(raised)
            }
        }
    }

    fn register_objects(
        &self,
        uow: &mut UowTransaction,
        only: Option<&InstanceSet>,
        cx: &Cx,
    ) -> Result<()> {
        let deleted = self.data().deleted.borrow().to_vec();
        let wanted = |one: &Rc<Instance>| only.is_none_or(|only| only.contains(one));
        let mut changed = self.data().new.borrow().to_vec();
        changed.extend(self.dirty());
        for instance in changed.iter().filter(|one| wanted(one)) {
            let Some(state) = state_of(instance) else {
                continue;
            };
            let orphan = state.mapper().is_orphan(state);
            let persistent_orphan = orphan && state.has_identity();
            if orphan && !persistent_orphan && state.is_orphaned() {
                self.expunge_states(std::slice::from_ref(instance), false, cx)?;
                continue;
            }
            let how = Registration {
                is_delete: persistent_orphan,
                ..Registration::default()
            };
            uow.register(instance, how, cx)?;
        }
        for instance in deleted.iter().filter(|one| wanted(one)) {
            let how = Registration {
                is_delete: true,
                ..Registration::default()
            };
            uow.register(instance, how, cx)?;
        }
        Ok(())
    }

    fn write(
        &self,
        uow: &mut UowTransaction,
        context: &Value,
        partial: bool,
        cx: &Cx,
    ) -> Result<()> {
        self.data().warns_on_events.set(true);
        let answer = uow.execute(cx);
        self.data().warns_on_events.set(false);
        answer?;
        self.fire("after_flush", std::slice::from_ref(context), cx)?;
        uow.finalize(cx)?;
        let left = self.data().modified.borrow().to_vec();
        if !partial && !left.is_empty() {
            for instance in &left {
                if let Some(state) = state_of(instance) {
                    self.release_modified(instance);
                    state.commit_all(instance);
                }
            }
            self.warn(
                &SA_WARNING,
                &format!(
                    "Attribute history events accumulated on {} previously clean instances \
                     within inner-flush event handlers have been reset, and will not result in \
                     database updates. Consider using set_committed_value() within inner-flush \
                     event handlers to avoid this warning.",
                    left.len()
                ),
                cx,
            );
        }
        self.fire("after_flush_postexec", std::slice::from_ref(context), cx)
    }

    /// `is_modified()`.
    pub fn is_modified(&self, value: &Value, collections: bool, cx: &Cx) -> Result<bool> {
        let (instance, state) = expect_instance(value, cx)?;
        if !state.is_modified() {
            return Ok(false);
        }
        for attribute in state.mapper().attributes().iter() {
            if attribute.holds_many() && !collections {
                continue;
            }
            let history = attribute.history(instance, crate::orm::Passive::NO_CHANGE, cx)?;
            if history.has_changes() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
