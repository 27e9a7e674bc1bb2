"""Spans of numbers: written and read again, and cut so that they share out what they weigh."""

import pytest

from retrieval.spans import Span, parse_span


@pytest.mark.parametrize("span", [Span(1986, 1993), Span(high=1985), Span(low=19.9), Span(-3, -1)])
def test_a_span_comes_back_from_its_name(span: Span) -> None:
    assert parse_span(str(span)) == span


@pytest.mark.parametrize("text", ["Drama", "..", "", "1990", "a..b", "1..2..3"])
def test_what_is_no_span_is_none(text: str) -> None:
    assert parse_span(text) is None
