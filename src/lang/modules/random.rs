//! `random`: the Mersenne Twister, seeded as CPython seeds it.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::rc::Rc;

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

use crate::object::exceptions::{INDEX_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{float, int};
use crate::object::{
    Bound, Cx, Export, Members, Method, ModuleSpec, Object, Result, TypeSpec, Value, count_exports,
    join_exports, ops,
};

const RANDOM_NAMES: &[(&str, Export)] = &[("Random", |_| RANDOM_CLASS.class().into())];

const RANDOM_GROUPS: &[&[(&str, Export)]] = &[RANDOM_NAMES, FUNCTIONS];

/// `random`.
pub static RANDOM: ModuleSpec = ModuleSpec {
    name: "random",
    names: &join_exports::<{ count_exports(RANDOM_GROUPS) }>(RANDOM_GROUPS),
    unsupported: &[("SystemRandom", "use random()")],
    dynamic: None,
};

type Draw = fn(&Twister, &Bound<'_>, &Cx) -> Result<Value>;

macro_rules! draws {
    ($($name:literal $text:literal => $draw:expr),* $(,)?) => {
        static FUNCTIONS: &[(&str, Export)] = &[$(($name, |_| {
            Method::function(concat!($name, $text), |a, cx| {
                let draw: Draw = $draw;
                draw(&cx.service::<Shared>().0, a, cx)
            })
        })),*];
        fn members(members: &mut Members) {
            $(members.method(concat!($name, $text), |own: &Random, a, cx| {
                let draw: Draw = $draw;
                draw(&own.0, a, cx)
            });)*
        }
    };
}

draws! {
    "seed" "(a=None, version=2)" => |own, a, cx| seed(own, a, cx),
    "random" "(/)" => |own, _, _| Ok(Value::Float(own.random())),
    "getrandbits" "(k, /)" => |own, a, cx| {
        let bits = u64::try_from(int::expect_index(a.at(0), cx)?)
            .map_err(|_| VALUE_ERROR.error("number of bits must be non-negative"))?;
        Ok(Value::big(own.bits(bits.min(1 << 20))))
    },
    "randint" "(a, b)" => |own, a, cx| {
        let (low, high) = (int::expect_index(a.at(0), cx)?, int::expect_index(a.at(1), cx)?);
        between(own, low, high.saturating_add(1), 1)
    },
    "randrange" "(start, stop=None, step=1)" => |own, a, cx| {
        let start = int::expect_index(a.at(0), cx)?;
        let step = match a.some_at(2) { Some(step) => int::expect_index(step, cx)?, None => 1 };
        match a.some_at(1) {
            Some(stop) => between(own, start, int::expect_index(stop, cx)?, step),
            None => between(own, 0, start, 1),
        }
    },
    "uniform" "(a, b)" => |own, a, cx| {
        let (low, high) = (real(a.at(0), cx)?, real(a.at(1), cx)?);
        Ok(Value::Float(low + (high - low) * own.random()))
    },
    "choice" "(seq)" => |own, a, cx| {
        let len = ops::len(a.at(0), cx)?;
        if len == 0 {
            return Err(INDEX_ERROR.error("Cannot choose from an empty sequence"));
        }
        ops::get_item(a.at(0), &index(own.below(len as u64)), cx)
    },
    "choices" "(population, weights=None, *, cum_weights=None, k=1)" => choices,
    "shuffle" "(x)" => |own, a, cx| {
        for at in (1..ops::len(a.at(0), cx)?).rev() {
            let (i, j) = (index(at as u64), index(own.below(at as u64 + 1)));
            let (x, y) = (ops::get_item(a.at(0), &i, cx)?, ops::get_item(a.at(0), &j, cx)?);
            ops::set_item(a.at(0), i, y, cx)?;
            ops::set_item(a.at(0), j, x, cx)?;
        }
        Ok(Value::None)
    },
    "sample" "(population, k, *, counts=None)" => sample,
    "gauss" "(mu=0.0, sigma=1.0)" => |own, a, cx| {
        let mu = a.given("mu").map_or(Ok(0.0), |value| real(value, cx))?;
        let sigma = a.given("sigma").map_or(Ok(1.0), |value| real(value, cx))?;
        Ok(Value::Float(mu + own.gauss() * sigma))
    },
}

static RANDOM_CLASS: TypeSpec = TypeSpec::new("random", "Random")
    .construct(|_, args, cx| {
        let own = Random(Twister::default());
        if let Some(value) = args.pos.first() {
            own.0.seed_with(value, cx)?;
        }
        Ok(Value::object(own))
    })
    .members(members);

struct Random(Twister);

impl Object for Random {
    fn spec(&self) -> &'static TypeSpec {
        &RANDOM_CLASS
    }
}

/// The generator of the module's own functions.
#[derive(Default)]
struct Shared(Twister);

fn real(value: &Value, cx: &Cx) -> Result<f64> {
    float::to_float(value, cx)?.ok_or_else(|| TYPE_ERROR.error("must be real number"))
}

fn index(at: u64) -> Value {
    Value::Int(i64::try_from(at).unwrap_or(i64::MAX))
}

fn seed(own: &Twister, a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    match a.some("a") {
        Some(value) => own.seed_with(value, cx)?,
        None => own.seed_from_clock(),
    }
    Ok(Value::None)
}

fn between(own: &Twister, start: i64, stop: i64, step: i64) -> Result<Value> {
    let width = i128::from(stop) - i128::from(start);
    let step = i128::from(step);
    let count = match step.cmp(&0) {
        Ordering::Greater => (width + step - 1) / step,
        Ordering::Less => (width + step + 1) / step,
        Ordering::Equal => return Err(VALUE_ERROR.error("zero step for randrange()")),
    };
    let Some(count) = u64::try_from(count).ok().filter(|count| *count > 0) else {
        return Err(VALUE_ERROR.error(format!(
            "empty range for randrange() ({start}, {stop}, {width})"
        )));
    };
    let drawn = i128::from(start) + step * i128::from(own.below(count));
    Ok(Value::Int(i64::try_from(drawn).unwrap_or(i64::MAX)))
}

fn choices(own: &Twister, a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let population = cx.collect(a.value("population"))?;
    let count = match a.some("k") {
        Some(count) => usize::try_from(int::expect_index(count, cx)?).unwrap_or(0),
        None => 1,
    };
    let mut cumulative = Vec::new();
    if let Some(weights) = a.some("cum_weights") {
        for weight in cx.collect(weights)? {
            cumulative.push(real(&weight, cx)?);
        }
    } else if let Some(weights) = a.some("weights") {
        let mut total = 0.0;
        for weight in cx.collect(weights)? {
            total += real(&weight, cx)?;
            cumulative.push(total);
        }
    }
    if population.is_empty() {
        return Err(INDEX_ERROR.error("Cannot choose from an empty population"));
    }
    if !cumulative.is_empty() && cumulative.len() != population.len() {
        return Err(VALUE_ERROR.error("The number of weights does not match the population"));
    }
    let last = population.len() - 1;
    let mut drawn = Vec::new();
    for _ in 0..count.min(1 << 24) {
        let at = match cumulative.last() {
            None => {
                #[expect(clippy::cast_precision_loss, reason = "as CPython's float product")]
                let place = own.random() * population.len() as f64;
                place.to_usize().unwrap_or(0)
            }
            Some(total) => {
                let place = own.random() * total;
                cumulative.partition_point(|weight| *weight <= place)
            }
        };
        drawn.extend(population.get(at.min(last)).cloned());
    }
    Ok(Value::list(drawn))
}

fn sample(own: &Twister, a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let mut pool = match a.value("population") {
        Value::Set(_) => {
            return Err(TYPE_ERROR
                .error("Population must be a sequence.  For dicts or sets, use sorted(d)."));
        }
        population => cx.collect(population)?,
    };
    let count = usize::try_from(int::expect_index(a.value("k"), cx)?)
        .ok()
        .filter(|count| *count <= pool.len())
        .ok_or_else(|| VALUE_ERROR.error("Sample larger than population or is negative"))?;
    let total = pool.len();
    let mut drawn = Vec::with_capacity(count);
    // CPython keeps a set of drawn indexes where the sample is small.
    let mut small = 21_usize;
    if count > 5 {
        let mut power = 1_usize;
        while power < count * 3 {
            power *= 4;
        }
        small += power;
    }
    let draw = |bound: usize| usize::try_from(own.below(bound as u64)).unwrap_or(0);
    if total <= small {
        for at in 0..count {
            let place = draw(total - at);
            drawn.push(pool[place].clone());
            pool[place] = pool[total - at - 1].clone();
        }
    } else {
        let mut seen = rustc_hash::FxHashSet::default();
        for _ in 0..count {
            let mut place = draw(total);
            while !seen.insert(place) {
                place = draw(total);
            }
            drawn.push(pool[place].clone());
        }
    }
    Ok(Value::list(drawn))
}

const N: usize = 624;

/// MT19937.
struct Twister {
    state: RefCell<State>,
}

struct State {
    words: Rc<[u32; N]>,
    at: usize,
    gauss: Option<f64>,
}

impl Default for Twister {
    fn default() -> Self {
        let own = Self {
            state: RefCell::new(State {
                words: Rc::new([0; N]),
                at: N,
                gauss: None,
            }),
        };
        own.seed_from_clock();
        own
    }
}

impl Twister {
    fn seed_from_clock(&self) {
        let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
        let half =
            |word: u64, shift: u32| u32::try_from((word >> shift) & 0xffff_ffff).unwrap_or(1);
        self.seed_key(&[half(high, 32), half(high, 0), half(low, 32), half(low, 0)]);
    }

    fn seed_with(&self, value: &Value, cx: &Cx) -> Result<()> {
        let number = match value {
            Value::Str(_) | Value::Bytes(_) => {
                return Err(TYPE_ERROR.error("random.seed() takes an int here"));
            }
            Value::Float(_) => BigInt::from(ops::hash(value, cx)?),
            other => int::to_big(other)
                .ok_or_else(|| TYPE_ERROR.error("random.seed() takes an int here"))?
                .abs(),
        };
        let mut key = number.magnitude().to_u32_digits();
        if key.is_empty() {
            key.push(0);
        }
        self.seed_key(&key);
        Ok(())
    }

    fn seed_key(&self, key: &[u32]) {
        let mut words = [0_u32; N];
        words[0] = 19_650_218;
        for at in 1..N {
            let before = words[at - 1];
            let place = u32::try_from(at).unwrap_or(0);
            words[at] = 1_812_433_253_u32
                .wrapping_mul(before ^ (before >> 30))
                .wrapping_add(place);
        }
        let (mut i, mut j) = (1, 0);
        for _ in 0..N.max(key.len()) {
            let before = words[i - 1];
            words[i] = (words[i] ^ (before ^ (before >> 30)).wrapping_mul(1_664_525))
                .wrapping_add(key[j])
                .wrapping_add(u32::try_from(j).unwrap_or(0));
            i += 1;
            j += 1;
            if i >= N {
                words[0] = words[N - 1];
                i = 1;
            }
            if j >= key.len() {
                j = 0;
            }
        }
        for _ in 0..N - 1 {
            let before = words[i - 1];
            words[i] = (words[i] ^ (before ^ (before >> 30)).wrapping_mul(1_566_083_941))
                .wrapping_sub(u32::try_from(i).unwrap_or(0));
            i += 1;
            if i >= N {
                words[0] = words[N - 1];
                i = 1;
            }
        }
        words[0] = 0x8000_0000;
        *self.state.borrow_mut() = State {
            words: Rc::new(words),
            at: N,
            gauss: None,
        };
    }

    fn word(&self) -> u32 {
        let mut state = self.state.borrow_mut();
        if state.at >= N {
            let words = Rc::make_mut(&mut state.words);
            for at in 0..N {
                let mixed = (words[at] & 0x8000_0000) | (words[(at + 1) % N] & 0x7fff_ffff);
                let odd = if mixed & 1 == 1 { 0x9908_b0df } else { 0 };
                words[at] = words[(at + 397) % N] ^ (mixed >> 1) ^ odd;
            }
            state.at = 0;
        }
        let mut word = state.words[state.at];
        state.at += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn random(&self) -> f64 {
        let (a, b) = (self.word() >> 5, self.word() >> 6);
        (f64::from(a) * 67_108_864.0 + f64::from(b)) / 9_007_199_254_740_992.0
    }

    fn bits(&self, count: u64) -> BigInt {
        let mut result = BigInt::from(0);
        let mut done = 0;
        while done < count {
            let left = count - done;
            let mut word = self.word();
            if left < 32 {
                word >>= 32 - left;
            }
            result |= BigInt::from(word) << done;
            done += 32;
        }
        result
    }

    /// A number below `bound`.
    fn below(&self, bound: u64) -> u64 {
        let bits = u64::from(64 - bound.leading_zeros());
        loop {
            let drawn = self.bits(bits).to_u64().unwrap_or(0);
            if drawn < bound || bound == 0 {
                return drawn;
            }
        }
    }

    fn gauss(&self) -> f64 {
        if let Some(kept) = self.state.borrow_mut().gauss.take() {
            return kept;
        }
        let angle = self.random() * std::f64::consts::TAU;
        let radius = (-2.0 * (1.0 - self.random()).ln()).sqrt();
        self.state.borrow_mut().gauss = Some(angle.sin() * radius);
        angle.cos() * radius
    }
}
