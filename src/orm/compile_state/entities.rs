//! What is given to `select()`, as the ORM sees it.

use std::rc::Rc;

use crate::object::{Cx, Result, Str, Value};
use crate::orm::path::Path;
use crate::orm::{Bundle, InstrumentedAttribute, MappedEntity};
use crate::sql::{ColumnElement, Entity, FromClause, Select, SelectItem};

/// Something selected.
#[derive(Clone)]
pub enum QueryEntity {
    /// A mapped class or alias.
    Mapped(MappedQuery),
    /// A column or expression.
    Column(ColumnQuery),
    /// A bundle.
    Bundle(BundleQuery),
}

/// A mapped class or alias that is selected.
#[derive(Clone)]
pub struct MappedQuery {
    /// The entity.
    pub entity: MappedEntity,
    /// What it is selected from.
    pub selectable: FromClause,
    /// Its path.
    pub path: Path,
}

/// A column or expression that is selected.
#[derive(Clone)]
pub struct ColumnQuery {
    /// The expression.
    pub column: ColumnElement,
    /// The entity whose attribute it is or holds.
    pub entity: Option<MappedEntity>,
    /// The value that scripts know it by.
    pub value: Value,
}

/// A bundle that is selected.
#[derive(Clone)]
pub struct BundleQuery {
    /// The bundle.
    pub bundle: Bundle,
    /// Its members and their names.
    pub members: Vec<(Str, QueryEntity)>,
}

impl QueryEntity {
    /// The entity selected as a whole.
    pub fn mapped(&self) -> Option<&MappedEntity> {
        match self {
            Self::Mapped(mapped) => Some(&mapped.entity),
            Self::Column(_) | Self::Bundle(_) => None,
        }
    }
    /// The entity it is about.
    pub fn entity(&self) -> Option<&MappedEntity> {
        match self {
            Self::Mapped(mapped) => Some(&mapped.entity),
            Self::Column(column) => column.entity.as_ref(),
            Self::Bundle(bundle) => bundle.members.iter().find_map(|(_, one)| one.entity()),
        }
    }
    /// What it is selected from, where joins start from.
    pub fn selectable(&self, cx: &Cx) -> Result<Option<FromClause>> {
        Ok(match self {
            Self::Mapped(mapped) => Some(mapped.selectable.clone()),
            Self::Column(column) => match &column.entity {
                Some(entity) => Some(entity.entity().selectable(cx)?),
                None => column.column.from_objects().into_iter().next(),
            },
            Self::Bundle(bundle) => match bundle.members.first() {
                Some((_, member)) => member.selectable(cx)?,
                None => None,
            },
        })
    }
}

/// What `select` selects.
pub fn entities_of(select: &Select, cx: &Cx) -> Result<Vec<QueryEntity>> {
    entities_of_items(&select.data().raw_columns, cx)
}

/// What these items of a SELECT are.
pub fn entities_of_items(items: &[SelectItem], cx: &Cx) -> Result<Vec<QueryEntity>> {
    let mut found = Vec::new();
    for item in items {
        add_item(item, &mut found, cx)?;
    }
    Ok(found)
}

fn add_item(item: &SelectItem, found: &mut Vec<QueryEntity>, cx: &Cx) -> Result<()> {
    match item {
        SelectItem::Entity(entity) => {
            if let Some(bundle) = entity.as_any().downcast_ref::<Bundle>() {
                found.push(bundle_query(bundle, cx)?);
                return Ok(());
            }
            let Some(mapped) = MappedEntity::of(entity.as_ref()) else {
                for column in entity.columns(cx)? {
                    found.push(column_query(&column));
                }
                return Ok(());
            };
            found.push(QueryEntity::Mapped(MappedQuery {
                selectable: entity.selectable(cx)?,
                path: Path::entity(&mapped),
                entity: mapped,
            }));
        }
        SelectItem::From(from) => {
            for column in from.column_list(cx)? {
                found.push(column_query(&column));
            }
        }
        SelectItem::Column(column) => found.push(column_query(column)),
    }
    Ok(())
}

fn bundle_query(bundle: &Bundle, cx: &Cx) -> Result<QueryEntity> {
    let mut members = Vec::new();
    for (name, item) in bundle.members() {
        let mut found = Vec::new();
        add_item(item, &mut found, cx)?;
        members.extend(found.into_iter().map(|entity| (name.clone(), entity)));
    }
    Ok(QueryEntity::Bundle(BundleQuery {
        bundle: bundle.clone(),
        members,
    }))
}

fn column_query(column: &ColumnElement) -> QueryEntity {
    let entity = entity_in(column);
    let value = attribute_value(column).unwrap_or_else(|| Value::object(column.clone()));
    QueryEntity::Column(ColumnQuery {
        entity,
        value,
        column: column.clone(),
    })
}

/// The attribute that an expression is of, as scripts see it.
pub fn attribute_value(column: &ColumnElement) -> Option<Value> {
    let notes = column.annotations()?;
    let key = notes.proxy_key.as_ref()?;
    let entity = MappedEntity::of(notes.parent_entity.as_ref()?.as_ref())?;
    let property = entity.mapper().prop(key)?;
    let attribute = InstrumentedAttribute::of_entity(entity, &property);
    Some(Value::object(attribute))
}

/// The entity that an expression, or the first attribute in it, was taken from.
pub fn entity_in(element: &ColumnElement) -> Option<MappedEntity> {
    let noted = |one: &ColumnElement| {
        let entity: Rc<dyn Entity> = one.annotations()?.parent_entity.clone()?;
        MappedEntity::of(entity.as_ref())
    };
    // Level by level, and not into subqueries.
    let mut level = vec![element.clone()];
    while !level.is_empty() {
        if let Some(found) = level.iter().find_map(noted) {
            return Some(found);
        }
        let mut next = Vec::new();
        for one in &level {
            one.plain()
                .for_each_child(&mut |child| next.push(child.clone()));
        }
        level = next;
    }
    None
}
