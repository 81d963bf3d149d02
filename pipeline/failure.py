"""What a failure says, in one sentence."""

from py4j.protocol import Py4JJavaError

from pipeline.table import TableError


class QueryFailed(Exception):
    """The query ended by itself; the message is its own first sentence."""


def in_words(failure: Exception) -> str:
    """What a failure says, and its kind where that is not one of ours."""
    if isinstance(failure, Py4JJavaError):
        return str(failure.java_exception.toString())
    return str(failure) if isinstance(failure, QueryFailed | TableError) else repr(failure)


def first_sentence(error: object) -> str:
    """An error's first line: Spark's go on for pages."""
    text = str(error or "the query ended without a word").strip()
    return text.splitlines()[0][:300]
