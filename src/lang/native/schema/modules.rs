//! The modules `sqlalchemy.schema` and `sqlalchemy.types`, and what of them `sqlalchemy` has.

use super::constraint::CLASSES as CONSTRAINTS;
use super::consts::SchemaConst;
use super::ddl::CLASSES as DDL_CLASSES;
use super::defaults::CLASSES as DEFAULTS;
use super::index::INDEX;
use super::metadata::METADATA;
use super::{column::COLUMN, dialects, dml, names, table::TABLE};
use crate::object::{Cx, Export, Method, ModuleSpec, TypeSpec, Value};
use crate::sql::schema::sort_tables;
use crate::sql::types::{SqlType, TYPES, TypeClass, names as types};

fn class(spec: &'static TypeSpec) -> Value {
    Value::Class(spec.class())
}

fn type_class(name: &str) -> Option<&'static TypeClass> {
    TYPES.iter().copied().find(|class| class.name() == name)
}

/// The types that only one version has.
fn of_other_version(name: &str, cx: &Cx) -> bool {
    const SINCE_20: &[&str] = &["Uuid", "UUID", "Double", "DOUBLE", "DOUBLE_PRECISION"];
    cx.compat().is_14() && SINCE_20.contains(&name)
}

/// A type by its name in `sqlalchemy.types`.
fn type_named(name: &str, cx: &Cx) -> Option<Value> {
    if of_other_version(name, cx) {
        return None;
    }
    match name {
        "INT" => return Some(class(&types::INTEGER.spec)),
        "NULLTYPE" => return Some(SqlType::null().to_value()),
        "STRINGTYPE" => return Some(SqlType::string().to_value()),
        "INTEGERTYPE" => return Some(SqlType::integer().to_value()),
        "BOOLEANTYPE" => return Some(SqlType::boolean().to_value()),
        "TypeEngine" => return Some(class(&types::TypeEngine.spec)),
        "SchemaType" => return Some(class(&types::SchemaType.spec)),
        "Concatenable" => return Some(class(&types::Concatenable.spec)),
        "Indexable" => return Some(class(&types::Indexable.spec)),
        "ExternalType" => return Some(class(&types::ExternalType.spec)),
        _ => {}
    }
    type_class(name).map(|found| class(&found.spec))
}

/// A schema item by its name in `sqlalchemy.schema`.
fn schema_named(name: &str, cx: &Cx) -> Option<Value> {
    let plain: &[&'static TypeSpec] = &[&COLUMN, &TABLE, &INDEX, &METADATA];
    let mut all = plain
        .iter()
        .chain(CONSTRAINTS)
        .chain(DEFAULTS)
        .chain(DDL_CLASSES);
    if let Some(spec) = all.find(|spec| spec.name() == name) {
        return Some(class(spec));
    }
    match name {
        "ExecutableDDLElement" if cx.compat().is_14() => None,
        "BLANK_SCHEMA" => Some(SchemaConst::BlankSchema.to_value()),
        "DDLElement" => DDL_CLASSES.first().map(|spec| class(spec)),
        "conv" => Some(Method::function("conv(value, quote=None)", |bound, _| {
            Ok(names::conv(bound.text("value")?))
        })),
        "sort_tables" => Some(Method::function(
            "sort_tables(tables, skip_fn=None, extra_dependencies=None)",
            |bound, cx| {
                let given = cx.collect(bound.value("tables"))?;
                let tables: Vec<_> = given.iter().filter_map(super::table_of).collect();
                let sorted = sort_tables(&tables, cx)?;
                Ok(Value::list(
                    sorted.into_iter().map(super::table_value).collect(),
                ))
            },
        )),
        _ => type_named(name, cx),
    }
}

/// A name of `sqlalchemy.sql.schema`, which has some that `sqlalchemy.schema` does not hand on.
fn sql_schema_named(name: &str, cx: &Cx) -> Option<Value> {
    match name {
        "RETAIN_SCHEMA" => Some(SchemaConst::RetainSchema.to_value()),
        "NULL_UNSPECIFIED" => Some(SchemaConst::NullUnspecified.to_value()),
        _ => schema_named(name, cx),
    }
}

/// `sqlalchemy.types`.
pub static TYPES_MODULE: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.types",
    names: TYPE_NAMES,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.types"),
    dynamic: Some(type_named),
};
/// `sqlalchemy.sql.sqltypes`.
pub static SQLTYPES_MODULE: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.sql.sqltypes",
    names: &[],
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.sql.sqltypes"),
    dynamic: Some(type_named),
};
/// `sqlalchemy.sql.type_api`.
pub static TYPE_API_MODULE: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.sql.type_api",
    names: &[],
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.sql.type_api"),
    dynamic: Some(type_named),
};
/// `sqlalchemy.schema`.
pub static SCHEMA_MODULE: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.schema",
    names: SCHEMA_NAMES,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.schema"),
    dynamic: Some(schema_named),
};
/// `sqlalchemy.sql.schema`.
pub static SQL_SCHEMA_MODULE: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.sql.schema",
    names: &[],
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.sql.schema"),
    dynamic: Some(sql_schema_named),
};
/// `sqlalchemy.sql.ddl`.
pub static SQL_DDL_MODULE: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.sql.ddl",
    names: &[],
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.sql.ddl"),
    dynamic: Some(schema_named),
};
/// `sqlalchemy.sql.dml`.
pub static SQL_DML_MODULE: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.sql.dml",
    names: &[
        ("Insert", |_| class(&dml::INSERT)),
        ("Update", |_| class(&dml::UPDATE)),
        ("Delete", |_| class(&dml::DELETE)),
        ("UpdateBase", |_| class(&dml::UPDATE_BASE)),
    ],
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.sql.dml"),
    dynamic: None,
};

const PLAIN: &[&ModuleSpec] = &[
    &TYPES_MODULE,
    &SQLTYPES_MODULE,
    &TYPE_API_MODULE,
    &SCHEMA_MODULE,
    &SQL_SCHEMA_MODULE,
    &SQL_DDL_MODULE,
    &SQL_DML_MODULE,
];

const COUNT: usize = PLAIN.len() + dialects::MODULES.len();

const ALL: [&ModuleSpec; COUNT] = {
    let mut all = [PLAIN[0]; COUNT];
    let mut at = 0;
    while at < COUNT {
        all[at] = if at < PLAIN.len() {
            PLAIN[at]
        } else {
            dialects::MODULES[at - PLAIN.len()]
        };
        at += 1;
    }
    all
};

/// Every module of this area.
pub const MODULES: &[&ModuleSpec] = &ALL;

macro_rules! exports {
    ($($name:literal)*) => {
        &[$(($name, |cx| schema_named($name, cx).unwrap_or(Value::Undefined))),*]
    };
}

/// What `from sqlalchemy.types import *` brings.
const TYPE_NAMES: &[(&str, Export)] = exports! {
    "ARRAY" "BIGINT" "BINARY" "BLOB" "BOOLEAN" "BigInteger" "Boolean" "CHAR" "CLOB" "Concatenable"
    "DATE" "DATETIME" "DECIMAL" "DOUBLE" "DOUBLE_PRECISION" "Date" "DateTime" "Double" "Enum"
    "ExternalType" "FLOAT" "Float" "INT" "INTEGER" "Indexable" "Integer" "Interval" "JSON"
    "LargeBinary" "NCHAR" "NUMERIC" "NVARCHAR" "NullType" "Numeric" "PickleType" "REAL" "SMALLINT"
    "SmallInteger" "String" "TEXT" "TIME" "TIMESTAMP" "Text" "Time" "TupleType" "TypeDecorator"
    "TypeEngine" "UUID" "Unicode" "UnicodeText" "UserDefinedType" "Uuid" "VARBINARY" "VARCHAR"
};

/// What `from sqlalchemy.schema import *` brings.
const SCHEMA_NAMES: &[(&str, Export)] = exports! {
    "AddConstraint" "BLANK_SCHEMA" "CheckConstraint" "Column" "ColumnCollectionConstraint"
    "ColumnDefault" "Computed" "Constraint" "CreateColumn" "CreateIndex" "CreateSchema"
    "CreateSequence" "CreateTable" "DDL" "DDLElement" "DefaultClause" "DropColumnComment"
    "DropConstraint" "DropIndex" "DropSchema" "DropSequence" "DropTable" "DropTableComment"
    "ExecutableDDLElement" "FetchedValue" "ForeignKey" "ForeignKeyConstraint" "Identity" "Index"
    "MetaData" "PrimaryKeyConstraint" "Sequence" "SetColumnComment" "SetTableComment" "Table"
    "UniqueConstraint" "conv" "sort_tables"
};

const CLASSES: &[(&str, Export)] = exports! {
    "ARRAY" "BIGINT" "BINARY" "BLOB" "BOOLEAN" "BigInteger" "Boolean" "CHAR" "CLOB"
    "CheckConstraint" "Column" "ColumnDefault" "Computed" "Constraint" "DATE" "DATETIME" "DDL"
    "DECIMAL" "Date" "DateTime" "DefaultClause" "Enum" "FLOAT" "FetchedValue" "Float" "ForeignKey"
    "ForeignKeyConstraint" "INT" "INTEGER" "Identity" "Index" "Integer" "Interval" "JSON"
    "LargeBinary" "MetaData" "NCHAR" "NUMERIC" "NVARCHAR" "Numeric" "PickleType"
    "PrimaryKeyConstraint" "REAL" "SMALLINT" "Sequence" "SmallInteger" "String" "TEXT" "TIME"
    "TIMESTAMP" "Table" "Text" "Time" "TupleType" "TypeDecorator" "Unicode" "UnicodeText"
    "UniqueConstraint" "VARBINARY" "VARCHAR" "DDLElement" "BLANK_SCHEMA"
};

const SINCE_20: &[(&str, Export)] = exports! {
    "Uuid" "UUID" "Double" "DOUBLE" "DOUBLE_PRECISION"
};

const FUNCTIONS: &[(&str, Export)] = &[
    ("insert", |_| {
        Method::function("insert(table)", |bound, cx| {
            dml::make_insert(bound.value("table"), None, cx)
        })
    }),
    ("update", |_| {
        Method::function("update(table)", |bound, cx| {
            dml::make_update(bound.value("table"), cx)
        })
    }),
    ("delete", |_| {
        Method::function("delete(table)", |bound, cx| {
            dml::make_delete(bound.value("table"), cx)
        })
    }),
];

const NAME_COUNT: usize = CLASSES.len() + SINCE_20.len() + FUNCTIONS.len();

const NAME_TABLE: [(&str, Export); NAME_COUNT] = {
    let mut all = [CLASSES[0]; NAME_COUNT];
    let mut at = 0;
    while at < NAME_COUNT {
        all[at] = if at < CLASSES.len() {
            CLASSES[at]
        } else if at < CLASSES.len() + SINCE_20.len() {
            SINCE_20[at - CLASSES.len()]
        } else {
            FUNCTIONS[at - CLASSES.len() - SINCE_20.len()]
        };
        at += 1;
    }
    all
};

/// What `sqlalchemy` itself has of this area.
pub const NAMES: &[(&str, Export)] = &NAME_TABLE;
