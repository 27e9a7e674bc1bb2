"""Spans of a number field ("1986..1993"): what a question about years, prices or pages offers to choose from."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FORM = re.compile(r"(-?\d+(?:\.\d+)?)?\.\.(-?\d+(?:\.\d+)?)?")


@dataclass(frozen=True, slots=True)
class Span:
    """All numbers from `low` to `high`, both included."""

    low: float = -np.inf
    high: float = np.inf

    def __str__(self) -> str:
        low, high = (f"{bound:g}" if np.isfinite(bound) else "" for bound in (self.low, self.high))
        return f"{low}..{high}"

    def __contains__(self, number: float) -> bool:
        return self.low <= number <= self.high

    def holds(self, numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which numbers lie within; an unknown one (NaN) does not."""
        return np.asarray((numbers >= self.low) & (numbers <= self.high), dtype=np.bool_)


def parse_span(text: str) -> Span | None:
    """The reverse of `str(span)`; None where the text is no span."""
    match = _FORM.fullmatch(text)
    if match is None or text == "..":
        return None
    low, high = match.groups()
    return Span(float(low) if low else -np.inf, float(high) if high else np.inf)
