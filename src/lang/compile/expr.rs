//! Expressions.

use num_bigint::BigInt;
use ruff_python_ast::{
    BoolOp, CmpOp, DictItem, Expr, ExprCompare, ExprSubscript, Number, Operator,
    UnaryOp as AstUnaryOp,
};
use ruff_text_size::Ranged;

use super::{Binding, Compiled, Compiler, ConstKey, Instr, Label, Operand};
use crate::lang::parse::Problem;
use crate::object::types::Complex;
use crate::object::{BinaryOp, CompareOp, DictShape, Str, UnaryOp, Value};

pub(super) fn binary_op(op: Operator) -> BinaryOp {
    match op {
        Operator::Add => BinaryOp::Add,
        Operator::Sub => BinaryOp::Sub,
        Operator::Mult => BinaryOp::Mul,
        Operator::MatMult => BinaryOp::MatMul,
        Operator::Div => BinaryOp::TrueDiv,
        Operator::Mod => BinaryOp::Mod,
        Operator::Pow => BinaryOp::Pow,
        Operator::LShift => BinaryOp::LShift,
        Operator::RShift => BinaryOp::RShift,
        Operator::BitOr => BinaryOp::BitOr,
        Operator::BitXor => BinaryOp::BitXor,
        Operator::BitAnd => BinaryOp::BitAnd,
        Operator::FloorDiv => BinaryOp::FloorDiv,
    }
}

fn compare_op(op: CmpOp) -> Option<CompareOp> {
    Some(match op {
        CmpOp::Eq => CompareOp::Eq,
        CmpOp::NotEq => CompareOp::Ne,
        CmpOp::Lt => CompareOp::Lt,
        CmpOp::LtE => CompareOp::Le,
        CmpOp::Gt => CompareOp::Gt,
        CmpOp::GtE => CompareOp::Ge,
        CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn => return None,
    })
}

impl<'a> Compiler<'a> {
    /// The error for a construct that the evaluator does not have.
    pub(super) fn unsupported<T>(what: &str, node: impl Ranged) -> Compiled<T> {
        let mut problem = Problem::new(format!("ormsh does not support {what}"), node);
        // CPython shows no excerpt of what its compiler refuses; of our own limits one helps.
        problem.compiled = false;
        Err(problem)
    }

    /// Push the value of `expression`.
    pub(super) fn push(&mut self, expression: &'a Expr) -> Compiled {
        match self.direct(expression) {
            Some(operand) => {
                self.at(expression, |this| this.emit(Instr::Push(operand)));
                Ok(())
            }
            None => self.compute(expression, Operand::STACK),
        }
    }

    /// The value of `expression` as an operand: where it already is, or the stack.
    pub(super) fn operand(&mut self, expression: &'a Expr) -> Compiled<Operand> {
        if let Some(operand) = self.direct(expression) {
            Ok(operand)
        } else {
            self.compute(expression, Operand::STACK)?;
            Ok(Operand::STACK)
        }
    }

    /// Put the value of `expression` into `to`.
    pub(super) fn put_into(&mut self, expression: &'a Expr, to: Operand) -> Compiled {
        match self.direct(expression) {
            Some(from) => {
                self.at(expression, |this| this.emit(Instr::Move { from, to }));
                Ok(())
            }
            None => self.compute(expression, to),
        }
    }

    /// The operands of two expressions, evaluated in order.
    pub(super) fn operands(&mut self, a: &'a Expr, b: &'a Expr) -> Compiled<(Operand, Operand)> {
        let first = match self.direct(a) {
            Some(operand) if self.stays(operand, b) => operand,
            Some(operand) => {
                self.at(a, |this| this.emit(Instr::Push(operand)));
                Operand::STACK
            }
            None => self.operand(a)?,
        };
        Ok((first, self.operand(b)?))
    }

    /// Whether what `operand` names is still the same after `later` was evaluated.
    fn stays(&mut self, operand: Operand, later: &'a Expr) -> bool {
        match operand.place() {
            super::Place::Const(_) => true,
            super::Place::Local(_) => !self.has_walrus,
            super::Place::Stack => true,
            super::Place::Global(_) => matches!(
                later,
                Expr::Name(_)
                    | Expr::NumberLiteral(_)
                    | Expr::StringLiteral(_)
                    | Expr::NoneLiteral(_)
                    | Expr::BooleanLiteral(_)
            ),
        }
    }

    /// Where the value of a name or constant already is.
    pub(super) fn direct(&mut self, expression: &'a Expr) -> Option<Operand> {
        if let Some((key, value)) = self.constant_of(expression) {
            let at = self.unit.constant(key, || value);
            return Operand::constant(at);
        }
        match expression {
            Expr::Name(name) => {
                let name = self.unit.scope.mangle(&name.id);
                match self.unit.scope.binding(&name) {
                    Binding::Local(at) => Operand::local(at),
                    Binding::Global => Operand::global(self.session.global_slot(&name)),
                    Binding::Cell(_) | Binding::Name | Binding::NameOrCell(_) => None,
                }
            }
            _ => None,
        }
    }

    /// The value of a constant expression.
    pub(super) fn constant_of(&mut self, expression: &Expr) -> Option<(ConstKey, Value)> {
        Some(match expression {
            Expr::NoneLiteral(_) => (ConstKey::None, Value::None),
            Expr::BooleanLiteral(literal) => {
                (ConstKey::Bool(literal.value), Value::Bool(literal.value))
            }
            Expr::NumberLiteral(literal) => match &literal.value {
                Number::Int(int) => {
                    if let Some(small) = int.as_i64() {
                        (ConstKey::Int(small), Value::Int(small))
                    } else {
                        let big = big_literal(&int.to_string())?;
                        (ConstKey::Big(big.to_string()), Value::big(big))
                    }
                }
                Number::Float(float) => (ConstKey::Float(float.to_bits()), Value::Float(*float)),
                Number::Complex { real, imag } => (
                    ConstKey::Complex(real.to_bits(), imag.to_bits()),
                    Complex::value(*real, *imag),
                ),
            },
            Expr::StringLiteral(literal) => {
                let text = literal.value.to_str();
                (ConstKey::Str(text.to_owned()), Value::str(text))
            }
            Expr::BytesLiteral(literal) => {
                let bytes: Vec<u8> = literal.value.bytes().collect();
                (
                    ConstKey::Bytes(bytes.clone()),
                    Value::Bytes(std::rc::Rc::new(bytes)),
                )
            }
            Expr::EllipsisLiteral(_) => (ConstKey::Ellipsis, self.session.ellipsis()),
            Expr::UnaryOp(unary) if unary.op == AstUnaryOp::USub => {
                match self.constant_of(&unary.operand)? {
                    (ConstKey::Int(number), _) => {
                        let negative = number.checked_neg()?;
                        (ConstKey::Int(negative), Value::Int(negative))
                    }
                    (ConstKey::Float(bits), _) => {
                        let negative = -f64::from_bits(bits);
                        (ConstKey::Float(negative.to_bits()), Value::Float(negative))
                    }
                    (ConstKey::Big(text), _) => {
                        let negative = -big_literal(&text)?;
                        (ConstKey::Big(negative.to_string()), Value::big(negative))
                    }
                    _ => return None,
                }
            }
            Expr::Tuple(tuple) if !tuple.elts.is_empty() => {
                let items: Option<Vec<_>> = tuple
                    .elts
                    .iter()
                    .map(|item| self.constant_of(item))
                    .collect();
                let (keys, values) = items?.into_iter().unzip();
                (ConstKey::Tuple(keys), Value::tuple(values))
            }
            _ => return None,
        })
    }

    /// Compute what is no name and no constant, into `to`.
    fn compute(&mut self, expression: &'a Expr, to: Operand) -> Compiled {
        self.at(expression, |this| this.compute_here(expression, to))
    }

    fn compute_here(&mut self, expression: &'a Expr, to: Operand) -> Compiled {
        // Those that know where to put their result.
        match expression {
            Expr::BinOp(binary) => {
                let (a, b) = self.operands(&binary.left, &binary.right)?;
                let op = binary_op(binary.op);
                self.emit(Instr::Binary { op, a, b, to });
                return Ok(());
            }
            Expr::Compare(compare) if compare.ops.len() == 1 => {
                if let Some(op) = compare_op(compare.ops[0]) {
                    let (a, b) = self.operands(&compare.left, &compare.comparators[0])?;
                    self.emit(Instr::Compare { op, a, b, to });
                    return Ok(());
                }
            }
            Expr::Attribute(attribute) => {
                let object = self.operand(&attribute.value)?;
                let site = self.unit.site(&attribute.attr);
                let Ok(site) = u16::try_from(site) else {
                    return Self::unsupported("so many attributes in one block", expression);
                };
                self.emit(Instr::LoadAttr { object, site, to });
                return Ok(());
            }
            Expr::Subscript(subscript) => {
                let (object, key) = self.subscript(subscript)?;
                self.emit(Instr::GetItem { object, key, to });
                return Ok(());
            }
            Expr::FString(string) => return self.f_string(string, to),
            _ => {}
        }
        self.compute_on_stack(expression)?;
        if to != Operand::STACK {
            self.emit(Instr::Store(to));
        }
        Ok(())
    }

    fn subscript(&mut self, subscript: &'a ExprSubscript) -> Compiled<(Operand, Operand)> {
        if let Expr::Slice(_) = &*subscript.slice {
            self.push(&subscript.value)?;
            self.push(&subscript.slice)?;
            return Ok((Operand::STACK, Operand::STACK));
        }
        self.operands(&subscript.value, &subscript.slice)
    }

    fn compute_on_stack(&mut self, expression: &'a Expr) -> Compiled {
        match expression {
            Expr::Name(name) => {
                let name = self.unit.scope.mangle(&name.id);
                self.load_name(&name);
                Ok(())
            }
            Expr::BoolOp(operation) => self.bool_op(operation),
            Expr::Named(named) => {
                self.push(&named.value)?;
                self.emit(Instr::Dup);
                self.assign(&named.target)
            }
            Expr::UnaryOp(unary) => {
                let a = self.operand(&unary.operand)?;
                self.emit(match unary.op {
                    AstUnaryOp::Not => Instr::Not(a),
                    AstUnaryOp::USub => Instr::Unary {
                        op: UnaryOp::Neg,
                        a,
                    },
                    AstUnaryOp::UAdd => Instr::Unary {
                        op: UnaryOp::Pos,
                        a,
                    },
                    AstUnaryOp::Invert => Instr::Unary {
                        op: UnaryOp::Invert,
                        a,
                    },
                });
                Ok(())
            }
            Expr::Lambda(lambda) => self.lambda(lambda),
            Expr::If(condition) => {
                let (otherwise, end) = (self.unit.label(), self.unit.label());
                self.jump_if(&condition.test, false, otherwise)?;
                self.push(&condition.body)?;
                self.emit(Instr::Jump(end.id()));
                self.unit.put(otherwise);
                self.push(&condition.orelse)?;
                self.unit.put(end);
                Ok(())
            }
            Expr::Compare(compare) => self.compare(compare),
            Expr::Call(call) => self.call(call),
            Expr::Tuple(tuple) => self.display(&tuple.elts, Display::Tuple),
            Expr::List(list) => self.display(&list.elts, Display::List),
            Expr::Set(set) => self.display(&set.elts, Display::Set),
            Expr::Dict(dict) => self.dict(dict),
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => {
                self.comprehension(expression)
            }
            Expr::Slice(slice) => {
                for bound in [&slice.lower, &slice.upper] {
                    self.push_or_none(bound.as_deref())?;
                }
                if let Some(step) = &slice.step {
                    self.push(step)?;
                }
                self.emit(Instr::BuildSlice {
                    step: slice.step.is_some(),
                });
                Ok(())
            }
            Expr::Yield(inner) => {
                self.push_or_none(inner.value.as_deref())?;
                self.emit(Instr::Yield);
                Ok(())
            }
            Expr::YieldFrom(inner) => {
                let source = self.operand(&inner.value)?;
                self.emit(Instr::GetIter(source));
                self.push_const(ConstKey::None, || Value::None);
                self.emit(Instr::YieldFrom);
                Ok(())
            }
            Expr::Starred(starred) => {
                Err(Problem::new("can't use starred expression here", starred))
            }
            Expr::Await(inner) => Self::unsupported("'await'", inner),
            Expr::TString(inner) => Self::unsupported("template strings", inner),
            Expr::IpyEscapeCommand(inner) => Err(Problem::new("invalid syntax", inner)),
            Expr::NoneLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::EllipsisLiteral(_) => {
                if let Some((key, value)) = self.constant_of(expression) {
                    self.push_const(key, || value);
                }
                Ok(())
            }
            Expr::BinOp(_) | Expr::Attribute(_) | Expr::Subscript(_) | Expr::FString(_) => {
                self.compute_here(expression, Operand::STACK)
            }
        }
    }

    pub(super) fn push_or_none(&mut self, expression: Option<&'a Expr>) -> Compiled {
        if let Some(expression) = expression {
            self.push(expression)
        } else {
            self.push_const(ConstKey::None, || Value::None);
            Ok(())
        }
    }

    /// Push the value of a mangled name.
    pub(super) fn load_name(&mut self, name: &str) {
        match self.unit.scope.binding(name) {
            Binding::Local(at) => self.emit(Instr::PushLocal(at)),
            Binding::Global => {
                let slot = self.session.global_slot(name);
                self.emit(Instr::PushGlobal(slot));
            }
            Binding::Cell(at) => self.emit(Instr::LoadCell(at)),
            Binding::Name => {
                let at = self.unit.name_index(name);
                self.emit(Instr::LoadName(at));
            }
            Binding::NameOrCell(cell) => {
                let at = self.unit.name_index(name);
                match u16::try_from(cell) {
                    Ok(cell) => self.emit(Instr::LoadClassCell { cell, name: at }),
                    Err(_) => self.emit(Instr::LoadCell(cell)),
                }
            }
        }
    }

    fn bool_op(&mut self, operation: &'a ruff_python_ast::ExprBoolOp) -> Compiled {
        let end = self.unit.label();
        let last = operation.values.len().saturating_sub(1);
        for (at, value) in operation.values.iter().enumerate() {
            self.push(value)?;
            if at < last {
                self.emit(match operation.op {
                    BoolOp::And => Instr::JumpIfFalseOrPop(end.id()),
                    BoolOp::Or => Instr::JumpIfTrueOrPop(end.id()),
                });
            }
        }
        self.unit.put(end);
        Ok(())
    }

    fn compare(&mut self, compare: &'a ExprCompare) -> Compiled {
        if let ([op], [right]) = (&*compare.ops, &*compare.comparators) {
            let (a, b) = self.operands(&compare.left, right)?;
            self.compare_one(*op, a, b);
            return Ok(());
        }
        let (fail, end) = (self.unit.label(), self.unit.label());
        self.push(&compare.left)?;
        let last = compare.ops.len().saturating_sub(1);
        for (at, (op, right)) in compare.ops.iter().zip(&compare.comparators).enumerate() {
            self.push(right)?;
            if at < last {
                self.emit(Instr::Dup);
                self.emit(Instr::Rot3);
                self.compare_one(*op, Operand::STACK, Operand::STACK);
                self.emit(Instr::JumpIfFalseOrPop(fail.id()));
            } else {
                self.compare_one(*op, Operand::STACK, Operand::STACK);
            }
        }
        self.emit(Instr::Jump(end.id()));
        self.unit.put(fail);
        self.emit(Instr::Swap);
        self.emit(Instr::Pop);
        self.unit.put(end);
        Ok(())
    }

    fn compare_one(&mut self, op: CmpOp, a: Operand, b: Operand) {
        let to = Operand::STACK;
        self.emit(match (compare_op(op), op) {
            (Some(op), _) => Instr::Compare { op, a, b, to },
            (None, CmpOp::Is | CmpOp::IsNot) => Instr::Is {
                a,
                b,
                negate: op == CmpOp::IsNot,
            },
            (None, _) => Instr::In {
                a,
                b,
                negate: op == CmpOp::NotIn,
            },
        });
    }

    /// Jump to `target` where the truth of `test` is `sense`.
    pub(super) fn jump_if(&mut self, test: &'a Expr, sense: bool, target: Label) -> Compiled {
        match test {
            Expr::UnaryOp(unary) if unary.op == AstUnaryOp::Not => {
                return self.jump_if(&unary.operand, !sense, target);
            }
            Expr::BoolOp(operation) => {
                // `and` is decided by a false part, `or` by a true one.
                let decides = operation.op == BoolOp::Or;
                let Some((last, first)) = operation.values.split_last() else {
                    return Ok(());
                };
                if decides == sense {
                    for value in first {
                        self.jump_if(value, sense, target)?;
                    }
                    return self.jump_if(last, sense, target);
                }
                let end = self.unit.label();
                for value in first {
                    self.jump_if(value, decides, end)?;
                }
                self.jump_if(last, sense, target)?;
                self.unit.put(end);
                return Ok(());
            }
            Expr::Compare(compare) if compare.ops.len() == 1 => {
                if let Some(op) = compare_op(compare.ops[0]) {
                    let (a, b) = self.operands(&compare.left, &compare.comparators[0])?;
                    self.at(test, |this| {
                        this.emit(Instr::CompareJump { op, a, b, sense });
                        this.emit(Instr::Jump(target.id()));
                    });
                    return Ok(());
                }
            }
            _ => {}
        }
        let a = self.operand(test)?;
        let target = target.id();
        self.at(test, |this| {
            this.emit(if sense {
                Instr::JumpIfTrue { a, target }
            } else {
                Instr::JumpIfFalse { a, target }
            });
        });
        Ok(())
    }

    fn display(&mut self, items: &'a [Expr], kind: Display) -> Compiled {
        let plain = items
            .iter()
            .position(|item| matches!(item, Expr::Starred(_)))
            .unwrap_or(items.len());
        for item in &items[..plain] {
            self.push(item)?;
        }
        let count = u32::try_from(plain).unwrap_or(u32::MAX);
        if plain == items.len() {
            self.emit(match kind {
                Display::Tuple => Instr::BuildTuple(count),
                Display::List => Instr::BuildList(count),
                Display::Set => Instr::BuildSet(count),
            });
            return Ok(());
        }
        self.emit(match kind {
            Display::Tuple | Display::List => Instr::BuildList(count),
            Display::Set => Instr::BuildSet(count),
        });
        for item in &items[plain..] {
            if let Expr::Starred(starred) = item {
                self.push(&starred.value)?;
                self.emit(match kind {
                    Display::Set => Instr::SetUpdate,
                    _ => Instr::ListExtend { call: false },
                });
            } else {
                self.push(item)?;
                self.emit(match kind {
                    Display::Set => Instr::SetAdd,
                    _ => Instr::ListAppend,
                });
            }
        }
        if let Display::Tuple = kind {
            self.emit(Instr::ListToTuple);
        }
        Ok(())
    }

    /// A dict display; all its keys literal texts, its dicts share them.
    fn dict(&mut self, dict: &'a ruff_python_ast::ExprDict) -> Compiled {
        let literal = |item: &DictItem| match &item.key {
            Some(Expr::StringLiteral(key)) => Some(Str::new(key.value.to_str())),
            _ => None,
        };
        let keys: Option<Vec<Str>> = dict.items.iter().map(literal).collect();
        if let Some(shape) = keys
            .filter(|keys| !keys.is_empty())
            .and_then(DictShape::new)
        {
            for item in &dict.items {
                self.push(&item.value)?;
            }
            let shape = self.unit.shape(shape);
            self.emit(Instr::BuildRecord(shape));
            return Ok(());
        }
        let plain = dict
            .items
            .iter()
            .position(|item| item.key.is_none())
            .unwrap_or(dict.items.len());
        for item in &dict.items[..plain] {
            if let Some(key) = &item.key {
                self.push(key)?;
            }
            self.push(&item.value)?;
        }
        self.emit(Instr::BuildDict(u32::try_from(plain).unwrap_or(u32::MAX)));
        for item in &dict.items[plain..] {
            if let Some(key) = &item.key {
                self.push(key)?;
                self.push(&item.value)?;
                self.emit(Instr::DictSet);
            } else {
                self.push(&item.value)?;
                self.emit(Instr::DictUpdate);
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Display {
    Tuple,
    List,
    Set,
}

/// An `int` literal beyond 64 bits, in any base.
fn big_literal(text: &str) -> Option<BigInt> {
    let text = text.replace('_', "");
    let lower = text.to_ascii_lowercase();
    let (digits, base) = match lower.get(..2) {
        Some("0x") => (&lower[2..], 16),
        Some("0o") => (&lower[2..], 8),
        Some("0b") => (&lower[2..], 2),
        _ => (lower.as_str(), 10),
    };
    BigInt::parse_bytes(digits.as_bytes(), base)
}
