//! `match` statements. The subject stays on the stack; a pattern consumes its own copy.

use ruff_python_ast::{
    MatchCase, Pattern, PatternMatchClass, PatternMatchMapping, Singleton, StmtMatch,
};
use ruff_text_size::Ranged;

use super::{Block, Compiled, Compiler, ConstKey, Instr, Label, Operand, PatternTest};
use crate::lang::parse::Problem;
use crate::object::{CompareOp, Value};

/// A pattern that matches anything leaves what stands behind it unreachable.
fn refuse_always_matching(pattern: &Pattern) -> Compiled {
    match pattern {
        Pattern::MatchAs(capture) => match (&capture.pattern, &capture.name) {
            (Some(inner), _) => refuse_always_matching(inner),
            (None, Some(name)) => Err(Problem::new(
                format!("name capture '{name}' makes remaining patterns unreachable"),
                pattern,
            )),
            (None, None) => Err(Problem::new(
                "wildcard makes remaining patterns unreachable",
                pattern,
            )),
        },
        Pattern::MatchOr(or) => or.patterns.last().map_or(Ok(()), refuse_always_matching),
        _ => Ok(()),
    }
}

impl<'a> Compiler<'a> {
    pub(super) fn match_statement(&mut self, statement: &'a StmtMatch) -> Compiled {
        self.push(&statement.subject)?;
        self.unit.depth += 1;
        self.unit.blocks.push(Block::Subject);
        let end = self.unit.label();
        for (at, case) in statement.cases.iter().enumerate() {
            if at + 1 < statement.cases.len() && case.guard.is_none() {
                refuse_always_matching(&case.pattern)?;
            }
            self.case(case, end)?;
        }
        self.unit.blocks.pop();
        self.unit.put(end);
        self.emit(Instr::Pop);
        self.unit.depth -= 1;
        Ok(())
    }

    fn case(&mut self, case: &'a MatchCase, end: Label) -> Compiled {
        let next = self.unit.label();
        self.emit(Instr::Dup);
        self.pattern(&case.pattern, next, 0)?;
        if let Some(guard) = &case.guard {
            self.jump_if(guard, false, next)?;
        }
        self.body(&case.body)?;
        self.emit(Instr::Jump(end.id()));
        self.unit.put(next);
        Ok(())
    }

    /// Match the top of the stack and pop it; on failure pop it and `below` more, and go to
    /// `fail`.
    fn pattern(&mut self, pattern: &'a Pattern, fail: Label, below: u32) -> Compiled {
        self.at(pattern, |this| this.pattern_here(pattern, fail, below))
    }

    fn pattern_here(&mut self, pattern: &'a Pattern, fail: Label, below: u32) -> Compiled {
        match pattern {
            Pattern::MatchValue(value) => {
                self.push(&value.value)?;
                self.emit(Instr::Compare {
                    op: CompareOp::Eq,
                    a: Operand::STACK,
                    b: Operand::STACK,
                    to: Operand::STACK,
                });
                self.fail_unless(fail, below);
            }
            Pattern::MatchSingleton(singleton) => {
                let (key, value) = match singleton.value {
                    Singleton::None => (ConstKey::None, Value::None),
                    Singleton::True => (ConstKey::Bool(true), Value::Bool(true)),
                    Singleton::False => (ConstKey::Bool(false), Value::Bool(false)),
                };
                self.push_const(key, || value);
                self.emit(Instr::Is {
                    a: Operand::STACK,
                    b: Operand::STACK,
                    negate: false,
                });
                self.fail_unless(fail, below);
            }
            Pattern::MatchAs(capture) => {
                if let Some(inner) = &capture.pattern {
                    self.emit(Instr::Dup);
                    self.pattern(inner, fail, below + 1)?;
                }
                match &capture.name {
                    Some(name) => self.store_name(name),
                    None => self.emit(Instr::Pop),
                }
            }
            Pattern::MatchOr(or) => {
                if let [others @ .., _] = &*or.patterns {
                    others.iter().try_for_each(refuse_always_matching)?;
                }
                self.alternatives(&or.patterns, fail, below)?;
            }
            Pattern::MatchSequence(sequence) => {
                self.sequence(&sequence.patterns, pattern, fail, below)?;
            }
            Pattern::MatchMapping(mapping) => self.mapping(mapping, fail, below)?,
            Pattern::MatchClass(class) => self.class_pattern(class, fail, below)?,
            Pattern::MatchStar(star) => {
                return Err(Problem::new("can't use starred name here", star));
            }
        }
        Ok(())
    }

    /// Pop a truth: where false, pop `below` values and go to `fail`.
    fn fail_unless(&mut self, fail: Label, below: u32) {
        if below == 0 {
            self.emit(Instr::JumpIfFalse {
                a: Operand::STACK,
                target: fail.id(),
            });
            return;
        }
        let good = self.unit.label();
        self.emit(Instr::JumpIfTrue {
            a: Operand::STACK,
            target: good.id(),
        });
        for _ in 0..below {
            self.emit(Instr::Pop);
        }
        self.emit(Instr::Jump(fail.id()));
        self.unit.put(good);
    }

    fn alternatives(&mut self, patterns: &'a [Pattern], fail: Label, below: u32) -> Compiled {
        let Some((last, first)) = patterns.split_last() else {
            return Ok(());
        };
        let done = self.unit.label();
        for pattern in first {
            let next = self.unit.label();
            self.emit(Instr::Dup);
            self.pattern(pattern, next, 0)?;
            self.emit(Instr::Pop);
            self.emit(Instr::Jump(done.id()));
            self.unit.put(next);
        }
        self.pattern(last, fail, below)?;
        self.unit.put(done);
        Ok(())
    }

    fn sequence(
        &mut self,
        patterns: &'a [Pattern],
        place: impl Ranged,
        fail: Label,
        below: u32,
    ) -> Compiled {
        let is_star = |pattern: &Pattern| matches!(pattern, Pattern::MatchStar(_));
        let star = patterns.iter().position(is_star);
        if patterns.iter().filter(|pattern| is_star(pattern)).count() > 1 {
            return Err(Problem::new(
                "multiple starred expressions in sequence pattern",
                place,
            ));
        }
        let fixed = patterns.len() - usize::from(star.is_some());
        let Ok(length) = u16::try_from(fixed) else {
            return Self::unsupported("so long a pattern", place);
        };
        self.emit(Instr::TestPattern(PatternTest::Sequence {
            length,
            star: star.is_some(),
        }));
        self.fail_unless(fail, below + 1);
        let count = u32::try_from(patterns.len()).unwrap_or(u32::MAX);
        match star {
            None => self.emit(Instr::Unpack(count)),
            Some(at) => {
                let before = u16::try_from(at).unwrap_or(u16::MAX);
                self.emit(Instr::UnpackStar {
                    before,
                    after: length.saturating_sub(before),
                });
            }
        }
        self.parts(patterns.iter(), fail, below)
    }

    /// Match as many values on the stack, the first on top.
    fn parts(
        &mut self,
        patterns: impl ExactSizeIterator<Item = &'a Pattern>,
        fail: Label,
        below: u32,
    ) -> Compiled {
        let mut left = u32::try_from(patterns.len()).unwrap_or(u32::MAX);
        for pattern in patterns {
            left = left.saturating_sub(1);
            match pattern {
                Pattern::MatchStar(star) => match &star.name {
                    Some(name) => self.store_name(name),
                    None => self.emit(Instr::Pop),
                },
                _ => self.pattern(pattern, fail, below + left)?,
            }
        }
        Ok(())
    }

    fn mapping(&mut self, mapping: &'a PatternMatchMapping, fail: Label, below: u32) -> Compiled {
        self.emit(Instr::TestPattern(PatternTest::Mapping));
        self.fail_unless(fail, below + 1);
        let count = u32::try_from(mapping.keys.len()).unwrap_or(u32::MAX);
        if mapping.rest.is_some() {
            self.emit(Instr::Dup);
        }
        for key in &mapping.keys {
            self.push(key)?;
        }
        self.emit(Instr::BuildTuple(count));
        if let Some(rest) = &mapping.rest {
            // Names are bound as the match goes on, so the rest may come first.
            self.emit(Instr::Dup);
            self.emit(Instr::Rot3);
            self.emit(Instr::MatchKeys);
            self.found_or_fail(fail, below + 2);
            self.emit(Instr::Rot3);
            self.emit(Instr::MatchRest);
            self.store_name(rest);
        } else {
            self.emit(Instr::MatchKeys);
            self.found_or_fail(fail, below);
        }
        self.emit(Instr::Unpack(count));
        self.parts(mapping.patterns.iter(), fail, below)
    }

    /// Go on with the tuple on top; where it is None, pop it and `below` more and fail.
    fn found_or_fail(&mut self, fail: Label, below: u32) {
        self.emit(Instr::Dup);
        self.push_const(ConstKey::None, || Value::None);
        self.emit(Instr::Is {
            a: Operand::STACK,
            b: Operand::STACK,
            negate: true,
        });
        self.fail_unless(fail, below + 1);
    }

    fn class_pattern(&mut self, class: &'a PatternMatchClass, fail: Label, below: u32) -> Compiled {
        self.push(&class.cls)?;
        for keyword in &class.arguments.keywords {
            self.push_str(&keyword.attr);
        }
        let keywords = u32::try_from(class.arguments.keywords.len()).unwrap_or(u32::MAX);
        self.emit(Instr::BuildTuple(keywords));
        let positional = u32::try_from(class.arguments.patterns.len()).unwrap_or(u32::MAX);
        self.emit(Instr::MatchClass(positional));
        self.found_or_fail(fail, below);
        self.emit(Instr::Unpack(positional.saturating_add(keywords)));
        let patterns: Vec<&'a Pattern> = class
            .arguments
            .patterns
            .iter()
            .chain(
                class
                    .arguments
                    .keywords
                    .iter()
                    .map(|keyword| &keyword.pattern),
            )
            .collect();
        self.parts(patterns.into_iter(), fail, below)
    }
}
