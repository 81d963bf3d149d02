"""The rows behind the numbers: what the table keeps of the records, newest buckets first."""

from pipeline.cache import Readable, cached
from pipeline.ranking import FACTS_SQL, Listing, order_sql, read_listing, sorted_by
from pipeline.state import MAX_ROWS, View
from pipeline.where import KEYS, where
from pipeline.window import window

COLUMNS = ("host", "resolver", "name", "type", "response")
SORTS = (*COLUMNS, "bucket", "queries", "rtt_ms", "first", "last")


@cached
def records(table: Readable, view: View, n: int | None = 25, sort: str = "") -> Listing:
    """Rows as they are kept: of one host, resolver, name, type and response in one bucket.

    Columns: bucket, end (its last moment), host, resolver, name, type, response, domain, queries,
    rtt_ms, first, last, uid and answers of the newest record, seq (the batch that wrote the row).
    Rows alike of one bucket may still stand apart until the table merges them. Sorts by SORTS, else
    by bucket.
    """
    span = window(table, view)
    clause = where(view, span.start, span.end)
    keys = ", ".join(f"{KEYS[name]} AS {name}" for name in (*COLUMNS, "domain"))
    sort = sorted_by(sort, SORTS, "bucket")
    order = f"{order_sql(sort, sort.removeprefix('-'))}, last DESC, host, name, type, seq"
    sql = f"""
    WITH groups AS (
      SELECT bucket AS key, count AS queries, CASE WHEN folded > 0 THEN count END AS thinned
      FROM dns_counts WHERE {clause.sql}),
    rows AS (
      SELECT bucket, bucket + to_seconds(width) AS "end", {keys}, count AS queries,
        1000 * rtt_sum / nullif(rtt_count, 0) AS rtt_ms, first_ts AS first, last_ts AS last,
        uid, answers, seq
      FROM dns_counts WHERE {clause.sql} ORDER BY {order} LIMIT {min(n or MAX_ROWS, MAX_ROWS)})
    SELECT rows.*, {FACTS_SQL} FROM (SELECT TRUE) LEFT JOIN rows ON TRUE ORDER BY {order}"""
    return read_listing(table, sql, clause, "bucket", sort)
