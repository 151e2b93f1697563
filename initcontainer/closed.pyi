"""For type checkers a closed set is a `enum.StrEnum`."""

from enum import StrEnum as StrEnum
