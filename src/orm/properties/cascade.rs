//! `Cascade`: what an operation on a parent does to related objects, parsed from its text.

use std::fmt;

use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::Result;

/// What an operation on a parent does to related objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one word of the option"
)]
#[expect(missing_docs, reason = "the names are the option's words")]
pub struct Cascade {
    pub save_update: bool,
    pub delete: bool,
    pub refresh_expire: bool,
    pub merge: bool,
    pub expunge: bool,
    pub delete_orphan: bool,
}

impl Cascade {
    /// What a relationship does unless told otherwise.
    pub const DEFAULT: Self = Self {
        save_update: true,
        merge: true,
        delete: false,
        refresh_expire: false,
        expunge: false,
        delete_orphan: false,
    };
    /// What a viewonly relationship does.
    pub const NONE: Self = Self {
        save_update: false,
        merge: false,
        delete: false,
        refresh_expire: false,
        expunge: false,
        delete_orphan: false,
    };

    /// Read `"all, delete-orphan"`; answers too whether a warning about a lone delete-orphan is due.
    pub fn parse(text: &str) -> Result<(Self, bool)> {
        let mut cascade = Self::NONE;
        let mut unknown = Vec::new();
        let mut none = false;
        for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            match word {
                "save-update" => cascade.save_update = true,
                "delete" => cascade.delete = true,
                "refresh-expire" => cascade.refresh_expire = true,
                "merge" => cascade.merge = true,
                "expunge" => cascade.expunge = true,
                "delete-orphan" => cascade.delete_orphan = true,
                "all" => {
                    cascade.save_update = true;
                    cascade.delete = true;
                    cascade.refresh_expire = true;
                    cascade.merge = true;
                    cascade.expunge = true;
                }
                "none" => none = true,
                other if !unknown.contains(&other) => unknown.push(other),
                _ => {}
            }
        }
        if !unknown.is_empty() {
            unknown.sort_unstable();
            let shown: Vec<_> = unknown.iter().map(|word| format!("'{word}'")).collect();
            return Err(
                ARGUMENT_ERROR.error(format!("Invalid cascade option(s): {}", shown.join(", ")))
            );
        }
        if none {
            cascade = Self::NONE;
        }
        Ok((cascade, cascade.delete_orphan && !cascade.delete))
    }

    /// The words that are on, sorted.
    pub fn words(self) -> Vec<&'static str> {
        [
            (self.delete, "delete"),
            (self.delete_orphan, "delete-orphan"),
            (self.expunge, "expunge"),
            (self.merge, "merge"),
            (self.refresh_expire, "refresh-expire"),
            (self.save_update, "save-update"),
        ]
        .into_iter()
        .filter_map(|(on, word)| on.then_some(word))
        .collect()
    }
}

impl fmt::Display for Cascade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(","))
    }
}
