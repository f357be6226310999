//! `Cx`: what a native function may reach of the session it runs in; a cheap handle.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustc_hash::FxHashMap;

use super::exceptions::{KEYBOARD_INTERRUPT, RECURSION_ERROR};
use super::{Args, Raised, Result, Span, TypeSpec, Value, attribute, ops};
use crate::util::Compat;

/// What RecursionError says.
const TOO_DEEP: &str = "maximum recursion depth exceeded";

/// How deep calls may nest, as CPython's default.
const RECURSION_LIMIT: u32 = 1000;

/// Where what a script prints, displays and warns goes; the shell's.
pub trait Console {
    /// Text that `print()` writes.
    fn write(&self, text: &str);
    /// Text for standard error.
    fn write_error(&self, text: &str);
    /// The value of an expression statement (never `None`).
    fn display(&self, value: &Value, cx: &Cx) -> Result<()>;
    /// A Python warning.
    fn warn(&self, category: &'static TypeSpec, message: &str);
}

/// The session's context.
#[derive(Clone)]
pub struct Cx(Rc<Inner>);

struct Inner {
    console: RefCell<Rc<dyn Console>>,
    compat: Cell<Option<Compat>>,
    assumed: Cell<Compat>,
    depth: Cell<u32>,
    ticks: Cell<u32>,
    interrupt: Arc<AtomicBool>,
    services: RefCell<FxHashMap<TypeId, Rc<dyn Any>>>,
    position: Cell<Span>,
}

thread_local! {
    static CURRENT: RefCell<Option<Cx>> = const { RefCell::new(None) };
}

impl Cx {
    /// A context whose output goes to `console`; it becomes the thread's current one.
    pub fn new(console: Rc<dyn Console>, interrupt: Arc<AtomicBool>) -> Self {
        let cx = Self(Rc::new(Inner {
            console: RefCell::new(console),
            compat: Cell::new(None),
            assumed: Cell::new(Compat::V20),
            depth: Cell::new(0),
            ticks: Cell::new(0),
            interrupt,
            services: RefCell::default(),
            position: Cell::default(),
        }));
        CURRENT.set(Some(cx.clone()));
        cx
    }
    /// The thread's context: for the few places, key equality for one, that are handed none.
    pub fn current() -> Self {
        CURRENT
            .with_borrow(Clone::clone)
            .expect("a context is made before any value")
    }

    /// Which SQLAlchemy to behave as.
    pub fn compat(&self) -> Compat {
        self.0.compat.get().unwrap_or(self.0.assumed.get())
    }
    /// Whether `compat` is settled, by a flag or by the first engine.
    pub fn compat_is_settled(&self) -> bool {
        self.0.compat.get().is_some()
    }
    /// Settle `compat`.
    pub fn settle_compat(&self, compat: Compat) {
        self.0.compat.set(Some(compat));
    }
    /// What `compat` is taken to be until it is settled.
    pub fn assume_compat(&self, compat: Compat) {
        self.0.assumed.set(compat);
    }

    /// The shell's console.
    pub fn console(&self) -> Rc<dyn Console> {
        self.0.console.borrow().clone()
    }
    /// Write as `print()` does.
    pub fn write(&self, text: &str) {
        self.console().write(text);
    }
    /// Issue a Python warning.
    pub fn warn(&self, category: &'static TypeSpec, message: &str) {
        self.console().warn(category, message);
    }

    /// What a layer keeps in the session: made at the first use.
    pub fn service<T: Default + 'static>(&self) -> Rc<T> {
        let known = self.0.services.borrow().get(&TypeId::of::<T>()).cloned();
        let service = known.unwrap_or_else(|| {
            let made: Rc<dyn Any> = Rc::new(T::default());
            self.0
                .services
                .borrow_mut()
                .insert(TypeId::of::<T>(), made.clone());
            made
        });
        service
            .downcast()
            .expect("a service is kept under its own type")
    }

    /// The flag that Ctrl-C sets.
    pub fn interrupt_flag(&self) -> Arc<AtomicBool> {
        self.0.interrupt.clone()
    }
    /// KeyboardInterrupt where Ctrl-C was pressed since the last check.
    pub fn check_interrupt(&self) -> Result<()> {
        if self.0.interrupt.load(Ordering::Relaxed) {
            self.0.interrupt.store(false, Ordering::Relaxed);
            return Err(Raised::new(&KEYBOARD_INTERRUPT, Vec::new()));
        }
        Ok(())
    }
    /// Called by loops that no code of a script interrupts: looks for Ctrl-C now and then.
    pub fn tick(&self) -> Result<()> {
        let ticks = self.0.ticks.get().wrapping_add(1);
        self.0.ticks.set(ticks);
        if ticks.is_multiple_of(0x1000) {
            self.check_interrupt()?;
        }
        Ok(())
    }
    /// Go one call deeper; RecursionError at the limit. The guard comes back up.
    pub fn enter(&self) -> Result<DepthGuard> {
        let depth = self.0.depth.get();
        if depth >= RECURSION_LIMIT {
            return Err(RECURSION_ERROR.error(TOO_DEEP));
        }
        self.0.depth.set(depth + 1);
        Ok(DepthGuard(self.clone()))
    }
    /// The same, where the error says what was under way, ` in comparison` for one.
    pub fn enter_while(&self, doing: &str) -> Result<DepthGuard> {
        self.enter()
            .map_err(|_| RECURSION_ERROR.error(format!("{TOO_DEEP}{doing}")))
    }
    /// The statement being run, for events that say where they come from.
    pub fn position(&self) -> Span {
        self.0.position.get()
    }
    /// Note the statement being run.
    pub fn set_position(&self, span: Span) {
        self.0.position.set(span);
    }

    /// Call `function`.
    pub fn call(&self, function: &Value, args: impl Into<Args>) -> Result<Value> {
        attribute::call(function, args.into(), self)
    }
    /// Call a method by name.
    pub fn call_method(&self, this: &Value, name: &str, args: impl Into<Args>) -> Result<Value> {
        attribute::call_method(this, name, args.into(), self)
    }
    /// `getattr(value, name)`.
    pub fn get_attr(&self, value: &Value, name: &str) -> Result<Value> {
        attribute::get_attr(value, name, self)
    }
    /// `setattr(value, name, new)`.
    pub fn set_attr(&self, value: &Value, name: &str, new: Value) -> Result<()> {
        attribute::set_attr(value, name, new, self)
    }
    /// `repr(value)`.
    pub fn repr(&self, value: &Value) -> Result<String> {
        ops::repr(value, self)
    }
    /// `str(value)`.
    pub fn str(&self, value: &Value) -> Result<String> {
        ops::str(value, self)
    }
    /// `bool(value)`.
    pub fn truthy(&self, value: &Value) -> Result<bool> {
        ops::truthy(value, self)
    }
    /// All that iterating `value` yields.
    pub fn collect(&self, value: &Value) -> Result<Vec<Value>> {
        ops::collect(value, self)
    }
    /// `a == b` as a condition.
    pub fn eq(&self, a: &Value, b: &Value) -> Result<bool> {
        ops::rich_eq(a, b, self)
    }
}

/// Comes back up from [`Cx::enter`] when dropped.
pub struct DepthGuard(Cx);

impl Drop for DepthGuard {
    fn drop(&mut self) {
        self.0.0.depth.set(self.0.0.depth.get().saturating_sub(1));
    }
}
