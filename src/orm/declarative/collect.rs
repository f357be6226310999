//! What a class body and its mixins declare: attributes in table order, annotations, dunders.

use std::cell::RefCell;
use std::rc::Rc;

use indexmap::{IndexMap, IndexSet};
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::annotations::{self, Extracted};
use super::columns::{as_column, copy_column, is_mappable};
use super::{DeclaredAttr, MappedColumn};
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::{BoundMethod, Class, Cx, Dict, Result, Str, Value, bind, find_attr};
use crate::orm::instrumented::PropertyHandle;
use crate::orm::mapped_class::MappedClass;
use crate::sql::{ColumnElement, FromClause};

/// Names by first mention.
pub type Ordered<T> = IndexMap<Str, T, FxBuildHasher>;

/// What a class declares.
#[derive(Default)]
pub struct Collected {
    /// The attributes, in the order of the table's columns.
    pub attributes: Ordered<Value>,
    /// The `Mapped[...]` annotations.
    pub annotations: FxHashMap<Str, Extracted>,
    /// Attributes with an annotation that is no `Mapped[...]`.
    pub unmapped_annotations: Vec<Str>,
    /// `__tablename__`.
    pub tablename: Option<Value>,
    /// `__table_args__`.
    pub table_args: Option<Value>,
    /// Whether `__mapper_args__` is defined where it counts.
    pub has_mapper_args: bool,
}

/// The declared attributes evaluated while a class is scanned, by class and declaration.
#[derive(Default)]
struct Evaluated {
    values: RefCell<FxHashMap<(usize, usize), Value>>,
    scanning: RefCell<Vec<usize>>,
}

/// Evaluate a `declared_attr` for `class`; while the class is scanned, once.
pub fn declared_value(declared: &Value, class: &Rc<Class>, cx: &Cx) -> Result<Value> {
    let Some(part) = declared.downcast::<DeclaredAttr>() else {
        return Ok(declared.clone());
    };
    let evaluated = cx.service::<Evaluated>();
    let address = Rc::as_ptr(class) as usize;
    let key = (address, declared.address().unwrap_or_default());
    let scanning = evaluated.scanning.borrow().contains(&address);
    if scanning && let Some(known) = evaluated.values.borrow().get(&key) {
        return Ok(known.clone());
    }
    let bound = bind(&part.function, None, class, cx)?;
    let value = if bound.downcast::<BoundMethod>().is_some() {
        cx.call(&bound, [])?
    } else {
        cx.call(&part.function, [Value::Class(class.clone())])?
    };
    if scanning {
        evaluated.values.borrow_mut().insert(key, value.clone());
    }
    Ok(value)
}

/// Run `scan` with the declared attributes of `class` evaluated once each.
pub fn while_scanning<T>(
    class: &Rc<Class>,
    cx: &Cx,
    scan: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let evaluated = cx.service::<Evaluated>();
    evaluated
        .scanning
        .borrow_mut()
        .push(Rc::as_ptr(class) as usize);
    let done = scan();
    evaluated.scanning.borrow_mut().pop();
    if evaluated.scanning.borrow().is_empty() {
        evaluated.values.borrow_mut().clear();
    }
    done
}

/// A name of a class body: its value, its annotation.
type Local = (Str, Option<Value>, Option<Value>);

/// The names of a class body in the order that decides the table's columns.
fn locals(class: &Rc<Class>, cx: &Cx) -> Vec<Local> {
    let vars = class.own_names();
    let noted = match class.own("__annotations__") {
        Some(Value::Dict(noted)) if cx.compat().is_20() => Some(noted),
        _ => None,
    };
    let annotation = |name: &Str| {
        noted
            .as_ref()
            .and_then(|noted: &Rc<Dict>| noted.get_str(name))
    };
    let noted_names: Vec<Str> = noted.as_ref().map_or_else(Vec::new, |noted| {
        noted
            .borrow()
            .keys()
            .filter_map(|key| match key.value() {
                Value::Str(name) => Some(name.clone()),
                _ => None,
            })
            .collect()
    });
    merge_orders(&vars, &noted_names)
        .into_iter()
        .filter(|name| !(name.starts_with("__") || name.starts_with("_sa_")) || is_directive(name))
        .map(|name| {
            let value = class.own(&name);
            let annotation = annotation(&name);
            (name, value, annotation)
        })
        .collect()
}

fn is_directive(name: &str) -> bool {
    matches!(
        name,
        "__tablename__" | "__table_args__" | "__mapper_args__" | "__table__"
    )
}

/// Two lists of names as one: the first is followed up to a name of both, there the other takes
/// over, and so on.
fn merge_orders(a: &[Str], b: &[Str]) -> Vec<Str> {
    let in_b: IndexSet<&Str, FxBuildHasher> = b.iter().collect();
    let mut shared: IndexSet<&Str, FxBuildHasher> =
        a.iter().filter(|name| in_b.contains(*name)).collect();
    let (mut current, mut other) = (a.iter(), b.iter());
    let mut merged = Vec::new();
    loop {
        let mut switched = false;
        for name in current.by_ref() {
            if shared.swap_remove(name) {
                switched = true;
                break;
            }
            merged.push(name.clone());
        }
        if !switched {
            merged.extend(other.cloned());
            return merged;
        }
        std::mem::swap(&mut current, &mut other);
    }
}

fn is_mapped_base(class: &Rc<Class>) -> bool {
    MappedClass::own(class).is_some_and(|own| own.mapper().is_some())
}

/// Scans a class along its resolution order.
pub struct Collector<'a> {
    class: &'a Rc<Class>,
    fixed_table: Option<FromClause>,
    allow_unmapped: bool,
    collected: Collected,
    cx: &'a Cx,
}

/// What `class` and its mixins declare.
pub fn collect(class: &Rc<Class>, fixed_table: Option<FromClause>, cx: &Cx) -> Result<Collected> {
    let allow_unmapped = match find_attr(&Value::Class(class.clone()), "__allow_unmapped__", cx)? {
        Some(value) => cx.truthy(&value)?,
        None => false,
    };
    let mut collector = Collector {
        class,
        fixed_table,
        allow_unmapped,
        collected: Collected::default(),
        cx,
    };
    let mut bases = vec![class.clone()];
    bases.extend(
        class
            .ancestors()
            .iter()
            .filter(|base| base.spec().is_none())
            .cloned(),
    );
    let mut scanned = Vec::new();
    for base in &bases {
        let own = Rc::ptr_eq(base, class);
        let mapped = !own && is_mapped_base(base);
        let names = locals(base, cx);
        let copies = if own || mapped {
            Ordered::default()
        } else {
            collector.copies(&names)?
        };
        scanned.push((own, mapped, names, copies, base.clone()));
    }
    for (own, mapped, names, copies, base) in scanned {
        collector.collected.attributes.extend(copies);
        for (name, value, annotation) in names {
            if is_directive(&name) {
                collector.directive(&name, value.as_ref(), mapped)?;
            } else if mapped {
                collector.of_mapped_base(&name, value.as_ref(), &base);
            } else if own {
                collector.own(name, value, annotation)?;
            } else {
                collector.of_mixin(&name, value, annotation.as_ref(), &base)?;
            }
        }
    }
    Ok(collector.collected)
}

impl Collector<'_> {
    fn note(
        &mut self,
        name: &Str,
        value: Option<&Value>,
        annotation: &Value,
        expect: bool,
    ) -> Result<bool> {
        if let Some(extracted) = annotations::extract(annotation) {
            self.collected
                .annotations
                .entry(name.clone())
                .or_insert(extracted);
            return Ok(true);
        }
        if annotations::is_class_var(annotation) || is_descriptor_annotation(annotation) {
            return Ok(false);
        }
        let mapped_value = value.is_none_or(|value| {
            value.downcast::<MappedColumn>().is_some()
                || value.downcast::<PropertyHandle>().is_some()
        });
        if expect && mapped_value && !self.allow_unmapped {
            return Err(annotations::not_mapped(self.class, name));
        }
        self.collected.unmapped_annotations.push(name.clone());
        if self.allow_unmapped
            && value.is_some_and(|value| value.downcast::<MappedColumn>().is_some())
        {
            self.collected.annotations.insert(
                name.clone(),
                Extracted {
                    container: None,
                    inner: annotation.clone(),
                },
            );
        }
        Ok(false)
    }

    /// Copies of the columns of a mixin.
    fn copies(&mut self, names: &[Local]) -> Result<Ordered<Value>> {
        let mut copies = Ordered::default();
        for (name, value, annotation) in names {
            if name.starts_with("__") {
                continue;
            }
            let held = self.class.lookup(name);
            match value {
                None => {
                    let Some(annotation) = annotation else {
                        continue;
                    };
                    if held.is_some() || annotations::extract(annotation).is_none() {
                        continue;
                    }
                    self.note(name, None, annotation, true)?;
                    if self.fixed_table.is_some() {
                        continue;
                    }
                    let made = Value::object(MappedColumn::plain());
                    self.class.set(name.clone(), made.clone());
                    copies.insert(name.clone(), made);
                }
                Some(value) => {
                    let copy = self.copy_of(value)?;
                    let Some(copy) = copy else { continue };
                    let overridden = held.is_some_and(|held| !held.is(value));
                    if overridden {
                        continue;
                    }
                    if let Some(annotation) = annotation {
                        self.note(name, Some(value), annotation, true)?;
                    }
                    if self.in_fixed_table(name) {
                        continue;
                    }
                    self.class.set(name.clone(), copy.clone());
                    copies.insert(name.clone(), copy);
                }
            }
        }
        Ok(copies)
    }

    fn in_fixed_table(&self, name: &str) -> bool {
        match &self.fixed_table {
            Some(FromClause::Table(table)) => table.column(name).is_some(),
            _ => false,
        }
    }

    fn copy_of(&self, value: &Value) -> Result<Option<Value>> {
        if let Some(column) = as_column(value) {
            let copy = copy_column(&column, self.cx)?;
            return Ok(Some(Value::object(ColumnElement::Column(copy))));
        }
        match value.downcast::<MappedColumn>() {
            Some(mapped) => Ok(Some(Value::object(mapped.copy(self.cx)?))),
            None => Ok(None),
        }
    }

    fn directive(&mut self, name: &str, value: Option<&Value>, mapped: bool) -> Result<()> {
        let declared = value.is_some_and(|value| value.downcast::<DeclaredAttr>().is_some());
        if mapped && !declared {
            return Ok(());
        }
        let class = Value::Class(self.class.clone());
        match name {
            "__mapper_args__" => self.collected.has_mapper_args = true,
            "__tablename__" if self.collected.tablename.is_none() => {
                let found = self.cx.get_attr(&class, name)?;
                if !found.is_none() {
                    self.collected.tablename = Some(found);
                }
            }
            "__table_args__" if self.collected.table_args.is_none() => {
                let found = self.cx.get_attr(&class, name)?;
                if !matches!(found, Value::Tuple(_) | Value::Dict(_) | Value::None) {
                    return Err(
                        ARGUMENT_ERROR.error("__table_args__ value must be a tuple, dict, or None")
                    );
                }
                self.collected.table_args = Some(found).filter(|found| !found.is_none());
            }
            _ => {}
        }
        Ok(())
    }

    fn of_mapped_base(&self, name: &str, value: Option<&Value>, base: &Rc<Class>) {
        let declared = value.and_then(Value::downcast::<DeclaredAttr>);
        if declared.is_some_and(|declared| !declared.cascading) {
            self.cx.warn(
                &SA_WARNING,
                &format!(
                    "Regular (i.e. not __special__) attribute '{}.{name}' uses @declared_attr, \
                     but owning class <class '{}'> is mapped - not applying to subclass <class \
                     '{}'>.",
                    base.name(),
                    base.full_name(),
                    self.class.full_name()
                ),
            );
        }
    }

    fn own(&mut self, name: Str, value: Option<Value>, annotation: Option<Value>) -> Result<()> {
        let is_mapped = match &annotation {
            Some(annotation) => self.note(&name, value.as_ref(), annotation, true)?,
            None => false,
        };
        match value {
            None if is_mapped && self.fixed_table.is_none() => {
                let inner = self
                    .collected
                    .annotations
                    .get(&name)
                    .map(|extracted| extracted.inner.clone());
                let made = match inner {
                    Some(inner) => annotations::found_in_annotated(&inner, self.cx)?,
                    None => None,
                };
                let made = made.unwrap_or_else(|| Value::object(MappedColumn::plain()));
                self.collected.attributes.insert(name, made);
            }
            None => {}
            Some(value) => {
                self.collected.attributes.insert(name, value);
            }
        }
        Ok(())
    }

    fn of_mixin(
        &mut self,
        name: &Str,
        value: Option<Value>,
        annotation: Option<&Value>,
        base: &Rc<Class>,
    ) -> Result<()> {
        let Some(value) = value else { return Ok(()) };
        if as_column(&value).is_some() || value.downcast::<MappedColumn>().is_some() {
            return Ok(());
        }
        if value.downcast::<PropertyHandle>().is_some() {
            return Err(INVALID_REQUEST_ERROR.error(
                "Mapper properties (i.e. deferred,column_property(), relationship(), etc.) must \
                 be declared as @declared_attr callables on declarative mixin classes.  For \
                 dataclass field() objects, use a lambda:",
            ));
        }
        let Some(declared) = value.downcast::<DeclaredAttr>() else {
            let _ = (annotation, base);
            return Ok(());
        };
        // A class between the mixin and this one may define the name itself.
        let overridden = self.class.lookup(name).is_some_and(|held| !held.is(&value));
        if overridden {
            return Ok(());
        }
        let made = declared_value(&value, self.class, self.cx)?;
        if let Some(annotation) = return_annotation(&declared.function, self.cx)?
            && annotations::extract(&annotation).is_some()
        {
            self.note(name, Some(&made), &annotation, false)?;
        }
        if is_mappable(&made) {
            self.collected.attributes.insert(name.clone(), made);
        } else {
            self.class.set(name.clone(), made);
        }
        Ok(())
    }
}

/// Whether an annotation names a descriptor of the ORM's such as `AssociationProxy[...]`.
fn is_descriptor_annotation(annotation: &Value) -> bool {
    let origin = annotation
        .downcast::<crate::object::types::generic::GenericAlias>()
        .and_then(|alias| match &alias.origin {
            Value::Class(class) => Some(class.clone()),
            _ => None,
        });
    origin.is_some_and(|class| class.module().starts_with("sqlalchemy.ext"))
}

fn return_annotation(function: &Value, cx: &Cx) -> Result<Option<Value>> {
    let Some(Value::Dict(noted)) = find_attr(function, "__annotations__", cx)? else {
        return Ok(None);
    };
    Ok(noted.get_str("return"))
}
