"""Why something did not work, in the language of the page; errors of the API stay in English."""

from retrieval.errors import OverloadedError, RecommenderError, StateError, TooManySharesError
from ui.limits.quotas import RateLimitExceededError
from ui.page.words import word


def problem_in(error: RecommenderError, language: str) -> str:
    """What a person is told of an error: what they can do about it, or what it says itself."""
    match error:
        case OverloadedError():
            return word("overloaded", language, seconds=error.retry_after_s)
        case RateLimitExceededError():
            return word("too_many", language, seconds=error.retry_after_s)
        case TooManySharesError():
            return word("share_full", language, most=error.most)
        case StateError():
            return word("state_down", language)
        case _:
            return error.public
