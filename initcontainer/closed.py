"""Closed sets of words: an `enum.StrEnum` for readers and type checkers, without importing `enum`.

That import takes a third of what is left of a run's time budget once `dataclasses` is avoided
(measured: 7 ms; see `frozen`). Members are strings, iterate in order of definition, compare by
value, and are the only instances. `closed.pyi` tells type checkers that it is the real one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Members(type):
    """Turns the string attributes of a class into its members."""

    members: tuple[str, ...]

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, object]) -> Members:
        """Make the class, then one instance per word."""
        words = {
            key: item
            for key, item in namespace.items()
            if isinstance(item, str) and not key.startswith("_")
        }
        rest = {key: item for key, item in namespace.items() if key not in words}
        created = super().__new__(cls, name, bases, rest)
        created.members = tuple(str.__new__(created, word) for word in words.values())
        for key, member in zip(words, created.members, strict=True):
            setattr(created, key, member)
        return created

    def __iter__(cls) -> Iterator[str]:
        """Give the members in order of definition."""
        return iter(cls.members)

    def __reversed__(cls) -> Iterator[str]:
        """Give the members in the opposite order."""
        return reversed(cls.members)

    def __call__(cls, word: str) -> str:
        """Give the member of a word.

        Raises:
            ValueError: when there is none.
        """
        for member in cls.members:
            if member == word:
                return member
        raise ValueError(f"{word!r} is not a valid {cls.__name__}")


class StrEnum(str, metaclass=Members):
    """Base of every closed set."""

    __slots__ = ()

    @property
    def value(self) -> str:
        """Give the word, as `enum` does."""
        return str.__str__(self)
