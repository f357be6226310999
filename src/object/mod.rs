//! Python's data model: values, classes, instances, exceptions, calls, and the built-in types.
//! Every layer above speaks in these; nothing here knows SQL.
//!
//! Order inside: operators, value, packed, containers, dict, hash, class, instance, protocol, signature,
//! members, exceptions, metaclass, module, cx, attribute, ops, types. They name each other freely: a value
//! has a class, a class holds values.

mod attribute;
mod class;
mod containers;
mod cx;
mod dict;
pub mod exceptions;
mod hash;
mod instance;
mod iteration;
mod members;
mod metaclass;
mod module;
mod operators;
pub mod ops;
mod packed;
mod protocol;
mod refusals;
mod signature;
mod trash;
pub mod types;
mod value;

pub use attribute::{
    attr_names, bind, delete_attr, delete_instance_attr_plain, find_attr, instantiate,
    no_attribute, set_instance_attr_plain, suggestion, unsupported_attribute,
};
pub use class::{
    Class, ClassExtension, Construct, InitSubclass, Layout, Namespace, TypeSpec, class_version,
};
pub use containers::{CollectionHook, Key, List, Set, SetMap, StrKey, Tuple};
pub use cx::{Console, Cx, DepthGuard};
pub use dict::{Dict, DictMap, DictShape};
pub use exceptions::{ExceptionData, Raised, Span, exception_data, key_error, new_exception};
pub use hash::{hash_sequence, hash_str, hash_value, key_eq};
pub use instance::{Attributes, Instance, SlotDescriptor};
pub use members::{
    BOUND_METHOD, BoundMethod, Getter, METHOD, Members, Method, MethodKind, Native, Quick,
};
pub use metaclass::call_of_metaclass;
pub use module::{Export, MODULE, Module, ModuleSpec, count_exports, join_exports, refusal};
pub use operators::{BinaryOp, CompareOp, UnaryOp};
pub use ops::ValueIter;
pub use packed::{pack, packs_none, unpack, unpack_at};
pub use protocol::{Object, RowView};
pub use refusals::{RealNames, Refusals};
pub use signature::{Args, Bound, Parameter, ParameterKind, Signature};
pub use types::class_of;
pub use value::{Obj, Str, Value, WeakValue};

/// What may raise.
pub type Result<T> = std::result::Result<T, Raised>;
