//! `Row`, `RowMapping` and the key view, as scripts see them.

use std::rc::Rc;

use crate::engine::{Row, RowMapping, RowMeta};
use crate::object::exceptions::{ATTRIBUTE_ERROR, INDEX_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::types::OBJECT;
use crate::object::{
    CompareOp, Cx, Dict, Key, Members, Method, Object, Raised, Result, RowView, Set, Str, Tuple,
    TypeSpec, Value, class_of, hash_value, ops,
};

/// `sqlalchemy.engine.row.Row`.
pub static ROW: TypeSpec = TypeSpec::new("sqlalchemy.engine.row", "Row")
    .bases(&[&OBJECT])
    .members(row_members);
/// `sqlalchemy.engine.row.LegacyRow` of 1.4.
pub static LEGACY_ROW: TypeSpec = TypeSpec::new("sqlalchemy.engine.row", "LegacyRow")
    .bases(&[&ROW])
    .members(legacy_members);
/// `sqlalchemy.engine.row.RowMapping`.
pub static ROW_MAPPING: TypeSpec = TypeSpec::new("sqlalchemy.engine.row", "RowMapping")
    .bases(&[&OBJECT])
    .members(mapping_members);
static KEY_VIEW: TypeSpec =
    TypeSpec::new("sqlalchemy.engine.result", "RMKeyView").bases(&[&OBJECT]);
static VALUES_VIEW: TypeSpec =
    TypeSpec::new("sqlalchemy.engine.row", "ROMappingKeysValuesView").bases(&[&OBJECT]);
static ITEMS_VIEW: TypeSpec =
    TypeSpec::new("sqlalchemy.engine.row", "ROMappingItemsView").bases(&[&OBJECT]);

fn fields(meta: &RowMeta) -> Vec<Value> {
    let named = meta.keys().iter().filter(|key| !key.is_empty());
    named.cloned().map(Value::Str).collect()
}

/// The row by its keys; raises where one of them is that of several fields.
fn as_dict(row: &Row) -> Result<Value> {
    let meta = row.meta();
    if meta.is_ambiguous() {
        for key in meta.keys().iter() {
            meta.index_of_name(key)?;
        }
    }
    let pairs = row.meta().keys().iter().zip(row.values().iter());
    let pairs = pairs.filter(|(key, _)| !key.is_empty());
    Ok(Value::Dict(Rc::new(Dict::from_pairs(
        pairs.map(|(key, value)| (key.clone(), value.clone())),
    ))))
}

fn row_members(members: &mut Members) {
    members
        .getter("_mapping", |row: &Row, _| {
            Ok(Value::object(RowMapping(row.clone())))
        })
        .getter("_fields", |row: &Row, _| {
            Ok(Value::tuple(fields(row.meta())))
        })
        .getter("_data", |row: &Row, _| Ok(row.to_tuple()))
        .getter("t", |row: &Row, cx| since_20(row, "t", cx))
        .getter("_t", |row: &Row, cx| since_20(row, "_t", cx))
        .method("_tuple()", |row: &Row, _, cx| since_20(row, "_tuple", cx))
        .method("_asdict()", |row: &Row, _, _| as_dict(row))
        .method("tuple()", |row: &Row, _, cx| since_20(row, "tuple", cx))
        .getter_on_value("count", |this, cx| field_or(this, "count", count_of, cx))
        .getter_on_value("index", |this, cx| field_or(this, "index", index_of, cx))
        .method("keys()", |row: &Row, _, cx| {
            if cx.compat().is_14() {
                Ok(Value::object(KeyView(row.meta().clone())))
            } else {
                Err(missing(row, "keys", cx))
            }
        });
}

/// The field called `name`, or the method of that name that every row has.
fn field_or(this: &Value, name: &str, method: fn(Row) -> Value, cx: &Cx) -> Result<Value> {
    let Some(row) = this.downcast::<Row>() else {
        return Ok(Value::None);
    };
    match row.meta().find(&Value::str(name), cx)? {
        Some(index) => Ok(row.values().get(index).cloned().unwrap_or(Value::None)),
        None => Ok(method(row.clone())),
    }
}

fn count_of(row: Row) -> Value {
    Method::function("count(value)", move |bound, cx| {
        let mut count = 0;
        for value in row.values().iter() {
            count += i64::from(cx.eq(value, bound.value("value"))?);
        }
        Ok(Value::Int(count))
    })
}

fn index_of(row: Row) -> Value {
    Method::function("index(value, start=0, stop=None)", move |bound, cx| {
        let start = bound.value("start").as_int().unwrap_or(0);
        let start = usize::try_from(start).unwrap_or(0);
        for (index, value) in row.values().iter().enumerate().skip(start) {
            if cx.eq(value, bound.value("value"))? {
                return Ok(Value::Int(i64::try_from(index).unwrap_or(i64::MAX)));
            }
        }
        Err(Raised::new(&VALUE_ERROR, Vec::new()))
    })
}

/// What only 2.0 has; in 1.4 a column may have the name.
fn since_20(row: &Row, name: &str, cx: &Cx) -> Result<Value> {
    if cx.compat().is_20() {
        return Ok(row.to_tuple());
    }
    row.by_name(name)?.ok_or_else(|| missing(row, name, cx))
}

fn missing(row: &Row, name: &str, cx: &Cx) -> Raised {
    let raised = ATTRIBUTE_ERROR.error(if cx.compat().is_14() || row.meta().is_of_cursor() {
        format!("Could not locate column in row for column '{name}'")
    } else {
        name.to_owned()
    });
    let fields = row.meta().keys().iter();
    raised.misspelt(name, fields.map(Str::as_str))
}

fn legacy_members(members: &mut Members) {
    members
        .method("values()", |row: &Row, _, _| {
            Ok(Value::list(row.values().to_vec()))
        })
        .method("items()", |row: &Row, _, _| Ok(Value::list(items(row))))
        .method("iterkeys()", |row: &Row, _, _| {
            Ok(Value::list(fields(row.meta())))
        })
        .method("itervalues()", |row: &Row, _, _| {
            Ok(Value::list(row.values().to_vec()))
        })
        .method("has_key(key)", |row: &Row, bound, cx| {
            Ok(Value::Bool(
                row.meta().find(bound.value("key"), cx)?.is_some(),
            ))
        });
}

/// The fields by name: where several have one name, each shows the value the name finds.
fn items(row: &Row) -> Vec<Value> {
    let keys = row.meta().keys().iter();
    keys.zip(row.values().iter())
        .map(|(key, value)| {
            let found = row.by_name(key).ok().flatten();
            Value::tuple(vec![
                Value::Str(key.clone()),
                found.unwrap_or_else(|| value.clone()),
            ])
        })
        .collect()
}

/// The row at `index`, counted from the end where negative.
fn at_index(row: &Row, index: i64) -> Result<Value> {
    let count = row.values().len();
    let position = match usize::try_from(index) {
        Ok(position) => Some(position),
        Err(_) => usize::try_from(index.unsigned_abs())
            .ok()
            .and_then(|back| count.checked_sub(back)),
    };
    position
        .and_then(|position| row.get(position).cloned())
        .ok_or_else(|| INDEX_ERROR.error("tuple index out of range"))
}

impl Object for Row {
    fn spec(&self) -> &'static TypeSpec {
        if self.meta().is_legacy() {
            &LEGACY_ROW
        } else {
            &ROW
        }
    }
    fn identity(&self) -> Option<usize> {
        Some(self.address())
    }
    fn row_view(&self, _cx: &Cx) -> Result<Option<RowView>> {
        Ok(Some(RowView {
            columns: self.meta().keys().iter().map(ToString::to_string).collect(),
            values: self.values().to_vec(),
        }))
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        cx.repr(&self.to_tuple()).map(Some)
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        match self.by_name(name)? {
            Some(value) => Ok(Some(value)),
            // Names that Python itself asks for are no columns.
            None if name.starts_with("__") => Ok(None),
            None => Err(missing(self, name, cx)),
        }
    }
    fn set_attr(&self, _name: &str, _value: &Value, _cx: &Cx) -> Result<bool> {
        Err(ATTRIBUTE_ERROR.error("can't set attribute"))
    }
    fn attr_names(&self) -> Vec<String> {
        self.meta().keys().iter().map(ToString::to_string).collect()
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let other = match other.downcast::<Self>() {
            Some(row) => row.to_tuple(),
            None if matches!(other, Value::Tuple(_)) => other.clone(),
            None => return Ok(None),
        };
        ops::compare(op, &self.to_tuple(), &other, cx).map(Some)
    }
    fn contains(&self, _this: &Value, item: &Value, cx: &Cx) -> Result<Option<bool>> {
        if self.meta().is_legacy() {
            return Ok(Some(self.meta().find(item, cx)?.is_some()));
        }
        for value in self.values().iter() {
            if cx.eq(value, item)? {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        match key {
            Value::Int(index) => at_index(self, *index).map(Some),
            Value::Bool(flag) => at_index(self, i64::from(*flag)).map(Some),
            _ if is_slice(key, cx) => {
                let tuple = self.to_tuple();
                cx.call_method(&tuple, "__getitem__", [key.clone()])
                    .map(Some)
            }
            _ if cx.compat().is_14() => self.by_key(key, cx).map(Some),
            _ => Err(TYPE_ERROR.error(format!(
                "tuple indices must be integers or slices, not {}",
                class_of(key, cx).name()
            ))),
        }
    }
    fn stands_for(&self) -> Option<Value> {
        Some(self.to_tuple())
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.values().len()))
    }
    fn as_tuple(&self) -> Option<&Tuple> {
        Some(self.values())
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(self.to_tuple()))
    }
    fn hash(&self, cx: &Cx) -> Result<Option<u64>> {
        hash_value(&self.to_tuple(), cx).map(Some)
    }
}

fn is_slice(key: &Value, cx: &Cx) -> bool {
    class_of(key, cx).full_name() == "slice"
}

fn mapping_members(members: &mut Members) {
    members
        .method("keys()", |row: &RowMapping, _, _| {
            Ok(Value::object(KeyView(row.0.meta().clone())))
        })
        .method("values()", |row: &RowMapping, _, _| {
            Ok(Value::object(ListView {
                spec: &VALUES_VIEW,
                row: row.0.clone(),
            }))
        })
        .method("items()", |row: &RowMapping, _, _| {
            Ok(Value::object(ListView {
                spec: &ITEMS_VIEW,
                row: row.0.clone(),
            }))
        })
        .method(
            "get(key, default=None)",
            |row: &RowMapping, bound, cx| match row.0.meta().find(bound.value("key"), cx)? {
                Some(index) => Ok(row.0.get(index).cloned().unwrap_or(Value::None)),
                None => Ok(bound.given("default").cloned().unwrap_or(Value::None)),
            },
        );
}

impl Object for RowMapping {
    fn spec(&self) -> &'static TypeSpec {
        &ROW_MAPPING
    }
    fn get_attr(&self, this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        self.0.get_attr(this, name, cx)
    }
    fn row_view(&self, cx: &Cx) -> Result<Option<RowView>> {
        self.0.row_view(cx)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        cx.repr(&as_dict(&self.0)?).map(Some)
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(None);
        }
        let other = match other.downcast::<Self>() {
            Some(mapping) => as_dict(&mapping.0)?,
            None => other.clone(),
        };
        ops::compare(op, &as_dict(&self.0)?, &other, cx).map(Some)
    }
    fn contains(&self, _this: &Value, item: &Value, cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(self.0.meta().find(item, cx)?.is_some()))
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        self.0.by_key(key, cx).map(Some)
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.0.values().len()))
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(Value::tuple(fields(self.0.meta()))))
    }
    fn hash(&self, cx: &Cx) -> Result<Option<u64>> {
        hash_value(&self.0.to_tuple(), cx).map(Some)
    }
}

/// `result.keys()`.
pub struct KeyView(pub Rc<RowMeta>);

impl Object for KeyView {
    fn spec(&self) -> &'static TypeSpec {
        &KEY_VIEW
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let keys = cx.repr(&Value::list(fields(&self.0)))?;
        Ok(Some(format!("RMKeyView({keys})")))
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.0.keys().len()))
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(Value::tuple(fields(&self.0))))
    }
    fn contains(&self, _this: &Value, item: &Value, cx: &Cx) -> Result<Option<bool>> {
        if matches!(item, Value::Int(_)) {
            return Ok(Some(false));
        }
        Ok(Some(self.0.find(item, cx)?.is_some()))
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(None);
        }
        let other = Set::of(cx.collect(other)?, cx)?;
        let own: indexmap::IndexSet<Key, _> = Set::of(fields(&self.0), cx)?;
        let same = own.len() == other.len() && own.iter().all(|key| other.contains(key));
        Ok(Some(Value::Bool(same == (op == CompareOp::Eq))))
    }
}

/// `mapping.values()` and `mapping.items()`.
struct ListView {
    spec: &'static TypeSpec,
    row: Row,
}

impl ListView {
    fn items(&self) -> Vec<Value> {
        if std::ptr::eq(self.spec, &raw const ITEMS_VIEW) {
            items(&self.row)
        } else {
            self.row.values().to_vec()
        }
    }
}

impl Object for ListView {
    fn spec(&self) -> &'static TypeSpec {
        self.spec
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let name = if cx.compat().is_14() {
            "ROMappingView"
        } else {
            self.spec.name()
        };
        let mapping = cx.repr(&as_dict(&self.row)?)?;
        Ok(Some(format!("{name}({mapping})")))
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.row.values().len()))
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(Value::tuple(self.items())))
    }
    fn contains(&self, _this: &Value, item: &Value, cx: &Cx) -> Result<Option<bool>> {
        for known in self.items() {
            if cx.eq(&known, item)? {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    }
}
