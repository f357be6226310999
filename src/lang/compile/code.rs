//! Code objects: instructions over operands, with constants, names, handlers and source spans.

use std::cell::RefCell;
use std::rc::Rc;

use crate::object::{BinaryOp, CompareOp, DictShape, Span, Str, UnaryOp, Value};

/// Where an instruction takes a value from or puts it: two bits of kind, fourteen of index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::lang) struct Operand(u16);

/// An operand, taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::lang) enum Place {
    /// The top of the stack: popped where read, pushed where written.
    Stack,
    /// A local variable.
    Local(usize),
    /// A constant.
    Const(usize),
    /// A global variable.
    Global(usize),
}

impl Operand {
    /// The top of the stack.
    pub const STACK: Self = Self(0);
    const LIMIT: u32 = 1 << 14;

    /// The operand of `kind` (1 local, 2 constant, 3 global); `None` where the index is too big.
    fn new(kind: u16, index: u32) -> Option<Self> {
        let small = u16::try_from(index).ok().filter(|_| index < Self::LIMIT)?;
        Some(Self(kind << 14 | small))
    }
    /// A local variable.
    pub fn local(index: u32) -> Option<Self> {
        Self::new(1, index)
    }
    /// A constant.
    pub fn constant(index: u32) -> Option<Self> {
        Self::new(2, index)
    }
    /// A global variable.
    pub fn global(index: u32) -> Option<Self> {
        Self::new(3, index)
    }
    /// Taken apart.
    #[inline]
    pub fn place(self) -> Place {
        let index = usize::from(self.0 & 0x3fff);
        match self.0 >> 14 {
            0 => Place::Stack,
            1 => Place::Local(index),
            2 => Place::Const(index),
            _ => Place::Global(index),
        }
    }
}

/// How a value enters an f-string.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::lang) enum Conversion {
    None,
    Str,
    Repr,
    Ascii,
}

/// What a `match` pattern asks of the subject on top of the stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::lang) enum PatternTest {
    /// It is a sequence of so many items, or with a star at least so many.
    Sequence { length: u16, star: bool },
    /// It is a mapping.
    Mapping,
}

/// What is on the stack for a `def`, each a value: bottom first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::lang) struct FunctionParts {
    /// A tuple of defaults.
    pub defaults: bool,
    /// A dict of the defaults of keyword-only parameters.
    pub keyword_defaults: bool,
    /// A dict of annotations.
    pub annotations: bool,
}

/// An instruction, eight bytes.
#[derive(Clone, Copy, Debug)]
pub(in crate::lang) enum Instr {
    Push(Operand),
    PushLocal(u32),
    PushConst(u32),
    PushGlobal(u32),
    Pop,
    Dup,
    /// Copy the two values on top.
    Dup2,
    Swap,
    /// Move the top below the two under it.
    Rot3,
    /// Pop into a local or global.
    Store(Operand),
    StoreLocal(u32),
    StoreGlobal(u32),
    Move {
        from: Operand,
        to: Operand,
    },
    DeleteLocal(u32),
    DeleteGlobal(u32),
    LoadName(u32),
    StoreName(u32),
    DeleteName(u32),
    LoadCell(u32),
    StoreCell(u32),
    DeleteCell(u32),
    /// A free variable read in a class body: its namespace comes first.
    LoadClassCell {
        cell: u16,
        name: u32,
    },

    Binary {
        op: BinaryOp,
        a: Operand,
        b: Operand,
        to: Operand,
    },
    InPlace {
        op: BinaryOp,
        a: Operand,
        b: Operand,
        to: Operand,
    },
    Unary {
        op: UnaryOp,
        a: Operand,
    },
    Not(Operand),
    Compare {
        op: CompareOp,
        a: Operand,
        b: Operand,
        to: Operand,
    },
    /// Compare; where the truth is `sense`, take the jump that follows, else pass it by.
    CompareJump {
        op: CompareOp,
        a: Operand,
        b: Operand,
        sense: bool,
    },
    Is {
        a: Operand,
        b: Operand,
        negate: bool,
    },
    In {
        a: Operand,
        b: Operand,
        negate: bool,
    },

    Jump(u32),
    /// A jump back to the head of a loop: where Ctrl-C is heard.
    Loop(u32),
    JumpIfFalse {
        a: Operand,
        target: u32,
    },
    JumpIfTrue {
        a: Operand,
        target: u32,
    },
    /// Jump where the top is false and keep it, else pop it.
    JumpIfFalseOrPop(u32),
    JumpIfTrueOrPop(u32),

    GetIter(Operand),
    ForIter {
        to: Operand,
        exit: u32,
    },
    PopIter,

    Call(u32),
    /// The last arguments are keywords; their names are a constant tuple.
    CallKeywords {
        count: u16,
        names: u32,
    },
    /// Callee, list of arguments, and where `keywords` a dict.
    CallUnpacked {
        keywords: bool,
    },
    LoadMethod {
        object: Operand,
        site: u32,
    },
    CallMethod(u32),
    CallMethodKeywords {
        count: u16,
        names: u32,
    },
    LoadAttr {
        object: Operand,
        site: u16,
        to: Operand,
    },
    /// Pops the object, then the value.
    StoreAttr(u32),
    DeleteAttr(u32),
    GetItem {
        object: Operand,
        key: Operand,
        to: Operand,
    },
    /// Pops key, object, value.
    SetItem,
    DeleteItem,
    /// Start, stop, step, of which the last only where `step`.
    BuildSlice {
        step: bool,
    },

    BuildTuple(u32),
    BuildList(u32),
    BuildSet(u32),
    /// So many pairs.
    BuildDict(u32),
    /// As many values as the shape has keys.
    BuildRecord(u32),
    /// Pop and append to the list under it.
    ListAppend,
    /// With `call` it is `*iterable` of a call, whose callee lies below the list.
    ListExtend {
        call: bool,
    },
    SetAdd,
    SetUpdate,
    DictSet,
    DictUpdate,
    /// `**mapping` of a call: a repeated keyword is an error.
    DictMerge {
        call: bool,
    },
    ListToTuple,
    Unpack(u32),
    UnpackStar {
        before: u16,
        after: u16,
    },

    FStringStart,
    FStringText(u32),
    FStringValue {
        a: Operand,
        conversion: Conversion,
        spec: bool,
    },
    FStringEnd(Operand),

    MakeFunction {
        code: u32,
        parts: FunctionParts,
    },
    /// Run the code of a comprehension over the innermost iterator.
    Comprehension(u32),
    /// Make the generator of a generator expression over the innermost iterator.
    GeneratorExpression(u32),
    /// Pops the keywords dict and the bases tuple.
    BuildClass(u32),
    Return(Operand),
    Yield,
    /// Yield all of the innermost iterator; what is sent goes to it.
    YieldFrom,

    Raise,
    RaiseFrom,
    /// Raise again what is being handled.
    RaiseHandled,
    /// The end of a handler that did not match: stop handling, raise on.
    Reraise,
    /// Push the exception being handled.
    PushHandledValue,
    PopHandled,
    /// Pops an exception class or tuple of such.
    MatchException,
    RaiseAssertion {
        message: bool,
    },
    EnterWith,
    ExitWith,
    /// Tells the manager of the exception being handled; pushes whether it is swallowed.
    ExitWithException,

    Import {
        name: u32,
        /// Bind the first part, as `import a.b` does.
        top: bool,
    },
    /// Keeps the module, pushes the attribute.
    ImportFrom(u32),
    ImportStar,
    Display,
    /// Make sure there is an `__annotations__`.
    SetupAnnotations,
    /// Pops the annotation.
    StoreAnnotation(u32),

    TestPattern(PatternTest),
    /// Pops a tuple of keys; with all there pushes the tuple of values, else None.
    MatchKeys,
    /// Pops a tuple of keys; pushes a dict of the rest.
    MatchRest,
    /// Pops a tuple of names and the class, keeps nothing else; pushes tuple or None.
    MatchClass(u32),
}

/// Where an exception goes that is raised between `start` and `end`.
#[derive(Clone, Copy, Debug)]
pub(in crate::lang) struct Handler {
    pub start: u32,
    pub end: u32,
    pub target: u32,
    /// How much of each stack is kept.
    pub depth: u32,
    pub iterators: u32,
    pub handled: u32,
}

/// What an attribute access remembers of the last class it saw.
#[derive(Clone, Default)]
pub(in crate::lang) enum AttrCache {
    #[default]
    Empty,
    /// A mapped attribute, in a slot of the instance.
    Slot {
        version: u64,
        class: usize,
        slot: u32,
    },
    /// Nothing of that name in the class: the instance's dict has it.
    Plain { version: u64, class: usize },
    /// What a class that was itself asked has under the name.
    Own {
        version: u64,
        class: usize,
        found: Value,
    },
    /// A function of the class.
    Method {
        version: u64,
        class: usize,
        function: Value,
    },
}

/// An attribute access.
pub(in crate::lang) struct AttrSite {
    pub name: Str,
    pub cache: RefCell<AttrCache>,
}

/// A variable captured when a function is made.
#[derive(Clone, Copy, Debug)]
pub(in crate::lang) struct Capture {
    /// Its index among the cells of the enclosing code.
    pub outer: u32,
}

/// The parameters of a function; they are its first locals, in this order.
#[derive(Default)]
pub(in crate::lang) struct Params {
    pub positional_only: usize,
    /// Positional ones, the positional-only included.
    pub positional: usize,
    pub keyword_only: usize,
    pub rest: bool,
    pub keyword_rest: bool,
}

impl Params {
    /// How many locals they take.
    pub fn count(&self) -> usize {
        self.positional
            + self.keyword_only
            + usize::from(self.rest)
            + usize::from(self.keyword_rest)
    }
}

/// What kind of block a code is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::lang) enum CodeKind {
    /// A top-level statement.
    Module,
    Class,
    Function,
    Generator,
}

/// A compiled block.
pub(in crate::lang) struct Code {
    pub name: Str,
    pub qualname: Str,
    pub kind: CodeKind,
    pub source: u32,
    pub instrs: Vec<Instr>,
    /// The place of each instruction.
    pub spans: Vec<(u32, u32)>,
    pub consts: Vec<Value>,
    pub names: Vec<Str>,
    pub sites: Vec<AttrSite>,
    pub codes: Vec<Rc<Code>>,
    pub shapes: Vec<Rc<DictShape>>,
    pub handlers: Vec<Handler>,
    pub locals: Vec<Str>,
    /// The names of the cells: own ones, then free ones.
    pub cells: Vec<Str>,
    pub own_cells: usize,
    /// Free variables, from the cells of the enclosing code.
    pub captures: Vec<Capture>,
    /// Parameters that are captured: local, cell.
    pub cell_params: Vec<(u32, u32)>,
    pub params: Params,
    pub doc: Option<Str>,
}

impl Code {
    /// The place of the instruction at `at`.
    pub fn span(&self, at: usize) -> Span {
        let (start, end) = self.spans.get(at).copied().unwrap_or_default();
        Span {
            source: self.source,
            start,
            end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_is_eight_bytes() {
        assert_eq!(size_of::<Instr>(), 8);
    }
}
