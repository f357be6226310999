//! Making mappers: from a table and named properties to what maps a class.

mod inheritance;
mod keys;
mod polymorphic;
mod props;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use indexmap::IndexMap;

use super::mapped_class::MappedClass;
use super::mapper::{Inheritance, Mapper, MapperOptions, WithPolymorphic};
use super::properties::MapperProperty;
use super::registry::{Mappings, Registry};
use super::selectables::tables_of;
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Class, Cx, Result, Str, Value};
use crate::sql::{ColumnElement, FromClause};

pub(super) use polymorphic::configure_discriminator as set_discriminator;
pub use polymorphic::set_identity;
pub(super) use props::register as register_attribute;
pub use props::{add_property, declare_attributes};

/// What an attribute is mapped to, as declared.
#[derive(Clone)]
pub enum Declared {
    /// A property.
    Property(Rc<MapperProperty>),
    /// Columns, the one to read first.
    Columns(Vec<ColumnElement>),
}

/// What a mapper is made of.
pub struct MapperSpec {
    /// The class.
    pub class: Rc<Class>,
    /// The registry it joins.
    pub registry: Rc<Registry>,
    /// The table; none for single-table inheritance.
    pub local_table: Option<FromClause>,
    /// The attributes that were named, in order.
    pub properties: Vec<(Str, Declared)>,
    /// The mapper it inherits from.
    pub inherits: Option<Rc<Mapper>>,
    /// `concrete=True`.
    pub concrete: bool,
    /// `inherit_condition=`.
    pub inherit_condition: Option<ColumnElement>,
    /// `inherit_foreign_keys=`.
    pub inherit_foreign_keys: Vec<ColumnElement>,
    /// `polymorphic_on=`: a name, a column, an expression, a property.
    pub polymorphic_on: Value,
    /// `polymorphic_identity=`; `Undefined` without one.
    pub polymorphic_identity: Value,
    /// `polymorphic_load=`.
    pub polymorphic_load: Option<Str>,
    /// `with_polymorphic=`.
    pub with_polymorphic: Option<WithPolymorphic>,
    /// `primary_key=`.
    pub primary_key: Vec<ColumnElement>,
    /// `version_id_col=`.
    pub version_id: Option<ColumnElement>,
    /// `include_properties=`.
    pub include: Option<Vec<Str>>,
    /// `exclude_properties=`.
    pub exclude: Vec<Str>,
    /// `column_prefix=`.
    pub column_prefix: Str,
    /// The plain arguments.
    pub options: MapperOptions,
    /// `@validates`.
    pub validators: Vec<(Str, Value, bool, bool)>,
    /// `@reconstructor`.
    pub reconstructor: Option<Value>,
}

impl MapperSpec {
    /// A plain mapping of `class`.
    pub fn new(class: Rc<Class>, registry: Rc<Registry>) -> Self {
        Self {
            class,
            registry,
            local_table: None,
            properties: Vec::new(),
            inherits: None,
            concrete: false,
            inherit_condition: None,
            inherit_foreign_keys: Vec::new(),
            polymorphic_on: Value::Undefined,
            polymorphic_identity: Value::Undefined,
            polymorphic_load: None,
            with_polymorphic: None,
            primary_key: Vec::new(),
            version_id: None,
            include: None,
            exclude: Vec::new(),
            column_prefix: Str::new(""),
            options: MapperOptions::default(),
            validators: Vec::new(),
            reconstructor: None,
        }
    }
}

/// Make the mapper of a class and instrument the class.
pub fn map_class(spec: MapperSpec, cx: &Cx) -> Result<Rc<Mapper>> {
    if MappedClass::own(&spec.class).is_some_and(|own| own.mapper().is_some()) {
        return Err(ARGUMENT_ERROR.error(format!(
            "Class '<class '{}'>' already has a primary mapper defined. ",
            spec.class.full_name()
        )));
    }
    let joined = inheritance::determine(&spec, cx)?;
    let mappings = cx.service::<Mappings>();
    let order = mappings.next_mapper.get();
    mappings.next_mapper.set(order + 1);
    let base = spec.inherits.as_ref().filter(|_| !spec.concrete);
    let mapper = Rc::new_cyclic(|this| Mapper {
        this: this.clone(),
        class: spec.class.clone(),
        registry: spec.registry.clone(),
        inherits: spec.inherits.clone(),
        inheritance: joined.inheritance,
        subclasses: RefCell::default(),
        tables: tables_of(&joined.mapped_table),
        local_table: joined.local_table,
        mapped_table: joined.mapped_table,
        primary_key: RefCell::default(),
        props: RefCell::default(),
        columns: RefCell::default(),
        column_props: RefCell::default(),
        attributes: RefCell::default(),
        inherit_condition: RefCell::new(joined.condition),
        inherits_equated_pairs: RefCell::new(joined.pairs),
        polymorphic_on: RefCell::default(),
        polymorphic_key: RefCell::default(),
        polymorphic_identity: spec.polymorphic_identity.clone(),
        polymorphic_map: spec.inherits.as_ref().map_or_else(
            || Rc::new(RefCell::new(IndexMap::default())),
            |base| base.polymorphic_map.clone(),
        ),
        with_polymorphic: RefCell::new(spec.with_polymorphic.clone()),
        polymorphic_adapter: RefCell::default(),
        polymorphic_load: spec.polymorphic_load.clone(),
        options: inheritance::inherited_options(&spec),
        version_id: RefCell::new(
            spec.version_id
                .clone()
                .or_else(|| base.and_then(|base| base.version_id())),
        ),
        include: spec.include.clone(),
        exclude: spec.exclude.clone(),
        configured: Cell::new(false),
        configure_failed: RefCell::default(),
        validators: RefCell::new(inherited_validators(&spec)),
        delete_orphans: RefCell::default(),
        reconstructor: RefCell::new(spec.reconstructor.clone()),
        order,
        listeners: RefCell::default(),
        early_listeners: RefCell::default(),
        caches: RefCell::default(),
    });
    mapper.inherit_listeners();
    if let Some(own) = MappedClass::own(&spec.class) {
        own.set_mapper(mapper.clone());
    } else {
        let own = MappedClass::new(spec.registry.clone(), inherits_declarative(&spec.class));
        own.set_mapper(mapper.clone());
        spec.class.extend(own);
    }
    // The constructor of a mapped class is one of the mapper's, which has no class in its name.
    if let Some(init @ Value::Object(_)) = spec.class.own("__init__")
        && init.downcast::<crate::object::Method>().is_none()
    {
        cx.set_attr(&init, "__qualname__", Value::str("__init__"))?;
    }
    inheritance::register(&mapper, cx)?;
    props::configure(&mapper, &spec, cx)?;
    polymorphic::configure_discriminator(&mapper, &spec.polymorphic_on, cx)?;
    keys::configure(&mapper, &spec, cx)?;
    declare_attributes(&mapper, cx)?;
    spec.registry.add_mapper(&mapper, cx);
    if spec.class.own("__mapper__").is_none() {
        let shown = Value::object(super::mapper::MapperHandle(mapper.clone()));
        spec.class.set("__mapper__", shown);
    }
    Ok(mapper)
}

fn inherits_declarative(class: &Rc<Class>) -> bool {
    class
        .ancestors()
        .iter()
        .any(|ancestor| MappedClass::own(ancestor).is_some_and(MappedClass::is_declarative))
}

/// The validators of a class: its own, and those of its bases that it does not replace.
fn inherited_validators(spec: &MapperSpec) -> Vec<(Str, Value, bool, bool)> {
    let mut validators = spec.validators.clone();
    if let Some(base) = &spec.inherits {
        for inherited in base.validators.borrow().iter() {
            if !validators.iter().any(|(name, ..)| *name == inherited.0) {
                validators.push(inherited.clone());
            }
        }
    }
    validators
}

/// How a class relates to its base, found out.
pub(super) struct Joined {
    inheritance: Inheritance,
    local_table: FromClause,
    mapped_table: FromClause,
    condition: Option<ColumnElement>,
    pairs: Vec<(ColumnElement, ColumnElement)>,
}
