//! Loader options: `joinedload()`, `defer()`, `with_loader_criteria()` and their kin.

mod criteria;
mod map;

use std::rc::Rc;

use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR};
use crate::object::{Cx, Raised, Result, Str, Value};
use crate::orm::path::{Path, PathItem, corresponds_to};
use crate::orm::strategies::RelationshipStrategy;
use crate::orm::{
    DescriptorAttribute, InstrumentedAttribute, MappedEntity, Mapper, MapperProperty,
    entity_of_value,
};
use crate::sql::{ColumnElement, FromClause};
pub use criteria::{CriteriaData, LoaderCriteria};
pub use map::LoaderMap;

/// How an attribute is to be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// A relationship, by one of the strategies.
    Relationship(RelationshipStrategy),
    /// A column, deferred or not, perhaps never to be loaded.
    Column {
        /// `defer()` rather than `undefer()`.
        deferred: bool,
        /// `raiseload=True`.
        raiseload: bool,
    },
    /// `with_expression()`.
    Expression,
    /// `selectin_polymorphic()`.
    SelectinPolymorphic,
}

/// What an option says besides its strategy.
#[derive(Clone, Default)]
pub struct ElementOptions {
    /// `joinedload(innerjoin=)`.
    pub innerjoin: Option<Value>,
    /// `contains_eager()`, with `alias=` where it was given.
    pub contains_eager: bool,
    /// The alias of `contains_eager()`.
    pub eager_alias: Option<FromClause>,
    /// `recursion_depth=`.
    pub recursion_depth: Option<i64>,
    /// `undefer_group()`.
    pub undefer_groups: Vec<Str>,
    /// The subclasses of `selectin_polymorphic()`.
    pub entities: Vec<Rc<Mapper>>,
    /// Whether the primary key is loaded all the same where columns are deferred: `load_only()`
    /// says so.
    pub undefer_pks: bool,
}

impl ElementOptions {
    fn is_empty(&self) -> bool {
        self.innerjoin.is_none()
            && !self.contains_eager
            && self.recursion_depth.is_none()
            && self.undefer_groups.is_empty()
            && self.entities.is_empty()
            && !self.undefer_pks
    }
    fn union(&self, newer: &Self) -> Self {
        let mut all = self.clone();
        all.innerjoin = newer.innerjoin.clone().or(all.innerjoin);
        all.contains_eager |= newer.contains_eager;
        all.eager_alias = newer.eager_alias.clone().or(all.eager_alias);
        all.recursion_depth = newer.recursion_depth.or(all.recursion_depth);
        all.undefer_groups
            .extend(newer.undefer_groups.iter().cloned());
        all.entities.extend(newer.entities.iter().cloned());
        all.undefer_pks |= newer.undefer_pks;
        all
    }
}

/// What an option says of one attribute, or of all.
#[derive(Clone)]
pub struct LoadElement {
    /// The attribute, from the lead entity of the option.
    pub path: Path,
    /// How to load it; `None` leaves that as it is.
    pub strategy: Option<Strategy>,
    /// What is said besides.
    pub options: ElementOptions,
    /// Whether it holds for the loads that the first one leads to.
    pub propagates: bool,
    /// Whether it gives way to another element for the same attribute (`Some(true)`), or wins.
    pub gives_way: Option<bool>,
    /// Criteria that the loaded objects must satisfy.
    pub criteria: Vec<ColumnElement>,
    /// `of_type()`.
    pub of_type: Option<MappedEntity>,
}

impl LoadElement {
    fn is_options_only(&self) -> bool {
        self.strategy.is_none() && !self.options.is_empty()
    }
    /// Of two elements for the same attribute, what holds.
    fn reconcile(newer: &Rc<Self>, known: &Rc<Self>, cx: &Cx) -> Result<Rc<Self>> {
        match (newer.gives_way, known.gives_way) {
            (Some(true), _) | (_, Some(false)) if newer.gives_way != Some(false) => {
                return Ok(known.clone());
            }
            (Some(false), _) | (_, Some(true)) => return Ok(newer.clone()),
            _ => {}
        }
        if newer.strategy == known.strategy && newer.options.is_empty() && known.options.is_empty()
        {
            return Ok(newer.clone());
        }
        if newer.is_options_only() || known.is_options_only() {
            let (base, extra) = if newer.is_options_only() {
                (known, newer)
            } else {
                (newer, known)
            };
            let mut merged = (**base).clone();
            merged.options = merged.options.union(&extra.options);
            merged.criteria.extend(extra.criteria.iter().cloned());
            return Ok(Rc::new(merged));
        }
        let token = newer.path.items().last().is_some_and(PathItem::is_token);
        if token || newer.strategy == known.strategy {
            return Ok(newer.clone());
        }
        Err(INVALID_REQUEST_ERROR.error(format!(
            "Loader strategies for {} conflict",
            newer.path.describe(cx.compat())
        )))
    }
}

/// A loader option, immutable; a cheap handle.
#[derive(Clone)]
pub struct Load(Rc<LoadData>);

#[derive(Clone, Default)]
struct LoadData {
    /// Where the next attribute is looked for.
    path: Path,
    elements: Vec<Rc<LoadElement>>,
    propagates: bool,
    /// Whether it was made for an entity, `Load(User)`.
    is_bound: bool,
    /// What is to be said once it is known which entity the names are of.
    waiting: Vec<Step>,
}

/// Adds to an option.
type Step = Rc<dyn Fn(&Load, &Cx) -> Result<Load>>;

/// An attribute that an option names: `User.addresses`, or `"*"`.
#[derive(Clone)]
pub enum OptionAttribute {
    /// A mapped attribute.
    Attribute(InstrumentedAttribute),
    /// One of the entity that the option has reached, by its name (1.4).
    Named(Str),
    /// All of them.
    All,
}

/// The attribute that `value`, an argument of an option, names.
pub fn option_attribute(value: &Value, cx: &Cx) -> Result<OptionAttribute> {
    if value.as_str() == Some("*") {
        return Ok(OptionAttribute::All);
    }
    if let Value::Str(name) = value {
        if cx.compat().is_14() {
            return Ok(OptionAttribute::Named(name.clone()));
        }
        return Err(ARGUMENT_ERROR.error(
            "Strings are not accepted for attribute names in loader options; please use \
             class-bound attributes directly.",
        ));
    }
    if let Some(attribute) = crate::orm::support::attribute_of_value(value) {
        return Ok(OptionAttribute::Attribute(attribute));
    }
    if let Some(descriptor) = value.downcast::<DescriptorAttribute>()
        && let Some(target) = descriptor.target(cx)?
    {
        return option_attribute(&target, cx);
    }
    Err(ARGUMENT_ERROR.error(if cx.compat().is_14() {
        "mapper option expects string key or list of attributes"
    } else {
        "expected ORM mapped attribute for loader strategy argument"
    }))
}

impl Load {
    /// `Load(entity)`.
    pub fn of_value(value: &Value, cx: &Cx) -> Result<Self> {
        match entity_of_value(value) {
            Some(entity) => {
                crate::orm::configure_registry(entity.mapper().registry(), cx)?;
                Ok(Self::of_entity(&entity).with(|data| data.is_bound = true))
            }
            None => Err(crate::orm::support::no_inspection(value, cx)),
        }
    }
    /// An option for the attributes of `entity`.
    pub fn of_entity(entity: &MappedEntity) -> Self {
        Self(Rc::new(LoadData {
            path: Path::entity(entity),
            ..LoadData::default()
        }))
    }
    /// An option for the attributes of any entity.
    pub fn of_any() -> Self {
        Self(Rc::default())
    }
    /// An option that starts at `attribute`, or at any entity.
    pub fn starting_at(attribute: &OptionAttribute) -> Self {
        match attribute {
            OptionAttribute::Attribute(attribute) => Self::of_entity(attribute.entity()),
            OptionAttribute::All | OptionAttribute::Named(_) => Self::of_any(),
        }
    }
    /// What identifies it.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }
    /// What it says.
    pub fn elements(&self) -> &[Rc<LoadElement>] {
        &self.0.elements
    }
    /// Where its next attribute is looked for.
    pub fn path(&self) -> &Path {
        &self.0.path
    }
    /// Whether any part of it holds for the loads that the first one leads to.
    pub fn propagates(&self) -> bool {
        self.0.propagates
    }

    fn with(&self, change: impl FnOnce(&mut LoadData)) -> Self {
        let mut data = (*self.0).clone();
        change(&mut data);
        Self(Rc::new(data))
    }

    /// Whether `attributes` can't be told yet: names come first.
    fn must_wait(&self, attributes: &[OptionAttribute]) -> bool {
        let named = |one: &OptionAttribute| matches!(one, OptionAttribute::Named(_));
        !self.0.waiting.is_empty() || self.0.path.is_empty() && attributes.iter().any(named)
    }
    fn wait(&self, propagates: bool, step: impl Fn(&Self, &Cx) -> Result<Self> + 'static) -> Self {
        self.with(|data| {
            data.waiting.push(Rc::new(step));
            data.propagates |= propagates;
        })
    }
    /// The option for a statement of `entities`, where it waited for them.
    fn resolved(&self, entities: &[MappedEntity], current: &Path, cx: &Cx) -> Result<Option<Self>> {
        if self.0.waiting.is_empty() {
            return Ok(None);
        }
        let first = match current.items().first() {
            Some(PathItem::Entity(entity)) => Some(entity),
            _ => entities.first(),
        };
        let Some(entity) = first else {
            return Err(ARGUMENT_ERROR
                .error("Query has only expression-based entities - can't find property."));
        };
        let mut load = Self::of_entity(entity);
        for step in &self.0.waiting {
            load = step(&load, cx)?;
        }
        Ok(Some(load))
    }
    /// The attribute that `attribute` is of the entity reached so far.
    fn known(&self, attribute: &OptionAttribute, cx: &Cx) -> Result<OptionAttribute> {
        let OptionAttribute::Named(name) = attribute else {
            return Ok(attribute.clone());
        };
        let found = match self.0.path.last_entity() {
            Some(entity) => entity
                .mapper()
                .prop(name)
                .map(|property| InstrumentedAttribute::of_entity(entity.clone(), &property)),
            None => None,
        };
        found.map(OptionAttribute::Attribute).ok_or_else(|| {
            let entity = self.0.path.last_entity();
            let entity =
                entity.map_or_else(String::new, |one| crate::orm::support::entity_text(one, cx));
            ARGUMENT_ERROR.error(format!(
                "Can't find property named \"{name}\" on {entity} in this Query."
            ))
        })
    }

    /// Say how relationship `attribute` of the entity reached so far is loaded; the option goes
    /// on from the related entity.
    pub fn relationship(
        &self,
        attribute: &OptionAttribute,
        strategy: Option<RelationshipStrategy>,
        options: ElementOptions,
        propagates: bool,
        gives_way: Option<bool>,
        cx: &Cx,
    ) -> Result<Self> {
        if self.must_wait(std::slice::from_ref(attribute)) {
            let attribute = attribute.clone();
            return Ok(self.wait(propagates, move |load, cx| {
                let options = options.clone();
                load.relationship(&attribute, strategy, options, propagates, gives_way, cx)
            }));
        }
        let attribute = &self.known(attribute, cx)?;
        self.check_can_go_on(strategy.is_some())?;
        if let Some(PathItem::Property(_)) = self.0.path.items().last() {
            // The option that led to a column is refused by the statement.
            return Ok(self.clone());
        }
        let recursive = options.recursion_depth.is_some();
        let is_any = self.0.path.is_empty() && matches!(attribute, OptionAttribute::All);
        let propagates = propagates && !is_any;
        let (path, property, criteria, of_type) = match attribute {
            OptionAttribute::All => {
                let token = if self.0.path.is_empty() {
                    PathItem::AnyRelationships
                } else {
                    PathItem::AllRelationships
                };
                (self.0.path.with(token), None, Vec::new(), None)
            }
            OptionAttribute::Attribute(attribute) => {
                self.check_links(attribute, cx)?;
                let property = attribute.property().clone();
                let path = self.0.path.property(&property);
                let criteria = attribute.criteria().to_vec();
                (path, Some(property), criteria, attribute.of_type().cloned())
            }
            OptionAttribute::Named(_) => return Ok(self.clone()),
        };
        let gives_way = gives_way.or((strategy.is_none() && options.is_empty()).then_some(true));
        let element = Rc::new(LoadElement {
            path: path.clone(),
            strategy: strategy.map(Strategy::Relationship),
            options,
            propagates,
            gives_way,
            criteria,
            of_type: of_type.clone(),
        });
        let next = match &property {
            Some(property) => match Self::target_of(property, of_type.as_ref(), cx)? {
                Some(target) => path.target(&target),
                None => path,
            },
            None => path,
        };
        let mut elements = vec![element.clone()];
        if recursive && property.is_some() {
            let mut again = (*element).clone();
            let last = next.items()[next.len() - 1].clone();
            let step = element.path.items()[element.path.len() - 1].clone();
            again.path = element.path.with(last).with(step);
            elements.push(Rc::new(again));
        }
        Ok(self.with(|data| {
            data.elements.extend(elements);
            data.propagates |= propagates;
            data.path = next;
        }))
    }

    fn target_of(
        property: &Rc<MapperProperty>,
        of_type: Option<&MappedEntity>,
        cx: &Cx,
    ) -> Result<Option<MappedEntity>> {
        match (of_type, property.relationship()) {
            (Some(target), _) => Ok(Some(target.clone())),
            (None, Some(relationship)) => {
                relationship.entity(cx).map(|entity| Some(entity.clone()))
            }
            (None, None) => Ok(None),
        }
    }

    /// Say how columns of the entity reached so far are loaded.
    pub fn columns(
        &self,
        attributes: &[OptionAttribute],
        strategy: Option<Strategy>,
        options: &ElementOptions,
        criteria: &[ColumnElement],
        cx: &Cx,
    ) -> Result<Self> {
        if self.must_wait(attributes) {
            let (attributes, options) = (attributes.to_vec(), options.clone());
            let criteria = criteria.to_vec();
            return Ok(self.wait(true, move |load, cx| {
                load.columns(&attributes, strategy, &options, &criteria, cx)
            }));
        }
        self.check_can_go_on(strategy.is_some())?;
        let mut elements = Vec::new();
        let propagates = !self.0.path.is_empty();
        for attribute in attributes {
            let path = match &self.known(attribute, cx)? {
                OptionAttribute::All if self.0.path.is_empty() => {
                    self.0.path.with(PathItem::AnyColumns)
                }
                OptionAttribute::All => self.0.path.with(PathItem::AllColumns),
                OptionAttribute::Attribute(attribute) => {
                    self.check_links(attribute, cx)?;
                    self.0.path.property(attribute.property())
                }
                OptionAttribute::Named(_) => continue,
            };
            elements.push(Rc::new(LoadElement {
                path,
                strategy,
                options: options.clone(),
                propagates,
                gives_way: None,
                criteria: criteria.to_vec(),
                of_type: None,
            }));
        }
        Ok(self.with(|data| {
            data.elements.extend(elements);
            data.propagates |= propagates;
        }))
    }

    /// `selectin_polymorphic()`.
    #[must_use]
    pub fn selectin_polymorphic(&self, entities: Vec<Rc<Mapper>>) -> Self {
        let element = Rc::new(LoadElement {
            path: self.0.path.clone(),
            strategy: Some(Strategy::SelectinPolymorphic),
            options: ElementOptions {
                entities,
                ..ElementOptions::default()
            },
            propagates: true,
            gives_way: None,
            criteria: Vec::new(),
            of_type: None,
        });
        self.with(|data| {
            data.elements.push(element);
            data.propagates = true;
        })
    }

    /// `options()`: further options, from the entity reached so far.
    pub fn options(&self, others: &[Self], cx: &Cx) -> Result<Self> {
        if !self.0.waiting.is_empty() {
            let others = others.to_vec();
            return Ok(self.wait(true, move |load, cx| load.options(&others, cx)));
        }
        let here: Vec<MappedEntity> = self.0.path.last_entity().cloned().into_iter().collect();
        let mut known = Vec::with_capacity(others.len());
        for other in others {
            let resolved = other.resolved(&here, &Path::root(), cx)?;
            known.push(resolved.unwrap_or_else(|| other.clone()));
        }
        let others = known.as_slice();
        let mut elements = Vec::new();
        let mut propagates = self.0.propagates;
        for other in others {
            let lead = match other
                .elements()
                .first()
                .map(|element| element.path.items().first())
            {
                Some(Some(PathItem::Entity(lead))) => Some(lead.clone()),
                _ => other.0.path.last_entity().cloned(),
            };
            if let (Some(lead), Some(own)) = (&lead, self.0.path.last_entity())
                && !corresponds_to(own, lead)
            {
                let named = other
                    .elements()
                    .first()
                    .and_then(|one| one.path.items().get(1));
                let attribute = match named {
                    Some(PathItem::Property(property)) => property.to_string(),
                    _ => lead.describe(cx),
                };
                return Err(self.does_not_link(&attribute, cx));
            }
            for element in other.elements() {
                let mut element = (**element).clone();
                element.path = if lead.is_some() {
                    self.0.path.prepend_to(&element.path)
                } else {
                    self.0.path.join(&element.path)
                };
                elements.push(Rc::new(element));
            }
            propagates |= other.0.propagates;
        }
        Ok(self.with(|data| {
            data.elements.extend(elements);
            data.propagates = propagates;
        }))
    }

    /// The same option, from the end of `start`.
    #[must_use]
    pub fn prepended(&self, start: &Path) -> Self {
        self.with(|data| {
            for element in &mut data.elements {
                let mut moved = (**element).clone();
                moved.path = start.prepend_to(&moved.path);
                *element = Rc::new(moved);
            }
            data.path = start.prepend_to(&data.path);
        })
    }

    fn check_can_go_on(&self, has_strategy: bool) -> Result<()> {
        match self.0.path.items().last() {
            Some(item) if item.is_token() => {
                Err(ARGUMENT_ERROR.error("Wildcard token cannot be followed by another entity"))
            }
            Some(PathItem::Property(property)) if !has_strategy => Err(ARGUMENT_ERROR.error(
                format!("Mapped attribute '{property}' does not refer to a mapped entity"),
            )),
            _ => Ok(()),
        }
    }
    fn check_links(&self, attribute: &InstrumentedAttribute, cx: &Cx) -> Result<()> {
        let links = match self.0.path.last_entity() {
            None => true,
            Some(own) => corresponds_to(own, attribute.entity()),
        };
        if links {
            return Ok(());
        }
        Err(self.does_not_link(&attribute.describe(cx), cx))
    }
    fn does_not_link(&self, attribute: &str, cx: &Cx) -> Raised {
        let items = self.0.path.items();
        let before = items.len().checked_sub(2).and_then(|at| items.get(at));
        ARGUMENT_ERROR.error(match (before, self.0.path.last_entity()) {
            (Some(PathItem::Property(property)), _) => format!(
                "ORM mapped entity or attribute \"{attribute}\" does not link from relationship \
                 \"{property}\"."
            ),
            (_, Some(entity)) => format!(
                "ORM mapped attribute \"{attribute}\" does not link mapped class \"{}\"",
                crate::orm::support::entity_text(entity, cx)
            ),
            (_, None) => format!("ORM mapped attribute \"{attribute}\" can't be found here"),
        })
    }
}
