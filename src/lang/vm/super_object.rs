//! `super()`.

use std::rc::Rc;

use super::classes::{hears_of_subclasses, takes_no_keywords};
use super::descriptors::bound;
use super::runtime::runtime;
use crate::object::exceptions::{RUNTIME_ERROR, TYPE_ERROR};
use crate::object::{Args, Class, Cx, Method, Object, Result, TypeSpec, Value, class_of};

/// A `super` object: looks attributes up behind a class.
pub(in crate::lang) struct Super {
    after: Rc<Class>,
    this: Value,
    class: Rc<Class>,
}

/// `super`.
pub(super) static SUPER: TypeSpec = TypeSpec::new("builtins", "super").construct(construct);

fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    match args.pos.as_slice() {
        [Value::Class(after), this] => {
            let class = match this {
                Value::Class(class) if class.is_subclass(after) => class.clone(),
                _ => class_of(this, cx),
            };
            if !class.is_subclass(after) {
                return Err(TYPE_ERROR
                    .error("super(type, obj): obj must be an instance or subtype of type"));
            }
            Ok(Value::object(Super {
                after: after.clone(),
                this: this.clone(),
                class,
            }))
        }
        [] => Err(RUNTIME_ERROR.error("super(): no arguments")),
        [Value::Class(_)] => Err(TYPE_ERROR.error("ormsh does not support unbound super objects")),
        [other, ..] => Err(TYPE_ERROR.error(format!(
            "super() argument 1 must be a type, not {}",
            class_of(other, cx).name()
        ))),
    }
}

impl Object for Super {
    fn spec(&self) -> &'static TypeSpec {
        &SUPER
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!(
            "<super: <class '{}'>, <{} object>>",
            self.after.name(),
            class_of(&self.this, cx).name()
        )))
    }
    fn is_proxy(&self) -> bool {
        true
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        if name == "__class__" {
            return Ok(Some(Value::Class(SUPER.class())));
        }
        if let Some(found) = self.class.lookup_after(&self.after, name) {
            if is_of_object(&found) {
                match name {
                    "__init__" => {
                        if let Some(value) = self.default_init() {
                            return Ok(Some(value));
                        }
                    }
                    "__init_subclass__" => return Ok(self.init_subclass(cx)),
                    _ => {}
                }
            }
            return bound(&found, &self.this, &self.class, cx).map(Some);
        }
        Ok(None)
    }
}

impl Super {
    /// The end of a chain of `__init_subclass__`: keywords go on to the native bases.
    fn init_subclass(&self, cx: &Cx) -> Option<Value> {
        let Value::Class(class) = self.this.clone() else {
            return None;
        };
        let runtime = runtime(cx);
        Some(Method::function(
            "__init_subclass__(**kwargs)",
            move |bound, _| {
                let keywords = bound.keywords();
                if !keywords.is_empty() && !hears_of_subclasses(&class) {
                    return Err(takes_no_keywords(&class));
                }
                *runtime.class_keywords.borrow_mut() = keywords.to_vec();
                Ok(Value::None)
            },
        ))
    }

    /// What an extension of the class does in the place of a missing `__init__`.
    fn default_init(&self) -> Option<Value> {
        let extension = self.class.nearest_extension()?;
        let Value::Instance(instance) = self.this.clone() else {
            return None;
        };
        Some(Method::function(
            "__init__(*args, **kwargs)",
            move |bound, cx| {
                let mut args = Args::from(bound.rest().to_vec());
                args.kw = bound.keywords().to_vec();
                let has_args = !args.pos.is_empty() || !args.kw.is_empty();
                if !extension.default_init(&instance, &args, cx)? && has_args {
                    return Err(TYPE_ERROR.error(
                        "object.__init__() takes exactly one argument (the instance to initialize)",
                    ));
                }
                Ok(Value::None)
            },
        ))
    }
}

/// Whether `found` is a method of `object`, which every chain ends with.
fn is_of_object(found: &Value) -> bool {
    found
        .downcast::<Method>()
        .is_some_and(|method| method.owner() == Some("object"))
}
