//! Hybrids: attributes that are computed in Python on an instance and in SQL on its class.

use std::cell::RefCell;
use std::rc::Rc;

use super::instrumented::element_of;
use super::mapper::MappedEntity;
use crate::object::{BoundMethod, Class, Cx, Result, Str, Value, bind};
use crate::sql::{Annotations, ColumnElement, Entity};

/// What `hybrid_property` makes of a method.
#[derive(Clone, Default)]
pub struct HybridProperty {
    /// Its name, once it is assigned to a class.
    pub name: RefCell<Option<Str>>,
    /// The parts.
    pub parts: RefCell<HybridParts>,
}

impl HybridProperty {
    /// A hybrid of `parts`.
    pub fn new(parts: HybridParts) -> Self {
        Self {
            name: RefCell::default(),
            parts: RefCell::new(parts),
        }
    }
    /// The functions.
    pub fn parts(&self) -> HybridParts {
        self.parts.borrow().clone()
    }
    /// Change the functions.
    pub fn change(&self, change: impl FnOnce(&mut HybridParts)) {
        change(&mut self.parts.borrow_mut());
    }
}

impl HybridMethod {
    /// The function for classes.
    pub fn for_class(&self) -> &Value {
        if self.expression.is_none() {
            &self.function
        } else {
            &self.expression
        }
    }
}

/// The functions of a hybrid; `None` where there is none.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names are those of the decorators")]
pub struct HybridParts {
    pub getter: Value,
    pub setter: Value,
    pub deleter: Value,
    pub expression: Value,
    pub comparator: Value,
    pub update_expression: Value,
}

impl Default for HybridParts {
    fn default() -> Self {
        Self {
            getter: Value::None,
            setter: Value::None,
            deleter: Value::None,
            expression: Value::None,
            comparator: Value::None,
            update_expression: Value::None,
        }
    }
}

/// What `hybrid_method` makes of a method.
#[derive(Clone)]
pub struct HybridMethod {
    /// The function for instances.
    pub function: Value,
    /// The function for classes; `None`: the same.
    pub expression: Value,
}

/// A hybrid property read through its class or an alias.
#[derive(Clone)]
pub struct HybridAttribute(Rc<HybridData>);

struct HybridData {
    entity: Option<MappedEntity>,
    owner: Value,
    key: Str,
    /// The expression, or the comparator, that the hybrid gave.
    expression: Value,
    is_comparator: bool,
    hybrid: Value,
}

/// Call a function of a hybrid with a class or instance, be it a classmethod or not.
pub fn call_part(function: &Value, owner: &Value, class: &Rc<Class>, cx: &Cx) -> Result<Value> {
    let bound = bind(function, None, class, cx)?;
    if bound.downcast::<BoundMethod>().is_some() {
        // A classmethod: it is bound to the class, or to the alias in its place.
        let function = match bound.downcast::<BoundMethod>() {
            Some(method) => method.function.clone(),
            None => bound,
        };
        return cx.call(&function, [owner.clone()]);
    }
    cx.call(function, [owner.clone()])
}

impl HybridAttribute {
    /// The hybrid as an attribute of `owner`, a class or alias.
    pub fn of(
        hybrid: &Value,
        property: &HybridProperty,
        owner: &Value,
        class: &Rc<Class>,
        cx: &Cx,
    ) -> Result<Value> {
        let parts = &property.parts();
        let (function, is_comparator) = if !parts.comparator.is_none() {
            (&parts.comparator, true)
        } else if parts.expression.is_none() {
            (&parts.getter, false)
        } else {
            (&parts.expression, false)
        };
        let expression = call_part(function, owner, class, cx)?;
        let entity = super::entity::entity_of_value(owner);
        if entity.is_none() && !is_comparator {
            return Ok(expression);
        }
        let key = property
            .name
            .borrow()
            .clone()
            .unwrap_or_else(|| Str::new(""));
        Ok(Value::object(Self(Rc::new(HybridData {
            entity,
            owner: owner.clone(),
            key,
            expression,
            is_comparator,
            hybrid: hybrid.clone(),
        }))))
    }
    /// Its name.
    pub fn key(&self) -> &Str {
        &self.0.key
    }
    /// The class or alias it was read through.
    pub fn owner(&self) -> &Value {
        &self.0.owner
    }
    /// The hybrid itself.
    pub fn hybrid(&self) -> &Value {
        &self.0.hybrid
    }
    /// What the hybrid gave: an expression, or a comparator.
    pub fn expression(&self) -> &Value {
        &self.0.expression
    }
    /// Whether that is a comparator, whose operators count.
    pub fn is_comparator(&self) -> bool {
        self.0.is_comparator
    }
    /// What its `update_expression` answers for `value`; `None` where it has none.
    pub fn update_pairs(&self, value: &Value, cx: &Cx) -> Result<Option<Value>> {
        let Some(hybrid) = self.0.hybrid.downcast::<HybridProperty>() else {
            return Ok(None);
        };
        match hybrid.parts().update_expression {
            Value::None => Ok(None),
            function => cx
                .call(&function, [self.0.owner.clone(), value.clone()])
                .map(Some),
        }
    }
    /// The entity it is an attribute of.
    pub fn entity(&self) -> Option<&MappedEntity> {
        self.0.entity.as_ref()
    }
    /// The same one behind two handles.
    pub fn identity(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }
    /// `User.length`.
    pub fn describe(&self, cx: &Cx) -> String {
        match &self.0.entity {
            Some(entity) => format!("{}.{}", entity.describe(cx), self.0.key),
            None => self.0.key.to_string(),
        }
    }
    /// It as an expression, named after the hybrid.
    pub fn element(&self, cx: &Cx) -> Result<ColumnElement> {
        let value = if self.0.is_comparator {
            cx.call_method(&self.0.expression, "__clause_element__", [])?
        } else {
            self.0.expression.clone()
        };
        let element = element_of(&value, cx)?;
        let Some(entity) = &self.0.entity else {
            return Ok(element);
        };
        // A subquery is of no entity, though what it selects is.
        let is_of = super::compile_state::entity_in(&element).is_some();
        let mapper: Rc<dyn Entity> = entity.mapper().clone();
        Ok(element.annotate(Annotations {
            parent_entity: is_of.then(|| entity.entity()),
            parent_mapper: is_of.then_some(mapper),
            proxy_key: Some(self.0.key.clone()),
            ..Annotations::default()
        }))
    }
}
