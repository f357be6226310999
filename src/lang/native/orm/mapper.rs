//! Mappers and aliases as values.

use std::rc::Rc;

use super::super::sql::ColumnCollection;
use super::attribute::mapper_value;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::exceptions::ATTRIBUTE_ERROR;
use crate::object::{Cx, Dict, Members, Object, Result, Str, TypeSpec, Value};
use crate::orm::{
    AliasHandle, AliasInspection, Inheritance, Mapper, MapperHandle, MapperProperty,
    PropertyHandle, configure_registry, element_of, mapper_of_value,
};
use crate::sql::{ColumnElement, FromClause};

/// `Mapper`.
pub static MAPPER: TypeSpec = TypeSpec::new("sqlalchemy.orm.mapper", "Mapper").members(members);

/// A collection of properties or columns by name, with attribute access.
pub struct Namespace {
    class: &'static TypeSpec,
    entries: Vec<(Str, Value)>,
}

/// `ReadOnlyProperties`.
pub static READ_ONLY_PROPERTIES: TypeSpec =
    TypeSpec::new("sqlalchemy.util._collections", "ReadOnlyProperties").members(namespace_members);
/// The 1.4 name of [`READ_ONLY_PROPERTIES`].
pub static IMMUTABLE_PROPERTIES: TypeSpec =
    TypeSpec::new("sqlalchemy.util._collections", "ImmutableProperties").members(namespace_members);

impl Namespace {
    /// A namespace of `entries`.
    pub fn of(entries: Vec<(Str, Value)>, cx: &Cx) -> Value {
        Value::object(Self {
            class: if cx.compat().is_14() {
                &IMMUTABLE_PROPERTIES
            } else {
                &READ_ONLY_PROPERTIES
            },
            entries,
        })
    }
    fn find(&self, name: &str) -> Option<Value> {
        self.entries
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    }
}

/// The names that are no entries.
const METHODS: &[&str] = &["keys", "values", "items", "get", "has_key"];

fn namespace_members(members: &mut Members) {
    members
        .method("keys()", |this: &Namespace, _, _| {
            Ok(Value::list(
                this.entries
                    .iter()
                    .map(|(key, _)| key.clone().into())
                    .collect(),
            ))
        })
        .method("values()", |this: &Namespace, _, _| {
            Ok(Value::list(
                this.entries
                    .iter()
                    .map(|(_, value)| value.clone())
                    .collect(),
            ))
        })
        .method("items()", |this: &Namespace, _, _| {
            Ok(Value::list(
                this.entries
                    .iter()
                    .map(|(key, value)| Value::tuple(vec![key.clone().into(), value.clone()]))
                    .collect(),
            ))
        })
        .method("get(key, default=None)", |this: &Namespace, a, _| {
            let key = a.value("key").as_str().unwrap_or("");
            Ok(this
                .find(key)
                .unwrap_or_else(|| a.given("default").cloned().unwrap_or(Value::None)))
        })
        .method("has_key(key)", |this: &Namespace, a, _| {
            Ok(Value::Bool(
                this.find(a.value("key").as_str().unwrap_or("")).is_some(),
            ))
        });
}

impl Object for Namespace {
    fn spec(&self) -> &'static TypeSpec {
        self.class
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        match self.find(name) {
            Some(found) => Ok(Some(found)),
            None if name.starts_with("__") || METHODS.contains(&name) => Ok(None),
            None => Err(ATTRIBUTE_ERROR.error(name)),
        }
    }
    fn attr_names(&self) -> Vec<String> {
        self.entries
            .iter()
            .map(|(key, _)| key.to_string())
            .collect()
    }
    fn get_item(&self, _this: &Value, key: &Value, _cx: &Cx) -> Result<Option<Value>> {
        match key.as_str().and_then(|key| self.find(key)) {
            Some(value) => Ok(Some(value)),
            None => Err(crate::object::key_error(key.clone())),
        }
    }
    fn contains(&self, _this: &Value, item: &Value, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(
            item.as_str().is_some_and(|name| self.find(name).is_some()),
        ))
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.entries.len()))
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(Value::list(
            self.entries
                .iter()
                .map(|(_, value)| value.clone())
                .collect(),
        )))
    }
}

fn handle(property: &Rc<MapperProperty>) -> Value {
    Value::object(PropertyHandle(property.clone()))
}

fn props(mapper: &Rc<Mapper>, wanted: impl Fn(&MapperProperty) -> bool, cx: &Cx) -> Result<Value> {
    configure_registry(mapper.registry(), cx)?;
    let entries = mapper
        .prop_list()
        .iter()
        .filter(|prop| wanted(prop))
        .map(|prop| (prop.key(), handle(prop)))
        .collect();
    Ok(Namespace::of(entries, cx))
}

fn columns(mapper: &Rc<Mapper>) -> Value {
    Value::object(ColumnCollection::new(mapper.columns()))
}

/// The descriptors of a mapped class: attributes, hybrids, association proxies.
fn descriptors(mapper: &Rc<Mapper>, cx: &Cx) -> Result<Value> {
    configure_registry(mapper.registry(), cx)?;
    let class = mapper.class();
    let mut entries: Vec<(Str, Value)> = Vec::new();
    let mut classes = vec![class.clone()];
    classes.extend(class.ancestors().iter().cloned());
    // A name that a class shares with the one it derives from is listed with that one.
    for (at, owner) in classes.iter().enumerate() {
        if owner.spec().is_some() {
            continue;
        }
        for name in owner.own_names() {
            let inherited = classes
                .get(at + 1)
                .is_some_and(|base| base.own(&name).is_some());
            let known = entries.iter().any(|(known, _)| *known == name);
            if inherited || known {
                continue;
            }
            if let Some(value) = class.lookup(&name)
                && super::ext::is_descriptor(&value)
            {
                entries.push((name, value));
            }
        }
    }
    Ok(Namespace::of(entries, cx))
}

fn members(members: &mut Members) {
    members
        .getter("class_", |this: &MapperHandle, _| {
            Ok(Value::Class(this.0.class().clone()))
        })
        .getter("entity", |this: &MapperHandle, _| {
            Ok(Value::Class(this.0.class().clone()))
        })
        .getter_on_value("mapper", |this, _| Ok(this.clone()))
        .getter("local_table", |this: &MapperHandle, _| {
            Ok(Value::object(this.0.local_table().clone()))
        })
        .getter("persist_selectable", |this: &MapperHandle, _| {
            Ok(Value::object(this.0.mapped_table().clone()))
        })
        .getter("mapped_table", |this: &MapperHandle, _| {
            Ok(Value::object(this.0.mapped_table().clone()))
        })
        .getter("selectable", |this: &MapperHandle, cx| {
            this.0.selectable_from(cx).map(Value::object)
        })
        .getter("tables", |this: &MapperHandle, _| {
            Ok(Value::list(
                this.0
                    .tables()
                    .iter()
                    .map(|table| Value::object(FromClause::Table(table.clone())))
                    .collect(),
            ))
        })
        .getter("primary_key", |this: &MapperHandle, _| {
            Ok(Value::tuple(
                this.0
                    .primary_key()
                    .iter()
                    .cloned()
                    .map(Value::object)
                    .collect(),
            ))
        })
        .getter("columns", |this: &MapperHandle, _| Ok(columns(&this.0)))
        .getter("c", |this: &MapperHandle, _| Ok(columns(&this.0)))
        .getter("attrs", |this: &MapperHandle, cx| {
            props(&this.0, |_| true, cx)
        })
        .getter("column_attrs", |this: &MapperHandle, cx| {
            props(&this.0, |prop| prop.column().is_some(), cx)
        })
        .getter("relationships", |this: &MapperHandle, cx| {
            props(&this.0, |prop| prop.relationship().is_some(), cx)
        })
        .getter("synonyms", |this: &MapperHandle, cx| {
            props(&this.0, |prop| prop.synonym().is_some(), cx)
        })
        .getter("composites", |this: &MapperHandle, cx| {
            props(&this.0, |prop| prop.composite().is_some(), cx)
        })
        .getter("all_orm_descriptors", |this: &MapperHandle, cx| {
            descriptors(&this.0, cx)
        })
        .with(inheritance_members)
        .with(look_up_members);
}

fn inheritance_members(members: &mut Members) {
    members
        .getter("inherits", |this: &MapperHandle, _| {
            Ok(this.0.inherits().map_or(Value::None, mapper_value))
        })
        .getter("base_mapper", |this: &MapperHandle, _| {
            Ok(mapper_value(&this.0.base_mapper()))
        })
        .getter("single", |this: &MapperHandle, _| {
            Ok(Value::Bool(this.0.inheritance() == Inheritance::Single))
        })
        .getter("concrete", |this: &MapperHandle, _| {
            Ok(Value::Bool(this.0.is_concrete()))
        })
        .getter("configured", |this: &MapperHandle, _| {
            Ok(Value::Bool(this.0.is_configured()))
        })
        .getter("version_id_col", |this: &MapperHandle, _| {
            Ok(this.0.version_id().map_or(Value::None, Value::object))
        })
        .getter("polymorphic_on", |this: &MapperHandle, _| {
            Ok(this.0.polymorphic_on().map_or(Value::None, Value::object))
        })
        .getter("polymorphic_identity", |this: &MapperHandle, _| {
            Ok(match this.0.polymorphic_identity() {
                Value::Undefined => Value::None,
                identity => identity.clone(),
            })
        })
        .getter("polymorphic_map", |this: &MapperHandle, cx| {
            let dict = Dict::default();
            for mapper in this.0.identity_base().self_and_descendants() {
                let identity = mapper.polymorphic_identity().clone();
                if !matches!(identity, Value::Undefined | Value::None) {
                    dict.insert(identity, mapper_value(&mapper), cx)?;
                }
            }
            Ok(Value::Dict(Rc::new(dict)))
        })
        .getter("self_and_descendants", |this: &MapperHandle, _| {
            Ok(Value::list(
                this.0
                    .self_and_descendants()
                    .iter()
                    .map(mapper_value)
                    .collect(),
            ))
        })
        .method("isa(other)", |this: &MapperHandle, a, _| {
            let other = mapper_of_value(a.value("other"));
            Ok(Value::Bool(other.is_some_and(|other| this.0.isa(&other))))
        })
        .method("iterate_to_root()", |this: &MapperHandle, _, _| {
            Ok(Value::list(
                this.0.lineage().iter().map(mapper_value).collect(),
            ))
        })
        .method("polymorphic_iterator()", |this: &MapperHandle, _, _| {
            Ok(Value::list(
                this.0
                    .identity_base()
                    .self_and_descendants()
                    .iter()
                    .map(mapper_value)
                    .collect(),
            ))
        });
}

fn look_up_members(members: &mut Members) {
    members
        .method("get_property(key)", |this: &MapperHandle, a, cx| {
            configure_registry(this.0.registry(), cx)?;
            let key = a.text("key")?;
            if let Some(prop) = this.0.prop(key) {
                Ok(handle(&prop))
            } else {
                let hint = if cx.compat().is_14() {
                    ""
                } else {
                    ".  If this property was indicated from other mappers or configure \
                     events, ensure registry.configure() has been called."
                };
                Err(INVALID_REQUEST_ERROR.error(format!(
                    "Mapper '{}' has no property '{key}'{hint}",
                    this.0.describe(cx.compat())
                )))
            }
        })
        .method("has_property(key)", |this: &MapperHandle, a, _| {
            Ok(Value::Bool(this.0.prop(a.text("key")?).is_some()))
        })
        .method(
            "get_property_by_column(column)",
            |this: &MapperHandle, a, cx| {
                let element: ColumnElement = element_of(a.value("column"), cx)?;
                match this.0.column_prop(&element) {
                    Some(prop) => Ok(handle(&prop)),
                    None => Err(crate::orm::exc::UNMAPPED_COLUMN_ERROR.error(format!(
                        "Column '{}' is not configured on mapper {}...",
                        cx.str(a.value("column"))?,
                        this.0.describe(cx.compat())
                    ))),
                }
            },
        )
        .getter("iterate_properties", |this: &MapperHandle, _| {
            Ok(Value::list(this.0.prop_list().iter().map(handle).collect()))
        })
        .method("add_property(key, prop)", |this: &MapperHandle, a, cx| {
            crate::orm::add_attribute(&this.0, a.text("key")?, a.value("prop"), cx)?;
            Ok(Value::None)
        })
        .method(
            "add_properties(dict_of_properties)",
            |this: &MapperHandle, a, cx| {
                if let Value::Dict(dict) = a.value("dict_of_properties") {
                    let entries: Vec<(Value, Value)> = dict
                        .borrow()
                        .iter()
                        .map(|(key, value)| (key.value().clone(), value.clone()))
                        .collect();
                    for (key, value) in entries {
                        if let Value::Str(key) = key {
                            crate::orm::add_attribute(&this.0, &key, &value, cx)?;
                        }
                    }
                }
                Ok(Value::None)
            },
        );
}

impl Object for MapperHandle {
    fn spec(&self) -> &'static TypeSpec {
        &MAPPER
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0) as usize)
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!(
            "<Mapper at {:#x}; {}>",
            Rc::as_ptr(&self.0) as usize,
            self.0.class().name()
        )))
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.0.describe(cx.compat())))
    }
}

/// `AliasedClass`.
pub static ALIASED_CLASS: TypeSpec = TypeSpec::new("sqlalchemy.orm.util", "AliasedClass");
/// `AliasedInsp`.
pub static ALIASED_INSP: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.util", "AliasedInsp").members(|members| {
        members
            .getter("mapper", |this: &AliasInspection, _| {
                Ok(mapper_value(this.0.mapper()))
            })
            .getter("class_", |this: &AliasInspection, _| {
                Ok(Value::Class(this.0.mapper().class().clone()))
            })
            .getter("entity", |this: &AliasInspection, _| {
                Ok(Value::object(AliasHandle(this.0.clone())))
            })
            .getter("selectable", |this: &AliasInspection, _| {
                Ok(Value::object(this.0.selectable().clone()))
            })
            .getter("name", |this: &AliasInspection, _| {
                Ok(match this.0.name() {
                    Some(name) => name.clone().into(),
                    None => this.0.mapper().class().name().into(),
                })
            })
            .getter("is_aliased_class", |_: &AliasInspection, _| {
                Ok(Value::Bool(true))
            });
    });

impl Object for AliasHandle {
    fn spec(&self) -> &'static TypeSpec {
        &ALIASED_CLASS
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0) as usize)
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!(
            "<AliasedClass at {:#x}; {}>",
            Rc::as_ptr(&self.0) as usize,
            self.0.mapper().class().name()
        )))
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.0.describe(cx)))
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        if let Some(sub) = self.0.sub(name) {
            return Ok(Some(Value::object(Self(sub))));
        }
        if name == "__name__" {
            return Ok(Some(self.0.mapper().class().name().into()));
        }
        super::attribute::alias_attribute(self, name, cx)
    }
}

impl Object for AliasInspection {
    fn spec(&self) -> &'static TypeSpec {
        &ALIASED_INSP
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0) as usize + 1)
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        let own = self.0.mapper().class().name();
        let members: Vec<String> = self
            .0
            .with_polymorphic()
            .iter()
            .map(|member| member.class().name().to_string())
            .collect();
        let members = if members.is_empty() {
            own.to_string()
        } else {
            members.join(", ")
        };
        Ok(Some(format!(
            "<AliasedInsp at {:#x}; {own}({members})>",
            Rc::as_ptr(&self.0) as usize,
        )))
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.0.describe(cx)))
    }
}
