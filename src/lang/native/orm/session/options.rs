//! Loader options: `joinedload()` and its like, `Load`, `with_loader_criteria()`.

use std::rc::Rc;

use super::super::functions::selectable;
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::types::OBJECT;
use crate::object::{
    Args, Bound, Class, Cx, Export, Members, Method, Object, Result, Str, TypeSpec, Value,
};
use crate::orm::entity_of_value;
use crate::orm::strategies::RelationshipStrategy;
use crate::orm::strategy_options::{
    CriteriaData, ElementOptions, Load, LoaderCriteria, OptionAttribute, Strategy, option_attribute,
};
use crate::sql::coercions::expect_expression;

/// `Load`.
pub static LOAD: TypeSpec = TypeSpec::new("sqlalchemy.orm.strategy_options", "Load")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members);

fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = crate::object::Signature::parse("__init__(self, entity)", Some("Load"));
    let bound = signature.bind(args.prepend(Value::None))?;
    Load::of_value(bound.value("entity"), cx).map(Value::object)
}

impl Object for Load {
    fn spec(&self) -> &'static TypeSpec {
        &LOAD
    }
    fn identity(&self) -> Option<usize> {
        Some(self.address())
    }
}

/// What one of the functions says of relationships.
#[derive(Clone, Copy)]
struct Relationship {
    name: &'static str,
    strategy: Option<RelationshipStrategy>,
}

const RELATIONSHIPS: &[(&str, &str, Relationship)] = &[
    (
        "joinedload(*keys, innerjoin=None)",
        "joinedload(attr, innerjoin=None)",
        Relationship {
            name: "joinedload",
            strategy: Some(RelationshipStrategy::Joined),
        },
    ),
    (
        "subqueryload(*keys)",
        "subqueryload(attr)",
        Relationship {
            name: "subqueryload",
            strategy: Some(RelationshipStrategy::Subquery),
        },
    ),
    (
        "selectinload(*keys, recursion_depth=None)",
        "selectinload(attr, recursion_depth=None)",
        Relationship {
            name: "selectinload",
            strategy: Some(RelationshipStrategy::SelectIn),
        },
    ),
    (
        "lazyload(*keys)",
        "lazyload(attr)",
        Relationship {
            name: "lazyload",
            strategy: Some(RelationshipStrategy::Select),
        },
    ),
    (
        "immediateload(*keys, recursion_depth=None)",
        "immediateload(attr, recursion_depth=None)",
        Relationship {
            name: "immediateload",
            strategy: Some(RelationshipStrategy::Immediate),
        },
    ),
    (
        "noload(*keys)",
        "noload(attr)",
        Relationship {
            name: "noload",
            strategy: Some(RelationshipStrategy::NoLoad),
        },
    ),
    (
        "raiseload(*keys, sql_only=False)",
        "raiseload(attr, sql_only=False)",
        Relationship {
            name: "raiseload",
            strategy: Some(RelationshipStrategy::Raise),
        },
    ),
    (
        "contains_eager(*keys, alias=None)",
        "contains_eager(attr, alias=None)",
        Relationship {
            name: "contains_eager",
            strategy: Some(RelationshipStrategy::Joined),
        },
    ),
    (
        "defaultload(*keys)",
        "defaultload(attr)",
        Relationship {
            name: "defaultload",
            strategy: None,
        },
    ),
];

fn relationship_option(
    load: &Load,
    attribute: &OptionAttribute,
    kind: Relationship,
    is_chain: bool,
    bound: &Bound<'_>,
    cx: &Cx,
) -> Result<Load> {
    let mut options = ElementOptions::default();
    let mut strategy = kind.strategy;
    let (mut propagates, mut gives_way) = (true, None);
    match kind.name {
        "joinedload" => options.innerjoin = bound.some("innerjoin").cloned(),
        "selectinload" | "immediateload" => {
            options.recursion_depth = bound.some("recursion_depth").and_then(Value::as_int);
        }
        "raiseload" if bound.flag("sql_only", false) => {
            strategy = Some(RelationshipStrategy::RaiseOnSql);
        }
        "contains_eager" => {
            options.contains_eager = true;
            options.eager_alias = match bound.some("alias") {
                Some(alias) => eager_alias(alias, cx)?,
                None => None,
            };
            propagates = false;
            gives_way = is_chain.then_some(true);
        }
        _ => {}
    }
    load.relationship(attribute, strategy, options, propagates, gives_way, cx)
}

fn eager_alias(value: &Value, cx: &Cx) -> Result<Option<crate::sql::FromClause>> {
    match entity_of_value(value) {
        Some(entity) => entity.entity().selectable(cx).map(Some),
        None => selectable(value, cx),
    }
}

/// The keys of an option; in 1.4 a text may name several, `"orders.items"`.
fn split_keys(keys: &[Value], cx: &Cx) -> Vec<Value> {
    let mut split = Vec::with_capacity(keys.len());
    for key in keys {
        match key {
            Value::Str(text) if cx.compat().is_14() => {
                split.extend(text.split('.').map(Value::str));
            }
            other => split.push(other.clone()),
        }
    }
    split
}

fn relationship_function(text: &'static str, kind: Relationship) -> Value {
    Method::function(text, move |bound, cx| {
        let keys = split_keys(bound.rest(), cx);
        let Some((last, before)) = keys.split_last() else {
            return Err(crate::object::exceptions::TYPE_ERROR
                .error(format!("{}() requires at least one attribute", kind.name)));
        };
        let mut load: Option<Load> = None;
        for key in before {
            let attribute = option_attribute(key, cx)?;
            let from = load.unwrap_or_else(|| Load::starting_at(&attribute));
            load = Some(if kind.name == "contains_eager" {
                relationship_option(&from, &attribute, kind, true, bound, cx)?
            } else {
                from.relationship(&attribute, None, ElementOptions::default(), true, None, cx)?
            });
        }
        let attribute = option_attribute(last, cx)?;
        let from = load.unwrap_or_else(|| Load::starting_at(&attribute));
        relationship_option(&from, &attribute, kind, false, bound, cx).map(Value::object)
    })
}

fn attributes(values: &[Value], cx: &Cx) -> Result<Vec<OptionAttribute>> {
    values
        .iter()
        .map(|value| option_attribute(value, cx))
        .collect()
}

fn load_only(load: &Load, values: &[Value], raiseload: bool, cx: &Cx) -> Result<Load> {
    let named = attributes(values, cx)?;
    let none = ElementOptions::default();
    let wanted = Strategy::Column {
        deferred: false,
        raiseload: false,
    };
    let rest = Strategy::Column {
        deferred: true,
        raiseload,
    };
    let others = ElementOptions {
        undefer_pks: true,
        ..ElementOptions::default()
    };
    load.columns(&named, Some(wanted), &none, &[], cx)?.columns(
        &[OptionAttribute::All],
        Some(rest),
        &others,
        &[],
        cx,
    )
}

/// `load_only()` of 2.0 has no word of its own for texts.
fn check_attributes(values: &[Value], cx: &Cx) -> Result<()> {
    let texts = values
        .iter()
        .filter_map(Value::as_str)
        .any(|text| text != "*");
    if texts && cx.compat().is_20() {
        return Err(
            ARGUMENT_ERROR.error("expected ORM mapped attribute for loader strategy argument")
        );
    }
    Ok(())
}

fn start(values: &[Value], name: &str, cx: &Cx) -> Result<Load> {
    match values.first() {
        Some(first) => Ok(Load::starting_at(&option_attribute(first, cx)?)),
        None => Err(crate::object::exceptions::TYPE_ERROR
            .error(format!("{name}() requires at least one attribute"))),
    }
}

fn deferral(
    load: &Load,
    values: &[Value],
    deferred: bool,
    raiseload: bool,
    cx: &Cx,
) -> Result<Load> {
    let values = split_keys(values, cx);
    let Some((last, before)) = values.split_last() else {
        return Ok(load.clone());
    };
    let mut load = load.clone();
    for value in before {
        let attribute = option_attribute(value, cx)?;
        load = load.relationship(&attribute, None, ElementOptions::default(), true, None, cx)?;
    }
    let strategy = Strategy::Column {
        deferred,
        raiseload,
    };
    let named = [option_attribute(last, cx)?];
    load.columns(&named, Some(strategy), &ElementOptions::default(), &[], cx)
}

fn undefer_group(load: &Load, name: &Value, cx: &Cx) -> Result<Load> {
    let options = ElementOptions {
        undefer_groups: vec![Str::new(name.as_str().unwrap_or_default())],
        ..ElementOptions::default()
    };
    load.columns(&[OptionAttribute::All], None, &options, &[], cx)
}

fn with_expression(load: &Load, key: &Value, expression: &Value, cx: &Cx) -> Result<Load> {
    let element = expect_expression(expression, None, None, cx)?;
    let named = [option_attribute(key, cx)?];
    load.columns(
        &named,
        Some(Strategy::Expression),
        &ElementOptions::default(),
        &[element],
        cx,
    )
}

fn selectin_polymorphic(load: &Load, classes: &Value, cx: &Cx) -> Result<Load> {
    let mut mappers = Vec::new();
    for class in cx.collect(classes)? {
        mappers.push(crate::orm::session::expect_mapper(&class, cx)?);
    }
    Ok(load.selectin_polymorphic(mappers))
}

fn members(members: &mut Members) {
    for (_, text, kind) in RELATIONSHIPS {
        members.method(text, |load: &Load, bound, cx| {
            let attribute = option_attribute(bound.value("attr"), cx)?;
            relationship_option(load, &attribute, *kind, false, bound, cx).map(Value::object)
        });
    }
    members
        .method(
            "load_only(*attrs, raiseload=False)",
            |load: &Load, bound, cx| {
                load_only(load, bound.rest(), bound.flag("raiseload", false), cx).map(Value::object)
            },
        )
        .method("defer(key, raiseload=False)", |load: &Load, bound, cx| {
            let raiseload = bound.flag("raiseload", false);
            deferral(load, &[bound.value("key").clone()], true, raiseload, cx).map(Value::object)
        })
        .method("undefer(key)", |load: &Load, bound, cx| {
            deferral(load, &[bound.value("key").clone()], false, false, cx).map(Value::object)
        })
        .method("undefer_group(name)", |load: &Load, bound, cx| {
            undefer_group(load, bound.value("name"), cx).map(Value::object)
        })
        .method(
            "with_expression(key, expression)",
            |load: &Load, bound, cx| {
                with_expression(load, bound.value("key"), bound.value("expression"), cx)
                    .map(Value::object)
            },
        )
        .method("selectin_polymorphic(classes)", |load: &Load, bound, cx| {
            selectin_polymorphic(load, bound.value("classes"), cx).map(Value::object)
        })
        .method("options(*opts)", |load: &Load, bound, cx| {
            let mut others = Vec::new();
            for value in bound.rest() {
                match value.downcast::<Load>() {
                    Some(other) => others.push(other.clone()),
                    None => {
                        return Err(ARGUMENT_ERROR
                            .error(format!("loader option expected, got {}", cx.repr(value)?)));
                    }
                }
            }
            load.options(&others, cx).map(Value::object)
        });
}

fn column_functions() -> Vec<(&'static str, Value)> {
    vec![
        (
            "load_only",
            Method::function("load_only(*attrs, raiseload=False)", |bound, cx| {
                check_attributes(bound.rest(), cx)?;
                let load = start(bound.rest(), "load_only", cx)?;
                load_only(&load, bound.rest(), bound.flag("raiseload", false), cx)
                    .map(Value::object)
            }),
        ),
        (
            "defer",
            Method::function("defer(key, *addl_attrs, raiseload=False)", |bound, cx| {
                let mut keys = vec![bound.value("key").clone()];
                keys.extend_from_slice(bound.rest());
                let load = start(&keys, "defer", cx)?;
                deferral(&load, &keys, true, bound.flag("raiseload", false), cx).map(Value::object)
            }),
        ),
        (
            "undefer",
            Method::function("undefer(key, *addl_attrs)", |bound, cx| {
                let mut keys = vec![bound.value("key").clone()];
                keys.extend_from_slice(bound.rest());
                let load = start(&keys, "undefer", cx)?;
                deferral(&load, &keys, false, false, cx).map(Value::object)
            }),
        ),
        (
            "undefer_group",
            Method::function("undefer_group(name)", |bound, cx| {
                undefer_group(&Load::of_any(), bound.value("name"), cx).map(Value::object)
            }),
        ),
        (
            "with_expression",
            Method::function("with_expression(key, expression)", |bound, cx| {
                let key = bound.value("key");
                let load = start(std::slice::from_ref(key), "with_expression", cx)?;
                with_expression(&load, key, bound.value("expression"), cx).map(Value::object)
            }),
        ),
        (
            "selectin_polymorphic",
            Method::function("selectin_polymorphic(base_cls, classes)", |bound, cx| {
                let load = Load::of_value(bound.value("base_cls"), cx)?;
                selectin_polymorphic(&load, bound.value("classes"), cx).map(Value::object)
            }),
        ),
    ]
}

fn column_function(name: &str) -> Value {
    column_functions()
        .into_iter()
        .find(|(known, _)| *known == name)
        .map_or(Value::None, |(_, function)| function)
}

fn relationship_function_named(name: &str) -> Value {
    RELATIONSHIPS
        .iter()
        .find(|(_, _, kind)| kind.name == name)
        .map_or(Value::None, |(text, _, kind)| {
            relationship_function(text, *kind)
        })
}

static LOADER_CRITERIA: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.util", "LoaderCriteriaOption").bases(&[&OBJECT]);

impl Object for LoaderCriteria {
    fn spec(&self) -> &'static TypeSpec {
        &LOADER_CRITERIA
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0) as usize)
    }
}

fn with_loader_criteria() -> Value {
    Method::function(
        "with_loader_criteria(entity_or_base, where_criteria, loader_only=False, \
         include_aliases=False, propagate_to_loaders=True, track_closure_variables=True)",
        |bound, _| {
            Ok(Value::object(LoaderCriteria(Rc::new(CriteriaData {
                target: bound.value("entity_or_base").clone(),
                criterion: bound.value("where_criteria").clone(),
                include_aliases: bound.flag("include_aliases", false),
                propagates: bound.flag("propagate_to_loaders", true),
                loader_only: bound.flag("loader_only", false),
            }))))
        },
    )
}

/// The names of `sqlalchemy.orm` that are loader options.
pub const NAMES: &[(&str, Export)] = &[
    ("joinedload", |_| relationship_function_named("joinedload")),
    ("subqueryload", |_| {
        relationship_function_named("subqueryload")
    }),
    ("selectinload", |_| {
        relationship_function_named("selectinload")
    }),
    ("lazyload", |_| relationship_function_named("lazyload")),
    ("immediateload", |_| {
        relationship_function_named("immediateload")
    }),
    ("noload", |_| relationship_function_named("noload")),
    ("raiseload", |_| relationship_function_named("raiseload")),
    ("contains_eager", |_| {
        relationship_function_named("contains_eager")
    }),
    ("defaultload", |_| {
        relationship_function_named("defaultload")
    }),
    ("load_only", |_| column_function("load_only")),
    ("defer", |_| column_function("defer")),
    ("undefer", |_| column_function("undefer")),
    ("undefer_group", |_| column_function("undefer_group")),
    ("with_expression", |_| column_function("with_expression")),
    ("selectin_polymorphic", |_| {
        column_function("selectin_polymorphic")
    }),
    ("with_loader_criteria", |_| with_loader_criteria()),
    ("Load", |_| Value::Class(LOAD.class())),
];
