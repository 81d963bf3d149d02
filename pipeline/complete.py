"""What the last word of a search may become: fields, and values that the table has."""

from dataclasses import replace

from pipeline.cache import Readable, cached
from pipeline.state import FIELDS, Filter, View
from pipeline.where import KEYS, where
from pipeline.window import window

PLAIN = ("host", "domain")
"""What a word without a field may be."""
UNWRITABLE = r'"|\[\.\]'
"""What a search takes for something else: the end of a value, and a defanged dot."""
MOST = 10


@cached
def completions(table: Readable, view: View, word: str) -> list[str]:
    """Words of the search box that go on from `word`, those that begin with it first.

    Of the view's time, whatever its filters: the values that most queries have.
    """
    sign, rest = ("-", word[1:]) if word.startswith("-") else ("", word)
    field, colon, part = rest.partition(":")
    if field.lower() in FIELDS and colon:
        return [sign + each for each in _values(table, view, (field.lower(),), part)]
    if not rest:
        return []
    fields = [f"{sign}{each}:" for each in FIELDS if each.startswith(rest.lower())]
    return fields + [sign + each for each in _values(table, view, PLAIN, rest)]


def is_part(table: Readable, view: View, each: Filter) -> bool:
    """Whether the view's time has no such value, but some that it is a part of."""
    if each.exclude or each.under or each.begins:
        return False
    found = _values(table, view, (each.field,), each.value)
    return bool(found) and found[0].lower() != _word(each.field, each.value).lower()


def _values(table: Readable, view: View, fields: tuple[str, ...], part: str) -> list[str]:
    span = window(table, view)
    clause = where(replace(view, filters=()), span.start, span.end, noisy=True)
    sql = " UNION ALL ".join(
        f"SELECT '{field}' AS field, {KEYS[field]} AS value, sum(count) AS queries FROM dns_counts"
        f" WHERE {clause.sql} AND contains(lower({KEYS[field]}), $part)"
        f" AND NOT regexp_matches({KEYS[field]}, $unwritable) GROUP BY value"
        for field in fields
    )
    found = table.read(
        f"SELECT field, value FROM ({sql})"
        f" ORDER BY lower(value) = $part DESC, starts_with(lower(value), $part) DESC,"
        f" queries DESC, value LIMIT {MOST}",
        {**clause.params, "part": part.lower().strip('"'), "unwritable": UNWRITABLE},
    ).to_pylist()
    return [_word(each["field"], each["value"]) for each in found]


def _word(field: str, value: str) -> str:
    text = Filter(field, value).to_text()
    return f'{field}:"{text}"' if any(map(str.isspace, text)) else f"{field}:{text}"
