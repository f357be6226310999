# textwrap: text broken into lines.
import string


def _chunks(text, break_on_hyphens):
    """Words, the blanks between them, and the parts of words that end in a hyphen."""
    chunks, at = [], 0
    while at < len(text):
        start = at
        blank = text[at].isspace()
        while at < len(text) and text[at].isspace() == blank:
            at += 1
        chunk = text[start:at]
        chunks += _parts(chunk) if break_on_hyphens and not blank else [chunk]
    return chunks


def _parts(word):
    parts, start = [], 0
    for at in range(1, len(word) - 1):
        hyphen = word[at] == "-" and word[at - 1] != "-" and word[at + 1] != "-"
        letters = at - start >= 2 and word[at - 1].isalpha() and word[at - 2].isalpha()
        follows = word[at + 1].isalpha() and (at + 2 >= len(word) or word[at + 2].isalpha() or word[at + 2] == "-")
        if hyphen and letters and follows:
            parts.append(word[start : at + 1])
            start = at + 1
    parts.append(word[start:])
    return parts


class TextWrapper:
    def __init__(
        self,
        width=70,
        initial_indent="",
        subsequent_indent="",
        expand_tabs=True,
        replace_whitespace=True,
        fix_sentence_endings=False,
        break_long_words=True,
        drop_whitespace=True,
        break_on_hyphens=True,
        tabsize=8,
        *,
        max_lines=None,
        placeholder=" [...]",
    ):
        self.width = width
        self.initial_indent = initial_indent
        self.subsequent_indent = subsequent_indent
        self.expand_tabs = expand_tabs
        self.replace_whitespace = replace_whitespace
        self.fix_sentence_endings = fix_sentence_endings
        self.break_long_words = break_long_words
        self.drop_whitespace = drop_whitespace
        self.break_on_hyphens = break_on_hyphens
        self.tabsize = tabsize
        self.max_lines = max_lines
        self.placeholder = placeholder

    def _munged(self, text):
        if self.expand_tabs:
            text = text.expandtabs(self.tabsize)
        if self.replace_whitespace:
            text = text.translate({ord(blank): " " for blank in string.whitespace})
        return text

    def _break(self, chunks, line, room):
        """Put as much of a word that is too long as fits."""
        room = max(room, 1)
        if self.break_long_words:
            word, end = chunks[-1], room
            if self.break_on_hyphens and len(word) > room:
                hyphen = word.rfind("-", 0, room)
                if hyphen > 0 and any(c != "-" for c in word[:hyphen]):
                    end = hyphen + 1
            line.append(word[:end])
            chunks[-1] = word[end:]
        elif not line:
            line.append(chunks.pop())

    def wrap(self, text):
        if self.width <= 0:
            raise ValueError(f"invalid width {self.width!r} (must be > 0)")
        if self.max_lines is not None:
            indent = self.subsequent_indent if self.max_lines > 1 else self.initial_indent
            if len(indent) + len(self.placeholder.lstrip()) > self.width:
                raise ValueError("placeholder too large for max width")
        chunks = _chunks(self._munged(text), self.break_on_hyphens)[::-1]
        lines = []
        while chunks:
            line, used = [], 0
            indent = self.subsequent_indent if lines else self.initial_indent
            width = self.width - len(indent)
            if self.drop_whitespace and not chunks[-1].strip() and lines:
                chunks.pop()
            while chunks and used + len(chunks[-1]) <= width:
                used += len(chunks[-1])
                line.append(chunks.pop())
            if chunks and len(chunks[-1]) > width:
                self._break(chunks, line, width - used)
                used = sum(map(len, line))
            if self.drop_whitespace and line and not line[-1].strip():
                used -= len(line.pop())
            if not line:
                continue
            last = not chunks or self.drop_whitespace and len(chunks) == 1 and not chunks[0].strip()
            fits = self.max_lines is None or len(lines) + 1 < self.max_lines
            if fits or last and used <= width:
                lines.append(indent + "".join(line))
                continue
            while line:
                if line[-1].strip() and used + len(self.placeholder) <= width:
                    line.append(self.placeholder)
                    lines.append(indent + "".join(line))
                    break
                used -= len(line.pop())
            else:
                if lines and len(lines[-1].rstrip()) + len(self.placeholder) <= self.width:
                    lines[-1] = lines[-1].rstrip() + self.placeholder
                else:
                    lines.append(indent + self.placeholder.lstrip())
            break
        return lines

    def fill(self, text):
        return "\n".join(self.wrap(text))


def wrap(text, width=70, **kwargs):
    return TextWrapper(width=width, **kwargs).wrap(text)


def fill(text, width=70, **kwargs):
    return TextWrapper(width=width, **kwargs).fill(text)


def shorten(text, width, **kwargs):
    return TextWrapper(width=width, max_lines=1, **kwargs).fill(" ".join(text.strip().split()))


def _blank(line):
    return not line.strip(" \t")


def dedent(text):
    lines = text.split("\n")
    margin = None
    for line in lines:
        if not _blank(line):
            own = line[: len(line) - len(line.lstrip(" \t"))]
            if margin is None:
                margin = own
            while not own.startswith(margin):
                margin = margin[:-1]
    cut = len(margin or "")
    return "\n".join("" if _blank(line) else line[cut:] for line in lines)


def indent(text, prefix, predicate=None):
    lines = text.splitlines(True)
    return "".join(prefix + line if (predicate or str.strip)(line) else line for line in lines)
