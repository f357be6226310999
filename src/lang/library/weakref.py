# weakref: mappings and sets that do not keep what they hold.
from collections.abc import MutableMapping
from weakref import ref


class WeakValueDictionary(MutableMapping):
    def __init__(self, other=(), /, **kw):
        self.data = {}
        self.update(other, **kw)

    def _alive(self):
        for key, held in list(self.data.items()):
            value = held()
            if value is None:
                del self.data[key]
            else:
                yield key, value

    def __getitem__(self, key):
        value = self.data[key]()
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key, value):
        self.data[key] = ref(value)

    def __delitem__(self, key):
        del self.data[key]

    def __contains__(self, key):
        return key in self.data and self.data[key]() is not None

    def __len__(self):
        return sum(1 for _ in self._alive())

    def __iter__(self):
        for key, _ in self._alive():
            yield key

    def __repr__(self):
        return f"<{self.__class__.__name__} at {id(self):#x}>"


class WeakKeyDictionary(MutableMapping):
    def __init__(self, dict=None):
        self.data = {}
        if dict is not None:
            self.update(dict)

    def _alive(self):
        for held, value in list(self.data.items()):
            key = held()
            if key is None:
                del self.data[held]
            else:
                yield key, value

    def __getitem__(self, key):
        return self.data[ref(key)]

    def __setitem__(self, key, value):
        self.data[ref(key)] = value

    def __delitem__(self, key):
        del self.data[ref(key)]

    def __contains__(self, key):
        try:
            return ref(key) in self.data
        except TypeError:
            return False

    def __len__(self):
        return sum(1 for _ in self._alive())

    def __iter__(self):
        for key, _ in self._alive():
            yield key

    def __repr__(self):
        return f"<{self.__class__.__name__} at {id(self):#x}>"


class WeakSet:
    def __init__(self, data=None):
        self.data = set()
        for item in data or ():
            self.add(item)

    def _alive(self):
        for held in list(self.data):
            item = held()
            if item is None:
                self.data.discard(held)
            else:
                yield item

    def __iter__(self):
        yield from self._alive()

    def __len__(self):
        return sum(1 for _ in self._alive())

    def __contains__(self, item):
        return ref(item) in self.data

    def add(self, item):
        self.data.add(ref(item))

    def discard(self, item):
        self.data.discard(ref(item))

    def remove(self, item):
        self.data.remove(ref(item))

    def clear(self):
        self.data.clear()
