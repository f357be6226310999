//! Dropping deep structures without deep recursion: beyond some depth what a container held
//! waits until the outermost drop gets to it.

use std::any::Any;
use std::cell::{Cell, RefCell};

/// How deep drops may nest.
const DEPTH: u32 = 200;

thread_local! {
    static NESTED: Cell<u32> = const { Cell::new(0) };
    static WAITING: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// Drop what a container held.
pub(super) fn release<T: Any>(held: T) {
    let depth = NESTED.get();
    if depth >= DEPTH {
        // Without the queue, as while a thread ends, it is dropped at once.
        WAITING
            .try_with(|waiting| waiting.borrow_mut().push(Box::new(held)))
            .unwrap_or_default();
        return;
    }
    NESTED.set(depth + 1);
    drop(held);
    if depth == 0 {
        while let Ok(Some(next)) = WAITING.try_with(|waiting| waiting.borrow_mut().pop()) {
            drop(next);
        }
    }
    NESTED.set(depth);
}

#[cfg(test)]
mod tests {
    use crate::object::{Instance, Value};

    #[test]
    fn deep_lists_and_tuples_drop() {
        let mut value = Value::list(Vec::new());
        for level in 0..1_000_000 {
            value = if level % 2 == 0 {
                Value::list(vec![value])
            } else {
                Value::tuple(vec![value])
            };
        }
        drop(value);
    }

    #[test]
    fn a_long_chain_of_instances_drops() {
        let mut value = Value::None;
        for _ in 0..300_000 {
            let link = Instance::new(crate::object::types::OBJECT.class());
            link.set_attribute("next", value);
            value = Value::Instance(link);
        }
        drop(value);
    }
}
