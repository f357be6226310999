//! Declarative bases and registries as scripts make them: `DeclarativeBase`, `declarative_base()`,
//! `registry`, `declared_attr`, `Mapped`.

use std::rc::Rc;

use crate::engine::exc::{INVALID_REQUEST_ERROR, MOVED_IN20_WARNING};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::OBJECT;
use crate::object::{
    Args, Bound, Class, Cx, Members, Method, Object, Raised, Result, Str, TypeSpec, Value, class_of,
};
use crate::orm::{
    BaseOptions, DeclaredAttr, MAPPED_AS_DATACLASS, MappedClass, RegistryHandle, add_attribute,
    configure_registry, declared_value, init_declarative_base, map_declaratively,
    mapper_from_keywords, new_declarative_base, new_registry,
};

/// A base that is mapped itself is a class whose base was forgotten.
fn check_not_mapped(class: &Rc<Class>) -> Result<()> {
    let fixed = class
        .own("__table__")
        .is_some_and(|table| table.downcast::<DeclaredAttr>().is_none());
    let named = matches!(class.own("__tablename__"), Some(Value::Str(_)));
    if !fixed && !named {
        return Ok(());
    }
    let base = class
        .bases()
        .iter()
        .find(|base| base.spec().is_some())
        .map(|base| base.name().to_string())
        .unwrap_or_default();
    Err(INVALID_REQUEST_ERROR.error(format!(
        "Cannot use '{base}' directly as a declarative base class. Create a Base by creating a \
         subclass of it."
    )))
}

fn base_init(class: &Rc<Class>, keywords: &[(Str, Value)], cx: &Cx) -> Result<()> {
    let direct = class.bases().iter().any(|base| {
        base.spec().is_some_and(|spec| {
            std::ptr::eq(spec, &raw const DECLARATIVE_BASE)
                || std::ptr::eq(spec, &raw const DECLARATIVE_BASE_NO_META)
        })
    });
    if direct {
        check_not_mapped(class)?;
        if !keywords.is_empty() {
            crate::orm::note_dataclass_keywords(class, keywords, cx)?;
        }
        return init_declarative_base(class, cx);
    }
    Ok(())
}

/// `DeclarativeBase`.
pub static DECLARATIVE_BASE: TypeSpec = TypeSpec::new("sqlalchemy.orm.decl_api", "DeclarativeBase")
    .bases(&[&OBJECT])
    .members(declarative_base_members)
    .instantiable()
    .init_subclass(base_init);
/// `DeclarativeBaseNoMeta`.
pub static DECLARATIVE_BASE_NO_META: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.decl_api", "DeclarativeBaseNoMeta")
        .bases(&[&OBJECT])
        .members(declarative_base_members)
        .instantiable()
        .init_subclass(base_init);

fn declarative_base_members(members: &mut Members) {
    members.method_on_value("__init__(*args, **kwargs)", |this, a, cx| {
        if let Value::Instance(instance) = this {
            let mut args = Args::from(a.rest().to_vec());
            args.kw = a.keywords().to_vec();
            crate::orm::declarative_constructor(instance, &args, cx)?;
        }
        Ok(Value::None)
    });
}

fn base_options(a: &Bound<'_>, cx: &Cx) -> Result<BaseOptions> {
    let mut options = BaseOptions {
        metadata: a.some("metadata").cloned(),
        name: a.some("name").and_then(Value::as_str).map(Str::new),
        constructor: a.given("constructor").cloned(),
        class_registry: a.some("class_registry").cloned(),
        ..BaseOptions::default()
    };
    if let Some(Value::Dict(map)) = a.some("type_annotation_map") {
        options.type_annotation_map = map
            .borrow()
            .iter()
            .map(|(key, value)| (key.value().clone(), value.clone()))
            .collect();
    }
    match a.some("cls") {
        None => {}
        Some(Value::Class(class)) => options.bases.push(class.clone()),
        Some(other) => {
            for one in cx.collect(other)? {
                if let Value::Class(class) = one {
                    options.bases.push(class);
                }
            }
        }
    }
    Ok(options)
}

/// `declarative_base()`.
pub fn declarative_base() -> Value {
    Method::function(
        "declarative_base(*, metadata=None, mapper=None, cls=None, name=None, \
         class_registry=None, type_annotation_map=None, constructor=None, metaclass=None, \
         bind=None)",
        make_base,
    )
}

fn make_base(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let options = base_options(a, cx)?;
    let registry = new_registry(&options, cx)?;
    make_base_of(&registry, &options, cx)
}

/// A base of `registry`, with the constructor that `super().__init__(..)` reaches.
fn make_base_of(
    registry: &Rc<crate::orm::Registry>,
    options: &BaseOptions,
    cx: &Cx,
) -> Result<Value> {
    let class = new_declarative_base(registry, options, cx)?;
    let own_init = class.script_method("__init__").is_some();
    if let (Some(init), false) = (DECLARATIVE_BASE.class().own("__init__"), own_init) {
        class.set("__init__", init);
    }
    Ok(Value::Class(class))
}

/// `declarative_base()` of `sqlalchemy.ext.declarative`.
pub fn moved_declarative_base() -> Value {
    Method::function(
        "declarative_base(*, metadata=None, mapper=None, cls=None, name=None, \
         class_registry=None, type_annotation_map=None, constructor=None, metaclass=None, \
         bind=None)",
        |a, cx| {
            if cx.compat().is_20() {
                cx.warn(
                    &MOVED_IN20_WARNING,
                    "The ``declarative_base()`` function is now available as \
                     sqlalchemy.orm.declarative_base(). (deprecated since: 2.0) (Background on \
                     SQLAlchemy 2.0 at: https://sqlalche.me/e/b8d9)",
                );
            }
            make_base(a, cx)
        },
    )
}

/// `as_declarative()`.
pub fn as_declarative() -> Value {
    Method::function("as_declarative(**kw)", |a, _| {
        let keywords = a.keywords().to_vec();
        Ok(Method::function("decorate(cls)", move |a, cx| {
            let mut args = Args::none();
            args.kw.clone_from(&keywords);
            let Value::Class(class) = a.value("cls") else {
                return Err(not_a_class(a.value("cls"), cx));
            };
            args.kw.push((Str::new("cls"), Value::Class(class.clone())));
            args.kw.push((Str::new("name"), class.name().into()));
            cx.call(&declarative_base(), args)
        }))
    })
}

fn not_a_class(value: &Value, cx: &Cx) -> Raised {
    TYPE_ERROR.error(format!(
        "class expected, got '{}'",
        class_of(value, cx).name()
    ))
}

/// `registry`.
pub static REGISTRY: TypeSpec = TypeSpec::new("sqlalchemy.orm.decl_api", "registry")
    .construct(|_, args, cx| {
        let made = cx.call(&registry_function(), args)?;
        Ok(made)
    })
    .members(registry_members);

fn registry_function() -> Value {
    Method::function(
        "registry(*, metadata=None, class_registry=None, type_annotation_map=None, \
         constructor=None, cls=None, name=None)",
        |a, cx| {
            let options = base_options(a, cx)?;
            let registry = new_registry(&options, cx)?;
            Ok(Value::object(RegistryHandle(registry)))
        },
    )
}

fn class_argument(a: &Bound<'_>, name: &str, cx: &Cx) -> Result<Rc<Class>> {
    match a.value(name) {
        Value::Class(class) => Ok(class.clone()),
        other => Err(not_a_class(other, cx)),
    }
}

fn registry_members(members: &mut Members) {
    members
        .getter("metadata", |this: &RegistryHandle, cx| {
            let constructors = crate::orm::schema_constructors(cx)?;
            Ok((constructors.metadata_value)(this.0.metadata()))
        })
        .getter("mappers", |this: &RegistryHandle, cx| {
            let mappers = this
                .0
                .mappers()
                .iter()
                .map(super::attribute::mapper_value)
                .collect::<Vec<_>>();
            Ok(Value::Set(Rc::new(crate::object::Set::frozen(
                crate::object::Set::of(mappers, cx)?,
            ))))
        })
        .method(
            "generate_base(mapper=None, cls=None, name=\"Base\", metaclass=None)",
            |this: &RegistryHandle, a, cx| {
                let mut options = BaseOptions {
                    name: a.some("name").and_then(Value::as_str).map(Str::new),
                    ..BaseOptions::default()
                };
                if let Some(Value::Class(class)) = a.some("cls") {
                    options.bases.push(class.clone());
                }
                make_base_of(&this.0, &options, cx)
            },
        )
        .method("mapped(cls)", |this: &RegistryHandle, a, cx| {
            let class = class_argument(a, "cls", cx)?;
            map_declaratively(&this.0, &class, &[], cx)?;
            Ok(Value::Class(class))
        })
        .method(
            "mapped_as_dataclass(cls=None, **kw)",
            |this: &RegistryHandle, a, cx| {
                let keywords = a.keywords().to_vec();
                if let Some(Value::Class(class)) = a.some("cls") {
                    class.set("__sa_mapped_as_dataclass__", Value::Bool(true));
                    map_declaratively(&this.0, class, &keywords, cx)?;
                    return Ok(Value::Class(class.clone()));
                }
                let registry = this.0.clone();
                Ok(Method::function("decorate(cls)", move |a, cx| {
                    let class = class_argument(a, "cls", cx)?;
                    class.set("__sa_mapped_as_dataclass__", Value::Bool(true));
                    map_declaratively(&registry, &class, &keywords, cx)?;
                    Ok(Value::Class(class))
                }))
            },
        )
        .method(
            "as_declarative_base(**kw)",
            |this: &RegistryHandle, a, _| {
                let registry = this.0.clone();
                let name = a
                    .keywords()
                    .iter()
                    .find(|(name, _)| name == "name")
                    .and_then(|(_, value)| value.as_str().map(Str::new));
                Ok(Method::function("decorate(cls)", move |a, cx| {
                    let class = class_argument(a, "cls", cx)?;
                    let options = BaseOptions {
                        name: Some(name.clone().unwrap_or_else(|| class.name())),
                        bases: vec![class],
                        ..BaseOptions::default()
                    };
                    make_base_of(&registry, &options, cx)
                }))
            },
        )
        .method("map_declaratively(cls)", |this: &RegistryHandle, a, cx| {
            let class = class_argument(a, "cls", cx)?;
            let mapper = map_declaratively(&this.0, &class, &[], cx)?;
            Ok(super::attribute::mapper_value(&mapper))
        })
        .method(
            "map_imperatively(class_, local_table=None, **kw)",
            |this: &RegistryHandle, a, cx| {
                let class = class_argument(a, "class_", cx)?;
                let table = a.given("local_table").cloned().unwrap_or(Value::None);
                let mapper = mapper_from_keywords(&this.0, &class, &table, a.keywords(), cx)?;
                Ok(super::attribute::mapper_value(&mapper))
            },
        )
        .method(
            "configure(cascade=False)",
            |this: &RegistryHandle, _, cx| {
                configure_registry(&this.0, cx)?;
                Ok(Value::None)
            },
        )
        .method(
            "update_type_annotation_map(type_annotation_map)",
            |this: &RegistryHandle, a, _| {
                if let Value::Dict(map) = a.value("type_annotation_map") {
                    let entries = map
                        .borrow()
                        .iter()
                        .map(|(key, value)| (key.value().clone(), value.clone()))
                        .collect();
                    this.0.extend_type_annotation_map(entries);
                }
                Ok(Value::None)
            },
        )
        .method("dispose(cascade=False)", |this: &RegistryHandle, _, _| {
            this.0.clear();
            Ok(Value::None)
        });
}

impl Object for RegistryHandle {
    fn spec(&self) -> &'static TypeSpec {
        &REGISTRY
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0) as usize)
    }
}

/// `declared_attr`.
pub static DECLARED_ATTR: TypeSpec = TypeSpec::new("sqlalchemy.orm.decl_api", "declared_attr")
    .construct(|_, args, cx| declare(args, false, cx))
    .members(|members| {
        members.class_method("__class_getitem__(item, /)", |this, _, _| Ok(this.clone()));
        members.constant("cascading", cascading());
        members.constant("directive", directive());
    });

fn declare(args: Args, cascading: bool, cx: &Cx) -> Result<Value> {
    let Some(function) = args.pos.first() else {
        return Err(TYPE_ERROR
            .error("declared_attr.__init__() missing 1 required positional argument: 'fn'"));
    };
    let _ = cx;
    Ok(Value::object(DeclaredAttr {
        function: function.clone(),
        cascading,
    }))
}

fn cascading() -> Value {
    Method::function("cascading(fn)", |a, cx| {
        declare(Args::from([a.value("fn").clone()]), true, cx)
    })
}

fn directive() -> Value {
    Method::function("directive(fn)", |a, cx| {
        declare(Args::from([a.value("fn").clone()]), false, cx)
    })
}

impl Object for DeclaredAttr {
    fn spec(&self) -> &'static TypeSpec {
        &DECLARED_ATTR
    }
    fn bind(
        &self,
        this: &Value,
        _instance: Option<&Value>,
        owner: &Rc<Class>,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        declared_value(this, owner, cx).map(Some)
    }
}

/// `add_mapped_attribute()`.
pub fn add_mapped_attribute() -> Value {
    Method::function("add_mapped_attribute(target, key, attr)", |a, cx| {
        let class = class_argument(a, "target", cx)?;
        let Some(mapper) = MappedClass::own(&class).and_then(MappedClass::mapper) else {
            return Err(crate::orm::exc::unmapped_class(&class));
        };
        add_attribute(&mapper, a.text("key")?, a.value("attr"), cx)?;
        Ok(Value::None)
    })
}

/// `validates()`.
pub fn validates() -> Value {
    Method::function(
        "validates(*names, include_removes=False, include_backrefs=True)",
        |a, _| {
            let marks = Value::tuple(vec![
                Value::tuple(a.rest().to_vec()),
                Value::Bool(a.flag("include_removes", false)),
                Value::Bool(a.flag("include_backrefs", true)),
            ]);
            Ok(Method::function("wrap(fn)", move |a, cx| {
                let function = a.value("fn").clone();
                cx.set_attr(&function, "__sa_validators__", marks.clone())?;
                Ok(function)
            }))
        },
    )
}

/// `reconstructor()`.
pub fn reconstructor() -> Value {
    Method::function("reconstructor(fn)", |a, cx| {
        let function = a.value("fn").clone();
        cx.set_attr(&function, "__sa_reconstructor__", Value::Bool(true))?;
        Ok(function)
    })
}

/// `MappedAsDataclass`.
pub fn mapped_as_dataclass() -> Value {
    Value::Class(MAPPED_AS_DATACLASS.class())
}

/// The error of `mapper()` where there is no classical one any more.
pub fn mapper_gone() -> Value {
    Method::function("mapper(*args, **kw)", |_, cx| {
        let _ = cx;
        Err(INVALID_REQUEST_ERROR.error(
            "The 'sqlalchemy.orm.mapper()' function is removed as of SQLAlchemy 2.0.  Use the \
             'sqlalchemy.orm.registry.map_imperatively()` method of the ``sqlalchemy.orm.registry`` \
             class to perform classical mapping.",
        ))
    })
}

/// `mapper()` of 1.4: maps in a registry of its own.
pub fn classical_mapper() -> Value {
    Method::function("mapper(class_, local_table=None, **kw)", |a, cx| {
        if cx.compat().is_20() {
            return cx.call(&mapper_gone(), []);
        }
        let class = class_argument(a, "class_", cx)?;
        let registry = super::classical_registry(cx)?;
        let table = a.given("local_table").cloned().unwrap_or(Value::None);
        let mapper = mapper_from_keywords(&registry, &class, &table, a.keywords(), cx)?;
        Ok(super::attribute::mapper_value(&mapper))
    })
}
