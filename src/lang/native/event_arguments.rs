//! The names of the arguments of events, for listeners with `named=True`.

/// Events with arguments of the same names, a line each.
const ARGUMENTS: &[(&[&str], &[&str])] = &[
    (
        &[
            "before_insert",
            "after_insert",
            "before_update",
            "after_update",
            "before_delete",
            "after_delete",
        ],
        &["mapper", "connection", "target"],
    ),
    (
        &[
            "mapper_configured",
            "before_mapper_configured",
            "instrument_class",
            "after_mapper_constructed",
        ],
        &["mapper", "class_"],
    ),
    (&["load"], &["target", "context"]),
    (&["refresh"], &["target", "context", "attrs"]),
    (&["refresh_flush"], &["target", "flush_context", "attrs"]),
    (&["expire"], &["target", "attrs"]),
    (&["first_init"], &["manager", "cls"]),
    (&["init", "init_failure"], &["target", "args", "kwargs"]),
    (
        &["append", "append_wo_mutation", "remove"],
        &["target", "value", "initiator"],
    ),
    (&["set"], &["target", "value", "oldvalue", "initiator"]),
    (&["bulk_replace"], &["target", "values", "initiator"]),
    (&["init_scalar"], &["target", "value", "dict_"]),
    (
        &["init_collection", "dispose_collection"],
        &["target", "collection", "collection_adapter"],
    ),
    (&["modified"], &["target", "initiator"]),
    (&["do_orm_execute"], &["orm_execute_state"]),
    (
        &["after_transaction_create", "after_transaction_end"],
        &["session", "transaction"],
    ),
    (
        &["before_commit", "after_commit", "after_rollback"],
        &["session"],
    ),
    (
        &["after_soft_rollback"],
        &["session", "previous_transaction"],
    ),
    (
        &["before_flush"],
        &["session", "flush_context", "instances"],
    ),
    (
        &["after_flush", "after_flush_postexec"],
        &["session", "flush_context"],
    ),
    (&["after_begin"], &["session", "transaction", "connection"]),
    (&["after_bulk_update"], &["update_context"]),
    (&["after_bulk_delete"], &["delete_context"]),
    (
        &[
            "before_attach",
            "after_attach",
            "transient_to_pending",
            "pending_to_transient",
            "persistent_to_transient",
            "pending_to_persistent",
            "detached_to_persistent",
            "loaded_as_persistent",
            "persistent_to_deleted",
            "deleted_to_persistent",
            "deleted_to_detached",
            "persistent_to_detached",
        ],
        &["session", "instance"],
    ),
    (
        &["before_create", "after_create", "before_drop", "after_drop"],
        &["target", "connection"],
    ),
    (
        &["before_parent_attach", "after_parent_attach"],
        &["target", "parent"],
    ),
    (&["column_reflect"], &["inspector", "table", "column_info"]),
    (
        &["connect", "first_connect"],
        &["dbapi_connection", "connection_record"],
    ),
    (
        &["engine_connect", "begin", "commit", "rollback"],
        &["conn"],
    ),
    (&["savepoint"], &["conn", "name"]),
    (
        &["rollback_savepoint", "release_savepoint"],
        &["conn", "name", "context"],
    ),
    (
        &["before_cursor_execute", "after_cursor_execute"],
        &[
            "conn",
            "cursor",
            "statement",
            "parameters",
            "context",
            "executemany",
        ],
    ),
];

/// The names of the arguments of `event`.
pub fn arguments_of(event: &str) -> &'static [&'static str] {
    ARGUMENTS
        .iter()
        .find(|(events, _)| events.contains(&event))
        .map_or(&[], |(_, arguments)| *arguments)
}
