//! Mappers and aliases as the entities that SQL statements are made of.

use std::any::Any;
use std::rc::Rc;

use super::aliased::AliasedEntity;
use super::descriptors::composite_values;
use super::instrumented::InstrumentedAttribute;
use super::mapper::{Inheritance, MappedEntity, Mapper, from_description};
use super::properties::{MapperProperty, PropertyKind};
use super::{hooks, mapped_class};
use crate::object::{Cx, Result, Str, Value, find_attr};
use crate::sql::dml::{DmlValues, dml_key, dml_value};
use crate::sql::{
    ColumnElement, CompileStatePlugin, Entity, EntityCoercion, FromClause, Join, PluginContext,
    PluginSelect, Select, SelectItem,
};

impl Mapper {
    /// What it is selected from: its table or join, with the tables of the subclasses that
    /// `with_polymorphic` names.
    pub fn selectable_from(self: &Rc<Self>, cx: &Cx) -> Result<FromClause> {
        let Some(with) = self.with_polymorphic() else {
            return Ok(self.mapped_table().clone());
        };
        if let Some(selectable) = with.selectable {
            return Ok(selectable);
        }
        let mappers = self.with_polymorphic_mappers(cx)?;
        Ok(self.joined_with(&mappers, false))
    }
    /// The mappers that `with_polymorphic` selects by default, itself first; empty without.
    pub fn with_polymorphic_mappers(self: &Rc<Self>, _cx: &Cx) -> Result<Vec<Rc<Self>>> {
        let Some(with) = self.with_polymorphic() else {
            return Ok(Vec::new());
        };
        Ok(match with.mappers {
            None => self.self_and_descendants(),
            Some(classes) => {
                let named: Vec<Rc<Self>> = classes.iter().filter_map(mapper_of_value).collect();
                self.polymorphic_members(&named)
            }
        })
    }
    /// It, and of its descendants those named and those between them and it, in order.
    pub fn polymorphic_members(self: &Rc<Self>, named: &[Rc<Self>]) -> Vec<Rc<Self>> {
        self.self_and_descendants()
            .into_iter()
            .filter(|mapper| Rc::ptr_eq(mapper, self) || named.iter().any(|one| one.isa(mapper)))
            .collect()
    }
    /// Its table or join, joined to the tables of `mappers` below it.
    pub fn joined_with(self: &Rc<Self>, mappers: &[Rc<Self>], inner: bool) -> FromClause {
        let mut from = self.mapped_table().clone();
        let mut joined = vec![from.clone()];
        for mapper in mappers {
            let own = mapper.local_table();
            let known = self.tables().iter().any(
                |table| matches!(own.plain(), FromClause::Table(one) if Rc::ptr_eq(one, table)),
            ) || joined.iter().any(|one| one.same(own));
            if known || mapper.inheritance() != Inheritance::Joined {
                continue;
            }
            joined.push(own.clone());
            from = FromClause::Join(Rc::new(Join {
                left: from,
                right: own.clone(),
                onclause: mapper.inherit_condition(),
                isouter: !inner,
                full: false,
            }));
        }
        from
    }
    /// The column properties that selecting it loads, with those of `mappers` below it.
    pub fn polymorphic_props(self: &Rc<Self>, mappers: &[Rc<Self>]) -> Vec<Rc<MapperProperty>> {
        let mut found: Vec<Rc<MapperProperty>> = self.prop_list();
        for mapper in mappers {
            found.extend(mapper.prop_list());
        }
        let own = self.polymorphic_on();
        let mut seen = rustc_hash::FxHashSet::default();
        found
            .retain(|prop| seen.insert(prop.id()) && !is_foreign_discriminator(prop, own.as_ref()));
        found
    }
}

/// Whether the property is a discriminator, and not the one that the mapper goes by, `own`: it may
/// depend on what another mapper selects from.
fn is_foreign_discriminator(prop: &MapperProperty, own: Option<&ColumnElement>) -> bool {
    let Some(part) = prop
        .column()
        .filter(|part| part.is_polymorphic_discriminator.get())
    else {
        return false;
    };
    let first = part.first();
    !matches!((own, first), (Some(own), Some(first)) if own.same(&first))
}

fn column_elements(
    entity: &MappedEntity,
    props: &[Rc<MapperProperty>],
    cx: &Cx,
) -> Result<Vec<ColumnElement>> {
    let mut columns = Vec::new();
    for prop in props {
        let PropertyKind::Column(part) = prop.kind() else {
            continue;
        };
        if !part.instrument.get() || !part.renders_in_subqueries() {
            continue;
        }
        let key = part.is_expression().then(|| prop.key());
        let count = if cx.compat().is_14() { 1 } else { usize::MAX };
        for column in part.columns.borrow().iter().take(count) {
            columns.push(entity.annotate_column(column, key.as_ref(), cx)?);
        }
    }
    Ok(columns)
}

fn attribute_of(
    entity: &MappedEntity,
    value: &Value,
    name: &str,
    cx: &Cx,
) -> Result<Option<Value>> {
    if let Some(prop) = entity.mapper().prop(name)
        && matches!(
            prop.kind(),
            PropertyKind::Column(_) | PropertyKind::Relationship(_)
        )
    {
        return Ok(Some(Value::object(InstrumentedAttribute::of_entity(
            entity.clone(),
            &prop,
        ))));
    }
    find_attr(value, name, cx)
}

/// What setting a hybrid sets: the attribute that it stands for, or the pairs that its
/// `update_expression` answers with, or its expression.
fn hybrid_values(
    hybrid: &super::HybridAttribute,
    value: &Value,
    cx: &Cx,
) -> Result<Option<DmlValues>> {
    let pair = |key: &Value, value: &Value| Ok((dml_key(key, cx)?, dml_value(value, cx)?));
    let expression = hybrid.expression();
    let stands_for_attribute = expression.downcast::<InstrumentedAttribute>().is_some();
    let answered = match stands_for_attribute {
        true => None,
        false => hybrid.update_pairs(value, cx)?,
    };
    let Some(answered) = answered else {
        return Ok(Some(vec![pair(expression, value)?]));
    };
    let mut values = Vec::new();
    for one in cx.collect(&answered)? {
        match cx.collect(&one)?.as_slice() {
            [key, value] => values.push(pair(key, value)?),
            parts => return Err(wrong_count(parts.len())),
        }
    }
    Ok(Some(values))
}

/// Python's error for a pair that is none.
fn wrong_count(got: usize) -> crate::object::Raised {
    crate::object::exceptions::VALUE_ERROR.error(match got {
        0 | 1 => format!("not enough values to unpack (expected 2, got {got})"),
        _ => "too many values to unpack (expected 2)".to_owned(),
    })
}

/// The columns that setting attribute `name` of `mapper` sets: a column property its column, a
/// composite those of its parts.
fn dml_values(mapper: &Mapper, name: &str, value: &Value, cx: &Cx) -> Result<Option<DmlValues>> {
    let Some(prop) = mapper.prop(name) else {
        let owner = Value::Class(mapper.class().clone());
        return match find_attr(&owner, name, cx)? {
            Some(found) => match found.downcast::<super::HybridAttribute>() {
                Some(hybrid) => hybrid_values(hybrid, value, cx),
                None => Ok(None),
            },
            None => Ok(None),
        };
    };
    Ok(match prop.kind() {
        PropertyKind::Column(part) => match part.first() {
            Some(column) => {
                let column = column.plain().clone();
                let key = dml_key(&Value::object(column), cx)?;
                Some(vec![(key, dml_value(value, cx)?)])
            }
            None => None,
        },
        PropertyKind::Synonym(synonym) => dml_values(mapper, &synonym.name, value, cx)?,
        PropertyKind::Composite(composite) => {
            let parts = composite.parts.get().map_or(&[][..], Vec::as_slice);
            let values = match value {
                Value::None => vec![Value::None; parts.len()],
                object => composite_values(object, cx)?,
            };
            let mut found = Vec::new();
            for (part, value) in parts.iter().zip(&values) {
                found.extend(dml_values(mapper, &part.key(), value, cx)?.unwrap_or_default());
            }
            Some(found)
        }
        PropertyKind::Relationship(_) | PropertyKind::ConcreteInherited => None,
    })
}

impl Entity for Mapper {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn identity(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }
    fn value(&self) -> Value {
        Value::Class(self.class().clone())
    }
    fn selectable(&self, cx: &Cx) -> Result<FromClause> {
        match self.shared() {
            Some(mapper) => mapper.selectable_from(cx),
            None => Ok(self.mapped_table().clone()),
        }
    }
    fn dml_table(&self, _cx: &Cx) -> Result<FromClause> {
        Ok(self.local_table().clone())
    }
    fn dml_values(&self, name: &str, value: &Value, cx: &Cx) -> Result<Option<DmlValues>> {
        dml_values(self, name, value, cx)
    }
    fn columns(&self, cx: &Cx) -> Result<Vec<ColumnElement>> {
        let Some(mapper) = self.shared() else {
            return Ok(Vec::new());
        };
        let members = mapper.with_polymorphic_mappers(cx)?;
        let props = mapper.polymorphic_props(&members);
        column_elements(&MappedEntity::Mapper(mapper), &props, cx)
    }
    fn entity_attribute(&self, name: &str, cx: &Cx) -> Result<Option<Value>> {
        match self.shared() {
            Some(mapper) => attribute_of(&MappedEntity::Mapper(mapper), &self.value(), name, cx),
            None => Ok(None),
        }
    }
    fn text(&self, cx: &Cx) -> String {
        Mapper::describe(self, cx.compat())
    }
    fn describe(&self, cx: &Cx) -> String {
        self.selectable(cx)
            .map(|from| from_description(&from))
            .unwrap_or_default()
    }
    fn plugin(&self) -> Rc<dyn CompileStatePlugin> {
        hooks::plugin()
    }
}

impl Entity for AliasedEntity {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn identity(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }
    fn value(&self) -> Value {
        self.shared().map_or(Value::None, |alias| {
            Value::object(super::aliased::AliasHandle(alias))
        })
    }
    fn selectable(&self, _cx: &Cx) -> Result<FromClause> {
        Ok(AliasedEntity::selectable(self).clone())
    }
    fn columns(&self, cx: &Cx) -> Result<Vec<ColumnElement>> {
        let Some(alias) = self.shared() else {
            return Ok(Vec::new());
        };
        let props = alias.mapper().polymorphic_props(alias.with_polymorphic());
        column_elements(&MappedEntity::Aliased(alias), &props, cx)
    }
    fn entity_attribute(&self, name: &str, cx: &Cx) -> Result<Option<Value>> {
        let Some(alias) = self.shared() else {
            return Ok(None);
        };
        attribute_of(&MappedEntity::Aliased(alias), &self.value(), name, cx)
    }
    fn text(&self, cx: &Cx) -> String {
        AliasedEntity::describe(self, cx)
    }
    fn describe(&self, _cx: &Cx) -> String {
        from_description(AliasedEntity::selectable(self))
    }
    fn plugin(&self) -> Rc<dyn CompileStatePlugin> {
        hooks::plugin()
    }
}

/// The mapper that a class, mapper or alias stands for.
pub fn mapper_of_value(value: &Value) -> Option<Rc<Mapper>> {
    entity_of_value(value).map(|entity| entity.mapper().clone())
}

/// The mapper or alias that a value stands for: a class, a mapper, an alias, what `inspect()`
/// answers for one.
pub fn entity_of_value(value: &Value) -> Option<MappedEntity> {
    if let Value::Class(class) = value {
        return super::mapper::class_mapper(class).map(MappedEntity::Mapper);
    }
    if let Some(alias) = value.downcast::<super::aliased::AliasHandle>() {
        return Some(MappedEntity::Aliased(alias.0.clone()));
    }
    if let Some(alias) = value.downcast::<super::aliased::AliasInspection>() {
        return Some(MappedEntity::Aliased(alias.0.clone()));
    }
    if let Some(name) = value.downcast::<super::configure::ClassName>() {
        return super::mapper::class_mapper(name.class()).map(MappedEntity::Mapper);
    }
    value
        .downcast::<super::mapper::MapperHandle>()
        .map(|mapper| MappedEntity::Mapper(mapper.0.clone()))
}

/// Makes mapped classes, attributes and aliases fit where SQL is expected.
pub struct OrmCoercion;

impl EntityCoercion for OrmCoercion {
    fn entity(&self, value: &Value) -> Result<Option<Rc<dyn Entity>>> {
        if let Some(bundle) = value.downcast::<super::Bundle>() {
            return Ok(Some(Rc::new(match value {
                Value::Instance(_) => bundle.of_instance(value),
                _ => bundle.clone(),
            })));
        }
        let Some(entity) = entity_of_value(value) else {
            return match value {
                Value::Class(class) if class.lookup(super::DEFERS).is_some() => {
                    Err(super::exc::unmapped_class(class))
                }
                _ => Ok(None),
            };
        };
        Ok(Some(entity.entity()))
    }
    fn element(&self, value: &Value, cx: &Cx) -> Result<Option<ColumnElement>> {
        if let Some(attribute) = value.downcast::<InstrumentedAttribute>() {
            return attribute.element(cx).map(Some);
        }
        if let Some(column) = value.downcast::<super::declarative::MappedColumn>() {
            return Ok(Some(ColumnElement::Column(column.column.clone())));
        }
        if let Some(attribute) = value.downcast::<super::descriptors::DescriptorAttribute>() {
            return attribute.element(cx);
        }
        if let Some(property) = value.downcast::<super::instrumented::PropertyHandle>() {
            return Ok(property.0.column().and_then(super::ColumnProperty::first));
        }
        Ok(None)
    }
    fn selected(&self, value: &Value, cx: &Cx) -> Result<Option<Rc<dyn Entity>>> {
        let Some(attribute) = value.downcast::<super::descriptors::DescriptorAttribute>() else {
            return Ok(None);
        };
        let bundle = attribute.bundle(cx)?;
        Ok(bundle.map(|bundle| -> Rc<dyn Entity> { Rc::new(bundle) }))
    }
    fn is_attribute(&self, value: &Value, _cx: &Cx) -> bool {
        value.downcast::<InstrumentedAttribute>().is_some()
    }
    fn is_relationship(&self, value: &Value, _cx: &Cx) -> bool {
        value
            .downcast::<InstrumentedAttribute>()
            .is_some_and(InstrumentedAttribute::is_relationship)
    }
}

/// Let SQL know of mapped classes; called once per session.
pub fn register_coercion(cx: &Cx) {
    let coercions = cx.service::<crate::sql::coercions::Coercions>();
    coercions.register(Rc::new(OrmCoercion));
}

/// Whether a class is mapped.
pub fn is_mapped(value: &Value) -> bool {
    match value {
        Value::Class(class) => {
            mapped_class::MappedClass::own(class).is_some_and(|own| own.mapper().is_some())
        }
        _ => false,
    }
}

/// Compiles SELECTs of entities as SELECTs of their columns, where no loading is asked for.
pub struct PlainPlugin;

fn plain_items(select: &Select, cx: &Cx) -> Result<Vec<SelectItem>> {
    let mut items = Vec::new();
    for item in &select.data().raw_columns {
        match item {
            SelectItem::Entity(entity) => {
                items.extend(entity.columns(cx)?.into_iter().map(SelectItem::Column));
            }
            other => items.push(other.clone()),
        }
    }
    Ok(items)
}

impl CompileStatePlugin for PlainPlugin {
    fn compile_select(
        &self,
        select: &Select,
        _context: PluginContext,
        cx: &Cx,
    ) -> Result<PluginSelect> {
        let items = plain_items(select, cx)?;
        let select = select.with(|data| {
            data.raw_columns = items;
            data.subject = None;
        });
        Ok(PluginSelect {
            select,
            statement: None,
            plan: None,
        })
    }
    fn exported_columns(&self, select: &Select, cx: &Cx) -> Result<Vec<(Str, ColumnElement)>> {
        let mut columns = Vec::new();
        for item in plain_items(select, cx)? {
            if let SelectItem::Column(column) = item {
                let key = column
                    .annotations()
                    .and_then(|notes| notes.proxy_key.clone())
                    .or_else(|| column.key().and_then(|key| key.text().cloned()));
                columns.push((key.unwrap_or_else(|| Str::new("")), column));
            }
        }
        Ok(columns)
    }
    fn column_descriptions(&self, _select: &Select, _cx: &Cx) -> Result<Value> {
        Ok(Value::list(Vec::new()))
    }
    fn entity_description(&self, entity: &dyn Entity, _cx: &Cx) -> Result<Value> {
        Ok(entity.value())
    }
    fn returned_descriptions(&self, _select: &Select, _cx: &Cx) -> Result<Value> {
        Ok(Value::list(Vec::new()))
    }
    fn columns_clause_froms(&self, select: &Select, cx: &Cx) -> Result<Vec<FromClause>> {
        let mut froms: Vec<FromClause> = Vec::new();
        for item in &select.data().raw_columns {
            if let SelectItem::Entity(entity) = item {
                froms.push(entity.selectable(cx)?);
            }
        }
        Ok(froms)
    }
    fn filter_by_entity(&self, select: &Select, _cx: &Cx) -> Result<Option<Rc<dyn Entity>>> {
        Ok(select.data().subject.clone())
    }
}
