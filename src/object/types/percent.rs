//! `"..." % values`.

use num_traits::Signed;

use super::{base_value, class_of, float, format, int, str_repr};
use crate::object::exceptions::{OVERFLOW_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::{Cx, Result, Value, ops};

/// One conversion, `%-5.2f`.
#[derive(Default)]
struct Conversion {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

struct Arguments<'a> {
    values: &'a Value,
    tuple: Option<Vec<Value>>,
    next: usize,
    used_mapping: bool,
}

impl Arguments<'_> {
    fn take(&mut self) -> Result<Value> {
        let found = match &self.tuple {
            Some(items) => items.get(self.next).cloned(),
            None => (self.next == 0).then(|| self.values.clone()),
        };
        self.next += 1;
        found.ok_or_else(|| TYPE_ERROR.error("not enough arguments for format string"))
    }
    fn check_all_used(&self) -> Result<()> {
        let left = match &self.tuple {
            Some(items) => self.next < items.len(),
            None => {
                self.next == 0
                    && !self.used_mapping
                    && !matches!(base_value(self.values), Value::Dict(_) | Value::List(_))
                    && !matches!(self.values, Value::Object(_))
            }
        };
        if left {
            return Err(TYPE_ERROR.error("not all arguments converted during string formatting"));
        }
        Ok(())
    }
}

/// `template % values`.
pub fn format(template: &str, values: &Value, cx: &Cx) -> Result<String> {
    let mut arguments = Arguments {
        values,
        tuple: match base_value(values) {
            Value::Tuple(items) => Some(items.to_vec()),
            _ => None,
        },
        next: 0,
        used_mapping: false,
    };
    let chars: Vec<char> = template.chars().collect();
    let mut out = String::with_capacity(template.len() + 16);
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        at += 1;
        if *c != '%' {
            out.push(*c);
            continue;
        }
        at = convert(&chars, at, &mut arguments, &mut out, cx)?;
    }
    arguments.check_all_used()?;
    Ok(out)
}

fn incomplete() -> crate::object::Raised {
    VALUE_ERROR.error("incomplete format")
}

fn convert(
    chars: &[char],
    mut at: usize,
    arguments: &mut Arguments<'_>,
    out: &mut String,
    cx: &Cx,
) -> Result<usize> {
    let mut mapped = None;
    if chars.get(at) == Some(&'(') {
        let (key, behind) = mapping_key(chars, at + 1)?;
        let is_mapping = match arguments.values {
            Value::Tuple(_) | Value::Str(_) | Value::List(_) => false,
            Value::Dict(_) | Value::Instance(_) | Value::Object(_) => true,
            _ => false,
        };
        if !is_mapping {
            return Err(TYPE_ERROR.error("format requires a mapping"));
        }
        arguments.used_mapping = true;
        mapped = Some(ops::get_item(arguments.values, &key.into(), cx)?);
        at = behind;
    }
    let mut conversion = Conversion::default();
    while let Some(c) = chars.get(at) {
        match c {
            '-' => conversion.left = true,
            '+' => conversion.plus = true,
            ' ' => conversion.space = true,
            '0' => conversion.zero = true,
            '#' => conversion.alternate = true,
            _ => break,
        }
        at += 1;
    }
    let (width, behind) = count(chars, at, arguments, cx)?;
    at = behind;
    if let Some(width) = width {
        conversion.left |= width < 0;
        conversion.width = usize::try_from(width.unsigned_abs())
            .unwrap_or(0)
            .min(1 << 28);
    }
    if chars.get(at) == Some(&'.') {
        let (precision, behind) = count(chars, at + 1, arguments, cx)?;
        at = behind;
        conversion.precision = Some(usize::try_from(precision.unwrap_or(0)).unwrap_or(0));
    }
    while matches!(chars.get(at), Some('l' | 'h' | 'L')) {
        at += 1;
    }
    let kind = *chars.get(at).ok_or_else(incomplete)?;
    if kind == '%' {
        out.push('%');
        return Ok(at + 1);
    }
    let value = match mapped {
        Some(value) => value,
        None => arguments.take()?,
    };
    let text = conversion.apply(kind, at, &value, cx)?;
    out.push_str(&text);
    Ok(at + 1)
}

fn mapping_key(chars: &[char], start: usize) -> Result<(String, usize)> {
    let mut depth = 1;
    let mut at = start;
    while let Some(c) = chars.get(at) {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Ok((chars[start..at].iter().collect(), at + 1));
        }
        at += 1;
    }
    Err(VALUE_ERROR.error("incomplete format key"))
}

fn count(
    chars: &[char],
    mut at: usize,
    arguments: &mut Arguments<'_>,
    cx: &Cx,
) -> Result<(Option<i64>, usize)> {
    if chars.get(at) == Some(&'*') {
        let value = arguments.take()?;
        let number = int::index(&value, cx)?.ok_or_else(|| TYPE_ERROR.error("* wants int"))?;
        return Ok((Some(number), at + 1));
    }
    let start = at;
    while chars.get(at).is_some_and(char::is_ascii_digit) {
        at += 1;
    }
    let digits: String = chars[start..at].iter().collect();
    if digits.is_empty() {
        return Ok((None, at));
    }
    match digits.parse() {
        Ok(number) if number < 1 << 28 => Ok((Some(number), at)),
        _ => Err(VALUE_ERROR.error("width too big")),
    }
}

impl Conversion {
    fn apply(&self, kind: char, at: usize, value: &Value, cx: &Cx) -> Result<String> {
        match kind {
            's' => Ok(self.text(&cx.str(value)?)),
            'r' => Ok(self.text(&cx.repr(value)?)),
            'a' => {
                let mut ascii = String::new();
                str_repr::write_ascii(&cx.repr(value)?, &mut ascii);
                Ok(self.text(&ascii))
            }
            'c' => self.character(value, cx),
            'd' | 'i' | 'u' | 'x' | 'X' | 'o' => self.integer(kind, value, cx),
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
                let number = float::to_float(value, cx)?.ok_or_else(|| {
                    TYPE_ERROR.error(format!(
                        "must be real number, not {}",
                        class_of(value, cx).error_name()
                    ))
                })?;
                let mut digits =
                    format::float_digits(number.abs(), kind, self.precision, self.alternate);
                if kind.is_ascii_uppercase() {
                    digits = digits.to_uppercase();
                }
                Ok(self.number(number.is_sign_negative(), "", &digits))
            }
            _ => Err(VALUE_ERROR.error(format!(
                "unsupported format character '{kind}' (0x{:x}) at index {at}",
                u32::from(kind)
            ))),
        }
    }

    fn text(&self, text: &str) -> String {
        let cut: String;
        let text = match self.precision {
            Some(precision) => {
                cut = text.chars().take(precision).collect();
                &cut
            }
            None => text,
        };
        self.pad(text)
    }

    fn pad(&self, text: &str) -> String {
        let missing = self.width.saturating_sub(super::char_len(text));
        if self.left {
            format!("{text}{}", " ".repeat(missing))
        } else {
            format!("{}{text}", " ".repeat(missing))
        }
    }

    fn number(&self, negative: bool, prefix: &str, digits: &str) -> String {
        let sign = match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        };
        if self.zero && !self.left {
            let missing = self
                .width
                .saturating_sub(sign.len() + prefix.len() + digits.len());
            return format!("{sign}{prefix}{}{digits}", "0".repeat(missing));
        }
        self.pad(&format!("{sign}{prefix}{digits}"))
    }

    fn character(&self, value: &Value, cx: &Cx) -> Result<String> {
        if let Value::Str(text) = base_value(value) {
            if super::char_len(&text) == 1 {
                return Ok(self.text(&text));
            }
            return Err(TYPE_ERROR.error("%c requires int or char"));
        }
        let code =
            int::index(value, cx)?.ok_or_else(|| TYPE_ERROR.error("%c requires int or char"))?;
        match u32::try_from(code).ok().and_then(char::from_u32) {
            Some(c) => Ok(self.text(&c.to_string())),
            None => Err(OVERFLOW_ERROR.error("%c arg not in range(0x110000)")),
        }
    }

    fn integer(&self, kind: char, value: &Value, cx: &Cx) -> Result<String> {
        let decimal = matches!(kind, 'd' | 'i' | 'u');
        let whole = match base_value(value) {
            Value::Float(number) if decimal => Some(float::to_int(number)?),
            Value::Object(_) if decimal => int::to_int(value, cx).ok(),
            base => match int::to_big(&base) {
                Some(number) => Some(Value::big(number)),
                None => super::call_special(value, "__index__", cx)?,
            },
        };
        let Some(number) = whole.as_ref().and_then(int::to_big) else {
            return Err(TYPE_ERROR.error(if decimal {
                format!(
                    "%{kind} format: a real number is required, not {}",
                    class_of(value, cx).error_name()
                )
            } else {
                format!(
                    "%{kind} format: an integer is required, not {}",
                    class_of(value, cx).error_name()
                )
            }));
        };
        let magnitude = number.abs();
        let (mut digits, prefix) = match kind {
            'x' => (magnitude.to_str_radix(16), "0x"),
            'X' => (magnitude.to_str_radix(16).to_uppercase(), "0X"),
            'o' => (magnitude.to_str_radix(8), "0o"),
            _ => (int::decimal_text(&magnitude)?, ""),
        };
        if let Some(precision) = self.precision {
            let missing = precision.saturating_sub(digits.len());
            digits = format!("{}{digits}", "0".repeat(missing));
        }
        let prefix = if self.alternate { prefix } else { "" };
        Ok(self.number(number.is_negative(), prefix, &digits))
    }
}
