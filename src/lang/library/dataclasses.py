# dataclasses: a dataclass from a list of fields.
from dataclasses import dataclass
from keyword import iskeyword


def make_dataclass(cls_name, fields, *, bases=(), namespace=None, **options):
    defaults, annotations = {}, {}
    for item in fields:
        if isinstance(item, str):
            name, kind = item, "typing.Any"
        elif len(item) == 2:
            name, kind = item
        elif len(item) == 3:
            name, kind, default = item
            defaults[name] = default
        else:
            raise TypeError(f"Invalid field: {item!r}")
        if not isinstance(name, str) or not name.isidentifier():
            raise TypeError(f"Field names must be valid identifiers: {name!r}")
        if iskeyword(name):
            raise TypeError(f"Field names must not be keywords: {name!r}")
        if name in annotations:
            raise TypeError(f"Field name duplicated: {name!r}")
        annotations[name] = kind
    body = {**(namespace or {}), **defaults, "__annotations__": annotations, "__module__": "types"}
    return dataclass(**options)(type(cls_name, bases, body))
