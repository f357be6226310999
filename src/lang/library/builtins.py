# builtins: groups of exceptions.


class BaseExceptionGroup(BaseException):
    def __new__(cls, message, exceptions, /):
        if not isinstance(message, str):
            raise TypeError(f"argument 1 must be str, not {type(message).__name__}")
        if not hasattr(exceptions, "__getitem__"):
            raise TypeError("second argument (exceptions) must be a sequence")
        if not exceptions:
            raise ValueError("second argument (exceptions) must be a non-empty sequence")
        for at, one in enumerate(exceptions):
            if not isinstance(one, BaseException):
                raise ValueError(f"Item {at} of second argument (exceptions) is not an exception")
        plain = all(isinstance(one, Exception) for one in exceptions)
        if cls is BaseExceptionGroup and plain:
            cls = ExceptionGroup
        elif issubclass(cls, ExceptionGroup) and not plain:
            raise TypeError("Cannot nest BaseExceptions in an ExceptionGroup")
        made = super().__new__(cls, message, exceptions)
        made.message, made.exceptions = message, tuple(exceptions)
        return made

    def __init__(self, message, exceptions, /):
        super().__init__(message, exceptions)

    def __str__(self):
        count = len(self.exceptions)
        return f"{self.message} ({count} sub-exception{'' if count == 1 else 's'})"

    def derive(self, excs):
        return type(self)(self.message, excs)

    def split(self, condition):
        if isinstance(condition, (type, tuple)):
            wanted = condition
            condition = lambda one: isinstance(one, wanted)
        if condition(self):
            return self, None
        matching, rest = [], []
        for one in self.exceptions:
            if isinstance(one, BaseExceptionGroup):
                inner, other = one.split(condition)
                matching += [inner] if inner else []
                rest += [other] if other else []
            else:
                (matching if condition(one) else rest).append(one)
        return (self.derive(matching) if matching else None, self.derive(rest) if rest else None)

    def subgroup(self, condition):
        return self.split(condition)[0]


class ExceptionGroup(BaseExceptionGroup, Exception):
    pass
