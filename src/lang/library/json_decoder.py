# json.decoder: a decoder to derive from.
import json


class JSONDecoder:
    def __init__(
        self,
        *,
        object_hook=None,
        parse_float=None,
        parse_int=None,
        parse_constant=None,
        strict=True,
        object_pairs_hook=None,
    ):
        self.object_hook = object_hook
        self.parse_float = parse_float
        self.parse_int = parse_int
        self.object_pairs_hook = object_pairs_hook

    def _load(self, s):
        return json.loads(
            s,
            object_hook=self.object_hook,
            parse_float=self.parse_float,
            parse_int=self.parse_int,
            object_pairs_hook=self.object_pairs_hook,
        )

    def decode(self, s):
        return self._load(s)

    def raw_decode(self, s, idx=0):
        try:
            return self._load(s[idx:]), len(s)
        except json.JSONDecodeError as error:
            if error.msg != "Extra data":
                raise
            end = len(s[idx : idx + error.pos].rstrip())
            return self._load(s[idx : idx + end]), idx + end
