//! `sqlalchemy.ext.associationproxy`: attributes of related objects as if they were own.

use std::cell::RefCell;
use std::rc::Rc;

use super::association_collections::ProxyCollection;
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR};
use crate::object::exceptions::ATTRIBUTE_ERROR;
use crate::object::{
    Class, CompareOp, Cx, Members, Object, Result, Str, TypeSpec, Value, class_of, find_attr, ops,
};
use crate::orm::{
    InstrumentedAttribute, comparator, configure_registry, element_of, entity_of_value,
};
use crate::sql::ColumnElement;
use crate::sql::coercions::{Coerced, coerce};

/// What `association_proxy()` makes.
pub struct AssociationProxy {
    /// The relationship that leads to the objects in between.
    pub target: Str,
    /// The attribute of those.
    pub attribute: Str,
    /// What makes an object in between; `None` is its class.
    pub creator: Value,
    /// Whether setting `None` removes the object in between.
    pub cascade_scalar_deletes: bool,
    /// Whether setting `None` makes an object in between.
    pub create_on_none_assignment: bool,
    name: RefCell<Option<Str>>,
}

impl AssociationProxy {
    /// A proxy of `attribute` of what `target` leads to.
    pub fn new(target: Str, attribute: Str, creator: Value) -> Self {
        Self {
            target,
            attribute,
            creator,
            cascade_scalar_deletes: false,
            create_on_none_assignment: false,
            name: RefCell::default(),
        }
    }
    /// The proxy as an attribute of a class or alias.
    pub fn on_owner(&self, this: &Value, owner: &Value) -> Result<Value> {
        Ok(Value::object(ProxyAttribute {
            owner: owner.clone(),
            proxy: this.clone(),
        }))
    }
    pub(super) fn create(&self, owner: &Value, args: &[Value], cx: &Cx) -> Result<Value> {
        if !self.creator.is_none() {
            return cx.call(&self.creator, args.to_vec());
        }
        let class = class_of(owner, cx);
        let class = relationship(&Value::Class(class), &self.target, cx)?
            .property()
            .target(cx)?
            .map(|mapper| Value::Class(mapper.class().clone()));
        match class {
            Some(class) => cx.call(&class, args.to_vec()),
            None => Err(INVALID_REQUEST_ERROR.error("association proxy without a target")),
        }
    }
    fn get(&self, this: &Value, instance: &Value, cx: &Cx) -> Result<Value> {
        let held = cx.get_attr(instance, &self.target)?;
        if let Some(collection) = ProxyCollection::over(&held, instance, this) {
            return Ok(Value::object(collection));
        }
        if held.is_none() {
            return Ok(Value::None);
        }
        cx.get_attr(&held, &self.attribute)
    }
    fn set(&self, this: &Value, instance: &Value, value: &Value, cx: &Cx) -> Result<()> {
        let held = cx.get_attr(instance, &self.target)?;
        if let Some(collection) = ProxyCollection::over(&held, instance, this) {
            return collection.replace(value, cx);
        }
        if held.is_none() {
            if value.is_none() && !self.create_on_none_assignment {
                return Ok(());
            }
            let made = self.create(instance, std::slice::from_ref(value), cx)?;
            return cx.set_attr(instance, &self.target, made);
        }
        cx.set_attr(&held, &self.attribute, value.clone())?;
        if value.is_none() && self.cascade_scalar_deletes {
            cx.set_attr(instance, &self.target, Value::None)?;
        }
        Ok(())
    }
    fn delete(&self, instance: &Value, cx: &Cx) -> Result<()> {
        let held = cx.get_attr(instance, &self.target)?;
        let is_collection = ProxyCollection::over(&held, instance, &Value::None).is_some();
        if !is_collection && !held.is_none() {
            crate::object::delete_attr(&held, &self.attribute, cx)?;
        }
        crate::object::delete_attr(instance, &self.target, cx)
    }
}

/// `association_proxy`'s class.
pub static ASSOCIATION_PROXY: TypeSpec =
    TypeSpec::new("sqlalchemy.ext.associationproxy", "AssociationProxy").members(|members| {
        members
            .class_method("__class_getitem__(item, /)", |this, a, cx| {
                crate::object::types::generic::subscribe(this, a.at(0), cx)
            })
            .method_on_value("for_class(class_, obj=None)", |this, a, _| {
                Ok(Value::object(ProxyAttribute {
                    owner: a.value("class_").clone(),
                    proxy: this.clone(),
                }))
            })
            .getter("target_collection", |this: &AssociationProxy, _| {
                Ok(this.target.clone().into())
            })
            .getter("value_attr", |this: &AssociationProxy, _| {
                Ok(this.attribute.clone().into())
            });
    });

impl Object for AssociationProxy {
    fn spec(&self) -> &'static TypeSpec {
        &ASSOCIATION_PROXY
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let text = |text: &Str| cx.repr(&Value::Str(text.clone()));
        Ok(Some(format!(
            "AssociationProxy({}, {})",
            text(&self.target)?,
            text(&self.attribute)?
        )))
    }
    fn set_name(&self, _owner: &Rc<Class>, name: &str, _cx: &Cx) -> Result<()> {
        *self.name.borrow_mut() = Some(Str::new(name));
        Ok(())
    }
    fn bind(
        &self,
        this: &Value,
        instance: Option<&Value>,
        owner: &Rc<Class>,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        match instance {
            Some(instance) => self.get(this, instance, cx).map(Some),
            None => self.on_owner(this, &Value::Class(owner.clone())).map(Some),
        }
    }
    fn is_data_descriptor(&self) -> bool {
        true
    }
    fn bind_delete(&self, instance: &Value, cx: &Cx) -> Result<()> {
        self.delete(instance, cx)
    }
    fn bind_set(&self, instance: &Value, value: Value, cx: &Cx) -> Result<()> {
        // The proxy itself is found again through the class, for the collection keeps it.
        let class = class_of(instance, cx);
        let name = self.name.borrow().clone();
        let this = name.and_then(|name| class.lookup(&name));
        match this {
            Some(this) => self.set(&this, instance, &value, cx),
            None => Err(ATTRIBUTE_ERROR.error("can't set attribute")),
        }
    }
}

/// The relationship attribute `name` of a class or alias.
fn relationship(owner: &Value, name: &str, cx: &Cx) -> Result<InstrumentedAttribute> {
    if let Some(entity) = entity_of_value(owner) {
        configure_registry(entity.mapper().registry(), cx)?;
    }
    let found = cx.get_attr(owner, name)?;
    match found.downcast::<InstrumentedAttribute>() {
        Some(attribute) => Ok(attribute.clone()),
        None => Err(INVALID_REQUEST_ERROR.error(format!(
            "association proxy target '{name}' is not a mapped attribute"
        ))),
    }
}

/// What an association proxy leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Column,
    Object,
    Ambiguous,
}

fn is_hybrid(value: &Value) -> bool {
    value.downcast::<crate::orm::HybridAttribute>().is_some()
}

/// An association proxy read through its class or an alias.
pub struct ProxyAttribute {
    owner: Value,
    proxy: Value,
}

impl ProxyAttribute {
    fn proxy(&self) -> Result<&AssociationProxy> {
        self.proxy
            .downcast()
            .ok_or_else(|| INVALID_REQUEST_ERROR.error("not an association proxy"))
    }
    fn relationship(&self, cx: &Cx) -> Result<InstrumentedAttribute> {
        relationship(&self.owner, &self.proxy()?.target, cx)
    }
    /// The attribute of the objects in between, as their class has it.
    fn remote(&self, cx: &Cx) -> Result<Value> {
        let target = self.relationship(cx)?.property().target(cx)?;
        match target {
            Some(mapper) => cx.get_attr(
                &Value::Class(mapper.class().clone()),
                &self.proxy()?.attribute,
            ),
            None => Ok(Value::None),
        }
    }
    fn uses_list(&self, cx: &Cx) -> Result<bool> {
        Ok(self
            .relationship(cx)?
            .property()
            .relationship()
            .is_some_and(crate::orm::RelationshipProperty::uselist))
    }
    fn is_object(&self, cx: &Cx) -> Result<bool> {
        Ok(self.kind(cx)? == Kind::Object)
    }
    /// What it leads to.
    fn kind(&self, cx: &Cx) -> Result<Kind> {
        let remote = match self.remote(cx) {
            Ok(remote) => remote,
            Err(raised) if raised.is(&ATTRIBUTE_ERROR) => return Ok(Kind::Ambiguous),
            Err(raised) => return Err(raised),
        };
        Ok(match remote.downcast::<InstrumentedAttribute>() {
            Some(attribute) if attribute.is_relationship() => Kind::Object,
            Some(_) => Kind::Column,
            None if remote.downcast::<Self>().is_some() => Kind::Object,
            None if super::ext::is_descriptor(&remote) || is_hybrid(&remote) => Kind::Column,
            None => Kind::Ambiguous,
        })
    }
    /// Whether the relationship leads to one object.
    fn is_scalar(&self, cx: &Cx) -> Result<bool> {
        self.uses_list(cx).map(|many| !many)
    }
    /// Whether the attribute of the object in between is one value.
    fn value_is_scalar(&self, cx: &Cx) -> Result<bool> {
        let remote = self.remote(cx)?;
        Ok(remote
            .downcast::<InstrumentedAttribute>()
            .and_then(|attribute| attribute.property().relationship().map(|it| !it.uselist()))
            .unwrap_or(true))
    }
    fn is_chained(&self, cx: &Cx) -> Result<bool> {
        Ok(self.remote(cx)?.downcast::<Self>().is_some())
    }
    /// Nothing can be said in SQL of what is no attribute of the mapper.
    fn check_mapped(&self, cx: &Cx) -> Result<()> {
        if self.kind(cx)? != Kind::Ambiguous {
            return Ok(());
        }
        let proxy = self.proxy()?;
        let target = self.relationship(cx)?.property().target(cx)?;
        let target = target.map_or(Value::None, |mapper| Value::Class(mapper.class().clone()));
        let owner = match &self.owner {
            Value::Class(class) => class.name().to_string(),
            alias => cx.str(alias)?,
        };
        Err(ATTRIBUTE_ERROR.error(format!(
            "Association proxy {owner}.{} refers to an attribute '{}' that is not directly mapped \
             on class {}; therefore this operation cannot proceed since we don't know what type \
             of object is referred towards",
            proxy.target,
            proxy.attribute,
            cx.str(&target)?
        )))
    }
    /// EXISTS along the relationship, and further along the attribute if that leads on.
    fn exists(
        &self,
        criterion: Option<&Value>,
        keywords: &[(Str, Value)],
        cx: &Cx,
    ) -> Result<ColumnElement> {
        let remote = self.remote(cx)?;
        let relationship = self.relationship(cx)?;
        if let Some(attribute) = remote.downcast::<InstrumentedAttribute>()
            && attribute.is_relationship()
        {
            let inner = comparator::exists(attribute, criterion, keywords, cx)?;
            let inner = Value::object(inner);
            return comparator::exists(&relationship, Some(&inner), &[], cx);
        }
        if let Some(proxy) = remote.downcast::<Self>() {
            let inner = Value::object(proxy.exists(criterion, keywords, cx)?);
            return comparator::exists(&relationship, Some(&inner), &[], cx);
        }
        if !keywords.is_empty() {
            return Err(ARGUMENT_ERROR.error(
                "Can't apply keyword arguments to column-targeted association proxy; use ==",
            ));
        }
        comparator::exists(&relationship, criterion, &[], cx)
    }
    /// `matching`, or nothing being there.
    fn or_nothing(&self, matching: &ColumnElement, cx: &Cx) -> Result<ColumnElement> {
        let nothing = comparator::equals(&self.relationship(cx)?, &Value::None, cx)?;
        let both = [matching.clone(), nothing];
        Ok(ColumnElement::or_(&both, cx.compat()))
    }
    /// `==` and `!=` of a proxy of objects, which one object in between is wanted for.
    fn compare_object(&self, op: CompareOp, other: &Value, cx: &Cx) -> Result<ColumnElement> {
        let relationship = Value::object(self.relationship(cx)?);
        let inner = ops::compare(op, &self.remote(cx)?, other, cx)?;
        let matching = cx.call_method(&relationship, "has", [inner])?;
        let matching = element_of(&matching, cx)?;
        match other.is_none() && op == CompareOp::Eq {
            true => self.or_nothing(&matching, cx),
            false => Ok(matching),
        }
    }
    fn compare_column(&self, op: CompareOp, other: &Value, cx: &Cx) -> Result<ColumnElement> {
        let remote = self.remote(cx)?;
        let condition = ops::compare(op, &remote, other, cx)?;
        let matching = self.exists(Some(&condition), &[], cx)?;
        if other.is_none() && op == CompareOp::Eq {
            return self.or_nothing(&matching, cx);
        }
        Ok(matching)
    }
}

const MODULE: &str = "sqlalchemy.ext.associationproxy";
/// A proxy of a column.
static COLUMN_PROXY: TypeSpec =
    TypeSpec::new(MODULE, "ColumnAssociationProxyInstance").members(proxy_members);
/// A proxy of a relationship, or of another proxy.
static OBJECT_PROXY: TypeSpec =
    TypeSpec::new(MODULE, "ObjectAssociationProxyInstance").members(proxy_members);
/// A proxy of what is no attribute of the mapper.
static AMBIGUOUS_PROXY: TypeSpec =
    TypeSpec::new(MODULE, "AmbiguousAssociationProxyInstance").members(proxy_members);

fn proxy_members(members: &mut Members) {
    members
        .method(
            "any(criterion=None, **kwargs)",
            |this: &ProxyAttribute, a, cx| {
                this.check_mapped(cx)?;
                let is_one = !this.is_chained(cx)?
                    && this.is_scalar(cx)?
                    && (!this.is_object(cx)? || this.value_is_scalar(cx)?);
                if is_one {
                    return Err(INVALID_REQUEST_ERROR
                        .error("'any()' not implemented for scalar attributes. Use has()."));
                }
                this.exists(a.some("criterion"), a.keywords(), cx)
                    .map(Value::object)
            },
        )
        .method(
            "has(criterion=None, **kwargs)",
            |this: &ProxyAttribute, a, cx| {
                this.check_mapped(cx)?;
                let is_many = !this.is_chained(cx)?
                    && (!this.is_scalar(cx)?
                        || (this.is_object(cx)? && !this.value_is_scalar(cx)?));
                if is_many {
                    let gap = if cx.compat().is_14() { "  " } else { " " };
                    return Err(INVALID_REQUEST_ERROR.error(format!(
                        "'has()' not implemented for collections.{gap}Use any()."
                    )));
                }
                if a.some("criterion").is_some() && !this.is_object(cx)? {
                    return Err(ARGUMENT_ERROR.error(
                        "Non-empty has() not allowed for column-targeted association proxy; use ==",
                    ));
                }
                this.exists(a.some("criterion"), a.keywords(), cx)
                    .map(Value::object)
            },
        )
        .method("contains(other)", |this: &ProxyAttribute, a, cx| {
            let other = a.value("other");
            this.check_mapped(cx)?;
            let remote = this.remote(cx)?;
            if this.is_object(cx)?
                && !this.is_chained(cx)?
                && this.is_scalar(cx)?
                && this.value_is_scalar(cx)?
            {
                return Err(INVALID_REQUEST_ERROR
                    .error("contains() doesn't apply to a scalar object endpoint; use =="));
            }
            if let Some(attribute) = remote.downcast::<InstrumentedAttribute>()
                && attribute.is_relationship()
            {
                let inner = comparator::equals(attribute, other, cx)?;
                let inner = Value::object(inner);
                return comparator::exists(&this.relationship(cx)?, Some(&inner), &[], cx)
                    .map(Value::object);
            }
            let condition = cx.call_method(&remote, "contains", [other.clone()])?;
            this.exists(Some(&condition), &[], cx).map(Value::object)
        })
        .getter("scalar", |this: &ProxyAttribute, cx| {
            this.is_scalar(cx).map(Value::Bool)
        })
        .getter("owning_class", |this: &ProxyAttribute, _| {
            Ok(this.owner.clone())
        })
        .getter("parent", |this: &ProxyAttribute, _| Ok(this.proxy.clone()))
        .getter("target_collection", |this: &ProxyAttribute, _| {
            Ok(this.proxy()?.target.clone().into())
        })
        .getter("value_attr", |this: &ProxyAttribute, _| {
            Ok(this.proxy()?.attribute.clone().into())
        })
        .getter("target_class", |this: &ProxyAttribute, cx| {
            Ok(this
                .relationship(cx)?
                .property()
                .target(cx)?
                .map_or(Value::None, |mapper| Value::Class(mapper.class().clone())))
        })
        .getter("remote_attr", |this: &ProxyAttribute, cx| this.remote(cx))
        .getter("local_attr", |this: &ProxyAttribute, cx| {
            this.relationship(cx).map(Value::object)
        })
        .getter("attr", |this: &ProxyAttribute, cx| {
            Ok(Value::tuple(vec![
                Value::object(this.relationship(cx)?),
                this.remote(cx)?,
            ]))
        });
}

impl Object for ProxyAttribute {
    fn spec(&self) -> &'static TypeSpec {
        match self.kind(&Cx::current()) {
            Ok(Kind::Object) => &OBJECT_PROXY,
            Ok(Kind::Ambiguous) => &AMBIGUOUS_PROXY,
            Ok(Kind::Column) | Err(_) => &COLUMN_PROXY,
        }
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let name = self.spec().name();
        Ok(Some(format!("{name}({})", cx.repr(&self.proxy)?)))
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        self.check_mapped(cx)?;
        if self.is_object(cx)? {
            if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
                return Ok(None);
            }
            return self
                .compare_object(op, other, cx)
                .map(|element| Some(Value::object(element)));
        }
        self.compare_column(op, other, cx)
            .map(|element| Some(Value::object(element)))
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        // An operator method of the column: what it answers is looked for along the way.
        if name.starts_with('_') {
            return Ok(None);
        }
        let remote = self.remote(cx)?;
        let Some(method) = find_attr(&remote, name, cx)? else {
            return Ok(None);
        };
        let this = Self {
            owner: self.owner.clone(),
            proxy: self.proxy.clone(),
        };
        Ok(Some(crate::object::Method::function(
            "operator(*args, **kwargs)",
            move |a, cx| {
                let mut args = crate::object::Args::from(a.rest().to_vec());
                args.kw = a.keywords().to_vec();
                let answer = cx.call(&method, args)?;
                match coerce(&answer, cx)? {
                    Coerced::Element(_) => this.exists(Some(&answer), &[], cx).map(Value::object),
                    _ => Ok(answer),
                }
            },
        )))
    }
}

/// `association_proxy()`.
pub fn association_proxy() -> Value {
    crate::object::Method::function(
        "association_proxy(target_collection, attr, *, creator=None, cascade_scalar_deletes=False, \
         create_on_none_assignment=False, **kw)",
        |a, cx| {
            let mut made = AssociationProxy::new(
                Str::new(a.text("target_collection")?),
                Str::new(a.text("attr")?),
                a.given("creator").cloned().unwrap_or(Value::None),
            );
            made.cascade_scalar_deletes = cx.truthy(a.value("cascade_scalar_deletes"))?;
            made.create_on_none_assignment = cx.truthy(a.value("create_on_none_assignment"))?;
            if made.cascade_scalar_deletes && made.create_on_none_assignment {
                return Err(ARGUMENT_ERROR.error(
                    "The cascade_scalar_deletes and create_on_none_assignment parameters are \
                     mutually exclusive.",
                ));
            }
            Ok(Value::object(made))
        },
    )
}
