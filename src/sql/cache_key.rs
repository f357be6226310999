//! What makes two statements compile alike: their structure, without the values of their binds.
//!
//! Tables, columns and types go in by address, so a cache that is keyed by this must keep the
//! statement of each entry alive; anonymous names and aliases go in by order of appearance.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::dml::{DmlData, structure};
use super::elements::{
    BindParameter, ColumnElement, FrameBound, FrameKind, Function, Modifiers, Name, NamePart, Over,
};
use super::executable::Executable;
use super::operators::Operator;
use super::selectable::{
    Alias, AliasKind, AliasedElement, FromClause, FromItem, JoinTarget, OnClause, Select,
    SelectData, SelectItem, SelectStatement, SetupJoin, TextClause,
};
use super::types::SqlType;
use crate::object::{Cx, Str, Value};

/// The structure of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey(Vec<u64>);

/// A key with what it leaves out.
pub struct KeyedStatement {
    /// The structure.
    pub key: CacheKey,
    /// The binds, in the order in which they were met.
    pub binds: Vec<Rc<BindParameter>>,
}

/// The key of a statement; `None` where something in it has none.
pub fn cache_key(statement: &Executable, cx: &Cx) -> Option<KeyedStatement> {
    let mut builder = CacheKeyBuilder::new(cx);
    builder.executable(statement);
    builder.finish()
}

/// What was met, in order of appearance.
#[derive(Default)]
struct Seen {
    order: Vec<u64>,
    /// Where each stands, once there are many.
    index: FxHashMap<u64, u64>,
}

impl Seen {
    /// How many are looked through one by one.
    const FEW: usize = 16;

    /// The place of `what`, and whether it is new.
    fn ordinal(&mut self, what: u64) -> (u64, bool) {
        let next = self.order.len() as u64;
        if self.order.len() < Self::FEW {
            if let Some(at) = self.order.iter().position(|known| *known == what) {
                return (at as u64, false);
            }
        } else {
            if self.index.is_empty() {
                self.index = self.order.iter().copied().zip(0..).collect();
            }
            if let Some(at) = self.index.get(&what) {
                return (*at, false);
            }
            self.index.insert(what, next);
        }
        self.order.push(what);
        (next, true)
    }
}

/// Collects a key.
pub struct CacheKeyBuilder<'a> {
    cx: &'a Cx,
    tokens: Vec<u64>,
    binds: Vec<Rc<BindParameter>>,
    seen: Seen,
    failed: bool,
}

impl<'a> CacheKeyBuilder<'a> {
    /// Nothing yet.
    pub fn new(cx: &'a Cx) -> Self {
        Self {
            cx,
            tokens: Vec::with_capacity(128),
            binds: Vec::new(),
            seen: Seen::default(),
            failed: false,
        }
    }
    /// The key, unless something had none.
    pub fn finish(self) -> Option<KeyedStatement> {
        (!self.failed).then(|| KeyedStatement {
            key: CacheKey(self.tokens),
            binds: self.binds,
        })
    }
    /// There is no key.
    pub fn fail(&mut self) {
        self.failed = true;
    }
    /// A number.
    pub fn token(&mut self, token: u64) {
        self.tokens.push(token);
    }
    fn tag(&mut self, tag: u8) {
        self.tokens.push(u64::from(tag) | 0xf000_0000_0000_0000);
    }
    fn flag(&mut self, flag: bool) {
        self.tokens.push(u64::from(flag));
    }
    /// An address.
    pub fn identity(&mut self, identity: usize) {
        self.tokens.push(identity as u64);
    }
    /// A text.
    pub fn text(&mut self, text: &str) {
        self.tokens.push(text.len() as u64);
        for chunk in text.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.tokens.push(u64::from_le_bytes(word));
        }
    }
    pub(super) fn optional_text(&mut self, text: Option<&Str>) {
        match text {
            Some(text) => self.text(text),
            None => self.token(u64::MAX),
        }
    }
    /// The order of appearance of `what`; whether it is new.
    fn ordinal(&mut self, what: u64) -> bool {
        let (ordinal, new) = self.seen.ordinal(what);
        self.token(ordinal);
        new
    }

    /// A name.
    pub fn name(&mut self, name: &Name) {
        match name {
            Name::Plain(text) => {
                self.tag(1);
                self.text(text);
            }
            Name::Truncated(text) => {
                self.tag(2);
                self.text(text);
            }
            Name::Anonymous(parts) => {
                self.tag(3);
                for part in parts.iter() {
                    match part {
                        NamePart::Text(text) => self.text(text),
                        NamePart::Anonymous { seed, base } => {
                            self.ordinal(*seed);
                            self.text(base);
                        }
                    }
                }
            }
        }
    }

    /// A type.
    pub fn type_(&mut self, type_: &SqlType) {
        if !type_.cache_ok(self.cx) {
            self.fail();
        }
        type_.structure(self);
    }

    fn operator(&mut self, operator: &Operator) {
        match operator {
            Operator::Custom(custom) => {
                self.tag(4);
                self.text(&custom.text);
                self.token(u64::from(custom.precedence.unsigned_abs()));
                self.flag(custom.is_comparison);
            }
            known => self.token(known.ordinal()),
        }
    }

    fn optional_operator(&mut self, operator: Option<&Operator>) {
        match operator {
            Some(operator) => self.operator(operator),
            None => self.token(u64::MAX),
        }
    }

    fn modifiers(&mut self, modifiers: &Modifiers) {
        self.optional_text(modifiers.escape.as_ref());
        self.optional_text(modifiers.flags.as_ref());
        for (name, value) in &modifiers.other {
            self.text(name);
            self.value(value);
        }
    }

    /// A plain value that is part of the structure.
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::None => self.tag(5),
            Value::Bool(flag) => self.flag(*flag),
            Value::Int(number) => self.token(number.cast_unsigned()),
            Value::Str(text) => self.text(text),
            other => match other.address() {
                Some(address) => self.identity(address),
                None => self.fail(),
            },
        }
    }

    /// Expressions.
    pub fn elements(&mut self, elements: &[ColumnElement]) {
        self.token(elements.len() as u64);
        for element in elements {
            self.element(element);
        }
    }

    fn optional(&mut self, element: Option<&ColumnElement>) {
        match element {
            Some(element) => self.element(element),
            None => self.tag(6),
        }
    }

    /// An expression.
    pub fn element(&mut self, element: &ColumnElement) {
        if self.failed {
            return;
        }
        let Ok(_depth) = self.cx.enter() else {
            self.fail();
            return;
        };
        self.tag(element.kind());
        match element {
            ColumnElement::Column(column) => self.identity(Rc::as_ptr(column) as usize),
            ColumnElement::ColumnClause(column) => {
                self.text(&column.name);
                self.type_(&column.type_);
                self.flag(column.is_literal);
                if let Some(table) = &column.table {
                    self.from(table);
                }
            }
            ColumnElement::Proxy(proxy) => {
                self.from(&proxy.from);
                self.name(&proxy.data.name);
                self.text(&proxy.data.key);
            }
            ColumnElement::Bind(bind) => self.bind(bind),
            ColumnElement::Binary(node) => {
                self.operator(&node.operator);
                self.modifiers(&node.modifiers);
                self.type_(&node.type_);
                self.element(&node.left);
                self.element(&node.right);
            }
            ColumnElement::Unary(node) => {
                self.optional_operator(node.operator.as_ref());
                self.optional_operator(node.modifier.as_ref());
                self.element(&node.element);
            }
            ColumnElement::AsBoolean(node) => {
                self.operator(&node.operator);
                self.element(&node.element);
            }
            ColumnElement::ClauseList(list) => {
                self.operator(&list.operator);
                self.elements(&list.clauses);
            }
            ColumnElement::Grouping(node) => self.element(&node.element),
            ColumnElement::Label(label) => {
                self.name(&label.name);
                self.type_(&label.type_);
                self.element(&label.element);
            }
            ColumnElement::LabelReference(inner) => self.element(inner),
            ColumnElement::TextualLabelReference(name) | ColumnElement::Collation(name) => {
                self.text(name);
            }
            ColumnElement::Function(function) => self.function(function),
            ColumnElement::Over(node) => self.over(node),
            ColumnElement::FunctionFilter(node) => {
                self.element(&node.function);
                self.optional(node.criterion.as_ref());
            }
            ColumnElement::WithinGroup(node) => {
                self.element(&node.element);
                self.optional(node.order_by.as_ref());
            }
            ColumnElement::Case(node) => {
                self.optional(node.value.as_ref());
                self.token(node.whens.len() as u64);
                for (condition, result) in &node.whens {
                    self.element(condition);
                    self.element(result);
                }
                self.optional(node.else_.as_ref());
            }
            ColumnElement::Cast(node) => {
                self.type_(&node.type_);
                self.flag(node.is_try);
                self.element(&node.clause);
            }
            ColumnElement::TypeCoerce(node) => {
                self.type_(&node.type_);
                self.element(&node.clause);
            }
            ColumnElement::Extract(node) => {
                self.text(&node.field);
                self.element(&node.expr);
            }
            ColumnElement::Null | ColumnElement::True | ColumnElement::False => {}
            ColumnElement::Text(text) => self.text_clause(text),
            ColumnElement::ScalarSelect(node) => self.statement(&node.element),
            ColumnElement::Exists(node) => self.statement(&node.element),
            ColumnElement::Tuple(node) => self.elements(&node.clauses),
            ColumnElement::TableValued(node) => self.from(&node.from),
            ColumnElement::Syntax(node) => {
                self.tag(node.form as u8);
                self.elements(&node.clauses);
            }
            // What its function renders, nobody knows.
            ColumnElement::Custom(_) => self.fail(),
            ColumnElement::ScalarFunctionColumn(node) => {
                self.text(&node.name);
                self.element(&node.function);
            }
            ColumnElement::Annotated(node) => {
                if let Some(entity) = node.annotations.entity() {
                    self.identity(entity.identity());
                }
                self.optional_text(node.annotations.proxy_key.as_ref());
                if node.annotations.generation != 0 {
                    self.token(u64::from(node.annotations.generation));
                }
                self.element(&node.element);
            }
        }
    }

    fn function(&mut self, function: &Function) {
        for package in &function.packages {
            self.text(package);
        }
        self.text(&function.name);
        self.type_(&function.type_);
        self.optional_text(function.with_ordinality.as_ref());
        if let Some(sequence) = &function.sequence {
            self.identity(Rc::as_ptr(sequence) as usize);
        }
        self.elements(&function.args);
        if let Some(columns) = &function.table_columns {
            self.elements(columns);
        }
    }

    fn over(&mut self, node: &Over) {
        self.element(&node.element);
        self.optional(node.partition_by.as_ref());
        self.optional(node.order_by.as_ref());
        if let Some((kind, start, end)) = &node.frame {
            self.token(match kind {
                FrameKind::Rows => 1,
                FrameKind::Range => 2,
                FrameKind::Groups => 3,
            });
            self.frame(start);
            self.frame(end);
        }
    }

    fn frame(&mut self, bound: &FrameBound) {
        match bound {
            FrameBound::Unbounded => self.tag(7),
            FrameBound::Current => self.tag(8),
            FrameBound::Preceding(count) => {
                self.tag(9);
                self.element(count);
            }
            FrameBound::Following(count) => {
                self.tag(10);
                self.element(count);
            }
        }
    }

    fn bind(&mut self, bind: &Rc<BindParameter>) {
        self.name(&bind.key);
        // A type that has no key counts as one here.
        if bind.type_.cache_ok(self.cx) {
            bind.type_.structure(self);
        } else {
            self.identity(bind.type_.class_address());
        }
        self.flag(bind.expanding);
        self.flag(bind.literal_execute);
        if let Some(types) = &bind.tuple_types {
            for type_ in types.iter() {
                self.type_(type_);
            }
        }
        self.binds.push(bind.clone());
    }

    fn text_clause(&mut self, text: &Rc<TextClause>) {
        self.text(&text.text);
        for (name, bind) in &text.binds {
            self.text(name);
            self.bind(bind);
        }
    }

    /// A FROM element.
    pub fn from(&mut self, from: &FromClause) {
        if self.failed {
            return;
        }
        match from {
            FromClause::Table(table) => {
                self.tag(11);
                self.identity(Rc::as_ptr(table) as usize);
            }
            FromClause::TableClause(table) => {
                self.tag(12);
                self.identity(Rc::as_ptr(table) as usize);
            }
            FromClause::Alias(alias) => {
                self.tag(13);
                self.alias(alias);
            }
            FromClause::Join(join) => {
                self.tag(14);
                self.from(&join.left);
                self.from(&join.right);
                self.flag(join.isouter);
                self.flag(join.full);
                self.optional(join.onclause.as_ref());
            }
            FromClause::Values(values) => {
                self.tag(15);
                self.identity(Rc::as_ptr(values) as usize);
            }
            FromClause::Function(function) => {
                self.tag(16);
                self.element(&ColumnElement::Function(function.clone()));
            }
            FromClause::Text(text) => {
                self.tag(17);
                self.text_clause(text);
            }
            FromClause::Grouping(inner) => {
                self.tag(18);
                self.from(inner);
            }
            FromClause::Annotated(inner) => self.from(&inner.element),
        }
    }

    /// An alias, subquery or CTE.
    pub(super) fn alias(&mut self, alias: &Rc<Alias>) {
        if !self.ordinal(Rc::as_ptr(alias) as u64) {
            return;
        }
        self.name(&alias.name);
        match &alias.kind {
            AliasKind::Alias => self.tag(19),
            AliasKind::Subquery => self.tag(20),
            AliasKind::Lateral => self.tag(21),
            AliasKind::TableSample { sampling, seed } => {
                self.tag(22);
                self.element(sampling);
                self.optional(seed.as_ref());
            }
            AliasKind::TableValued {
                render_derived,
                with_types,
                joins_implicitly,
                lateral,
            } => {
                self.tag(23);
                self.flag(*render_derived);
                self.flag(*with_types);
                self.flag(*joins_implicitly);
                self.flag(*lateral);
            }
            AliasKind::Cte(cte) => {
                self.tag(24);
                self.flag(cte.recursive);
                self.flag(cte.nesting);
                for other in cte.alias_of.iter().chain(&cte.restates) {
                    self.alias(other);
                }
                for (text, dialect) in cte.prefixes.iter().chain(&cte.suffixes) {
                    self.element(text);
                    self.optional_text(dialect.as_ref());
                }
            }
        }
        match &alias.element {
            AliasedElement::From(from) => self.from(from),
            AliasedElement::Select(statement) => self.statement(statement),
        }
    }

    fn source(&mut self, item: &FromItem) {
        match item {
            FromItem::From(from) => self.from(from),
            FromItem::Entity(entity) => {
                self.tag(25);
                self.identity(entity.identity());
            }
        }
    }

    /// What was given to `select()`.
    pub fn select_item(&mut self, item: &SelectItem) {
        match item {
            SelectItem::Column(column) => self.element(column),
            SelectItem::From(from) => self.from(from),
            SelectItem::Entity(entity) => {
                self.tag(26);
                self.identity(entity.identity());
            }
        }
    }

    /// A statement that returns rows.
    pub fn statement(&mut self, statement: &SelectStatement) {
        if self.failed {
            return;
        }
        match statement {
            SelectStatement::Select(select) => self.select(select),
            SelectStatement::Compound(compound) => {
                let data = compound.data();
                self.tag(27);
                self.token(data.keyword as u64);
                self.token(data.selects.len() as u64);
                for member in &data.selects {
                    self.statement(member);
                }
                self.common(&data.outer);
            }
            SelectStatement::Textual(textual) => {
                self.tag(28);
                self.text_clause(&textual.element);
                self.elements(&textual.columns);
                self.flag(textual.positional);
            }
            SelectStatement::Grouping(inner) => {
                self.tag(29);
                self.statement(inner);
            }
            SelectStatement::Insert(insert) => self.dml(36, insert.data(), true),
            SelectStatement::Update(update) => self.dml(37, update.data(), true),
            SelectStatement::Delete(delete) => self.dml(38, delete.data(), true),
        }
    }

    /// A SELECT.
    pub fn select(&mut self, select: &Select) {
        let data = select.data();
        self.tag(30);
        if let Some(statement) = &data.from_statement {
            self.executable(statement);
        }
        self.token(data.raw_columns.len() as u64);
        for item in &data.raw_columns {
            self.select_item(item);
        }
        self.token(data.from_obj.len() as u64);
        for item in &data.from_obj {
            self.source(item);
        }
        for memoized in &data.memoized {
            self.token(memoized.raw_columns.len() as u64);
            for item in &memoized.raw_columns {
                self.select_item(item);
            }
            self.joins(&memoized.setup_joins);
            for option in &memoized.options {
                self.value(option);
            }
        }
        self.joins(&data.setup_joins);
        self.elements(&data.where_criteria);
        self.elements(&data.having_criteria);
        self.flag(data.distinct);
        self.elements(&data.distinct_on);
        for list in [&data.correlate, &data.correlate_except] {
            match list {
                Some(list) => {
                    self.token(list.len() as u64);
                    for item in list {
                        self.source(item);
                    }
                }
                None => self.tag(33),
            }
        }
        for (text, dialect) in data.prefixes.iter().chain(&data.suffixes) {
            self.element(text);
            self.optional_text(dialect.as_ref());
        }
        self.common(data);
    }

    fn joins(&mut self, joins: &[SetupJoin]) {
        for join in joins {
            match &join.target {
                JoinTarget::From(from) => self.from(from),
                JoinTarget::Entity(entity) => self.identity(entity.identity()),
                JoinTarget::Attribute(value) => self.value(value),
            }
            match &join.onclause {
                Some(OnClause::Expression(condition)) => self.element(condition),
                Some(OnClause::Attribute(value)) => self.value(value),
                None => self.tag(31),
            }
            match &join.left {
                Some(left) => self.source(left),
                None => self.tag(32),
            }
            self.flag(join.isouter);
            self.flag(join.full);
            if let Some(legacy) = &join.legacy {
                self.flag(legacy.aliased);
                self.flag(legacy.from_joinpoint);
                self.token(u64::from(legacy.generation));
            }
        }
    }

    /// What SELECTs and compounds have in common.
    fn common(&mut self, data: &SelectData) {
        self.elements(&data.order_by);
        self.elements(&data.group_by);
        self.optional(data.limit.as_ref());
        self.optional(data.offset.as_ref());
        if let Some(fetch) = &data.fetch {
            self.element(&fetch.count);
            self.flag(fetch.with_ties);
            self.flag(fetch.percent);
        }
        if let Some(lock) = &data.for_update {
            self.tag(34);
            self.flag(lock.read);
            self.flag(lock.nowait);
            self.flag(lock.skip_locked);
            self.flag(lock.key_share);
            for item in &lock.of {
                self.select_item(item);
            }
        }
        self.token(data.label_style as u64);
        for (dialect, text) in &data.statement_hints {
            self.text(dialect);
            self.text(text);
        }
        for (from, text, dialect) in &data.hints {
            self.from(from);
            self.text(text);
            self.text(dialect);
        }
        for cte in &data.independent_ctes {
            self.alias(cte);
        }
        for option in &data.options {
            self.value(option);
        }
        if let Some(options) = &data.compile_options {
            self.identity(Rc::as_ptr(options).cast::<u8>() as usize);
        }
    }

    fn executable(&mut self, statement: &Executable) {
        match statement {
            Executable::Select(select) => self.select(select),
            Executable::Compound(compound) => {
                self.statement(&SelectStatement::Compound(compound.clone()));
            }
            Executable::Text(text) => {
                self.tag(35);
                self.text_clause(text);
            }
            Executable::TextualSelect(textual) => {
                self.statement(&SelectStatement::Textual(textual.clone()));
            }
            Executable::Function(element) | Executable::Custom(element) => self.element(element),
            Executable::Insert(insert) => self.dml(36, insert.data(), false),
            Executable::Update(update) => self.dml(37, update.data(), false),
            Executable::Delete(delete) => self.dml(38, delete.data(), false),
        }
    }

    fn dml(&mut self, tag: u8, data: &DmlData, inside: bool) {
        self.tag(tag);
        structure(data, inside, self);
    }
}
