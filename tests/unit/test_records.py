"""The rows behind the numbers, as the table keeps them."""

from pipeline.records import SORTS, records
from pipeline.state import Filter, View
from tests.unit.dns_rows import ByHand, Row

ALL = View(range="all", hidden=frozenset())
TABLE = ByHand(
    Row(0, name="a.example.com", count=4, rtt=0.02),
    Row(5, name="b.example.com", qtype="TXT", response=None),
    Row(12, name=None, domain="(no query)", count=2),
    Row(13, host=None, name=None, domain=None, folded=4, count=3),
)


def test_the_newest_bucket_stands_first_with_what_it_holds() -> None:
    rows = records(TABLE, ALL).rows
    assert [str(each)[14:19] for each in rows["bucket"]] == ["00:10", "00:10", "00:00", "00:00"]
    assert set((rows["end"] - rows["bucket"]).dt.total_seconds()) == {10}
    first = rows.iloc[-1]
    assert (first["name"], first["queries"], first["rtt_ms"]) == ("a.example.com", 4, 20)


def test_the_caption_counts_rows_and_queries() -> None:
    listing = records(TABLE, ALL, 2)
    assert (listing.of, listing.queries, listing.thinned) == (4, 10, 3)
    assert len(listing.rows) == 2


def test_filters_hold_and_an_order_may_be_chosen() -> None:
    only = records(TABLE, ALL.filtered(Filter("type", "TXT"))).rows
    assert list(only["response"]) == ["no response"]
    assert list(records(TABLE, ALL, None, "queries").rows["queries"]) == [4, 3, 2, 1]
    assert list(records(TABLE, ALL, None, "-queries").rows["queries"]) == [1, 2, 3, 4]
    for sort in SORTS:
        one, other = (records(TABLE, ALL, None, each).rows[sort] for each in (sort, f"-{sort}"))
        assert list(one.dropna()) == list(other.dropna())[::-1], sort
    assert records(TABLE, ALL.filtered(Filter("host", "none"))).rows.empty
