//! Names of SQLAlchemy and of the standard library that scripts may know and that are not there:
//! what is said instead of "cannot import name" or "has no attribute". What is provided wins.

mod known;

use crate::object::{Class, Cx, RealNames, Refusals, refusal};

pub use known::names_of_module;

/// A name, and what to use instead.
pub type Row = (&'static str, &'static str);

/// What to use instead of names that a module of SQLAlchemy has and ours has not.
const NAMES: &[(&str, &[(&str, &str)])] = &[
    (
        "sqlalchemy",
        &[
            ("AsyncAdaptedQueuePool", "use QueuePool"),
            ("Compiled", "compile with statement.compile()"),
            ("CreateEnginePlugin", "there are no plugins of engines"),
            ("FallbackAsyncAdaptedQueuePool", "use QueuePool"),
            ("FrozenResult", "keep the rows with all()"),
            ("LambdaElement", "write the statement without the lambda"),
            ("NotNullable", "use Mapped[int]"),
            ("Nullable", "use Mapped[int | None]"),
            ("ResultProxy", "use Result"),
            (
                "StatementLambdaElement",
                "write the statement without the lambda",
            ),
            ("ThreadLocalMetaData", "use MetaData"),
            ("TwoPhaseTransaction", "use Connection.begin()"),
            (
                "create_pool_from_url",
                "use create_engine(url, poolclass=...)",
            ),
            (
                "insert_sentinel",
                "rows are inserted one by one where the order counts",
            ),
            ("lambda_stmt", "write the statement without the lambda"),
            ("modifier", "use func"),
            ("ColumnCollection", "use table.c"),
            ("Selectable", "use FromClause"),
            ("cte", "use select(...).cte()"),
            ("custom_op", "use op()"),
            ("ExecutableDDLElement", "use DDL"),
        ],
    ),
    (
        "sqlalchemy.dialects",
        &[
            ("firebird", "use sqlite; other dialects compile only"),
            ("plugins", "dialects are built in"),
            ("registry", "dialects are built in"),
            ("sybase", "use sqlite; other dialects compile only"),
        ],
    ),
    (
        "sqlalchemy.dialects.mssql",
        &[
            ("BIT", "use sqlalchemy.Integer"),
            ("DATETIME2", "use sqlalchemy.DateTime"),
            ("DATETIMEOFFSET", "use sqlalchemy.DateTime(timezone=True)"),
            ("IMAGE", "use sqlalchemy.LargeBinary"),
            ("MONEY", "use sqlalchemy.Numeric"),
            ("NTEXT", "use sqlalchemy.UnicodeText"),
            ("SMALLDATETIME", "use sqlalchemy.DateTime"),
            ("SMALLMONEY", "use sqlalchemy.Numeric"),
            ("TINYINT", "use sqlalchemy.SmallInteger"),
            ("UNIQUEIDENTIFIER", "use sqlalchemy.Uuid"),
            ("XML", "use sqlalchemy.Text"),
            ("try_cast", "use sqlalchemy.try_cast"),
        ],
    ),
    (
        "sqlalchemy.dialects.mysql",
        &[
            ("BIT", "use sqlalchemy.Integer"),
            ("ENUM", "use sqlalchemy.Enum"),
            ("INET4", "use sqlalchemy.String"),
            ("INET6", "use sqlalchemy.String"),
            ("LONGBLOB", "use sqlalchemy.LargeBinary"),
            ("LONGTEXT", "use sqlalchemy.Text"),
            ("MEDIUMBLOB", "use sqlalchemy.LargeBinary"),
            ("MEDIUMINT", "use sqlalchemy.Integer"),
            ("MEDIUMTEXT", "use sqlalchemy.Text"),
            ("SET", "use sqlalchemy.String"),
            ("TINYBLOB", "use sqlalchemy.LargeBinary"),
            ("TINYINT", "use sqlalchemy.SmallInteger"),
            ("TINYTEXT", "use sqlalchemy.Text"),
            ("YEAR", "use sqlalchemy.Integer"),
        ],
    ),
    (
        "sqlalchemy.dialects.oracle",
        &[
            ("BFILE", "use sqlalchemy.LargeBinary"),
            ("BINARY_DOUBLE", "use sqlalchemy.Double"),
            ("BINARY_FLOAT", "use sqlalchemy.Float"),
            ("INTERVAL", "use sqlalchemy.Interval"),
            ("LONG", "use sqlalchemy.Text"),
            ("NCLOB", "use sqlalchemy.UnicodeText"),
            ("NUMBER", "use sqlalchemy.Numeric"),
            ("NVARCHAR2", "use sqlalchemy.Unicode"),
            ("RAW", "use sqlalchemy.LargeBinary"),
            ("VARCHAR2", "use sqlalchemy.String"),
            (
                "oracledb_async",
                "use the synchronous engine and session; there is no event loop",
            ),
        ],
    ),
    (
        "sqlalchemy.dialects.postgresql",
        &[
            ("AbstractMultiRange", "use two columns"),
            ("AbstractSingleRange", "use two columns"),
            ("CreateDomainType", ""),
            ("CreateEnumType", ""),
            ("DOMAIN", ""),
            ("DropDomainType", ""),
            ("DropEnumType", ""),
            ("ExcludeConstraint", "use DDL()"),
            ("MultiRange", "use two columns"),
            ("NamedType", ""),
            ("Range", "use two columns"),
            (
                "psycopg_async",
                "use the synchronous engine and session; there is no event loop",
            ),
        ],
    ),
    (
        "sqlalchemy.engine",
        &[
            ("Compiled", "compile with statement.compile()"),
            ("CreateEnginePlugin", "there are no plugins of engines"),
            ("FrozenResult", "keep the rows with all()"),
            ("ResultProxy", "use Result"),
            ("TwoPhaseTransaction", "use Connection.begin()"),
            (
                "create_pool_from_url",
                "use create_engine(url, poolclass=...)",
            ),
            ("Inspector", "use sqlalchemy.inspect"),
        ],
    ),
    ("sqlalchemy.event", &[]),
    ("sqlalchemy.ext.associationproxy", &[]),
    (
        "sqlalchemy.ext.declarative",
        &[
            ("instrument_declarative", "use registry.map_declaratively()"),
            ("AbstractConcreteBase", "use concrete=True"),
            ("ConcreteBase", "use concrete=True"),
        ],
    ),
    (
        "sqlalchemy.orm",
        &[
            (
                "orm_insert_sentinel",
                "rows are inserted one by one where the order counts",
            ),
            ("AttributeEvents", "use event.listen()"),
            ("InstanceEvents", "use event.listen()"),
            ("MapperEvents", "use event.listen()"),
            ("SessionEvents", "use event.listen()"),
            ("QueryEvents", "use event.listen()"),
            ("AttributeEventToken", "use event.listen()"),
            ("contains_alias", "use contains_eager"),
            ("create_session", "use Session"),
            ("merge_frozen_result", "use Session.merge()"),
            ("merge_result", "use Session.merge()"),
            ("polymorphic_union", "use union_all()"),
            ("IdentityMap", "use Session.identity_map"),
        ],
    ),
    (
        "sqlalchemy.orm.attributes",
        &[("get_state_history", "use get_history()")],
    ),
    (
        "sqlalchemy.orm.collections",
        &[
            (
                "collection",
                "use a list, a set or a keyed dict as the collection",
            ),
            (
                "collection_adapter",
                "use event.listen() with \"append\" and \"remove\"",
            ),
        ],
    ),
    (
        "sqlalchemy.pool",
        &[
            ("AsyncAdaptedQueuePool", "use QueuePool"),
            ("FallbackAsyncAdaptedQueuePool", "use QueuePool"),
            ("clear_managers", "use create_engine()"),
            ("manage", "use create_engine()"),
            ("reset_commit", "use pool_reset_on_return"),
            ("reset_none", "use pool_reset_on_return"),
            ("reset_rollback", "use pool_reset_on_return"),
        ],
    ),
    (
        "sqlalchemy.schema",
        &[
            ("ThreadLocalMetaData", "use MetaData"),
            (
                "insert_sentinel",
                "rows are inserted one by one where the order counts",
            ),
            ("sort_tables_and_constraints", "use MetaData.sorted_tables"),
            ("BaseDDLElement", "use DDLElement"),
            ("DropConstraintComment", "use DDL"),
            ("SetConstraintComment", "use DDL"),
        ],
    ),
    (
        "sqlalchemy.sql",
        &[
            ("LambdaElement", "write the statement without the lambda"),
            ("NotNullable", "use Mapped[int]"),
            ("Nullable", "use Mapped[int | None]"),
            (
                "StatementLambdaElement",
                "write the statement without the lambda",
            ),
            ("lambda_stmt", "write the statement without the lambda"),
            ("modifier", "use func"),
            ("ColumnCollection", "use table.c"),
            ("Selectable", "use FromClause"),
            ("cte", "use select(...).cte()"),
            ("DDL", "use sqlalchemy.DDL"),
            ("DDLElement", "use sqlalchemy.schema.DDLElement"),
            ("ExecutableDDLElement", "use DDL"),
        ],
    ),
    (
        "sqlalchemy.sql.expression",
        &[
            ("LambdaElement", "write the statement without the lambda"),
            (
                "StatementLambdaElement",
                "write the statement without the lambda",
            ),
            ("lambda_stmt", "write the statement without the lambda"),
            ("modifier", "use func"),
            ("ColumnCollection", "use table.c"),
            ("Selectable", "use FromClause"),
            ("cte", "use select(...).cte()"),
            ("custom_op", "use op()"),
        ],
    ),
    (
        "sqlalchemy.sql.functions",
        &[
            ("AnsiFunction", "use func"),
            ("register_function", "use func"),
        ],
    ),
    ("sqlalchemy.types", &[("Variant", "use with_variant()")]),
];

/// Modules that exist and that cannot be imported, with what to use instead.
const MODULES: &[(&str, &str)] = &[
    ("argparse", "there is no command line to parse"),
    (
        "asyncio",
        "scripts run in one thread, without an event loop",
    ),
    ("concurrent", "scripts run in one thread"),
    ("configparser", "scripts have no access to files"),
    ("csv", "scripts have no access to files"),
    ("ctypes", ""),
    ("glob", "scripts have no access to files"),
    ("http", "scripts have no access to the network"),
    ("importlib", "use import"),
    ("locale", ""),
    ("multiprocessing", "scripts run in one thread"),
    ("numbers", ""),
    ("pathlib", "scripts have no access to files"),
    ("pickle", ""),
    ("queue", "use collections.deque"),
    ("shutil", "scripts have no access to files"),
    ("signal", ""),
    ("socket", "scripts have no access to the network"),
    ("sqlalchemy.connectors", ""),
    ("sqlalchemy.databases", "use sqlalchemy.dialects"),
    (
        "sqlalchemy.dialects.mssql.aioodbc",
        "use the synchronous engine and session; there is no event loop",
    ),
    (
        "sqlalchemy.dialects.mssql.pymssql",
        "compile with sqlalchemy.dialects.mssql.dialect(); only SQLite is connected to",
    ),
    (
        "sqlalchemy.dialects.mssql.pyodbc",
        "compile with sqlalchemy.dialects.mssql.dialect(); only SQLite is connected to",
    ),
    (
        "sqlalchemy.dialects.mysql.aiomysql",
        "use the synchronous engine and session; there is no event loop",
    ),
    (
        "sqlalchemy.dialects.mysql.asyncmy",
        "use the synchronous engine and session; there is no event loop",
    ),
    (
        "sqlalchemy.dialects.mysql.cymysql",
        "compile with sqlalchemy.dialects.mysql.dialect(); only SQLite is connected to",
    ),
    (
        "sqlalchemy.dialects.mysql.mariadbconnector",
        "compile with sqlalchemy.dialects.mysql.dialect(); only SQLite is connected to",
    ),
    (
        "sqlalchemy.dialects.mysql.mysqlconnector",
        "compile with sqlalchemy.dialects.mysql.dialect(); only SQLite is connected to",
    ),
    (
        "sqlalchemy.dialects.mysql.pyodbc",
        "compile with sqlalchemy.dialects.mysql.dialect(); only SQLite is connected to",
    ),
    (
        "sqlalchemy.dialects.oracle.cx_oracle",
        "compile with sqlalchemy.dialects.oracle.dialect(); only SQLite is connected to",
    ),
    (
        "sqlalchemy.dialects.oracle.oracledb",
        "compile with sqlalchemy.dialects.oracle.dialect(); only SQLite is connected to",
    ),
    (
        "sqlalchemy.dialects.postgresql.pg8000",
        "compile with sqlalchemy.dialects.postgresql.dialect(); only SQLite is connected to",
    ),
    (
        "sqlalchemy.dialects.postgresql.psycopg2cffi",
        "compile with sqlalchemy.dialects.postgresql.dialect(); only SQLite is connected to",
    ),
    (
        "sqlalchemy.dialects.sqlite.aiosqlite",
        "use the synchronous engine and session; there is no event loop",
    ),
    (
        "sqlalchemy.dialects.sqlite.pysqlcipher",
        "compile with sqlalchemy.dialects.sqlite.dialect(); only SQLite is connected to",
    ),
    ("sqlalchemy.engine.events", "use sqlalchemy.event"),
    ("sqlalchemy.engine.strategies", "use create_engine()"),
    ("sqlalchemy.engine.util", ""),
    (
        "sqlalchemy.ext.asyncio",
        "use the synchronous engine and session; there is no event loop",
    ),
    (
        "sqlalchemy.ext.baked",
        "statements are cached by themselves: use select()",
    ),
    (
        "sqlalchemy.ext.horizontal_shard",
        "use one session per database",
    ),
    ("sqlalchemy.ext.indexable", "use hybrid_property"),
    (
        "sqlalchemy.ext.instrumentation",
        "use mapped classes as they are",
    ),
    (
        "sqlalchemy.ext.mutable",
        "assign a new value, or call flag_modified()",
    ),
    ("sqlalchemy.ext.mypy", "there is no type checker"),
    ("sqlalchemy.ext.serializer", "build the statement again"),
    ("sqlalchemy.log", "use echo=True or logging"),
    ("sqlalchemy.orm.bulk_persistence", ""),
    ("sqlalchemy.orm.decl_base", ""),
    ("sqlalchemy.orm.dependency", ""),
    ("sqlalchemy.orm.evaluator", ""),
    ("sqlalchemy.orm.loading", ""),
    ("sqlalchemy.orm.state_changes", ""),
    ("sqlalchemy.orm.sync", ""),
    ("sqlalchemy.pool.events", "use sqlalchemy.event"),
    ("sqlalchemy.processors", ""),
    ("sqlalchemy.sql.annotation", ""),
    ("sqlalchemy.sql.cache_key", ""),
    ("sqlalchemy.sql.crud", ""),
    ("sqlalchemy.sql.default_comparator", ""),
    ("sqlalchemy.sql.events", "use sqlalchemy.event"),
    (
        "sqlalchemy.sql.naming",
        "use MetaData(naming_convention=...)",
    ),
    ("sqlalchemy.testing", ""),
    ("sqlalchemy.util", ""),
    ("struct", ""),
    ("subprocess", "scripts start no programs"),
    ("tempfile", "scripts have no access to files"),
    ("threading", "scripts run in one thread"),
    ("unittest", "use assert, or ormsh test"),
    ("urllib", "scripts have no access to the network"),
    ("zoneinfo", "use datetime.timezone"),
];

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The names that `module` lacks: the `unsupported` of its `ModuleSpec`.
pub const fn names_of(module: &str) -> &'static [Row] {
    let mut at = 0;
    while at < NAMES.len() {
        if same(NAMES[at].0, module) {
            return NAMES[at].1;
        }
        at += 1;
    }
    &[]
}

/// What to use instead of attributes that a class of SQLAlchemy has and ours has not.
const ATTRIBUTES: &[(&str, &[Row])] = &[
    (
        "Session",
        &[
            ("prepare", "two-phase transactions need another database"),
            ("twophase", "two-phase transactions need another database"),
            ("invalidate", "use close()"),
            ("enable_relationship_loading", "use merge()"),
        ],
    ),
    (
        "Connection",
        &[
            ("begin_twophase", "use begin()"),
            ("recover_twophase", "use begin()"),
            ("commit_prepared", "use commit()"),
            ("rollback_prepared", "use rollback()"),
        ],
    ),
];

/// Answers for SQLAlchemy's modules and classes.
struct Listed;

/// Let errors of `cx` say which names SQLAlchemy has.
pub fn install(cx: &Cx) {
    cx.service::<Refusals>().set(&Listed);
}

fn instead(rows: &'static [(&str, &[Row])], owner: &str, name: &str) -> &'static str {
    let of_owner = rows.iter().find(|(known, _)| *known == owner);
    let row = of_owner.and_then(|(_, rows)| rows.iter().find(|(known, _)| *known == name));
    row.map_or("", |(_, instead)| *instead)
}

impl RealNames for Listed {
    fn covers(&self, path: &str) -> bool {
        names_of_module(path).is_some()
    }
    fn of_module(&self, path: &str, name: &str, cx: &Cx) -> Option<String> {
        known::module_has(path, name, cx.compat()).then(|| {
            let mut text = instead(NAMES, path, name);
            if text.is_empty() {
                text = instead(NAMES, "sqlalchemy", name);
            }
            refusal(&format!("{path}.{name}"), text)
        })
    }
    fn of_class(&self, class: &Class, name: &str, of_instance: bool, cx: &Cx) -> Option<String> {
        if name.starts_with('_') {
            return None;
        }
        let listed = |class: &Class| {
            let path = format!("{}.{}", class.module(), class.qualname());
            known::class_has(&path, name, of_instance, cx.compat())
        };
        let owner = if listed(class) {
            class.name().to_string()
        } else {
            let ancestors = class.ancestors();
            let owner = ancestors.iter().find(|ancestor| listed(ancestor))?;
            owner.name().to_string()
        };
        let text = instead(ATTRIBUTES, &owner, name);
        Some(refusal(&format!("{owner}.{name}"), text))
    }
}

/// Whether the module `name` as a whole can't be imported.
pub fn refuses_module(name: &str) -> bool {
    MODULES.iter().any(|(known, _)| *known == name)
}

/// What is said when the module `name`, or one above it, is one that cannot be imported.
pub fn module_refusal(name: &str) -> Option<String> {
    let ends = name.match_indices('.').map(|(at, _)| at);
    ends.chain([name.len()])
        .filter_map(|end| name.get(..end))
        .find_map(|path| MODULES.iter().find(|(known, _)| *known == path))
        .map(|(_, instead)| refusal(name, instead))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::native;

    #[test]
    fn every_row_belongs_to_a_module() {
        for (name, _) in NAMES.iter().filter(|(_, names)| !names.is_empty()) {
            let spec = native::MODULES.iter().find(|spec| spec.name == *name);
            assert!(
                spec.is_some_and(|spec| !spec.unsupported.is_empty()),
                "{name} does not read its rows"
            );
        }
    }
}
