//! `trait Object`: everything that the evaluator may ask of a native object.

use std::any::Any;
use std::rc::Rc;

use super::exceptions::TYPE_ERROR;
use super::operators::{BinaryOp, CompareOp, UnaryOp};
use super::{Args, Class, Cx, Method, Result, Str, Tuple, TypeSpec, Value};

/// A native object. Two methods are asked for; each other one that is defined adds an ability.
/// `this` is the value that holds the object.
pub trait Object: Any {
    /// Its type, whose members are its methods.
    fn spec(&self) -> &'static TypeSpec;

    /// Its class; differs from `spec().class()` only for the instances of dynamic types.
    fn class(&self) -> Rc<Class> {
        self.spec().class()
    }
    /// What a handle is a handle of, so that `is` sees one object behind many handles.
    fn identity(&self) -> Option<usize> {
        None
    }
    /// `repr()`; `None` is the default `<module.Class object at 0x...>`.
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(None)
    }
    /// `str()`; `None` is the repr.
    fn str(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(None)
    }
    /// An attribute that the members of the type do not list.
    fn get_attr(&self, _this: &Value, _name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(None)
    }
    /// Whether `get_attr` is asked before the members of the type, as a proxy wants it.
    fn is_proxy(&self) -> bool {
        false
    }
    /// Assign an attribute; `Ok(false)`: there is no such attribute to assign.
    fn set_attr(&self, _name: &str, _value: &Value, _cx: &Cx) -> Result<bool> {
        Ok(false)
    }
    /// The names that `get_attr` knows, for `dir()` and suggestions.
    fn attr_names(&self) -> Vec<String> {
        Vec::new()
    }
    /// The tuple that iterating it walks.
    fn as_tuple(&self) -> Option<&Tuple> {
        None
    }
    /// The native function that it is.
    fn as_method(&self) -> Option<&Method> {
        None
    }
    /// Call it; `None`: it is not callable.
    fn call(&self, _this: &Value, _args: Args, _cx: &Cx) -> Result<Option<Value>> {
        Ok(None)
    }
    /// The parameters of a function that a script defined, each with its default: positional
    /// ones, then keyword-only ones.
    fn parameters(&self) -> Option<Vec<(Str, Option<Value>)>> {
        None
    }
    /// Whether it can be called, for `callable()`.
    fn is_callable(&self) -> bool {
        false
    }
    /// `this op other`, or with `reflected` `other op this`; `None` is `NotImplemented`.
    fn binary(
        &self,
        _this: &Value,
        _op: BinaryOp,
        _other: &Value,
        _reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(None)
    }
    /// `this op other` of a comparison, `in` excepted; `None` is `NotImplemented`.
    fn compare(
        &self,
        _this: &Value,
        _op: CompareOp,
        _other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(None)
    }
    /// `-x`, `+x`, `~x`.
    fn unary(&self, _this: &Value, _op: UnaryOp, _cx: &Cx) -> Result<Option<Value>> {
        Ok(None)
    }
    /// `item in this`; `None`: it has no `__contains__` (iteration decides).
    fn contains(&self, _this: &Value, _item: &Value, _cx: &Cx) -> Result<Option<bool>> {
        Ok(None)
    }
    /// `this[key]`; `None`: not subscriptable.
    fn get_item(&self, _this: &Value, _key: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(None)
    }
    /// `this[key] = value`; `Ok(false)`: does not support item assignment.
    fn set_item(&self, _key: &Value, _value: &Value, _cx: &Cx) -> Result<bool> {
        Ok(false)
    }
    /// `del this[key]`; `Ok(false)`: does not support item deletion.
    fn delete_item(&self, _key: &Value, _cx: &Cx) -> Result<bool> {
        Ok(false)
    }
    /// `len()`; `None`: it has none.
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(None)
    }
    /// `bool()`; `None`: by `len()`, else true.
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        Ok(None)
    }
    /// `iter(this)`; `None`: not iterable. An iterator answers with `this`.
    #[expect(
        clippy::iter_not_returning_iterator,
        reason = "it is `__iter__`, whose answer is a value"
    )]
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(None)
    }
    /// Whether `next()` applies.
    fn is_iterator(&self) -> bool {
        false
    }
    /// `next(this)`; `None` is the end.
    fn next(&self, _cx: &Cx) -> Result<Option<Value>> {
        Ok(None)
    }
    /// `hash(this)`; `None`: by identity. TypeError: unhashable.
    fn hash(&self, _cx: &Cx) -> Result<Option<u64>> {
        Ok(None)
    }
    /// The built-in value that it equals and hashes like.
    fn stands_for(&self) -> Option<Value> {
        None
    }
    /// `__get__`: read through a class (`instance` None) or an instance; `None`: no descriptor.
    fn bind(
        &self,
        _this: &Value,
        _instance: Option<&Value>,
        _owner: &Rc<Class>,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(None)
    }
    /// Whether, as a descriptor, it comes before the attributes of the instance.
    fn is_data_descriptor(&self) -> bool {
        false
    }
    /// `__set__` of a data descriptor.
    fn bind_set(&self, _instance: &Value, _value: Value, _cx: &Cx) -> Result<()> {
        Err(TYPE_ERROR.error("this descriptor can't be assigned"))
    }
    /// `__delete__` of a data descriptor.
    fn bind_delete(&self, _instance: &Value, _cx: &Cx) -> Result<()> {
        Err(TYPE_ERROR.error("this descriptor can't be deleted"))
    }
    /// `__set_name__`: it was assigned to `name` in the body of `owner`.
    fn set_name(&self, _owner: &Rc<Class>, _name: &str, _cx: &Cx) -> Result<()> {
        Ok(())
    }
    /// It seen as one row, for a display as a table.
    fn row_view(&self, _cx: &Cx) -> Result<Option<RowView>> {
        Ok(None)
    }
    /// It seen as rows, for a display as a table; what it yields to a script stays the same.
    fn table_view(&self, _cx: &Cx) -> Result<Option<Vec<RowView>>> {
        Ok(None)
    }
    /// What a display shows that need not be Python's, a statement as its SQL for one.
    fn display_text(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(None)
    }
    /// `format(this, spec)`; `None`: as `str()`.
    fn format(&self, _spec: &str, _cx: &Cx) -> Result<Option<String>> {
        Ok(None)
    }
}

/// A row as a display sees it.
pub struct RowView {
    /// The names of the columns.
    pub columns: Rc<[String]>,
    /// The values.
    pub values: Vec<Value>,
}
