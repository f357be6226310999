# string: templates with $names.


def _identifier_end(text, at):
    end = at
    while end < len(text) and (text[end] == "_" or text[end].isascii() and text[end].isalnum()):
        end += 1
    return end if end > at and not text[at].isdigit() else at


class Template:
    delimiter = "$"

    def __init__(self, template):
        self.template = template

    def _fill(self, look, safe):
        text, out, at = self.template, [], 0
        while True:
            found = text.find(self.delimiter, at)
            if found < 0:
                out.append(text[at:])
                return "".join(out)
            out.append(text[at:found])
            start = found + len(self.delimiter)
            if text.startswith(self.delimiter, start):
                out.append(self.delimiter)
                at = start + len(self.delimiter)
                continue
            braced = text.startswith("{", start)
            end = _identifier_end(text, start + braced)
            name = text[start + braced : end]
            if not name or braced and not text.startswith("}", end):
                if not safe:
                    before = text[:found].splitlines(keepends=True)
                    line = max(len(before), 1)
                    column = found - len("".join(before[:-1])) + 1 if before else 1
                    raise ValueError(f"Invalid placeholder in string: line {line}, col {column}")
                out.append(self.delimiter)
                at = start
                continue
            at = end + braced
            out.append(look(name, text[found:at]))

    def substitute(self, mapping={}, /, **kws):
        return self._fill(lambda name, whole: str(kws[name] if name in kws else mapping[name]), False)

    def safe_substitute(self, mapping={}, /, **kws):
        def look(name, whole):
            for values in (kws, mapping):
                if name in values:
                    return str(values[name])
            return whole

        return self._fill(look, True)

    def get_identifiers(self):
        names = []
        self._fill(lambda name, whole: names.append(name) or "", True)
        return list(dict.fromkeys(names))


def capwords(s, sep=None):
    return (sep or " ").join(map(str.capitalize, s.split(sep)))


class Formatter:
    def format(self, format_string, /, *args, **kwargs):
        return format_string.format(*args, **kwargs)

    def vformat(self, format_string, args, kwargs):
        return format_string.format(*args, **kwargs)
