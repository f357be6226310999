//! Types as scripts see them: construction, attributes, reprs.

use std::rc::Rc;

use super::class::{SqlType, type_class};
use super::{COMPARATOR, Decorator, decorator, names};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::exceptions::{NOT_IMPLEMENTED_ERROR, TYPE_ERROR};
use crate::object::{
    Args, Class, Cx, Instance, Members, Object, Result, Str, TypeSpec, Value, no_attribute,
};
use crate::sql::dialects::DialectObject;
use crate::sql::operators::Operator;

/// Makes an instance of a class of types, a script's subclass included.
pub fn construct_type(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let Some(native) = class.native().and_then(type_class) else {
        return Err(TYPE_ERROR.error(format!("cannot create '{}' instances", class.full_name())));
    };
    if class.spec().is_some() {
        return SqlType::build(native, args, cx).map(Value::object);
    }
    let instance = Instance::new(class.clone());
    let this = Value::Instance(instance.clone());
    // A subclass with its own __init__ hands on what it likes, through super().
    let own_init = class.script_method("__init__").is_some();
    let ty = if own_init || std::ptr::eq(native, &raw const names::TypeDecorator) {
        let (behaviour, _) = super::class::parts(native, Args::none(), cx)?;
        SqlType::new(native, behaviour)
    } else {
        SqlType::build(native, args.clone(), cx)?
    };
    ty.set_script(this.clone());
    instance.set_payload(Rc::new(ty.clone()));
    if !own_init {
        initialize(&ty, class, args, cx)?;
    }
    Ok(this)
}

/// What `TypeEngine.__init__` does with the arguments that reach it.
fn initialize(ty: &SqlType, class: &Rc<Class>, args: Args, cx: &Cx) -> Result<()> {
    if std::ptr::eq(ty.class(), &raw const names::TypeDecorator) {
        let inner = decorator::impl_of(class, args, cx)?;
        if let Some(Value::Instance(instance)) = ty.script() {
            instance.set_attribute("impl", inner.to_value());
        }
        ty.set_behaviour(Rc::new(Decorator { inner }));
        return Ok(());
    }
    ty.rebuild(args, cx)
}

/// The members of every type.
pub fn type_members(members: &mut Members) {
    members
        .constant("Comparator", Value::Class(COMPARATOR.class()))
        .constant("comparator_factory", Value::Class(COMPARATOR.class()))
        .method_on_value("__init__(*args, **kwargs)", |this, bound, cx| {
            let (Some(ty), Value::Instance(instance)) = (this.downcast::<SqlType>(), this) else {
                return Ok(Value::None);
            };
            let args = Args {
                pos: bound.rest().iter().cloned().collect(),
                kw: bound.keywords().to_vec(),
            };
            initialize(ty, instance.class(), args, cx)?;
            Ok(Value::None)
        })
        .method_on_value("__repr__()", |this, _, cx| {
            match this.downcast::<SqlType>() {
                Some(ty) => ty.repr(cx).map(Value::from),
                None => Ok(Value::str("")),
            }
        })
        .method("__getattr__(name)", |ty: &SqlType, bound, cx| {
            let name = bound.text("name")?;
            ty.attribute(name)
                .ok_or_else(|| no_attribute(&ty.to_value(), name, cx))
        })
        .method_on_value("__str__()", |this, _, cx| {
            match this.downcast::<SqlType>() {
                Some(ty) => ty.text(cx).map(Value::from),
                None => Ok(Value::str("")),
            }
        })
        .method(
            "compile(dialect=None)",
            |ty: &SqlType, bound, cx| match bound.some("dialect") {
                Some(given) => {
                    let dialect = DialectObject::of(given, cx)?;
                    ty.ddl(&dialect, cx).map(Value::from)
                }
                None => ty.text(cx).map(Value::from),
            },
        )
        .method(
            "with_variant(type_, *dialect_names)",
            |ty: &SqlType, bound, cx| {
                let variant = SqlType::from_value(bound.value("type_"), cx)?;
                let mut added = Vec::new();
                for name in bound.rest() {
                    let Some(name) = name.as_str() else {
                        return Err(ARGUMENT_ERROR.error("dialect names are expected to be str"));
                    };
                    if ty.variants().iter().any(|(known, _)| known == name) {
                        return Err(ARGUMENT_ERROR.error(format!(
                            "Dialect {} is already present in the mapping for this {ty}",
                            cx.repr(&Value::str(name))?,
                            ty = ty.repr(cx)?
                        )));
                    }
                    added.push((Str::new(name), variant.clone()));
                }
                Ok(ty.with_variants(added).to_value())
            },
        )
        .method("dialect_impl(dialect)", |ty: &SqlType, bound, cx| {
            let dialect = DialectObject::of(bound.value("dialect"), cx)?;
            ty.dialect_impl(&dialect, cx).map(|ty| ty.to_value())
        })
        .method(
            "as_generic(allow_nulltype=False)",
            |ty: &SqlType, bound, cx| {
                let generic = ty.as_generic(cx)?;
                if generic.is_null() && !bound.flag("allow_nulltype", false) {
                    return Err(NOT_IMPLEMENTED_ERROR.error(
                    "Default TypeEngine.as_generic() heuristic method was unsuccessful for {}. A \
                     custom as_generic() method must be implemented for this type class."
                        .replace("{}", &ty.to_value_class_path(cx)),
                ));
                }
                Ok(generic.to_value())
            },
        )
        .method("copy(**kw)", |ty: &SqlType, _, _| {
            Ok(ty.with_variants([]).to_value())
        })
        .method("evaluates_none()", |ty: &SqlType, _, _| {
            Ok(ty.evaluating_none().to_value())
        })
        .method_on_value("load_dialect_impl(dialect)", |this, _, _| {
            Ok(
                match this
                    .downcast::<SqlType>()
                    .and_then(|ty| ty.behaviour().wrapped())
                {
                    Some(inner) => inner.to_value(),
                    None => this.clone(),
                },
            )
        })
        .method(
            "coerce_compared_value(op, value)",
            |ty: &SqlType, bound, cx| {
                let inner = ty.behaviour().wrapped();
                if inner.is_some() {
                    return Ok(ty.to_value());
                }
                ty.coerce_compared_value(&Operator::Eq, bound.value("value"), cx)
                    .map(|ty| ty.to_value())
            },
        )
        .with(trait_members);
}

/// What a type tells of itself.
fn trait_members(members: &mut Members) {
    members
        .getter("python_type", |ty: &SqlType, _| {
            ty.behaviour()
                .python_type()
                .ok_or_else(|| crate::object::Raised::new(&NOT_IMPLEMENTED_ERROR, Vec::new()))
        })
        .getter("hashable", |ty: &SqlType, _| {
            let behaviour = ty.behaviour();
            let unhashable = ty.is_a(&names::JSON) || behaviour.item_type().is_some();
            Ok((!unhashable).into())
        })
        .getter("should_evaluate_none", |ty: &SqlType, _| {
            Ok(ty.should_evaluate_none().into())
        })
        .getter("impl", |ty: &SqlType, cx| match ty.behaviour().wrapped() {
            Some(inner) => Ok(inner.to_value()),
            None => Err(crate::object::exceptions::ATTRIBUTE_ERROR.error(format!(
                "'{}' object has no attribute 'impl'",
                crate::object::class_of(&ty.to_value(), cx).name()
            ))),
        })
        .getter("impl_instance", |ty: &SqlType, _| {
            Ok(ty
                .behaviour()
                .wrapped()
                .map_or(Value::None, |ty| ty.to_value()))
        })
        .getter("__visit_name__", |ty: &SqlType, _| {
            Ok(ty.visit_name().into())
        });
}

impl SqlType {
    /// Module and name of its class, joined as Python's own message has them.
    fn to_value_class_path(&self, cx: &Cx) -> String {
        let class = crate::object::class_of(&self.to_value(), cx);
        format!("{}.{}", class.module(), class.name())
    }
    /// The type of the generic class that this one derives from, `String` of `VARCHAR`, made with
    /// the arguments that both know.
    fn as_generic(&self, cx: &Cx) -> Result<Self> {
        let own = crate::object::class_of(&self.to_value(), cx);
        let ancestors = own.ancestors();
        let generic = std::iter::once(&own)
            .chain(ancestors.iter())
            .find_map(|class| {
                let native = class.native().and_then(type_class)?;
                let name = native.name();
                let camel_case = name.chars().any(|c| c.is_ascii_lowercase());
                (class.spec().is_some()
                    && native.spec.class().module() == "sqlalchemy.sql.sqltypes"
                    && camel_case)
                    .then_some(native)
            });
        let Some(generic) = generic else {
            return Ok(Self::null());
        };
        let names = generic.parameter_names();
        let mut args = Args::none();
        for name in names {
            if let Some(value) = self.attribute(&name).filter(|value| !value.is_none()) {
                args.kw.push((name, value));
            }
        }
        if let Some(enums) = self.attribute("enums").filter(|_| self.is_a(&names::Enum)) {
            args.pos = cx.collect(&enums)?.into_iter().collect();
        }
        Self::build(generic, args, cx)
    }
}

impl Object for SqlType {
    fn spec(&self) -> &'static TypeSpec {
        &self.class().spec
    }
    fn identity(&self) -> Option<usize> {
        Some(self.address())
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        SqlType::repr(self, cx).map(Some)
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        self.text(cx).map(Some)
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(self.attribute(name))
    }
}

/// The members of `JSON`.
pub fn json_members(members: &mut Members) {
    members.constant("NULL", (super::JSON_NULL)());
}
