//! The relationships that automap makes of foreign keys: their names, sides and arguments.

use std::rc::Rc;

use super::automap::{
    collection_name, generate_relationship, mapping_of, referred_table, return_function,
    scalar_name,
};
use super::properties::DirectionValue;
use crate::object::{Args, Bound, Class, Cx, Method, Result, Str, Value};
use crate::orm::{DeferredMapping, Direction, PropertyHandle};
use crate::sql::ColumnElement;
use crate::sql::operate::operate;
use crate::sql::operators::Operator;
use crate::sql::schema::{Constraint, ConstraintKind, Table};

/// The hooks of one `prepare()`.
pub struct Naming {
    base: Value,
    scalar: Option<Value>,
    collection: Option<Value>,
    generate: Option<Value>,
    collection_class: Value,
}

impl Naming {
    /// The hooks among the arguments of `prepare()`.
    pub fn of(base: &Rc<Class>, bound: &Bound<'_>) -> Self {
        let collection_class = bound
            .some("collection_class")
            .cloned()
            .unwrap_or_else(|| Value::Class(crate::object::types::LIST.class()));
        Self {
            base: Value::Class(base.clone()),
            scalar: bound.some("name_for_scalar_relationship").cloned(),
            collection: bound.some("name_for_collection_relationship").cloned(),
            generate: bound.some("generate_relationship").cloned(),
            collection_class,
        }
    }
    fn name(
        &self,
        scalar: bool,
        local: &Rc<Class>,
        referred: &Rc<Class>,
        constraint: &Rc<Constraint>,
        cx: &Cx,
    ) -> Result<Str> {
        let hook = if scalar {
            &self.scalar
        } else {
            &self.collection
        };
        let referred = Value::Class(referred.clone());
        let name = match hook {
            Some(hook) => cx.call(
                hook,
                [
                    self.base.clone(),
                    Value::Class(local.clone()),
                    referred,
                    Value::object(constraint.clone()),
                ],
            )?,
            None if scalar => scalar_name(&referred)?,
            None => collection_name(&referred)?,
        };
        cx.str(&name).map(Str::new)
    }
    /// Ask for a relationship, or with `of_backref` for the arguments of its other side.
    fn generate(&self, asked: Asked<'_>, cx: &Cx) -> Result<Value> {
        let mut args = Args::from(vec![
            self.base.clone(),
            Value::object(DirectionValue(asked.direction)),
            return_function(asked.of_backref),
            asked.name.clone().into(),
            Value::Class(asked.local.clone()),
            Value::Class(asked.referred.clone()),
        ]);
        args.kw = asked.keywords;
        if let Some(hook) = &self.generate {
            return cx.call(hook, args);
        }
        let function = Method::function(
            "generate_relationship(base, direction, return_fn, attrname, local_cls, \
             referred_cls, **kw)",
            generate_relationship,
        );
        cx.call(&function, args)
    }
}

/// What `generate_relationship` is asked for.
struct Asked<'a> {
    direction: Direction,
    of_backref: bool,
    name: &'a Str,
    local: &'a Rc<Class>,
    referred: &'a Rc<Class>,
    keywords: Vec<(Str, Value)>,
}

fn keyword(name: &str, value: impl Into<Value>) -> (Str, Value) {
    (Str::new(name), value.into())
}

/// The columns of the elements of a foreign key constraint: its own, or those referred to.
fn columns(constraint: &Constraint, referred: bool, cx: &Cx) -> Result<Value> {
    let mut all = Vec::new();
    for element in constraint.elements() {
        let column = if referred {
            Some(element.column(cx)?)
        } else {
            element.parent()
        };
        all.extend(column.map(|column| Value::object(ColumnElement::Column(column))));
    }
    Ok(Value::list(all))
}

/// What the many side asks of the one side: orphans go where the key can't be NULL.
fn one_to_many_keywords(constraint: &Constraint) -> Vec<(Str, Value)> {
    let ConstraintKind::ForeignKey { rules, .. } = &constraint.kind else {
        return Vec::new();
    };
    let ondelete = rules.ondelete.as_ref().map(|rule| rule.to_lowercase());
    let nullable = constraint
        .columns
        .borrow()
        .iter()
        .all(|column| column.nullable());
    let mut keywords = Vec::new();
    if !nullable {
        keywords.push(keyword("cascade", "all, delete-orphan"));
    }
    let passive = if nullable { "set null" } else { "cascade" };
    if ondelete.as_deref() == Some(passive) {
        keywords.push(keyword("passive_deletes", true));
    }
    keywords
}

fn add(mapping: &DeferredMapping, name: &str, made: &Value) -> bool {
    match made.downcast::<PropertyHandle>() {
        Some(handle) => {
            mapping.add_property(name, handle.0.clone());
            true
        }
        None => false,
    }
}

/// Let what `mapping` has as `name` name its other side.
fn populate_back(mapping: &DeferredMapping, name: &str, back: &Str) {
    if let Some(property) = mapping.property(name)
        && let Some(relationship) = property.relationship()
    {
        *relationship.back_populates.borrow_mut() = Some(back.clone());
    }
}

/// A relationship for each foreign key of the table of `mapping`.
pub fn relationships_for_foreign_keys(
    mapping: &Rc<DeferredMapping>,
    mappings: &[Rc<DeferredMapping>],
    naming: &Naming,
    cx: &Cx,
) -> Result<()> {
    let Some(table) = mapping.table() else {
        return Ok(());
    };
    for constraint in table.foreign_key_constraints() {
        let Some(referred_table) = referred_table(&constraint, cx)? else {
            continue;
        };
        let Some(referred) = mapping_of(mappings, &referred_table) else {
            continue;
        };
        let inherits = mapping.class().is_subclass(referred.class());
        if !Rc::ptr_eq(mapping.class(), referred.class()) && inherits {
            continue;
        }
        foreign_key(mapping, referred, &constraint, naming, cx)?;
    }
    Ok(())
}

fn foreign_key(
    mapping: &Rc<DeferredMapping>,
    referred: &Rc<DeferredMapping>,
    constraint: &Rc<Constraint>,
    naming: &Naming,
    cx: &Cx,
) -> Result<()> {
    let (local_class, referred_class) = (mapping.class(), referred.class());
    let name = naming.name(true, local_class, referred_class, constraint, cx)?;
    let back = naming.name(false, referred_class, local_class, constraint, cx)?;
    let collection = keyword("collection_class", naming.collection_class.clone());
    let create_back = !referred.has_property(&back);
    let other_side = |of_backref: bool, keywords: Vec<(Str, Value)>| Asked {
        direction: Direction::OneToMany,
        of_backref,
        name: &back,
        local: referred_class,
        referred: local_class,
        keywords,
    };
    if !mapping.has_property(&name) {
        let backref = if create_back {
            let mut keywords = vec![collection];
            keywords.extend(one_to_many_keywords(constraint));
            naming.generate(other_side(true, keywords), cx)?
        } else {
            Value::None
        };
        let asked = Asked {
            direction: Direction::ManyToOne,
            of_backref: false,
            name: &name,
            local: local_class,
            referred: referred_class,
            keywords: vec![
                keyword("foreign_keys", columns(constraint, false, cx)?),
                keyword("backref", backref),
                keyword("remote_side", columns(constraint, true, cx)?),
            ],
        };
        let made = naming.generate(asked, cx)?;
        if add(mapping, &name, &made) && !create_back {
            populate_back(referred, &back, &name);
        }
    } else if create_back {
        let mut keywords = vec![
            keyword("foreign_keys", columns(constraint, false, cx)?),
            keyword("back_populates", name.clone()),
            collection,
        ];
        keywords.extend(one_to_many_keywords(constraint));
        let made = naming.generate(other_side(false, keywords), cx)?;
        if add(referred, &back, &made) {
            populate_back(mapping, &name, &back);
        }
    }
    Ok(())
}

/// `referred = own AND ..` over the elements of a foreign key constraint.
fn join_of(constraint: &Constraint, cx: &Cx) -> Result<Value> {
    let mut parts = Vec::new();
    for element in constraint.elements() {
        let left = ColumnElement::Column(element.column(cx)?);
        if let Some(parent) = element.parent() {
            let right = Value::object(ColumnElement::Column(parent));
            parts.push(operate(
                &Operator::Eq,
                &left,
                &right,
                false,
                crate::sql::Modifiers::default(),
                cx,
            )?);
        }
    }
    Ok(Value::object(ColumnElement::and_(&parts, cx.compat())))
}

/// The many-to-many that a linking table stands for.
pub fn relationships_of_secondary(
    table: &Rc<Table>,
    sides: &[Rc<Constraint>; 2],
    mappings: &[Rc<DeferredMapping>],
    naming: &Naming,
    cx: &Cx,
) -> Result<()> {
    let [first, second] = sides;
    let (Some(local_table), Some(remote_table)) =
        (referred_table(first, cx)?, referred_table(second, cx)?)
    else {
        return Ok(());
    };
    let (Some(mapping), Some(referred)) = (
        mapping_of(mappings, &local_table),
        mapping_of(mappings, &remote_table),
    ) else {
        return Ok(());
    };
    let (local_class, referred_class) = (mapping.class(), referred.class());
    let name = naming.name(false, local_class, referred_class, first, cx)?;
    let back = naming.name(false, referred_class, local_class, second, cx)?;
    let create_back = !referred.has_property(&back);
    let overlaps = || {
        let mapped = mapping_of(mappings, table).is_some();
        keyword("overlaps", if mapped { "__*".into() } else { Value::None })
    };
    let collection = || keyword("collection_class", naming.collection_class.clone());
    let secondary = || {
        let table = crate::lang::native::schema::table_value(table.clone());
        keyword("secondary", table)
    };
    let other_side = |of_backref: bool, keywords: Vec<(Str, Value)>| Asked {
        direction: Direction::ManyToMany,
        of_backref,
        name: &back,
        local: referred_class,
        referred: local_class,
        keywords,
    };
    if !mapping.has_property(&name) {
        let backref = if create_back {
            naming.generate(other_side(true, vec![collection(), overlaps()]), cx)?
        } else {
            Value::None
        };
        let asked = Asked {
            direction: Direction::ManyToMany,
            of_backref: false,
            name: &name,
            local: local_class,
            referred: referred_class,
            keywords: vec![
                overlaps(),
                secondary(),
                keyword("primaryjoin", join_of(first, cx)?),
                keyword("secondaryjoin", join_of(second, cx)?),
                keyword("backref", backref),
                collection(),
            ],
        };
        let made = naming.generate(asked, cx)?;
        if add(mapping, &name, &made) && !create_back {
            populate_back(referred, &back, &name);
        }
    } else if create_back {
        let keywords = vec![
            overlaps(),
            secondary(),
            keyword("primaryjoin", join_of(second, cx)?),
            keyword("secondaryjoin", join_of(first, cx)?),
            keyword("back_populates", name.clone()),
            collection(),
        ];
        let made = naming.generate(other_side(false, keywords), cx)?;
        if add(referred, &back, &made) {
            populate_back(mapping, &name, &back);
        }
    }
    Ok(())
}
