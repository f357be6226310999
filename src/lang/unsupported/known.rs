//! Every public name of SQLAlchemy, by module and by class, as `scripts/names` lists them.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::util::Compat;

const LIST: &str = include_str!("names.txt");
const ROOT: &str = "sqlalchemy";

static KNOWN: LazyLock<Known> = LazyLock::new(|| Known::read(LIST));

/// The names of one module or class.
#[derive(Default)]
struct Owner {
    bases: Vec<&'static str>,
    names: Vec<Name>,
}

/// A name, and where it is.
pub struct Name {
    /// The name itself.
    pub text: &'static str,
    /// The public module that has it too.
    pub provider: Option<String>,
    only: Option<Compat>,
    of_instances: bool,
}

#[derive(Default)]
struct Known {
    modules: FxHashMap<&'static str, Owner>,
    classes: FxHashMap<&'static str, Owner>,
}

impl Known {
    fn read(list: &'static str) -> Self {
        let mut known = Self::default();
        for line in list.lines() {
            let mut words = line.split(' ');
            match (words.next(), words.next()) {
                (Some("m"), Some(module)) => {
                    let names = words.map(Name::read).collect();
                    let bases = Vec::new();
                    known.modules.insert(module, Owner { bases, names });
                }
                (Some("c"), Some(class)) => {
                    let (class, bases) = class.split_once('(').unwrap_or((class, ""));
                    let bases = bases.trim_end_matches(')').split(',');
                    let bases = bases.filter(|base| !base.is_empty()).collect();
                    let names = words.map(Name::read).collect();
                    known.classes.insert(class, Owner { bases, names });
                }
                _ => {}
            }
        }
        known
    }
}

impl Name {
    fn read(word: &'static str) -> Self {
        let (name, provider) = match word.split_once('@') {
            Some((name, provider)) => (name, Some(full(provider))),
            None => (word, None),
        };
        let (name, only) = match name.strip_suffix('+') {
            Some(name) => (name, Some(Compat::V20)),
            None => match name.strip_suffix('-') {
                Some(name) => (name, Some(Compat::V14)),
                None => (name, None),
            },
        };
        let (name, of_instances) = match name.strip_suffix('~') {
            Some(name) => (name, true),
            None => (name, false),
        };
        Self {
            text: name,
            provider,
            only,
            of_instances,
        }
    }
    fn is_in(&self, compat: Compat) -> bool {
        self.only.is_none_or(|only| only == compat)
    }
}

fn full(path: &str) -> String {
    if path == ROOT {
        path.to_owned()
    } else {
        format!("{ROOT}.{path}")
    }
}

/// `path` as the list has it; `None`: it is not SQLAlchemy's.
fn short(path: &str) -> Option<&str> {
    match path.strip_prefix(ROOT)? {
        "" => Some(path),
        rest => rest.strip_prefix('.'),
    }
}

/// The names of the module at `path`, of both versions.
pub fn names_of_module(path: &str) -> Option<&'static [Name]> {
    let owner = KNOWN.modules.get(short(path)?)?;
    Some(&owner.names)
}

/// Whether the module at `path` has `name` in this version.
pub fn module_has(path: &str, name: &str, compat: Compat) -> bool {
    let mut names = names_of_module(path).unwrap_or_default().iter();
    names.any(|known| known.text == name && known.is_in(compat))
}

/// Whether the class at `path` has the attribute `name`, its own or inherited, in this version;
/// `of_instances` counts what only its instances have.
pub fn class_has(path: &str, name: &str, of_instances: bool, compat: Compat) -> bool {
    let Some(start) = short(path) else {
        return false;
    };
    // A class may be listed among its own bases: named tuples are, by their name.
    let (mut waiting, mut seen) = (vec![start], Vec::new());
    while let Some(class) = waiting.pop() {
        if seen.contains(&class) {
            continue;
        }
        seen.push(class);
        let Some(owner) = KNOWN.classes.get(class) else {
            continue;
        };
        let found = owner.names.iter().any(|known| {
            known.text == name && known.is_in(compat) && (of_instances || !known.of_instances)
        });
        if found {
            return true;
        }
        waiting.extend(&owner.bases);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_among_its_own_bases_is_looked_at_once() {
        let history = "sqlalchemy.orm.attributes.History";
        assert!(class_has(history, "added", true, Compat::V20));
        assert!(!class_has(history, "nothing", true, Compat::V20));
    }

    #[test]
    fn names_are_found_with_their_versions() {
        assert!(module_has("sqlalchemy", "select", Compat::V14));
        assert!(module_has("sqlalchemy.orm", "DeclarativeBase", Compat::V20));
        assert!(!module_has(
            "sqlalchemy.orm",
            "DeclarativeBase",
            Compat::V14
        ));
        let session = "sqlalchemy.orm.session.Session";
        assert!(class_has(session, "prepare", false, Compat::V20));
        assert!(class_has(session, "identity_key", false, Compat::V20));
        assert!(!class_has(session, "nothing_such", true, Compat::V20));
        assert!(!class_has("decimal.Decimal", "sqrt", true, Compat::V20));
    }
}
