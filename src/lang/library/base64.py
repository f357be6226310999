# base64: bytes as letters.
_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL = _STANDARD[:62] + b"-_"
_BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _encode(s, alphabet, bits, group):
    if not isinstance(s, bytes):
        raise TypeError(f"a bytes-like object is required, not '{type(s).__name__}'")
    out, held, left = [], 0, 0
    for byte in s:
        held = held << 8 | byte
        left += 8
        while left >= bits:
            left -= bits
            out.append(alphabet[held >> left])
            held &= (1 << left) - 1
    if left:
        out.append(alphabet[held << (bits - left)])
    return bytes(out) + b"=" * (-len(out) % group)


def _decode(s, alphabet, bits):
    places = {byte: at for at, byte in enumerate(alphabet)}
    out, held, left = [], 0, 0
    for byte in s:
        held = held << bits | places[byte]
        left += bits
        if left >= 8:
            left -= 8
            out.append(held >> left)
            held &= (1 << left) - 1
    return bytes(out)


def _as_bytes(s):
    if isinstance(s, str):
        if not s.isascii():
            raise ValueError("string argument should contain only ASCII characters")
        return s.encode("ascii")
    if not isinstance(s, bytes):
        raise TypeError(f"argument should be a bytes-like object or ASCII string, not {type(s).__name__!r}")
    return s


def b64encode(s, altchars=None):
    return _encode(s, _STANDARD if altchars is None else _STANDARD[:62] + altchars, 6, 4)


def _decode64(s, alphabet):
    from binascii import Error

    digits = bytes(byte for byte in _as_bytes(s) if byte in alphabet)
    padding = _as_bytes(s).count(b"=")
    if len(digits) % 4 == 1:
        raise Error(
            "Invalid base64-encoded string: number of data characters "
            f"({len(digits)}) cannot be 1 more than a multiple of 4"
        )
    if (len(digits) + padding) % 4 and padding < -len(digits) % 4:
        raise Error("Incorrect padding")
    return _decode(digits, alphabet, 6)


def b64decode(s, altchars=None, validate=False):
    return _decode64(s, _STANDARD if altchars is None else _STANDARD[:62] + altchars)


def standard_b64encode(s):
    return b64encode(s)


def standard_b64decode(s):
    return b64decode(s)


def urlsafe_b64encode(s):
    return _encode(s, _URL, 6, 4)


def urlsafe_b64decode(s):
    return _decode64(s, _URL)


def b32encode(s):
    return _encode(s, _BASE32, 5, 8)


def b32decode(s, casefold=False, map01=None):
    s = _as_bytes(s)
    return _decode((s.upper() if casefold else s).rstrip(b"="), _BASE32, 5)


def b16encode(s):
    return s.hex().upper().encode("ascii")


def b16decode(s, casefold=False):
    return bytes.fromhex(_as_bytes(s).decode("ascii"))
