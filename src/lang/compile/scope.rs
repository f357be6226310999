//! Scopes: which names of a block are local, captured, free or global.

use indexmap::IndexMap;
use ruff_python_ast::{ExceptHandler, Expr, ExprContext, Parameters, Pattern, Stmt, visitor};
use ruff_text_size::Ranged;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use visitor::Visitor;

use crate::lang::parse::Problem;
use crate::object::Str;

/// How a name of a scope is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Binding {
    /// A slot of the frame.
    Local(u32),
    /// A cell of the frame, own or free.
    Cell(u32),
    Global,
    /// By name: the namespace of a class body, then the globals.
    Name,
    /// The same with a cell behind the namespace.
    NameOrCell(u32),
}

/// What a scope belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ScopeKind {
    Module,
    Class,
    Function,
    Comprehension,
}

#[derive(Clone, Copy, Default)]
struct Uses {
    assigned: bool,
    read: bool,
    parameter: bool,
    global: bool,
    nonlocal: bool,
}

/// A block's names.
pub(super) struct Scope {
    pub kind: ScopeKind,
    pub is_generator: bool,
    uses: IndexMap<Str, Uses, FxBuildHasher>,
    children: Vec<usize>,
    /// The class whose private names are mangled here.
    class_name: Option<Str>,
    bindings: FxHashMap<Str, Binding>,
    /// The names of the locals, parameters first.
    pub locals: Vec<Str>,
    /// The names of the cells, own ones first.
    pub cells: Vec<Str>,
    pub own_cells: usize,
}

impl Scope {
    fn new(kind: ScopeKind, class_name: Option<Str>) -> Self {
        Self {
            kind,
            is_generator: false,
            uses: IndexMap::default(),
            children: Vec::new(),
            class_name,
            bindings: FxHashMap::default(),
            locals: Vec::new(),
            cells: Vec::new(),
            own_cells: 0,
        }
    }
    /// How `name` is reached.
    pub fn binding(&self, name: &str) -> Binding {
        self.bindings.get(name).copied().unwrap_or(match self.kind {
            ScopeKind::Class => Binding::Name,
            _ => Binding::Global,
        })
    }
    /// The cell called `name`.
    pub fn cell(&self, name: &str) -> Option<u32> {
        let at = self.cells.iter().position(|cell| cell == name)?;
        u32::try_from(at).ok()
    }
    /// `name` as the class around it makes it: `__x` is `_Class__x`.
    pub fn mangle(&self, name: &str) -> Str {
        mangle(self.class_name.as_ref(), name)
    }
    fn is_function(&self) -> bool {
        matches!(self.kind, ScopeKind::Function | ScopeKind::Comprehension)
    }
}

fn mangle(class: Option<&Str>, name: &str) -> Str {
    match class {
        Some(class) if name.starts_with("__") && !name.ends_with("__") && !name.contains('.') => {
            let class = class.trim_start_matches('_');
            if class.is_empty() {
                Str::new(name)
            } else {
                Str::from(format!("_{class}{name}"))
            }
        }
        _ => Str::new(name),
    }
}

/// What a scope is found by: the address of its node.
pub(super) fn key<T>(node: &T) -> usize {
    std::ptr::from_ref(node) as usize
}

/// The scopes of a statement.
pub(super) struct Scopes {
    scopes: Vec<Scope>,
    by_node: FxHashMap<usize, usize>,
}

impl Scopes {
    /// The scope of the statement itself.
    pub fn top(&self) -> &Scope {
        &self.scopes[0]
    }
    /// The scope that `node` opens.
    pub fn of<T>(&self, node: &T) -> &Scope {
        // Every node that opens a scope was entered by the builder.
        self.by_node
            .get(&key(node))
            .map_or(&self.scopes[0], |at| &self.scopes[*at])
    }
}

/// The scopes of a top-level statement.
pub(super) fn scopes(statement: &Stmt, future_annotations: bool) -> Result<Scopes, Problem> {
    let mut builder = Builder {
        scopes: vec![Scope::new(ScopeKind::Module, None)],
        by_node: FxHashMap::default(),
        current: 0,
        future_annotations,
        problem: None,
        depth: 0,
    };
    builder.visit_stmt(statement);
    if let Some(problem) = builder.problem {
        return Err(problem);
    }
    let mut scopes = builder.scopes;
    resolve(&mut scopes, 0, &FxHashSet::default());
    Ok(Scopes {
        scopes,
        by_node: builder.by_node,
    })
}

struct Builder {
    scopes: Vec<Scope>,
    by_node: FxHashMap<usize, usize>,
    current: usize,
    future_annotations: bool,
    problem: Option<Problem>,
    depth: u32,
}

/// How deep expressions and blocks may nest.
const DEEPEST: u32 = 3000;

impl Builder {
    fn scope(&mut self) -> &mut Scope {
        &mut self.scopes[self.current]
    }
    fn uses(&mut self, name: &str) -> &mut Uses {
        let scope = &mut self.scopes[self.current];
        let name = scope.mangle(name);
        scope.uses.entry(name).or_default()
    }
    fn assign(&mut self, name: &str) {
        self.uses(name).assigned = true;
    }
    fn fail(&mut self, message: impl Into<String>, place: impl Ranged) {
        if self.problem.is_none() {
            self.problem = Some(Problem::new(message, place));
        }
    }

    fn enter<T>(&mut self, node: &T, kind: ScopeKind, class_name: Option<Str>) -> usize {
        let class_name = class_name.or_else(|| self.scope().class_name.clone());
        let index = self.scopes.len();
        self.scopes.push(Scope::new(kind, class_name));
        self.by_node.insert(key(node), index);
        self.scope().children.push(index);
        std::mem::replace(&mut self.current, index)
    }

    fn parameters(&mut self, parameters: &Parameters) {
        let ordered = parameters
            .posonlyargs
            .iter()
            .chain(&parameters.args)
            .chain(&parameters.kwonlyargs)
            .map(|parameter| &parameter.parameter);
        let rest = [&parameters.vararg, &parameters.kwarg];
        let rest = rest.into_iter().flatten().map(|parameter| &**parameter);
        for parameter in ordered.chain(rest) {
            let uses = self.uses(&parameter.name);
            if uses.parameter {
                let message = format!(
                    "duplicate argument '{}' in function definition",
                    parameter.name
                );
                self.fail(message, parameter.range);
                continue;
            }
            uses.parameter = true;
            uses.assigned = true;
        }
    }

    fn outer_parameters(&mut self, parameters: &Parameters, annotations: bool) {
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                self.visit_expr(default);
            }
        }
        if annotations && !self.future_annotations {
            for parameter in parameters {
                if let Some(annotation) = parameter.annotation() {
                    self.visit_expr(annotation);
                }
            }
        }
    }

    fn declare(&mut self, name: &ruff_python_ast::Identifier, global: bool) {
        let (word, at_module) = (
            if global { "global" } else { "nonlocal" },
            self.scope().kind == ScopeKind::Module,
        );
        if at_module && !global {
            return self.fail(
                "nonlocal declaration not allowed at module level",
                name.range,
            );
        }
        let uses = *self.uses(name);
        let clash = if uses.parameter {
            Some(format!("name '{name}' is parameter and {word}"))
        } else if at_module {
            None
        } else if uses.assigned {
            Some(format!(
                "name '{name}' is assigned to before {word} declaration"
            ))
        } else if uses.read {
            Some(format!("name '{name}' is used prior to {word} declaration"))
        } else if (global && uses.nonlocal) || (!global && uses.global) {
            Some(format!("name '{name}' is nonlocal and global"))
        } else {
            None
        };
        if let Some(message) = clash {
            return self.fail(message, name.range);
        }
        if !global && !self.bound_around(name) {
            return self.fail(
                format!("no binding for nonlocal '{name}' found"),
                name.range,
            );
        }
        let uses = self.uses(name);
        uses.global |= global;
        uses.nonlocal |= !global;
    }

    /// Whether a function around the current one binds `name`; a later assignment there counts
    /// too, which is only known at the end, so any function around is taken as good.
    fn bound_around(&self, _name: &str) -> bool {
        self.scopes[..self.current]
            .iter()
            .any(|scope| scope.kind == ScopeKind::Function)
    }

    fn comprehension<T>(
        &mut self,
        node: &T,
        generators: &[ruff_python_ast::Comprehension],
        parts: &[&Expr],
        is_generator: bool,
    ) {
        let Some((first, rest)) = generators.split_first() else {
            return;
        };
        self.visit_expr(&first.iter);
        let before = self.enter(node, ScopeKind::Comprehension, None);
        self.scope().is_generator = is_generator;
        self.visit_expr(&first.target);
        for condition in &first.ifs {
            self.visit_expr(condition);
        }
        for generator in rest {
            self.visit_expr(&generator.iter);
            self.visit_expr(&generator.target);
            for condition in &generator.ifs {
                self.visit_expr(condition);
            }
        }
        for part in parts {
            self.visit_expr(part);
        }
        self.current = before;
    }

    fn walrus(&mut self, name: &str, place: impl Ranged) {
        let home = self.current;
        let mut at = home;
        while self.scopes[at].kind == ScopeKind::Comprehension {
            self.current = at;
            self.uses(name).read = true;
            let Some(parent) = self.parent(at) else {
                break;
            };
            at = parent;
        }
        self.current = at;
        if at != home && self.scope().kind == ScopeKind::Class {
            self.fail(
                "assignment expression within a comprehension cannot be used in a class body",
                place,
            );
        }
        self.assign(name);
        self.current = home;
    }

    fn parent(&self, at: usize) -> Option<usize> {
        self.scopes
            .iter()
            .position(|scope| scope.children.contains(&at))
    }

    fn yields(&mut self, place: impl Ranged) {
        match self.scope().kind {
            ScopeKind::Function => self.scope().is_generator = true,
            ScopeKind::Comprehension => self.fail("'yield' inside list comprehension", place),
            _ => self.fail("'yield' outside function", place),
        }
    }
}

impl<'a> Visitor<'a> for Builder {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(def) => {
                self.assign(&def.name);
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                self.outer_parameters(&def.parameters, true);
                if let Some(returns) = def.returns.as_ref().filter(|_| !self.future_annotations) {
                    self.visit_expr(returns);
                }
                let before = self.enter(def, ScopeKind::Function, None);
                self.parameters(&def.parameters);
                self.visit_body(&def.body);
                self.current = before;
            }
            Stmt::ClassDef(def) => {
                self.assign(&def.name);
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                if let Some(arguments) = &def.arguments {
                    self.visit_arguments(arguments);
                }
                let name = Str::new(def.name.as_str());
                let before = self.enter(def, ScopeKind::Class, Some(name));
                self.visit_body(&def.body);
                self.current = before;
            }
            Stmt::Global(global) => {
                for name in &global.names {
                    self.declare(name, true);
                }
            }
            Stmt::Nonlocal(nonlocal) => {
                for name in &nonlocal.names {
                    self.declare(name, false);
                }
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let first = alias.name.split('.').next().unwrap_or(&alias.name);
                    self.assign(alias.asname.as_ref().map_or(first, |name| name.as_str()));
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    if alias.name.as_str() == "*" {
                        if self.scope().kind != ScopeKind::Module {
                            self.fail("import * only allowed at module level", alias.range);
                        }
                        continue;
                    }
                    let name = alias.asname.as_ref().unwrap_or(&alias.name);
                    self.assign(name);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.visit_expr(value);
                }
                self.visit_expr(&assign.target);
                if !self.future_annotations {
                    self.visit_expr(&assign.annotation);
                }
            }
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(inner) = handler;
        if let Some(name) = &inner.name {
            self.assign(name);
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(pattern) => pattern.name.as_ref(),
            Pattern::MatchStar(pattern) => pattern.name.as_ref(),
            Pattern::MatchMapping(pattern) => pattern.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.assign(name);
        }
        visitor::walk_pattern(self, pattern);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if self.depth > DEEPEST {
            return self.fail("too many nested expressions", expression);
        }
        self.depth += 1;
        self.expression(expression);
        self.depth -= 1;
    }
}

impl Builder {
    fn expression<'a>(&mut self, expression: &'a Expr)
    where
        Self: Visitor<'a>,
    {
        match expression {
            Expr::Name(name) => {
                let uses = self.uses(&name.id);
                match name.ctx {
                    ExprContext::Load => uses.read = true,
                    _ => uses.assigned = true,
                }
                let in_function = self.scope().is_function();
                if name.id == "super" && in_function && self.scope().class_name.is_some() {
                    self.uses("__class__").read = true;
                }
            }
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.outer_parameters(parameters, false);
                }
                let before = self.enter(lambda, ScopeKind::Function, None);
                if let Some(parameters) = &lambda.parameters {
                    self.parameters(parameters);
                }
                self.visit_expr(&lambda.body);
                self.current = before;
            }
            Expr::ListComp(comp) => self.comprehension(comp, &comp.generators, &[&comp.elt], false),
            Expr::SetComp(comp) => self.comprehension(comp, &comp.generators, &[&comp.elt], false),
            Expr::DictComp(comp) => {
                let parts: Vec<&Expr> = comp
                    .key
                    .as_deref()
                    .into_iter()
                    .chain([&*comp.value])
                    .collect();
                self.comprehension(comp, &comp.generators, &parts, false);
            }
            Expr::Generator(comp) => self.comprehension(comp, &comp.generators, &[&comp.elt], true),
            Expr::Named(named) => {
                self.visit_expr(&named.value);
                if let Expr::Name(name) = &*named.target {
                    self.walrus(&name.id, name.range);
                }
            }
            Expr::Yield(inner) => {
                self.yields(inner.range);
                visitor::walk_expr(self, expression);
            }
            Expr::YieldFrom(inner) => {
                self.yields(inner.range);
                visitor::walk_expr(self, expression);
            }
            _ => visitor::walk_expr(self, expression),
        }
    }
}

/// Settle the bindings of scope `at` and those in it; answers its free names.
fn resolve(scopes: &mut [Scope], at: usize, around: &FxHashSet<Str>) -> Vec<Str> {
    let mut around_children = around.clone();
    let mut free: Vec<Str> = Vec::new();
    let mut own: Vec<Str> = Vec::new();
    let is_class = scopes[at].kind == ScopeKind::Class;
    let is_function = scopes[at].is_function();
    for (name, uses) in &scopes[at].uses {
        if uses.global {
            if is_function {
                around_children.remove(name);
            }
        } else if is_function && uses.assigned && !uses.nonlocal {
            own.push(name.clone());
            around_children.insert(name.clone());
        } else if around.contains(name) && (uses.nonlocal || !(is_class && uses.assigned)) {
            free.push(name.clone());
        }
    }
    if is_class {
        around_children.insert(Str::new("__class__"));
    }
    let mut captured: FxHashSet<Str> = FxHashSet::default();
    for child in scopes[at].children.clone() {
        for name in resolve(scopes, child, &around_children) {
            if own.contains(&name) || (is_class && name == "__class__") {
                captured.insert(name);
            } else if !free.contains(&name) {
                free.push(name);
            }
        }
    }
    settle(&mut scopes[at], &own, &free, &captured);
    free
}

fn settle(scope: &mut Scope, own: &[Str], free: &[Str], captured: &FxHashSet<Str>) {
    let is_class = scope.kind == ScopeKind::Class;
    let mut cells: Vec<Str> = own
        .iter()
        .filter(|name| captured.contains(*name))
        .cloned()
        .collect();
    if is_class && captured.contains("__class__") {
        cells.push(Str::new("__class__"));
    }
    scope.own_cells = cells.len();
    cells.extend(free.iter().cloned());
    let index = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    for (name, uses) in &scope.uses {
        let binding = if uses.global {
            Binding::Global
        } else if let Some(at) = cells.iter().position(|cell| cell == name) {
            if uses.parameter {
                scope.locals.push(name.clone());
            }
            if is_class && !uses.nonlocal {
                Binding::NameOrCell(index(at))
            } else {
                Binding::Cell(index(at))
            }
        } else if own.contains(name) {
            scope.locals.push(name.clone());
            Binding::Local(index(scope.locals.len() - 1))
        } else if is_class {
            Binding::Name
        } else {
            Binding::Global
        };
        scope.bindings.insert(name.clone(), binding);
    }
    scope.cells = cells;
}
