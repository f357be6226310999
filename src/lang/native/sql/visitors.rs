//! `sqlalchemy.sql.visitors`: walks over constructs, and copies with changes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::children::{children, visit_name};
use super::operators::{operator_of, value};
use crate::object::types::OBJECT;
use crate::object::{Args, Cx, Method, ModuleSpec, Object, Result, Str, TypeSpec, Value};
use crate::sql::coercions::{expect_type, statement_of};
use crate::sql::visitors::{Replacement, replace, replace_from, replace_statement};
use crate::sql::{BinaryExpression, BindValue, ColumnElement, FromClause};

/// `sqlalchemy.sql.visitors`.
pub static VISITORS_MODULE: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.sql.visitors",
    names: &[
        ("iterate", |_| iterate_function()),
        ("traverse", |_| traverse_function()),
        ("cloned_traverse", |_| cloned_traverse_function()),
        ("replacement_traverse", |_| replacement_traverse_function()),
        ("ClauseVisitor", |_| Value::Class(CLAUSE_VISITOR.class())),
        ("ExternalTraversal", |_| {
            Value::Class(CLAUSE_VISITOR.class())
        }),
        ("CloningVisitor", |_| Value::Class(CLONING_VISITOR.class())),
        ("ReplacingCloningVisitor", |_| {
            Value::Class(REPLACING_VISITOR.class())
        }),
        ("ReplacingExternalTraversal", |_| {
            Value::Class(REPLACING_VISITOR.class())
        }),
    ],
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.sql.visitors"),
    dynamic: None,
};

/// `obj` and everything inside, level by level.
fn walk(obj: &Value, cx: &Cx) -> Result<Vec<Value>> {
    let mut found = vec![obj.clone()];
    let mut pending: VecDeque<Vec<Value>> = VecDeque::from([children(obj, cx)?]);
    while let Some(level) = pending.pop_front() {
        for child in level {
            pending.push_back(children(&child, cx)?);
            found.push(child);
        }
    }
    Ok(found)
}

fn iterate_function() -> Value {
    Method::function("iterate(obj, opts=None)", |bound, cx| {
        walk(bound.value("obj"), cx).map(Value::list)
    })
}

/// Call the visitor for each element that there is one for.
fn visit_all(
    elements: &[Value],
    visitor: &dyn Fn(&str, &Cx) -> Result<Option<Value>>,
    cx: &Cx,
) -> Result<()> {
    for element in elements {
        if let Some(function) = visitor(visit_name(element), cx)? {
            cx.call(&function, [element.clone()])?;
        }
    }
    Ok(())
}

/// The visitors of a dict.
fn of_dict(visitors: &Value) -> impl Fn(&str, &Cx) -> Result<Option<Value>> + '_ {
    move |name, _| {
        Ok(match visitors {
            Value::Dict(dict) => dict.get_str(name),
            _ => None,
        })
    }
}

fn traverse_function() -> Value {
    Method::function("traverse(obj, opts, visitors)", |bound, cx| {
        let obj = bound.value("obj");
        visit_all(&walk(obj, cx)?, &of_dict(bound.value("visitors")), cx)?;
        Ok(obj.clone())
    })
}

fn cloned_traverse_function() -> Value {
    Method::function("cloned_traverse(obj, opts, visitors)", |bound, cx| {
        cloned(bound.value("obj"), &of_dict(bound.value("visitors")), cx)
    })
}

fn replacement_traverse_function() -> Value {
    Method::function("replacement_traverse(obj, opts, replace)", |bound, cx| {
        let with = Replacing {
            function: bound.value("replace").clone(),
            cx,
        };
        rebuilt(bound.value("obj"), &with)
    })
}

/// `obj` with the replacements of `with`.
fn rebuilt(obj: &Value, with: &dyn Replacement) -> Result<Value> {
    if let Some(element) = obj.downcast::<ColumnElement>() {
        return replace(element, with).map(value);
    }
    if let Some(from) = obj.downcast::<FromClause>() {
        return replace_from(from, with).map(Value::object);
    }
    match statement_of(obj) {
        Some(statement) => {
            replace_statement(&statement, with).map(|made| super::statement_value(&made))
        }
        None => Ok(obj.clone()),
    }
}

/// Asks a function of the script what to put in the place of each element.
struct Replacing<'a> {
    function: Value,
    cx: &'a Cx,
}

impl Replacing<'_> {
    fn ask(&self, element: Value) -> Result<Option<Value>> {
        let answer = self.cx.call(&self.function, [element])?;
        Ok(Some(answer).filter(|answer| !answer.is_none()))
    }
}

impl Replacement for Replacing<'_> {
    fn element(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
        let answer = self.ask(value(element.clone()))?;
        Ok(answer.and_then(|answer| answer.downcast::<ColumnElement>().cloned()))
    }
    fn from(&self, from: &FromClause) -> Result<Option<FromClause>> {
        let answer = self.ask(Value::object(from.clone()))?;
        Ok(answer.and_then(|answer| answer.downcast::<FromClause>().cloned()))
    }
}

/// Visitors by name, for the elements of a copy.
type Visitors<'a> = &'a dyn Fn(&str, &Cx) -> Result<Option<Value>>;

/// A copy of `obj` whose elements the visitors have changed.
fn cloned(obj: &Value, visitors: Visitors<'_>, cx: &Cx) -> Result<Value> {
    rebuilt(obj, &Cloning { visitors, cx })
}

struct Cloning<'a> {
    visitors: Visitors<'a>,
    cx: &'a Cx,
}

impl Replacement for Cloning<'_> {
    fn element(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
        let visitor = (self.visitors)(visit_name(&value(element.clone())), self.cx)?;
        let Some(visitor) = visitor else {
            return Ok(None);
        };
        let copy = Rc::new(CopiedElement {
            element: element.clone(),
            changes: RefCell::default(),
        });
        self.cx.call(&visitor, [Value::object(copy.clone())])?;
        let made = copy.changed(self.cx)?;
        // What was not changed is looked into as ever.
        Ok(Some(made).filter(|made| !made.same(element)))
    }
}

/// An element of a copy while a visitor changes it.
struct CopiedElement {
    element: ColumnElement,
    changes: RefCell<Vec<(Str, Value)>>,
}

impl CopiedElement {
    fn change(&self, name: &str) -> Option<Value> {
        let changes = self.changes.borrow();
        let (_, value) = changes.iter().rev().find(|(known, _)| known == name)?;
        Some(value.clone())
    }
    /// The element with the changes.
    fn changed(&self, cx: &Cx) -> Result<ColumnElement> {
        if self.changes.borrow().is_empty() {
            return Ok(self.element.clone());
        }
        let side = |name: &str, own: &ColumnElement| -> ColumnElement {
            let given = self.change(name);
            let given = given.as_ref().and_then(Value::downcast::<ColumnElement>);
            given.unwrap_or(own).clone()
        };
        Ok(match self.element.plain() {
            ColumnElement::Bind(bind) => {
                let mut bind = bind.renamed();
                if let Some(value) = self.change("value") {
                    bind.value = BindValue::Value(value);
                    bind.required = false;
                }
                if let Some(type_) = self.change("type") {
                    bind.type_ = expect_type(&type_, cx)?;
                }
                bind.element()
            }
            ColumnElement::Binary(node) => ColumnElement::Binary(Rc::new(BinaryExpression {
                left: side("left", &node.left),
                right: side("right", &node.right),
                operator: match self.change("operator") {
                    Some(given) => operator_of(&given, cx).unwrap_or_else(|| node.operator.clone()),
                    None => node.operator.clone(),
                },
                negate: node.negate.clone(),
                type_: node.type_.clone(),
                modifiers: node.modifiers.clone(),
                is_implicitly_boolean: node.is_implicitly_boolean,
            })),
            _ => self.element.clone(),
        })
    }
}

impl Object for Rc<CopiedElement> {
    fn spec(&self) -> &'static TypeSpec {
        Object::spec(&self.element)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        Object::repr(&self.element, cx)
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        cx.str(&value(self.changed(cx)?)).map(Some)
    }
    fn is_proxy(&self) -> bool {
        true
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        match self.change(name) {
            Some(changed) => Ok(Some(changed)),
            None => cx.get_attr(&value(self.element.clone()), name).map(Some),
        }
    }
    fn set_attr(&self, name: &str, value: &Value, _cx: &Cx) -> Result<bool> {
        self.changes
            .borrow_mut()
            .push((Str::new(name), value.clone()));
        Ok(true)
    }
}

/// The `visit_..` methods of a visitor.
fn of_visitor(visitor: &Value) -> impl Fn(&str, &Cx) -> Result<Option<Value>> + '_ {
    move |name, cx| {
        let method = format!("visit_{name}");
        match crate::object::find_attr(visitor, &method, cx)? {
            Some(found) => Ok(Some(found)),
            None => Ok(None),
        }
    }
}

static CLAUSE_VISITOR: TypeSpec = TypeSpec::new("sqlalchemy.sql.visitors", "ExternalTraversal")
    .bases(&[&OBJECT])
    .members(|members| {
        members
            .method_on_value("traverse(obj)", |this, bound, cx| {
                let obj = bound.value("obj");
                if obj.is_none() {
                    return Ok(Value::None);
                }
                visit_all(&walk(obj, cx)?, &of_visitor(this), cx)?;
                Ok(obj.clone())
            })
            .method_on_value("iterate(obj)", |_, bound, cx| {
                walk(bound.value("obj"), cx).map(Value::list)
            })
            .method_on_value("traverse_single(obj, **kw)", |this, bound, cx| {
                let obj = bound.value("obj");
                match of_visitor(this)(visit_name(obj), cx)? {
                    Some(method) => cx.call(
                        &method,
                        Args {
                            pos: [obj.clone()].into_iter().collect(),
                            kw: bound.keywords().to_vec(),
                        },
                    ),
                    None => Ok(Value::None),
                }
            });
    })
    .subclassable();

static CLONING_VISITOR: TypeSpec =
    TypeSpec::new("sqlalchemy.sql.visitors", "CloningExternalTraversal")
        .bases(&[&CLAUSE_VISITOR])
        .members(|members| {
            members
                .method_on_value("traverse(obj)", |this, bound, cx| {
                    cloned(bound.value("obj"), &of_visitor(this), cx)
                })
                .method_on_value("copy_and_process(list_)", |this, bound, cx| {
                    let items = cx.collect(bound.value("list_"))?;
                    let made = items
                        .iter()
                        .map(|item| cloned(item, &of_visitor(this), cx))
                        .collect::<Result<Vec<_>>>()?;
                    Ok(Value::list(made))
                });
        })
        .subclassable();

static REPLACING_VISITOR: TypeSpec =
    TypeSpec::new("sqlalchemy.sql.visitors", "ReplacingExternalTraversal")
        .bases(&[&CLONING_VISITOR])
        .members(|members| {
            members
                .method_on_value("replace(elem)", |_, _, _| Ok(Value::None))
                .method_on_value("traverse(obj)", |this, bound, cx| {
                    let with = Replacing {
                        function: cx.get_attr(this, "replace")?,
                        cx,
                    };
                    rebuilt(bound.value("obj"), &with)
                });
        })
        .subclassable();
