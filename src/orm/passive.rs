//! `Passive`: what reading an attribute may do to answer, as SQLAlchemy's `PassiveFlag`.

use std::ops::BitOr;

/// A set of permissions for reading an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passive(u16);

impl Passive {
    /// Nothing may be called and nothing may change.
    pub const NO_CHANGE: Self = Self(0);
    /// Loaders may run.
    pub const CALLABLES_OK: Self = Self(1);
    /// Loaders may emit SQL for columns.
    pub const SQL_OK: Self = Self(2);
    /// Loaders may emit SQL for related objects.
    pub const RELATED_OBJECT_OK: Self = Self(4);
    /// A blank value may be put in where there is none.
    pub const INIT_OK: Self = Self(8);
    /// Loaders may run for an object without a row.
    pub const NON_PERSISTENT_OK: Self = Self(16);
    /// Keys are taken as the database has them.
    pub const LOAD_AGAINST_COMMITTED: Self = Self(32);
    /// Loaders do not autoflush.
    pub const NO_AUTOFLUSH: Self = Self(64);
    /// Loaders do not complain.
    pub const NO_RAISE: Self = Self(128);
    /// The load is one of a previous value.
    pub const DEFERRED_HISTORY_LOAD: Self = Self(256);
    /// Pending changes of an unloaded collection count.
    pub const INCLUDE_PENDING_MUTATIONS: Self = Self(512);

    /// Everything is allowed.
    pub const OFF: Self = Self(31);
    /// Everything but a blank value.
    pub const RETURN_NO_VALUE: Self = Self(31 ^ 8);
    /// No loader, no blank value.
    pub const NO_INITIALIZE: Self = Self(31 ^ 8 ^ 1);
    /// No SQL at all.
    pub const NO_FETCH: Self = Self(31 ^ 2);
    /// No SQL for related objects.
    pub const NO_FETCH_RELATED: Self = Self(31 ^ 4);
    /// Loaders run for objects with a row only.
    pub const ONLY_PERSISTENT: Self = Self(31 ^ 16);
    /// As merge() reads.
    pub const MERGE: Self = Self(31 | 128);

    /// Whether all of `flags` are allowed.
    pub const fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
    /// The same without `flags`.
    #[must_use]
    pub const fn without(self, flags: Self) -> Self {
        Self(self.0 & !flags.0)
    }
    /// The same with `flags`.
    #[must_use]
    pub const fn with(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }
}

impl BitOr for Passive {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}
