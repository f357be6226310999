//! `sqlalchemy.ext.associationproxy`: attributes of related objects as if they were own.

use std::cell::RefCell;
use std::rc::Rc;

use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::{
    Class, CompareOp, Cx, Dict, List, Members, Object, Result, Set, Str, TypeSpec, Value, class_of,
    find_attr, ops,
};
use crate::orm::{InstrumentedAttribute, comparator, configure_registry, entity_of_value};
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
    name: RefCell<Option<Str>>,
}

impl AssociationProxy {
    /// A proxy of `attribute` of what `target` leads to.
    pub fn new(target: Str, attribute: Str, creator: Value) -> Self {
        Self {
            target,
            attribute,
            creator,
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
    fn create(&self, owner: &Value, args: &[Value], cx: &Cx) -> Result<Value> {
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
        let is_collection = held.downcast::<List>().is_some()
            || held.downcast::<Set>().is_some()
            || held.downcast::<Dict>().is_some();
        if is_collection {
            return Ok(Value::object(ProxyCollection {
                owner: instance.clone(),
                proxy: this.clone(),
            }));
        }
        if held.is_none() {
            return Ok(Value::None);
        }
        cx.get_attr(&held, &self.attribute)
    }
    fn set(&self, this: &Value, instance: &Value, value: &Value, cx: &Cx) -> Result<()> {
        let held = cx.get_attr(instance, &self.target)?;
        if held.downcast::<List>().is_some()
            || held.downcast::<Set>().is_some()
            || held.downcast::<Dict>().is_some()
        {
            let collection = ProxyCollection {
                owner: instance.clone(),
                proxy: this.clone(),
            };
            return collection.replace(value, cx);
        }
        if held.is_none() {
            if value.is_none() {
                return Ok(());
            }
            let made = self.create(instance, std::slice::from_ref(value), cx)?;
            return cx.set_attr(instance, &self.target, made);
        }
        cx.set_attr(&held, &self.attribute, value.clone())
    }
}

/// `association_proxy`'s class.
pub static ASSOCIATION_PROXY: TypeSpec =
    TypeSpec::new("sqlalchemy.ext.associationproxy", "AssociationProxy").members(|members| {
        members
            .class_method("__class_getitem__(item, /)", |this, a, cx| {
                crate::object::types::generic::subscribe(this, a.at(0), cx)
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
        let remote = self.remote(cx)?;
        Ok(remote
            .downcast::<InstrumentedAttribute>()
            .is_some_and(InstrumentedAttribute::is_relationship)
            || remote.downcast::<Self>().is_some())
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
            return Err(INVALID_REQUEST_ERROR.error(
                "Can't apply keyword arguments to column-targeted association proxy; use ==",
            ));
        }
        comparator::exists(&relationship, criterion, &[], cx)
    }
    fn compare_column(&self, op: CompareOp, other: &Value, cx: &Cx) -> Result<ColumnElement> {
        let remote = self.remote(cx)?;
        let condition = ops::compare(op, &remote, other, cx)?;
        let matching = self.exists(Some(&condition), &[], cx)?;
        if other.is_none() && op == CompareOp::Eq {
            let none = comparator::exists(&self.relationship(cx)?, None, &[], cx)?;
            return Ok(ColumnElement::or_(
                &[matching, none.negated(cx.compat())],
                cx.compat(),
            ));
        }
        Ok(matching)
    }
}

/// `AssociationProxyInstance`.
pub static PROXY_ATTRIBUTE: TypeSpec = TypeSpec::new(
    "sqlalchemy.ext.associationproxy",
    "ColumnAssociationProxyInstance",
)
.members(proxy_members);

fn proxy_members(members: &mut Members) {
    members
        .method(
            "any(criterion=None, **kwargs)",
            |this: &ProxyAttribute, a, cx| {
                if !this.uses_list(cx)? && !this.is_object(cx)? {
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
                if this.uses_list(cx)? {
                    return Err(INVALID_REQUEST_ERROR
                        .error("'has()' not implemented for collections. Use any()."));
                }
                this.exists(a.some("criterion"), a.keywords(), cx)
                    .map(Value::object)
            },
        )
        .method("contains(other)", |this: &ProxyAttribute, a, cx| {
            let other = a.value("other");
            let remote = this.remote(cx)?;
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
        &PROXY_ATTRIBUTE
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        if self.is_object(cx)? {
            let remote = self.remote(cx)?;
            let Some(attribute) = remote.downcast::<InstrumentedAttribute>() else {
                return Ok(None);
            };
            let inner = match op {
                CompareOp::Eq => comparator::equals(attribute, other, cx)?,
                CompareOp::Ne => comparator::differs(attribute, other, cx)?,
                _ => return Ok(None),
            };
            let inner = Value::object(inner);
            return comparator::exists(&self.relationship(cx)?, Some(&inner), &[], cx)
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

/// The attributes of the objects in a collection, as a collection.
pub struct ProxyCollection {
    owner: Value,
    proxy: Value,
}

impl ProxyCollection {
    fn proxy(&self) -> Result<&AssociationProxy> {
        self.proxy
            .downcast()
            .ok_or_else(|| INVALID_REQUEST_ERROR.error("not an association proxy"))
    }
    fn inner(&self, cx: &Cx) -> Result<Value> {
        cx.get_attr(&self.owner, &self.proxy()?.target)
    }
    fn value_of(&self, item: &Value, cx: &Cx) -> Result<Value> {
        cx.get_attr(item, &self.proxy()?.attribute)
    }
    /// The values, as a plain collection of the same kind.
    fn plain(&self, cx: &Cx) -> Result<Value> {
        let inner = self.inner(cx)?;
        if let Some(dict) = inner.downcast::<Dict>() {
            let entries: Vec<(Value, Value)> = dict
                .borrow()
                .iter()
                .map(|(key, value)| (key.value().clone(), value.clone()))
                .collect();
            let made = Dict::default();
            for (key, item) in entries {
                let value = self.value_of(&item, cx)?;
                made.insert(key, value, cx)?;
            }
            return Ok(Value::Dict(Rc::new(made)));
        }
        let values = crate::orm::members(&inner, cx)?
            .iter()
            .map(|item| self.value_of(item, cx))
            .collect::<Result<Vec<_>>>()?;
        Ok(if inner.downcast::<Set>().is_some() {
            Value::Set(Rc::new(Set::new(Set::of(values, cx)?)))
        } else {
            Value::list(values)
        })
    }
    fn add(&self, value: &Value, cx: &Cx) -> Result<()> {
        let made = self
            .proxy()?
            .create(&self.owner, std::slice::from_ref(value), cx)?;
        let inner = self.inner(cx)?;
        let method = if inner.downcast::<Set>().is_some() {
            "add"
        } else {
            "append"
        };
        cx.call_method(&inner, method, [made]).map(drop)
    }
    fn set_key(&self, key: &Value, value: &Value, cx: &Cx) -> Result<()> {
        let inner = self.inner(cx)?;
        if let Some(dict) = inner.downcast::<Dict>() {
            if let Some(item) = dict.get(key, cx)? {
                return cx.set_attr(&item, &self.proxy()?.attribute, value.clone());
            }
            let made = self
                .proxy()?
                .create(&self.owner, &[key.clone(), value.clone()], cx)?;
            return crate::object::types::set_item(&inner, key.clone(), made, cx);
        }
        let item = crate::object::types::get_item(&inner, key, cx)?;
        cx.set_attr(&item, &self.proxy()?.attribute, value.clone())
    }
    fn remove(&self, value: &Value, cx: &Cx) -> Result<bool> {
        let inner = self.inner(cx)?;
        for item in crate::orm::members(&inner, cx)? {
            if cx.eq(&self.value_of(&item, cx)?, value)? {
                cx.call_method(&inner, "remove", [item])?;
                return Ok(true);
            }
        }
        Ok(false)
    }
    fn clear(&self, cx: &Cx) -> Result<()> {
        let inner = self.inner(cx)?;
        cx.call_method(&inner, "clear", []).map(drop)
    }
    fn replace(&self, value: &Value, cx: &Cx) -> Result<()> {
        let same = value
            .downcast::<Self>()
            .is_some_and(|other| other.owner.is(&self.owner));
        if same {
            return Ok(());
        }
        if let Some(dict) = value.downcast::<Dict>() {
            let entries: Vec<(Value, Value)> = dict
                .borrow()
                .iter()
                .map(|(key, value)| (key.value().clone(), value.clone()))
                .collect();
            self.clear(cx)?;
            for (key, value) in entries {
                self.set_key(&key, &value, cx)?;
            }
            return Ok(());
        }
        let values = cx.collect(value)?;
        self.clear(cx)?;
        for value in values {
            self.add(&value, cx)?;
        }
        Ok(())
    }
}

static ASSOCIATION_LIST: TypeSpec =
    TypeSpec::new("sqlalchemy.ext.associationproxy", "_AssociationList")
        .members(collection_members);
static ASSOCIATION_SET: TypeSpec =
    TypeSpec::new("sqlalchemy.ext.associationproxy", "_AssociationSet").members(collection_members);
static ASSOCIATION_DICT: TypeSpec =
    TypeSpec::new("sqlalchemy.ext.associationproxy", "_AssociationDict")
        .members(collection_members);

fn collection_members(members: &mut Members) {
    members
        .method("append(value)", |this: &ProxyCollection, a, cx| {
            this.add(a.value("value"), cx)?;
            Ok(Value::None)
        })
        .method("add(value)", |this: &ProxyCollection, a, cx| {
            let known = ops_contains(this, a.value("value"), cx)?;
            if !known {
                this.add(a.value("value"), cx)?;
            }
            Ok(Value::None)
        })
        .method("extend(values)", |this: &ProxyCollection, a, cx| {
            for value in cx.collect(a.value("values"))? {
                this.add(&value, cx)?;
            }
            Ok(Value::None)
        })
        .method("remove(value)", |this: &ProxyCollection, a, cx| {
            if this.remove(a.value("value"), cx)? {
                return Ok(Value::None);
            }
            Err(VALUE_ERROR.error("value not in list"))
        })
        .method("discard(value)", |this: &ProxyCollection, a, cx| {
            this.remove(a.value("value"), cx)?;
            Ok(Value::None)
        })
        .method("clear()", |this: &ProxyCollection, _, cx| {
            this.clear(cx)?;
            Ok(Value::None)
        })
        .method("update(values)", |this: &ProxyCollection, a, cx| {
            if let Some(dict) = a.value("values").downcast::<Dict>() {
                let entries: Vec<(Value, Value)> = dict
                    .borrow()
                    .iter()
                    .map(|(key, value)| (key.value().clone(), value.clone()))
                    .collect();
                for (key, value) in entries {
                    this.set_key(&key, &value, cx)?;
                }
                return Ok(Value::None);
            }
            for value in cx.collect(a.value("values"))? {
                if !ops_contains(this, &value, cx)? {
                    this.add(&value, cx)?;
                }
            }
            Ok(Value::None)
        });
}

fn ops_contains(this: &ProxyCollection, value: &Value, cx: &Cx) -> Result<bool> {
    crate::object::types::contains(&this.plain(cx)?, value, cx)
}

impl Object for ProxyCollection {
    fn spec(&self) -> &'static TypeSpec {
        let inner = self.inner(&Cx::current());
        match inner {
            Ok(inner) if inner.downcast::<Dict>().is_some() => &ASSOCIATION_DICT,
            Ok(inner) if inner.downcast::<Set>().is_some() => &ASSOCIATION_SET,
            _ => &ASSOCIATION_LIST,
        }
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        cx.repr(&self.plain(cx)?).map(Some)
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        if name.starts_with('_') {
            return Ok(None);
        }
        find_attr(&self.plain(cx)?, name, cx)
    }
    fn len(&self, cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(crate::orm::members(&self.inner(cx)?, cx)?.len()))
    }
    fn iter(&self, _this: &Value, cx: &Cx) -> Result<Option<Value>> {
        self.plain(cx).map(Some)
    }
    fn contains(&self, _this: &Value, item: &Value, cx: &Cx) -> Result<Option<bool>> {
        ops_contains(self, item, cx).map(Some)
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        crate::object::types::get_item(&self.plain(cx)?, key, cx).map(Some)
    }
    fn set_item(&self, key: &Value, value: &Value, cx: &Cx) -> Result<bool> {
        self.set_key(key, value, cx)?;
        Ok(true)
    }
    fn delete_item(&self, key: &Value, cx: &Cx) -> Result<bool> {
        let inner = self.inner(cx)?;
        crate::object::types::delete_item(&inner, key, cx)?;
        Ok(true)
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let other = match other.downcast::<Self>() {
            Some(other) => other.plain(cx)?,
            None => other.clone(),
        };
        ops::compare(op, &self.plain(cx)?, &other, cx).map(Some)
    }
    fn hash(&self, _cx: &Cx) -> Result<Option<u64>> {
        Err(TYPE_ERROR.error(format!("{} objects are unhashable", self.spec().name())))
    }
}

/// `association_proxy()`.
pub fn association_proxy() -> Value {
    crate::object::Method::function(
        "association_proxy(target_collection, attr, *, creator=None, **kw)",
        |a, _| {
            Ok(Value::object(AssociationProxy::new(
                Str::new(a.text("target_collection")?),
                Str::new(a.text("attr")?),
                a.given("creator").cloned().unwrap_or(Value::None),
            )))
        },
    )
}
