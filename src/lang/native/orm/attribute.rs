//! Attributes of mapped classes and aliases as values: operators, comparators, descriptors.

use std::rc::Rc;

use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR};
use crate::object::exceptions::{ATTRIBUTE_ERROR, NOT_IMPLEMENTED_ERROR, TYPE_ERROR};
use crate::object::{
    BinaryOp, Bound, Class, CompareOp, Cx, Instance, Members, Object, Result, TypeSpec, UnaryOp,
    Value, class_of, find_attr,
};
use crate::orm::{
    AliasHandle, AttributeSlot, DescriptorAttribute, InstrumentedAttribute, MapperHandle,
    PropertyHandle, comparator, configure_registry, entity_of_value, state_of,
};
use crate::sql::ColumnElement;
use crate::sql::coercions::expect_where;

/// `QueryableAttribute`.
pub static QUERYABLE_ATTRIBUTE: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.attributes", "QueryableAttribute");
/// `InstrumentedAttribute`.
pub static INSTRUMENTED_ATTRIBUTE: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.attributes", "InstrumentedAttribute")
        .bases(&[&QUERYABLE_ATTRIBUTE])
        .members(members);
/// The attribute of a composite or synonym.
pub static PROXY_ATTRIBUTE: TypeSpec = TypeSpec::new("sqlalchemy.orm.attributes", "Proxy")
    .bases(&[&QUERYABLE_ATTRIBUTE])
    .members(proxy_members);

/// The class of a proxy attribute, named as the local class that it is.
pub fn proxy_class(spec: &'static TypeSpec) -> Rc<Class> {
    let class = spec.class();
    if class.qualname() == class.name() {
        class.set_qualname("create_proxied_attribute.<locals>.Proxy".into());
    }
    class
}

/// Operators of columns that relationships refuse, with the function each stands for.
const REFUSED: &[(&str, &str)] = &[
    ("is_", "is_"),
    ("is_not", "is_not"),
    ("isnot", "is_not"),
    ("is_distinct_from", "is_distinct_from"),
    ("like", "like_op"),
    ("ilike", "ilike_op"),
    ("not_like", "not_like_op"),
    ("notlike", "not_like_op"),
    ("startswith", "startswith_op"),
    ("endswith", "endswith_op"),
    ("between", "between_op"),
    ("not_in", "not_in_op"),
    ("notin_", "not_in_op"),
    ("desc", "desc_op"),
    ("asc", "asc_op"),
    ("concat", "concat_op"),
    ("match", "match_op"),
    ("collate", "collate"),
    ("distinct", "distinct_op"),
];

fn refused(name: &str) -> Option<Value> {
    let (_, function) = REFUSED.iter().find(|(known, _)| *known == name)?;
    let address = function.as_ptr() as usize;
    Some(crate::object::Method::function(
        "operator(*args, **kwargs)",
        move |_, _| {
            Err(NOT_IMPLEMENTED_ERROR.error(format!("<function {function} at {address:#x}>")))
        },
    ))
}

fn element(attribute: &InstrumentedAttribute, cx: &Cx) -> Result<Value> {
    attribute.element(cx).map(Value::object)
}

fn criterion<'a>(bound: &'a Bound<'_>) -> Option<&'a Value> {
    bound.some("criterion")
}

fn no_attribute(attribute: &InstrumentedAttribute, name: &str, cx: &Cx) -> crate::object::Raised {
    let this = Value::object(attribute.clone());
    if let Some(raised) = crate::object::unsupported_attribute(&this, name, cx) {
        return raised;
    }
    ATTRIBUTE_ERROR
        .error(format!(
            "Neither 'InstrumentedAttribute' object nor 'Comparator' object associated with {} \
             has an attribute '{name}'",
            attribute.describe(cx)
        ))
        .with("name", name)
}

/// Call method `name` of the column behind an attribute.
fn forward(
    attribute: &InstrumentedAttribute,
    name: &str,
    bound: &Bound<'_>,
    cx: &Cx,
) -> Result<Value> {
    if attribute.is_relationship() {
        return Err(no_attribute(attribute, name, cx));
    }
    let mut args = crate::object::Args::from(bound.rest().to_vec());
    args.kw = bound.keywords().to_vec();
    cx.call_method(&element(attribute, cx)?, name, args)
}

fn members(members: &mut Members) {
    members
        .getter("key", |this: &InstrumentedAttribute, _| {
            Ok(this.key().clone().into())
        })
        .getter("class_", |this: &InstrumentedAttribute, _| {
            Ok(Value::Class(this.mapper().class().clone()))
        })
        .getter("parent", |this: &InstrumentedAttribute, _| {
            Ok(super::inspection::entity_value(this.entity()))
        })
        .getter("property", |this: &InstrumentedAttribute, cx| {
            configure_registry(this.mapper().registry(), cx)?;
            Ok(Value::object(PropertyHandle(this.property().clone())))
        })
        .getter("prop", |this: &InstrumentedAttribute, _| {
            Ok(Value::object(PropertyHandle(this.property().clone())))
        })
        .getter_on_value("comparator", |this, _| Ok(this.clone()))
        .getter("expression", |this: &InstrumentedAttribute, cx| {
            element(this, cx)
        })
        .method(
            "__clause_element__()",
            |this: &InstrumentedAttribute, _, cx| element(this, cx),
        )
        .method(
            "any(criterion=None, **kwargs)",
            |this: &InstrumentedAttribute, a, cx| {
                if !this.is_relationship() {
                    return Err(NOT_IMPLEMENTED_ERROR
                        .error("Operator 'any' is not supported on this expression"));
                }
                comparator::any(this, criterion(a), a.keywords(), cx).map(Value::object)
            },
        )
        .method(
            "has(criterion=None, **kwargs)",
            |this: &InstrumentedAttribute, a, cx| {
                if !this.is_relationship() {
                    return Err(NOT_IMPLEMENTED_ERROR
                        .error("Operator 'has' is not supported on this expression"));
                }
                comparator::has(this, criterion(a), a.keywords(), cx).map(Value::object)
            },
        )
        .method(
            "contains(*other, **kwargs)",
            |this: &InstrumentedAttribute, a, cx| match a.rest() {
                [other] if this.is_relationship() => {
                    comparator::contains(this, other, cx).map(Value::object)
                }
                _ => forward(this, "contains", a, cx),
            },
        )
        .method("of_type(entity)", |this: &InstrumentedAttribute, a, cx| {
            let given = a.value("entity");
            match entity_of_value(given) {
                Some(entity) => Ok(Value::object(this.with_type(entity))),
                None => Err(ARGUMENT_ERROR.error(format!(
                    "Mapped class or alias expected, got {}",
                    cx.repr(given)?
                ))),
            }
        })
        .method("and_(*criteria)", |this: &InstrumentedAttribute, a, cx| {
            if !this.is_relationship() {
                return forward(this, "and_", a, cx);
            }
            let criteria = a
                .rest()
                .iter()
                .map(|one| expect_where(one, None, cx))
                .collect::<Result<_>>()?;
            Ok(Value::object(this.with_criteria(criteria)))
        })
        .method("in_(*other)", |this: &InstrumentedAttribute, a, cx| {
            if this.is_relationship() {
                return Err(NOT_IMPLEMENTED_ERROR.error(
                    "in_() not yet supported for relationships.  For a simple many-to-one, use \
                     in_() against the set of foreign key values.",
                ));
            }
            forward(this, "in_", a, cx)
        })
        .method(
            "adapt_to_entity(entity)",
            |this: &InstrumentedAttribute, a, _| {
                Ok(match entity_of_value(a.value("entity")) {
                    Some(entity) => {
                        Value::object(InstrumentedAttribute::of_entity(entity, this.property()))
                    }
                    None => Value::None,
                })
            },
        );
}

impl Object for InstrumentedAttribute {
    fn spec(&self) -> &'static TypeSpec {
        &INSTRUMENTED_ATTRIBUTE
    }
    fn identity(&self) -> Option<usize> {
        Some(Self::identity(self))
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.describe(cx)))
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        if name == "impl" || (name.starts_with('_') && name != "_sa_instance_state") {
            return Ok(None);
        }
        if self.is_relationship() {
            configure_registry(self.mapper().registry(), cx)?;
            // `User.addresses.entity`, `.mapper`, `.info` are those of the property.
            let property = Value::object(PropertyHandle(self.property().clone()));
            if matches!(
                name,
                "entity" | "mapper" | "info" | "timetuple" | "direction"
            ) {
                return find_attr(&property, name, cx);
            }
            if let Some(operator) = refused(name) {
                return Ok(Some(operator));
            }
            return Err(no_attribute(self, name, cx));
        }
        if name == "info" {
            let property = Value::object(PropertyHandle(self.property().clone()));
            return find_attr(&property, name, cx);
        }
        let inner = element(self, cx)?;
        match find_attr(&inner, name, cx) {
            Ok(Some(found)) => Ok(Some(found)),
            Ok(None) => Err(no_attribute(self, name, cx)),
            Err(raised) if raised.is(&ATTRIBUTE_ERROR) => Err(no_attribute(self, name, cx)),
            Err(raised) => Err(raised),
        }
    }
    fn binary(
        &self,
        _this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let own = self.element(cx)?;
        let this = Value::object(own.clone());
        own.binary(&this, op, other, reflected, cx)
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        if self.is_relationship() {
            return match op {
                CompareOp::Eq => comparator::equals(self, other, cx),
                CompareOp::Ne => comparator::differs(self, other, cx),
                _ => {
                    return Err(NOT_IMPLEMENTED_ERROR.error(format!(
                        "<built-in function {}>",
                        op.method().trim_matches('_')
                    )));
                }
            }
            .map(|element| Some(Value::object(element)));
        }
        let own = self.element(cx)?;
        let this = Value::object(own.clone());
        own.compare(&this, op, other, cx)
    }
    fn unary(&self, _this: &Value, op: UnaryOp, cx: &Cx) -> Result<Option<Value>> {
        let own = self.element(cx)?;
        let this = Value::object(own.clone());
        Object::unary(&own, &this, op, cx)
    }
    fn contains(&self, this: &Value, item: &Value, cx: &Cx) -> Result<Option<bool>> {
        let own = self.element(cx)?;
        let _ = this;
        Object::contains(&own, &Value::object(own.clone()), item, cx)
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        let own = self.element(cx)?;
        let this = Value::object(own.clone());
        own.get_item(&this, key, cx)
    }
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        Err(TYPE_ERROR.error("Boolean value of this clause is not defined"))
    }
    fn bind(
        &self,
        this: &Value,
        instance: Option<&Value>,
        _owner: &Rc<Class>,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        match instance {
            None => Ok(Some(this.clone())),
            Some(Value::Instance(held)) => read_late(self, held, cx).map(Some),
            Some(_) => Ok(None),
        }
    }
    fn is_data_descriptor(&self) -> bool {
        true
    }
    fn bind_set(&self, instance: &Value, value: Value, cx: &Cx) -> Result<()> {
        let Value::Instance(held) = instance else {
            return Ok(());
        };
        let slot = late_slot(self, held, cx)?;
        slot.set(held, value, None, cx)
    }
    fn bind_delete(&self, instance: &Value, cx: &Cx) -> Result<()> {
        let Value::Instance(held) = instance else {
            return Ok(());
        };
        late_slot(self, held, cx)?.delete(held, cx)
    }
}

/// An attribute that was added after the class's instances were laid out: configuration gives it
/// its slot.
fn late_slot(
    attribute: &InstrumentedAttribute,
    instance: &Rc<Instance>,
    cx: &Cx,
) -> Result<Rc<crate::orm::Attribute>> {
    let missing = || INVALID_REQUEST_ERROR.error(format!("{} is not mapped", attribute.key()));
    let state = state_of(instance).ok_or_else(missing)?;
    configure_registry(state.mapper().registry(), cx)?;
    state
        .mapper()
        .attribute(attribute.key())
        .ok_or_else(missing)
}

fn read_late(attribute: &InstrumentedAttribute, instance: &Rc<Instance>, cx: &Cx) -> Result<Value> {
    use crate::object::SlotDescriptor;
    let found = late_slot(attribute, instance, cx)?;
    let held = instance.slot(found.slot());
    if !held.is_undefined() {
        return Ok(held);
    }
    let slot = found.slot();
    AttributeSlot(found).load(instance, slot, cx)
}

fn proxy_members(members: &mut Members) {
    members
        .getter("key", |this: &DescriptorAttribute, _| {
            Ok(this.property().key().into())
        })
        .getter("property", |this: &DescriptorAttribute, cx| {
            match this.target(cx)? {
                Some(target) => cx.get_attr(&target, "property"),
                None => Ok(Value::object(PropertyHandle(this.property().clone()))),
            }
        })
        .getter("class_", |this: &DescriptorAttribute, _| {
            Ok(Value::Class(this.entity().mapper().class().clone()))
        })
        .method(
            "__clause_element__()",
            |this: &DescriptorAttribute, _, cx| {
                Ok(this.element(cx)?.map_or(Value::None, Value::object))
            },
        );
}

impl Object for DescriptorAttribute {
    fn spec(&self) -> &'static TypeSpec {
        &PROXY_ATTRIBUTE
    }
    fn class(&self) -> Rc<Class> {
        proxy_class(&PROXY_ATTRIBUTE)
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(self.property()) as usize)
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!(
            "{}.{}",
            self.entity().describe(cx),
            self.property().key()
        )))
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        if let Some(target) = self.target(cx)? {
            return cx.get_attr(&target, name).map(Some);
        }
        match self.element(cx)? {
            Some(element) => find_attr(&Value::object(element), name, cx),
            None => Ok(None),
        }
    }
    fn binary(
        &self,
        _this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let Some(element) = self.element(cx)? else {
            return Ok(None);
        };
        let this = Value::object(element.clone());
        element.binary(&this, op, other, reflected, cx)
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        if let Some(target) = self.target(cx)? {
            return crate::object::ops::compare(op, &target, other, cx).map(Some);
        }
        match op {
            CompareOp::Eq | CompareOp::Ne => self
                .compare(op == CompareOp::Eq, other, cx)
                .map(|element: ColumnElement| Some(Value::object(element))),
            _ => Ok(None),
        }
    }
    fn bind(
        &self,
        this: &Value,
        instance: Option<&Value>,
        _owner: &Rc<Class>,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        match instance {
            None => Ok(Some(this.clone())),
            Some(instance) => self.get(instance, cx).map(Some),
        }
    }
    fn is_data_descriptor(&self) -> bool {
        true
    }
    fn bind_set(&self, instance: &Value, value: Value, cx: &Cx) -> Result<()> {
        self.set(instance, value, cx)
    }
}

/// The name of an attribute given by attribute, property or text.
pub fn attribute_key(value: &Value, cx: &Cx) -> Result<crate::object::Str> {
    if let Value::Str(name) = value {
        return Ok(name.clone());
    }
    if let Some(attribute) = value.downcast::<InstrumentedAttribute>() {
        return Ok(attribute.key().clone());
    }
    if let Some(attribute) = value.downcast::<DescriptorAttribute>() {
        return Ok(attribute.property().key());
    }
    if let Some(property) = value.downcast::<PropertyHandle>() {
        return Ok(property.0.key());
    }
    Err(TYPE_ERROR.error(format!(
        "attribute expected, got '{}'",
        class_of(value, cx).name()
    )))
}

/// The attribute `name` of an alias.
pub fn alias_attribute(alias: &AliasHandle, name: &str, cx: &Cx) -> Result<Option<Value>> {
    let entity = crate::orm::MappedEntity::Aliased(alias.0.clone());
    let class = Value::Class(alias.0.mapper().class().clone());
    let Some(found) = find_attr(&class, name, cx)? else {
        return Ok(None);
    };
    if let Some(attribute) = found.downcast::<InstrumentedAttribute>() {
        let own = attribute.property().clone();
        return Ok(Some(Value::object(InstrumentedAttribute::of_entity(
            entity, &own,
        ))));
    }
    if let Some(attribute) = found.downcast::<DescriptorAttribute>() {
        return Ok(Some(Value::object(attribute.on(entity))));
    }
    super::ext::adapt_to_alias(&found, alias, name, cx)
}

/// The mapper behind a value as scripts see it.
pub fn mapper_value(mapper: &Rc<crate::orm::Mapper>) -> Value {
    Value::object(MapperHandle(mapper.clone()))
}
