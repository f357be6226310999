//! The SQL compiler: statements and expressions to text, binds and result columns.
//!
//! Order inside: fragment, compiled, state, then one file a group of constructs (expressions,
//! binary operators, functions, binds, SELECT, FROM elements, CTEs), each a part of
//! `impl SQLCompiler`, and `variants` with what single databases spell differently.

mod binary;
mod binds;
mod compiled;
mod crud;
mod crud_defaults;
mod cte;
mod dml;
mod dml_info;
mod expr;
mod fragment;
mod from;
mod function;
mod hints;
mod hooked;
mod multi_table;
mod returning;
mod select;
mod upsert;
mod variants;

use std::rc::Rc;

use rustc_hash::FxHashMap;

pub use binds::literal_text;
pub use compiled::ResultShape as CompiledShape;
pub use compiled::{
    BoundParameter, BoundStatement, Compiled, CompiledBind, ResultColumn, ResultShape,
};
pub use dml_info::DmlInfo;
pub use fragment::{Fragment, Mark};
pub use hooked::CompilerHandle;

use super::dialects::Dialect;
use super::elements::{AnonMap, BindParameter, ColumnElement, Name};
use super::executable::Executable;
use super::hooks::CompileHooks;
use super::selectable::{Alias, FromClause, SelectStatement};
use crate::object::{Cx, Result, Str};

/// How to compile.
#[derive(Clone, Default)]
pub struct CompileOptions {
    /// Values inline instead of binds.
    pub literal_binds: bool,
    /// Lists expanded right away.
    pub render_postcompile: bool,
    /// The column keys of an INSERT or UPDATE, where parameters decide them.
    pub column_keys: Option<Vec<Str>>,
    /// Whether many parameter sets follow.
    pub for_executemany: bool,
    /// Whether the statement is compiled to be executed.
    pub for_execution: bool,
    /// Whether disconnected FROM elements are warned of.
    pub warn_cartesian: bool,
}

/// What an enclosing statement tells those inside.
#[derive(Clone, Default)]
pub struct StackEntry {
    /// What may be correlated explicitly.
    pub correlate_froms: Vec<usize>,
    /// What is correlated automatically.
    pub asfrom_froms: Vec<usize>,
    /// The names that ORDER BY may use; `None`: the statement has none.
    pub labels: Option<Rc<LabelResolution>>,
    /// Whether the first member of a compound tells the result columns.
    pub need_result_map: bool,
    /// What `with_hint()` says of FROM elements, for this database.
    pub hints: Rc<Vec<(FromClause, String)>>,
}

/// What names in ORDER BY and GROUP BY may mean.
#[derive(Default)]
pub struct LabelResolution {
    /// Selected columns and labels first, then the columns of the FROM list.
    pub with_columns: FxHashMap<Str, ColumnElement>,
    /// The columns of the FROM list.
    pub only_froms: FxHashMap<Str, ColumnElement>,
    /// Selected columns and labels.
    pub only_columns: FxHashMap<Str, ColumnElement>,
}

/// How an element is being rendered.
#[derive(Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent of each other"
)]
pub struct Kw {
    /// In the columns clause, where labels are rendered.
    pub within_columns: bool,
    /// Inside a label, where further labels are not.
    pub within_label: bool,
    /// Values inline.
    pub literal_binds: bool,
    /// Values inline at execution.
    pub literal_execute: bool,
    /// Whether columns are qualified.
    pub include_table: bool,
    /// Inside a FROM list.
    pub asfrom: bool,
    /// Inside a LATERAL.
    pub lateral: bool,
    /// The label to render as its name, by identity.
    pub label_as_label: usize,
    /// Inside an operator, for those that group eagerly.
    pub in_operator: bool,
    /// Which member of a compound, counted from 1; 0: none.
    pub member: usize,
    /// The CTE being rendered, by identity.
    pub visiting_cte: usize,
    /// Inside the SELECT of an INSERT.
    pub insert_into: bool,
    /// Whether table names carry their schema.
    pub use_schema: bool,
    /// Inside what a type puts around a bind.
    pub skip_bind_expression: bool,
}

impl Default for Kw {
    fn default() -> Self {
        Self {
            within_columns: false,
            within_label: false,
            literal_binds: false,
            literal_execute: false,
            include_table: true,
            asfrom: false,
            lateral: false,
            label_as_label: 0,
            in_operator: false,
            member: 0,
            visiting_cte: 0,
            insert_into: false,
            use_schema: true,
            skip_bind_expression: false,
        }
    }
}

/// A compilation under way.
pub struct SQLCompiler<'a> {
    /// For which database.
    pub dialect: &'a Dialect,
    /// The session.
    pub cx: &'a Cx,
    state: CompilerState,
}

/// What a compilation has come to: what may be lent to a function of a script.
#[derive(Default)]
pub struct CompilerState {
    /// How.
    pub options: CompileOptions,
    /// The enclosing statements.
    pub stack: Vec<StackEntry>,
    /// The numbers of anonymous names.
    pub anon_map: AnonMap,
    /// What was found for the result.
    pub result: ResultShape,
    truncated: FxHashMap<(IdentClass, Name), Str>,
    truncated_counters: [u32; 3],
    binds: Vec<CompiledBind>,
    bind_names: FxHashMap<Str, u32>,
    bind_numbers: FxHashMap<usize, u32>,
    ctes: cte::CteState,
    /// What the plugin of the outermost SELECT wants to find again.
    plan: Option<Rc<dyn std::any::Any>>,
    /// What was found out about an INSERT, UPDATE or DELETE.
    dml: Option<DmlInfo>,
    /// The names of binds that stand for columns in VALUES or SET, and whether they have a value.
    crud_names: FxHashMap<Str, bool>,
    /// Whether `%` doubles.
    double_percents: bool,
    /// Tables to be named by an alias, where a schema makes plain names ambiguous.
    ambiguous_tables: FxHashMap<Str, Name>,
    /// The functions of scripts that render constructs, where there are any.
    hooks: Option<Rc<CompileHooks>>,
    /// Whether the next element is rendered as if it had no such function.
    skip_hook: bool,
}

impl std::ops::Deref for SQLCompiler<'_> {
    type Target = CompilerState;
    fn deref(&self) -> &CompilerState {
        &self.state
    }
}
impl std::ops::DerefMut for SQLCompiler<'_> {
    fn deref_mut(&mut self) -> &mut CompilerState {
        &mut self.state
    }
}

/// What kind of identifier is shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum IdentClass {
    Column,
    Alias,
    Bind,
}

impl<'a> SQLCompiler<'a> {
    /// A compilation for `dialect`.
    pub fn new(dialect: &'a Dialect, options: CompileOptions, cx: &'a Cx) -> Self {
        Self {
            dialect,
            cx,
            state: CompilerState {
                options,
                truncated_counters: [1; 3],
                double_percents: dialect.doubles_percents(),
                hooks: CompileHooks::of(cx),
                ..CompilerState::default()
            },
        }
    }

    /// How everything starts.
    pub fn start(&self) -> Kw {
        Kw {
            literal_binds: self.options.literal_binds,
            ..Kw::default()
        }
    }

    /// The end of it.
    pub fn finish(self, text: Fragment) -> Compiled {
        let Self { dialect, state, .. } = self;
        let mut compiled = Compiled::new(text, state.binds, state.result, dialect.paramstyle);
        compiled.plan = state.plan;
        compiled.set_dml(state.dml);
        compiled
    }

    /// A name as text, shortened to what the database takes.
    fn truncated_identifier(&mut self, class: IdentClass, name: &Name) -> Str {
        if let Name::Plain(text) = name {
            return text.clone();
        }
        let key = (class, name.clone());
        if let Some(known) = self.truncated.get(&key) {
            return known.clone();
        }
        let full = self.anon_map.apply(name);
        let limit = self.dialect.max_label_length().saturating_sub(6);
        let text = if full.chars().count() > limit {
            let counter = &mut self.truncated_counters[class as usize];
            let head: String = full.chars().take(limit).collect();
            let text = Str::from(format!("{head}_{counter:x}"));
            *counter += 1;
            text
        } else {
            full
        };
        self.truncated.insert(key, text.clone());
        text
    }

    /// The name of a column or label as text.
    pub fn column_name(&mut self, name: &Name) -> Str {
        self.truncated_identifier(IdentClass::Column, name)
    }
    /// The name of an alias as text.
    pub fn alias_name(&mut self, name: &Name) -> Str {
        self.truncated_identifier(IdentClass::Alias, name)
    }

    /// Render a list, leaving out what comes out empty.
    pub fn list(
        &mut self,
        elements: &[ColumnElement],
        separator: &str,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let mut first = true;
        for element in elements {
            let before = out.position();
            if !first {
                out.push(separator);
            }
            let start = out.position();
            self.element(element, kw, out)?;
            if out.is_at(start) {
                out.truncate(before);
            } else {
                first = false;
            }
        }
        Ok(())
    }

    /// The bind numbered `number`.
    pub fn bind(&self, number: u32) -> Option<&Rc<BindParameter>> {
        self.binds.get(number as usize).map(|known| &known.bind)
    }

    /// Render a statement.
    pub fn executable(&mut self, statement: &Executable, kw: Kw, out: &mut Fragment) -> Result<()> {
        if self.hooks.is_some() && self.hooked_statement(statement, kw, out)? {
            return Ok(());
        }
        match statement {
            Executable::Select(select) => self.select(select, kw, out)?,
            Executable::Compound(compound) => self.compound(compound, kw, out)?,
            Executable::TextualSelect(textual) => {
                self.textual_select(textual, kw, out)?;
            }
            Executable::Text(text) => self.toplevel_text(text, kw, out)?,
            Executable::Insert(insert) => self.insert(insert, kw, out)?,
            Executable::Update(update) => self.update(update, kw, out)?,
            Executable::Delete(delete) => self.delete(delete, kw, out)?,
            Executable::Function(element) | Executable::Custom(element) => {
                self.element(element, kw, out)?;
            }
        }
        Ok(())
    }

    /// Render a statement that returns rows.
    pub fn statement(
        &mut self,
        statement: &SelectStatement,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let _depth = self.cx.enter()?;
        if self.hooks.is_some()
            && let Some(executable) = statement.executable()
            && self.hooked_statement(&executable, kw, out)?
        {
            return Ok(());
        }
        match statement {
            SelectStatement::Select(select) => self.select(select, kw, out),
            SelectStatement::Compound(compound) => self.compound(compound, kw, out),
            SelectStatement::Textual(textual) => self.textual_select(textual, kw, out),
            SelectStatement::Grouping(inner) => {
                out.push("(");
                self.statement(inner, kw, out)?;
                out.push(")");
                Ok(())
            }
            SelectStatement::Insert(insert) => self.insert(insert, kw, out),
            SelectStatement::Update(update) => self.update(update, kw, out),
            SelectStatement::Delete(delete) => self.delete(delete, kw, out),
        }
    }
}

/// Compile a statement.
pub fn compile(
    statement: &Executable,
    dialect: &Dialect,
    options: CompileOptions,
    cx: &Cx,
) -> Result<Compiled> {
    let mut compiler = SQLCompiler::new(dialect, options, cx);
    let mut out = Fragment::default();
    let kw = compiler.start();
    compiler.executable(statement, kw, &mut out)?;
    Ok(compiler.finish(out))
}

/// Compile an expression.
pub fn compile_element(
    element: &ColumnElement,
    dialect: &Dialect,
    options: CompileOptions,
    cx: &Cx,
) -> Result<Compiled> {
    let mut compiler = SQLCompiler::new(dialect, options, cx);
    let mut out = Fragment::default();
    let kw = compiler.start();
    compiler.element(element, kw, &mut out)?;
    Ok(compiler.finish(out))
}

/// An expression inside DDL: values inline, columns without their table.
pub fn compile_inline(element: &ColumnElement, dialect: &Dialect, cx: &Cx) -> Result<String> {
    let options = CompileOptions {
        literal_binds: true,
        ..CompileOptions::default()
    };
    let mut compiler = SQLCompiler::new(dialect, options, cx);
    let mut out = Fragment::default();
    let kw = Kw {
        include_table: false,
        ..compiler.start()
    };
    compiler.element(element, kw, &mut out)?;
    Ok(compiler.finish(out).sql().to_string())
}

/// Compile a FROM element: `str(table)`.
pub fn compile_from(
    from: &FromClause,
    dialect: &Dialect,
    options: CompileOptions,
    cx: &Cx,
) -> Result<Compiled> {
    let mut compiler = SQLCompiler::new(dialect, options, cx);
    let mut out = Fragment::default();
    let kw = compiler.start();
    compiler.from(from, kw, &mut out)?;
    Ok(compiler.finish(out))
}

/// Which statement a CTE is of, by identity: what is rendered once.
fn cte_identity(alias: &Rc<Alias>) -> usize {
    Rc::as_ptr(alias) as usize
}
