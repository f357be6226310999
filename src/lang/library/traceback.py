# traceback: exceptions as text. There are no frames to list.
import sys


def _last_lines(exc):
    kind = type(exc)
    name = kind.__qualname__
    if kind.__module__ not in ("__main__", "builtins"):
        name = f"{kind.__module__}.{name}"
    try:
        text = str(exc)
    except Exception:
        text = "<exception str() failed>"
    yield f"{name}: {text}\n" if text else f"{name}\n"
    for note in getattr(exc, "__notes__", None) or ():
        yield from (line + "\n" for line in str(note).split("\n"))


def _exception(exc, value):
    return value if isinstance(value, BaseException) or not isinstance(exc, BaseException) else exc


def format_exception_only(exc, /, value=None):
    found = _exception(exc, value)
    return ["NoneType: None\n"] if found is None else list(_last_lines(found))


def _chain(exc, chain):
    lines = []
    if chain and exc.__cause__ is not None:
        lines += _chain(exc.__cause__, chain)
        lines.append("\nThe above exception was the direct cause of the following exception:\n\n")
    elif chain and exc.__context__ is not None and not exc.__suppress_context__:
        lines += _chain(exc.__context__, chain)
        lines.append("\nDuring handling of the above exception, another exception occurred:\n\n")
    lines.append("Traceback (most recent call last):\n")
    lines += _last_lines(exc)
    return lines


def format_exception(exc, /, value=None, tb=None, limit=None, chain=True):
    found = _exception(exc, value)
    return ["NoneType: None\n"] if found is None else _chain(found, chain)


def print_exception(exc, /, value=None, tb=None, limit=None, file=None, chain=True):
    print("".join(format_exception(exc, value, chain=chain)), end="", file=file or sys.stderr)


def format_exc(limit=None, chain=True):
    return "".join(format_exception(*sys.exc_info(), chain=chain))


def print_exc(limit=None, file=None, chain=True):
    print(format_exc(chain=chain), end="", file=file or sys.stderr)


def format_tb(tb, limit=None):
    return []


def extract_tb(tb, limit=None):
    return []


def format_stack(f=None, limit=None):
    return []


def print_stack(f=None, limit=None, file=None):
    pass


def print_tb(tb, limit=None, file=None):
    pass
