//! The numbering of anonymous names, per base, in the order in which they are first met.

use rustc_hash::FxHashMap;

use super::{Name, NamePart};
use crate::object::Str;

/// Which number each anonymous object has.
#[derive(Default)]
pub struct AnonMap {
    counters: FxHashMap<Str, u32>,
    numbers: FxHashMap<(u64, Str), u32>,
}

impl AnonMap {
    /// The name as text; an anonymous one is numbered at its first use.
    pub fn apply(&mut self, name: &Name) -> Str {
        match name {
            Name::Plain(text) | Name::Truncated(text) => text.clone(),
            Name::Anonymous(parts) => {
                let mut text = String::new();
                for part in parts.iter() {
                    match part {
                        NamePart::Text(fixed) => text.push_str(fixed),
                        NamePart::Anonymous { seed, base } => {
                            let number = self.number(*seed, base);
                            text.push_str(base);
                            text.push('_');
                            text.push_str(&number.to_string());
                        }
                    }
                }
                Str::from(text)
            }
        }
    }

    fn number(&mut self, seed: u64, base: &Str) -> u32 {
        if let Some(known) = self.numbers.get(&(seed, base.clone())) {
            return *known;
        }
        let counter = self.counters.entry(base.clone()).or_insert(0);
        *counter += 1;
        self.numbers.insert((seed, base.clone()), *counter);
        *counter
    }
}
