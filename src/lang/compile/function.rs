//! Functions, lambdas and classes.

use ruff_python_ast::{
    Decorator, Expr, ExprLambda, Parameters, Stmt, StmtClassDef, StmtFunctionDef,
};

use super::{CodeKind, Compiled, Compiler, FunctionParts, Instr, Operand, Params};
use crate::object::Str;

impl<'a> Compiler<'a> {
    pub(super) fn function(&mut self, def: &'a StmtFunctionDef) -> Compiled {
        if def.is_async {
            return Self::unsupported("'async def'", def.name.range);
        }
        if let Some(params) = &def.type_params {
            return Self::unsupported("type parameters", params.range);
        }
        self.decorators(&def.decorator_list)?;
        self.place(def.name.range);
        let mut parts = self.defaults(&def.parameters)?;
        parts.annotations = self.annotations(&def.parameters, def.returns.as_deref())?;
        let scope = self.scopes.of(def);
        let kind = if scope.is_generator {
            CodeKind::Generator
        } else {
            CodeKind::Function
        };
        let doc = docstring(&def.body);
        let code = self.block(scope, kind, &def.name, |this| {
            this.unit.params = params_of(&def.parameters);
            this.unit.doc = doc;
            this.body(&def.body)?;
            this.return_none();
            Ok(())
        })?;
        self.emit(Instr::MakeFunction { code, parts });
        self.apply_decorators(&def.decorator_list);
        self.store_name(&def.name);
        Ok(())
    }

    pub(super) fn lambda(&mut self, lambda: &'a ExprLambda) -> Compiled {
        let parts = match &lambda.parameters {
            Some(parameters) => self.defaults(parameters)?,
            None => FunctionParts::default(),
        };
        let scope = self.scopes.of(lambda);
        let kind = if scope.is_generator {
            CodeKind::Generator
        } else {
            CodeKind::Function
        };
        let code = self.block(scope, kind, "<lambda>", |this| {
            if let Some(parameters) = &lambda.parameters {
                this.unit.params = params_of(parameters);
            }
            let value = this.operand(&lambda.body)?;
            this.at(&*lambda.body, |this| this.emit(Instr::Return(value)));
            Ok(())
        })?;
        self.emit(Instr::MakeFunction { code, parts });
        Ok(())
    }

    fn decorators(&mut self, decorators: &'a [Decorator]) -> Compiled {
        decorators
            .iter()
            .try_for_each(|decorator| self.push(&decorator.expression))
    }

    fn apply_decorators(&mut self, decorators: &'a [Decorator]) {
        for decorator in decorators.iter().rev() {
            self.at(&decorator.expression, Self::call_with_top);
        }
    }

    /// Push the defaults: a tuple, and a dict for keyword-only parameters.
    fn defaults(&mut self, parameters: &'a Parameters) -> Compiled<FunctionParts> {
        let mut parts = FunctionParts::default();
        let positional = parameters.posonlyargs.iter().chain(&parameters.args);
        let defaults: Vec<&'a Expr> = positional.filter_map(|p| p.default.as_deref()).collect();
        if !defaults.is_empty() {
            for default in &defaults {
                self.push(default)?;
            }
            self.emit(Instr::BuildTuple(
                u32::try_from(defaults.len()).unwrap_or(u32::MAX),
            ));
            parts.defaults = true;
        }
        let mut count = 0;
        for parameter in &parameters.kwonlyargs {
            if let Some(default) = &parameter.default {
                let name = self.unit.scope.mangle(&parameter.parameter.name);
                self.push_str(&name);
                self.push(default)?;
                count += 1;
            }
        }
        if count > 0 {
            self.emit(Instr::BuildDict(count));
            parts.keyword_defaults = true;
        }
        Ok(parts)
    }

    /// Push the dict of annotations; false where there are none.
    fn annotations(
        &mut self,
        parameters: &'a Parameters,
        returns: Option<&'a Expr>,
    ) -> Compiled<bool> {
        let mut count = 0;
        // CPython's order: plain ones, positional-only, *args, keyword-only, **kwargs.
        let positional = parameters.args.iter().chain(&parameters.posonlyargs);
        let ordered = positional
            .map(|p| &p.parameter)
            .chain(parameters.vararg.as_deref())
            .chain(parameters.kwonlyargs.iter().map(|p| &p.parameter))
            .chain(parameters.kwarg.as_deref());
        for parameter in ordered {
            if let Some(annotation) = parameter.annotation.as_deref() {
                let name = self.unit.scope.mangle(&parameter.name);
                self.push_str(&name);
                self.annotation(annotation)?;
                count += 1;
            }
        }
        if let Some(returns) = returns {
            self.push_str("return");
            self.annotation(returns)?;
            count += 1;
        }
        if count > 0 {
            self.emit(Instr::BuildDict(count));
        }
        Ok(count > 0)
    }

    pub(super) fn class(&mut self, def: &'a StmtClassDef) -> Compiled {
        if let Some(params) = &def.type_params {
            return Self::unsupported("type parameters", params.range);
        }
        self.decorators(&def.decorator_list)?;
        self.place(def.name.range);
        if let Some(arguments) = &def.arguments {
            self.argument_list(&arguments.args, false)?;
            self.emit(Instr::ListToTuple);
            self.keyword_dict(arguments, false)?;
        } else {
            self.emit(Instr::BuildTuple(0));
            self.emit(Instr::BuildDict(0));
        }
        let scope = self.scopes.of(def);
        let code = self.block(scope, CodeKind::Class, &def.name, |this| {
            this.unit.doc = docstring(&def.body);
            if has_annotations(&def.body) {
                this.emit(Instr::SetupAnnotations);
            }
            this.body(&def.body)?;
            this.return_none();
            Ok(())
        })?;
        self.emit(Instr::BuildClass(code));
        self.apply_decorators(&def.decorator_list);
        self.store_name(&def.name);
        Ok(())
    }

    pub(super) fn return_value(&mut self, value: Option<&'a Expr>) -> Compiled {
        if self.unit.blocks.iter().any(super::control::is_cleanup) {
            self.push_or_none(value)?;
            self.leave_blocks(0, true)?;
            self.emit(Instr::Return(Operand::STACK));
            self.reopen_blocks(0);
            return Ok(());
        }
        let operand = match value {
            Some(value) => self.operand(value)?,
            None => self.none(),
        };
        self.emit(Instr::Return(operand));
        Ok(())
    }
}

fn params_of(parameters: &Parameters) -> Params {
    Params {
        positional_only: parameters.posonlyargs.len(),
        positional: parameters.posonlyargs.len() + parameters.args.len(),
        keyword_only: parameters.kwonlyargs.len(),
        rest: parameters.vararg.is_some(),
        keyword_rest: parameters.kwarg.is_some(),
    }
}

fn docstring(body: &[Stmt]) -> Option<Str> {
    match body.first()? {
        Stmt::Expr(statement) => match &*statement.value {
            Expr::StringLiteral(literal) => Some(Str::new(literal.value.to_str())),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a class body annotates a name, in whatever block of its own.
fn has_annotations(body: &[Stmt]) -> bool {
    body.iter().any(|statement| match statement {
        Stmt::AnnAssign(_) => true,
        Stmt::If(inner) => {
            has_annotations(&inner.body)
                || inner
                    .elif_else_clauses
                    .iter()
                    .any(|clause| has_annotations(&clause.body))
        }
        Stmt::For(inner) => has_annotations(&inner.body) || has_annotations(&inner.orelse),
        Stmt::While(inner) => has_annotations(&inner.body) || has_annotations(&inner.orelse),
        Stmt::With(inner) => has_annotations(&inner.body),
        Stmt::Try(inner) => {
            has_annotations(&inner.body)
                || has_annotations(&inner.orelse)
                || has_annotations(&inner.finalbody)
        }
        _ => false,
    })
}
