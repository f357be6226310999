//! The exception classes of `sqlalchemy.orm.exc`.

use crate::engine::exc::{
    ARGUMENT_ERROR, INVALID_REQUEST_ERROR, SQLALCHEMY_ERROR, construct_exception, with_code,
};
use crate::object::{Class, Cx, Raised, TypeSpec, Value, class_of};

const MODULE: &str = "sqlalchemy.orm.exc";

macro_rules! exceptions {
    ($($constant:ident = $name:literal : $base:ident;)*) => {
        $(#[doc = concat!("`", $name, "`.")]
        pub static $constant: TypeSpec = TypeSpec::new(MODULE, $name)
            .bases(&[&$base])
            .construct(construct_exception)
            .subclassable();)*
        /// Every class of the module.
        pub static CLASSES: &[&TypeSpec] = &[$(&$constant),*];
    };
}

exceptions! {
    STALE_DATA_ERROR = "StaleDataError": SQLALCHEMY_ERROR;
    FLUSH_ERROR = "FlushError": SQLALCHEMY_ERROR;
    MAPPED_ANNOTATION_ERROR = "MappedAnnotationError": ARGUMENT_ERROR;
    UNMAPPED_ERROR = "UnmappedError": INVALID_REQUEST_ERROR;
    OBJECT_DEREFERENCED_ERROR = "ObjectDereferencedError": SQLALCHEMY_ERROR;
    DETACHED_INSTANCE_ERROR = "DetachedInstanceError": SQLALCHEMY_ERROR;
    UNMAPPED_INSTANCE_ERROR = "UnmappedInstanceError": UNMAPPED_ERROR;
    UNMAPPED_CLASS_ERROR = "UnmappedClassError": UNMAPPED_ERROR;
    OBJECT_DELETED_ERROR = "ObjectDeletedError": INVALID_REQUEST_ERROR;
    UNMAPPED_COLUMN_ERROR = "UnmappedColumnError": INVALID_REQUEST_ERROR;
    LOADER_STRATEGY_EXCEPTION = "LoaderStrategyException": INVALID_REQUEST_ERROR;
}

/// The class of `sqlalchemy.orm.exc` named `name`.
pub fn class_named(name: &str) -> Option<&'static TypeSpec> {
    CLASSES.iter().copied().find(|spec| spec.name() == name)
}

/// `DetachedInstanceError`, with its background link.
pub fn detached(message: impl Into<String>) -> Raised {
    with_code(DETACHED_INSTANCE_ERROR.error(message), "bhk3")
}

/// `UnmappedInstanceError` for an object of no mapped class.
pub fn unmapped_instance(object: &Value, cx: &Cx) -> Raised {
    let name = |class: &Class| match class.module().as_str() {
        "" => class.qualname().to_string(),
        module => format!("{module}.{}", class.qualname()),
    };
    let class = class_of(object, cx);
    let mut message = format!("Class '{}' is not mapped", name(&class));
    if let Value::Class(given) = object {
        message = format!(
            "Class '{}' is not mapped; was a class ({}) supplied where an instance was required?",
            name(&class),
            name(given)
        );
    }
    UNMAPPED_INSTANCE_ERROR.error(message)
}

/// `UnmappedClassError`.
pub fn unmapped_class(class: &Class) -> Raised {
    if let Some(Value::Str(base)) = class.lookup(super::DEFERS) {
        return UNMAPPED_CLASS_ERROR.error(format!(
            "Class {}.{} is a subclass of {base}.  Mappings are not produced until the .prepare() \
             method is called on the class hierarchy.",
            class.module(),
            class.name()
        ));
    }
    UNMAPPED_CLASS_ERROR.error(format!(
        "Class '{}.{}' is not mapped",
        class.module(),
        class.qualname()
    ))
}
