# datetime: moments as broken-down times.
import time as _time


class date:
    def timetuple(self):
        day = self.toordinal() - self.replace(month=1, day=1).toordinal() + 1
        return _time.struct_time((self.year, self.month, self.day, 0, 0, 0, self.weekday(), day, -1))


def _dst(moment):
    dst = moment.dst()
    return -1 if dst is None else int(bool(dst))


def _tuple(moment, dst):
    day = moment.toordinal() - moment.replace(month=1, day=1).toordinal() + 1
    parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return _time.struct_time((*parts, moment.weekday(), day, dst))


class datetime:
    def timetuple(self):
        return _tuple(self, _dst(self))

    def utctimetuple(self):
        offset = self.utcoffset()
        return _tuple(self - offset if offset else self, 0)
