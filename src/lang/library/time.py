# time: broken-down times. The local zone is UTC.
import datetime as _datetime
from time import time as _now

timezone, altzone, daylight, tzname = 0, 0, 0, ("UTC", "UTC")

_FIELDS = ("tm_year", "tm_mon", "tm_mday", "tm_hour", "tm_min", "tm_sec", "tm_wday", "tm_yday", "tm_isdst")


class struct_time(tuple):
    tm_zone, tm_gmtoff = "UTC", 0

    def __new__(cls, sequence):
        values = tuple(sequence)
        if len(values) != 9:
            more = "at least" if len(values) < 9 else "at most"
            limit = 9 if len(values) < 9 else 11
            if len(values) < 9 or len(values) > 11:
                raise TypeError(f"time.struct_time() takes an {more} {limit}-sequence ({len(values)}-sequence given)")
        return super().__new__(cls, values[:9])

    def __getattr__(self, name):
        if name in _FIELDS:
            return self[_FIELDS.index(name)]
        raise AttributeError(f"'time.struct_time' object has no attribute '{name}'")

    def __repr__(self):
        shown = ", ".join(f"{name}={value}" for name, value in zip(_FIELDS, self))
        return f"time.struct_time({shown})"


def _broken_down(moment, dst):
    day = moment.toordinal() - _datetime.date(moment.year, 1, 1).toordinal() + 1
    parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return struct_time((*parts, moment.weekday(), day, dst))


def gmtime(seconds=None, /):
    seconds = _now() if seconds is None else seconds
    return _broken_down(_datetime.datetime(1970, 1, 1) + _datetime.timedelta(seconds=int(seconds // 1)), 0)


localtime = gmtime


def _moment(t):
    year, month, day, hour, minute, second = tuple(t)[:6]
    return _datetime.datetime(year, max(month, 1), max(day, 1), hour, minute, min(second, 59))


def mktime(t, /):
    return (_moment(t) - _datetime.datetime(1970, 1, 1)).total_seconds()


def strftime(format, t=None, /):
    return _moment(localtime() if t is None else t).strftime(format)


def asctime(t=None, /):
    return _moment(localtime() if t is None else t).ctime()


def ctime(seconds=None, /):
    return asctime(localtime(seconds))


def strptime(data_string, format="%a %b %d %H:%M:%S %Y"):
    return _broken_down(_datetime.datetime.strptime(data_string, format), -1)
