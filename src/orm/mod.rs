//! Mapped classes, the session, the unit of work, loading.
