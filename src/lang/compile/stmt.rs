//! Statements.

use ruff_python_ast::{Expr, Stmt, StmtIf, StmtImport, StmtImportFrom};
use ruff_text_size::Ranged;

use super::{CodeKind, Compiled, Compiler, Instr};
use crate::lang::parse::Problem;

impl<'a> Compiler<'a> {
    pub(super) fn body(&mut self, statements: &'a [Stmt]) -> Compiled {
        statements
            .iter()
            .try_for_each(|statement| self.stmt(statement))
    }

    pub(super) fn stmt(&mut self, statement: &'a Stmt) -> Compiled {
        self.place(statement);
        match statement {
            Stmt::Expr(inner) => self.expression_statement(&inner.value),
            Stmt::Assign(inner) => self.assignment(inner),
            Stmt::AugAssign(inner) => self.augmented(inner),
            Stmt::AnnAssign(inner) => self.annotated(inner),
            Stmt::If(inner) => self.if_statement(inner),
            Stmt::For(inner) => self.for_loop(inner),
            Stmt::While(inner) => self.while_loop(inner),
            Stmt::FunctionDef(inner) => self.function(inner),
            Stmt::ClassDef(inner) => self.class(inner),
            Stmt::Return(inner) => {
                if !matches!(self.unit.kind, CodeKind::Function | CodeKind::Generator) {
                    return Err(Problem::new("'return' outside function", inner));
                }
                self.return_value(inner.value.as_deref())
            }
            Stmt::Delete(inner) => inner
                .targets
                .iter()
                .try_for_each(|target| self.delete(target)),
            Stmt::With(inner) => self.with_statement(inner),
            Stmt::Try(inner) => self.try_statement(inner),
            Stmt::Raise(inner) => {
                match (&inner.exc, &inner.cause) {
                    (None, _) => self.emit(Instr::RaiseHandled),
                    (Some(exception), None) => {
                        self.push(exception)?;
                        self.emit(Instr::Raise);
                    }
                    (Some(exception), Some(cause)) => {
                        self.push(exception)?;
                        self.push(cause)?;
                        self.emit(Instr::RaiseFrom);
                    }
                }
                Ok(())
            }
            Stmt::Assert(inner) => {
                let end = self.unit.label();
                self.jump_if(&inner.test, true, end)?;
                if let Some(message) = &inner.msg {
                    self.push(message)?;
                }
                self.emit(Instr::RaiseAssertion {
                    message: inner.msg.is_some(),
                });
                self.unit.put(end);
                Ok(())
            }
            Stmt::Import(inner) => self.import(inner),
            Stmt::ImportFrom(inner) => self.import_from(inner),
            Stmt::Global(_) | Stmt::Nonlocal(_) | Stmt::Pass(_) => Ok(()),
            Stmt::Break(inner) => self.jump_out(false, inner),
            Stmt::Continue(inner) => self.jump_out(true, inner),
            Stmt::Match(inner) => self.match_statement(inner),
            Stmt::TypeAlias(inner) => Self::unsupported("'type' statements", inner),
            Stmt::IpyEscapeCommand(inner) => Err(Problem::new("invalid syntax", inner)),
        }
    }

    fn expression_statement(&mut self, expression: &'a Expr) -> Compiled {
        if self.displays && self.unit.kind == CodeKind::Module {
            self.push(expression)?;
            self.emit(Instr::Display);
            return Ok(());
        }
        if self.constant_of(expression).is_some() {
            return Ok(());
        }
        self.push(expression)?;
        self.emit(Instr::Pop);
        Ok(())
    }

    fn if_statement(&mut self, statement: &'a StmtIf) -> Compiled {
        let end = self.unit.label();
        let mut next = self.unit.label();
        self.jump_if(&statement.test, false, next)?;
        self.body(&statement.body)?;
        for clause in &statement.elif_else_clauses {
            self.emit(Instr::Jump(end.id()));
            self.unit.put(next);
            next = self.unit.label();
            if let Some(test) = &clause.test {
                self.place(test);
                self.jump_if(test, false, next)?;
            }
            self.body(&clause.body)?;
        }
        self.unit.put(next);
        self.unit.put(end);
        Ok(())
    }

    fn import(&mut self, statement: &'a StmtImport) -> Compiled {
        for alias in &statement.names {
            self.place(alias);
            let name = self.unit.name_index(&alias.name);
            if let Some(bound) = &alias.asname {
                self.emit(Instr::Import { name, top: false });
                self.store_name(bound);
            } else {
                self.emit(Instr::Import { name, top: true });
                let first = alias.name.split('.').next().unwrap_or(&alias.name);
                self.store_name(first);
            }
        }
        Ok(())
    }

    fn import_from(&mut self, statement: &'a StmtImportFrom) -> Compiled {
        if statement.level > 0 {
            return Self::unsupported("relative imports", statement);
        }
        let module = statement.module.as_deref().unwrap_or_default();
        if module == "__future__" {
            return self.future(statement);
        }
        let name = self.unit.name_index(module);
        self.emit(Instr::Import { name, top: false });
        for alias in &statement.names {
            self.place(alias.range());
            if alias.name.as_str() == "*" {
                self.emit(Instr::ImportStar);
                continue;
            }
            let name = self.unit.name_index(&alias.name);
            self.emit(Instr::ImportFrom(name));
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            self.store_name(bound);
        }
        self.emit(Instr::Pop);
        Ok(())
    }

    fn future(&mut self, statement: &'a StmtImportFrom) -> Compiled {
        const KNOWN: [&str; 10] = [
            "annotations",
            "nested_scopes",
            "generators",
            "division",
            "absolute_import",
            "with_statement",
            "print_function",
            "unicode_literals",
            "barry_as_FLUFL",
            "generator_stop",
        ];
        for alias in &statement.names {
            if !KNOWN.contains(&alias.name.as_str()) {
                return Err(Problem::new(
                    format!("future feature {} is not defined", alias.name),
                    statement,
                ));
            }
        }
        Ok(())
    }
}
