//! Parentheses and negation: what an element becomes as an operand of another.

use std::rc::Rc;

use super::standard::{boolean_type, null_type};
use super::{
    AsBoolean, BinaryExpression, BindParameter, ColumnElement, Grouping, Label, SyntaxForm,
    TypeCoerce, UnaryExpression,
};
use crate::sql::operators::Operator;
use crate::sql::types::Affinity;
use crate::util::Compat;

impl ColumnElement {
    /// The element as an operand of `against`: in parentheses where it needs them.
    #[must_use]
    pub fn self_group(&self, against: Option<&Operator>, compat: Compat) -> Self {
        match self {
            Self::Binary(node) => {
                let ungrouped_negation = compat.is_20()
                    && against == Some(&Operator::Inv)
                    && !node.operator.is_boolean();
                if ungrouped_negation || node.operator.is_precedent(against, compat) {
                    self.grouped()
                } else {
                    self.clone()
                }
            }
            Self::ClauseList(list) => {
                let negated = against == Some(&Operator::Inv) && !list.operator.is_boolean();
                if list.clauses.is_empty() && list.is_boolean {
                    self.clone()
                } else if list.group && (negated || list.operator.is_precedent(against, compat)) {
                    self.grouped()
                } else {
                    self.clone()
                }
            }
            Self::Unary(node) => match &node.operator {
                Some(operator) if operator.is_precedent(against, compat) => self.grouped(),
                _ => self.clone(),
            },
            Self::Text(_) => match against {
                Some(Operator::In) => self.grouped(),
                _ => self.clone(),
            },
            Self::FunctionFilter(_) => {
                if Operator::Filter.is_precedent(against, compat) {
                    self.grouped()
                } else {
                    self.clone()
                }
            }
            Self::TypeCoerce(node) => {
                let inner = node.clause.self_group(against, compat);
                if inner.same(&node.clause) {
                    self.clone()
                } else {
                    Self::TypeCoerce(Rc::new(TypeCoerce {
                        clause: inner,
                        type_: node.type_.clone(),
                    }))
                }
            }
            Self::Label(label) => self.relabel(label, label.element.self_group(against, compat)),
            Self::Annotated(annotated) => {
                let inner = annotated.element.self_group(against, compat);
                if inner.same(&annotated.element) {
                    self.clone()
                } else {
                    inner.annotate(annotated.annotations.clone())
                }
            }
            Self::Function(function) => {
                // A function of a table-valued kind is one operand; so is an index into one.
                if against == Some(&Operator::GetItem)
                    && function.type_.affinity() == Affinity::Array
                {
                    return self.grouped();
                }
                self.group_as_operand(against)
            }
            Self::Grouping(_)
            | Self::AsBoolean(_)
            | Self::Tuple(_)
            | Self::ScalarSelect(_)
            | Self::LabelReference(_)
            | Self::TextualLabelReference(_) => self.clone(),
            Self::Exists(_) => {
                if Operator::Exists.is_precedent(against, compat) {
                    self.grouped()
                } else {
                    self.clone()
                }
            }
            Self::Null
            | Self::True
            | Self::False
            | Self::Column(_)
            | Self::ColumnClause(_)
            | Self::Proxy(_)
            | Self::Bind(_)
            | Self::Over(_)
            | Self::WithinGroup(_)
            | Self::Case(_)
            | Self::Cast(_)
            | Self::Extract(_)
            | Self::Collation(_)
            | Self::TableValued(_)
            | Self::ScalarFunctionColumn(_)
            | Self::Custom(_) => self.group_as_operand(against),
            Self::Syntax(node) if node.form == SyntaxForm::Array => match against {
                Some(Operator::Any | Operator::All | Operator::GetItem) => self.grouped(),
                _ => self.clone(),
            },
            Self::Syntax(_) => self.clone(),
        }
    }

    /// The rule of plain elements: a Boolean as a condition, anything inside ANY and ALL.
    fn group_as_operand(&self, against: Option<&Operator>) -> Self {
        match against {
            Some(Operator::And | Operator::Or | Operator::AsBool)
                if self.affinity() == Affinity::Boolean =>
            {
                Self::AsBoolean(Rc::new(AsBoolean {
                    element: self.clone(),
                    operator: Operator::IsTrue,
                    negate: Operator::IsFalse,
                }))
            }
            Some(Operator::Any | Operator::All) => self.grouped(),
            _ => self.clone(),
        }
    }

    /// `(self)`.
    #[must_use]
    pub fn grouped(&self) -> Self {
        Self::Grouping(Rc::new(Grouping {
            type_: self.type_(),
            element: self.clone(),
        }))
    }

    /// What is inside the parentheses, if it is in any.
    pub fn ungrouped(&self) -> &Self {
        match self.plain() {
            Self::Grouping(node) => node.element.ungrouped(),
            _ => self,
        }
    }

    fn relabel(&self, label: &Rc<Label>, inner: Self) -> Self {
        if inner.same(&label.element) {
            return self.clone();
        }
        Self::Label(Rc::new(Label {
            name: label.name.clone(),
            element: inner,
            type_: label.type_.clone(),
        }))
    }

    /// `NOT self`.
    #[must_use]
    pub fn negated(&self, compat: Compat) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Null => Self::Null,
            Self::Binary(node) => match &node.negate {
                Some(negate) => {
                    let right = node.right.negated_in_binary(negate, &node.operator);
                    Self::Binary(Rc::new(BinaryExpression {
                        left: node.left.self_group(Some(negate), compat),
                        right: right.self_group(Some(negate), compat),
                        operator: negate.clone(),
                        negate: Some(node.operator.clone()),
                        type_: node.type_.clone(),
                        modifiers: node.modifiers.clone(),
                        is_implicitly_boolean: negate.is_boolean(),
                    }))
                }
                None if compat.is_20() => self.self_group(None, compat).negated_plainly(compat),
                None => self.negated_plainly(compat),
            },
            Self::ClauseList(_) => {
                Self::not_over(self.self_group(Some(&Operator::Inv), compat), null_type())
            }
            Self::Unary(node) if node.type_.affinity() == Affinity::Boolean => Self::not_over(
                self.self_group(Some(&Operator::Inv), compat),
                boolean_type(),
            ),
            Self::AsBoolean(node) => match &node.element {
                Self::True | Self::False => node.element.negated(compat),
                element => Self::AsBoolean(Rc::new(AsBoolean {
                    element: element.clone(),
                    operator: node.negate.clone(),
                    negate: node.operator.clone(),
                })),
            },
            Self::Exists(_) => Self::not_over(self.grouped(), boolean_type()),
            Self::Label(label) => self.relabel(label, label.element.negated(compat)),
            Self::Annotated(annotated) => annotated.element.negated(compat),
            _ => self.negated_plainly(compat),
        }
    }

    fn negated_plainly(&self, compat: Compat) -> Self {
        if self.affinity() == Affinity::Boolean {
            return Self::AsBoolean(Rc::new(AsBoolean {
                element: self.clone(),
                operator: Operator::IsFalse,
                negate: Operator::IsTrue,
            }));
        }
        Self::not_over(self.self_group(Some(&Operator::Inv), compat), null_type())
    }

    fn not_over(element: Self, type_: crate::sql::types::SqlType) -> Self {
        Self::Unary(Rc::new(UnaryExpression {
            element,
            operator: Some(Operator::Inv),
            modifier: None,
            type_,
            wraps_column_expression: false,
        }))
    }

    /// The right side of a negated comparison: an expanding bind notes the new operator.
    fn negated_in_binary(&self, negated: &Operator, original: &Operator) -> Self {
        match self.plain() {
            Self::Bind(bind) if bind.expand_op.as_ref() == Some(original) => {
                Self::Bind(Rc::new(BindParameter {
                    expand_op: Some(negated.clone()),
                    ..(**bind).clone()
                }))
            }
            _ => self.clone(),
        }
    }

    /// Whether it is rendered as a condition of its own (`_is_implicitly_boolean`).
    pub fn is_implicitly_boolean(&self) -> bool {
        match self {
            Self::Binary(node) => node.is_implicitly_boolean,
            Self::ClauseList(list) => list.operator.is_boolean(),
            Self::AsBoolean(node) => node.element.is_implicitly_boolean(),
            Self::Grouping(node) => node.element.is_implicitly_boolean(),
            Self::Label(node) => node.element.is_implicitly_boolean(),
            Self::Annotated(node) => node.element.is_implicitly_boolean(),
            _ => false,
        }
    }
}
