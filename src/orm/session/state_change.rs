//! The states of a `SessionTransaction`, and what may be done in which: an operation inside
//! another must not bring it into a state that the outer one does not expect.

use std::cell::Cell;
use std::rc::Rc;

use super::SessionTransaction;
use crate::engine::exc::{ILLEGAL_STATE_CHANGE_ERROR, with_code};
use crate::object::{Cx, Raised, Result};

/// What state a transaction is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be used.
    Active,
    /// Its commit was prepared.
    Prepared,
    /// It was committed.
    Committed,
    /// It was rolled back and waits to be closed.
    Deactive,
    /// It is over.
    Closed,
    /// A connection is about to take part.
    ProvisioningConnection,
}

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Prepared => "PREPARED",
            Self::Committed => "COMMITTED",
            Self::Deactive => "DEACTIVE",
            Self::Closed => "CLOSED",
            Self::ProvisioningConnection => "PROVISIONING_CONNECTION",
        }
    }
    fn repr(self) -> String {
        let number = self as u8 + 1;
        format!("<SessionTransactionState.{}: {number}>", self.name())
    }
}

/// What is done to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A transaction is begun inside.
    Begin,
    /// A connection is asked for.
    Connection,
    /// It is prepared.
    Prepare,
    /// It is committed.
    Commit,
    /// It is rolled back.
    Rollback,
    /// It is closed.
    Close,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Begin => "_begin",
            Self::Connection => "_connection_for_bind",
            Self::Prepare => "_prepare_impl",
            Self::Commit => "commit",
            Self::Rollback => "rollback",
            Self::Close => "close",
        }
    }
    /// The states in which it may be done.
    fn allowed(self) -> &'static [State] {
        match self {
            Self::Begin | Self::Connection | Self::Prepare => &[State::Active],
            Self::Commit => &[State::Active, State::Prepared],
            Self::Rollback => &[State::Active, State::Deactive, State::Prepared],
            Self::Close => &[
                State::Active,
                State::Prepared,
                State::Committed,
                State::Deactive,
                State::Closed,
                State::ProvisioningConnection,
            ],
        }
    }
    /// The state that it leads to; `None` where it changes nothing.
    fn leads_to(self) -> Option<State> {
        match self {
            Self::Begin | Self::Connection => None,
            Self::Prepare => Some(State::Prepared),
            Self::Commit | Self::Rollback | Self::Close => Some(State::Closed),
        }
    }
}

/// Which state may come next.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Next {
    /// Any.
    #[default]
    Any,
    /// None that an operation from outside leads to.
    InProgress,
    /// This one.
    Expected(State),
}

/// The operation under way.
#[derive(Default)]
pub struct Changing {
    next: Cell<Next>,
    operation: Cell<Option<Operation>>,
}

fn illegal(message: String) -> Raised {
    with_code(ILLEGAL_STATE_CHANGE_ERROR.error(message), "isce")
}

impl SessionTransaction {
    /// Do `operation`, if the state and what is under way permit it.
    pub(super) fn operate<T>(
        self: &Rc<Self>,
        operation: Operation,
        cx: &Cx,
        run: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let before = self.state();
        if !operation.allowed().contains(&before) {
            return Err(self.wrong_state(cx));
        }
        if cx.compat().is_14() {
            return run();
        }
        let (next, outer) = (self.changing.next.get(), self.changing.operation.get());
        check_expected(operation, next, outer)?;
        self.changing.operation.set(Some(operation));
        self.changing.next.set(Next::InProgress);
        let answer = run();
        self.changing.next.set(next);
        self.changing.operation.set(outer);
        let answer = answer?;
        let after = self.state();
        let expected = operation.leads_to().unwrap_or(before);
        if after == expected {
            return Ok(answer);
        }
        let name = operation.name();
        Err(illegal(if after == before {
            format!(
                "Method '{name}()' failed to change state to {} as expected",
                expected.repr()
            )
        } else if let Some(outer) = outer {
            format!(
                "While method '{}()' was running, method '{name}()' caused an unexpected state \
                 change to {}",
                outer.name(),
                after.repr()
            )
        } else {
            format!(
                "Method '{name}()' caused an unexpected state change to {}",
                after.repr()
            )
        }))
    }

    /// Run a part of an operation that is to lead to `expected`.
    pub(super) fn expect_state(
        &self,
        expected: State,
        cx: &Cx,
        run: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        if cx.compat().is_14() {
            return run();
        }
        self.changing.next.set(Next::Expected(expected));
        let answer = run();
        self.changing.next.set(Next::InProgress);
        answer?;
        if self.state() == expected {
            return Ok(());
        }
        Err(illegal(format!(
            "Unexpected state change to {}",
            self.state().repr()
        )))
    }
}

fn check_expected(operation: Operation, next: Next, outer: Option<Operation>) -> Result<()> {
    let Some(target) = operation.leads_to() else {
        return Ok(());
    };
    let name = operation.name();
    match (next, outer) {
        (Next::Any, _) => Ok(()),
        (Next::Expected(expected), _) if expected == target => Ok(()),
        (Next::InProgress, Some(outer)) => Err(illegal(format!(
            "Method '{name}()' can't be called here; method '{}()' is already in progress and \
             this would cause an unexpected state change to {}",
            outer.name(),
            target.repr()
        ))),
        (next, _) => Err(illegal(format!(
            "Can't run operation '{name}()' here; will move to state {} where we are expecting \
             {}",
            target.repr(),
            match next {
                Next::Expected(expected) => expected.repr(),
                Next::Any | Next::InProgress =>
                    "<_StateChangeStates.CHANGE_IN_PROGRESS: 3>".to_owned(),
            }
        ))),
    }
}
