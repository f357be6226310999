//! `ForeignKey` and the constraints: constructors, attributes, reprs.

use std::cell::RefCell;
use std::rc::Rc;

use super::items::{column_argument, ddl_expression};
use super::options::{DialectKwargs, dialect_options, options_by_dialect};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::lang::native::sql::ColumnCollection;
use crate::object::types::OBJECT;
use crate::object::{
    Args, Bound, Class, Cx, Members, Object, Result, Signature, Str, TypeSpec, Value,
};
use crate::sql::ColumnElement;
use crate::sql::coercions::{Coerced, coerce};
use crate::sql::schema::{
    ColumnArg, Constraint, ConstraintKind, ConstraintName, ForeignKey, ForeignKeyRules,
    ForeignKeyTarget, Table, add_constraint, auto_attach_constraint, columns_of,
};

const MODULE: &str = "sqlalchemy.sql.schema";

/// `Constraint`, the base of all.
pub static CONSTRAINT: TypeSpec = TypeSpec::new(MODULE, "Constraint")
    .bases(&[&OBJECT])
    .members(members);
static COLUMN_COLLECTION_CONSTRAINT: TypeSpec =
    TypeSpec::new(MODULE, "ColumnCollectionConstraint").bases(&[&CONSTRAINT]);
static PRIMARY_KEY: TypeSpec = TypeSpec::new(MODULE, "PrimaryKeyConstraint")
    .bases(&[&COLUMN_COLLECTION_CONSTRAINT])
    .construct(construct_primary_key);
static UNIQUE: TypeSpec = TypeSpec::new(MODULE, "UniqueConstraint")
    .bases(&[&COLUMN_COLLECTION_CONSTRAINT])
    .construct(construct_unique);
static CHECK: TypeSpec = TypeSpec::new(MODULE, "CheckConstraint")
    .bases(&[&COLUMN_COLLECTION_CONSTRAINT])
    .construct(construct_check);
static FOREIGN_KEY_CONSTRAINT: TypeSpec = TypeSpec::new(MODULE, "ForeignKeyConstraint")
    .bases(&[&COLUMN_COLLECTION_CONSTRAINT])
    .construct(construct_foreign_key_constraint);
static FOREIGN_KEY: TypeSpec = TypeSpec::new(MODULE, "ForeignKey")
    .bases(&[&OBJECT])
    .construct(construct_foreign_key)
    .members(foreign_key_members);

/// The classes of this file, for the modules that export them.
pub static CLASSES: &[&TypeSpec] = &[
    &CONSTRAINT,
    &COLUMN_COLLECTION_CONSTRAINT,
    &PRIMARY_KEY,
    &UNIQUE,
    &CHECK,
    &FOREIGN_KEY_CONSTRAINT,
    &FOREIGN_KEY,
];

/// `name=` of a constraint.
pub fn constraint_name(bound: &Bound<'_>) -> ConstraintName {
    match bound.some("name") {
        Some(Value::Str(name)) => ConstraintName::Given(name.clone()),
        Some(other) => match other.downcast::<super::names::ConvName>() {
            Some(name) => ConstraintName::Convention(name.0.clone()),
            None => ConstraintName::Unnamed,
        },
        None => ConstraintName::Unnamed,
    }
}

fn text(bound: &Bound<'_>, name: &str) -> Option<Str> {
    bound.some(name).and_then(Value::as_str).map(Str::new)
}

fn rules(bound: &Bound<'_>) -> ForeignKeyRules {
    ForeignKeyRules {
        onupdate: text(bound, "onupdate"),
        ondelete: text(bound, "ondelete"),
        match_: text(bound, "match"),
        use_alter: bound.flag("use_alter", false),
        link_to_name: bound.flag("link_to_name", false),
    }
}

/// The target of a foreign key.
fn target(value: &Value, cx: &Cx) -> Result<ForeignKeyTarget> {
    if let Value::Str(text) = value {
        return Ok(ForeignKeyTarget::Text(text.clone()));
    }
    if let Coerced::Element(element) = coerce(value, cx)?
        && let ColumnElement::Column(column) = element.plain()
    {
        return Ok(ForeignKeyTarget::Column(column.clone()));
    }
    Err(ARGUMENT_ERROR.error(format!(
        "String column name or Column object for DDL foreign key constraint expected, got {}.",
        cx.repr(value)?
    )))
}

fn construct_foreign_key(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse(
        "__init__(column, _constraint=None, use_alter=False, name=None, onupdate=None, \
         ondelete=None, deferrable=None, initially=None, link_to_name=False, match=None, \
         info=None, comment=None, _unresolvable=False, **dialect_kw)",
        Some("ForeignKey"),
    );
    let bound = signature.bind(args)?;
    let target = target(bound.value("column"), cx)?;
    let mut key = ForeignKey::new(target, constraint_name(&bound), rules(&bound));
    key.deferrable = bound
        .some("deferrable")
        .map(|value| cx.truthy(value))
        .transpose()?;
    key.initially = text(&bound, "initially");
    key.comment = text(&bound, "comment");
    let options = dialect_options("Constraint", &FOREIGN_KEY, bound.keywords(), cx)?;
    *key.dialect_options.borrow_mut() = options;
    let key = Rc::new(key);
    if let Some(info) = bound.some("info") {
        super::set_info(key.info(), info, cx)?;
    }
    Ok(Value::object(key))
}

/// The parts that all constraints share.
fn finish(
    constraint: &mut Constraint,
    bound: &Bound<'_>,
    spec: &'static TypeSpec,
    cx: &Cx,
) -> Result<()> {
    constraint.deferrable = bound
        .some("deferrable")
        .map(|value| cx.truthy(value))
        .transpose()?;
    constraint.initially = text(bound, "initially");
    if bound.has("comment") {
        constraint.comment = text(bound, "comment");
    }
    let options = dialect_options("Constraint", spec, bound.keywords(), cx)?;
    *constraint.dialect_options.borrow_mut() = options;
    if let Some(info) = bound.some("info") {
        super::set_info(constraint.info(), info, cx)?;
    }
    Ok(())
}

fn of_columns(kind: ConstraintKind, spec: &'static TypeSpec, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse(
        "__init__(*columns, name=None, deferrable=None, initially=None, info=None, comment=None, \
         _autoattach=True, **dialect_kw)",
        Some(spec.name()),
    );
    let bound = signature.bind(args)?;
    let mut constraint = Constraint::new(kind, constraint_name(&bound));
    finish(&mut constraint, &bound, spec, cx)?;
    let pending = bound
        .rest()
        .iter()
        .map(|value| column_argument(value, cx))
        .collect::<Result<Vec<_>>>()?;
    let waits = !pending.is_empty();
    *constraint.pending.borrow_mut() = pending;
    let constraint = Rc::new(constraint);
    if waits && bound.flag("_autoattach", true) {
        auto_attach_constraint(&constraint, cx)?;
    }
    Ok(Value::object(constraint))
}

fn construct_primary_key(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let kind = ConstraintKind::PrimaryKey { implicit: false };
    of_columns(kind, &PRIMARY_KEY, args, cx)
}

fn construct_unique(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    of_columns(ConstraintKind::Unique, &UNIQUE, args, cx)
}

fn table_argument(bound: &Bound<'_>) -> Option<Rc<Table>> {
    bound.some("table").and_then(super::table_of)
}

fn construct_check(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse(
        "__init__(sqltext, name=None, deferrable=None, initially=None, table=None, info=None, \
         _create_rule=None, _autoattach=True, _type_bound=False, **dialect_kw)",
        Some("CheckConstraint"),
    );
    let bound = signature.bind(args)?;
    let sqltext = ddl_expression(bound.value("sqltext"), cx)?;
    let columns = columns_of(&sqltext);
    let kind = ConstraintKind::Check {
        sqltext,
        type_bound: None,
    };
    let mut constraint = Constraint::new(kind, constraint_name(&bound));
    finish(&mut constraint, &bound, &CHECK, cx)?;
    let waits = !columns.is_empty();
    let pending = columns.into_iter().map(ColumnArg::Column).collect();
    *constraint.pending.borrow_mut() = pending;
    let constraint = Rc::new(constraint);
    match table_argument(&bound) {
        Some(table) => add_constraint(&table, &constraint, cx)?,
        None if waits => auto_attach_constraint(&constraint, cx)?,
        None => {}
    }
    Ok(Value::object(constraint))
}

fn construct_foreign_key_constraint(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse(
        "__init__(columns, refcolumns, name=None, onupdate=None, ondelete=None, deferrable=None, \
         initially=None, use_alter=False, link_to_name=False, match=None, table=None, info=None, \
         comment=None, **dialect_kw)",
        Some("ForeignKeyConstraint"),
    );
    let bound = signature.bind(args)?;
    let columns = cx.collect(bound.value("columns"))?;
    let referred = cx.collect(bound.value("refcolumns"))?;
    let pending = columns
        .iter()
        .map(|value| column_argument(value, cx))
        .collect::<Result<Vec<_>>>()?;
    let mut distinct: Vec<Str> = Vec::new();
    for one in &pending {
        let key = match one {
            ColumnArg::Name(name) => name.clone(),
            ColumnArg::Column(column) => column.key(),
        };
        if !distinct.contains(&key) {
            distinct.push(key);
        }
    }
    if distinct.len() != referred.len() {
        return Err(ARGUMENT_ERROR.error(if distinct.len() == pending.len() {
            "ForeignKeyConstraint number of constrained columns must match the number of \
             referenced columns."
        } else {
            "ForeignKeyConstraint with duplicate source column references are not supported."
        }));
    }
    let name = constraint_name(&bound);
    let rules = rules(&bound);
    let mut elements = Vec::with_capacity(referred.len());
    for value in &referred {
        let target = target(value, cx)?;
        elements.push(Rc::new(ForeignKey::new(
            target,
            name.clone(),
            rules.clone(),
        )));
    }
    let kind = ConstraintKind::ForeignKey {
        elements: RefCell::new(elements),
        rules,
    };
    let mut constraint = Constraint::new(kind, name);
    finish(&mut constraint, &bound, &FOREIGN_KEY_CONSTRAINT, cx)?;
    *constraint.pending.borrow_mut() = pending;
    let constraint = Rc::new(constraint);
    match table_argument(&bound) {
        Some(table) => add_constraint(&table, &constraint, cx)?,
        None => auto_attach_constraint(&constraint, cx)?,
    }
    Ok(Value::object(constraint))
}

fn name_value(name: &ConstraintName) -> Value {
    name.as_str().cloned().into()
}

fn collection(constraint: &Rc<Constraint>) -> Value {
    let columns = constraint.columns.borrow();
    let entries = columns
        .iter()
        .map(|column| (column.key(), ColumnElement::Column(column.clone())));
    Value::object(ColumnCollection::of_constraint(entries.collect()))
}

fn members(members: &mut Members) {
    members
        .getter("name", |this: &Rc<Constraint>, _| {
            Ok(name_value(&this.name.borrow()))
        })
        .getter("table", |this: &Rc<Constraint>, _| {
            Ok(this.table().map_or(Value::None, super::table_value))
        })
        .getter("parent", |this: &Rc<Constraint>, _| {
            Ok(this.table().map_or(Value::None, super::table_value))
        })
        .getter("columns", |this: &Rc<Constraint>, _| Ok(collection(this)))
        .getter("c", |this: &Rc<Constraint>, _| Ok(collection(this)))
        .getter_on_value("ddl_if", super::events::ddl_if)
        .getter("dialect_options", |this: &Rc<Constraint>, _| {
            Ok(options_by_dialect(&this.dialect_options.borrow()))
        })
        .getter("dialect_kwargs", |this: &Rc<Constraint>, _| {
            Ok(DialectKwargs::of(&this.dialect_options.borrow()))
        })
        .getter("kwargs", |this: &Rc<Constraint>, _| {
            Ok(DialectKwargs::of(&this.dialect_options.borrow()))
        })
        .getter("info", |this: &Rc<Constraint>, _| {
            Ok(Value::Dict(this.info().clone()))
        })
        .getter("comment", |this: &Rc<Constraint>, _| {
            Ok(this.comment.clone().into())
        })
        .getter("deferrable", |this: &Rc<Constraint>, _| {
            Ok(this.deferrable.into())
        })
        .getter("initially", |this: &Rc<Constraint>, _| {
            Ok(this.initially.clone().into())
        })
        .getter("_creation_order", |this: &Rc<Constraint>, _| {
            Ok(Value::Int(
                i64::try_from(this.creation_order()).unwrap_or(i64::MAX),
            ))
        });
}

fn class_attribute(this: &Rc<Constraint>, name: &str, cx: &Cx) -> Result<Option<Value>> {
    Ok(match (&this.kind, name) {
        (ConstraintKind::Check { sqltext, .. }, "sqltext") => Some(Value::object(sqltext.clone())),
        (ConstraintKind::ForeignKey { elements, rules }, _) => Some(match name {
            "elements" => {
                let elements = elements.borrow().clone();
                Value::list(elements.into_iter().map(Value::object).collect())
            }
            "column_keys" => Value::list(
                this.columns
                    .borrow()
                    .iter()
                    .map(|column| column.key().into())
                    .collect(),
            ),
            "referred_table" => {
                let first = elements.borrow().first().cloned();
                match first {
                    Some(element) => element
                        .column(cx)?
                        .table()
                        .map_or(Value::None, super::table_value),
                    None => Value::None,
                }
            }
            "ondelete" => rules.ondelete.clone().into(),
            "onupdate" => rules.onupdate.clone().into(),
            "use_alter" => rules.use_alter.into(),
            "link_to_name" => rules.link_to_name.into(),
            "match" => rules.match_.clone().into(),
            _ => return Ok(None),
        }),
        _ => None,
    })
}

impl Object for Rc<Constraint> {
    fn spec(&self) -> &'static TypeSpec {
        match self.kind {
            ConstraintKind::PrimaryKey { .. } => &PRIMARY_KEY,
            ConstraintKind::Unique => &UNIQUE,
            ConstraintKind::Check { .. } => &CHECK,
            ConstraintKind::ForeignKey { .. } => &FOREIGN_KEY_CONSTRAINT,
        }
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(self) as usize)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let columns = || -> Result<Vec<String>> {
            let columns = self.columns.borrow().clone();
            columns
                .iter()
                .map(|column| super::column::column_repr(column, cx))
                .collect()
        };
        let mut parts = match &self.kind {
            ConstraintKind::PrimaryKey { .. } | ConstraintKind::Unique => columns()?,
            ConstraintKind::Check { sqltext, .. } => {
                vec![cx.repr(&Value::object(sqltext.clone()))?]
            }
            ConstraintKind::ForeignKey { .. } => {
                vec![cx.repr(&collection(self))?, "None".to_owned()]
            }
        };
        let keyword_only = matches!(
            self.kind,
            ConstraintKind::PrimaryKey { .. } | ConstraintKind::Unique
        );
        if let Some(name) = self.name.borrow().as_str().filter(|_| !keyword_only) {
            parts.push(format!("name={}", cx.repr(&name.clone().into())?));
        }
        let shows_table = matches!(
            self.kind,
            ConstraintKind::Check { .. } | ConstraintKind::ForeignKey { .. }
        );
        if let ConstraintKind::ForeignKey { rules, .. } = &self.kind {
            for (word, value) in [("onupdate", &rules.onupdate), ("ondelete", &rules.ondelete)] {
                if let Some(value) = value {
                    parts.push(format!("{word}={}", cx.repr(&value.clone().into())?));
                }
            }
        }
        if shows_table {
            parts.extend(self.deferrable.map(|flag| {
                let flag = if flag { "True" } else { "False" };
                format!("deferrable={flag}")
            }));
            if let Some(initially) = &self.initially {
                parts.push(format!("initially={}", cx.repr(&initially.clone().into())?));
            }
        }
        if let ConstraintKind::ForeignKey { rules, .. } = &self.kind {
            for (word, flag) in [
                ("use_alter", rules.use_alter),
                ("link_to_name", rules.link_to_name),
            ] {
                if flag {
                    parts.push(format!("{word}=True"));
                }
            }
            if let Some(kind) = &rules.match_ {
                parts.push(format!("match={}", cx.repr(&kind.clone().into())?));
            }
        }
        if let Some(table) = self.table().filter(|_| shows_table) {
            parts.push(format!("table={}", super::table::table_repr(&table, cx)?));
        }
        Ok(Some(format!("{}({})", self.class_name(), parts.join(", "))))
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        class_attribute(self, name, cx)
    }
    fn set_attr(&self, name: &str, value: &Value, _cx: &Cx) -> Result<bool> {
        if name != "name" {
            return Ok(false);
        }
        *self.name.borrow_mut() = match value.as_str() {
            Some(text) => ConstraintName::Given(Str::new(text)),
            None => ConstraintName::Unnamed,
        };
        Ok(true)
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.columns.borrow().len()))
    }
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(true))
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        let columns = self.columns.borrow().clone();
        let values = columns.into_iter().map(super::column::column_value);
        Ok(Some(Value::list(values.collect())))
    }
    fn contains(&self, _this: &Value, item: &Value, _cx: &Cx) -> Result<Option<bool>> {
        let columns = self.columns.borrow();
        Ok(Some(match item {
            Value::Str(key) => columns.iter().any(|column| column.key() == *key),
            other => match other.downcast::<ColumnElement>() {
                Some(ColumnElement::Column(column)) => {
                    columns.iter().any(|known| Rc::ptr_eq(known, column))
                }
                _ => false,
            },
        }))
    }
}

fn foreign_key_members(members: &mut Members) {
    let mut get = |name: &'static str, get: fn(&Rc<ForeignKey>, &Cx) -> Result<Value>| {
        members.getter(name, move |this: &Rc<ForeignKey>, cx| get(this, cx));
    };
    get("column", |this, cx| {
        Ok(super::column::column_value(this.column(cx)?))
    });
    get("parent", |this, _| {
        Ok(this
            .parent()
            .map_or(Value::None, super::column::column_value))
    });
    get("constraint", |this, _| {
        Ok(this.constraint().map_or(Value::None, Value::object))
    });
    get("target_fullname", |this, _| {
        Ok(this.target_fullname().into())
    });
    get("name", |this, _| Ok(name_value(&this.name)));
    get("ondelete", |this, _| Ok(this.rules.ondelete.clone().into()));
    get("onupdate", |this, _| Ok(this.rules.onupdate.clone().into()));
    get("use_alter", |this, _| Ok(this.rules.use_alter.into()));
    get("deferrable", |this, _| Ok(this.deferrable.into()));
    get("initially", |this, _| Ok(this.initially.clone().into()));
    get("link_to_name", |this, _| Ok(this.rules.link_to_name.into()));
    get("match", |this, _| Ok(this.rules.match_.clone().into()));
    get("comment", |this, _| Ok(this.comment.clone().into()));
    get("info", |this, _| Ok(Value::Dict(this.info().clone())));
    members
        .method("references(table)", |this: &Rc<ForeignKey>, bound, cx| {
            let table = super::table_of(bound.value("table"));
            let referred = this.column(cx)?.table();
            Ok(Value::Bool(match (table, referred) {
                (Some(a), Some(b)) => Rc::ptr_eq(&a, &b),
                _ => false,
            }))
        })
        .method("copy(schema=None)", |this: &Rc<ForeignKey>, _, _| {
            Ok(Value::object(this.copy(this.target.clone())))
        });
}

impl Object for Rc<ForeignKey> {
    fn spec(&self) -> &'static TypeSpec {
        &FOREIGN_KEY
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(self) as usize)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let target = cx.repr(&self.target_fullname().into())?;
        Ok(Some(format!("ForeignKey({target})")))
    }
}
