"""What a failure says, in one sentence."""

import re
from collections.abc import Iterable
from typing import Any

from pipeline.librdkafka import masked
from pipeline.table import TableError

OF_THE_JVM = r"\w+Error: |IOException: Cannot run program "
TRACE = "Traceback (most recent call last):"


class QueryFailed(Exception):
    """The query ended by itself; the message is its own first sentence."""


def in_words(failure: BaseException) -> str:
    """What a failure says, and its kind where that is not one of ours."""
    java, cause = _java(failure), getattr(failure, "_cause", None)
    if java is not None:
        return _innermost(java)
    if cause is not None:
        return in_words(cause)
    if isinstance(failure, OSError):
        # Its repr leaves out which file it is about.
        return f"{type(failure).__name__}: {failure}"
    return str(failure) if isinstance(failure, QueryFailed | TableError) else repr(failure)


def said_of(failure: BaseException, secrets: Iterable[str]) -> str:
    """A failure's first sentence; Java tells what was wrong in an option with its value."""
    return masked(first_sentence(in_words(failure)), secrets)


def is_of_the_jvm(failure: BaseException) -> bool:
    """Whether it is the JVM itself that cannot go on, as after an update of Java under it."""
    return bool(re.match(OF_THE_JVM, in_words(failure)))


def first_sentence(error: object) -> str:
    """An error's first line, after a trace of Python's if there is one: Spark's go on for pages."""
    told = str(error or "").rpartition(TRACE)[2]
    lines = (line for line in told.strip("\n").splitlines() if line[:1].strip())
    return next(lines, "the query ended without a word")[:300]


def _java(failure: BaseException) -> Any:
    """The JVM's own exception: as py4j has it, or as PySpark has."""
    return getattr(failure, "java_exception", None) or getattr(failure, "_origin", None)


def _innermost(java: Any) -> str:
    """What the first cause of all says; those around it only say that something failed."""
    while cause := java.getCause():
        java = cause
    return f"{java.getClass().getSimpleName()}: {java.getMessage()}"
