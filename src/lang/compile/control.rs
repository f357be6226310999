//! Loops, `try`, `with`, and the way out of them by `return`, `break` and `continue`.

use ruff_python_ast::{
    ExceptHandler, ExceptHandlerExceptHandler, Stmt, StmtFor, StmtTry, StmtWhile, StmtWith,
    WithItem,
};
use ruff_text_size::Ranged;

use super::{Block, Compiled, Compiler, ConstKey, Instr, Label, Operand};
use crate::lang::parse::Problem;
use crate::object::Value;

/// Whether leaving a block takes more than jumping.
pub(super) fn is_cleanup(block: &Block<'_>) -> bool {
    matches!(
        block,
        Block::Finally { .. } | Block::With(_) | Block::Handler { name: Some(_), .. }
    )
}

impl<'a> Compiler<'a> {
    pub(super) fn for_loop(&mut self, statement: &'a StmtFor) -> Compiled {
        if statement.is_async {
            return Self::unsupported("'async for'", statement.range);
        }
        let iterable = self.operand(&statement.iter)?;
        self.at(&*statement.iter, |this| this.emit(Instr::GetIter(iterable)));
        self.unit.iterators += 1;
        let (head, exhausted, end) = (self.unit.label(), self.unit.label(), self.unit.label());
        self.unit.put(head);
        self.for_iter(&statement.target, exhausted)?;
        self.unit.blocks.push(Block::Loop {
            is_for: true,
            head,
            end,
        });
        self.body(&statement.body)?;
        self.unit.blocks.pop();
        self.place(&*statement.iter);
        self.emit(Instr::Loop(head.id()));
        self.unit.put(exhausted);
        self.unit.iterators -= 1;
        self.body(&statement.orelse)?;
        self.unit.put(end);
        Ok(())
    }

    pub(super) fn while_loop(&mut self, statement: &'a StmtWhile) -> Compiled {
        let (head, done, end) = (self.unit.label(), self.unit.label(), self.unit.label());
        self.unit.put(head);
        self.jump_if(&statement.test, false, done)?;
        self.unit.blocks.push(Block::Loop {
            is_for: false,
            head,
            end,
        });
        self.body(&statement.body)?;
        self.unit.blocks.pop();
        self.emit(Instr::Loop(head.id()));
        self.unit.put(done);
        self.body(&statement.orelse)?;
        self.unit.put(end);
        Ok(())
    }

    pub(super) fn jump_out(&mut self, again: bool, place: impl Ranged) -> Compiled {
        let found = self
            .unit
            .blocks
            .iter()
            .rposition(|block| matches!(block, Block::Loop { .. }));
        let Some(at) = found else {
            return Err(Problem::new(
                if again {
                    "'continue' not properly in loop"
                } else {
                    "'break' outside loop"
                },
                place,
            ));
        };
        let Some(Block::Loop { is_for, head, end }) = self.unit.blocks.get(at).copied() else {
            return Ok(());
        };
        self.leave_blocks(at + 1, false)?;
        if again {
            self.emit(Instr::Loop(head.id()));
        } else {
            if is_for {
                self.emit(Instr::PopIter);
            }
            self.emit(Instr::Jump(end.id()));
        }
        self.reopen_blocks(at + 1);
        Ok(())
    }

    /// Emit what leaving the blocks from `from` inwards takes, innermost first. Their handlers
    /// are closed until [`Self::reopen_blocks`]. With `value` the top of the stack is kept.
    pub(super) fn leave_blocks(&mut self, from: usize, value: bool) -> Compiled {
        let inner: Vec<Block<'a>> = self.unit.blocks[from..].to_vec();
        let (depth, iterators, handled) = self.stacks();
        self.unit.depth += u32::from(value);
        for (at, block) in inner.iter().enumerate().rev() {
            let mut block = *block;
            if let Some(region) = block.region() {
                let region = *region;
                self.unit.close(&region);
            }
            // What is emitted for a block stands outside of it.
            self.unit.blocks.truncate(from + at);
            match block {
                Block::Loop { is_for, .. } => {
                    // On the way to a `return` the iterators go with the frame.
                    if is_for {
                        self.unit.iterators -= 1;
                        if !value {
                            self.emit(Instr::PopIter);
                        }
                    }
                }
                Block::Try(_) => {}
                Block::Finally { body, .. } => {
                    if value {
                        // The frame's iterators are still there for handlers in the body.
                        self.unit.iterators = iterators;
                    }
                    self.body(body)?;
                }
                Block::With(_) => {
                    if value {
                        self.emit(Instr::Swap);
                    }
                    self.emit(Instr::ExitWith);
                    self.unit.depth -= 1;
                }
                Block::Handler { name, .. } => {
                    if let Some(name) = name {
                        self.unbind(name);
                    }
                    self.emit(Instr::PopHandled);
                    self.unit.handled -= 1;
                }
                Block::Cleanup => {
                    self.emit(Instr::PopHandled);
                    self.unit.handled -= 1;
                }
                Block::Subject => {
                    if value {
                        self.emit(Instr::Swap);
                    }
                    self.emit(Instr::Pop);
                    self.unit.depth -= 1;
                }
            }
        }
        self.unit.blocks.truncate(from);
        self.unit.blocks.extend(inner);
        (self.unit.depth, self.unit.iterators, self.unit.handled) = (depth, iterators, handled);
        Ok(())
    }

    fn stacks(&self) -> (u32, u32, u32) {
        (self.unit.depth, self.unit.iterators, self.unit.handled)
    }

    /// Open the handlers again that [`Self::leave_blocks`] closed.
    pub(super) fn reopen_blocks(&mut self, from: usize) {
        let here = self.unit.here();
        for block in &mut self.unit.blocks[from..] {
            if let Some(region) = block.region() {
                region.start = here;
            }
        }
    }

    fn close_block(&mut self) {
        if let Some(mut block) = self.unit.blocks.pop()
            && let Some(region) = block.region()
        {
            let region = *region;
            self.unit.close(&region);
        }
    }

    pub(super) fn try_statement(&mut self, statement: &'a StmtTry) -> Compiled {
        if statement.is_star {
            return Self::unsupported("'except*'", statement.range);
        }
        if statement.finalbody.is_empty() {
            return self.try_except(statement);
        }
        let (handler, end) = (self.unit.label(), self.unit.label());
        let region = self.unit.open(handler);
        self.unit.blocks.push(Block::Finally {
            region,
            body: &statement.finalbody,
        });
        if statement.handlers.is_empty() {
            self.body(&statement.body)?;
        } else {
            self.try_except(statement)?;
        }
        self.close_block();
        self.body(&statement.finalbody)?;
        self.emit(Instr::Jump(end.id()));
        self.unit.put(handler);
        self.unit.handled += 1;
        self.unit.blocks.push(Block::Cleanup);
        self.body(&statement.finalbody)?;
        self.unit.blocks.pop();
        self.unit.handled -= 1;
        self.emit(Instr::Reraise);
        self.unit.put(end);
        Ok(())
    }

    fn try_except(&mut self, statement: &'a StmtTry) -> Compiled {
        let (handler, end) = (self.unit.label(), self.unit.label());
        let region = self.unit.open(handler);
        self.unit.blocks.push(Block::Try(region));
        self.body(&statement.body)?;
        self.close_block();
        self.body(&statement.orelse)?;
        self.emit(Instr::Jump(end.id()));
        self.unit.put(handler);
        self.unit.handled += 1;
        let last = statement.handlers.len().saturating_sub(1);
        for (at, handler) in statement.handlers.iter().enumerate() {
            let ExceptHandler::ExceptHandler(handler) = handler;
            let next = self.unit.label();
            if let Some(kind) = &handler.type_ {
                self.push(kind)?;
                self.at(&**kind, |this| this.emit(Instr::MatchException));
                self.emit(Instr::JumpIfFalse {
                    a: Operand::STACK,
                    target: next.id(),
                });
            } else if at < last {
                return Err(Problem::new(
                    "default 'except:' must be last",
                    handler.range,
                ));
            }
            self.except_body(handler, end)?;
            self.unit.put(next);
        }
        self.unit.handled -= 1;
        self.emit(Instr::Reraise);
        self.unit.put(end);
        Ok(())
    }

    /// The body of an `except`; the exception stands on the handled stack.
    fn except_body(&mut self, handler: &'a ExceptHandlerExceptHandler, end: Label) -> Compiled {
        let Some(name) = &handler.name else {
            self.unit.blocks.push(Block::Handler {
                region: None,
                name: None,
            });
            self.body(&handler.body)?;
            self.unit.blocks.pop();
            self.emit(Instr::PopHandled);
            self.emit(Instr::Jump(end.id()));
            return Ok(());
        };
        let name: &'a str = name.as_str();
        // Bind the name, and unbind it whichever way the body ends.
        self.emit(Instr::PushHandledValue);
        self.store_name(name);
        let cleanup = self.unit.label();
        let region = self.unit.open(cleanup);
        self.unit.blocks.push(Block::Handler {
            region: Some(region),
            name: Some(name),
        });
        self.body(&handler.body)?;
        self.close_block();
        self.unbind(name);
        self.emit(Instr::PopHandled);
        self.emit(Instr::Jump(end.id()));
        self.unit.put(cleanup);
        self.unbind(name);
        self.emit(Instr::Reraise);
        Ok(())
    }

    /// `name = None; del name`, which works whether the body deleted it or not.
    fn unbind(&mut self, name: &str) {
        self.push_const(ConstKey::None, || Value::None);
        self.store_name(name);
        self.delete_name(name);
    }

    pub(super) fn with_statement(&mut self, statement: &'a StmtWith) -> Compiled {
        if statement.is_async {
            return Self::unsupported("'async with'", statement.range);
        }
        self.with_items(&statement.items, &statement.body)
    }

    fn with_items(&mut self, items: &'a [WithItem], body: &'a [Stmt]) -> Compiled {
        let Some((item, rest)) = items.split_first() else {
            return self.body(body);
        };
        self.push(&item.context_expr)?;
        self.at(&item.context_expr, |this| this.emit(Instr::EnterWith));
        let (handler, end) = (self.unit.label(), self.unit.label());
        // The exit stays on the stack while the body runs.
        self.unit.depth += 1;
        let region = self.unit.open(handler);
        self.unit.blocks.push(Block::With(region));
        match &item.optional_vars {
            Some(target) => self.assign(target)?,
            None => self.emit(Instr::Pop),
        }
        self.with_items(rest, body)?;
        self.close_block();
        self.place(&item.context_expr);
        self.emit(Instr::ExitWith);
        self.emit(Instr::Jump(end.id()));
        self.unit.put(handler);
        self.emit(Instr::ExitWithException);
        let swallowed = self.unit.label();
        self.emit(Instr::JumpIfTrue {
            a: Operand::STACK,
            target: swallowed.id(),
        });
        self.emit(Instr::Reraise);
        self.unit.put(swallowed);
        self.emit(Instr::PopHandled);
        self.unit.put(end);
        self.unit.depth -= 1;
        Ok(())
    }
}
