//! `format()`: Python's format-spec mini language for text and numbers.

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

use super::{base_value, char_len, class_of, float, int};
use crate::object::exceptions::{OVERFLOW_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::{Cx, Raised, Result, Value, ops};

/// A parsed format spec: `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`.
#[derive(Clone, Debug)]
pub struct Spec {
    /// What pads.
    pub fill: char,
    /// `<`, `>`, `^` or `=`, where given.
    pub align: Option<char>,
    /// `+`, `-` or a space, where given.
    pub sign: Option<char>,
    /// `#`.
    pub alternate: bool,
    /// `z`.
    pub no_negative_zero: bool,
    /// The least width.
    pub width: usize,
    /// `,` or `_`.
    pub grouping: Option<char>,
    /// Behind the point.
    pub precision: Option<usize>,
    /// The type letter.
    pub kind: Option<char>,
    zero: bool,
}

impl Spec {
    /// Parse `text`; `type_name` is for the error.
    pub fn parse(text: &str, type_name: &str) -> Result<Self> {
        let mut spec = Self {
            fill: ' ',
            align: None,
            sign: None,
            alternate: false,
            no_negative_zero: false,
            width: 0,
            grouping: None,
            precision: None,
            kind: None,
            zero: false,
        };
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        let is_align = |c: Option<&char>| matches!(c, Some('<' | '>' | '=' | '^'));
        if is_align(chars.get(1)) {
            spec.fill = chars[0];
            spec.align = Some(chars[1]);
            at = 2;
        } else if is_align(chars.first()) {
            spec.align = Some(chars[0]);
            at = 1;
        }
        let mut take = |wanted: &[char]| -> Option<char> {
            let c = *chars.get(at)?;
            wanted.contains(&c).then(|| {
                at += 1;
                c
            })
        };
        spec.sign = take(&['+', '-', ' ']);
        spec.no_negative_zero = take(&['z']).is_some();
        spec.alternate = take(&['#']).is_some();
        if take(&['0']).is_some() {
            spec.zero = true;
        }
        let number = |at: &mut usize| -> Result<Option<usize>> {
            let start = *at;
            while chars.get(*at).is_some_and(char::is_ascii_digit) {
                *at += 1;
            }
            let digits: String = chars[start..*at].iter().collect();
            if digits.is_empty() {
                return Ok(None);
            }
            match digits.parse::<usize>() {
                Ok(number) if number < 1 << 28 => Ok(Some(number)),
                _ => Err(VALUE_ERROR.error("Too many decimal digits in format string")),
            }
        };
        spec.width = number(&mut at)?.unwrap_or(0);
        if let Some(c) = chars.get(at).filter(|c| matches!(c, ',' | '_')) {
            spec.grouping = Some(*c);
            at += 1;
            if matches!(chars.get(at), Some(',' | '_')) {
                return Err(VALUE_ERROR.error(if chars.get(at) == Some(c) {
                    format!("Cannot specify '{c}' with '{c}'.")
                } else {
                    "Cannot specify both ',' and '_'.".to_owned()
                }));
            }
        }
        if chars.get(at) == Some(&'.') {
            at += 1;
            spec.precision = number(&mut at)?;
            if spec.precision.is_none() {
                return Err(VALUE_ERROR.error("Format specifier missing precision"));
            }
        }
        match &chars[at..] {
            [] => {}
            [kind] => spec.kind = Some(*kind),
            _ => {
                return Err(VALUE_ERROR.error(format!(
                    "Invalid format specifier '{text}' for object of type '{type_name}'"
                )));
            }
        }
        if spec.zero && spec.align.is_none() {
            spec.fill = '0';
            spec.align = (type_name != "str").then_some('=');
        } else if spec.zero && spec.fill == ' ' && chars.get(1).copied() != spec.align {
            spec.fill = '0';
        }
        Ok(spec)
    }

    fn unknown(&self, type_name: &str) -> Raised {
        VALUE_ERROR.error(format!(
            "Unknown format code '{}' for object of type '{type_name}'",
            self.kind.unwrap_or('?')
        ))
    }

    /// Pad `text`, which has no sign of its own to keep in front.
    pub fn pad(&self, text: &str, default_align: char) -> String {
        self.pad_signed("", text, default_align)
    }

    /// Pad digits with their sign or prefix in front.
    pub fn pad_signed(&self, prefix: &str, digits: &str, default_align: char) -> String {
        let missing = self
            .width
            .saturating_sub(char_len(prefix) + char_len(digits));
        let fill = |count: usize| -> String { std::iter::repeat_n(self.fill, count).collect() };
        match self.align.unwrap_or(default_align) {
            '<' => format!("{prefix}{digits}{}", fill(missing)),
            '^' => {
                let left = missing / 2;
                format!("{}{prefix}{digits}{}", fill(left), fill(missing - left))
            }
            '=' => format!("{prefix}{}{digits}", fill(missing)),
            _ => format!("{}{prefix}{digits}", fill(missing)),
        }
    }

    /// The sign to show in front of a number.
    pub fn sign_text(&self, negative: bool) -> &'static str {
        match (negative, self.sign) {
            (true, _) => "-",
            (false, Some('+')) => "+",
            (false, Some(' ')) => " ",
            _ => "",
        }
    }

    /// Pad a number whose whole part is to be grouped, zeros of the padding included.
    pub fn pad_number(&self, prefix: &str, whole: &str, rest: &str, every: usize) -> String {
        let Some(separator) = self.grouping else {
            return self.pad_signed(prefix, &format!("{whole}{rest}"), '>');
        };
        let mut whole = whole.to_owned();
        if self.fill == '0' && self.align == Some('=') {
            let room = self.width.saturating_sub(prefix.len() + rest.len());
            let least = |len: usize| len + len.saturating_sub(1) / every;
            let mut len = whole.len();
            while least(len) < room {
                len += 1;
            }
            whole = format!("{}{whole}", "0".repeat(len - whole.len()));
        }
        let grouped = group(&whole, separator, every);
        self.pad_signed(prefix, &format!("{grouped}{rest}"), '>')
    }
}

/// Digits in groups.
pub fn group(digits: &str, separator: char, every: usize) -> String {
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(every) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

/// `format(value, spec)`.
pub fn format(value: &Value, spec: &str, cx: &Cx) -> Result<String> {
    match value {
        Value::Object(object) => {
            if let Some(text) = object.format(spec, cx)? {
                return Ok(text);
            }
            format_default(value, spec, cx)
        }
        Value::Instance(instance) => {
            if let Some(method) = instance.class().special("__format__") {
                let bound = crate::object::bind(&method, Some(value), instance.class(), cx)?;
                let answer = cx.call(&bound, [Value::from(spec)])?;
                return ops::text_of(answer, "__format__", cx);
            }
            let base = base_value(value);
            if spec.is_empty() || matches!(base, Value::Instance(_)) {
                return format_default(value, spec, cx);
            }
            format(&base, spec, cx)
        }
        Value::Str(text) if spec.is_empty() => Ok(text.to_string()),
        Value::Str(text) => format_str(text, spec),
        Value::Bool(_) if spec.is_empty() => cx.str(value),
        Value::Bool(flag) => format_int(&BigInt::from(u8::from(*flag)), spec, "bool"),
        Value::Int(number) if spec.is_empty() => Ok(number.to_string()),
        Value::Int(number) => format_int(&BigInt::from(*number), spec, "int"),
        Value::BigInt(number) => format_int(number, spec, "int"),
        Value::Float(number) => format_float(*number, spec, "float"),
        _ => format_default(value, spec, cx),
    }
}

/// `object.__format__`: `str()` without a spec, TypeError with one; a text spec where the value
/// stands for a text.
pub fn format_default(value: &Value, spec: &str, cx: &Cx) -> Result<String> {
    if spec.is_empty() {
        return cx.str(value);
    }
    if matches!(base_value(value), Value::Str(_)) {
        return format_str(&cx.str(value)?, spec);
    }
    Err(TYPE_ERROR.error(format!(
        "unsupported format string passed to {}.__format__",
        class_of(value, cx).error_name()
    )))
}

fn format_str(text: &str, spec: &str) -> Result<String> {
    let spec = Spec::parse(spec, "str")?;
    if let Some(sign) = spec.sign {
        return Err(VALUE_ERROR.error(if sign == ' ' {
            "Space not allowed in string format specifier"
        } else {
            "Sign not allowed in string format specifier"
        }));
    }
    if spec.alternate {
        return Err(VALUE_ERROR.error("Alternate form (#) not allowed in string format specifier"));
    }
    if spec.align == Some('=') {
        return Err(VALUE_ERROR.error("'=' alignment not allowed in string format specifier"));
    }
    if !matches!(spec.kind, None | Some('s')) {
        return Err(spec.unknown("str"));
    }
    if let Some(separator) = spec.grouping {
        return Err(VALUE_ERROR.error(format!("Cannot specify '{separator}' with 's'.")));
    }
    let cut: String;
    let shown = match spec.precision {
        Some(precision) => {
            cut = text.chars().take(precision).collect();
            &cut
        }
        None => text,
    };
    Ok(spec.pad(shown, '<'))
}

fn format_int(number: &BigInt, text: &str, type_name: &str) -> Result<String> {
    let spec = Spec::parse(text, type_name)?;
    let kind = spec.kind.unwrap_or('d');
    if matches!(kind, 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') {
        return format_float_spec(float::big_to_float(number)?, &spec, type_name);
    }
    if spec.precision.is_some() {
        return Err(VALUE_ERROR.error("Precision not allowed in integer format specifier"));
    }
    if spec.no_negative_zero && matches!(kind, 'd' | 'n' | 'x' | 'X' | 'o' | 'b' | 'c') {
        return Err(VALUE_ERROR
            .error("Negative zero coercion (z) not allowed in format specifier with integer"));
    }
    if kind == 'c' {
        return format_char(number, &spec);
    }
    let magnitude = number.abs();
    let (digits, prefix, every) = match kind {
        'd' | 'n' => (int::decimal_text(&magnitude)?, "", 3),
        'x' => (magnitude.to_str_radix(16), "0x", 4),
        'X' => (magnitude.to_str_radix(16).to_uppercase(), "0X", 4),
        'o' => (magnitude.to_str_radix(8), "0o", 4),
        'b' => (magnitude.to_str_radix(2), "0b", 4),
        _ => return Err(spec.unknown(type_name)),
    };
    if let Some(separator) = spec.grouping
        && (kind == 'n' || (separator == ',' && kind != 'd'))
    {
        return Err(VALUE_ERROR.error(format!("Cannot specify '{separator}' with '{kind}'.")));
    }
    let mut front = spec.sign_text(number.is_negative()).to_owned();
    if spec.alternate {
        front.push_str(prefix);
    }
    Ok(spec.pad_number(&front, &digits, "", every))
}

fn format_char(number: &BigInt, spec: &Spec) -> Result<String> {
    if spec.sign.is_some() {
        return Err(VALUE_ERROR.error("Sign not allowed with integer format specifier 'c'"));
    }
    match number.to_u32().and_then(char::from_u32) {
        Some(c) => Ok(spec.pad(&c.to_string(), '<')),
        None => Err(OVERFLOW_ERROR.error("%c arg not in range(0x110000)")),
    }
}

/// `format(number, spec)` of a float.
pub fn format_float(number: f64, spec: &str, type_name: &str) -> Result<String> {
    if spec.is_empty() {
        return Ok(float::repr(number));
    }
    format_float_spec(number, &Spec::parse(spec, type_name)?, type_name)
}

fn format_float_spec(number: f64, spec: &Spec, type_name: &str) -> Result<String> {
    let kind = spec.kind.unwrap_or('\0');
    if !matches!(kind, '\0' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'n' | '%') {
        return Err(spec.unknown(type_name));
    }
    let mut digits = float_digits(number.abs(), kind, spec.precision, spec.alternate);
    let mut negative = number.is_sign_negative() && !number.is_nan();
    let is_zero = !digits.contains(|c: char| ('1'..='9').contains(&c));
    if spec.no_negative_zero && is_zero && number.is_finite() {
        negative = false;
    }
    if kind.is_ascii_uppercase() {
        digits = digits.to_uppercase();
    }
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let (whole, rest) = digits.split_at(end);
    let front = spec.sign_text(negative);
    if whole.is_empty() {
        return Ok(spec.pad_signed(front, rest, '>'));
    }
    Ok(spec.pad_number(front, whole, rest, 3))
}

/// The digits of a number that is not negative, by a type letter (`\0`: none given).
pub fn float_digits(number: f64, kind: char, precision: Option<usize>, alternate: bool) -> String {
    if number.is_nan() {
        return if kind == '%' { "nan%" } else { "nan" }.to_owned();
    }
    if number.is_infinite() {
        return if kind == '%' { "inf%" } else { "inf" }.to_owned();
    }
    let places = precision.unwrap_or(6);
    let point = if alternate && places == 0 { "." } else { "" };
    match kind.to_ascii_lowercase() {
        'f' => format!("{number:.places$}{point}"),
        '%' => format!("{:.places$}{point}%", number * 100.0),
        'e' => scientific(number, places, point),
        '\0' => match precision {
            None => float::repr(number),
            Some(precision) => general(number, precision.max(1), alternate, true),
        },
        _ => general(number, places.max(1), alternate, false),
    }
}

fn scientific(number: f64, places: usize, point: &str) -> String {
    let text = format!("{number:.places$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent = float::exponent_text(exponent.parse().unwrap_or(0), 'e');
    format!("{mantissa}{point}{exponent}")
}

fn general(number: f64, precision: usize, alternate: bool, keep_point: bool) -> String {
    let text = format!("{number:.*e}", precision - 1);
    let exponent: i64 = text
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok())
        .unwrap_or(0);
    let limit = i64::try_from(precision).unwrap_or(i64::MAX);
    // Without a type letter a whole number keeps a digit behind its point, which costs a place.
    let highest = if keep_point { limit - 1 } else { limit };
    if exponent < -4 || exponent >= highest.max(i64::from(!keep_point)) {
        let (mantissa, _) = text.split_once('e').unwrap_or((&text, "0"));
        let mantissa = trim_zeros(mantissa, alternate);
        let exponent = float::exponent_text(i32::try_from(exponent).unwrap_or(0), 'e');
        return format!("{mantissa}{exponent}");
    }
    let places = usize::try_from(limit - 1 - exponent).unwrap_or(0);
    let fixed = format!("{number:.places$}");
    let trimmed = trim_zeros(&fixed, alternate);
    if keep_point && !trimmed.contains('.') {
        return format!("{trimmed}.0");
    }
    if alternate && !trimmed.contains('.') {
        return format!("{trimmed}.");
    }
    trimmed
}

fn trim_zeros(text: &str, alternate: bool) -> String {
    if alternate || !text.contains('.') {
        return text.to_owned();
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
