//! Makes elements: binds, operator expressions, conjunctions, labels.

use std::borrow::Cow;
use std::rc::Rc;

use super::standard::{boolean_type, null_type};
use super::{
    BinaryExpression, BindParameter, BindValue, ClauseList, ColumnClause, ColumnElement, Label,
    Modifiers, Name, UnaryExpression, coerce_compared_value, next_seed,
};
use crate::object::{Cx, Result, Str, Value};
use crate::sql::operators::Operator;
use crate::sql::types::{SqlType, type_of_value};
use crate::util::Compat;

impl BindParameter {
    /// An anonymous bind of `value`, named after `base`.
    pub fn anonymous(base: Option<&str>, value: BindValue, type_: SqlType) -> Self {
        let base = base.filter(|base| !base.is_empty()).unwrap_or("param");
        let base = sanitized(base);
        let base = &*base;
        Self {
            key: Name::anonymous(next_seed(), base),
            orig_key: Str::new(base),
            unique: true,
            value,
            type_,
            required: false,
            expanding: false,
            expand_op: None,
            literal_execute: false,
            is_out: false,
            tuple_types: None,
        }
    }
    /// A bind called `name`.
    pub fn named(name: &str, value: BindValue, type_: SqlType) -> Self {
        Self {
            key: Name::plain(name),
            orig_key: Str::new(name),
            unique: false,
            ..Self::anonymous(None, value, type_)
        }
    }
    /// A copy; an anonymous one gets a name of its own.
    #[must_use]
    pub fn renamed(&self) -> Self {
        let mut copy = self.clone();
        if self.unique {
            copy.key = Name::anonymous(next_seed(), &self.orig_key);
        }
        copy
    }
    /// As an element.
    pub fn element(self) -> ColumnElement {
        ColumnElement::Bind(Rc::new(self))
    }
    /// Its value now, `Undefined` where execution must supply one.
    pub fn plain_value(&self) -> Option<Value> {
        match &self.value {
            BindValue::Value(value) => Some(value.clone()),
            BindValue::None if !self.required => Some(Value::None),
            _ => None,
        }
    }
    /// The value at execution: what was given, or what the callable answers.
    pub fn effective_value(&self, cx: &Cx) -> Result<Value> {
        match &self.value {
            BindValue::None => Ok(Value::Undefined),
            BindValue::Value(value) => Ok(value.clone()),
            BindValue::Callable(function) => cx.call(function, []),
            BindValue::Native(function) => function(cx),
        }
    }
}

/// What would be taken for the formatting of an anonymous name becomes an underscore.
fn sanitized(base: &str) -> Cow<'_, str> {
    let special = |c: char| matches!(c, '%' | '(' | ')' | ' ' | '$');
    if !base.contains(special) {
        return Cow::Borrowed(base);
    }
    let mut text = String::with_capacity(base.len());
    for c in base.chars() {
        if !special(c) {
            text.push(c);
        } else if !text.ends_with('_') {
            text.push('_');
        }
    }
    Cow::Owned(text.trim_matches('_').to_owned())
}

/// `literal(value)`: a bind with the type of the value.
pub fn literal(value: &Value, type_: Option<SqlType>, cx: &Cx) -> Result<ColumnElement> {
    let type_ = match type_ {
        Some(type_) => type_,
        None => type_of_value(value, cx)?,
    };
    Ok(BindParameter::anonymous(None, BindValue::Value(value.clone()), type_).element())
}

impl ColumnElement {
    /// The bind for plain `value` beside this element (`_bind_param`).
    pub fn bind_param(
        &self,
        op: &Operator,
        value: &Value,
        type_: Option<SqlType>,
        expanding: bool,
        cx: &Cx,
    ) -> Result<BindParameter> {
        let compared_with = match self.plain() {
            // ANY and ALL compare with the items.
            Self::Unary(node) if matches!(node.operator, Some(Operator::Any | Operator::All)) => {
                let inner = node.element.type_();
                inner.behaviour().item_type().unwrap_or(inner)
            }
            _ => self.type_(),
        };
        let type_ = match type_ {
            Some(type_) => type_,
            None if expanding => {
                // The first item speaks for all.
                match cx.collect(value)?.first() {
                    Some(item) => coerce_compared_value(&compared_with, op, item, cx)?,
                    None => compared_with,
                }
            }
            None => coerce_compared_value(&compared_with, op, value, cx)?,
        };
        let base = match self.plain() {
            Self::Function(function) => Some(Name::Plain(function.name.clone())),
            Self::Label(_) | Self::Bind(_) => None,
            plain if plain.is_named_column() => plain.key(),
            _ => None,
        };
        let base = base.as_ref().and_then(Name::text).map(Str::as_str);
        let mut bind = BindParameter::anonymous(base, BindValue::Value(value.clone()), type_);
        bind.expanding = expanding;
        if let Self::Tuple(tuple) = self.plain() {
            bind.tuple_types = Some(tuple.types.clone());
        }
        Ok(bind)
    }

    /// `left op right`, its operands grouped.
    pub fn binary(
        left: &Self,
        right: &Self,
        operator: Operator,
        type_: SqlType,
        negate: Option<Operator>,
        modifiers: Modifiers,
        compat: Compat,
    ) -> Self {
        Self::Binary(Rc::new(BinaryExpression {
            left: left.self_group(Some(&operator), compat),
            right: right.self_group(Some(&operator), compat),
            is_implicitly_boolean: operator.is_boolean(),
            operator,
            negate,
            type_,
            modifiers,
        }))
    }

    /// `left op right`; 2.0 makes one list of chains of an associative operator.
    pub fn for_op(
        left: &Self,
        right: &Self,
        operator: Operator,
        type_: SqlType,
        negate: Option<Operator>,
        modifiers: Modifiers,
        compat: Compat,
    ) -> Self {
        if compat.is_20() && operator.is_associative() {
            let (first, second) = (
                left.flattened(&operator, &type_),
                right.flattened(&operator, &type_),
            );
            if first.is_some() || second.is_some() {
                let mut clauses = first.unwrap_or_else(|| vec![left.clone()]);
                clauses.extend(second.unwrap_or_else(|| vec![right.clone()]));
                let clauses = clauses
                    .iter()
                    .map(|clause| clause.self_group(Some(&operator), compat))
                    .collect();
                return Self::ClauseList(Rc::new(ClauseList {
                    clauses,
                    operator,
                    group: true,
                    type_,
                    is_boolean: false,
                }));
            }
        }
        let negate = negate.filter(|_| !right.is_collection_aggregate());
        Self::binary(left, right, operator, type_, negate, modifiers, compat)
    }

    fn flattened(&self, operator: &Operator, type_: &SqlType) -> Option<Vec<Self>> {
        let same_family = |own: &SqlType| own.affinity() == type_.affinity();
        match self.ungrouped().plain() {
            Self::Binary(node) if node.operator == *operator && same_family(&node.type_) => {
                Some(vec![node.left.clone(), node.right.clone()])
            }
            Self::ClauseList(list) if list.operator == *operator && same_family(&list.type_) => {
                Some(list.clauses.clone())
            }
            _ => None,
        }
    }

    /// Whether it is `any_()` or `all_()`.
    pub fn is_collection_aggregate(&self) -> bool {
        matches!(self.plain(), Self::Unary(node)
            if matches!(node.operator, Some(Operator::Any | Operator::All)))
    }

    /// `operator self`.
    #[must_use]
    pub fn unary(&self, operator: Operator, type_: SqlType, compat: Compat) -> Self {
        Self::Unary(Rc::new(UnaryExpression {
            element: self.self_group(Some(&operator), compat),
            operator: Some(operator),
            modifier: None,
            type_,
            wraps_column_expression: true,
        }))
    }

    /// `self modifier`.
    #[must_use]
    pub fn modified(&self, modifier: Operator, compat: Compat) -> Self {
        Self::Unary(Rc::new(UnaryExpression {
            element: self.self_group(Some(&modifier), compat),
            operator: None,
            modifier: Some(modifier),
            type_: null_type(),
            wraps_column_expression: false,
        }))
    }

    /// `self AS name`; without a name, one is made up when compiled.
    #[must_use]
    pub fn label(&self, name: Option<Name>) -> Self {
        let mut element = self;
        while let Self::Label(label) = element {
            element = &label.element;
        }
        let name = name.unwrap_or_else(|| {
            let base = element
                .name()
                .map_or_else(|| "anon".to_owned(), |name| name.base());
            Name::anonymous(next_seed(), &base)
        });
        let compat = Cx::current().compat();
        Self::Label(Rc::new(Label {
            name,
            type_: self.type_(),
            element: element.self_group(Some(&Operator::As), compat),
        }))
    }

    /// A list joined by `operator`.
    pub fn list(clauses: Vec<Self>, operator: Operator) -> Self {
        Self::ClauseList(Rc::new(ClauseList {
            clauses,
            operator,
            group: true,
            type_: null_type(),
            is_boolean: false,
        }))
    }

    /// `a, b, c`.
    pub fn comma_list(clauses: Vec<Self>, compat: Compat) -> Self {
        let clauses = clauses
            .iter()
            .map(|clause| clause.self_group(Some(&Operator::Comma), compat))
            .collect();
        Self::list(clauses, Operator::Comma)
    }

    /// A column known by name alone.
    pub fn column_clause(name: &str, type_: Option<SqlType>, is_literal: bool) -> Self {
        Self::ColumnClause(Rc::new(ColumnClause {
            name: Str::new(name),
            type_: type_.unwrap_or_else(null_type),
            is_literal,
            table: None,
        }))
    }
    /// SQL text as a column.
    pub fn literal_column(text: &str) -> Self {
        Self::column_clause(text, None, true)
    }

    /// `AND` of conditions already coerced: neutral constants dropped, one element alone.
    pub fn and_(clauses: &[Self], compat: Compat) -> Self {
        Self::conjunction(&Operator::And, clauses, true, compat).unwrap_or(Self::True)
    }
    /// `OR` of conditions already coerced.
    pub fn or_(clauses: &[Self], compat: Compat) -> Self {
        Self::conjunction(&Operator::Or, clauses, true, compat).unwrap_or(Self::False)
    }

    /// AND or OR; `None` where there is nothing to join.
    fn conjunction(
        operator: &Operator,
        clauses: &[Self],
        flatten: bool,
        compat: Compat,
    ) -> Option<Self> {
        let (single, converted) = Self::process_for_boolean(operator, clauses, compat);
        if single {
            return converted.into_iter().next();
        }
        let mut flat = Vec::with_capacity(converted.len());
        for clause in converted {
            match clause.plain() {
                Self::ClauseList(list) if flatten && list.operator == *operator => {
                    flat.extend(list.clauses.iter().cloned());
                }
                _ => flat.push(clause),
            }
        }
        Some(Self::boolean_list(operator.clone(), flat))
    }

    /// A bare AND or OR list.
    pub fn boolean_list(operator: Operator, clauses: Vec<Self>) -> Self {
        Self::ClauseList(Rc::new(ClauseList {
            clauses,
            operator,
            group: true,
            type_: boolean_type(),
            is_boolean: true,
        }))
    }

    /// The members of a conjunction, grouped, and whether it comes down to (at most) one.
    pub fn process_for_boolean(
        operator: &Operator,
        clauses: &[Self],
        compat: Compat,
    ) -> (bool, Vec<Self>) {
        let is_and = *operator == Operator::And;
        let mut neutral = None;
        let mut kept: Vec<Self> = Vec::with_capacity(clauses.len());
        for clause in clauses {
            match clause {
                Self::True if is_and => neutral = Some(Self::True),
                Self::False if !is_and => neutral = Some(Self::False),
                // The deciding constant cancels the rest.
                Self::True | Self::False => {
                    kept = vec![clause.clone()];
                    break;
                }
                _ => kept.push(clause.clone()),
            }
        }
        if kept.is_empty() {
            kept.extend(neutral);
        }
        let single = kept.len() <= 1;
        let against = if single { &Operator::AsBool } else { operator };
        let grouped = kept
            .iter()
            .map(|clause| clause.self_group(Some(against), compat))
            .collect();
        (single, grouped)
    }
}

impl Name {
    /// What further anonymous names are based on: the text without what made it anonymous.
    pub fn base(&self) -> String {
        match self {
            Self::Plain(text) | Self::Truncated(text) => text.to_string(),
            Self::Anonymous(parts) => parts
                .iter()
                .map(|part| match part {
                    super::NamePart::Text(text) => text.to_string(),
                    super::NamePart::Anonymous { base, .. } => base.to_string(),
                })
                .collect(),
        }
    }
}

/// `AND` of conditions already coerced; `true` where there are none.
pub fn and_all(clauses: Vec<ColumnElement>) -> ColumnElement {
    ColumnElement::and_(&clauses, Cx::current().compat())
}

/// Whether it is `column = column`, or several of these joined by AND.
pub fn is_plain_equality(element: &ColumnElement) -> bool {
    match element.plain() {
        ColumnElement::Binary(node) => {
            node.operator == Operator::Eq && node.left.is_column() && node.right.is_column()
        }
        ColumnElement::ClauseList(list) => {
            list.operator == Operator::And && list.clauses.iter().all(is_plain_equality)
        }
        _ => false,
    }
}
