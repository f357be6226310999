//! `sqlalchemy.ext.hybrid` as values.

use std::rc::Rc;

use crate::object::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR};
use crate::object::ops;
use crate::object::{
    BinaryOp, BoundMethod, Class, CompareOp, Cx, Instance, Members, Object, Result, Str, TypeSpec,
    UnaryOp, Value, find_attr,
};
use crate::orm::{HybridAttribute, HybridMethod, HybridParts, HybridProperty};

/// `hybrid_property`.
pub static HYBRID_PROPERTY: TypeSpec = TypeSpec::new("sqlalchemy.ext.hybrid", "hybrid_property")
    .construct(|_, args, _| {
        let part = |at: usize| args.pos.get(at).cloned().unwrap_or(Value::None);
        let keyword = |name: &str| {
            args.kw
                .iter()
                .find(|(known, _)| known == name)
                .map_or(Value::None, |(_, value)| value.clone())
        };
        if args.pos.is_empty() {
            return Err(TYPE_ERROR.error(
                "hybrid_property.__init__() missing 1 required positional argument: 'fget'",
            ));
        }
        let or = |value: Value, other: Value| if value.is_none() { other } else { value };
        Ok(Value::object(HybridProperty::new(HybridParts {
            getter: part(0),
            setter: or(part(1), keyword("fset")),
            deleter: or(part(2), keyword("fdel")),
            expression: or(part(3), keyword("expr")),
            comparator: or(part(4), keyword("custom_comparator")),
            update_expression: or(part(5), keyword("update_expr")),
        })))
    })
    .members(property_members);

fn copy(this: &HybridProperty, change: impl FnOnce(&mut HybridParts)) -> Value {
    let mut parts = this.parts();
    change(&mut parts);
    Value::object(HybridProperty::new(parts))
}

fn property_members(members: &mut Members) {
    members
        .method("getter(fget)", |this: &HybridProperty, a, _| {
            Ok(copy(this, |parts| parts.getter = a.value("fget").clone()))
        })
        .method("setter(fset)", |this: &HybridProperty, a, _| {
            Ok(copy(this, |parts| parts.setter = a.value("fset").clone()))
        })
        .method("deleter(fdel)", |this: &HybridProperty, a, _| {
            Ok(copy(this, |parts| parts.deleter = a.value("fdel").clone()))
        })
        .method("expression(expr)", |this: &HybridProperty, a, _| {
            Ok(copy(this, |parts| {
                parts.expression = a.value("expr").clone();
            }))
        })
        .method("comparator(comparator)", |this: &HybridProperty, a, _| {
            Ok(copy(this, |parts| {
                parts.comparator = a.value("comparator").clone();
            }))
        })
        .method("update_expression(meth)", |this: &HybridProperty, a, _| {
            Ok(copy(this, |parts| {
                parts.update_expression = a.value("meth").clone();
            }))
        })
        .getter("fget", |this: &HybridProperty, _| Ok(this.parts().getter))
        .getter("fset", |this: &HybridProperty, _| Ok(this.parts().setter))
        .getter_on_value("overrides", |this, _| Ok(this.clone()))
        .getter_on_value("inplace", |this, _| {
            Ok(Value::object(InPlace {
                hybrid: this.clone(),
            }))
        });
}

/// `hybrid.inplace`: decorators that change the hybrid itself, under any name of the method.
struct InPlace {
    hybrid: Value,
}

static IN_PLACE: TypeSpec = TypeSpec::new("sqlalchemy.ext.hybrid", "_InPlace").members(|members| {
    members
        .method("getter(fget)", |this: &InPlace, a, _| {
            Ok(this.change(|parts| parts.getter = a.value("fget").clone()))
        })
        .method("setter(fset)", |this: &InPlace, a, _| {
            Ok(this.change(|parts| parts.setter = a.value("fset").clone()))
        })
        .method("deleter(fdel)", |this: &InPlace, a, _| {
            Ok(this.change(|parts| parts.deleter = a.value("fdel").clone()))
        })
        .method("expression(expr)", |this: &InPlace, a, _| {
            Ok(this.change(|parts| parts.expression = a.value("expr").clone()))
        })
        .method("comparator(comparator)", |this: &InPlace, a, _| {
            Ok(this.change(|parts| parts.comparator = a.value("comparator").clone()))
        })
        .method("update_expression(meth)", |this: &InPlace, a, _| {
            Ok(this.change(|parts| parts.update_expression = a.value("meth").clone()))
        });
});

impl InPlace {
    /// The hybrid with a change: what is assigned takes the place of the method's name, and the
    /// hybrid under its own name is found by the class body's `__set_name__`.
    fn change(&self, change: impl FnOnce(&mut HybridParts)) -> Value {
        match self.hybrid.downcast::<HybridProperty>() {
            Some(hybrid) => {
                hybrid.change(change);
                self.hybrid.clone()
            }
            None => Value::None,
        }
    }
}

impl Object for InPlace {
    fn spec(&self) -> &'static TypeSpec {
        &IN_PLACE
    }
}

impl Object for HybridProperty {
    fn spec(&self) -> &'static TypeSpec {
        &HYBRID_PROPERTY
    }
    fn set_name(&self, _owner: &Rc<Class>, name: &str, cx: &Cx) -> Result<()> {
        // With `inplace`, the methods of the decorators stand for the same hybrid: its name is
        // that of the getter.
        let own = find_attr(&self.parts().getter, "__name__", cx)?;
        let own = own.as_ref().and_then(Value::as_str).unwrap_or(name);
        *self.name.borrow_mut() = Some(Str::new(own));
        Ok(())
    }
    fn bind(
        &self,
        this: &Value,
        instance: Option<&Value>,
        owner: &Rc<Class>,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        if let Some(instance) = instance {
            return cx.call(&self.parts().getter, [instance.clone()]).map(Some);
        }
        if self.name.borrow().is_none() {
            self.set_name(owner, "", cx)?;
        }
        let class = Value::Class(owner.clone());
        HybridAttribute::of(this, self, &class, owner, cx).map(Some)
    }
    fn is_data_descriptor(&self) -> bool {
        true
    }
    fn bind_set(&self, instance: &Value, value: Value, cx: &Cx) -> Result<()> {
        let setter = self.parts().setter;
        if setter.is_none() {
            return Err(ATTRIBUTE_ERROR.error("can't set attribute"));
        }
        cx.call(&setter, [instance.clone(), value]).map(drop)
    }
    fn bind_delete(&self, instance: &Value, cx: &Cx) -> Result<()> {
        let deleter = self.parts().deleter;
        if deleter.is_none() {
            return Err(ATTRIBUTE_ERROR.error("can't delete attribute"));
        }
        cx.call(&deleter, [instance.clone()]).map(drop)
    }
}

/// The attribute that a hybrid is on its class.
pub static HYBRID_ATTRIBUTE: TypeSpec = TypeSpec::new("sqlalchemy.orm.attributes", "Proxy")
    .bases(&[&super::attribute::QUERYABLE_ATTRIBUTE])
    .members(|members| {
        members
            .getter("key", |this: &HybridAttribute, _| {
                Ok(this.key().clone().into())
            })
            .getter("descriptor", |this: &HybridAttribute, _| {
                Ok(this.hybrid().clone())
            })
            .getter("expression", |this: &HybridAttribute, cx| {
                this.element(cx).map(Value::object)
            })
            .method("__clause_element__()", |this: &HybridAttribute, _, cx| {
                this.element(cx).map(Value::object)
            });
    });

impl Object for HybridAttribute {
    fn spec(&self) -> &'static TypeSpec {
        &HYBRID_ATTRIBUTE
    }
    fn class(&self) -> Rc<Class> {
        super::attribute::proxy_class(&HYBRID_ATTRIBUTE)
    }
    fn identity(&self) -> Option<usize> {
        Some(Self::identity(self))
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.describe(cx)))
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        if self.is_comparator()
            && let Some(found) = find_attr(self.expression(), name, cx)?
        {
            return Ok(Some(found));
        }
        find_attr(&Value::object(self.element(cx)?), name, cx)
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
        let other = match other.downcast::<Self>() {
            Some(hybrid) if hybrid.is_comparator() => Value::object(hybrid.element(cx)?),
            _ => other.clone(),
        };
        if self.is_comparator() {
            return ops::compare(op, self.expression(), &other, cx).map(Some);
        }
        let own = self.element(cx)?;
        let this = Value::object(own.clone());
        own.compare(&this, op, &other, cx)
    }
    fn unary(&self, _this: &Value, op: UnaryOp, cx: &Cx) -> Result<Option<Value>> {
        let own = self.element(cx)?;
        let this = Value::object(own.clone());
        Object::unary(&own, &this, op, cx)
    }
}

/// `hybrid_method`.
pub static HYBRID_METHOD: TypeSpec = TypeSpec::new("sqlalchemy.ext.hybrid", "hybrid_method")
    .construct(|_, args, _| {
        Ok(Value::object(HybridMethod {
            function: args.pos.first().cloned().unwrap_or(Value::None),
            expression: args.pos.get(1).cloned().unwrap_or(Value::None),
        }))
    })
    .members(|members| {
        members.method("expression(expr)", |this: &HybridMethod, a, _| {
            Ok(Value::object(HybridMethod {
                function: this.function.clone(),
                expression: a.value("expr").clone(),
            }))
        });
    });

impl Object for HybridMethod {
    fn spec(&self) -> &'static TypeSpec {
        &HYBRID_METHOD
    }
    fn bind(
        &self,
        _this: &Value,
        instance: Option<&Value>,
        owner: &Rc<Class>,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let (this, function) = match instance {
            Some(instance) => (instance.clone(), &self.function),
            None => (Value::Class(owner.clone()), self.for_class()),
        };
        let bound = crate::object::bind(function, None, owner, cx)?;
        let function = match bound.downcast::<BoundMethod>() {
            Some(method) => method.function.clone(),
            None => bound,
        };
        Ok(Some(Value::object(BoundMethod { this, function })))
    }
}

/// `hybrid.Comparator`.
pub static COMPARATOR: TypeSpec = TypeSpec::new("sqlalchemy.ext.hybrid", "Comparator")
    .bases(&[&crate::object::types::OBJECT])
    .construct(|class, args, _| {
        let made = Instance::new(class.clone());
        if let Some(expression) = args.pos.first() {
            made.set_attribute("expression", expression.clone());
        }
        Ok(Value::Instance(made))
    })
    .members(|members| {
        members
            .method_on_value("__init__(expression)", |this, a, cx| {
                cx.set_attr(this, "expression", a.value("expression").clone())?;
                Ok(Value::None)
            })
            .method_on_value("__clause_element__()", |this, _, cx| {
                let expression = cx.get_attr(this, "expression")?;
                let mut found = expression;
                while found.downcast::<crate::sql::ColumnElement>().is_none()
                    && find_attr(&found, "__clause_element__", cx)?.is_some()
                {
                    found = cx.call_method(&found, "__clause_element__", [])?;
                }
                Ok(found)
            });
    })
    .subclassable();
