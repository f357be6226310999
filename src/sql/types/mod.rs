//! SQL types: a file per family, and [`TYPES`], the table of the generic ones. A dialect's own
//! types stand in tables of the same shape, see `dialects`.

mod affinity;
mod array;
mod binary;
mod boolean;
mod class;
mod comparator;
mod decorator;
mod enums;
mod hooked;
mod json;
mod null;
mod numeric;
mod object;
mod python;
mod resolve;
mod storage;
mod string;
mod table;
mod temporal;
mod uuid;

pub use affinity::Affinity;
pub use array::ArrayType;
pub(crate) use array::make as make_array;
pub use binary::BinaryType;
pub use boolean::BooleanType;
pub use class::{Arguments, Make, Processor, SqlType, TypeClass, TypeEngine, type_class};
pub use comparator::{COMPARATOR, comparator_of, operate_by_type};
pub use decorator::{Decorator, SqlHook};
pub use enums::EnumType;
pub(crate) use enums::make as make_enum;
pub use hooked::TypeCompiler;
pub(crate) use json::make as make_json;
pub(crate) use json::make_postgresql as make_postgresql_json;
pub use json::{JSON_NULL, JsonPart, JsonType};
pub use null::{NullType, TupleType};
pub use numeric::{IntegerType, NumericType};
pub use object::{construct_type, type_members};
pub use resolve::{enum_type, type_of_value};
pub use storage::StorageFormat;
pub use string::StringType;
pub(crate) use table::type_table;
pub use table::{TYPES, names, row};
pub use temporal::{TemporalKind, TemporalType};
pub use uuid::UuidType;

/// Every class of types: the generic ones and those of the dialects.
pub fn all_classes() -> impl Iterator<Item = &'static TypeClass> {
    TYPES.iter().copied().chain(
        super::dialects::DIALECT_TYPES
            .iter()
            .flat_map(|(_, types)| types.iter().copied()),
    )
}
