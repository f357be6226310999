//! `sqlalchemy.ext.automap`: classes and relationships made of reflected tables.

use std::rc::Rc;

use super::automap_relationships::{
    Naming, relationships_for_foreign_keys, relationships_of_secondary,
};
use super::declarative;
use super::names_by_key::Properties;
use super::properties::{backref, relationship};
use crate::object::exceptions::{ASSERTION_ERROR, TYPE_ERROR};
use crate::object::types::{OBJECT, make_class};
use crate::object::{
    Args, Bound, Class, Cx, Export, Members, Method, ModuleSpec, Result, Str, TypeSpec, Value,
};
use crate::orm::{DEFERS, DeferredMapping, DeferredMappings};
use crate::sql::schema::{Constraint, Table};

const MODULE: &str = "sqlalchemy.ext.automap";
const CLASSES: &str = "classes";
const BY_MODULE: &str = "by_module";

/// `AutomapBase`.
pub static AUTOMAP_BASE: TypeSpec = TypeSpec::new(MODULE, "AutomapBase")
    .bases(&[&OBJECT])
    .members(members)
    .subclassable();

fn members(members: &mut Members) {
    members
        .constant("__abstract__", Value::Bool(true))
        .constant(DEFERS, "AutomapBase".into())
        .class_method(
            "prepare(autoload_with=None, engine=None, reflect=False, schema=None, \
             classname_for_table=None, modulename_for_table=None, collection_class=None, \
             name_for_scalar_relationship=None, name_for_collection_relationship=None, \
             generate_relationship=None, reflection_options=None)",
            prepare,
        );
}

/// The class that `automap_base()` made, among the ancestors of `class`.
fn base_of(class: &Rc<Class>) -> Option<Rc<Class>> {
    let marked = |class: &Rc<Class>| class.own(CLASSES).is_some();
    if marked(class) {
        return Some(class.clone());
    }
    class.ancestors().iter().find(|one| marked(one)).cloned()
}

/// `automap_base(declarative_base=None, **kw)`.
fn automap_base(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let base = if let Some(base) = bound.some("declarative_base") {
        base.clone()
    } else {
        let mut args = Args::none();
        args.kw = bound.keywords().to_vec();
        cx.call(&declarative::declarative_base(), args)?
    };
    let Value::Class(class) = &base else {
        return Err(TYPE_ERROR.error("automap_base() takes a declarative base class"));
    };
    let mut namespace = vec![
        (Str::new("__module__"), MODULE.into()),
        (Str::new("__abstract__"), Value::Bool(true)),
        (Str::new(CLASSES), Properties::empty()),
    ];
    if cx.compat().is_20() {
        namespace.push((Str::new(BY_MODULE), Properties::empty()));
    }
    let bases = [Value::Class(AUTOMAP_BASE.class()), base.clone()];
    make_class(class.name(), &bases, namespace, &[], cx)
}

/// Two foreign keys that are all a table has: it links two others.
struct Link {
    table: Rc<Table>,
    sides: [Rc<Constraint>; 2],
}

fn link_of(table: &Rc<Table>) -> Option<Link> {
    let constraints = table.foreign_key_constraints();
    let [first, second] = constraints.as_slice() else {
        return None;
    };
    let linking = |name: &Str| {
        let has = |one: &Rc<Constraint>| one.columns.borrow().iter().any(|own| own.key() == *name);
        has(first) || has(second)
    };
    table.columns().keys().all(linking).then(|| Link {
        table: table.clone(),
        sides: [first.clone(), second.clone()],
    })
}

/// The table that a foreign key constraint refers to.
pub fn referred_table(constraint: &Constraint, cx: &Cx) -> Result<Option<Rc<Table>>> {
    match constraint.elements().first() {
        Some(element) => Ok(element.column(cx)?.table()),
        None => Ok(None),
    }
}

fn reflect(class: &Value, bound: &Bound<'_>, cx: &Cx) -> Result<()> {
    let bind = bound.some("engine").or_else(|| bound.some("autoload_with"));
    let asked = bound.some("autoload_with").is_some() || bound.flag("reflect", false);
    if !asked {
        return Ok(());
    }
    let Some(bind) = bind else {
        return Err(ASSERTION_ERROR.error(""));
    };
    let mut args = Args::from(vec![bind.clone()]);
    args.kw = vec![
        (Str::new("schema"), bound.value("schema").clone()),
        (Str::new("extend_existing"), Value::Bool(true)),
        (Str::new("autoload_replace"), Value::Bool(false)),
    ];
    if let Some(Value::Dict(options)) = bound.some("reflection_options") {
        for (name, value) in options.borrow().iter() {
            if let Some(name) = name.value().as_str() {
                args.kw.retain(|(known, _)| known != name);
                args.kw.push((Str::new(name), value.clone()));
            }
        }
    }
    let metadata = cx.get_attr(class, "metadata")?;
    cx.call_method(&metadata, "reflect", args).map(drop)
}

fn prepare(this: &Value, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let base = match this {
        Value::Class(class) => base_of(class),
        _ => None,
    };
    let Some(base) = base else {
        return Err(ASSERTION_ERROR.error("Can't locate automap base in class hierarchy"));
    };
    reflect(this, bound, cx)?;
    let naming = Naming::of(&base, bound);
    let metadata = cx.get_attr(this, "metadata")?;
    let tables = cx.call_method(&cx.get_attr(&metadata, "tables")?, "values", [])?;
    let waiting = cx.service::<DeferredMappings>();
    let mut links = Vec::new();
    for table in cx.collect(&tables)? {
        let Some(table) = crate::lang::native::schema::table_of(&table) else {
            continue;
        };
        if let Some(link) = link_of(&table) {
            links.push(link);
        } else if !table.primary_key_columns().is_empty()
            && mapping_of(&waiting.of_base(&base), &table).is_none()
        {
            map_table(&base, &table, bound, cx)?;
        }
    }
    let mappings = waiting.of_base(&base);
    for mapping in &mappings {
        relationships_for_foreign_keys(mapping, &mappings, &naming, cx)?;
    }
    for link in &links {
        relationships_of_secondary(&link.table, &link.sides, &mappings, &naming, cx)?;
    }
    for mapping in &mappings {
        mapping.map(cx)?;
    }
    Ok(Value::None)
}

/// What is to be mapped to `table`.
pub fn mapping_of<'a>(
    mappings: &'a [Rc<DeferredMapping>],
    table: &Rc<Table>,
) -> Option<&'a Rc<DeferredMapping>> {
    mappings
        .iter()
        .find(|mapping| mapping.table().is_some_and(|own| Rc::ptr_eq(own, table)))
}

/// Make a class for `table`.
fn map_table(base: &Rc<Class>, table: &Rc<Table>, bound: &Bound<'_>, cx: &Cx) -> Result<()> {
    let this = Value::Class(base.clone());
    let value = crate::lang::native::schema::table_value(table.clone());
    let arguments = || [this.clone(), table.name().clone().into(), value.clone()];
    let module = match bound.some("modulename_for_table") {
        Some(hook) => Some(cx.call(hook, arguments())?).filter(|module| !module.is_none()),
        None => None,
    };
    let name = match bound.some("classname_for_table") {
        Some(hook) => Str::new(cx.str(&cx.call(hook, arguments())?)?),
        None => table.name().clone(),
    };
    let classes = base.own(CLASSES);
    let classes = classes
        .as_ref()
        .and_then(|held| held.downcast::<Properties>());
    if module.is_none()
        && cx.compat().is_20()
        && classes.is_some_and(|classes| classes.get(&name).is_some())
    {
        cx.warn(
            &crate::engine::exc::SA_WARNING,
            &format!(
                "Ignoring duplicate class name '{name}' received in automap base for table {} \
                 without ``__module__`` being set; consider using the ``modulename_for_table`` \
                 hook",
                table.key()
            ),
        );
        return Ok(());
    }
    let namespace = vec![
        (
            Str::new("__module__"),
            module.clone().unwrap_or_else(|| MODULE.into()),
        ),
        (Str::new("__table__"), value),
    ];
    let made = make_class(name.clone(), &[this], namespace, &[], cx)?;
    if let Some(classes) = classes.filter(|_| module.is_none()) {
        classes.set(name.clone(), made.clone());
    }
    if let Some(by_module) = base.own(BY_MODULE) {
        let module = match module {
            Some(module) => cx.str(&module)?,
            None => MODULE.to_owned(),
        };
        let mut place = by_module;
        for part in module.split('.') {
            let next = place.downcast::<Properties>().map(|own| own.below(part));
            place = next.unwrap_or(Value::None);
        }
        if let Some(place) = place.downcast::<Properties>() {
            place.set(name, made);
        }
    }
    Ok(())
}

/// `generate_relationship(base, direction, return_fn, attrname, local_cls, referred_cls, **kw)`.
pub fn generate_relationship(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let function = bound.value("return_fn");
    let makes = |name: &str| {
        function
            .downcast::<Method>()
            .is_some_and(|method| method.text().starts_with(name))
    };
    let first = if makes("backref(") {
        bound.value("attrname")
    } else if makes("relationship(") {
        bound.value("referred_cls")
    } else {
        return Err(TYPE_ERROR.error(format!(
            "Unknown relationship function: {}",
            cx.str(function)?
        )));
    };
    let mut args = Args::from(vec![first.clone()]);
    args.kw = bound.keywords().to_vec();
    cx.call(function, args)
}

/// The function that makes the other side, or a relationship.
pub fn return_function(of_backref: bool) -> Value {
    if of_backref {
        backref()
    } else {
        relationship()
    }
}

fn lower_name(class: &Value) -> Result<String> {
    match class {
        Value::Class(class) => Ok(class.name().to_lowercase()),
        _ => Err(TYPE_ERROR.error("a class is expected")),
    }
}

/// The name of a many-to-one, where no hook says otherwise.
pub fn scalar_name(referred: &Value) -> Result<Value> {
    Ok(lower_name(referred)?.into())
}

/// The name of a collection, where no hook says otherwise.
pub fn collection_name(referred: &Value) -> Result<Value> {
    Ok(format!("{}_collection", lower_name(referred)?).into())
}

const NAMES: &[(&str, Export)] = &[
    ("AutomapBase", |_| Value::Class(AUTOMAP_BASE.class())),
    ("automap_base", |_| {
        Method::function("automap_base(declarative_base=None, **kw)", automap_base)
    }),
    ("classname_for_table", |_| {
        Method::function("classname_for_table(base, tablename, table)", |a, _| {
            Ok(a.value("tablename").clone())
        })
    }),
    ("name_for_scalar_relationship", |_| {
        Method::function(
            "name_for_scalar_relationship(base, local_cls, referred_cls, constraint)",
            |a, _| scalar_name(a.value("referred_cls")),
        )
    }),
    ("name_for_collection_relationship", |_| {
        Method::function(
            "name_for_collection_relationship(base, local_cls, referred_cls, constraint)",
            |a, _| collection_name(a.value("referred_cls")),
        )
    }),
    ("generate_relationship", |_| {
        Method::function(
            "generate_relationship(base, direction, return_fn, attrname, local_cls, \
             referred_cls, **kw)",
            generate_relationship,
        )
    }),
    ("interfaces", |_| {
        Value::object(crate::object::Module::new(&super::INTERFACES))
    }),
];

/// `sqlalchemy.ext.automap`.
pub static EXT_AUTOMAP: ModuleSpec = ModuleSpec {
    name: MODULE,
    names: NAMES,
    unsupported: crate::lang::unsupported::names_of(MODULE),
    dynamic: None,
};
