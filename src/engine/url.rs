//! Database URLs: parsing, rendering with the password hidden, and changes.

use std::rc::Rc;

use super::exc::ARGUMENT_ERROR;
use crate::object::exceptions::VALUE_ERROR;
use crate::object::{Cx, Result, Str};
use crate::util::Compat;

/// A database URL, immutable; a cheap handle.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(Rc<UrlParts>);

/// The parts of a URL.
#[derive(Clone, PartialEq, Eq)]
pub struct UrlParts {
    /// `sqlite`, `postgresql+psycopg2`.
    pub drivername: Str,
    /// The user.
    pub username: Option<Str>,
    /// The password.
    pub password: Option<Str>,
    /// The host.
    pub host: Option<Str>,
    /// The port.
    pub port: Option<i64>,
    /// The database; for SQLite the file.
    pub database: Option<Str>,
    /// The query: each name with its values, more than one where it is repeated.
    pub query: Vec<(Str, Vec<Str>)>,
}

/// The parts of a URL as written, each `None` where it is not there.
struct Written<'t> {
    name: &'t str,
    username: Option<&'t str>,
    password: Option<&'t str>,
    host: Option<&'t str>,
    port: Option<&'t str>,
    database: Option<&'t str>,
    query: Option<&'t str>,
}

impl<'t> Written<'t> {
    /// `name://username:password@host:port/database?query`, where all but the name may be left
    /// out; `None` where there is no name.
    fn read(text: &'t str) -> Option<Self> {
        let (name, rest) = text.split_once("://")?;
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '+';
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        let (username, password, rest) = split_user(rest);
        let (host, rest) = split_host(rest);
        let (port, rest) = after(rest, ':', &['/', '?']);
        let (database, rest) = after(rest, '/', &['?']);
        let (query, _) = after(rest, '?', &['\n']);
        Some(Self {
            name,
            username,
            password,
            host,
            port,
            database,
            query,
        })
    }
}

/// Split before the first of `ends`.
fn until<'t>(text: &'t str, ends: &[char]) -> (&'t str, &'t str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

/// What follows `sign`, where it stands next, before the first of `ends`; and the rest.
fn after<'t>(text: &'t str, sign: char, ends: &[char]) -> (Option<&'t str>, &'t str) {
    match text.strip_prefix(sign) {
        Some(text) => {
            let (part, rest) = until(text, ends);
            (Some(part), rest)
        }
        None => (None, text),
    }
}

/// Username and password, which end at an `@`: with a password at the first one behind its
/// colon, else at the last one before a colon or slash.
fn split_user(text: &str) -> (Option<&str>, Option<&str>, &str) {
    let (user, behind) = until(text, &[':', '/']);
    if let Some((password, rest)) = behind
        .strip_prefix(':')
        .and_then(|behind| behind.split_once('@'))
    {
        return (Some(user), Some(password), rest);
    }
    match user.rfind('@') {
        Some(at) => (Some(&text[..at]), None, &text[at + 1..]),
        None => (None, None, text),
    }
}

/// The host, an IPv6 one in brackets.
fn split_host(text: &str) -> (Option<&str>, &str) {
    if let Some(inner) = text.strip_prefix('[') {
        let (run, _) = until(inner, &['/', '?']);
        if let Some(at) = run.rfind(']').filter(|at| *at > 0) {
            return (Some(&inner[..at]), &inner[at + 1..]);
        }
    }
    let (host, rest) = until(text, &['/', ':', '?']);
    (Some(host).filter(|host| !host.is_empty()), rest)
}

impl Url {
    /// A URL of `parts`.
    pub fn new(parts: UrlParts) -> Self {
        Self(Rc::new(parts))
    }
    /// Parse `text`.
    pub fn parse(text: &str, cx: &Cx) -> Result<Self> {
        let Some(written) = Written::read(text) else {
            return Err(ARGUMENT_ERROR.error(match cx.compat() {
                Compat::V14 => format!("Could not parse SQLAlchemy URL from string '{text}'"),
                Compat::V20 => "Could not parse SQLAlchemy URL from given URL string".to_owned(),
            }));
        };
        let port = match written.port.filter(|port| !port.is_empty()) {
            Some(port) => Some(parse_port(port)?),
            None => None,
        };
        Ok(Self::new(UrlParts {
            drivername: Str::new(written.name),
            username: written.username.map(|text| unquote(text, false)),
            password: written.password.map(|text| unquote(text, false)),
            host: written.host.map(Str::new),
            port,
            database: written.database.map(Str::new),
            query: written.query.map(parse_query).unwrap_or_default(),
        }))
    }

    /// The parts.
    pub fn parts(&self) -> &UrlParts {
        &self.0
    }
    /// `drivername`.
    pub fn drivername(&self) -> &Str {
        &self.0.drivername
    }
    /// `username`.
    pub fn username(&self) -> Option<&Str> {
        self.0.username.as_ref()
    }
    /// `password`.
    pub fn password(&self) -> Option<&Str> {
        self.0.password.as_ref()
    }
    /// `host`.
    pub fn host(&self) -> Option<&Str> {
        self.0.host.as_ref()
    }
    /// `port`.
    pub fn port(&self) -> Option<i64> {
        self.0.port
    }
    /// `database`.
    pub fn database(&self) -> Option<&Str> {
        self.0.database.as_ref()
    }
    /// `query`.
    pub fn query(&self) -> &[(Str, Vec<Str>)] {
        &self.0.query
    }
    /// The database part of the driver name.
    pub fn backend_name(&self) -> &str {
        let name = self.0.drivername.as_str();
        name.split_once('+').map_or(name, |(backend, _)| backend)
    }
    /// What identifies the handle.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }

    /// The URL as text.
    pub fn render(&self, hide_password: bool, compat: Compat) -> String {
        let parts = &*self.0;
        let quote = |text: &str| match compat {
            Compat::V14 => quote_some(text),
            Compat::V20 => quote(text, " +"),
        };
        let mut text = format!("{}://", parts.drivername);
        if let Some(username) = &parts.username {
            text.push_str(&quote(username));
            if let Some(password) = &parts.password {
                text.push(':');
                if hide_password {
                    text.push_str("***");
                } else {
                    text.push_str(&quote(password));
                }
            }
            text.push('@');
        }
        match &parts.host {
            Some(host) if host.contains(':') => text.extend(["[", host, "]"]),
            Some(host) => text.push_str(host),
            None => {}
        }
        if let Some(port) = parts.port {
            text.push(':');
            text.push_str(&port.to_string());
        }
        if let Some(database) = &parts.database {
            text.push('/');
            text.push_str(database);
        }
        let mut query: Vec<_> = parts.query.iter().collect();
        query.sort_by(|a, b| a.0.cmp(&b.0));
        let mut separator = '?';
        for (name, values) in query {
            for value in values {
                text.push(separator);
                separator = '&';
                text.push_str(&quote_plus(name));
                text.push('=');
                text.push_str(&quote_plus(value));
            }
        }
        text
    }
    /// `str(url)`: 1.4 shows the password.
    pub fn text(&self, compat: Compat) -> String {
        self.render(compat.is_20(), compat)
    }
}

/// Python's `int(port)`.
pub fn parse_port(text: &str) -> Result<i64> {
    text.trim()
        .parse()
        .map_err(|_| VALUE_ERROR.error(format!("invalid literal for int() with base 10: '{text}'")))
}

/// Python's `parse_qsl`, values of a repeated name together.
pub fn parse_query(text: &str) -> Vec<(Str, Vec<Str>)> {
    let mut query: Vec<(Str, Vec<Str>)> = Vec::new();
    for pair in text.split('&') {
        let Some((name, value)) = pair.split_once('=').filter(|(_, value)| !value.is_empty())
        else {
            continue;
        };
        let (name, value) = (unquote(name, true), unquote(value, true));
        match query.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => query.push((name, vec![value])),
        }
    }
    query
}

fn unquote(text: &str, plus: bool) -> Str {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = text
            .get(at + 1..at + 3)
            .filter(|_| byte == b'%')
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(code) = code {
            decoded.push(code);
            at += 3;
        } else {
            decoded.push(if plus && byte == b'+' { b' ' } else { byte });
            at += 1;
        }
    }
    Str::new(String::from_utf8_lossy(&decoded).into_owned())
}

/// Percent-encode all but letters, digits, `_.-~` and `safe`.
fn quote(text: &str, safe: &str) -> String {
    let mut quoted = String::new();
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte);
        if plain || safe.as_bytes().contains(&byte) {
            quoted.push(char::from(byte));
        } else {
            quoted.push('%');
            for digit in [byte >> 4, byte & 15] {
                let digit = char::from_digit(u32::from(digit), 16).unwrap_or('0');
                quoted.push(digit.to_ascii_uppercase());
            }
        }
    }
    quoted
}

fn quote_plus(text: &str) -> String {
    quote(text, " ").replace(' ', "+")
}

/// What 1.4 encodes: the characters that would end the part.
fn quote_some(text: &str) -> String {
    text.replace(':', "%3A")
        .replace('@', "%40")
        .replace('/', "%2F")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::cx;

    #[test]
    fn parts_are_found_and_rendered() {
        let cx = cx();
        let url = Url::parse("postgresql://u:p%40x@[::1]:80/d?x=1&x=2&b=c", &cx)
            .expect("the URL is well formed");
        assert_eq!(url.password().map(Str::as_str), Some("p@x"));
        assert_eq!(url.host().map(Str::as_str), Some("::1"));
        assert_eq!(
            url.render(true, Compat::V20),
            "postgresql://u:***@[::1]:80/d?b=c&x=1&x=2"
        );
        assert_eq!(
            url.render(false, Compat::V14),
            "postgresql://u:p%40x@[::1]:80/d?b=c&x=1&x=2"
        );
        let odd = Url::parse("db+x://me@home@[box/a@b?q=1#", &cx).expect("the URL is well formed");
        assert_eq!(odd.username().map(Str::as_str), Some("me@home"));
        assert_eq!(odd.host().map(Str::as_str), Some("[box"));
        assert_eq!(odd.database().map(Str::as_str), Some("a@b"));
        let port = Url::parse("db://host:80/d?x=a@b", &cx).expect("the URL is well formed");
        assert_eq!(port.username().map(Str::as_str), Some("host"));
        assert_eq!(port.password().map(Str::as_str), Some("80/d?x=a"));
        assert!(Url::parse("a b://x", &cx).is_err() && Url::parse("://x", &cx).is_err());
        let file = Url::parse("sqlite:////tmp/x.db", &cx).expect("the URL is well formed");
        assert_eq!(file.database().map(Str::as_str), Some("/tmp/x.db"));
    }
}
