# statistics: averages and spreads, exact where the data are exact.
import math
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter


class StatisticsError(ValueError):
    pass


def _exact_sum(data):
    """The kind of number that an average of `data` is, their sum as a fraction, and how many they are."""
    kind, total, count = int, Fraction(0), 0
    for value in data:
        count += 1
        total += Fraction(value)
        own = type(value)
        if own is not kind and own is not bool:
            if kind is int:
                kind = own
            elif own is not int:
                kind = float if float in (own, kind) else own
    return kind, total, count


def _convert(value, kind):
    if kind is int and value.denominator != 1:
        kind = float
    if kind is Decimal:
        return Decimal(value.numerator) / value.denominator
    return kind(value)


def mean(data):
    kind, total, n = _exact_sum(data)
    if n < 1:
        raise StatisticsError("mean requires at least one data point")
    return _convert(total / n, kind)


def fmean(data, weights=None):
    data = list(map(float, data))
    if weights is not None:
        weights = list(weights)
        if len(weights) != len(data):
            raise StatisticsError("data and weights must be the same length")
        total = math.fsum(weights)
        if not total:
            raise StatisticsError("sum of weights must be non-zero")
        return math.fsum(value * weight for value, weight in zip(data, weights)) / total
    if not data:
        raise StatisticsError("fmean requires at least one data point")
    return math.fsum(data) / len(data)


def geometric_mean(data):
    try:
        return math.exp(fmean(map(math.log, data)))
    except ValueError:
        raise StatisticsError("geometric mean requires a non-empty dataset containing positive numbers") from None


def harmonic_mean(data, weights=None):
    data = list(data)
    if not data:
        raise StatisticsError("harmonic_mean requires at least one data point")
    weights = [1] * len(data) if weights is None else list(weights)
    if len(weights) != len(data):
        raise StatisticsError("Number of weights does not match data size")
    if any(value < 0 for value in data):
        raise StatisticsError("harmonic mean does not support negative values")
    if 0 in data:
        return 0
    kind, _, _ = _exact_sum(data)
    return _convert(sum(weights) / sum(Fraction(w) / Fraction(value) for value, w in zip(data, weights)), kind)


def median(data):
    data = sorted(data)
    n = len(data)
    if not n:
        raise StatisticsError("no median for empty data")
    return data[n // 2] if n % 2 else (data[n // 2 - 1] + data[n // 2]) / 2


def median_low(data):
    data = sorted(data)
    if not data:
        raise StatisticsError("no median for empty data")
    return data[(len(data) - 1) // 2]


def median_high(data):
    data = sorted(data)
    if not data:
        raise StatisticsError("no median for empty data")
    return data[len(data) // 2]


def mode(data):
    pairs = Counter(iter(data)).most_common(1)
    if not pairs:
        raise StatisticsError("no mode for empty data")
    return pairs[0][0]


def multimode(data):
    counts = Counter(iter(data))
    most = max(counts.values(), default=0)
    return [value for value, count in counts.items() if count == most]


def quantiles(data, *, n=4, method="exclusive"):
    if n < 1:
        raise StatisticsError("n must be at least 1")
    data = sorted(data)
    size = len(data)
    if size < 2:
        raise StatisticsError("must have at least two data points")
    if method == "inclusive":
        result = []
        for i in range(1, n):
            j, delta = divmod(i * (size - 1), n)
            result.append((data[j] * (n - delta) + data[j + 1] * delta) / n)
        return result
    if method == "exclusive":
        result = []
        for i in range(1, n):
            j = min(max(i * (size + 1) // n, 1), size - 1)
            delta = i * (size + 1) - j * n
            result.append((data[j - 1] * (n - delta) + data[j] * delta) / n)
        return result
    raise ValueError(f"Unknown method: {method!r}")


def _squares(data, center):
    kind, total, n = _exact_sum(data)
    if center is not None:
        return kind, sum(((Fraction(value) - Fraction(center)) ** 2 for value in data), Fraction(0)), n
    if not n:
        return kind, Fraction(0), 0
    average = total / n
    return kind, sum(((Fraction(value) - average) ** 2 for value in data), Fraction(0)), n


def variance(data, xbar=None):
    kind, squares, n = _squares(list(data), xbar)
    if n < 2:
        raise StatisticsError("variance requires at least two data points")
    return _convert(squares / (n - 1), kind)


def pvariance(data, mu=None):
    kind, squares, n = _squares(list(data), mu)
    if n < 1:
        raise StatisticsError("pvariance requires at least one data point")
    return _convert(squares / n, kind)


def _root(square, kind):
    if kind is Decimal:
        return (Decimal(square.numerator) / square.denominator).sqrt()
    # Enough bits that the last rounding, to a float, is the only one that shows.
    shift = 2 * max(0, 64 - (square.numerator.bit_length() - square.denominator.bit_length()) // 2)
    root = math.isqrt((square.numerator << shift) // square.denominator)
    exact = root * root * square.denominator == square.numerator << shift
    return float(Fraction(root if exact else 2 * root | 1, (1 if exact else 2) << (shift // 2)))


def stdev(data, xbar=None):
    kind, squares, n = _squares(list(data), xbar)
    if n < 2:
        raise StatisticsError("stdev requires at least two data points")
    return _root(squares / (n - 1), kind)


def pstdev(data, mu=None):
    kind, squares, n = _squares(list(data), mu)
    if n < 1:
        raise StatisticsError("pstdev requires at least one data point")
    return _root(squares / n, kind)


def correlation(x, y, /):
    n = len(x)
    if len(y) != n:
        raise StatisticsError("correlation requires that both inputs have same number of data points")
    if n < 2:
        raise StatisticsError("correlation requires at least two data points")
    xbar, ybar = math.fsum(x) / n, math.fsum(y) / n
    sxy = math.fsum((xi - xbar) * (yi - ybar) for xi, yi in zip(x, y))
    sxx = math.fsum((d := xi - xbar) * d for xi in x)
    syy = math.fsum((d := yi - ybar) * d for yi in y)
    if not sxx or not syy:
        raise StatisticsError("at least one of the inputs is constant")
    return sxy / math.sqrt(sxx * syy)
