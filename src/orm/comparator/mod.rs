//! What operators on relationship attributes make: EXISTS and comparisons with objects.

mod joins;
mod lazy;

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::{Cx, Instance, Result, Str, Value};
use crate::orm::aliased::anonymous;
use crate::orm::attribute::Held;
use crate::orm::instrumented::InstrumentedAttribute;
use crate::orm::mapper::{MappedEntity, Mapper};
use crate::orm::passive::Passive;
use crate::orm::properties::{Direction, MapperProperty, RelationshipProperty};
use crate::orm::state::state_of;
use crate::sql::coercions::{self, Coerced};
use crate::sql::operators::Operator;
use crate::sql::visitors::{self, ClauseAdapter};
use crate::sql::{
    Annotations, BindParameter, BindValue, ColumnElement, FromClause, FromItem, Modifiers, Select,
    SelectData, SelectItem, SelectStatement, operate,
};
use joins::configured;
pub use joins::{
    AdapterChain, JoinRequest, RelationshipJoin, create_joins, single_table_criterion,
};
pub use lazy::{LazyClause, lazy_clause};

/// A relationship attribute as an expression: its join condition.
pub(super) fn clause_element(attribute: &InstrumentedAttribute, cx: &Cx) -> Result<ColumnElement> {
    let property = attribute.property();
    let Some(relationship) = property.relationship() else {
        return Err(INVALID_REQUEST_ERROR.error("not a relationship"));
    };
    let join = create_joins(
        property,
        relationship,
        JoinRequest {
            source: alias_selectable(attribute),
            of_type: attribute.of_type(),
            alias_secondary: true,
            criteria: attribute.criteria().to_vec(),
            ..JoinRequest::default()
        },
        cx,
    )?;
    Ok(match join.secondaryjoin {
        Some(second) => ColumnElement::and_(&[join.primaryjoin, second], cx.compat()),
        None => join.primaryjoin,
    })
}

fn alias_selectable(attribute: &InstrumentedAttribute) -> Option<FromClause> {
    match attribute.entity() {
        MappedEntity::Aliased(alias) => Some(alias.selectable().clone()),
        MappedEntity::Mapper(_) => None,
    }
}

fn relationship_of(attribute: &InstrumentedAttribute) -> Result<&RelationshipProperty> {
    attribute
        .property()
        .relationship()
        .ok_or_else(|| INVALID_REQUEST_ERROR.error("not a relationship"))
}

/// `EXISTS (SELECT 1 FROM target WHERE join AND criterion)`.
pub fn exists(
    attribute: &InstrumentedAttribute,
    criterion: Option<&Value>,
    keywords: &[(Str, Value)],
    cx: &Cx,
) -> Result<ColumnElement> {
    let property = attribute.property();
    let relationship = relationship_of(attribute)?;
    let compat = cx.compat();
    let mut wanted = match criterion {
        Some(value) => Some(coercions::expect_where(value, None, cx)?),
        None => None,
    };
    let entity = relationship.entity(cx)?.clone();
    let and = |a: Option<ColumnElement>, b: ColumnElement| match a {
        Some(a) => Some(ColumnElement::and_(&[a, b], compat)),
        None => Some(b),
    };
    let mut target = None;
    let mut target_is_alias = false;
    if let Some(of_type) = attribute.of_type() {
        let mut selectable = of_type.entity().selectable(cx)?;
        target_is_alias = matches!(of_type, MappedEntity::Aliased(_));
        let parent = property.parent();
        let own = parent.is_some_and(|parent| entity.mapper().common_parent(&parent));
        if own && !target_is_alias {
            selectable = anonymous(&selectable, None, false, cx)?;
        }
        if let Some(single) = single_table_criterion(of_type.mapper(), cx)? {
            wanted = match wanted {
                Some(wanted) => Some(ColumnElement::and_(&[single, wanted], compat)),
                None => Some(single),
            };
        }
        target = Some(selectable);
    }
    let join = create_joins(
        property,
        relationship,
        JoinRequest {
            source: alias_selectable(attribute),
            target,
            ..JoinRequest::default()
        },
        cx,
    )?;
    for (name, value) in keywords {
        let class = Value::Class(entity.mapper().class().clone());
        let compared = coercions::equals(&cx.get_attr(&class, name)?, value, cx)?;
        wanted = and(wanted, compared);
    }
    if let (Some(found), Some(adapter), false) = (&wanted, &join.adapter, target_is_alias) {
        wanted = Some(visitors::replace(found, adapter)?);
    }
    let mut condition = match &join.secondaryjoin {
        Some(second) => ColumnElement::and_(&[join.primaryjoin.clone(), second.clone()], compat),
        None => join.primaryjoin.clone(),
    };
    if let Some(wanted) = wanted {
        let wanted = wanted.annotate(Annotations {
            no_replacement_traverse: true,
            ..Annotations::default()
        });
        condition = ColumnElement::and_(&[condition, wanted], compat);
    }
    let mut froms = vec![FromItem::From(join.target)];
    if let Some(secondary) = join.secondary {
        if cx.compat().is_14() {
            froms.insert(0, FromItem::From(secondary));
        } else {
            froms.push(FromItem::From(secondary));
        }
    }
    let data = SelectData {
        raw_columns: vec![SelectItem::Column(ColumnElement::literal_column("1"))],
        from_obj: froms.clone(),
        where_criteria: vec![condition],
        correlate_except: Some(froms),
        ..SelectData::default()
    };
    Ok(SelectStatement::Select(Select::of(data)).exists())
}

/// `User.addresses.any(..)`.
pub fn any(
    attribute: &InstrumentedAttribute,
    criterion: Option<&Value>,
    keywords: &[(Str, Value)],
    cx: &Cx,
) -> Result<ColumnElement> {
    configured(attribute.property(), relationship_of(attribute)?, cx)?;
    if !relationship_of(attribute)?.uselist() {
        return Err(INVALID_REQUEST_ERROR
            .error("'any()' not implemented for scalar attributes. Use has()."));
    }
    exists(attribute, criterion, keywords, cx)
}

/// `Address.user.has(..)`.
pub fn has(
    attribute: &InstrumentedAttribute,
    criterion: Option<&Value>,
    keywords: &[(Str, Value)],
    cx: &Cx,
) -> Result<ColumnElement> {
    configured(attribute.property(), relationship_of(attribute)?, cx)?;
    if relationship_of(attribute)?.uselist() {
        return Err(INVALID_REQUEST_ERROR.error(if cx.compat().is_14() {
            "'has()' not implemented for collections.  Use any()."
        } else {
            "'has()' not implemented for collections. Use any()."
        }));
    }
    exists(attribute, criterion, keywords, cx)
}

fn is_null(value: &Value, cx: &Cx) -> Result<bool> {
    Ok(value.is_none()
        || matches!(
            coercions::coerce(value, cx)?,
            Coerced::Element(ColumnElement::Null)
        ))
}

const COLLECTION_COMPARED: &str = "Can't compare a collection to an object or collection; use \
                                   contains() to test for membership.";

/// `Address.user == value`.
pub fn equals(attribute: &InstrumentedAttribute, value: &Value, cx: &Cx) -> Result<ColumnElement> {
    let relationship = relationship_of(attribute)?;
    let join = configured(attribute.property(), relationship, cx)?;
    if is_null(value, cx)? {
        if join.direction == Direction::ManyToOne {
            return compared(attribute, None, false, true, cx);
        }
        return Ok(exists(attribute, None, &[], cx)?.negated(cx.compat()));
    }
    if relationship.uselist() {
        return Err(INVALID_REQUEST_ERROR.error(COLLECTION_COMPARED));
    }
    compared(attribute, Some(value), false, true, cx)
}

/// `Address.user != value`.
pub fn differs(attribute: &InstrumentedAttribute, value: &Value, cx: &Cx) -> Result<ColumnElement> {
    let relationship = relationship_of(attribute)?;
    let join = configured(attribute.property(), relationship, cx)?;
    if is_null(value, cx)? {
        if join.direction == Direction::ManyToOne {
            return Ok(compared(attribute, None, false, true, cx)?.negated(cx.compat()));
        }
        return exists(attribute, None, &[], cx);
    }
    if relationship.uselist() {
        return Err(INVALID_REQUEST_ERROR.error(COLLECTION_COMPARED));
    }
    negated_equality(attribute, value, cx)
}

/// `User.addresses.contains(value)`.
pub fn contains(
    attribute: &InstrumentedAttribute,
    value: &Value,
    cx: &Cx,
) -> Result<ColumnElement> {
    let relationship = relationship_of(attribute)?;
    configured(attribute.property(), relationship, cx)?;
    if !relationship.uselist() {
        return Err(INVALID_REQUEST_ERROR
            .error("'contains' not implemented for scalar attributes.  Use =="));
    }
    compared(attribute, Some(value), false, true, cx)
}

fn negated_equality(
    attribute: &InstrumentedAttribute,
    value: &Value,
    cx: &Cx,
) -> Result<ColumnElement> {
    let relationship = relationship_of(attribute)?;
    let join = configured(attribute.property(), relationship, cx)?;
    let target = relationship.mapper(cx)?;
    let instance = mapped_instance(attribute.property(), value, cx)?;
    let compat = cx.compat();
    if join.direction == Direction::ManyToOne && relationship.use_get() {
        let mut all = Vec::new();
        for (local, remote) in &join.local_remote_pairs {
            let local = match attribute.entity() {
                MappedEntity::Aliased(alias) => alias.adapt(local, cx)?,
                MappedEntity::Mapper(_) => local.clone(),
            };
            let bind = BindParameter::anonymous(
                local.key().and_then(|key| key.text().cloned()).as_deref(),
                value_of(&target, &instance, remote),
                local.type_(),
            );
            let differs = operate::compare(
                &Operator::Ne,
                &local,
                &bind.element(),
                false,
                Modifiers::default(),
                cx,
            );
            let none = operate::operate(
                &Operator::Eq,
                &local,
                &Value::None,
                false,
                Modifiers::default(),
                cx,
            )?;
            all.push(ColumnElement::or_(&[differs, none], compat));
        }
        return Ok(ColumnElement::and_(&all, compat));
    }
    let mut all = Vec::new();
    for column in target.primary_key().iter() {
        let value = value_of(&target, &instance, column);
        let bind = BindParameter::anonymous(
            column.key().and_then(|key| key.text().cloned()).as_deref(),
            value,
            column.type_(),
        );
        all.push(operate::compare(
            &Operator::Eq,
            column,
            &bind.element(),
            false,
            Modifiers::default(),
            cx,
        ));
    }
    let criterion = Value::object(ColumnElement::and_(&all, compat));
    Ok(exists(attribute, Some(&criterion), &[], cx)?.negated(compat))
}

fn mapped_instance(property: &Rc<MapperProperty>, value: &Value, cx: &Cx) -> Result<Rc<Instance>> {
    if let Value::Instance(instance) = value
        && state_of(instance).is_some()
    {
        return Ok(instance.clone());
    }
    let _ = cx;
    Err(ARGUMENT_ERROR.error(format!(
        "Mapped instance expected for relationship comparison to object.   Classes, queries and \
         other SQL elements are not accepted in this context; for comparison with a subquery, use \
         {property}.has(**criteria)."
    )))
}

/// The value of `column` on an object, asked when the statement runs.
pub(super) fn value_of(
    mapper: &Rc<Mapper>,
    instance: &Rc<Instance>,
    column: &ColumnElement,
) -> BindValue {
    let (mapper, column) = (mapper.clone(), column.clone());
    // The object is kept by its value alone where that is known: statements must not hold it.
    let weak = Rc::downgrade(instance);
    let last = mapper
        .column_slot(&column)
        .map_or(Value::Undefined, |slot| instance.slot(slot));
    BindValue::Native(Rc::new(move |cx| {
        let Some(instance) = weak.upgrade() else {
            return Ok(last.clone());
        };
        let value = current_value(&mapper, &instance, &column, &last, cx)?;
        if value.is_none() {
            cx.warn(
                &SA_WARNING,
                &format!(
                    "Got None for value of column {}; this is unsupported for a relationship \
                     comparison and will not currently produce an IS comparison (but may in a \
                     future release)",
                    super::configure::expression_text(&column, cx)
                ),
            );
        }
        Ok(value)
    }))
}

fn current_value(
    mapper: &Rc<Mapper>,
    instance: &Rc<Instance>,
    column: &ColumnElement,
    last: &Value,
    cx: &Cx,
) -> Result<Value> {
    let attribute = super::mapper::mapper_of(instance)
        .unwrap_or_else(|| mapper.clone())
        .expect_column_attribute(column)?;
    let Some(state) = state_of(instance) else {
        return Ok(Value::None);
    };
    let persistent = state.has_identity() && state.session_id() != 0;
    let passive = if persistent {
        Passive::OFF
    } else {
        Passive::NO_FETCH.without(Passive::INIT_OK)
    };
    let missing = |what: &str| {
        INVALID_REQUEST_ERROR.error(format!(
            "Can't resolve value for column {} on object {}; {what}",
            super::configure::expression_text(column, cx),
            state.describe()
        ))
    };
    match attribute.get(instance, passive, cx)? {
        Held::Value(value) => Ok(value),
        _ if !last.is_undefined() => Ok(last.clone()),
        Held::NoValue => Err(missing("no value has been set for this column")),
        Held::NoResult => Err(missing("the object is detached and the value was expired")),
    }
}

/// The comparison with an object, or with no object (`_optimized_compare`).
fn compared(
    attribute: &InstrumentedAttribute,
    value: Option<&Value>,
    value_is_parent: bool,
    alias_secondary: bool,
    cx: &Cx,
) -> Result<ColumnElement> {
    let property = attribute.property();
    let found = compare_with(property, value, value_is_parent, alias_secondary, cx)?;
    match attribute.entity() {
        MappedEntity::Aliased(alias) => alias.adapt(&found, cx),
        MappedEntity::Mapper(_) => Ok(found),
    }
}

/// The comparison of a relationship with an object, which is on the target side or, with
/// `value_is_parent`, the parent (`with_parent()`).
pub fn compare_with(
    property: &Rc<MapperProperty>,
    value: Option<&Value>,
    value_is_parent: bool,
    alias_secondary: bool,
    cx: &Cx,
) -> Result<ColumnElement> {
    let Some(relationship) = property.relationship() else {
        return Err(INVALID_REQUEST_ERROR.error("not a relationship"));
    };
    let join = configured(property, relationship, cx)?;
    let clause = lazy_clause(join, !value_is_parent, cx)?;
    let Some(value) = value else {
        return to_null(&clause, cx);
    };
    let instance = mapped_instance(property, value, cx)?;
    let mapper = if value_is_parent {
        property
            .parent()
            .ok_or_else(|| INVALID_REQUEST_ERROR.error("relationship without a mapper"))?
    } else {
        relationship.mapper(cx)?
    };
    let wanted: FxHashMap<usize, ColumnElement> = clause.binds.iter().cloned().collect();
    let fill = |element: &ColumnElement| -> Result<Option<ColumnElement>> {
        let ColumnElement::Bind(bind) = element else {
            return Ok(None);
        };
        let Some(column) = wanted.get(&element.identity()) else {
            return Ok(None);
        };
        let mut filled = bind.renamed();
        filled.value = value_of(&mapper, &instance, column);
        Ok(Some(filled.element()))
    };
    let mut criterion = clause.criterion;
    if let (Some(secondary), true) = (&join.secondary, alias_secondary) {
        let alias = anonymous(secondary, None, false, cx)?;
        criterion = ClauseAdapter::new(alias, cx)?.adapt(&criterion)?;
    }
    visitors::replace(&criterion, &fill)
}

/// `column IS NULL` in place of each comparison with a bind.
fn to_null(clause: &LazyClause, cx: &Cx) -> Result<ColumnElement> {
    let is_bind = |element: &ColumnElement| {
        clause
            .binds
            .iter()
            .any(|(identity, _)| *identity == element.identity())
    };
    let visit = |element: &ColumnElement| -> Result<Option<ColumnElement>> {
        let ColumnElement::Binary(binary) = element else {
            return Ok(None);
        };
        let column = if is_bind(&binary.right) {
            &binary.left
        } else if is_bind(&binary.left) {
            &binary.right
        } else {
            return Ok(None);
        };
        operate::operate(
            &Operator::Is,
            column,
            &Value::None,
            false,
            Modifiers::default(),
            cx,
        )
        .map(Some)
    };
    visitors::replace(&clause.criterion, &visit)
}
