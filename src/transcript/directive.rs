//! The doctest options that change how an example is compared.

/// What `# doctest: +OPTION` comments and defaults switch on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// `...` in the recorded output matches anything.
    pub ellipsis: bool,
    /// Runs of white space match each other.
    pub normalize_whitespace: bool,
    /// Only the class of an exception is compared.
    pub ignore_exception_detail: bool,
    /// The example is neither run nor compared.
    pub skip: bool,
    /// Trailing differences of a `True`/`1` kind are not accepted; kept for doctest's sake.
    pub dont_accept_blankline: bool,
}

impl Directives {
    /// Apply the `# doctest:` comments of an example's source.
    #[must_use]
    pub fn with_comments(mut self, source: &str) -> Self {
        for line in source.lines() {
            let Some((_, options)) = line.split_once("# doctest:") else {
                continue;
            };
            for option in options
                .split([',', ' '])
                .filter(|option| !option.is_empty())
            {
                self.apply(option);
            }
        }
        self
    }

    /// Apply one `+OPTION` or `-OPTION`; an unknown one is no option of ours and changes nothing.
    pub fn apply(&mut self, option: &str) {
        let (on, name) = match option.split_at_checked(1) {
            Some(("+", name)) => (true, name),
            Some(("-", name)) => (false, name),
            _ => return,
        };
        match name {
            "ELLIPSIS" => self.ellipsis = on,
            "NORMALIZE_WHITESPACE" => self.normalize_whitespace = on,
            "IGNORE_EXCEPTION_DETAIL" => self.ignore_exception_detail = on,
            "SKIP" => self.skip = on,
            "DONT_ACCEPT_BLANKLINE" => self.dont_accept_blankline = on,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_switch_options() {
        let found = Directives::default().with_comments("f()  # doctest: +ELLIPSIS, +SKIP\n");
        assert!(found.ellipsis && found.skip && !found.normalize_whitespace);
    }
}
