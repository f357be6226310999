//! `InstrumentedAttribute`: an attribute of a mapped class or alias as a SQL expression, and the
//! other things that mapping puts into classes.

use std::cell::OnceCell;
use std::rc::Rc;

use super::mapper::{MappedEntity, Mapper};
use super::properties::{MapperProperty, PropertyKind};
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR};
use crate::object::{Cx, Instance, Object, Result, SlotDescriptor, Str, TypeSpec, Value};
use crate::sql::coercions;
use crate::sql::{Annotations, ColumnElement};

/// A property as scripts see it.
#[derive(Clone)]
pub struct PropertyHandle(pub Rc<MapperProperty>);

/// An attribute of a mapped class or alias.
#[derive(Clone)]
pub struct InstrumentedAttribute(Rc<AttributeData>);

struct AttributeData {
    entity: MappedEntity,
    property: Rc<MapperProperty>,
    key: Str,
    of_type: Option<MappedEntity>,
    criteria: Vec<ColumnElement>,
    element: OnceCell<ColumnElement>,
}

impl InstrumentedAttribute {
    fn new(
        entity: MappedEntity,
        property: Rc<MapperProperty>,
        of_type: Option<MappedEntity>,
        criteria: Vec<ColumnElement>,
    ) -> Self {
        Self(Rc::new(AttributeData {
            key: property.key(),
            entity,
            property,
            of_type,
            criteria,
            element: OnceCell::new(),
        }))
    }
    /// The attribute of a mapped class.
    pub fn of_mapper(mapper: &Rc<Mapper>, property: &Rc<MapperProperty>) -> Self {
        Self::of_entity(MappedEntity::Mapper(mapper.clone()), property)
    }
    /// The attribute of a mapped class or alias.
    pub fn of_entity(entity: MappedEntity, property: &Rc<MapperProperty>) -> Self {
        Self::new(entity, property.clone(), None, Vec::new())
    }
    /// The same relationship, to `target` (`of_type()`).
    #[must_use]
    pub fn with_type(&self, target: MappedEntity) -> Self {
        Self::new(
            self.0.entity.clone(),
            self.0.property.clone(),
            Some(target),
            self.0.criteria.clone(),
        )
    }
    /// The same relationship with further criteria (`and_()`).
    #[must_use]
    pub fn with_criteria(&self, criteria: Vec<ColumnElement>) -> Self {
        let mut all = self.0.criteria.clone();
        all.extend(criteria);
        Self::new(
            self.0.entity.clone(),
            self.0.property.clone(),
            self.0.of_type.clone(),
            all,
        )
    }
    /// What it is an attribute of.
    pub fn entity(&self) -> &MappedEntity {
        &self.0.entity
    }
    /// The mapper of that.
    pub fn mapper(&self) -> &Rc<Mapper> {
        self.0.entity.mapper()
    }
    /// The property.
    pub fn property(&self) -> &Rc<MapperProperty> {
        &self.0.property
    }
    /// The name.
    pub fn key(&self) -> &Str {
        &self.0.key
    }
    /// What `of_type()` gave.
    pub fn of_type(&self) -> Option<&MappedEntity> {
        self.0.of_type.as_ref()
    }
    /// What `and_()` gave.
    pub fn criteria(&self) -> &[ColumnElement] {
        &self.0.criteria
    }
    /// Whether it is a relationship.
    pub fn is_relationship(&self) -> bool {
        self.0.property.relationship().is_some()
    }
    /// The same one behind two handles.
    pub fn identity(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }
    /// `User.name`, `aliased(User).name`.
    pub fn describe(&self, cx: &Cx) -> String {
        format!("{}.{}", self.0.entity.describe(cx), self.0.key)
    }
    /// It as an expression: the column with notes of where it comes from; of a relationship, the
    /// join condition.
    pub fn element(&self, cx: &Cx) -> Result<ColumnElement> {
        if let Some(known) = self.0.element.get() {
            return Ok(known.clone());
        }
        let made = match self.0.property.kind() {
            PropertyKind::Column(column) => {
                let column = column.first().ok_or_else(|| {
                    INVALID_REQUEST_ERROR.error(format!("{} has no column", self.0.property))
                })?;
                self.0
                    .entity
                    .annotate_column(&column, Some(&self.0.key), cx)?
            }
            PropertyKind::Relationship(_) => super::comparator::clause_element(self, cx)?,
            _ => {
                return Err(
                    INVALID_REQUEST_ERROR.error(format!("{} is no expression", self.describe(cx)))
                );
            }
        };
        Ok(self.0.element.get_or_init(|| made).clone())
    }
}

impl MappedEntity {
    /// `User`, `aliased(User)`: how the attributes of it are shown.
    pub fn describe(&self, cx: &Cx) -> String {
        match self {
            Self::Mapper(mapper) => mapper.class().name().to_string(),
            Self::Aliased(alias) => alias.describe(cx),
        }
    }
    /// A column of the mapper as the entity has it, with notes of where it comes from.
    pub fn annotate_column(
        &self,
        column: &ColumnElement,
        key: Option<&Str>,
        cx: &Cx,
    ) -> Result<ColumnElement> {
        let column = match self {
            Self::Mapper(mapper) => match mapper.polymorphic_adapter(cx)? {
                Some(adapter) => adapter.adapt(column)?,
                None => column.clone(),
            },
            Self::Aliased(alias) => alias.adapt(column, cx)?,
        };
        let mapper: Rc<dyn crate::sql::Entity> = self.mapper().clone();
        Ok(column.annotate(Annotations {
            parent_entity: Some(self.entity()),
            parent_mapper: Some(mapper),
            proxy_key: key.cloned(),
            ..Annotations::default()
        }))
    }
    /// It as SQL knows it.
    pub fn entity(&self) -> Rc<dyn crate::sql::Entity> {
        match self {
            Self::Mapper(mapper) => mapper.clone(),
            Self::Aliased(alias) => alias.clone(),
        }
    }
    /// The mapper or alias behind an entity of SQL.
    pub fn of(entity: &dyn crate::sql::Entity) -> Option<Self> {
        let any = entity.as_any();
        if let Some(mapper) = any.downcast_ref::<Mapper>() {
            return mapper.shared().map(Self::Mapper);
        }
        any.downcast_ref::<super::aliased::AliasedEntity>()?
            .shared()
            .map(Self::Aliased)
    }
    /// Whether two are the same.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Mapper(a), Self::Mapper(b)) => Rc::ptr_eq(a, b),
            (Self::Aliased(a), Self::Aliased(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// The expression that a mapping argument is.
pub fn element_of(value: &Value, cx: &Cx) -> Result<ColumnElement> {
    match coercions::coerce(value, cx)? {
        coercions::Coerced::Element(element) => Ok(element),
        _ => Err(ARGUMENT_ERROR.error(format!(
            "Column expression expected, got {}.",
            cx.repr(value)?
        ))),
    }
}

/// Whether something in a class is the user's own attribute, which a column of the same name
/// leaves alone.
pub fn is_user_attribute(value: &Value) -> bool {
    if value.downcast::<InstrumentedAttribute>().is_some()
        || value.downcast::<PropertyHandle>().is_some()
        || value.downcast::<ColumnElement>().is_some()
        || value.downcast::<HiddenAttribute>().is_some()
        || value
            .downcast::<super::declarative::MappedColumn>()
            .is_some()
    {
        return false;
    }
    matches!(value, Value::Object(_) | Value::Instance(_))
}

/// An attribute of the base that a concrete mapper does not have.
pub struct HiddenAttribute {
    message: String,
}

static HIDDEN: TypeSpec = TypeSpec::new(
    "sqlalchemy.orm.attributes",
    "create_proxied_attribute.<locals>.Proxy",
);

impl HiddenAttribute {
    fn error(&self) -> crate::object::Raised {
        crate::object::exceptions::ATTRIBUTE_ERROR.error(self.message.clone())
    }
}

impl Object for HiddenAttribute {
    fn spec(&self) -> &'static TypeSpec {
        &HIDDEN
    }
    fn is_data_descriptor(&self) -> bool {
        true
    }
    fn bind(
        &self,
        this: &Value,
        instance: Option<&Value>,
        _owner: &Rc<crate::object::Class>,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        match instance {
            None => Ok(Some(this.clone())),
            Some(_) => Err(self.error()),
        }
    }
    fn bind_set(&self, _instance: &Value, _value: Value, _cx: &Cx) -> Result<()> {
        Err(self.error())
    }
}

/// In the place of the slot that the base has for it.
impl SlotDescriptor for HiddenAttribute {
    fn is_column(&self) -> bool {
        false
    }
    fn load(&self, _instance: &Rc<Instance>, _slot: u32, _cx: &Cx) -> Result<Value> {
        Err(self.error())
    }
    fn set(&self, _instance: &Rc<Instance>, _slot: u32, _value: Value, _cx: &Cx) -> Result<()> {
        Err(self.error())
    }
    fn delete(&self, _instance: &Rc<Instance>, _slot: u32, _cx: &Cx) -> Result<()> {
        Err(self.error())
    }
}

/// Put the marker of a hidden attribute into the class.
pub fn declare_hidden(mapper: &Rc<Mapper>, property: &Rc<MapperProperty>, cx: &Cx) {
    let key = property.key();
    let mapper_name = mapper.describe(cx.compat());
    let message = format!(
        "Concrete {mapper_name} does not implement attribute '{key}' at the instance level.  Add \
         this property explicitly to {mapper_name}."
    );
    let class = mapper.class();
    if class.slot(&key).is_some() {
        let message = message.clone();
        class.add_slot(&key, Rc::new(HiddenAttribute { message }));
    }
    class.set(key, Value::object(HiddenAttribute { message }));
}

/// Put the descriptor of a composite or synonym into the class.
pub fn declare_descriptor(
    mapper: &Rc<Mapper>,
    property: &Rc<MapperProperty>,
    _cx: &Cx,
) -> Result<()> {
    let attribute = super::descriptors::DescriptorAttribute::new(
        MappedEntity::Mapper(mapper.clone()),
        property.clone(),
    );
    mapper.class().set(property.key(), Value::object(attribute));
    Ok(())
}

/// `<ColumnProperty at 0x...; name>`.
pub fn property_repr(property: &Rc<MapperProperty>, cx: &Cx) -> String {
    let class = property_class(property, cx).name();
    format!(
        "<{class} at {:#x}; {}>",
        Rc::as_ptr(property) as usize,
        if property.has_key() {
            property.key().to_string()
        } else {
            "no key".to_owned()
        }
    )
}

/// `ColumnProperty`.
pub static COLUMN_PROPERTY: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.properties", "ColumnProperty").subclassable();
/// `MappedSQLExpression`, what `column_property()` makes in 2.0.
pub static MAPPED_SQL_EXPRESSION: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.properties", "MappedSQLExpression").bases(&[&COLUMN_PROPERTY]);
/// `RelationshipProperty`.
pub static RELATIONSHIP_PROPERTY: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.relationships", "RelationshipProperty");
/// `_RelationshipDeclared`, what `relationship()` makes in 2.0.
pub static RELATIONSHIP_DECLARED: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.relationships", "_RelationshipDeclared")
        .bases(&[&RELATIONSHIP_PROPERTY]);
/// `CompositeProperty`.
pub static COMPOSITE_PROPERTY: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.descriptor_props", "CompositeProperty");
/// `SynonymProperty`.
pub static SYNONYM_PROPERTY: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.descriptor_props", "SynonymProperty");
/// `ConcreteInheritedProperty`.
pub static CONCRETE_INHERITED_PROPERTY: TypeSpec = TypeSpec::new(
    "sqlalchemy.orm.descriptor_props",
    "ConcreteInheritedProperty",
);

/// The class of a property as scripts see it.
pub fn property_class(property: &MapperProperty, cx: &Cx) -> &'static TypeSpec {
    let modern = cx.compat().is_20();
    match property.kind() {
        PropertyKind::Column(column) if modern && column.declared.get() => &MAPPED_SQL_EXPRESSION,
        PropertyKind::Column(_) => &COLUMN_PROPERTY,
        PropertyKind::Relationship(relationship) if modern && !relationship.is_backref.get() => {
            &RELATIONSHIP_DECLARED
        }
        PropertyKind::Relationship(_) => &RELATIONSHIP_PROPERTY,
        PropertyKind::Composite(_) => &COMPOSITE_PROPERTY,
        PropertyKind::Synonym(_) => &SYNONYM_PROPERTY,
        PropertyKind::ConcreteInherited => &CONCRETE_INHERITED_PROPERTY,
    }
}
