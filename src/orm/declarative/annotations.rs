//! Annotations of declarative classes: `Mapped[...]`, what stands in it, and what that means for
//! columns and relationships.

use std::rc::Rc;

use super::{MappedColumn, types};
use crate::engine::exc::{ARGUMENT_ERROR, with_code};
use crate::object::types::generic::{ForwardRef, GenericAlias, UnionType};
use crate::object::types::{DICT, FROZENSET, LIST, SET};
use crate::object::{Class, Cx, Raised, Result, Str, TypeSpec, Value, class_of};
use crate::orm::configure::evaluate_global;
use crate::orm::exc::MAPPED_ANNOTATION_ERROR;
use crate::orm::registry::Registry;
use crate::sql::types::SqlType;

/// `Mapped`.
pub static MAPPED: TypeSpec = TypeSpec::new("sqlalchemy.orm.base", "Mapped")
    .members(mapped_members)
    .subclassable();
/// `DynamicMapped`.
pub static DYNAMIC_MAPPED: TypeSpec = TypeSpec::new("sqlalchemy.orm.base", "DynamicMapped")
    .bases(&[&MAPPED])
    .members(mapped_members);
/// `WriteOnlyMapped`.
pub static WRITE_ONLY_MAPPED: TypeSpec = TypeSpec::new("sqlalchemy.orm.base", "WriteOnlyMapped")
    .bases(&[&MAPPED])
    .members(mapped_members);

fn mapped_members(members: &mut crate::object::Members) {
    members.class_method("__class_getitem__(item, /)", |this, a, _| {
        let args = match a.at(0) {
            Value::Tuple(items) => items.to_vec(),
            one => vec![one.clone()],
        };
        let args = args
            .into_iter()
            .map(|arg| match arg {
                Value::Str(name) => Value::object(ForwardRef { name }),
                other => other,
            })
            .collect();
        Ok(Value::object(GenericAlias {
            origin: this.clone(),
            args,
            typing_name: Some(""),
        }))
    });
}

/// An annotation that is `Mapped[...]`, taken apart.
#[derive(Clone)]
pub struct Extracted {
    /// Which `Mapped` it is.
    pub container: Option<Rc<Class>>,
    /// What stood in it.
    pub inner: Value,
}

/// Take an annotation apart; `None`: it is no `Mapped[...]`.
pub fn extract(annotation: &Value) -> Option<Extracted> {
    if let Value::Str(text) = annotation {
        return extract_text(text, &Cx::current());
    }
    let alias = annotation.downcast::<GenericAlias>()?;
    let Value::Class(origin) = &alias.origin else {
        return None;
    };
    if !origin.derives_from(&MAPPED) {
        return None;
    }
    Some(Extracted {
        container: Some(origin.clone()),
        inner: alias.args.first().cloned().unwrap_or(Value::None),
    })
}

/// An annotation that is a text, as under `from __future__ import annotations`: what stands in
/// the brackets may name what is not defined yet, and stays a text.
fn extract_text(text: &str, cx: &Cx) -> Option<Extracted> {
    let (outer, rest) = text.split_once('[')?;
    let inner = rest.trim_end().strip_suffix(']')?;
    let container = match evaluate_global(outer, cx) {
        Ok(Value::Class(class)) if class.derives_from(&MAPPED) => class,
        _ => return None,
    };
    let inner = inner.trim().trim_matches(['"', '\'']);
    Some(Extracted {
        container: Some(container),
        inner: Value::object(ForwardRef {
            name: Str::new(inner),
        }),
    })
}

/// What a forward reference names, once it can be told.
fn resolve_forward(annotation: &Value, cx: &Cx) -> Result<Value> {
    match annotation.downcast::<ForwardRef>() {
        Some(forward) => evaluate_global(&forward.name, cx),
        None => Ok(annotation.clone()),
    }
}

/// Whether it is `ClassVar[...]` or bare `ClassVar`.
pub fn is_class_var(annotation: &Value) -> bool {
    annotation
        .downcast::<GenericAlias>()
        .is_some_and(|alias| alias.form() == Some("ClassVar"))
        || annotation
            .downcast::<crate::object::types::generic::SpecialForm>()
            .is_some_and(|form| form.name == "ClassVar")
}

/// The MappedAnnotationError for an annotation without `Mapped[]`.
pub fn not_mapped(class: &Class, key: &str) -> Raised {
    with_code(
        MAPPED_ANNOTATION_ERROR.error(format!(
            "Type annotation for \"{}.{key}\" can't be correctly interpreted for Annotated \
             Declarative Table form.  ORM annotations should normally make use of the \
             ``Mapped[]`` generic type, or other ORM-compatible generic type, as a container for \
             the actual type, which indicates the intent that the attribute is mapped. Class \
             variables that are not intended to be mapped by the ORM should use ClassVar[].  To \
             allow Annotated Declarative to disregard legacy annotations which don't use Mapped[] \
             to pass, set \"__allow_unmapped__ = True\" on the class or a superclass this class.",
            class.name()
        )),
        "zlpr",
    )
}

/// The error for an attribute that needs an annotation.
pub fn required(class: &Class, key: &str, construct: &str) -> Raised {
    let message = format!(
        "Python typing annotation is required for attribute \"{}.{key}\" when primary argument(s) \
         for \"{construct}\" construct are None or not present",
        class.name()
    );
    ARGUMENT_ERROR.error(message)
}

/// Whether `None` is among the alternatives.
pub fn includes_none(annotation: &Value) -> bool {
    match annotation {
        Value::None => true,
        Value::Class(class) => class.name() == "NoneType" && class.module() == "builtins",
        other => {
            if let Some(union) = other.downcast::<UnionType>() {
                return union.args.iter().any(includes_none);
            }
            if let Some(alias) = other.downcast::<GenericAlias>()
                && alias.form() == Some("Annotated")
            {
                return alias.args.first().is_some_and(includes_none);
            }
            if let Some(forward) = other.downcast::<ForwardRef>() {
                return text_includes_none(&forward.name);
            }
            false
        }
    }
}

fn text_includes_none(text: &str) -> bool {
    text.starts_with("Optional[") || text.split('|').any(|part| part.trim() == "None")
}

/// The annotation without `None` among its alternatives.
pub fn without_none(annotation: &Value) -> Value {
    if let Some(union) = annotation.downcast::<UnionType>() {
        let rest: Vec<Value> = union
            .args
            .iter()
            .filter(|arg| !includes_none(arg) || arg.downcast::<GenericAlias>().is_some())
            .cloned()
            .collect();
        return crate::object::types::generic::union_of(rest, union.typing);
    }
    if let Some(forward) = annotation.downcast::<ForwardRef>()
        && let Some(plain) = text_without_none(&forward.name)
    {
        return Value::object(ForwardRef {
            name: Str::from(plain),
        });
    }
    annotation.clone()
}

fn text_without_none(text: &str) -> Option<String> {
    if let Some(inner) = text
        .strip_prefix("Optional[")
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return Some(inner.trim().to_owned());
    }
    if !text.contains('|') {
        return None;
    }
    let parts: Vec<&str> = text
        .split('|')
        .map(str::trim)
        .filter(|part| *part != "None")
        .collect();
    Some(parts.join(" | "))
}

/// What `Annotated[X, ..]` carries: the type and the rest.
fn annotated(annotation: &Value) -> Option<(Value, Vec<Value>)> {
    let alias = annotation.downcast::<GenericAlias>()?;
    if alias.form() != Some("Annotated") {
        return None;
    }
    let (first, rest) = alias.args.split_first()?;
    Some((first.clone(), rest.to_vec()))
}

/// The ORM construct inside `Annotated[...]`, for an attribute without a value.
pub fn found_in_annotated(inner: &Value, cx: &Cx) -> Result<Option<Value>> {
    let Some((_, rest)) = annotated(&without_none(inner)) else {
        return Ok(None);
    };
    for one in rest {
        if one.downcast::<MappedColumn>().is_some() {
            return Ok(None);
        }
        if one
            .downcast::<crate::orm::instrumented::PropertyHandle>()
            .is_some()
        {
            return Err(
                crate::object::exceptions::NOT_IMPLEMENTED_ERROR.error(format!(
                    "Use of the {} construct inside an Annotated object is not yet supported.",
                    class_of(&one, cx).name()
                )),
            );
        }
    }
    Ok(None)
}

/// Let the annotation say what `mapped_column()` did not: type, nullability, and the arguments
/// of a `mapped_column()` inside `Annotated`.
pub fn apply_to_column(
    mapped: &MappedColumn,
    key: &str,
    inner: &Value,
    registry: &Rc<Registry>,
    cx: &Cx,
) -> Result<()> {
    let column = &mapped.column;
    let resolved = resolve_forward(inner, cx)?;
    let inner = &resolved;
    let nullable = includes_none(inner);
    if !mapped.has_nullable {
        column.options.borrow_mut().nullable = nullable;
    }
    let ours = without_none(inner);
    let (mut candidates, mut carried) = (vec![ours.clone()], None);
    if let Some((raw, rest)) = annotated(&ours) {
        candidates.push(without_none(&raw));
        carried = rest
            .into_iter()
            .find(|one| one.downcast::<MappedColumn>().is_some());
    }
    if let Some(carried) = carried.as_ref().and_then(Value::downcast::<MappedColumn>) {
        merge(carried, mapped);
    }
    if !column.with_type(SqlType::is_null) || !column.foreign_keys.borrow().is_empty() {
        return Ok(());
    }
    for candidate in &candidates {
        if let Some(ty) = types::resolve(registry, candidate, cx)? {
            column.set_type(ty);
            return Ok(());
        }
    }
    Err(unresolvable(key, &candidates, inner, cx))
}

/// Take over what a `mapped_column()` inside `Annotated` says and `own` does not.
fn merge(carried: &MappedColumn, own: &MappedColumn) {
    // What the annotation's own nullability said is settled by the caller.
    let nullable = own.column.nullable();
    carried.column.merge_into(&own.column);
    if !carried.has_nullable || own.has_nullable {
        own.column.options.borrow_mut().nullable = nullable;
    }
    if own.deferred.get().is_none() {
        own.deferred.set(carried.deferred.get());
    }
    if own.group.borrow().is_none() {
        *own.group.borrow_mut() = carried.group.borrow().clone();
    }
    if own.raiseload.get().is_none() {
        own.raiseload.set(carried.raiseload.get());
    }
    if own.sort_order.get().is_none() {
        own.sort_order.set(carried.sort_order.get());
    }
    if carried.active_history.get() {
        own.active_history.set(true);
    }
    if carried.use_existing.get() {
        own.use_existing.set(true);
    }
}

fn unresolvable(key: &str, candidates: &[Value], inner: &Value, cx: &Cx) -> Raised {
    let shown = |value: &Value| cx.str(value).unwrap_or_default();
    let first = candidates.first().cloned().unwrap_or(Value::None);
    let is_sql_type = match &first {
        Value::Class(class) => {
            crate::sql::types::all_classes().any(|known| class.derives_from(&known.spec))
        }
        _ => false,
    };
    if is_sql_type {
        return MAPPED_ANNOTATION_ERROR.error(format!(
            "The type provided inside the '{key}' attribute Mapped annotation is the SQLAlchemy \
             type {}. Expected a Python type instead",
            shown(&first)
        ));
    }
    let is_type = matches!(first, Value::Class(_))
        || first.downcast::<GenericAlias>().is_some()
        || first.downcast::<UnionType>().is_some();
    if !is_type {
        return MAPPED_ANNOTATION_ERROR.error(format!(
            "The object provided inside the '{key}' attribute Mapped annotation is not a Python \
             type, it's the object {}. Expected a Python type.",
            cx.repr(inner).unwrap_or_default()
        ));
    }
    let detail = match candidates {
        [_, second] => format!(
            "neither '{}' nor '{}' are resolvable by the registry",
            shown(&first),
            shown(second)
        ),
        _ => "the type object is not resolvable by the registry".to_owned(),
    };
    MAPPED_ANNOTATION_ERROR.error(format!(
        "Could not locate SQLAlchemy Core type when resolving for Python type indicated by '{}' \
         inside the Mapped[] annotation for the '{key}' attribute; {detail}",
        shown(&first)
    ))
}

/// What an annotation says of a relationship.
pub struct RelationshipAnnotation {
    /// What it points at: a class or a text.
    pub argument: Value,
    /// The collection class, if it is a collection.
    pub collection: Option<Value>,
    /// `dynamic`, `write_only`.
    pub lazy: Option<&'static str>,
}

fn is_collection(class: &Class) -> bool {
    [&LIST, &SET, &DICT, &FROZENSET]
        .iter()
        .any(|spec| class.derives_from(spec))
        || matches!(
            (class.module().as_str(), class.name().as_str()),
            ("collections.abc" | "typing", _)
        )
}

/// Read the annotation of a relationship.
pub fn of_relationship(extracted: &Extracted) -> Result<RelationshipAnnotation> {
    let lazy = match &extracted.container {
        Some(class) if class.derives_from(&WRITE_ONLY_MAPPED) => Some("write_only"),
        Some(class) if class.derives_from(&DYNAMIC_MAPPED) => Some("dynamic"),
        _ => None,
    };
    let inner = without_none(&extracted.inner);
    if let Some(forward) = inner.downcast::<ForwardRef>() {
        return Ok(of_text(&forward.name, lazy));
    }
    let Some(alias) = inner.downcast::<GenericAlias>() else {
        return Ok(RelationshipAnnotation {
            argument: inner,
            collection: None,
            lazy,
        });
    };
    let class = alias.origin_class();
    let collection = class.filter(|class| is_collection(class)).map(Value::Class);
    let is_dict = matches!(&collection, Some(Value::Class(class)) if class.derives_from(&DICT));
    let target = if is_dict {
        alias.args.last()
    } else {
        alias.args.first()
    };
    let Some(target) = target else {
        return Err(ARGUMENT_ERROR.error("Generic alias requires an argument"));
    };
    let argument = match target.downcast::<ForwardRef>() {
        Some(forward) => Value::Str(forward.name.clone()),
        None => target.clone(),
    };
    Ok(RelationshipAnnotation {
        argument,
        collection,
        lazy,
    })
}

/// An annotation given as a text, `"List[Address]"`.
fn of_text(text: &str, lazy: Option<&'static str>) -> RelationshipAnnotation {
    let text = text_without_none(text).unwrap_or_else(|| text.to_owned());
    if let Some((outer, rest)) = text.split_once('[') {
        let inner = rest.strip_suffix(']').unwrap_or(rest);
        let inner = inner.trim().trim_matches(['"', '\'']);
        let collection = match outer.trim().rsplit('.').next().unwrap_or(outer) {
            "List" | "list" => Some(LIST.class()),
            "Set" | "set" => Some(SET.class()),
            "Dict" | "dict" => Some(DICT.class()),
            _ => None,
        };
        let inner = if collection
            .as_ref()
            .is_some_and(|class| class.derives_from(&DICT))
        {
            inner
                .rsplit(',')
                .next()
                .unwrap_or(inner)
                .trim()
                .trim_matches(['"', '\''])
        } else {
            inner
        };
        return RelationshipAnnotation {
            argument: Value::str(inner),
            collection: collection.map(Value::Class),
            lazy,
        };
    }
    RelationshipAnnotation {
        argument: Value::str(text),
        collection: None,
        lazy,
    }
}
