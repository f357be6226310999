# secrets: random values from the system.
import base64
import os
import random

DEFAULT_ENTROPY = 32


def token_bytes(nbytes=None):
    return os.urandom(DEFAULT_ENTROPY if nbytes is None else nbytes)


def token_hex(nbytes=None):
    return token_bytes(nbytes).hex()


def token_urlsafe(nbytes=None):
    return base64.urlsafe_b64encode(token_bytes(nbytes)).rstrip(b"=").decode("ascii")


def randbelow(exclusive_upper_bound):
    if exclusive_upper_bound <= 0:
        raise ValueError("Upper bound must be positive.")
    return int.from_bytes(os.urandom(exclusive_upper_bound.bit_length() // 8 + 9), "big") % exclusive_upper_bound


def randbits(k):
    return randbelow(1 << k)


def choice(seq):
    return seq[randbelow(len(seq))]


def compare_digest(a, b):
    return a == b
