"""A view as SQL: every value a bound parameter, every number on a page through one clause."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline import feed
from pipeline.known import known
from pipeline.state import Filter, View

NO_RESPONSE = "no response"
NO_TYPE = "(no type)"
NO_RESOLVER = "(no resolver)"
OTHER = "other"
RESPONSES = ("NXDOMAIN", "SERVFAIL", "REFUSED", NO_RESPONSE, OTHER, "NOERROR")
"""In the order of the stack: failures at the base."""

RESPONSE = f"""CASE WHEN rcode_name IS NULL THEN '{NO_RESPONSE}'
 WHEN rcode_name IN ('NOERROR', 'NXDOMAIN', 'SERVFAIL', 'REFUSED') THEN rcode_name
 ELSE '{OTHER}' END"""
# A column that was folded away is null, and so stays: only what was never there gets a label.
KEYS = {
    "host": "id_orig_h",
    "domain": "registered_domain",
    "name": f"CASE WHEN query IS NULL AND folded = 0 THEN '{feed.NO_QUERY}' ELSE query END",
    "type": f"CASE WHEN qtype_name IS NULL AND folded < 2 THEN '{NO_TYPE}' ELSE qtype_name END",
    "response": f"coalesce(rcode_name, '{NO_RESPONSE}')",
    "resolver": "CASE WHEN id_resp_h IS NULL AND folded < 2"
    f" THEN '{NO_RESOLVER}' ELSE id_resp_h END",
    "tld": "CASE WHEN starts_with(registered_domain, '(') THEN registered_domain"
    " ELSE split_part(registered_domain, '.', -1) END",
}
"""What each kind of row is grouped by; null where it was folded away."""
LABELLED = {
    "no-query": (feed.NO_QUERY,),
    "local": (feed.LOCAL,),
    "arpa": ("in-addr.arpa", "ip6.arpa", "arpa"),
    "netbios": (feed.NETBIOS,),
    "single": (feed.SINGLE_LABEL,),
}
"""Noise that is known by its registered domain."""
# mDNS, LLMNR and NetBIOS: of IPv4 224.0.0.251, 224.0.0.252 and broadcasts, of IPv6 all multicast.
MULTICAST = (
    "suffix(id_resp_h, '.255')",
    "id_resp_h ILIKE 'ff%:%'",
    "id_resp_h = '224.0.0.251'",
    "id_resp_h = '224.0.0.252'",
)


def noise(keys: Iterable[str], params: dict[str, Any]) -> list[str]:
    """Conditions: the records that these noise switches are about are those for which any holds.

    Values that they need bound go to `params`.
    """
    chosen = set(keys)
    parts = [*MULTICAST] if "multicast" in chosen else []
    if "known" in chosen:
        parts.append(known().condition(params))
    labels = [label for key in LABELLED if key in chosen for label in LABELLED[key]]
    return parts + [f"registered_domain = '{label}'" for label in labels]


@dataclass(frozen=True)
class Clause:
    """A condition over dns_counts and the parameters bound in it."""

    sql: str
    params: dict[str, Any]

    def renamed(self, prefix: str) -> "Clause":
        """The same with other parameter names, to stand beside another clause in one query."""
        params = {prefix + name: value for name, value in self.params.items()}
        return Clause(re.sub(r"\$(?=\w)", f"${prefix}", self.sql), params)


def naive(time: datetime) -> datetime:
    """As DuckDB keeps it: UTC, without a zone."""
    return time.astimezone(UTC).replace(tzinfo=None)


def where(
    view: View, start: datetime | None = None, end: datetime | None = None, noisy: bool = False
) -> Clause:
    """The records of a view with `start <= bucket < end`; `noisy` leaves the noise in."""
    params: dict[str, Any] = {}
    parts = ["TRUE"]
    for key, sign, bound in (("start", ">=", start), ("end", "<", end)):
        if bound is not None:
            params[key] = naive(bound)
            parts.append(f"bucket {sign} ${key}")
    if view.at is not None:
        params["at"] = view.at
        parts.append("seq <= $at")
    parts += _filters(view.filters, params)
    if not noisy:
        # One at a time: DuckDB tests them while it scans, in half the time of one with OR.
        parts += [f"({each}) IS NOT TRUE" for each in noise(view.hidden, params)]
    return Clause(" AND ".join(parts), params)


def _filters(filters: tuple[Filter, ...], params: dict[str, Any]) -> list[str]:
    """Values of one field beside each other, fields together; what is excluded, all of it.

    What is kept stands bare, so that DuckDB tests it while it scans.
    """
    kept: dict[str, list[str]] = {}
    parts = []
    for number, each in enumerate(filters):
        condition = _condition(each, f"f{number}", params)
        if each.exclude:
            parts.append(f"({condition}) IS NOT TRUE")
        else:
            kept.setdefault(each.field, []).append(condition)
    return parts + [f"({' OR '.join(many)})" for many in kept.values()]


def _condition(each: Filter, name: str, params: dict[str, Any]) -> str:
    if each.field == "response" and each.value == OTHER:
        return f"{RESPONSE} = '{OTHER}'"
    params[name] = "." * each.under + each.value + "." * each.begins
    key = KEYS[each.field]
    if each.under and each.begins:
        return f"contains({key}, ${name})"
    if each.begins:
        return f"starts_with({key}, ${name})"
    return f"suffix({key}, ${name})" if each.under else f"{key} = ${name}"
