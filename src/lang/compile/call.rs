//! Calls.

use ruff_python_ast::{Arguments, Expr, ExprCall};

use super::{Binding, Compiled, Compiler, Instr};
use crate::lang::parse::Problem;
use crate::object::Str;

impl<'a> Compiler<'a> {
    pub(super) fn call(&mut self, call: &'a ExprCall) -> Compiled {
        let arguments = &call.arguments;
        if is_plain(arguments) {
            if let Expr::Attribute(attribute) = &*call.func {
                let object = self.operand(&attribute.value)?;
                let site = self.unit.site(&attribute.attr);
                self.at(&*call.func, |this| {
                    this.emit(Instr::LoadMethod { object, site });
                });
                return self.plain_arguments(arguments, true);
            }
            self.push(&call.func)?;
            if arguments.is_empty() && self.is_bare_super(&call.func) {
                self.load_name("__class__");
                self.first_parameter();
                self.emit(Instr::Call(2));
                return Ok(());
            }
            return self.plain_arguments(arguments, false);
        }
        self.push(&call.func)?;
        self.unpacked_arguments(arguments)
    }

    fn is_bare_super(&self, function: &Expr) -> bool {
        matches!(function, Expr::Name(name) if name.id == "super")
            && self.unit.scope.binding("super") == Binding::Global
            && self.unit.scope.cell("__class__").is_some()
            && self.unit.params.positional > 0
    }

    fn first_parameter(&mut self) {
        if let Some(name) = self.unit.scope.locals.first() {
            let name = name.clone();
            self.load_name(&name);
        }
    }

    /// Positional arguments, then keywords, none unpacked; then the call.
    fn plain_arguments(&mut self, arguments: &'a Arguments, method: bool) -> Compiled {
        for argument in &arguments.args {
            self.push(argument)?;
        }
        let names = self.keyword_names(arguments)?;
        for keyword in &arguments.keywords {
            self.push(&keyword.value)?;
        }
        let count = arguments.args.len() + names.len();
        if names.is_empty() {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            self.emit(if method {
                Instr::CallMethod(count)
            } else {
                Instr::Call(count)
            });
            return Ok(());
        }
        let names = self.names_constant(names);
        let Ok(count) = u16::try_from(count) else {
            return Self::unsupported("so many arguments", arguments);
        };
        self.emit(if method {
            Instr::CallMethodKeywords { count, names }
        } else {
            Instr::CallKeywords { count, names }
        });
        Ok(())
    }

    fn keyword_names(&self, arguments: &Arguments) -> Compiled<Vec<Str>> {
        let mut names: Vec<Str> = Vec::with_capacity(arguments.keywords.len());
        for keyword in &arguments.keywords {
            let Some(arg) = &keyword.arg else {
                continue;
            };
            let name = self.unit.scope.mangle(arg);
            if names.contains(&name) {
                return Err(Problem::new(
                    format!("keyword argument repeated: {arg}"),
                    keyword.range,
                ));
            }
            names.push(name);
        }
        Ok(names)
    }

    /// Arguments of which some are unpacked, and the call of what is below them.
    fn unpacked_arguments(&mut self, arguments: &'a Arguments) -> Compiled {
        self.argument_list(&arguments.args, true)?;
        let keywords = !arguments.keywords.is_empty();
        if keywords {
            self.keyword_dict(arguments, true)?;
        }
        self.emit(Instr::CallUnpacked { keywords });
        Ok(())
    }

    /// Push the list of positional arguments.
    pub(super) fn argument_list(&mut self, arguments: &'a [Expr], call: bool) -> Compiled {
        let plain = arguments
            .iter()
            .position(|argument| matches!(argument, Expr::Starred(_)))
            .unwrap_or(arguments.len());
        for argument in &arguments[..plain] {
            self.push(argument)?;
        }
        self.emit(Instr::BuildList(u32::try_from(plain).unwrap_or(u32::MAX)));
        for argument in &arguments[plain..] {
            if let Expr::Starred(starred) = argument {
                self.push(&starred.value)?;
                self.emit(Instr::ListExtend { call });
            } else {
                self.push(argument)?;
                self.emit(Instr::ListAppend);
            }
        }
        Ok(())
    }

    /// Push the dict of keyword arguments.
    pub(super) fn keyword_dict(&mut self, arguments: &'a Arguments, call: bool) -> Compiled {
        self.keyword_names(arguments)?;
        self.emit(Instr::BuildDict(0));
        for keyword in &arguments.keywords {
            match &keyword.arg {
                Some(name) => {
                    let name = self.unit.scope.mangle(name);
                    self.push_str(&name);
                    self.push(&keyword.value)?;
                    // A repetition of an unpacked name is an error too.
                    self.emit(Instr::BuildDict(1));
                }
                None => self.push(&keyword.value)?,
            }
            self.emit(Instr::DictMerge { call });
        }
        Ok(())
    }

    /// Call what is below the top with the top: how a decorator is applied.
    pub(super) fn call_with_top(&mut self) {
        self.emit(Instr::Call(1));
    }
}

fn is_plain(arguments: &Arguments) -> bool {
    arguments
        .args
        .iter()
        .all(|argument| !matches!(argument, Expr::Starred(_)))
        && arguments
            .keywords
            .iter()
            .all(|keyword| keyword.arg.is_some())
}
