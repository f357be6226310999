//! Comprehensions and generator expressions: blocks of their own over the first iterator.

use ruff_python_ast::{Comprehension, Expr};

use crate::lang::parse::Problem;

use super::{CodeKind, Compiled, Compiler, Instr, Operand, Scope};

#[derive(Clone, Copy)]
enum Shape<'a> {
    List(&'a Expr),
    Set(&'a Expr),
    Dict(&'a Expr, &'a Expr),
    Generator(&'a Expr),
}

impl<'a> Compiler<'a> {
    pub(super) fn comprehension(&mut self, expression: &'a Expr) -> Compiled {
        let scopes = self.scopes;
        let (scope, generators, shape, name): (&Scope, &'a [Comprehension], Shape<'a>, &str) =
            match expression {
                Expr::ListComp(comp) => (
                    scopes.of(comp),
                    &comp.generators,
                    Shape::List(&comp.elt),
                    "<listcomp>",
                ),
                Expr::SetComp(comp) => (
                    scopes.of(comp),
                    &comp.generators,
                    Shape::Set(&comp.elt),
                    "<setcomp>",
                ),
                Expr::DictComp(comp) => {
                    let Some(key) = comp.key.as_deref() else {
                        return Err(Problem::new(
                            "dict unpacking cannot be used in dict comprehension",
                            expression,
                        ));
                    };
                    (
                        scopes.of(comp),
                        &comp.generators,
                        Shape::Dict(key, &comp.value),
                        "<dictcomp>",
                    )
                }
                Expr::Generator(comp) => (
                    scopes.of(comp),
                    &comp.generators,
                    Shape::Generator(&comp.elt),
                    "<genexpr>",
                ),
                _ => return Ok(()),
            };
        let Some(first) = generators.first() else {
            return Ok(());
        };
        let is_generator = matches!(shape, Shape::Generator(_));
        let kind = if is_generator {
            CodeKind::Generator
        } else {
            CodeKind::Function
        };
        let code = self.block(scope, kind, name, |this| {
            match shape {
                Shape::List(_) => this.emit(Instr::BuildList(0)),
                Shape::Set(_) => this.emit(Instr::BuildSet(0)),
                Shape::Dict(..) => this.emit(Instr::BuildDict(0)),
                Shape::Generator(_) => {}
            }
            // The first iterator is handed over by whoever starts the block.
            this.unit.iterators = 1;
            this.generators(generators, shape, true)?;
            if is_generator {
                this.return_none();
            } else {
                this.emit(Instr::Return(Operand::STACK));
            }
            Ok(())
        })?;
        let iterable = self.operand(&first.iter)?;
        self.at(&first.iter, |this| this.emit(Instr::GetIter(iterable)));
        self.emit(if is_generator {
            Instr::GeneratorExpression(code)
        } else {
            Instr::Comprehension(code)
        });
        Ok(())
    }

    fn generators(
        &mut self,
        generators: &'a [Comprehension],
        shape: Shape<'a>,
        first: bool,
    ) -> Compiled {
        let Some((generator, rest)) = generators.split_first() else {
            return self.element_of(shape);
        };
        if generator.is_async {
            return Self::unsupported("asynchronous comprehensions", generator.range);
        }
        if !first {
            let iterable = self.operand(&generator.iter)?;
            self.at(&generator.iter, |this| this.emit(Instr::GetIter(iterable)));
            self.unit.iterators += 1;
        }
        let (head, end) = (self.unit.label(), self.unit.label());
        self.unit.put(head);
        self.for_iter(&generator.target, end)?;
        for condition in &generator.ifs {
            self.jump_if(condition, false, head)?;
        }
        self.generators(rest, shape, false)?;
        self.emit(Instr::Loop(head.id()));
        self.unit.put(end);
        self.unit.iterators -= 1;
        Ok(())
    }

    fn element_of(&mut self, shape: Shape<'a>) -> Compiled {
        if let Shape::List(element) | Shape::Set(element) | Shape::Generator(element) = shape
            && let Expr::Starred(starred) = element
        {
            return Err(Problem::new(
                "iterable unpacking cannot be used in comprehension",
                starred,
            ));
        }
        match shape {
            Shape::List(element) => {
                self.push(element)?;
                self.at(element, |this| this.emit(Instr::ListAppend));
            }
            Shape::Set(element) => {
                self.push(element)?;
                self.at(element, |this| this.emit(Instr::SetAdd));
            }
            Shape::Dict(key, value) => {
                self.push(key)?;
                self.push(value)?;
                self.at(key, |this| this.emit(Instr::DictSet));
            }
            Shape::Generator(element) => {
                self.push(element)?;
                self.emit(Instr::Yield);
                self.emit(Instr::Pop);
            }
        }
        Ok(())
    }
}
