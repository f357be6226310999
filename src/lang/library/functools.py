# functools: functions chosen by the type of their first argument, methods with arguments filled in.
import typing


def _implementation(registry, cls):
    for base in cls.__mro__:
        if base in registry:
            return registry[base]
    # Abstract classes accept others without being their bases.
    accepting = [known for known in registry if known is not object and issubclass(cls, known)]
    for known in accepting:
        if not any(other is not known and issubclass(other, known) for other in accepting):
            return registry[known]
    return registry[object]


def _registered_type(func):
    if not getattr(func, "__annotations__", None):
        raise TypeError(
            f"Invalid first argument to `register()`: {func!r}. "
            "Use either `@register(some_class)` or plain `@register` on an annotated function."
        )
    name, cls = next(iter(typing.get_type_hints(func).items()))
    if not _is_dispatchable(cls):
        raise TypeError(f"Invalid annotation for {name!r}. {cls!r} is not a class.")
    return cls


def _is_dispatchable(cls):
    return isinstance(cls, type) or _is_union(cls)


def _is_union(cls):
    return typing.get_origin(cls) in (typing.Union, type(int | str))


def singledispatch(func):
    registry = {object: func}
    name = getattr(func, "__name__", "singledispatch function")

    def dispatch(cls):
        return _implementation(registry, cls)

    def register(cls, func=None):
        if func is None:
            if _is_dispatchable(cls):
                return lambda func: register(cls, func)
            func, cls = cls, _registered_type(cls)
        for one in typing.get_args(cls) if _is_union(cls) else (cls,):
            registry[one] = func
        return func

    def wrapper(*args, **kw):
        if not args:
            raise TypeError(f"{name} requires at least 1 positional argument")
        return dispatch(args[0].__class__)(*args, **kw)

    for part in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
        if hasattr(func, part):
            setattr(wrapper, part, getattr(func, part))
    wrapper.__wrapped__ = func
    wrapper.register = register
    wrapper.dispatch = dispatch
    wrapper.registry = registry
    return wrapper


class singledispatchmethod:
    def __init__(self, func):
        if not callable(func) and not hasattr(func, "__get__"):
            raise TypeError(f"{func!r} is not callable or a descriptor")
        self.dispatcher = singledispatch(func)
        self.func = func

    def register(self, cls, method=None):
        return self.dispatcher.register(cls, method)

    def __get__(self, obj, cls=None):
        def method(*args, **kwargs):
            chosen = self.dispatcher.dispatch(args[0].__class__)
            return chosen.__get__(obj, cls)(*args, **kwargs)

        method.register = self.register
        return method


class partialmethod:
    def __init__(self, func, /, *args, **keywords):
        if not callable(func) and not hasattr(func, "__get__"):
            raise TypeError(f"{func!r} is not callable or a descriptor")
        self.func, self.args, self.keywords = func, args, keywords

    def __get__(self, obj, cls=None):
        def method(self_or_cls, /, *args, **keywords):
            return self.func(self_or_cls, *self.args, *args, **{**self.keywords, **keywords})

        return method if obj is None else method.__get__(obj, cls)
