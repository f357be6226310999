# hashlib: MD5 and the SHA family, from their published definitions.
import math


def _primes(count):
    found = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def _root_bits(number, degree, bits):
    """The first `bits` bits behind the point of a root of `number`."""
    scaled = number << bits * degree
    low, high = 0, 1 << bits + 8
    while low < high:
        middle = (low + high + 1) // 2
        if middle**degree <= scaled:
            low = middle
        else:
            high = middle - 1
    return low & (1 << bits) - 1


def _padded(data, block, order):
    size = block // 8
    tail = b"\x80" + b"\0" * ((-len(data) - 1 - size) % block)
    return data + tail + (8 * len(data)).to_bytes(size, order)


def _md5(data):
    shifts = ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21))
    table = [int(abs(math.sin(i + 1)) * 2**32) for i in range(64)]
    mask = 0xFFFFFFFF
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    data = _padded(data, 64, "little")
    for start in range(0, len(data), 64):
        words = [int.from_bytes(data[at : at + 4], "little") for at in range(start, start + 64, 4)]
        a, b, c, d = state
        for i in range(64):
            turn = i // 16
            if turn == 0:
                f, g = b & c | ~b & d, i
            elif turn == 1:
                f, g = d & b | ~d & c, (5 * i + 1) % 16
            elif turn == 2:
                f, g = b ^ c ^ d, (3 * i + 5) % 16
            else:
                f, g = c ^ (b | ~d & mask), 7 * i % 16
            f = (f + a + table[i] + words[g]) & mask
            shift = shifts[turn][i % 4]
            a, d, c, b = d, c, b, (b + (f << shift | f >> 32 - shift)) & mask
        state = [(x + y) & mask for x, y in zip(state, (a, b, c, d))]
    return b"".join(x.to_bytes(4, "little") for x in state)


def _sha1(data):
    mask = 0xFFFFFFFF
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0]
    data = _padded(data, 64, "big")
    for start in range(0, len(data), 64):
        w = [int.from_bytes(data[at : at + 4], "big") for at in range(start, start + 64, 4)]
        for i in range(16, 80):
            x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16]
            w.append((x << 1 | x >> 31) & mask)
        a, b, c, d, e = state
        for i in range(80):
            if i < 20:
                f, k = b & c | ~b & d, 0x5A827999
            elif i < 40:
                f, k = b ^ c ^ d, 0x6ED9EBA1
            elif i < 60:
                f, k = b & c | b & d | c & d, 0x8F1BBCDC
            else:
                f, k = b ^ c ^ d, 0xCA62C1D6
            first = ((a << 5 | a >> 27) + f + e + k + w[i]) & mask
            a, b, c, d, e = first, a, (b << 30 | b >> 2) & mask, c, d
        state = [(x + y) & mask for x, y in zip(state, (a, b, c, d, e))]
    return b"".join(x.to_bytes(4, "big") for x in state)


def _sha2(data, bits, rounds, rotations, start_state):
    mask = (1 << bits) - 1
    size = bits // 8
    constants = [_root_bits(prime, 3, bits) for prime in _primes(rounds)]
    (a0, a1, a2), (e0, e1, e2), (s0, s1, s2), (t0, t1, t2) = rotations

    def turn(x, n):
        return (x >> n | x << bits - n) & mask

    state = start_state
    data = _padded(data, 16 * size, "big")
    for start in range(0, len(data), 16 * size):
        w = [int.from_bytes(data[at : at + size], "big") for at in range(start, start + 16 * size, size)]
        for i in range(16, rounds):
            x, y = w[i - 15], w[i - 2]
            small = turn(x, s0) ^ turn(x, s1) ^ x >> s2
            other = turn(y, t0) ^ turn(y, t1) ^ y >> t2
            w.append((w[i - 16] + small + w[i - 7] + other) & mask)
        a, b, c, d, e, f, g, h = state
        for i in range(rounds):
            first = h + (turn(e, e0) ^ turn(e, e1) ^ turn(e, e2)) + (e & f ^ ~e & g) + constants[i] + w[i]
            second = (turn(a, a0) ^ turn(a, a1) ^ turn(a, a2)) + (a & b ^ a & c ^ b & c)
            a, b, c, d, e, f, g, h = (first + second) & mask, a, b, c, (d + first) & mask, e, f, g
        state = [(x + y) & mask for x, y in zip(state, (a, b, c, d, e, f, g, h))]
    return b"".join(x.to_bytes(size, "big") for x in state)


_ROTATIONS_256 = ((2, 13, 22), (6, 11, 25), (7, 18, 3), (17, 19, 10))
_ROTATIONS_512 = ((28, 34, 39), (14, 18, 41), (1, 8, 7), (19, 61, 6))


def _sha256(data):
    return _sha2(data, 32, 64, _ROTATIONS_256, [_root_bits(p, 2, 32) for p in _primes(8)])


def _sha224(data):
    # The second halves of the 64 bits of the roots of the ninth to sixteenth primes.
    start = [_root_bits(p, 2, 64) & 0xFFFFFFFF for p in _primes(16)[8:]]
    return _sha2(data, 32, 64, _ROTATIONS_256, start)[:28]


def _sha512(data):
    return _sha2(data, 64, 80, _ROTATIONS_512, [_root_bits(p, 2, 64) for p in _primes(8)])


def _sha384(data):
    return _sha2(data, 64, 80, _ROTATIONS_512, [_root_bits(p, 2, 64) for p in _primes(16)[8:]])[:48]


class HASH:
    def __init__(self, name, digest, digest_size, block_size, data):
        self.name, self._digest = name, digest
        self.digest_size, self.block_size = digest_size, block_size
        self._data = b""
        self.update(data)

    def update(self, data):
        if isinstance(data, str):
            raise TypeError("Strings must be encoded before hashing")
        if not isinstance(data, bytes):
            raise TypeError("object supporting the buffer API required")
        self._data += data

    def digest(self):
        return self._digest(self._data)

    def hexdigest(self):
        return self.digest().hex()

    def copy(self):
        return HASH(self.name, self._digest, self.digest_size, self.block_size, self._data)

    def __repr__(self):
        return f"<{self.name} _hashlib.HASH object @ {id(self):#x}>"


_KINDS = {
    "md5": (_md5, 16, 64),
    "sha1": (_sha1, 20, 64),
    "sha224": (_sha224, 28, 64),
    "sha256": (_sha256, 32, 64),
    "sha384": (_sha384, 48, 128),
    "sha512": (_sha512, 64, 128),
}
algorithms_available = algorithms_guaranteed = set(_KINDS)


def new(name, data=b"", *, usedforsecurity=True):
    if name.lower() not in _KINDS:
        raise ValueError("unsupported hash type " + name)
    return HASH(name.lower(), *_KINDS[name.lower()], data)


def md5(string=b"", *, usedforsecurity=True):
    return new("md5", string)


def sha1(string=b"", *, usedforsecurity=True):
    return new("sha1", string)


def sha224(string=b"", *, usedforsecurity=True):
    return new("sha224", string)


def sha256(string=b"", *, usedforsecurity=True):
    return new("sha256", string)


def sha384(string=b"", *, usedforsecurity=True):
    return new("sha384", string)


def sha512(string=b"", *, usedforsecurity=True):
    return new("sha512", string)


def pbkdf2_hmac(hash_name, password, salt, iterations, dklen=None):
    digest, size, block = _KINDS[hash_name]

    def mac(key, message):
        key = (digest(key) if len(key) > block else key).ljust(block, b"\0")
        inner = digest(bytes(byte ^ 0x36 for byte in key) + message)
        return digest(bytes(byte ^ 0x5C for byte in key) + inner)

    dklen = size if dklen is None else dklen
    out, index = b"", 1
    while len(out) < dklen:
        block_value = mac(password, salt + index.to_bytes(4, "big"))
        total = int.from_bytes(block_value, "big")
        for _ in range(iterations - 1):
            block_value = mac(password, block_value)
            total ^= int.from_bytes(block_value, "big")
        out += total.to_bytes(size, "big")
        index += 1
    return out[:dklen]
