//! Classes: those of the language, which scripts define, and native ones, made from a static
//! [`TypeSpec`].

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::exceptions::TYPE_ERROR;
use super::{Args, Cx, Instance, Members, Raised, Result, SlotDescriptor, Str, Value};

/// Makes an instance of a native class: `(the class called, its arguments)`.
pub type Construct = fn(&Rc<Class>, Args, &Cx) -> Result<Value>;
/// Hears of a new subclass of a native class: `(the new class, keywords of the statement)`.
pub type InitSubclass = fn(&Rc<Class>, &[(Str, Value)], &Cx) -> Result<()>;

/// The static description of a native class; `class()` is the class itself.
pub struct TypeSpec {
    name: &'static str,
    module: &'static str,
    bases: &'static [&'static TypeSpec],
    members: Option<fn(&mut Members)>,
    construct: Option<Construct>,
    init_subclass: Option<InitSubclass>,
    covers: Option<fn(&Rc<Class>) -> bool>,
    subclassable: bool,
    instantiable: bool,
    names_module: bool,
    hidden: bool,
    doc: &'static str,
    index: OnceLock<usize>,
}

static NEXT_INDEX: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static NATIVE: RefCell<Vec<Option<Rc<Class>>>> = const { RefCell::new(Vec::new()) };
    /// Goes up with every change to any class, which empties the look-up caches.
    static VERSION: Cell<u64> = const { Cell::new(1) };
}

impl TypeSpec {
    /// A class `module.name`.
    pub const fn new(module: &'static str, name: &'static str) -> Self {
        Self {
            name,
            module,
            bases: &[],
            members: None,
            construct: None,
            init_subclass: None,
            covers: None,
            subclassable: false,
            instantiable: false,
            names_module: false,
            hidden: false,
            doc: "",
            index: OnceLock::new(),
        }
    }
    /// Its bases.
    pub const fn bases(mut self, bases: &'static [&'static TypeSpec]) -> Self {
        self.bases = bases;
        self
    }
    /// Its methods and properties.
    pub const fn members(mut self, members: fn(&mut Members)) -> Self {
        self.members = Some(members);
        self
    }
    /// What calling it does (inherited by native subclasses).
    pub const fn construct(mut self, construct: Construct) -> Self {
        self.construct = Some(construct);
        self
    }
    /// A script may subclass it.
    pub const fn subclassable(mut self) -> Self {
        self.subclassable = true;
        self
    }
    /// Calling it makes an instance, as of a class that a script defines.
    pub const fn instantiable(mut self) -> Self {
        self.instantiable = true;
        self
    }
    /// Whether calling it makes an instance though it has no constructor.
    pub fn is_instantiable(&self) -> bool {
        self.instantiable
    }
    /// A script may subclass it, and `hook` hears of that once the class body has run.
    pub const fn init_subclass(mut self, hook: InitSubclass) -> Self {
        self.init_subclass = Some(hook);
        self.subclassable = true;
        self
    }
    /// Its errors name it with its module, as those of types written in C do.
    pub const fn names_module(mut self) -> Self {
        self.names_module = true;
        self
    }
    /// It is no part of the bases and the resolution order that scripts see.
    pub const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
    /// Whether scripts do not see it among the bases of a class.
    pub fn is_hidden(&self) -> bool {
        self.hidden
    }
    /// Which classes count as its subclasses without deriving from it, as those of an ABC do.
    pub const fn covers(mut self, covers: fn(&Rc<Class>) -> bool) -> Self {
        self.covers = Some(covers);
        self
    }
    /// The test for classes that count as its subclasses.
    pub fn virtual_check(&self) -> Option<fn(&Rc<Class>) -> bool> {
        self.covers
    }
    /// What `help()` says.
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// What [`TypeSpec::doc`] said.
    pub fn doc_text(&self) -> &'static str {
        self.doc
    }

    /// The class, made at the first call.
    pub fn class(&'static self) -> Rc<Class> {
        let index = *self
            .index
            .get_or_init(|| NEXT_INDEX.fetch_add(1, Ordering::Relaxed));
        let known = NATIVE.with_borrow(|classes| classes.get(index).cloned().flatten());
        known.unwrap_or_else(|| self.make(index))
    }

    fn make(&'static self, index: usize) -> Rc<Class> {
        let mut bases: Vec<_> = self.bases.iter().map(|base| base.class()).collect();
        if bases.is_empty() && !std::ptr::eq(self, &raw const super::types::OBJECT) {
            bases.push(super::types::OBJECT.class());
        }
        let class = Class::build(
            Str::new(self.name),
            Str::new(self.module),
            bases,
            Some(self),
        );
        NATIVE.with_borrow_mut(|classes| {
            if classes.len() <= index {
                classes.resize(index + 1, None);
            }
            classes[index] = Some(class.clone());
        });
        if let Some(members) = self.members {
            let mut builder = Members::new(self.name);
            members(&mut builder);
            class.dict.borrow_mut().extend(builder.done());
        }
        class
    }

    /// The name scripts see.
    pub fn name(&self) -> &'static str {
        self.name
    }
    /// An exception of this class with one argument.
    pub fn error(&'static self, message: impl Into<String>) -> Raised {
        Raised::new(self, vec![Value::str(message.into())])
    }
}

/// What an upper layer attaches to a class: the mapper, the fields of an enum.
pub trait ClassExtension: Any {
    /// Prepare a new instance before its `__init__` runs.
    fn new_instance(&self, _instance: &Rc<Instance>, _args: &mut Args, _cx: &Cx) -> Result<()> {
        Ok(())
    }
    /// Stands in for `__init__` where the class defines none. `Ok(false)`: there is no such.
    fn default_init(&self, _instance: &Rc<Instance>, _args: &Args, _cx: &Cx) -> Result<bool> {
        Ok(false)
    }
    /// Calling the class, where that is no plain instantiation.
    fn call(&self, _class: &Rc<Class>, _args: &Args, _cx: &Cx) -> Result<Option<Value>> {
        Ok(None)
    }
    /// An attribute of the class that its namespace does not hold.
    fn get_class_attr(&self, _class: &Rc<Class>, _name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(None)
    }
    /// Assigning an attribute of the class. `Ok(false)`: store it as usual.
    fn set_class_attr(
        &self,
        _class: &Rc<Class>,
        _name: &str,
        _value: &Value,
        _cx: &Cx,
    ) -> Result<bool> {
        Ok(false)
    }
    /// Deleting an attribute of the class.
    fn delete_class_attr(&self, _class: &Rc<Class>, _name: &str, _cx: &Cx) -> Result<()> {
        Ok(())
    }
    /// `item in class`; `None`: iteration decides.
    fn class_contains(&self, _class: &Rc<Class>, _item: &Value, _cx: &Cx) -> Result<Option<bool>> {
        Ok(None)
    }
    /// A class that derives from this one was defined.
    fn init_subclass(
        &self,
        _class: &Rc<Class>,
        _keywords: &[(Str, Value)],
        _cx: &Cx,
    ) -> Result<()> {
        Ok(())
    }
    /// Iterating the class itself, as an enum allows.
    fn iterate_class(&self, _class: &Rc<Class>, _cx: &Cx) -> Result<Option<Vec<Value>>> {
        Ok(None)
    }
    /// Subscribing the class itself, as an enum or a generic allows.
    fn get_class_item(&self, _class: &Rc<Class>, _key: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(None)
    }
    /// What an instance has beside its attributes, first in its `__dict__`.
    fn instance_extras(&self, _instance: &Rc<Instance>) -> Vec<(Str, Value)> {
        Vec::new()
    }
    /// For the downcast of [`Class::extension`].
    fn as_any(&self) -> &dyn Any;
}

/// Where the instances of a mapped class keep their mapped attributes.
#[derive(Clone, Default)]
pub struct Layout {
    slots: FxHashMap<Str, u32>,
    descriptors: Vec<Rc<dyn SlotDescriptor>>,
}

impl Layout {
    /// The slot of attribute `name`.
    pub fn slot(&self, name: &str) -> Option<u32> {
        self.slots.get(name).copied()
    }
    /// What answers for `slot`.
    pub fn descriptor(&self, slot: u32) -> &Rc<dyn SlotDescriptor> {
        &self.descriptors[slot as usize]
    }
    /// How many slots an instance has.
    pub fn len(&self) -> usize {
        self.descriptors.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.descriptors.is_empty()
    }
    /// The names, in slot order.
    pub fn names(&self) -> Vec<Str> {
        let mut names: Vec<_> = self.slots.iter().collect();
        names.sort_by_key(|(_, slot)| **slot);
        names.into_iter().map(|(name, _)| name.clone()).collect()
    }
}

/// The namespace of a class, in definition order.
pub type Namespace = IndexMap<Str, Value, FxBuildHasher>;

/// A class.
pub struct Class {
    name: RefCell<Str>,
    module: Str,
    qualname: RefCell<Str>,
    bases: RefCell<Vec<Rc<Self>>>,
    /// The method resolution order, without the class itself.
    ancestors: RefCell<Rc<[Rc<Self>]>>,
    dict: RefCell<Namespace>,
    spec: Option<&'static TypeSpec>,
    layout: RefCell<Rc<Layout>>,
    extension: OnceCell<Rc<dyn ClassExtension>>,
    /// The metaclass, where a script defined it.
    metaclass: OnceCell<Rc<Self>>,
    subclasses: RefCell<Vec<Weak<Self>>>,
    cache: RefCell<(u64, FxHashMap<Str, Option<Value>>)>,
}

impl Class {
    /// A class defined by a script, its namespace still empty.
    pub fn new(name: Str, module: Str, bases: Vec<Rc<Self>>) -> Result<Rc<Self>> {
        for base in &bases {
            if base.spec.is_some_and(|spec| !spec.subclassable) {
                return Err(TYPE_ERROR.error(format!(
                    "type '{}' is not an acceptable base type",
                    base.full_name()
                )));
            }
        }
        if linearize(&bases).is_none() {
            let names: Vec<_> = bases.iter().map(|base| base.name().to_string()).collect();
            return Err(TYPE_ERROR.error(format!(
                "Cannot create a consistent method resolution\norder (MRO) for bases {}",
                names.join(", ")
            )));
        }
        let class = Self::build(name, module, bases, None);
        for base in class.bases.borrow().iter() {
            base.subclasses.borrow_mut().push(Rc::downgrade(&class));
        }
        Ok(class)
    }

    fn build(
        name: Str,
        module: Str,
        bases: Vec<Rc<Self>>,
        spec: Option<&'static TypeSpec>,
    ) -> Rc<Self> {
        let ancestors = linearize(&bases).unwrap_or_default();
        let layout = ancestors
            .first()
            .map_or_else(Rc::default, |base| base.layout());
        Rc::new(Self {
            qualname: RefCell::new(name.clone()),
            name: RefCell::new(name),
            module,
            bases: RefCell::new(bases),
            ancestors: RefCell::new(ancestors.into()),
            dict: RefCell::default(),
            spec,
            layout: RefCell::new(layout),
            extension: OnceCell::new(),
            metaclass: OnceCell::new(),
            subclasses: RefCell::default(),
            cache: RefCell::default(),
        })
    }

    /// `__name__`.
    pub fn name(&self) -> Str {
        self.name.borrow().clone()
    }
    /// `__module__`.
    pub fn module(&self) -> &Str {
        &self.module
    }
    /// `__qualname__`.
    pub fn qualname(&self) -> Str {
        self.qualname.borrow().clone()
    }
    /// Set `__qualname__`.
    pub fn set_qualname(&self, name: Str) {
        *self.qualname.borrow_mut() = name;
    }
    /// `module.qualname`, the bare name for builtins: what reprs and tracebacks show.
    pub fn full_name(&self) -> String {
        match self.module.as_str() {
            "builtins" => self.qualname().to_string(),
            module => format!("{module}.{}", self.qualname()),
        }
    }
    /// The name that errors of the language show: with the module where CPython does so.
    pub fn error_name(&self) -> String {
        if self.spec.is_some_and(|spec| spec.names_module) {
            return self.full_name();
        }
        self.name().to_string()
    }
    /// `__bases__`.
    pub fn bases(&self) -> Vec<Rc<Self>> {
        self.bases.borrow().clone()
    }
    /// The method resolution order, without the class itself.
    pub fn ancestors(&self) -> Rc<[Rc<Self>]> {
        self.ancestors.borrow().clone()
    }
    /// The direct subclasses that still exist.
    pub fn subclasses(&self) -> Vec<Rc<Self>> {
        self.subclasses
            .borrow()
            .iter()
            .filter_map(Weak::upgrade)
            .collect()
    }
    /// Whether this is `other` or derives from it.
    pub fn is_subclass(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
            || self
                .ancestors
                .borrow()
                .iter()
                .any(|class| std::ptr::eq(&raw const **class, other))
    }
    /// Whether this is the native class of `spec` or derives from it.
    pub fn derives_from(&self, spec: &'static TypeSpec) -> bool {
        self.spec.is_some_and(|own| std::ptr::eq(own, spec))
            || self
                .ancestors
                .borrow()
                .iter()
                .any(|class| class.spec.is_some_and(|own| std::ptr::eq(own, spec)))
    }
    /// The description of a native class.
    pub fn spec(&self) -> Option<&'static TypeSpec> {
        self.spec
    }
    /// The nearest native class: this one, or an ancestor.
    pub fn native(&self) -> Option<&'static TypeSpec> {
        self.spec
            .or_else(|| self.ancestors.borrow().iter().find_map(|class| class.spec))
    }
    /// What calling the class does, where a native class among it and its ancestors says so.
    pub fn constructor(&self) -> Option<Construct> {
        self.spec.and_then(|spec| spec.construct).or_else(|| {
            self.ancestors
                .borrow()
                .iter()
                .find_map(|class| class.spec.and_then(|s| s.construct))
        })
    }

    /// Read the class's own namespace.
    pub fn own(&self, name: &str) -> Option<Value> {
        self.dict.borrow().get(name).cloned()
    }
    /// The names of the class's own namespace, in order.
    pub fn own_names(&self) -> Vec<Str> {
        self.dict.borrow().keys().cloned().collect()
    }
    /// Set a name of the class's own namespace, past all hooks.
    pub fn set(&self, name: impl Into<Str>, value: Value) {
        self.dict.borrow_mut().insert(name.into(), value);
        bump_version();
    }
    /// Delete a name of the class's own namespace.
    pub fn remove(&self, name: &str) -> Option<Value> {
        bump_version();
        self.dict.borrow_mut().shift_remove(name)
    }
    /// Look `name` up along the method resolution order.
    pub fn lookup(&self, name: &str) -> Option<Value> {
        let version = VERSION.get();
        {
            let cache = self.cache.borrow();
            if cache.0 == version
                && let Some(known) = cache.1.get(name)
            {
                return known.clone();
            }
        }
        let found = self.own(name).or_else(|| {
            self.ancestors
                .borrow()
                .iter()
                .find_map(|class| class.own(name))
        });
        let mut cache = self.cache.borrow_mut();
        if cache.0 != version {
            cache.1.clear();
            cache.0 = version;
        }
        cache.1.insert(Str::new(name), found.clone());
        found
    }
    /// Look `name` up behind `after` in this class's resolution order (what `super()` does).
    pub fn lookup_after(&self, after: &Self, name: &str) -> Option<Value> {
        let ancestors = self.ancestors.borrow();
        let start = if std::ptr::eq(self, after) {
            0
        } else {
            ancestors
                .iter()
                .position(|class| std::ptr::eq(&raw const **class, after))?
                + 1
        };
        ancestors[start..].iter().find_map(|class| class.own(name))
    }
    /// A special method such as `__eq__`, where a script's class defines it (a native default
    /// is no answer).
    pub fn script_method(&self, name: &str) -> Option<Value> {
        match self.lookup(name)? {
            Value::Object(object) if object.as_any().is::<super::Method>() => None,
            value => Some(value),
        }
    }
    /// A special method, unless it is the default of `object` or of a built-in type, which the
    /// operations know themselves.
    pub fn special(&self, name: &str) -> Option<Value> {
        let found = self.lookup(name)?;
        let built_in = found
            .downcast::<super::Method>()
            .is_some_and(super::Method::is_builtin_default);
        (!built_in).then_some(found)
    }
    /// `__hash__`: `None` the default, `Some(Value::None)` unhashable.
    pub fn hash_method(&self) -> Option<Value> {
        if let Some(method) = self.special("__hash__") {
            return Some(method);
        }
        // Python unsets __hash__ where a class defines __eq__ alone.
        self.script_method("__eq__").map(|_| Value::None)
    }

    /// Where instances keep their mapped attributes.
    pub fn layout(&self) -> Rc<Layout> {
        self.layout.borrow().clone()
    }
    /// The slot of a mapped attribute.
    pub fn slot(&self, name: &str) -> Option<u32> {
        self.layout.borrow().slot(name)
    }
    /// Add a mapped attribute, or replace what answers for it.
    pub fn add_slot(&self, name: &str, descriptor: Rc<dyn SlotDescriptor>) -> u32 {
        let mut layout = self.layout.borrow_mut();
        let layout = Rc::make_mut(&mut layout);
        bump_version();
        if let Some(slot) = layout.slot(name) {
            layout.descriptors[slot as usize] = descriptor;
            return slot;
        }
        let slot = u32::try_from(layout.descriptors.len()).expect("a class has few attributes");
        layout.slots.insert(Str::new(name), slot);
        layout.descriptors.push(descriptor);
        slot
    }

    /// Its metaclass, where a script defined it.
    pub fn metaclass(&self) -> Option<&Rc<Self>> {
        self.metaclass.get()
    }
    /// Make `metaclass` its metaclass; once, before anything is asked of the class.
    pub fn set_metaclass(&self, metaclass: Rc<Self>) {
        drop(self.metaclass.set(metaclass));
    }
    /// What a script's metaclass defines under `name`, native bases left out.
    pub fn of_metaclass(&self, name: &str) -> Option<Value> {
        let metaclass = self.metaclass.get()?;
        if let Some(found) = metaclass.own(name) {
            return Some(found);
        }
        let ancestors = metaclass.ancestors();
        let scripts = ancestors.iter().filter(|class| class.spec.is_none());
        scripts.into_iter().find_map(|class| class.own(name))
    }
    /// Attach what an upper layer knows of the class; once.
    pub fn extend(&self, extension: Rc<dyn ClassExtension>) {
        // A second extension would be a bug of the layer that attaches it; the first one stays.
        drop(self.extension.set(extension));
        bump_version();
    }
    /// The class's own extension.
    pub fn own_extension(&self) -> Option<&Rc<dyn ClassExtension>> {
        self.extension.get()
    }
    /// The nearest extension: the class's own, or an ancestor's.
    pub fn nearest_extension(&self) -> Option<Rc<dyn ClassExtension>> {
        self.extension.get().cloned().or_else(|| {
            self.ancestors
                .borrow()
                .iter()
                .find_map(|class| class.extension.get().cloned())
        })
    }
    /// Tell the native classes and extensions among the ancestors that this class was defined.
    pub fn announce(self: &Rc<Self>, keywords: &[(Str, Value)], cx: &Cx) -> Result<()> {
        for ancestor in self.ancestors().iter() {
            if let Some(hook) = ancestor.spec.and_then(|spec| spec.init_subclass) {
                return hook(self, keywords, cx);
            }
            if let Some(extension) = ancestor.own_extension() {
                return extension.init_subclass(self, keywords, cx);
            }
        }
        Ok(())
    }
}

fn bump_version() {
    VERSION.set(VERSION.get() + 1);
}

/// The counter that every change to a class moves on: what inline caches compare.
pub fn class_version() -> u64 {
    VERSION.get()
}

/// Python's C3 linearization of `bases`; `None` where there is no consistent order.
fn linearize(bases: &[Rc<Class>]) -> Option<Vec<Rc<Class>>> {
    let mut queues: Vec<Vec<Rc<Class>>> = bases
        .iter()
        .map(|base| {
            std::iter::once(base.clone())
                .chain(base.ancestors().iter().cloned())
                .collect()
        })
        .collect();
    queues.push(bases.to_vec());
    let mut order = Vec::new();
    loop {
        queues.retain(|queue| !queue.is_empty());
        if queues.is_empty() {
            return Some(order);
        }
        let next = queues.iter().find_map(|queue| {
            let candidate = &queue[0];
            let blocked = queues
                .iter()
                .any(|other| other[1..].iter().any(|class| Rc::ptr_eq(class, candidate)));
            (!blocked).then(|| candidate.clone())
        })?;
        for queue in &mut queues {
            if Rc::ptr_eq(&queue[0], &next) {
                queue.remove(0);
            }
        }
        order.push(next);
    }
}
