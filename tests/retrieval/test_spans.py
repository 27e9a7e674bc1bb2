"""Spans of numbers: written and read again, and cut so that they share out what they weigh."""

import numpy as np
import pytest

from retrieval.spans import Span, even_spans, parse_span


@pytest.mark.parametrize("span", [Span(1986, 1993), Span(high=1985), Span(low=19.9), Span(-3, -1)])
def test_a_span_comes_back_from_its_name(span: Span) -> None:
    assert parse_span(str(span)) == span


@pytest.mark.parametrize("text", ["Drama", "..", "", "1990", "a..b", "1..2..3"])
def test_what_is_no_span_is_none(text: str) -> None:
    assert parse_span(text) is None


def test_spans_share_out_the_weights_and_leave_no_number_out() -> None:
    numbers = np.asarray([1.0, 2, 3, 4, 5, 6, 7, 8, np.nan])

    spans = even_spans(numbers, np.ones(9), 4)

    assert [str(one) for one in spans] == ["..2", "3..4", "5..6", "7.."]
    assert sum(one.holds(numbers) for one in spans).tolist() == [1] * 8 + [0]


def test_where_all_are_alike_there_is_one_span_or_none() -> None:
    assert even_spans(np.full(5, 3.0), np.ones(5), 4) == [Span()]
    assert even_spans(np.full(5, np.nan), np.ones(5), 4) == []
    assert even_spans(np.arange(5.0), np.zeros(5), 4) == []
