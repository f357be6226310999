//! Small things that the session's side needs of mapped instances and SQL elements.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::engine::exc::NO_INSPECTION_AVAILABLE;
use crate::object::{CompareOp, Cx, Instance, Raised, Result, Str, Value, class_of, ops};
use crate::orm::aliased::{AliasOptions, AliasedEntity};
use crate::orm::attribute::{Attribute, Held};
use crate::orm::collections::adapter_of;
use crate::orm::identity::IdentityKey;
use crate::orm::instrumented::InstrumentedAttribute;
use crate::orm::mapper::{MappedEntity, Mapper};
use crate::orm::passive::Passive;
use crate::orm::state::{InstanceState, state_of};
use crate::sql::operators::Operator;
use crate::sql::{
    BindParameter, BindValue, ColumnElement, FromClause, Modifiers, Select, SelectItem,
    SelectStatement, Tuple, operate,
};

/// The identity key that an object's primary key attributes make.
pub fn identity_key_of(instance: &Rc<Instance>, cx: &Cx) -> Result<IdentityKey> {
    let Some(state) = state_of(instance) else {
        return Err(super::exc::unmapped_instance(
            &Value::Instance(instance.clone()),
            cx,
        ));
    };
    let mapper = state.mapper().clone();
    let columns = mapper.primary_key().clone();
    let mut values = Vec::with_capacity(columns.len());
    for column in &columns {
        let attribute = mapper.expect_column_attribute(column)?;
        let held = attribute.get(instance, Passive::RETURN_NO_VALUE, cx)?;
        values.push(match held {
            Held::Value(value) => value,
            Held::NoValue | Held::NoResult => Value::None,
        });
    }
    IdentityKey::new(mapper.identity_base().class(), values, Value::None, cx)
}

/// A new object of `mapper`'s class, whose `__init__` has not run.
pub fn new_instance(mapper: &Rc<Mapper>) -> Rc<Instance> {
    let instance = Instance::new(mapper.class().clone());
    drop(InstanceState::attach(&instance, mapper));
    instance
}

/// Put in a value that the database has.
pub fn set_committed(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    value: Value,
    cx: &Cx,
) -> Result<()> {
    attribute.set_committed(instance, value, cx).map(drop)
}

/// Empty a slot; a collection in it no longer counts as the instance's.
pub fn invalidate_slot(instance: &Instance, slot: u32) {
    let old = instance.set_slot(slot, Value::Undefined);
    if let Some(adapter) = adapter_of(&old) {
        adapter.invalidate();
    }
}

/// `users.id`, as messages show a column.
pub fn column_text(column: &ColumnElement) -> String {
    match column.plain() {
        ColumnElement::Column(column) => column.description(),
        other => {
            let name = other
                .key()
                .map_or_else(|| "expression".to_owned(), |name| name.base());
            match other.table() {
                Some(table) => format!("{}.{name}", table.description()),
                None => name,
            }
        }
    }
}

/// A mapper or alias, as messages show it.
pub fn entity_text(entity: &MappedEntity, cx: &Cx) -> String {
    match entity {
        MappedEntity::Mapper(mapper) => mapper.describe(cx.compat()),
        MappedEntity::Aliased(alias) => alias.describe(cx),
    }
}

/// `repr()` of a mapper or of what `inspect()` answers for an alias.
pub fn entity_repr(entity: &MappedEntity, cx: &Cx) -> String {
    let shown = match entity {
        MappedEntity::Mapper(mapper) => Value::object(super::mapper::MapperHandle(mapper.clone())),
        MappedEntity::Aliased(alias) => {
            Value::object(super::aliased::AliasInspection(alias.clone()))
        }
    };
    cx.repr(&shown).unwrap_or_default()
}

/// Whether two elements are the same column, whatever is noted on them.
pub fn same_columns(a: &ColumnElement, b: &ColumnElement) -> bool {
    a.plain().same(b.plain())
}

/// The attribute that a value is.
pub fn attribute_of_value(value: &Value) -> Option<InstrumentedAttribute> {
    value.downcast::<InstrumentedAttribute>().cloned()
}

/// Whether two values are the same attribute of the same entity.
pub fn same_attribute(a: &Value, b: &Value) -> bool {
    match (
        a.downcast::<InstrumentedAttribute>(),
        b.downcast::<InstrumentedAttribute>(),
    ) {
        (Some(a), Some(b)) => a.key() == b.key() && a.entity().same(b.entity()),
        _ => match (a.downcast::<ColumnElement>(), b.downcast::<ColumnElement>()) {
            (Some(a), Some(b)) => same_columns(a, b),
            _ => false,
        },
    }
}

/// Two keys in the order of Python's tuples.
pub fn compare_keys(a: &[Value], b: &[Value], cx: &Cx) -> Result<Ordering> {
    for (left, right) in a.iter().zip(b) {
        if let (Value::Int(left), Value::Int(right)) = (left, right) {
            match left.cmp(right) {
                Ordering::Equal => continue,
                order => return Ok(order),
            }
        }
        if cx.eq(left, right)? {
            continue;
        }
        let less = ops::compare(CompareOp::Lt, left, right, cx)?;
        return Ok(if cx.truthy(&less)? {
            Ordering::Less
        } else {
            Ordering::Greater
        });
    }
    Ok(a.len().cmp(&b.len()))
}

/// `NoInspectionAvailable`.
pub fn no_inspection(value: &Value, cx: &Cx) -> Raised {
    let class = class_of(value, cx);
    NO_INSPECTION_AVAILABLE.error(format!(
        "No inspection system is available for object of type <class '{}'>",
        class.full_name()
    ))
}

/// A SELECT of `items`.
pub fn select_of(items: Vec<SelectItem>, cx: &Cx) -> Result<Select> {
    Select::new(items, cx)
}

/// `SELECT ..` of `select` as a FROM element.
pub fn subquery_of(select: &Select, cx: &Cx) -> Result<FromClause> {
    let statement = SelectStatement::Select(select.clone());
    Ok(FromClause::Alias(statement.subquery(None, cx)?))
}

/// A bind that execution must give a value.
pub fn required_bind(name: &str, element: &ColumnElement) -> ColumnElement {
    BindParameter {
        required: true,
        ..BindParameter::named(name, BindValue::None, element.type_())
    }
    .element()
}

/// `element = :name`.
pub fn element_equals_bind(element: &ColumnElement, name: &str, cx: &Cx) -> ColumnElement {
    operate::compare(
        &Operator::Eq,
        element,
        &required_bind(name, element),
        false,
        Modifiers::default(),
        cx,
    )
}

/// `element IS NULL`.
pub fn element_is_null(element: &ColumnElement, cx: &Cx) -> ColumnElement {
    operate::compare(
        &Operator::Is,
        element,
        &ColumnElement::Null,
        false,
        Modifiers::default(),
        cx,
    )
}

/// `a IN (:name)`, `(a, b) IN (:name)`: a bind that is given a list at execution.
pub fn in_bind(columns: &[ColumnElement], name: &str, cx: &Cx) -> Result<ColumnElement> {
    let left = match columns {
        [column] => column.clone(),
        several => ColumnElement::Tuple(Rc::new(Tuple {
            clauses: several.to_vec(),
            types: several.iter().map(ColumnElement::type_).collect(),
        })),
    };
    let mut bind = left.bind_param(&Operator::In, &Value::list(Vec::new()), None, true, cx)?;
    bind.key = crate::sql::Name::plain(name);
    bind.orig_key = Str::new(name);
    bind.unique = false;
    bind.value = BindValue::None;
    bind.required = true;
    bind.expand_op = Some(Operator::In);
    operate::operate(
        &Operator::In,
        &left,
        &Value::object(bind.element()),
        false,
        Modifiers::default(),
        cx,
    )
}

/// Eager joins and `of_type()` select the target from an alias of it.
pub fn eager_alias(from: &FromClause, cx: &Cx) -> Result<FromClause> {
    super::aliased::anonymous(from, None, true, cx)
}

/// The SQL expression that a value assigned to an attribute is; `None` for a plain value.
pub fn sql_value(value: &Value, cx: &Cx) -> Result<Option<ColumnElement>> {
    use crate::sql::coercions::{Coerced, coerce};
    if !matches!(value, Value::Object(_) | Value::Instance(_)) {
        return Ok(None);
    }
    Ok(match coerce(value, cx)? {
        Coerced::Element(element) => Some(element),
        Coerced::Statement(statement) => Some(statement.scalar_subquery(cx)?),
        _ => None,
    })
}

/// The key values of a composite object; `None` for any other object.
pub fn composite_key(instance: &Rc<Instance>, cx: &Cx) -> Result<Option<Vec<Value>>> {
    let value = Value::Instance(instance.clone());
    if instance.class().lookup("__composite_values__").is_none() {
        return Ok(None);
    }
    let values = cx.call_method(&value, "__composite_values__", [])?;
    cx.collect(&values).map(Some)
}

/// How rows name an alias; one that was given no name goes without.
pub fn alias_label(alias: &AliasedEntity) -> Str {
    alias.name().cloned().unwrap_or_else(|| Str::new(""))
}

/// An alias of `mapper` without a name.
pub fn anonymous_alias(mapper: &Rc<Mapper>, cx: &Cx) -> Result<Rc<AliasedEntity>> {
    let entity = MappedEntity::Mapper(mapper.clone());
    AliasedEntity::new(&entity, AliasOptions::default(), cx)
}

/// `mapper` selected from `from`.
pub fn alias_over(mapper: &Rc<Mapper>, from: FromClause, cx: &Cx) -> Result<Rc<AliasedEntity>> {
    let entity = MappedEntity::Mapper(mapper.clone());
    let options = AliasOptions {
        selectable: Some(from),
        ..AliasOptions::default()
    };
    AliasedEntity::new(&entity, options, cx)
}
