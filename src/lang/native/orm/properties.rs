//! Properties as values, and the functions that declare them: `relationship()`,
//! `column_property()`, `mapped_column()`, `composite()`, `synonym()`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::engine::exc::ARGUMENT_ERROR;
use crate::lang::native::schema;
use crate::object::{Args, Bound, Cx, Dict, Method, Object, Result, Str, TypeSpec, Value};
use crate::orm::{
    ColumnProperty, CompositeProperty, FieldOptions, MappedColumn, MapperProperty, PropertyHandle,
    PropertyKind, RelationshipProperty, SynonymProperty, configure_registry, element_of,
    property_class, property_repr, relationship_from_keywords,
};
use crate::sql::coercions::{Coerced, coerce};
use crate::sql::{Annotations, ColumnElement};

/// The attributes that properties share.
fn shared_attr(property: &Rc<MapperProperty>, name: &str, cx: &Cx) -> Result<Option<Value>> {
    Ok(Some(match name {
        "key" => property.key().into(),
        "doc" => property.doc(),
        "info" => Value::Dict(property.info().clone()),
        "parent" => property.parent().map_or(Value::None, |mapper| {
            super::attribute::mapper_value(&mapper)
        }),
        "class_attribute" => match property.parent() {
            Some(mapper) => {
                let class = Value::Class(mapper.class().clone());
                cx.get_attr(&class, &property.key())?
            }
            None => Value::None,
        },
        _ => return Ok(None),
    }))
}

impl Object for PropertyHandle {
    fn spec(&self) -> &'static TypeSpec {
        property_class(&self.0, &Cx::current())
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0) as usize)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(property_repr(&self.0, cx)))
    }
    fn str(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.0.to_string()))
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        if let Some(found) = shared_attr(&self.0, name, cx)? {
            return Ok(Some(found));
        }
        match self.0.kind() {
            PropertyKind::Column(column) => Ok(column_attr(column, name)),
            PropertyKind::Relationship(relationship) => {
                relationship_attr(&self.0, relationship, name, cx)
            }
            PropertyKind::Synonym(synonym) if name == "name" => {
                Ok(Some(synonym.name.clone().into()))
            }
            PropertyKind::Composite(composite) if name == "composite_class" => {
                Ok(Some(composite.class.borrow().clone()))
            }
            _ => Ok(None),
        }
    }
}

fn elements(columns: &[ColumnElement]) -> Vec<Value> {
    columns.iter().cloned().map(Value::object).collect()
}

fn column_attr(column: &ColumnProperty, name: &str) -> Option<Value> {
    Some(match name {
        "columns" => Value::list(elements(&column.columns.borrow())),
        "expression" => column.first().map_or(Value::None, Value::object),
        "deferred" => Value::Bool(column.deferred.get()),
        "group" => column.group.borrow().clone().into(),
        "active_history" => Value::Bool(column.active_history.get()),
        _ => return None,
    })
}

fn relationship_attr(
    property: &Rc<MapperProperty>,
    relationship: &RelationshipProperty,
    name: &str,
    cx: &Cx,
) -> Result<Option<Value>> {
    Ok(Some(match name {
        "lazy" => relationship.lazy.borrow().clone().into(),
        "back_populates" => relationship.back_populates.borrow().clone().into(),
        "viewonly" => Value::Bool(relationship.options.viewonly),
        "passive_deletes" => match relationship.options.passive_deletes {
            crate::orm::PassiveDeletes::No => Value::Bool(false),
            crate::orm::PassiveDeletes::Yes => Value::Bool(true),
            crate::orm::PassiveDeletes::All => "all".into(),
        },
        "post_update" => Value::Bool(relationship.options.post_update),
        "passive_updates" => Value::Bool(relationship.options.passive_updates),
        "single_parent" => Value::Bool(relationship.options.single_parent),
        "innerjoin" => relationship.options.innerjoin.clone(),
        "argument" => relationship.args.argument.borrow().clone(),
        "cascade" => Value::object(CascadeValue(relationship.cascade())),
        "entity" | "mapper" | "target" | "direction" | "uselist" | "primaryjoin"
        | "secondaryjoin" | "secondary" | "remote_side" | "local_columns" | "synchronize_pairs"
        | "local_remote_pairs" | "order_by" | "collection_class" => {
            if let Some(parent) = property.parent() {
                configure_registry(parent.registry(), cx)?;
            }
            return configured_attr(property, relationship, name, cx).map(Some);
        }
        _ => return Ok(None),
    }))
}

fn configured_attr(
    property: &Rc<MapperProperty>,
    relationship: &RelationshipProperty,
    name: &str,
    cx: &Cx,
) -> Result<Value> {
    let pairs = |pairs: &[(ColumnElement, ColumnElement)]| {
        Value::list(
            pairs
                .iter()
                .map(|(a, b)| {
                    Value::tuple(vec![Value::object(a.clone()), Value::object(b.clone())])
                })
                .collect(),
        )
    };
    match name {
        "entity" => {
            return Ok(super::inspection::entity_value(relationship.entity(cx)?));
        }
        "mapper" => return Ok(super::attribute::mapper_value(&relationship.mapper(cx)?)),
        "target" => {
            let mapper = relationship.mapper(cx)?;
            return Ok(Value::object(mapper.mapped_table().clone()));
        }
        "uselist" => return Ok(Value::Bool(relationship.uselist())),
        "collection_class" => {
            let given = relationship.args.collection_class.borrow().clone();
            return Ok(if given.is_undefined() {
                Value::None
            } else {
                given
            });
        }
        "order_by" => {
            return Ok(if relationship.order_by().is_empty() {
                Value::Bool(false)
            } else {
                Value::tuple(elements(relationship.order_by()))
            });
        }
        _ => {}
    }
    let Some(join) = relationship.join() else {
        return Err(ARGUMENT_ERROR.error(format!("{property} is not configured")));
    };
    let set = |columns: &[ColumnElement]| -> Result<Value> {
        Ok(Value::Set(Rc::new(crate::object::Set::new(
            crate::object::Set::of(elements(columns), cx)?,
        ))))
    };
    Ok(match name {
        "direction" => Value::object(DirectionValue(join.direction)),
        "primaryjoin" => Value::object(join.primaryjoin.clone()),
        "secondaryjoin" => join
            .secondaryjoin
            .clone()
            .map_or(Value::None, Value::object),
        "secondary" => join.secondary.clone().map_or(Value::None, Value::object),
        "remote_side" => set(&join.remote_columns)?,
        "local_columns" => set(&join.local_columns)?,
        "synchronize_pairs" => pairs(&join.synchronize_pairs),
        _ => pairs(&join.local_remote_pairs),
    })
}

/// `ONETOMANY` and its kind.
pub struct DirectionValue(pub crate::orm::Direction);

static DIRECTION: TypeSpec = TypeSpec::new("sqlalchemy.orm.interfaces", "RelationshipDirection");

impl Object for DirectionValue {
    fn spec(&self) -> &'static TypeSpec {
        &DIRECTION
    }
    fn identity(&self) -> Option<usize> {
        Some(self.0.symbol().as_ptr() as usize)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(if cx.compat().is_14() {
            format!("symbol('{}')", self.0.symbol())
        } else {
            format!(
                "<RelationshipDirection.{}: {}>",
                self.0.symbol(),
                self.0.number()
            )
        }))
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        if cx.compat().is_14() {
            return self.repr(cx);
        }
        Ok(Some(format!("RelationshipDirection.{}", self.0.symbol())))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "name" => Some(self.0.symbol().into()),
            "value" => Some(Value::Int(i64::from(self.0.number()))),
            _ => None,
        })
    }
}

/// The cascade of a relationship.
pub struct CascadeValue(pub crate::orm::Cascade);

static CASCADE_OPTIONS: TypeSpec = TypeSpec::new("sqlalchemy.orm.util", "CascadeOptions");

impl Object for CascadeValue {
    fn spec(&self) -> &'static TypeSpec {
        &CASCADE_OPTIONS
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!("CascadeOptions('{}')", self.0)))
    }
    fn contains(&self, _this: &Value, item: &Value, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(
            item.as_str()
                .is_some_and(|word| self.0.words().contains(&word)),
        ))
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(Value::list(
            self.0.words().into_iter().map(Value::from).collect(),
        )))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        let word = name.replace('_', "-");
        let known = [
            "save-update",
            "delete",
            "refresh-expire",
            "merge",
            "expunge",
            "delete-orphan",
        ];
        Ok(known
            .contains(&word.as_str())
            .then(|| Value::Bool(self.0.words().contains(&word.as_str()))))
    }
}

const RELATIONSHIP: &str = "relationship(argument=None, secondary=None, **kwargs)";

/// `relationship()`.
pub fn relationship() -> Value {
    Method::function(RELATIONSHIP, |a, cx| {
        let mut keywords = a.keywords().to_vec();
        if let Some(secondary) = a.some("secondary") {
            keywords.push((Str::new("secondary"), secondary.clone()));
        }
        let argument = a.given("argument").cloned().unwrap_or(Value::None);
        let property = relationship_from_keywords(argument, keywords, cx)?;
        Ok(Value::object(PropertyHandle(property)))
    })
}

/// `dynamic_loader()`.
pub fn dynamic_loader() -> Value {
    Method::function("dynamic_loader(argument=None, **kwargs)", |a, cx| {
        let mut keywords = a.keywords().to_vec();
        keywords.push((Str::new("lazy"), "dynamic".into()));
        let argument = a.given("argument").cloned().unwrap_or(Value::None);
        let property = relationship_from_keywords(argument, keywords, cx)?;
        Ok(Value::object(PropertyHandle(property)))
    })
}

/// `backref()`: the name and the keywords for the other side.
pub fn backref() -> Value {
    Method::function("backref(name, **kwargs)", |a, _| {
        let keywords = Dict::from_pairs(a.keywords().to_vec());
        Ok(Value::tuple(vec![
            a.value("name").clone(),
            Value::Dict(Rc::new(keywords)),
        ]))
    })
}

fn flag(bound: &Bound<'_>, name: &str, cx: &Cx) -> Result<bool> {
    match bound.given(name) {
        Some(value) => cx.truthy(value),
        None => Ok(false),
    }
}

fn text(bound: &Bound<'_>, name: &str) -> Option<Str> {
    bound.some(name).and_then(Value::as_str).map(Str::new)
}

/// The expression of a `column_property()`, unlabelled columns as they are.
fn property_element(value: &Value, cx: &Cx) -> Result<ColumnElement> {
    if let Some(mapped) = value.downcast::<MappedColumn>() {
        return Ok(ColumnElement::Column(mapped.column.clone()));
    }
    let element = match coerce(value, cx)? {
        Coerced::Element(element) => element,
        Coerced::Statement(statement) => statement.scalar_subquery(cx)?,
        _ => element_of(value, cx)?,
    };
    let keep = |notes: &Annotations| Annotations {
        parent_entity: None,
        parent_mapper: None,
        proxy_key: None,
        ..notes.clone()
    };
    let plain = crate::orm::deannotated(&element, &keep)?;
    Ok(match plain.plain() {
        ColumnElement::Column(_) | ColumnElement::Proxy(_) | ColumnElement::Label(_) => plain,
        _ => plain.label(None),
    })
}

fn column_property_of(columns: &[Value], bound: &Bound<'_>, cx: &Cx) -> Result<ColumnProperty> {
    let columns = columns
        .iter()
        .map(|column| property_element(column, cx))
        .collect::<Result<Vec<_>>>()?;
    let part = ColumnProperty::new(columns);
    part.declared.set(true);
    part.deferred.set(flag(bound, "deferred", cx)?);
    *part.group.borrow_mut() = text(bound, "group");
    part.raiseload.set(flag(bound, "raiseload", cx)?);
    part.active_history.set(flag(bound, "active_history", cx)?);
    if let Some(flush) = bound.given("expire_on_flush") {
        part.expire_on_flush.set(cx.truthy(flush)?);
    }
    Ok(part)
}

fn with_notes(property: Rc<MapperProperty>, bound: &Bound<'_>) -> Value {
    if let Some(doc) = bound.some("doc") {
        property.set_doc(doc.clone());
    }
    if let Some(Value::Dict(info)) = bound.some("info") {
        let entries = info.borrow().clone();
        property.info().borrow_mut().extend(entries);
    }
    Value::object(PropertyHandle(property))
}

/// `column_property()`.
pub fn column_property() -> Value {
    Method::function(
        "column_property(*columns, group=None, deferred=False, raiseload=False, \
         comparator_factory=None, init=None, repr=None, default=None, default_factory=None, \
         compare=None, kw_only=None, active_history=False, expire_on_flush=True, info=None, \
         doc=None)",
        |a, cx| {
            let part = column_property_of(a.rest(), a, cx)?;
            Ok(with_notes(
                MapperProperty::new(PropertyKind::Column(part)),
                a,
            ))
        },
    )
}

/// `deferred()`.
pub fn deferred() -> Value {
    Method::function(
        "deferred(*columns, group=None, raiseload=False, comparator_factory=None, \
         active_history=False, expire_on_flush=True, info=None, doc=None, deferred=True)",
        |a, cx| {
            let part = column_property_of(a.rest(), a, cx)?;
            part.deferred.set(true);
            Ok(with_notes(
                MapperProperty::new(PropertyKind::Column(part)),
                a,
            ))
        },
    )
}

/// `query_expression()`.
pub fn query_expression() -> Value {
    Method::function("query_expression(default_expr=None, **kwargs)", |a, cx| {
        let element = match a.some("default_expr") {
            Some(value) => element_of(value, cx)?,
            None => ColumnElement::Null,
        };
        let part = ColumnProperty::new(vec![element.label(None)]);
        part.declared.set(true);
        part.is_query_expression.set(true);
        Ok(Value::object(PropertyHandle(MapperProperty::new(
            PropertyKind::Column(part),
        ))))
    })
}

/// `composite()`.
pub fn composite() -> Value {
    Method::function(
        "composite(*attrs, group=None, deferred=False, raiseload=False, comparator_factory=None, \
         active_history=False, init=None, repr=None, default=None, default_factory=None, \
         compare=None, kw_only=None, info=None, doc=None)",
        |a, cx| {
            let (class, given) = match a.rest() {
                [] => (Value::Undefined, Vec::new()),
                [first, rest @ ..] => {
                    let is_column = first.downcast::<MappedColumn>().is_some()
                        || first.downcast::<ColumnElement>().is_some()
                        || first.as_str().is_some();
                    if is_column {
                        (Value::Undefined, a.rest().to_vec())
                    } else {
                        (first.clone(), rest.to_vec())
                    }
                }
            };
            let part = CompositeProperty {
                class: RefCell::new(class),
                given: RefCell::new(given),
                parts: std::cell::OnceCell::new(),
                active_history: flag(a, "active_history", cx)?,
                comparator_factory: a
                    .given("comparator_factory")
                    .cloned()
                    .unwrap_or(Value::None),
                stored_as: std::cell::OnceCell::new(),
            };
            Ok(with_notes(
                MapperProperty::new(PropertyKind::Composite(part)),
                a,
            ))
        },
    )
}

/// `synonym()`.
pub fn synonym() -> Value {
    Method::function(
        "synonym(name, *, map_column=None, descriptor=None, comparator_factory=None, init=None, \
         repr=None, default=None, default_factory=None, compare=None, kw_only=None, info=None, \
         doc=None)",
        |a, cx| {
            let name = super::attribute::attribute_key(a.value("name"), cx)?;
            let part = SynonymProperty {
                name,
                descriptor: a.given("descriptor").cloned().unwrap_or(Value::None),
                comparator_factory: a
                    .given("comparator_factory")
                    .cloned()
                    .unwrap_or(Value::None),
                map_column: flag(a, "map_column", cx)?,
            };
            Ok(with_notes(
                MapperProperty::new(PropertyKind::Synonym(part)),
                a,
            ))
        },
    )
}

/// `MappedColumn`.
pub static MAPPED_COLUMN: TypeSpec = TypeSpec::new("sqlalchemy.orm.properties", "MappedColumn")
    .members(|members| {
        members
            .getter("column", |this: &MappedColumn, _| {
                Ok(Value::object(ColumnElement::Column(this.column.clone())))
            })
            .getter("name", |this: &MappedColumn, _| {
                Ok(this.column.name_given().into())
            });
    });

impl Object for MappedColumn {
    fn spec(&self) -> &'static TypeSpec {
        &MAPPED_COLUMN
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        let column = Value::object(ColumnElement::Column(self.column.clone()));
        crate::object::find_attr(&column, name, cx)
    }
    fn binary(
        &self,
        _this: &Value,
        op: crate::object::BinaryOp,
        other: &Value,
        reflected: bool,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let column = ColumnElement::Column(self.column.clone());
        column.binary(&Value::object(column.clone()), op, other, reflected, cx)
    }
    fn compare(
        &self,
        _this: &Value,
        op: crate::object::CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let column = ColumnElement::Column(self.column.clone());
        column.compare(&Value::object(column.clone()), op, other, cx)
    }
}

struct Taken<'a> {
    args: Args,
    cx: &'a Cx,
}

impl Taken<'_> {
    fn value(&mut self, name: &str) -> Value {
        self.args.take_keyword(name).unwrap_or(Value::Undefined)
    }
    fn flag(&mut self, name: &str) -> Result<Option<bool>> {
        match self.value(name) {
            Value::Undefined | Value::None => Ok(None),
            value => self.cx.truthy(&value).map(Some),
        }
    }
}

/// `mapped_column()`.
pub fn mapped_column() -> Value {
    Method::function("mapped_column(*args, **kwargs)", |a, cx| {
        let mut args = Args::from(a.rest().to_vec());
        args.kw = a.keywords().to_vec();
        make_mapped_column(args, cx).map(Value::object)
    })
}

fn make_mapped_column(args: Args, cx: &Cx) -> Result<MappedColumn> {
    let mut taken = Taken { args, cx };
    let deferred = taken.flag("deferred")?;
    let group = taken.value("deferred_group");
    let raiseload = taken.flag("deferred_raiseload")?;
    let active_history = taken.flag("active_history")?.unwrap_or(false);
    let sort_order = taken.value("sort_order").as_int();
    let use_existing = taken.flag("use_existing_column")?.unwrap_or(false);
    let dataclass = FieldOptions {
        init: taken.value("init"),
        repr: taken.value("repr"),
        default: taken
            .args
            .kw
            .iter()
            .find(|(name, _)| name == "default")
            .map_or(Value::Undefined, |(_, value)| value.clone()),
        default_factory: taken.value("default_factory"),
        compare: taken.value("compare"),
        kw_only: taken.value("kw_only"),
        hash: taken.value("hash"),
    };
    taken.value("dataclass_metadata");
    let insert_default = taken.value("insert_default");
    let has_insert_default = !insert_default.is_undefined();
    if has_insert_default {
        taken.value("default");
        taken.args.kw.push((Str::new("default"), insert_default));
    }
    let nullable = taken.args.kw.iter().find(|(name, _)| name == "nullable");
    let primary_key = taken
        .args
        .kw
        .iter()
        .any(|(name, value)| name == "primary_key" && matches!(value, Value::Bool(true)));
    // `nullable=None` leaves it to the annotation, as not giving it does.
    let has_nullable = match nullable {
        Some((_, Value::None)) => {
            taken.value("nullable");
            primary_key
        }
        Some(_) => true,
        None => primary_key,
    };
    let column = schema::build_column(taken.args, cx)?;
    let mut mapped = MappedColumn::of(column, has_nullable);
    mapped.deferred = Cell::new(deferred.or_else(|| {
        (!matches!(group, Value::Undefined | Value::None) || raiseload == Some(true))
            .then_some(true)
    }));
    mapped.group = RefCell::new(group.as_str().map(Str::new));
    mapped.raiseload = Cell::new(raiseload);
    mapped.active_history = Cell::new(active_history);
    mapped.sort_order = Cell::new(sort_order);
    mapped.use_existing = Cell::new(use_existing);
    mapped.has_insert_default = has_insert_default;
    mapped.dataclass = dataclass;
    Ok(mapped)
}

/// `foreign()` and `remote()`.
pub fn annotation(name: &'static str) -> Value {
    Method::function(
        match name {
            "foreign" => "foreign(expr)",
            _ => "remote(expr)",
        },
        move |a, cx| {
            let element = element_of(a.value("expr"), cx)?;
            Ok(Value::object(element.annotate(Annotations {
                foreign: name == "foreign",
                remote: name == "remote",
                ..Annotations::default()
            })))
        },
    )
}
