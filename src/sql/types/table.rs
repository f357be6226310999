//! The table of the generic types: name, what DDL knows it by, base, constructor.

use super::class::{Make, TypeClass};
use super::object::{construct_type, type_members};
use super::{
    array, binary, boolean, decorator, enums, json, null, numeric, string, temporal, uuid,
};
use crate::object::TypeSpec;
use crate::object::types::OBJECT;

const MODULE: &str = "sqlalchemy.sql.sqltypes";
const API: &str = "sqlalchemy.sql.type_api";

/// One row: the class `name` of module `module`, derived from `bases`.
pub const fn row(
    module: &'static str,
    name: &'static str,
    visit_name: &'static str,
    bases: &'static [&'static TypeSpec],
    signature: &'static str,
    make: Make,
) -> TypeClass {
    TypeClass {
        spec: TypeSpec::new(module, name)
            .bases(bases)
            .construct(construct_type)
            .subclassable(),
        visit_name,
        signature,
        make,
    }
}

/// A table of types: a static for each, and a list of them all.
macro_rules! type_table {
    ($list:ident; $($module:ident $id:ident $name:literal $visit:literal [$($base:path),*] $signature:literal $make:path;)*) => {
        $(
            #[doc = concat!("`", $name, "`.")]
            pub static $id: $crate::sql::types::TypeClass = {
                static BASES: &[&$crate::object::TypeSpec] = &[$(&$base.spec),*];
                $crate::sql::types::row($module, $name, $visit, BASES, $signature, $make)
            };
        )*
        /// The types of this table.
        pub static $list: &[&$crate::sql::types::TypeClass] = &[$(&$id),*];
    };
}
pub(crate) use type_table;

pub use names::TYPES;

/// The classes, by the names that scripts know them by.
#[expect(
    non_upper_case_globals,
    reason = "the names are SQLAlchemy's, where case matters"
)]
pub mod names {
    use super::{
        API, MODULE, OBJECT, TypeClass, TypeSpec, array, binary, boolean, construct_type,
        decorator, enums, json, null, numeric, string, temporal, type_members, uuid,
    };
    use crate::sql::types::object::json_members;

    /// `TypeEngine`, the base of all.
    pub static TypeEngine: TypeClass = TypeClass {
        spec: TypeSpec::new(API, "TypeEngine")
            .bases(&[&OBJECT])
            .members(type_members)
            .construct(construct_type)
            .subclassable(),
        visit_name: "",
        signature: "TypeEngine()",
        make: null::make,
    };
    /// `SchemaType`, the mark of types that make constraints.
    pub static SchemaType: TypeClass = super::row(
        MODULE,
        "SchemaType",
        "",
        &[&OBJECT],
        "SchemaType()",
        null::make,
    );
    /// `Concatenable`.
    pub static Concatenable: TypeClass = super::row(
        MODULE,
        "Concatenable",
        "",
        &[&OBJECT],
        "Concatenable()",
        null::make,
    );
    /// `Indexable`.
    pub static Indexable: TypeClass = super::row(
        MODULE,
        "Indexable",
        "",
        &[&OBJECT],
        "Indexable()",
        null::make,
    );
    /// What the class `JSON` has besides its constructor.
    pub static JsonConstants: TypeClass = TypeClass {
        spec: TypeSpec::new(MODULE, "JSON")
            .bases(&[&OBJECT])
            .members(json_members)
            .subclassable(),
        visit_name: "",
        signature: "JSON()",
        make: null::make,
    };
    /// `ExternalType`.
    pub static ExternalType: TypeClass = super::row(
        API,
        "ExternalType",
        "",
        &[&OBJECT],
        "ExternalType()",
        null::make,
    );

    type_table! {
        TYPES;
        MODULE NullType "NullType" "null" [TypeEngine] "NullType()" null::make;
        MODULE TupleType "TupleType" "" [TypeEngine] "TupleType(*types)" null::make_tuple;
        MODULE Integer "Integer" "integer" [TypeEngine] "Integer()" numeric::make_integer;
        MODULE SmallInteger "SmallInteger" "small_integer" [Integer] "SmallInteger()" numeric::make_integer;
        MODULE BigInteger "BigInteger" "big_integer" [Integer] "BigInteger()" numeric::make_integer;
        MODULE INTEGER "INTEGER" "INTEGER" [Integer] "INTEGER()" numeric::make_integer;
        MODULE SMALLINT "SMALLINT" "SMALLINT" [SmallInteger] "SMALLINT()" numeric::make_integer;
        MODULE BIGINT "BIGINT" "BIGINT" [BigInteger] "BIGINT()" numeric::make_integer;
        MODULE Numeric "Numeric" "numeric" [TypeEngine] "Numeric(precision=None, scale=None, decimal_return_scale=None, asdecimal=True)" numeric::make_numeric;
        MODULE NUMERIC "NUMERIC" "NUMERIC" [Numeric] "NUMERIC(precision=None, scale=None, decimal_return_scale=None, asdecimal=True)" numeric::make_numeric;
        MODULE DECIMAL "DECIMAL" "DECIMAL" [Numeric] "DECIMAL(precision=None, scale=None, decimal_return_scale=None, asdecimal=True)" numeric::make_numeric;
        MODULE Float "Float" "float" [Numeric] "Float(precision=None, asdecimal=False, decimal_return_scale=None)" numeric::make_float;
        MODULE FLOAT "FLOAT" "FLOAT" [Float] "FLOAT(precision=None, asdecimal=False, decimal_return_scale=None)" numeric::make_float;
        MODULE REAL "REAL" "REAL" [Float] "REAL(precision=None, asdecimal=False, decimal_return_scale=None)" numeric::make_float;
        MODULE Double "Double" "double" [Float] "Double(precision=None, asdecimal=False, decimal_return_scale=None)" numeric::make_float;
        MODULE DOUBLE "DOUBLE" "DOUBLE" [Double] "DOUBLE(precision=None, asdecimal=False, decimal_return_scale=None)" numeric::make_float;
        MODULE DOUBLE_PRECISION "DOUBLE_PRECISION" "DOUBLE_PRECISION" [Double] "DOUBLE_PRECISION(precision=None, asdecimal=False, decimal_return_scale=None)" numeric::make_float;
        MODULE String "String" "string" [Concatenable, TypeEngine] "String(length=None, collation=None)" string::make;
        MODULE Text "Text" "text" [String] "Text(length=None, collation=None)" string::make;
        MODULE Unicode "Unicode" "unicode" [String] "Unicode(length=None, collation=None)" string::make;
        MODULE UnicodeText "UnicodeText" "unicode_text" [Text] "UnicodeText(length=None, collation=None)" string::make;
        MODULE VARCHAR "VARCHAR" "VARCHAR" [String] "VARCHAR(length=None, collation=None)" string::make;
        MODULE NVARCHAR "NVARCHAR" "NVARCHAR" [Unicode] "NVARCHAR(length=None, collation=None)" string::make;
        MODULE CHAR "CHAR" "CHAR" [String] "CHAR(length=None, collation=None)" string::make;
        MODULE NCHAR "NCHAR" "NCHAR" [Unicode] "NCHAR(length=None, collation=None)" string::make;
        MODULE TEXT "TEXT" "TEXT" [Text] "TEXT(length=None, collation=None)" string::make;
        MODULE CLOB "CLOB" "CLOB" [Text] "CLOB(length=None, collation=None)" string::make;
        MODULE Boolean "Boolean" "boolean" [SchemaType, TypeEngine] "Boolean(create_constraint=False, name=None, _create_events=True)" boolean::make;
        MODULE BOOLEAN "BOOLEAN" "BOOLEAN" [Boolean] "BOOLEAN(create_constraint=False, name=None, _create_events=True)" boolean::make;
        MODULE MatchType "MatchType" "boolean" [Boolean] "MatchType(create_constraint=False, name=None, _create_events=True)" boolean::make;
        MODULE Date "Date" "date" [TypeEngine] "Date()" temporal::make_date;
        MODULE DateTime "DateTime" "datetime" [TypeEngine] "DateTime(timezone=False)" temporal::make_datetime;
        MODULE Time "Time" "time" [TypeEngine] "Time(timezone=False)" temporal::make_time;
        MODULE DATE "DATE" "DATE" [Date] "DATE()" temporal::make_date;
        MODULE DATETIME "DATETIME" "DATETIME" [DateTime] "DATETIME(timezone=False)" temporal::make_datetime;
        MODULE TIME "TIME" "TIME" [Time] "TIME(timezone=False)" temporal::make_time;
        MODULE TIMESTAMP "TIMESTAMP" "TIMESTAMP" [DateTime] "TIMESTAMP(timezone=False)" temporal::make_datetime;
        API TypeDecorator "TypeDecorator" "type_decorator" [ExternalType, TypeEngine] "TypeDecorator(*args, **kwargs)" decorator::make_decorator;
        API UserDefinedType "UserDefinedType" "user_defined" [ExternalType, TypeEngine] "UserDefinedType(*args, **kwargs)" decorator::make_user_defined;
        MODULE Interval "Interval" "interval" [TypeDecorator] "Interval(native=True, second_precision=None, day_precision=None)" temporal::make_interval;
        MODULE PickleType "PickleType" "type_decorator" [TypeDecorator] "PickleType(protocol=5, pickler=None, comparator=None, impl=None)" binary::make_pickle;
        MODULE _Binary "_Binary" "" [TypeEngine] "_Binary(length=None)" binary::make;
        MODULE LargeBinary "LargeBinary" "large_binary" [_Binary] "LargeBinary(length=None)" binary::make;
        MODULE BLOB "BLOB" "BLOB" [LargeBinary] "BLOB(length=None)" binary::make;
        MODULE BINARY "BINARY" "BINARY" [_Binary] "BINARY(length=None)" binary::make;
        MODULE VARBINARY "VARBINARY" "VARBINARY" [_Binary] "VARBINARY(length=None)" binary::make;
        MODULE Enum "Enum" "enum" [String, SchemaType] "Enum(*enums, **kw)" enums::make;
        MODULE JSON "JSON" "JSON" [JsonConstants, Indexable, TypeEngine] "JSON(none_as_null=False)" json::make;
        MODULE Uuid "Uuid" "uuid" [TypeEngine] "Uuid(as_uuid=True, native_uuid=True)" uuid::make;
        MODULE UUID "UUID" "UUID" [Uuid] "UUID(as_uuid=True)" uuid::make;
        MODULE ARRAY "ARRAY" "ARRAY" [Indexable, Concatenable, TypeEngine] "ARRAY(item_type, as_tuple=False, dimensions=None, zero_indexes=False)" array::make;
    }
}
