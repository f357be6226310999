//! A code object under construction: instructions, labels, constants, open handlers.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::code::{AttrCache, AttrSite, Capture, Code, CodeKind, Handler, Instr, Params};
use super::scope::Scope;
use crate::object::{DictShape, Str, Value};

/// A place to jump to, known once it is put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Label(u32);

impl Label {
    /// What instructions carry until the code is finished.
    pub fn id(self) -> u32 {
        self.0
    }
}

/// What tells constants apart.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum ConstKey {
    None,
    Bool(bool),
    Int(i64),
    Float(u64),
    Complex(u64, u64),
    Big(String),
    Str(String),
    Bytes(Vec<u8>),
    Tuple(Vec<Self>),
    Names(Vec<Str>),
    Ellipsis,
}

/// An open handler: raised exceptions go to `target`.
#[derive(Clone, Copy)]
pub(super) struct Region {
    pub start: u32,
    pub target: Label,
    pub depth: u32,
    pub iterators: u32,
    pub handled: u32,
}

/// What surrounds a statement, and must be left in order by `return`, `break`, `continue`.
#[derive(Clone, Copy)]
pub(super) enum Block<'a> {
    Loop {
        is_for: bool,
        head: Label,
        end: Label,
    },
    /// The body of a `try` with handlers.
    Try(Region),
    /// The body of a `try` with `finally`.
    Finally {
        region: Region,
        body: &'a [ruff_python_ast::Stmt],
    },
    /// The body of a `with`, its exit on the stack.
    With(Region),
    /// An `except` body, with the name to unbind.
    Handler {
        region: Option<Region>,
        name: Option<&'a str>,
    },
    /// A `finally` body that an exception led to.
    Cleanup,
    /// The subject of a `match` on the stack.
    Subject,
}

impl Block<'_> {
    /// The handler that is open in this block.
    pub fn region(&mut self) -> Option<&mut Region> {
        match self {
            Self::Try(region) | Self::Finally { region, .. } | Self::With(region) => Some(region),
            Self::Handler { region, .. } => region.as_mut(),
            Self::Loop { .. } | Self::Cleanup | Self::Subject => None,
        }
    }
}

/// A code object under construction.
pub(super) struct Unit<'a> {
    pub scope: &'a Scope,
    pub kind: CodeKind,
    pub name: Str,
    pub qualname: Str,
    pub params: Params,
    pub doc: Option<Str>,
    pub instrs: Vec<Instr>,
    spans: Vec<(u32, u32)>,
    /// The place of what is being compiled.
    pub span: (u32, u32),
    consts: Vec<Value>,
    const_index: FxHashMap<ConstKey, u32>,
    names: Vec<Str>,
    name_index: FxHashMap<Str, u32>,
    sites: Vec<AttrSite>,
    codes: Vec<Rc<Code>>,
    shapes: Vec<Rc<DictShape>>,
    handlers: Vec<Handler>,
    labels: Vec<Option<u32>>,
    pub blocks: Vec<Block<'a>>,
    pub captures: Vec<Capture>,
    pub extra_locals: u32,
    /// How much each stack holds between the parts of a statement.
    pub depth: u32,
    pub iterators: u32,
    pub handled: u32,
}

fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl<'a> Unit<'a> {
    pub fn new(scope: &'a Scope, kind: CodeKind, name: Str, qualname: Str) -> Self {
        Self {
            scope,
            kind,
            name,
            qualname,
            params: Params::default(),
            doc: None,
            instrs: Vec::new(),
            spans: Vec::new(),
            span: (0, 0),
            consts: Vec::new(),
            const_index: FxHashMap::default(),
            names: Vec::new(),
            name_index: FxHashMap::default(),
            sites: Vec::new(),
            codes: Vec::new(),
            shapes: Vec::new(),
            handlers: Vec::new(),
            labels: Vec::new(),
            blocks: Vec::new(),
            captures: Vec::new(),
            extra_locals: 0,
            depth: 0,
            iterators: 0,
            handled: 0,
        }
    }

    /// Append an instruction.
    pub fn emit(&mut self, instr: Instr) {
        self.instrs.push(instr);
        self.spans.push(self.span);
    }
    /// Where the next instruction stands.
    pub fn here(&self) -> u32 {
        index(self.instrs.len())
    }
    /// A label, not yet put.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(index(self.labels.len() - 1))
    }
    /// Put `label` here.
    pub fn put(&mut self, label: Label) {
        let here = self.here();
        if let Some(place) = self.labels.get_mut(label.0 as usize) {
            *place = Some(here);
        }
    }

    /// The index of a constant.
    pub fn constant(&mut self, key: ConstKey, value: impl FnOnce() -> Value) -> u32 {
        if let Some(known) = self.const_index.get(&key) {
            return *known;
        }
        let at = index(self.consts.len());
        self.consts.push(value());
        self.const_index.insert(key, at);
        at
    }
    /// The index of a name.
    pub fn name_index(&mut self, name: &str) -> u32 {
        if let Some(known) = self.name_index.get(name) {
            return *known;
        }
        let at = index(self.names.len());
        let name = Str::new(name);
        self.names.push(name.clone());
        self.name_index.insert(name, at);
        at
    }
    /// A new attribute access.
    pub fn site(&mut self, name: &str) -> u32 {
        self.sites.push(AttrSite {
            name: self.scope.mangle(name),
            cache: RefCell::new(AttrCache::Empty),
        });
        index(self.sites.len() - 1)
    }
    /// Keep the shape of a dict display.
    pub fn shape(&mut self, shape: Rc<DictShape>) -> u32 {
        self.shapes.push(shape);
        index(self.shapes.len() - 1)
    }
    /// Keep the code of an inner block.
    pub fn code(&mut self, code: Rc<Code>) -> u32 {
        self.codes.push(code);
        index(self.codes.len() - 1)
    }

    /// Start a region whose exceptions go to `target`.
    pub fn open(&mut self, target: Label) -> Region {
        Region {
            start: self.here(),
            target,
            depth: self.depth,
            iterators: self.iterators,
            handled: self.handled,
        }
    }
    /// End a region here.
    pub fn close(&mut self, region: &Region) {
        let end = self.here();
        if end > region.start {
            self.handlers.push(Handler {
                start: region.start,
                end,
                target: region.target.0,
                depth: region.depth,
                iterators: region.iterators,
                handled: region.handled,
            });
        }
    }

    fn resolve(&self, label: u32) -> u32 {
        self.labels
            .get(label as usize)
            .copied()
            .flatten()
            .unwrap_or_else(|| index(self.instrs.len()))
    }

    /// The finished code.
    pub fn finish(mut self, source: u32) -> Rc<Code> {
        let mut instrs = std::mem::take(&mut self.instrs);
        for instr in &mut instrs {
            match instr {
                Instr::Jump(target)
                | Instr::Loop(target)
                | Instr::JumpIfFalse { target, .. }
                | Instr::JumpIfTrue { target, .. }
                | Instr::JumpIfFalseOrPop(target)
                | Instr::JumpIfTrueOrPop(target)
                | Instr::ForIter { exit: target, .. } => *target = self.resolve(*target),
                _ => {}
            }
        }
        let mut handlers = std::mem::take(&mut self.handlers);
        for handler in &mut handlers {
            handler.target = self.resolve(handler.target);
        }
        let scope = self.scope;
        let cell_params = (0..self.params.count())
            .filter_map(|at| Some((index(at), scope.cell(scope.locals.get(at)?)?)))
            .collect();
        let mut locals = scope.locals.clone();
        locals.extend((0..self.extra_locals).map(|_| Str::new("")));
        Rc::new(Code {
            name: self.name,
            qualname: self.qualname,
            kind: self.kind,
            source,
            instrs,
            spans: self.spans,
            consts: self.consts,
            names: self.names,
            sites: self.sites,
            codes: self.codes,
            shapes: self.shapes,
            handlers,
            locals,
            cells: scope.cells.clone(),
            own_cells: scope.own_cells,
            captures: self.captures,
            cell_params,
            params: self.params,
            doc: self.doc,
        })
    }
}
