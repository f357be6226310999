//! `.c`: the columns of a table, alias or statement, by key.

use crate::object::exceptions::{ATTRIBUTE_ERROR, INDEX_ERROR, TYPE_ERROR};
use crate::object::types::{OBJECT, Slice};
use crate::object::{Cx, Members, Object, Result, Str, TypeSpec, Value, key_error};
use crate::sql::ColumnElement;

/// Columns by key.
pub struct ColumnCollection {
    columns: Vec<(Str, ColumnElement)>,
    of_constraint: bool,
}

static COLLECTION: TypeSpec = TypeSpec::new("sqlalchemy.sql.base", "ReadOnlyColumnCollection")
    .bases(&[&OBJECT])
    .members(members);
static COLLECTION_14: TypeSpec = TypeSpec::new("sqlalchemy.sql.base", "ImmutableColumnCollection")
    .bases(&[&OBJECT])
    .members(members);
static DEDUPE_COLLECTION: TypeSpec = TypeSpec::new("sqlalchemy.sql.base", "DedupeColumnCollection")
    .bases(&[&OBJECT])
    .members(members);

impl ColumnCollection {
    /// The columns of a list.
    pub fn new(columns: Vec<(Str, ColumnElement)>) -> Self {
        Self {
            columns,
            of_constraint: false,
        }
    }
    /// The columns of a constraint, a collection of another class in 1.4.
    pub fn of_constraint(columns: Vec<(Str, ColumnElement)>) -> Self {
        Self {
            columns,
            of_constraint: true,
        }
    }
    /// The columns.
    pub fn columns(&self) -> impl Iterator<Item = ColumnElement> + '_ {
        self.columns.iter().map(|(_, column)| column.clone())
    }
    fn find(&self, key: &str) -> Option<&ColumnElement> {
        self.columns
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, column)| column)
    }
    fn values(&self) -> Vec<Value> {
        self.columns
            .iter()
            .map(|(_, column)| Value::object(column.clone()))
            .collect()
    }
    fn holds(&self, column: &ColumnElement) -> bool {
        self.columns.iter().any(|(_, own)| own.same(column))
    }
}

impl Object for ColumnCollection {
    fn spec(&self) -> &'static TypeSpec {
        if Cx::current().compat().is_14() {
            if self.of_constraint {
                return &DEDUPE_COLLECTION;
            }
            &COLLECTION_14
        } else {
            &COLLECTION
        }
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        let shown = self
            .columns
            .iter()
            .map(|(_, column)| cx.str(&Value::object(column.clone())))
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(format!(
            "{}({})",
            self.spec().name(),
            shown.join(", ")
        )))
    }
    fn get_attr(&self, this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        match self.find(name) {
            Some(column) => Ok(Some(Value::object(column.clone()))),
            None if name.starts_with("__") => Ok(None),
            None => Err(ATTRIBUTE_ERROR
                .error(name)
                .with("name", name)
                .with("obj", this.clone())),
        }
    }
    fn attr_names(&self) -> Vec<String> {
        self.columns
            .iter()
            .map(|(key, _)| key.to_string())
            .collect()
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        match key {
            Value::Str(name) => match self.find(name) {
                Some(column) => Ok(Some(Value::object(column.clone()))),
                None => Err(key_error(key.clone())),
            },
            Value::Int(index) => {
                let len = i64::try_from(self.columns.len()).unwrap_or(i64::MAX);
                let at = if *index < 0 { index + len } else { *index };
                let found = usize::try_from(at).ok().and_then(|at| self.columns.get(at));
                match found {
                    Some((_, column)) => Ok(Some(Value::object(column.clone()))),
                    None => Err(INDEX_ERROR.error(index.to_string())),
                }
            }
            // 1.4 looks up by key alone.
            Value::Tuple(_) if cx.compat().is_14() => Err(key_error(key.clone())),
            Value::Object(_) if cx.compat().is_14() && key.downcast::<Slice>().is_some() => {
                Err(TYPE_ERROR.error("unhashable type: 'slice'"))
            }
            Value::Tuple(keys) => {
                let mut columns = Vec::new();
                for key in keys.iter() {
                    let Some(name) = key.as_str() else {
                        return Err(key_error(key.clone()));
                    };
                    match self.find(name) {
                        Some(column) => columns.push((Str::new(name), column.clone())),
                        None => return Err(key_error(key.clone())),
                    }
                }
                Ok(Some(Value::object(Self::new(columns))))
            }
            _ => {
                let values = Value::list(self.values());
                let slice = cx.call_method(&values, "__getitem__", [key.clone()])?;
                let mut columns = Vec::new();
                for item in cx.collect(&slice)? {
                    if let Some(column) = item.downcast::<ColumnElement>() {
                        let key = self.columns.iter().find(|(_, own)| own.same(column));
                        columns.extend(key.cloned());
                    }
                }
                Ok(Some(Value::object(Self::new(columns))))
            }
        }
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.columns.len()))
    }
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(true))
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(Value::list(self.values())))
    }
    fn contains(&self, _this: &Value, item: &Value, _cx: &Cx) -> Result<Option<bool>> {
        match item {
            Value::Str(name) => Ok(Some(self.find(name).is_some())),
            _ => {
                Err(crate::engine::exc::ARGUMENT_ERROR
                    .error("__contains__ requires a string argument"))
            }
        }
    }
}

fn members(members: &mut Members) {
    members
        .method("keys()", |this: &ColumnCollection, _, _| {
            Ok(Value::list(
                this.columns
                    .iter()
                    .map(|(key, _)| Value::Str(key.clone()))
                    .collect(),
            ))
        })
        .method("values()", |this: &ColumnCollection, _, _| {
            Ok(Value::list(this.values()))
        })
        .method("items()", |this: &ColumnCollection, _, _| {
            Ok(Value::list(
                this.columns
                    .iter()
                    .map(|(key, column)| {
                        Value::tuple(vec![Value::Str(key.clone()), Value::object(column.clone())])
                    })
                    .collect(),
            ))
        })
        .method(
            "get(key, default=None)",
            |this: &ColumnCollection, bound, _| {
                let found = bound.value("key").as_str().and_then(|key| this.find(key));
                Ok(match found {
                    Some(column) => Value::object(column.clone()),
                    None => bound.given("default").cloned().unwrap_or(Value::None),
                })
            },
        )
        .method(
            "contains_column(col)",
            |this: &ColumnCollection, bound, _| match bound.value("col").downcast::<ColumnElement>()
            {
                Some(column) => Ok(Value::Bool(this.holds(column))),
                None => Err(TYPE_ERROR.error("contains_column expects a column")),
            },
        )
        .method(
            "corresponding_column(column, require_embedded=False)",
            |this: &ColumnCollection, bound, _| {
                let Some(column) = bound.value("column").downcast::<ColumnElement>() else {
                    return Ok(Value::None);
                };
                let columns: Vec<_> = this.columns.iter().map(|(_, own)| own.clone()).collect();
                Ok(crate::sql::visitors::corresponding_of(
                    &columns,
                    column,
                    bound.flag("require_embedded", false),
                )
                .map_or(Value::None, Value::object))
            },
        )
        .method("as_readonly()", |this: &ColumnCollection, _, _| {
            Ok(Value::object(ColumnCollection::new(this.columns.clone())))
        });
}
