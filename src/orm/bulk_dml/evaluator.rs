//! The evaluation of criteria against objects in memory.

use std::rc::Rc;

use crate::engine::exc::SA_WARNING;
use crate::object::{BinaryOp, CompareOp, Cx, Instance, Result, Value, ops};
use crate::orm::{MappedEntity, Mapper, state_of};
use crate::sql::operators::Operator;
use crate::sql::{BinaryExpression, ColumnElement, SelectStatement};

/// What a criterion is for an object.
pub enum Evaluated {
    /// This value; NULL is `None`.
    Value(Value),
    /// It needs an attribute that is expired.
    Expired,
}

/// Evaluates an expression against objects of a mapper.
pub struct Evaluator {
    node: Node,
}

enum Node {
    Column(u32),
    Constant(Value),
    Bind(ColumnElement),
    And(Vec<Node>),
    Or(Vec<Node>),
    Comma(Vec<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Is(Box<Node>, Box<Node>, bool),
    In(Box<Node>, Box<Node>, bool),
    Compare(CompareOp, Box<Node>, Box<Node>),
    Arithmetic(BinaryOp, Box<Node>, Box<Node>),
    Concat(Box<Node>, Box<Node>),
    StartsWith(Box<Node>, Box<Node>),
    EndsWith(Box<Node>, Box<Node>),
}

impl Evaluator {
    /// An evaluator of `element`; the reason where it can't be evaluated.
    pub fn new(
        element: &ColumnElement,
        mapper: &Rc<Mapper>,
        cx: &Cx,
    ) -> std::result::Result<Self, String> {
        Ok(Self {
            node: compile(element, mapper, cx)?,
        })
    }
    /// What the expression is for `instance`.
    pub fn evaluate(&self, instance: &Rc<Instance>, cx: &Cx) -> Result<Evaluated> {
        eval(&self.node, instance, cx)
    }
}

fn compile(
    element: &ColumnElement,
    mapper: &Rc<Mapper>,
    cx: &Cx,
) -> std::result::Result<Node, String> {
    let inner = |one: &ColumnElement| compile(one, mapper, cx).map(Box::new);
    match element.plain() {
        ColumnElement::Grouping(node) => compile(&node.element, mapper, cx),
        ColumnElement::Null => Ok(Node::Constant(Value::None)),
        ColumnElement::True => Ok(Node::Constant(Value::Bool(true))),
        ColumnElement::False => Ok(Node::Constant(Value::Bool(false))),
        ColumnElement::Column(_) | ColumnElement::Proxy(_) => column_node(element, mapper, cx),
        ColumnElement::Bind(_) => Ok(Node::Bind(element.plain().clone())),
        ColumnElement::ClauseList(list) => {
            let nodes = list
                .clauses
                .iter()
                .map(|one| compile(one, mapper, cx))
                .collect::<std::result::Result<Vec<_>, _>>()?;
            match list.operator {
                Operator::And => Ok(Node::And(nodes)),
                Operator::Or => Ok(Node::Or(nodes)),
                Operator::Comma => Ok(Node::Comma(nodes)),
                Operator::Add | Operator::Mul | Operator::Concat => chain(&list.operator, nodes),
                _ => Err(cannot("clauselist", &list.operator)),
            }
        }
        ColumnElement::Tuple(tuple) => tuple
            .clauses
            .iter()
            .map(|one| compile(one, mapper, cx))
            .collect::<std::result::Result<Vec<_>, _>>()
            .map(Node::Comma),
        ColumnElement::Unary(unary) => match &unary.operator {
            Some(Operator::Inv) => Ok(Node::Not(inner(&unary.element)?)),
            Some(Operator::Neg) => Ok(Node::Negate(inner(&unary.element)?)),
            operator => Err(format!(
                "Cannot evaluate UnaryExpression with operator {}",
                operator.as_ref().map_or_else(|| "None".to_owned(), shown)
            )),
        },
        ColumnElement::AsBoolean(node) => match node.operator {
            Operator::IsTrue => compile(&node.element, mapper, cx),
            _ => Ok(Node::Not(inner(&node.element)?)),
        },
        ColumnElement::Binary(binary) => binary_node(binary, mapper, cx),
        ColumnElement::Exists(_) if cx.compat().is_14() => {
            Err("Cannot evaluate SelectStatementGrouping".to_owned())
        }
        ColumnElement::Exists(exists) => Err(statement_reason(&exists.element)),
        ColumnElement::ScalarSelect(scalar) => Err(statement_reason(&scalar.element)),
        other => Err(format!(
            "Cannot evaluate {}",
            crate::object::Object::class(other).name()
        )),
    }
}

/// The attribute that a column is in: one of the entity, or of a base of it.
fn column_node(
    element: &ColumnElement,
    mapper: &Rc<Mapper>,
    cx: &Cx,
) -> std::result::Result<Node, String> {
    let text = crate::orm::support::column_text(element);
    let notes = element.annotations();
    let owner = notes.and_then(|notes| {
        notes
            .parent_mapper
            .as_ref()
            .or(notes.parent_entity.as_ref())
    });
    let owner = owner.and_then(|owner| MappedEntity::of(owner.as_ref()));
    let slot = |mapper: &Rc<Mapper>| {
        let property = mapper.column_prop(element)?;
        mapper.class().slot(&property.key())
    };
    let Some(owner) = owner else {
        let known = slot(mapper).filter(|_| cx.compat().is_14());
        let Some(slot) = known else {
            return Err(format!("Cannot evaluate column: {text}"));
        };
        cx.warn(
            &SA_WARNING,
            &format!(
                "Evaluating non-mapped column expression '{text}' onto ORM instances; this is a \
                 deprecated use case.  Please make use of the actual mapped columns in \
                 ORM-evaluated UPDATE / DELETE expressions."
            ),
        );
        return Ok(Node::Column(slot));
    };
    if !mapper.isa(owner.mapper()) {
        return Err(format!(
            "Can't evaluate criteria against alternate class <class '{}'>",
            owner.mapper().class().full_name()
        ));
    }
    slot(mapper)
        .map(Node::Column)
        .ok_or_else(|| format!("Cannot evaluate column: {text}"))
}

fn chain(operator: &Operator, nodes: Vec<Node>) -> std::result::Result<Node, String> {
    let mut nodes = nodes.into_iter();
    let Some(mut left) = nodes.next() else {
        return Err("Cannot evaluate an empty list".to_owned());
    };
    for right in nodes {
        let (one, other) = (Box::new(left), Box::new(right));
        left = match operator {
            Operator::Concat => Node::Concat(one, other),
            Operator::Mul => Node::Arithmetic(BinaryOp::Mul, one, other),
            _ => Node::Arithmetic(BinaryOp::Add, one, other),
        };
    }
    Ok(left)
}

fn cannot(kind: &str, operator: &Operator) -> String {
    format!("Cannot evaluate {kind} with operator {}", shown(operator))
}

fn statement_reason(statement: &SelectStatement) -> String {
    let class = match statement.ungrouped() {
        SelectStatement::Compound(_) => "CompoundSelect",
        SelectStatement::Textual(_) => "TextualSelect",
        _ => "Select",
    };
    format!("Cannot evaluate {class}")
}

/// An operator as Python shows the function that it is.
fn shown(operator: &Operator) -> String {
    let address = std::ptr::from_ref(operator) as usize;
    match operator {
        Operator::Custom(_) => {
            format!("<sqlalchemy.sql.operators.custom_op object at {address:#x}>")
        }
        Operator::And
        | Operator::Or
        | Operator::Inv
        | Operator::Neg
        | Operator::Eq
        | Operator::Ne
        | Operator::Lt
        | Operator::Le
        | Operator::Gt
        | Operator::Ge
        | Operator::Add
        | Operator::Sub
        | Operator::Mul
        | Operator::TrueDiv
        | Operator::FloorDiv
        | Operator::Mod => format!("<built-in function {}>", operator.name()),
        _ => format!("<function {} at {address:#x}>", operator.name()),
    }
}

fn binary_node(
    binary: &BinaryExpression,
    mapper: &Rc<Mapper>,
    cx: &Cx,
) -> std::result::Result<Node, String> {
    let modern = cx.compat().is_20();
    let left = Box::new(compile(&binary.left, mapper, cx)?);
    let right = Box::new(compile(&binary.right, mapper, cx)?);
    Ok(match &binary.operator {
        Operator::Is => Node::Is(left, right, true),
        Operator::IsNot => Node::Is(left, right, false),
        Operator::In => Node::In(left, right, true),
        Operator::NotIn => Node::In(left, right, false),
        Operator::Eq => Node::Compare(CompareOp::Eq, left, right),
        Operator::Ne => Node::Compare(CompareOp::Ne, left, right),
        Operator::Lt => Node::Compare(CompareOp::Lt, left, right),
        Operator::Le => Node::Compare(CompareOp::Le, left, right),
        Operator::Gt => Node::Compare(CompareOp::Gt, left, right),
        Operator::Ge => Node::Compare(CompareOp::Ge, left, right),
        Operator::Add => Node::Arithmetic(BinaryOp::Add, left, right),
        Operator::Sub => Node::Arithmetic(BinaryOp::Sub, left, right),
        Operator::Mul => Node::Arithmetic(BinaryOp::Mul, left, right),
        Operator::TrueDiv => Node::Arithmetic(BinaryOp::TrueDiv, left, right),
        Operator::FloorDiv => Node::Arithmetic(BinaryOp::FloorDiv, left, right),
        Operator::Mod => Node::Arithmetic(BinaryOp::Mod, left, right),
        Operator::Concat => Node::Concat(left, right),
        Operator::StartsWith if modern => Node::StartsWith(left, right),
        Operator::EndsWith if modern => Node::EndsWith(left, right),
        Operator::Custom(custom) if modern => {
            return Err(format!(
                "Custom operator '{}' can't be evaluated in Python unless it specifies a \
                 callable using `.python_impl`.",
                custom.text
            ));
        }
        other => return Err(cannot("BinaryExpression", other)),
    })
}

macro_rules! value_of {
    ($node:expr, $instance:expr, $cx:expr) => {
        match eval($node, $instance, $cx)? {
            Evaluated::Value(value) => value,
            other => return Ok(other),
        }
    };
}

fn both(
    left: &Node,
    right: &Node,
    instance: &Rc<Instance>,
    cx: &Cx,
    combine: impl FnOnce(&Value, &Value) -> Result<Value>,
) -> Result<Evaluated> {
    let left = value_of!(left, instance, cx);
    let right = value_of!(right, instance, cx);
    if left.is_none() || right.is_none() {
        return Ok(Evaluated::Value(Value::None));
    }
    combine(&left, &right).map(Evaluated::Value)
}

fn eval(node: &Node, instance: &Rc<Instance>, cx: &Cx) -> Result<Evaluated> {
    let _depth = cx.enter()?;
    Ok(match node {
        Node::Constant(value) => Evaluated::Value(value.clone()),
        Node::Bind(element) => match element {
            ColumnElement::Bind(bind) => Evaluated::Value(bind.effective_value(cx)?),
            _ => Evaluated::Value(Value::None),
        },
        Node::Column(slot) => {
            let mut value = instance.slot(*slot);
            if value.is_undefined()
                && cx.compat().is_14()
                && let Some(attribute) =
                    state_of(instance).and_then(|state| state.mapper().attribute_at(*slot))
            {
                value = cx.get_attr(&Value::Instance(instance.clone()), attribute.key())?;
            }
            if value.is_undefined() {
                Evaluated::Expired
            } else {
                Evaluated::Value(value)
            }
        }
        Node::And(nodes) => {
            let mut unknown = false;
            for node in nodes {
                let value = value_of!(node, instance, cx);
                if value.is_none() {
                    unknown = true;
                } else if !cx.truthy(&value)? {
                    return Ok(Evaluated::Value(Value::Bool(false)));
                }
            }
            Evaluated::Value(if unknown {
                Value::None
            } else {
                Value::Bool(true)
            })
        }
        Node::Or(nodes) => {
            let mut unknown = false;
            for node in nodes {
                let value = value_of!(node, instance, cx);
                if value.is_none() {
                    unknown = true;
                } else if cx.truthy(&value)? {
                    return Ok(Evaluated::Value(Value::Bool(true)));
                }
            }
            Evaluated::Value(if unknown {
                Value::None
            } else {
                Value::Bool(false)
            })
        }
        Node::Comma(nodes) => {
            let mut values = Vec::with_capacity(nodes.len());
            for node in nodes {
                let value = value_of!(node, instance, cx);
                if value.is_none() {
                    return Ok(Evaluated::Value(Value::None));
                }
                values.push(value);
            }
            Evaluated::Value(Value::tuple(values))
        }
        Node::Not(inner) => {
            let value = value_of!(inner, instance, cx);
            Evaluated::Value(if value.is_none() {
                Value::None
            } else {
                Value::Bool(!cx.truthy(&value)?)
            })
        }
        Node::Negate(inner) => {
            let value = value_of!(inner, instance, cx);
            Evaluated::Value(if value.is_none() {
                Value::None
            } else {
                ops::binary(BinaryOp::Sub, &Value::Int(0), &value, cx)?
            })
        }
        Node::Is(left, right, positive) => {
            let left = value_of!(left, instance, cx);
            let right = value_of!(right, instance, cx);
            Evaluated::Value(Value::Bool(cx.eq(&left, &right)? == *positive))
        }
        Node::In(left, right, positive) => {
            return both(left, right, instance, cx, |left, right| {
                let mut found = false;
                for item in cx.collect(right)? {
                    found |= cx.eq(left, &item)?;
                }
                Ok(Value::Bool(found == *positive))
            });
        }
        Node::Compare(op, left, right) => {
            return both(left, right, instance, cx, |left, right| {
                ops::compare(*op, left, right, cx)
            });
        }
        Node::Arithmetic(op, left, right) => {
            return both(left, right, instance, cx, |left, right| {
                ops::binary(*op, left, right, cx)
            });
        }
        Node::Concat(left, right) => {
            return both(left, right, instance, cx, |left, right| {
                ops::binary(BinaryOp::Add, left, right, cx)
            });
        }
        Node::StartsWith(left, right) => {
            return both(left, right, instance, cx, |left, right| {
                cx.call_method(left, "startswith", [right.clone()])
            });
        }
        Node::EndsWith(left, right) => {
            return both(left, right, instance, cx, |left, right| {
                cx.call_method(left, "endswith", [right.clone()])
            });
        }
    })
}
