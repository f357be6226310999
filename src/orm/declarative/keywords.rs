//! From the keyword arguments of `relationship()` and `mapper()` to properties and mappers.

use std::rc::Rc;

use super::mapper_args::{apply, marked_methods};
use crate::engine::exc::{ARGUMENT_ERROR, SA_WARNING};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Class, Cx, Result, Str, Value};
use crate::orm::mapper::Mapper;
use crate::orm::mapping::{self, MapperSpec};
use crate::orm::properties::{
    Cascade, MapperProperty, PassiveDeletes, PropertyKind, RelationshipArgs, RelationshipOptions,
    RelationshipProperty,
};
use crate::orm::registry::Registry;
use crate::sql::coercions;

struct Keywords<'a> {
    given: Vec<(Str, Value)>,
    /// The names that were looked for: those that there are.
    known: Vec<&'static str>,
    cx: &'a Cx,
}

impl Keywords<'_> {
    fn take(&mut self, name: &'static str) -> Value {
        self.known.push(name);
        let at = self.given.iter().position(|(known, _)| known == name);
        at.map_or(Value::Undefined, |at| self.given.remove(at).1)
    }
    fn flag(&mut self, name: &'static str, default: bool) -> Result<bool> {
        match self.take(name) {
            Value::Undefined => Ok(default),
            value => self.cx.truthy(&value),
        }
    }
    fn option(&mut self, name: &'static str) -> Result<Option<bool>> {
        match self.take(name) {
            Value::Undefined | Value::None => Ok(None),
            value => self.cx.truthy(&value).map(Some),
        }
    }
    fn text(&mut self, name: &'static str) -> Option<Str> {
        match self.take(name) {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }
}

/// The name of a loader strategy that a `lazy=` means.
fn lazy_name(value: &Value, cx: &Cx) -> Result<Str> {
    Ok(match value {
        Value::Undefined | Value::Bool(true) => Str::new("select"),
        Value::Bool(false) => Str::new("joined"),
        Value::None => Str::new("noload"),
        Value::Str(text) => text.clone(),
        other => Str::from(cx.repr(other)?),
    })
}

fn passive_deletes(value: &Value, cx: &Cx) -> Result<PassiveDeletes> {
    Ok(match value {
        Value::Undefined => PassiveDeletes::No,
        Value::Str(text) if text == "all" => PassiveDeletes::All,
        other if cx.truthy(other)? => PassiveDeletes::Yes,
        _ => PassiveDeletes::No,
    })
}

fn cascade(given: &Value, viewonly: bool, cx: &Cx) -> Result<Cascade> {
    if matches!(given, Value::Undefined | Value::Bool(false)) {
        return Ok(if viewonly {
            Cascade::NONE
        } else {
            Cascade::DEFAULT
        });
    }
    let text = match given {
        Value::None => String::new(),
        Value::Str(text) => text.to_string(),
        other => cx
            .collect(other)?
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(","),
    };
    let (cascade, lone_orphan) = Cascade::parse(&text)?;
    if lone_orphan {
        cx.warn(
            &SA_WARNING,
            "The 'delete-orphan' cascade option requires 'delete'.",
        );
    }
    if !viewonly {
        return Ok(cascade);
    }
    let writing: Vec<&str> = cascade
        .words()
        .into_iter()
        .filter(|word| matches!(*word, "save-update" | "delete" | "delete-orphan" | "merge"))
        .collect();
    if cx.compat().is_14() && !writing.is_empty() {
        return Err(ARGUMENT_ERROR.error(format!(
            "Cascade settings \"{}\" apply to persistence operations and should not be combined \
             with a viewonly=True relationship.",
            writing.join(", ")
        )));
    }
    Ok(Cascade {
        refresh_expire: cascade.refresh_expire,
        expunge: cascade.expunge,
        ..Cascade::NONE
    })
}

/// The relationship that `relationship(argument, **keywords)` declares.
pub fn relationship_from_keywords(
    argument: Value,
    keywords: Vec<(Str, Value)>,
    cx: &Cx,
) -> Result<Rc<MapperProperty>> {
    let mut k = Keywords {
        given: keywords,
        known: Vec::new(),
        cx,
    };
    let viewonly = k.flag("viewonly", false)?;
    let back_populates = k.text("back_populates");
    let backref = k.take("backref");
    if back_populates.is_some() && !matches!(backref, Value::Undefined | Value::None) {
        return Err(ARGUMENT_ERROR
            .error("backref and back_populates keyword arguments are mutually exclusive"));
    }
    let sync_backref = k.option("sync_backref")?;
    if viewonly && sync_backref == Some(true) {
        return Err(ARGUMENT_ERROR.error("sync_backref and viewonly cannot both be True"));
    }
    let cascade = cascade(&k.take("cascade"), viewonly, cx)?;
    let cascade_backrefs = k.flag("cascade_backrefs", cx.compat().is_14())?;
    if cascade_backrefs && cx.compat().is_20() {
        return Err(ARGUMENT_ERROR.error(
            "The 'cascade_backrefs' parameter passed to relationship() may only be set to False.",
        ));
    }
    let overlaps = k.text("overlaps").map_or_else(Vec::new, |text| {
        text.split(',').map(|word| Str::new(word.trim())).collect()
    });
    let join_depth = k.take("join_depth").as_int();
    let lazy = lazy_name(&k.take("lazy"), cx)?;
    let doc = k.take("doc");
    let info = k.take("info");
    let args = RelationshipArgs {
        argument: std::cell::RefCell::new(argument),
        secondary: k.take("secondary"),
        primaryjoin: k.take("primaryjoin"),
        secondaryjoin: k.take("secondaryjoin"),
        order_by: k.take("order_by"),
        foreign_keys: k.take("foreign_keys"),
        remote_side: k.take("remote_side"),
        backref,
        collection_class: std::cell::RefCell::new(k.take("collection_class")),
        comparator_factory: k.take("comparator_factory"),
        query_class: k.take("query_class"),
    };
    let options = RelationshipOptions {
        uselist: k.option("uselist")?,
        post_update: k.flag("post_update", false)?,
        viewonly,
        passive_deletes: passive_deletes(&k.take("passive_deletes"), cx)?,
        passive_updates: k.flag("passive_updates", true)?,
        active_history: k.flag("active_history", false)?,
        enable_typechecks: k.flag("enable_typechecks", true)?,
        join_depth: join_depth.and_then(|depth| u32::try_from(depth).ok()),
        single_parent: k.flag("single_parent", false)?,
        innerjoin: match k.take("innerjoin") {
            Value::Undefined => Value::Bool(false),
            given => given,
        },
        distinct_target_key: k.option("distinct_target_key")?,
        load_on_pending: k.flag("load_on_pending", false)?,
        omit_join: k.option("omit_join")?,
        sync_backref,
        cascade_backrefs,
        overlaps,
        field: super::FieldOptions {
            init: k.take("init"),
            repr: k.take("repr"),
            default: k.take("default"),
            default_factory: k.take("default_factory"),
            compare: k.take("compare"),
            kw_only: k.take("kw_only"),
            hash: k.take("hash"),
        },
    };
    k.take("bake_queries");
    k.take("distinct_target_key");
    if let Some((name, _)) = k.given.first() {
        let function = if cx.compat().is_14() {
            "relationship"
        } else {
            "RelationshipProperty.__init__"
        };
        let raised = TYPE_ERROR.error(format!(
            "{function}() got an unexpected keyword argument '{name}'"
        ));
        return Err(raised.misspelt(name, k.known.iter().copied()));
    }
    let prop = MapperProperty::new(PropertyKind::Relationship(Box::new(
        RelationshipProperty::new(args, options, cascade, lazy, back_populates),
    )));
    if !doc.is_undefined() {
        prop.set_doc(doc);
    }
    if let Value::Dict(info) = info {
        for (key, value) in info.borrow().iter() {
            prop.info().borrow_mut().insert(key.clone(), value.clone());
        }
    }
    Ok(prop)
}

/// `registry.map_imperatively(class, table, **keywords)`.
pub fn mapper_from_keywords(
    registry: &Rc<Registry>,
    class: &Rc<Class>,
    table: &Value,
    keywords: &[(Str, Value)],
    cx: &Cx,
) -> Result<Rc<Mapper>> {
    let mut spec = MapperSpec::new(class.clone(), registry.clone());
    if !matches!(table, Value::None | Value::Undefined) {
        spec.local_table = Some(coercions::expect_from(table, cx)?);
    }
    let inherits = keywords.iter().any(|(name, _)| name == "inherits");
    if !inherits {
        spec.inherits = None;
    }
    // The properties are read first: other arguments may name them.
    let (first, rest): (Vec<_>, Vec<_>) = keywords
        .iter()
        .cloned()
        .partition(|(name, _)| name == "properties");
    apply(&mut spec, &first, cx)?;
    apply(&mut spec, &rest, cx)?;
    let (validators, reconstructor) = marked_methods(class, cx)?;
    spec.validators = validators;
    spec.reconstructor = reconstructor;
    mapping::map_class(spec, cx)
}
