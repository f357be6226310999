//! Assignment in every form, and `del`.

use ruff_python_ast::{Expr, StmtAnnAssign, StmtAssign, StmtAugAssign};
use ruff_text_size::Ranged;

use super::expr::binary_op;
use super::{Binding, CodeKind, Compiled, Compiler, ConstKey, Instr, Label, Operand};
use crate::object::Value;

impl<'a> Compiler<'a> {
    pub(super) fn assignment(&mut self, statement: &'a StmtAssign) -> Compiled {
        if let [Expr::Name(name)] = &*statement.targets {
            let name = self.unit.scope.mangle(&name.id);
            if let Some(to) = self.home(&name) {
                return self.put_into(&statement.value, to);
            }
        }
        if let ([Expr::Tuple(targets)], Expr::Tuple(values)) =
            (&*statement.targets, &*statement.value)
            && let ([a, b], [x, y]) = (&*targets.elts, &*values.elts)
        {
            let starred = |e: &Expr| matches!(e, Expr::Starred(_));
            if ![a, b, x, y].into_iter().any(starred) {
                self.push(x)?;
                self.push(y)?;
                self.emit(Instr::Swap);
                self.assign(a)?;
                return self.assign(b);
            }
        }
        self.push(&statement.value)?;
        let last = statement.targets.len().saturating_sub(1);
        for (at, target) in statement.targets.iter().enumerate() {
            if at < last {
                self.emit(Instr::Dup);
            }
            self.assign(target)?;
        }
        Ok(())
    }

    /// Where an instruction can put the value of a mangled name at once.
    pub(super) fn home(&mut self, name: &str) -> Option<Operand> {
        match self.unit.scope.binding(name) {
            Binding::Local(at) => Operand::local(at),
            Binding::Global => Operand::global(self.session.global_slot(name)),
            Binding::Cell(_) | Binding::Name | Binding::NameOrCell(_) => None,
        }
    }

    /// Pop the top into `target`.
    pub(super) fn assign(&mut self, target: &'a Expr) -> Compiled {
        self.at(target, |this| match target {
            Expr::Name(name) => {
                this.store_name(&name.id);
                Ok(())
            }
            Expr::Attribute(attribute) => {
                this.push(&attribute.value)?;
                let site = this.unit.site(&attribute.attr);
                this.emit(Instr::StoreAttr(site));
                Ok(())
            }
            Expr::Subscript(subscript) => {
                this.push(&subscript.value)?;
                this.push(&subscript.slice)?;
                this.emit(Instr::SetItem);
                Ok(())
            }
            Expr::Tuple(tuple) => this.unpack(&tuple.elts, target),
            Expr::List(list) => this.unpack(&list.elts, target),
            Expr::Starred(starred) => Err(super::Problem::new(
                "starred assignment target must be in a list or tuple",
                starred,
            )),
            _ => Err(super::Problem::new("cannot assign to expression", target)),
        })
    }

    fn unpack(&mut self, targets: &'a [Expr], place: &Expr) -> Compiled {
        let mut stars = targets
            .iter()
            .enumerate()
            .filter(|(_, target)| matches!(target, Expr::Starred(_)));
        let star = stars.next().map(|(at, _)| at);
        if stars.next().is_some() {
            return Err(super::Problem::new(
                "multiple starred expressions in assignment",
                place,
            ));
        }
        match star {
            None => self.emit(Instr::Unpack(
                u32::try_from(targets.len()).unwrap_or(u32::MAX),
            )),
            Some(at) => {
                let (before, after) = (u16::try_from(at), u16::try_from(targets.len() - at - 1));
                let (Ok(before), Ok(after)) = (before, after) else {
                    return Self::unsupported("so many targets", place);
                };
                self.emit(Instr::UnpackStar { before, after });
            }
        }
        for target in targets {
            match target {
                Expr::Starred(starred) => self.assign(&starred.value)?,
                _ => self.assign(target)?,
            }
        }
        Ok(())
    }

    /// Pop the top into a name.
    pub(super) fn store_name(&mut self, name: &str) {
        let name = self.unit.scope.mangle(name);
        match self.unit.scope.binding(&name) {
            Binding::Local(at) => self.emit(Instr::StoreLocal(at)),
            Binding::Cell(at) => self.emit(Instr::StoreCell(at)),
            Binding::Global => {
                let slot = self.session.global_slot(&name);
                self.emit(Instr::StoreGlobal(slot));
            }
            Binding::Name | Binding::NameOrCell(_) => {
                let at = self.unit.name_index(&name);
                self.emit(Instr::StoreName(at));
            }
        }
    }

    pub(super) fn delete_name(&mut self, name: &str) {
        let name = self.unit.scope.mangle(name);
        match self.unit.scope.binding(&name) {
            Binding::Local(at) => self.emit(Instr::DeleteLocal(at)),
            Binding::Cell(at) => self.emit(Instr::DeleteCell(at)),
            Binding::Global => {
                let slot = self.session.global_slot(&name);
                self.emit(Instr::DeleteGlobal(slot));
            }
            Binding::Name | Binding::NameOrCell(_) => {
                let at = self.unit.name_index(&name);
                self.emit(Instr::DeleteName(at));
            }
        }
    }

    pub(super) fn delete(&mut self, target: &'a Expr) -> Compiled {
        self.at(target, |this| match target {
            Expr::Name(name) => {
                this.delete_name(&name.id);
                Ok(())
            }
            Expr::Attribute(attribute) => {
                this.push(&attribute.value)?;
                let site = this.unit.site(&attribute.attr);
                this.emit(Instr::DeleteAttr(site));
                Ok(())
            }
            Expr::Subscript(subscript) => {
                this.push(&subscript.value)?;
                this.push(&subscript.slice)?;
                this.emit(Instr::DeleteItem);
                Ok(())
            }
            Expr::Tuple(tuple) => tuple.elts.iter().try_for_each(|item| this.delete(item)),
            Expr::List(list) => list.elts.iter().try_for_each(|item| this.delete(item)),
            _ => Err(super::Problem::new("cannot delete expression", target)),
        })
    }

    pub(super) fn augmented(&mut self, statement: &'a StmtAugAssign) -> Compiled {
        let op = binary_op(statement.op);
        let (stack, value) = (Operand::STACK, &statement.value);
        match &*statement.target {
            Expr::Name(name) => {
                let name = self.unit.scope.mangle(&name.id);
                if let Some(home) = self.home(&name) {
                    let (a, b) = self.operands(&statement.target, value)?;
                    self.emit(Instr::InPlace { op, a, b, to: home });
                    return Ok(());
                }
                self.load_name(&name);
                let b = self.operand(value)?;
                self.emit(Instr::InPlace {
                    op,
                    a: stack,
                    b,
                    to: stack,
                });
                self.store_name(&name);
            }
            Expr::Attribute(attribute) => {
                self.push(&attribute.value)?;
                self.emit(Instr::Dup);
                let site = self.unit.site(&attribute.attr);
                let Ok(narrow) = u16::try_from(site) else {
                    return Self::unsupported("so many attributes in one block", attribute);
                };
                self.emit(Instr::LoadAttr {
                    object: stack,
                    site: narrow,
                    to: stack,
                });
                let b = self.operand(value)?;
                self.emit(Instr::InPlace {
                    op,
                    a: stack,
                    b,
                    to: stack,
                });
                self.emit(Instr::Swap);
                let site = self.unit.site(&attribute.attr);
                self.emit(Instr::StoreAttr(site));
            }
            Expr::Subscript(subscript) => {
                self.push(&subscript.value)?;
                self.push(&subscript.slice)?;
                self.emit(Instr::Dup2);
                self.emit(Instr::GetItem {
                    object: stack,
                    key: stack,
                    to: stack,
                });
                let b = self.operand(value)?;
                self.emit(Instr::InPlace {
                    op,
                    a: stack,
                    b,
                    to: stack,
                });
                self.emit(Instr::Rot3);
                self.emit(Instr::SetItem);
            }
            target => {
                return Err(super::Problem::new(
                    "illegal expression for augmented assignment",
                    target,
                ));
            }
        }
        Ok(())
    }

    pub(super) fn annotated(&mut self, statement: &'a StmtAnnAssign) -> Compiled {
        if let Some(value) = &statement.value {
            self.push(value)?;
            self.assign(&statement.target)?;
        }
        // Functions don't evaluate the annotations of their locals.
        let kept = matches!(self.unit.kind, CodeKind::Module | CodeKind::Class);
        match &*statement.target {
            Expr::Name(name) if statement.simple && kept => {
                self.annotation(&statement.annotation)?;
                let name = self.unit.scope.mangle(&name.id);
                let at = self.unit.name_index(&name);
                self.emit(Instr::StoreAnnotation(at));
            }
            Expr::Attribute(attribute) if statement.value.is_none() => {
                self.push(&attribute.value)?;
                self.emit(Instr::Pop);
            }
            _ => {}
        }
        Ok(())
    }

    /// Push the value of an annotation.
    pub(super) fn annotation(&mut self, annotation: &'a Expr) -> Compiled {
        if !self.options.future_annotations {
            return self.push(annotation);
        }
        let range = annotation.range();
        let text = self
            .options
            .text
            .get(range.start().to_usize()..range.end().to_usize())
            .unwrap_or_default()
            .to_owned();
        self.push_const(ConstKey::Str(text.clone()), || Value::str(text));
        Ok(())
    }

    /// The head of a loop: the next item of the innermost iterator into `target`, at the end on
    /// to `end`.
    pub(super) fn for_iter(&mut self, target: &'a Expr, end: Label) -> Compiled {
        let exit = end.id();
        if let Expr::Name(name) = target {
            let name = self.unit.scope.mangle(&name.id);
            if let Some(to) = self.home(&name) {
                self.emit(Instr::ForIter { to, exit });
                return Ok(());
            }
        }
        self.emit(Instr::ForIter {
            to: Operand::STACK,
            exit,
        });
        self.assign(target)
    }
}
