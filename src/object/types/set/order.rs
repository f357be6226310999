//! The order in which CPython would iterate a set: by its hash table. Scripts show sets, so the
//! order of numbers and texts is reproduced; sets of anything else keep the order of insertion.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive};

use crate::object::{Set, Value};

/// What `PYTHONHASHSEED` the order of texts follows: sessions are recorded with a fixed one.
const HASH_SEED: u32 = 3;
const MODULUS: u64 = (1 << 61) - 1;

/// The members in the order in which CPython would iterate them.
pub fn ordered_members(set: &Set) -> Vec<Value> {
    let members = set.to_vec();
    if members.len() < 2 {
        return members;
    }
    let hashes: Option<Vec<i64>> = members.iter().map(python_hash).collect();
    let Some(hashes) = hashes else {
        return members;
    };
    let mut table = Table::new(8);
    for (at, hash) in hashes.iter().enumerate() {
        table.add(at, *hash, &hashes);
    }
    table
        .slots
        .into_iter()
        .flatten()
        .map(|at| members[at].clone())
        .collect()
}

/// CPython's set table: open addressing with short linear runs.
struct Table {
    slots: Vec<Option<usize>>,
    used: usize,
}

impl Table {
    fn new(size: usize) -> Self {
        Self {
            slots: vec![None; size],
            used: 0,
        }
    }
    fn add(&mut self, item: usize, hash: i64, hashes: &[i64]) {
        self.place(item, hash);
        self.used += 1;
        let mask = self.slots.len() - 1;
        if self.used * 5 >= mask * 3 {
            let wanted = if self.used > 50_000 {
                self.used * 2
            } else {
                self.used * 4
            };
            let mut size = 8;
            while size <= wanted {
                size *= 2;
            }
            let old = std::mem::replace(&mut self.slots, vec![None; size]);
            for item in old.into_iter().flatten() {
                self.place(item, hashes[item]);
            }
        }
    }
    fn place(&mut self, item: usize, hash: i64) {
        const LINEAR_PROBES: usize = 9;
        let mask = self.slots.len() - 1;
        let mut perturb = hash.cast_unsigned();
        let mut at = low_bits(perturb, mask);
        loop {
            let run = if at + LINEAR_PROBES <= mask {
                LINEAR_PROBES
            } else {
                0
            };
            for slot in at..=at + run {
                if self.slots[slot].is_none() {
                    self.slots[slot] = Some(item);
                    return;
                }
            }
            perturb >>= 5;
            at = low_bits(
                (at as u64)
                    .wrapping_mul(5)
                    .wrapping_add(1)
                    .wrapping_add(perturb),
                mask,
            );
        }
    }
}

fn low_bits(number: u64, mask: usize) -> usize {
    usize::try_from(number & mask as u64).unwrap_or(0)
}

/// CPython's `hash()` where it does not depend on addresses.
pub fn python_hash(value: &Value) -> Option<i64> {
    let hash = match value {
        Value::Int(number) => hash_i64(*number),
        Value::Bool(flag) => i64::from(*flag),
        Value::BigInt(number) => hash_big(number),
        Value::Float(number) => hash_float(*number)?,
        Value::Str(text) => hash_text(text),
        Value::Bytes(bytes) => sip13(bytes),
        Value::Tuple(items) => {
            let hashes: Option<Vec<i64>> = items.iter().map(python_hash).collect();
            hash_tuple(&hashes?)
        }
        _ => value
            .downcast::<crate::object::types::decimal::Decimal>()?
            .numeric_hash(MODULUS)?,
    };
    Some(if hash == -1 { -2 } else { hash })
}

fn hash_i64(number: i64) -> i64 {
    let reduced = i64::try_from(number.unsigned_abs() % MODULUS).unwrap_or(0);
    if number < 0 { -reduced } else { reduced }
}

fn hash_big(number: &BigInt) -> i64 {
    let reduced = number.abs().mod_floor(&BigInt::from(MODULUS));
    let reduced = reduced.to_i64().unwrap_or(0);
    if number.is_negative() {
        -reduced
    } else {
        reduced
    }
}

fn hash_float(number: f64) -> Option<i64> {
    if number.is_nan() {
        return None;
    }
    if number.is_infinite() {
        return Some(if number > 0.0 { 314_159 } else { -314_159 });
    }
    let (mut mantissa, mut exponent) = frexp(number.abs());
    let mut hash: u64 = 0;
    while mantissa != 0.0 {
        hash = ((hash << 28) & MODULUS) | (hash >> (61 - 28));
        mantissa *= 268_435_456.0;
        exponent -= 28;
        let part = mantissa.to_u64().unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "it is below 2**28")]
        let whole = part as f64;
        mantissa -= whole;
        hash += part;
        if hash >= MODULUS {
            hash -= MODULUS;
        }
    }
    let shift = u32::try_from(exponent.rem_euclid(61)).unwrap_or(0);
    hash = ((hash << shift) & MODULUS) | (hash >> (61 - shift));
    let hash = i64::try_from(hash).unwrap_or(0);
    Some(if number < 0.0 { -hash } else { hash })
}

/// Mantissa in [0.5, 1) and exponent.
pub(super) fn frexp(number: f64) -> (f64, i64) {
    if number == 0.0 || !number.is_finite() {
        return (number, 0);
    }
    let scaled = number * 2_f64.powi(64);
    let (number, bias) = if number.abs() < f64::MIN_POSITIVE {
        (scaled, 64)
    } else {
        (number, 0)
    };
    let bits = number.to_bits();
    let exponent = i64::try_from((bits >> 52) & 0x7ff).unwrap_or(0) - 1022;
    let mantissa = f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52));
    (mantissa, exponent - bias)
}

fn hash_tuple(hashes: &[i64]) -> i64 {
    const PRIME_1: u64 = 11_400_714_785_074_694_791;
    const PRIME_2: u64 = 14_029_467_366_897_019_727;
    const PRIME_5: u64 = 2_870_177_450_012_600_261;
    const LENGTH_SALT: u64 = PRIME_5 ^ 0x0035_d373;
    let mut acc = PRIME_5;
    for lane in hashes {
        acc = acc.wrapping_add(lane.cast_unsigned().wrapping_mul(PRIME_2));
        acc = acc.rotate_left(31).wrapping_mul(PRIME_1);
    }
    acc = acc.wrapping_add((hashes.len() as u64) ^ LENGTH_SALT);
    if acc == u64::MAX {
        return 1_546_275_796;
    }
    acc.cast_signed()
}

/// CPython hashes the storage of a text: one, two or four bytes a character by the widest.
fn hash_text(text: &str) -> i64 {
    if text.is_ascii() {
        return sip13(text.as_bytes());
    }
    let widest = text.chars().map(u32::from).max().unwrap_or(0);
    let mut bytes = Vec::with_capacity(text.len() * 2);
    for c in text.chars() {
        let code = u32::from(c).to_le_bytes();
        bytes.extend_from_slice(match widest {
            0..=0xff => &code[..1],
            0x100..=0xffff => &code[..2],
            _ => &code[..4],
        });
    }
    sip13(&bytes)
}

fn keys() -> (u64, u64) {
    let mut state = HASH_SEED;
    let mut bytes = [0_u8; 16];
    for byte in &mut bytes {
        state = state.wrapping_mul(214_013).wrapping_add(2_531_011);
        *byte = u8::try_from((state >> 16) & 0xff).unwrap_or(0);
    }
    let word = |range: std::ops::Range<usize>| {
        bytes[range]
            .iter()
            .rev()
            .fold(0_u64, |word, byte| (word << 8) | u64::from(*byte))
    };
    (word(0..8), word(8..16))
}

fn sip13(bytes: &[u8]) -> i64 {
    if bytes.is_empty() {
        return 0;
    }
    let (k0, k1) = keys();
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk
            .iter()
            .rev()
            .fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
        v[3] ^= word;
        round(&mut v);
        v[0] ^= word;
    }
    let mut last = (bytes.len() as u64) << 56;
    for (at, byte) in chunks.remainder().iter().enumerate() {
        last |= u64::from(*byte) << (8 * at);
    }
    v[3] ^= last;
    round(&mut v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for _ in 0..3 {
        round(&mut v);
    }
    (v[0] ^ v[1] ^ v[2] ^ v[3]).cast_signed()
}

fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[2] = v[2].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[1]);
    v[0] = v[0].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_hash_as_in_cpython() {
        let hash = |text: &str| python_hash(&Value::str(text)).unwrap();
        assert_eq!(hash("abc"), -1_999_976_057_570_025_131);
        assert_eq!(hash("é"), 3_612_054_548_870_519_334);
        assert_eq!(hash("日本"), -7_924_978_943_022_364_685);
        assert_eq!(
            python_hash(&Value::Float(1.5)),
            Some(1_152_921_504_606_846_977)
        );
    }
}
