"""A record: the members of a JSON object as attributes, each of its type in `records`."""

from __future__ import annotations

import json as _json


class Record:
    """Members of a JSON object as attributes. One that is a word of Python has an underscore behind it: `from_`."""

    __slots__ = ("_json", "_members")
    #: Every member that the object may have: the class of what is in it, or None for what is plain.
    _types: dict[str, type[Record] | None] = {}

    def __init__(self, members, json=None):
        self._members = members
        self._json = json

    @classmethod
    def of_json(cls, line):
        """The record that a line of JSON is."""
        return cls(_json.loads(line), line)

    @property
    def json(self) -> str:
        """The record as a line of JSON: what the program prints, to the last byte."""
        if self._json is None:
            self._json = _json.dumps(self._members, ensure_ascii=False, separators=(",", ":"))
        return self._json

    def to_dict(self):
        """The record as plain dicts and lists, a copy."""
        return _json.loads(self.json)

    def __getattr__(self, name):
        member = name[:-1] if name.endswith("_") else name
        if member in self._types:
            return _typed(self._members.get(member), self._types[member])
        raise AttributeError(f"{type(self).__name__} has no member {name!r}")

    def __dir__(self):
        return [*super().__dir__(), *self._types]

    def __eq__(self, other):
        return type(self) is type(other) and self._members == other._members

    def __hash__(self):
        return hash(self.json)

    def __reduce__(self):
        return type(self), (self._members, self._json)

    def __repr__(self):
        plain = ((name, value) for name, value in self._members.items() if not isinstance(value, (dict, list)))
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in plain)})"


def _typed(value, kind):
    if kind is None or value is None:
        return value
    if isinstance(value, list):
        return [_typed(one, kind) for one in value]
    return kind(value) if isinstance(value, dict) else value
