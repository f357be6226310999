# inspect: signatures, and what kind of thing something is.
import types


class _empty:
    pass


class _ParameterKind:
    def __init__(self, name, value, description):
        self.name, self.value, self.description = name, value, description

    def __repr__(self):
        return f"<_ParameterKind.{self.name}: {self.value}>"

    def __str__(self):
        return self.name


class Parameter:
    POSITIONAL_ONLY = _ParameterKind("POSITIONAL_ONLY", 0, "positional-only")
    POSITIONAL_OR_KEYWORD = _ParameterKind("POSITIONAL_OR_KEYWORD", 1, "positional or keyword")
    VAR_POSITIONAL = _ParameterKind("VAR_POSITIONAL", 2, "variadic positional")
    KEYWORD_ONLY = _ParameterKind("KEYWORD_ONLY", 3, "keyword-only")
    VAR_KEYWORD = _ParameterKind("VAR_KEYWORD", 4, "variadic keyword")
    empty = _empty

    def __init__(self, name, kind, *, default=_empty, annotation=_empty):
        self.name, self.kind, self.default, self.annotation = name, kind, default, annotation

    def __str__(self):
        text = self.name
        if self.annotation is not _empty:
            text += ": " + formatannotation(self.annotation)
        if self.default is not _empty:
            text += (" = " if self.annotation is not _empty else "=") + repr(self.default)
        if self.kind is self.VAR_POSITIONAL:
            return "*" + text
        return "**" + text if self.kind is self.VAR_KEYWORD else text

    def __repr__(self):
        return f'<Parameter "{self}">'

    def __eq__(self, other):
        return isinstance(other, Parameter) and (self.name, self.kind, self.default, self.annotation) == (
            other.name,
            other.kind,
            other.default,
            other.annotation,
        )


class BoundArguments:
    def __init__(self, signature, arguments):
        self.signature, self.arguments = signature, arguments

    @property
    def args(self):
        values = []
        for name, parameter in self.signature.parameters.items():
            if parameter.kind.value > 2 or name not in self.arguments:
                break
            values += self.arguments[name] if parameter.kind.value == 2 else [self.arguments[name]]
        return tuple(values)

    def apply_defaults(self):
        filled = {}
        for name, parameter in self.signature.parameters.items():
            if name in self.arguments:
                filled[name] = self.arguments[name]
            elif parameter.kind is Parameter.VAR_POSITIONAL:
                filled[name] = ()
            elif parameter.kind is Parameter.VAR_KEYWORD:
                filled[name] = {}
            elif parameter.default is not _empty:
                filled[name] = parameter.default
        self.arguments = filled

    def __repr__(self):
        shown = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"<BoundArguments ({shown})>"


class Signature:
    empty = _empty

    def __init__(self, parameters=None, *, return_annotation=_empty):
        self.parameters = types.MappingProxyType({one.name: one for one in parameters or ()})
        self.return_annotation = return_annotation

    def __str__(self):
        parts, positional_only, star = [], False, False
        for parameter in self.parameters.values():
            kind = parameter.kind
            if kind is Parameter.POSITIONAL_ONLY:
                positional_only = True
            elif positional_only:
                parts.append("/")
                positional_only = False
            if kind is Parameter.VAR_POSITIONAL:
                star = True
            elif kind is Parameter.KEYWORD_ONLY and not star:
                parts.append("*")
                star = True
            parts.append(str(parameter))
        if positional_only:
            parts.append("/")
        text = f'({", ".join(parts)})'
        if self.return_annotation is not _empty:
            text += " -> " + formatannotation(self.return_annotation)
        return text

    def __repr__(self):
        return f"<Signature {self}>"

    def bind(self, /, *args, **kwargs):
        arguments, given = {}, list(args)
        for name, parameter in self.parameters.items():
            kind = parameter.kind
            if kind is Parameter.VAR_POSITIONAL:
                if given:
                    arguments[name] = tuple(given)
                given = []
            elif kind is Parameter.VAR_KEYWORD:
                if kwargs:
                    arguments[name] = dict(kwargs)
                kwargs = {}
            elif given and kind is not Parameter.KEYWORD_ONLY:
                if name in kwargs:
                    raise TypeError(f"multiple values for argument {name!r}")
                arguments[name] = given.pop(0)
            elif name in kwargs and kind is not Parameter.POSITIONAL_ONLY:
                arguments[name] = kwargs.pop(name)
            elif parameter.default is _empty:
                raise TypeError(f"missing a required argument: {name!r}")
        if given:
            raise TypeError("too many positional arguments")
        if kwargs:
            raise TypeError(f"got an unexpected keyword argument {next(iter(kwargs))!r}")
        return BoundArguments(self, arguments)


def formatannotation(annotation, base_module=None):
    if getattr(annotation, "__module__", None) == "typing":
        return repr(annotation).replace("typing.", "")
    if isinstance(annotation, type) and not hasattr(annotation, "__origin__"):
        if annotation.__module__ in ("builtins", base_module):
            return annotation.__qualname__
        return annotation.__module__ + "." + annotation.__qualname__
    return repr(annotation)


def _of_function(func):
    code = func.__code__
    names = code.co_varnames
    positional, keyword_only = code.co_argcount, code.co_kwonlyargcount
    annotations = func.__annotations__
    defaults = func.__defaults__ or ()
    parameters = []

    def add(name, kind, default=_empty):
        parameters.append(Parameter(name, kind, default=default, annotation=annotations.get(name, _empty)))

    plain = positional - len(defaults)
    for at, name in enumerate(names[:positional]):
        only = at < code.co_posonlyargcount
        kind = Parameter.POSITIONAL_ONLY if only else Parameter.POSITIONAL_OR_KEYWORD
        add(name, kind, defaults[at - plain] if at >= plain else _empty)
    after = positional + keyword_only
    if code.co_flags & 4:
        add(names[after], Parameter.VAR_POSITIONAL)
        after += 1
    for name in names[positional : positional + keyword_only]:
        add(name, Parameter.KEYWORD_ONLY, (func.__kwdefaults__ or {}).get(name, _empty))
    if code.co_flags & 8:
        add(names[after], Parameter.VAR_KEYWORD)
    return Signature(parameters, return_annotation=annotations.get("return", _empty))


def _without_first(signature):
    parameters = list(signature.parameters.values())
    if parameters and parameters[0].kind.value < 2:
        parameters = parameters[1:]
    return Signature(parameters, return_annotation=signature.return_annotation)


def signature(obj, /, **kwargs):
    if not callable(obj):
        raise TypeError(f"{obj!r} is not a callable object")
    if hasattr(obj, "__signature__"):
        return obj.__signature__
    if ismethod(obj):
        return _without_first(signature(obj.__func__))
    if hasattr(obj, "__wrapped__"):
        return signature(obj.__wrapped__)
    if isfunction(obj):
        return _of_function(obj)
    if isclass(obj):
        init = getattr(obj, "__init__", None)
        return _without_first(signature(init)) if isfunction(init) else Signature()
    call = getattr(type(obj), "__call__", None)
    if isfunction(call):
        return _without_first(signature(call))
    raise ValueError(f"no signature found for builtin {obj!r}")


def isclass(object):
    return isinstance(object, type)


def isfunction(object):
    return isinstance(object, types.FunctionType)


def ismethod(object):
    return isinstance(object, types.MethodType)


def isbuiltin(object):
    return isinstance(object, types.BuiltinFunctionType)


def isroutine(object):
    return isfunction(object) or ismethod(object) or isbuiltin(object)


def ismodule(object):
    return isinstance(object, types.ModuleType)


def isgenerator(object):
    return isinstance(object, types.GeneratorType)


def isgeneratorfunction(obj):
    return isfunction(obj) and bool(obj.__code__.co_flags & 0x20)


def iscoroutinefunction(obj):
    return False


def isabstract(object):
    return isclass(object) and bool(getattr(object, "__abstractmethods__", ()))


def getmembers(object, predicate=None):
    members = [(name, getattr(object, name)) for name in dir(object) if hasattr(object, name)]
    return sorted((pair for pair in members if predicate is None or predicate(pair[1])), key=lambda pair: pair[0])


def getmro(cls):
    return cls.__mro__


def getmodule(object):
    return None


def unwrap(func):
    while hasattr(func, "__wrapped__"):
        func = func.__wrapped__
    return func


def cleandoc(doc):
    lines = doc.expandtabs().split("\n")
    indents = [len(line) - len(line.lstrip()) for line in lines[1:] if line.lstrip()]
    margin = min(indents, default=0)
    lines = [lines[0].lstrip()] + [line[margin:] for line in lines[1:]]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return "\n".join(lines)


def getdoc(object):
    doc = getattr(object, "__doc__", None)
    if doc is None and isclass(object):
        doc = next((base.__doc__ for base in object.__mro__ if base.__doc__), None)
    return cleandoc(doc) if isinstance(doc, str) else None


def getsource(object):
    raise OSError("could not get source code")


def currentframe():
    return None
