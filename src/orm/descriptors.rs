//! Attributes that stand for others: synonyms and composites.

use std::rc::Rc;

use super::bundle::Bundle;
use super::instrumented::InstrumentedAttribute;
use super::mapper::MappedEntity;
use super::properties::{CompositeProperty, MapperProperty, PropertyKind, SynonymProperty};
use super::state::{InstanceState, state_of};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Cx, Result, Str, Value, find_attr};
use crate::sql::operators::Operator;
use crate::sql::{Annotations, ColumnElement, Modifiers, operate};

/// A synonym or composite as an attribute of a class or alias.
#[derive(Clone)]
pub struct DescriptorAttribute {
    entity: MappedEntity,
    property: Rc<MapperProperty>,
}

impl DescriptorAttribute {
    /// The attribute of `property` on `entity`.
    pub fn new(entity: MappedEntity, property: Rc<MapperProperty>) -> Self {
        Self { entity, property }
    }
    /// What it is an attribute of.
    pub fn entity(&self) -> &MappedEntity {
        &self.entity
    }
    /// The property.
    pub fn property(&self) -> &Rc<MapperProperty> {
        &self.property
    }
    /// The same on another entity.
    #[must_use]
    pub fn on(&self, entity: MappedEntity) -> Self {
        Self {
            entity,
            property: self.property.clone(),
        }
    }
    /// What it stands for, of a synonym: the attribute of that name.
    pub fn target(&self, cx: &Cx) -> Result<Option<Value>> {
        match self.property.kind() {
            PropertyKind::Synonym(synonym) => {
                let owner = self.entity.entity().value();
                cx.get_attr(&owner, &synonym.name).map(Some)
            }
            _ => Ok(None),
        }
    }
    /// It as an expression; of a composite, its columns as a list.
    pub fn element(&self, cx: &Cx) -> Result<Option<ColumnElement>> {
        if let Some(target) = self.target(cx)? {
            return super::instrumented::element_of(&target, cx).map(Some);
        }
        let columns = self.columns(cx)?;
        if columns.is_empty() {
            return Ok(None);
        }
        let list = ColumnElement::comma_list(columns, cx.compat());
        Ok(Some(list.annotate(Annotations {
            parent_entity: Some(self.entity.entity()),
            proxy_key: Some(self.property.key()),
            ..Annotations::default()
        })))
    }
    /// A composite as something to select: its objects.
    pub fn bundle(&self, cx: &Cx) -> Result<Option<Bundle>> {
        let Some(composite) = self.property.composite() else {
            return Ok(None);
        };
        let columns = self.columns(cx)?;
        let class = composite.class.borrow().clone();
        let attribute = Value::object(self.clone());
        let name = self.property.key();
        Ok(Some(Bundle::of_composite(name, columns, class, attribute)))
    }
    /// The columns of a composite.
    pub fn columns(&self, cx: &Cx) -> Result<Vec<ColumnElement>> {
        let Some(composite) = self.property.composite() else {
            return Ok(Vec::new());
        };
        parts(&self.property, composite, cx)?
            .iter()
            .map(|part| InstrumentedAttribute::of_entity(self.entity.clone(), part).element(cx))
            .collect()
    }
    /// `==` or `!=` of a composite with an object of its class.
    pub fn compare(&self, equal: bool, other: &Value, cx: &Cx) -> Result<ColumnElement> {
        let columns = self.columns(cx)?;
        let values = if other.is_none() {
            vec![Value::None; columns.len()]
        } else {
            composite_values(other, cx)?
        };
        let mut all = Vec::new();
        for (column, value) in columns.iter().zip(&values) {
            all.push(operate::operate(
                &Operator::Eq,
                column,
                value,
                false,
                Modifiers::default(),
                cx,
            )?);
        }
        let criterion = ColumnElement::and_(&all, cx.compat());
        Ok(if equal {
            criterion
        } else {
            criterion.negated(cx.compat())
        })
    }

    /// Read it from an instance.
    pub fn get(&self, instance: &Value, cx: &Cx) -> Result<Value> {
        match self.property.kind() {
            PropertyKind::Synonym(synonym) => get_synonym(synonym, instance, cx),
            PropertyKind::Composite(composite) => {
                get_composite(&self.property, composite, instance, cx)
            }
            _ => Ok(Value::None),
        }
    }
    /// Assign it on an instance.
    pub fn set(&self, instance: &Value, value: Value, cx: &Cx) -> Result<()> {
        match self.property.kind() {
            PropertyKind::Synonym(synonym) => cx.set_attr(instance, &synonym.name, value),
            PropertyKind::Composite(composite) => {
                set_composite(&self.property, composite, instance, value, cx)
            }
            _ => Ok(()),
        }
    }
}

fn get_synonym(synonym: &SynonymProperty, instance: &Value, cx: &Cx) -> Result<Value> {
    if let Value::Instance(held) = instance
        && !matches!(synonym.descriptor, Value::None | Value::Undefined)
    {
        return crate::object::bind(&synonym.descriptor, Some(instance), held.class(), cx);
    }
    cx.get_attr(instance, &synonym.name)
}

/// The column properties a composite is made of.
fn parts<'a>(
    property: &Rc<MapperProperty>,
    composite: &'a CompositeProperty,
    cx: &Cx,
) -> Result<&'a [Rc<MapperProperty>]> {
    if let Some(known) = composite.parts.get() {
        return Ok(known);
    }
    let mapper = property
        .parent()
        .ok_or_else(|| ARGUMENT_ERROR.error("composite without a mapper"))?;
    let mut found = Vec::new();
    for given in composite.given.borrow().iter() {
        let prop = match given {
            Value::Str(name) => mapper.prop(name),
            other => {
                if let Some(attribute) = other.downcast::<InstrumentedAttribute>() {
                    mapper.prop(attribute.key())
                } else {
                    let element = super::instrumented::element_of(other, cx)?;
                    mapper.column_prop(&element)
                }
            }
        };
        match prop {
            Some(prop) => found.push(prop),
            None => {
                return Err(ARGUMENT_ERROR.error(format!(
                    "Composite expects Column objects or mapped attributes/attribute names as \
                     arguments, got: [{}]",
                    cx.repr(given)?
                )));
            }
        }
    }
    Ok(composite.parts.get_or_init(|| found))
}

/// The names under which the columns of a composite are mapped, from the fields of its class.
pub fn composite_fields(class: &Value, cx: &Cx) -> Result<Vec<(Str, Option<Value>)>> {
    let Some(Value::Dict(fields)) = find_attr(class, "__dataclass_fields__", cx)? else {
        return Ok(Vec::new());
    };
    let entries: Vec<(Value, Value)> = fields
        .borrow()
        .iter()
        .map(|(key, value)| (key.value().clone(), value.clone()))
        .collect();
    let mut found = Vec::new();
    for (key, field) in entries {
        if let Value::Str(name) = key {
            found.push((name, find_attr(&field, "type", cx)?));
        }
    }
    Ok(found)
}

/// The column values of a composite object.
pub(super) fn composite_values(object: &Value, cx: &Cx) -> Result<Vec<Value>> {
    if find_attr(object, "__composite_values__", cx)?.is_some() {
        let values = cx.call_method(object, "__composite_values__", [])?;
        return cx.collect(&values);
    }
    let class = Value::Class(crate::object::class_of(object, cx));
    composite_fields(&class, cx)?
        .iter()
        .map(|(name, _)| cx.get_attr(object, name))
        .collect()
}

fn stored_name(property: &Rc<MapperProperty>, composite: &CompositeProperty) -> Str {
    composite
        .stored_as
        .get_or_init(|| Str::from(format!("_composite_{}", property.key())))
        .clone()
}

fn get_composite(
    property: &Rc<MapperProperty>,
    composite: &CompositeProperty,
    instance: &Value,
    cx: &Cx,
) -> Result<Value> {
    let name = stored_name(property, composite);
    let parts = parts(property, composite, cx)?.to_vec();
    let mut values = Vec::new();
    for part in &parts {
        values.push(cx.get_attr(instance, &part.key())?);
    }
    let Value::Instance(held) = instance else {
        return Ok(Value::None);
    };
    if let Some(known) = held.attribute(&name) {
        // It is made anew once the columns hold something else.
        let same = composite_values(&known, cx)?;
        let unchanged = same.len() == values.len()
            && same
                .iter()
                .zip(&values)
                .map(|(a, b)| cx.eq(a, b))
                .collect::<Result<Vec<_>>>()?
                .into_iter()
                .all(|same| same);
        if unchanged {
            return Ok(known);
        }
        held.remove_attribute(&name);
    }
    let has_row = state_of(held).is_some_and(InstanceState::has_identity);
    if values.iter().all(Value::is_none) && !has_row {
        return Ok(Value::None);
    }
    if values.iter().all(Value::is_none) {
        return Ok(Value::None);
    }
    let made = cx.call(&composite.class.borrow().clone(), values)?;
    held.set_attribute(name, made.clone());
    Ok(made)
}

fn set_composite(
    property: &Rc<MapperProperty>,
    composite: &CompositeProperty,
    instance: &Value,
    value: Value,
    cx: &Cx,
) -> Result<()> {
    let parts = parts(property, composite, cx)?.to_vec();
    let values = if value.is_none() {
        vec![Value::None; parts.len()]
    } else {
        composite_values(&value, cx)?
    };
    if let Value::Instance(held) = instance {
        let name = stored_name(property, composite);
        if value.is_none() {
            held.remove_attribute(&name);
        } else {
            held.set_attribute(name, value);
        }
    }
    for (part, value) in parts.iter().zip(values) {
        cx.set_attr(instance, &part.key(), value)?;
    }
    Ok(())
}
