//! Functions of `sqlalchemy.orm`: `aliased()`, `with_polymorphic()`, `with_parent()`, keyed dicts.

use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Cx, Method, Result, Str, TypeSpec, Value};
use crate::orm::{
    AliasHandle, AliasOptions, AliasedEntity, InstrumentedAttribute, MappedEntity, PropertyHandle,
    compare_with, configure_all, entity_of_value, polymorphic_members,
};
use crate::sql::coercions::{Coerced, coerce};
use crate::sql::{ColumnElement, FromClause};

/// The FROM element that an argument names: a statement becomes a subquery.
pub fn selectable(value: &Value, cx: &Cx) -> Result<Option<FromClause>> {
    if matches!(value, Value::Undefined | Value::None | Value::Bool(false)) {
        return Ok(None);
    }
    Ok(Some(match coerce(value, cx)? {
        Coerced::From(from) => from,
        Coerced::Statement(statement) => FromClause::Alias(statement.subquery(None, cx)?),
        _ => {
            return Err(ARGUMENT_ERROR.error(format!(
                "FROM expression, such as a Table or alias() object expected, got {}.",
                cx.repr(value)?
            )));
        }
    }))
}

/// `aliased()`.
pub fn aliased() -> Value {
    Method::function(
        "aliased(element, alias=None, name=None, flat=False, adapt_on_names=False)",
        |a, cx| {
            let given = a.value("element");
            let name = a.some("name").and_then(Value::as_str).map(Str::new);
            let Some(entity) = entity_of_value(given) else {
                if let Coerced::From(from) = coerce(given, cx)? {
                    let name = name.map(crate::sql::Name::Plain);
                    return Ok(Value::object(from.alias(name)));
                }
                return Err(super::inspection::no_inspection(given, cx));
            };
            crate::orm::configure_registry(entity.mapper().registry(), cx)?;
            let options = AliasOptions {
                selectable: selectable(a.value("alias"), cx)?,
                name,
                flat: a.flag("flat", false),
                adapt_on_names: a.flag("adapt_on_names", false),
            };
            Ok(Value::object(AliasHandle(AliasedEntity::new(
                &entity, options, cx,
            )?)))
        },
    )
}

/// `with_polymorphic()`.
pub fn with_polymorphic() -> Value {
    Method::function(
        "with_polymorphic(base, classes, selectable=False, flat=False, polymorphic_on=None, \
         aliased=False, innerjoin=False, adapt_on_names=False, name=None)",
        |a, cx| {
            let Some(entity) = entity_of_value(a.value("base")) else {
                return Err(super::inspection::no_inspection(a.value("base"), cx));
            };
            let mapper = entity.mapper();
            crate::orm::configure_registry(mapper.registry(), cx)?;
            let members = polymorphic_members(mapper, a.value("classes"), cx)?;
            let options = AliasOptions {
                selectable: selectable(a.value("selectable"), cx)?,
                name: a.some("name").and_then(Value::as_str).map(Str::new),
                flat: a.flag("flat", false),
                adapt_on_names: a.flag("adapt_on_names", false),
            };
            Ok(Value::object(AliasHandle(AliasedEntity::with_classes(
                mapper,
                members,
                a.flag("aliased", false),
                a.flag("innerjoin", false),
                options,
                cx,
            )?)))
        },
    )
}

/// `with_parent()`.
pub fn with_parent() -> Value {
    Method::function("with_parent(instance, prop, from_entity=None)", |a, cx| {
        let entity = a.some("from_entity").and_then(entity_of_value);
        parent_criterion(a.value("instance"), a.value("prop"), entity.as_ref(), cx)
            .map(Value::object)
    })
}

/// The criterion that relates `entity`, or the related class, to `instance` by `property`.
pub fn parent_criterion(
    instance: &Value,
    property: &Value,
    entity: Option<&MappedEntity>,
    cx: &Cx,
) -> Result<ColumnElement> {
    let mut of_type = None;
    let property = match property {
        Value::Str(name) => {
            let mapper = match instance {
                Value::Instance(instance) => crate::orm::mapper_of(instance),
                _ => None,
            };
            mapper.and_then(|mapper| mapper.prop(name))
        }
        other => match other.downcast::<InstrumentedAttribute>() {
            Some(attribute) => {
                of_type = attribute.of_type().cloned();
                Some(attribute.property().clone())
            }
            None => other
                .downcast::<PropertyHandle>()
                .map(|handle| handle.0.clone()),
        },
    };
    let Some(property) = property else {
        return Err(ARGUMENT_ERROR.error("relationship attribute expected for with_parent()"));
    };
    let criterion = compare_with(&property, Some(instance), true, true, cx)?;
    match entity.or(of_type.as_ref()) {
        Some(MappedEntity::Aliased(alias)) => alias.adapt(&criterion, cx),
        _ => Ok(criterion),
    }
}

/// `polymorphic_union()`.
pub fn polymorphic_union() -> Value {
    Method::function(
        "polymorphic_union(table_map, typecolname, aliasname=\"p_union\", cast_nulls=True)",
        |a, cx| {
            let Value::Dict(map) = a.value("table_map") else {
                return Err(ARGUMENT_ERROR.error("a dict of tables is expected"));
            };
            let entries: Vec<(Value, Value)> = map
                .borrow()
                .iter()
                .map(|(key, value)| (key.value().clone(), value.clone()))
                .collect();
            let mut tables = Vec::new();
            for (identity, table) in entries {
                if let Some(from) = selectable(&table, cx)? {
                    tables.push((identity, from));
                }
            }
            let name = match a.given("aliasname") {
                None => Some(Str::new("p_union")),
                Some(name) => name.as_str().map(Str::new),
            };
            let discriminator = a.some("typecolname").and_then(Value::as_str);
            let casts = a.flag("cast_nulls", true);
            crate::orm::polymorphic_union(&tables, discriminator, name, casts, cx)
                .map(Value::object)
        },
    )
}

/// `ConcreteBase`.
pub static CONCRETE_BASE: TypeSpec =
    TypeSpec::new("sqlalchemy.ext.declarative.extensions", "ConcreteBase")
        .members(|members| {
            members.class_method("__declare_first__()", |this, _, cx| {
                let Some(mapper) = crate::orm::mapper_of_value(this) else {
                    return Ok(Value::None);
                };
                let named = crate::object::find_attr(this, "_concrete_discriminator_name", cx)?;
                let named = named.as_ref().and_then(Value::as_str).unwrap_or("type");
                crate::orm::configure_concrete_base(&mapper, named, cx)?;
                Ok(Value::None)
            });
        })
        .subclassable();

/// `configure_mappers()`.
pub fn configure_mappers() -> Value {
    Method::function("configure_mappers()", |_, cx| {
        configure_all(cx)?;
        Ok(Value::None)
    })
}

/// `clear_mappers()`.
pub fn clear_mappers() -> Value {
    Method::function("clear_mappers()", |_, cx| {
        for registry in crate::orm::all_registries(cx) {
            registry.clear();
        }
        Ok(Value::None)
    })
}
