"""Registered domains of many names at once: those that the list's own reader tells, one by one."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tldextract import TLDExtract

from pipeline.enrich import registered_domain, registered_domains

LIST = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True).tlds
RARE = [each for each in LIST if not each.isascii() or each[0] in "*!"]
OTHERS = ["local", "in-addr.arpa", "internal", "xn--55qx5d.cn", "xn--p1ai", "1", "", "com:53"]
LABELS = "a www example co city kobe com uk xn--mnchen-3ya münchen _tcp x@y a\\x00 * 10 1".split()

labels = st.one_of(st.sampled_from([*LABELS, ""]), st.text("ab-_.~ /:", max_size=4))
suffixes = st.one_of(map(st.sampled_from, (sorted(LIST), sorted(RARE), OTHERS))).map(
    lambda each: each.replace("*", "any").strip("!")
)
names = st.builds(
    lambda first, last: ".".join([*first, last]), st.lists(labels, max_size=4), suffixes
)


@pytest.mark.parametrize("private", [False, True])
@given(qnames=st.lists(names, unique=True, max_size=40))
def test_many_names_at_once_have_the_domains_that_each_has_alone(
    private: bool, qnames: list[str]
) -> None:
    found = registered_domains(pa.array(qnames, pa.string()), private).to_pylist()
    assert found == [registered_domain(each, private) for each in qnames]


def test_names_of_few_domains_cost_few_look_ups() -> None:
    registered_domain.cache_clear()
    ends = ("example.com", "example.co.uk", "example.compute.amazonaws.com")
    found = registered_domains(pa.array([f"n{n}.x.{end}" for n in range(500) for end in ends]))
    assert set(found.to_pylist()) == {"example.com", "example.co.uk", "amazonaws.com"}
    assert registered_domain.cache_info().misses == 3
