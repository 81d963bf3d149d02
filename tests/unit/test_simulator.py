"""The simulator's made-up network, as files that can be counted."""

import gzip
import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.demo.forms import FORMS, to_json, to_tsv, tsv_header
from pipeline.demo.incidents import UnknownIncident, parse_plan
from pipeline.demo.outlets import LogOutlet
from pipeline.demo.simulator import Control, Simulator, parse_options, run
from pipeline.demo.world import Record, World
from tests.conftest import ROOT

NOON = datetime.fromisoformat("2026-03-02T12:00:00+00:00")
RECORD = Record(
    1772452800.5, "CUid1", "10.20.0.9", 40000, "10.20.0.53", 53, 7, 0.0125, "www.example.co.uk",
    "A", "NOERROR", ("203.0.113.7",),
)  # fmt: skip


def simulate(folder: Path, *arguments: str) -> list[str]:
    """The lines that a simulator with these arguments writes."""
    fixed = ["--start", NOON.isoformat(), "--rate", "5000", "--log-dir", str(folder)]
    options = parse_options([*fixed, "--rotate", "365d", *arguments])
    outlet = LogOutlet(folder, FORMS.get(options.form, to_tsv), options.rotate)
    run(Simulator(options), outlet, Control(options.control))
    assert outlet.close() == 0
    return (folder / "current" / "dns.log").read_text().splitlines()


def records(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Fifty thousand records of an ordinary noon."""
    return records(simulate(tmp_path_factory.mktemp("logs"), "--count", "50000"))


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    first, second, other = (
        simulate(tmp_path / name, "--count", "3000", "--seed", seed, "--junk", "0.01")
        for name, seed in (("a", "7"), ("b", "7"), ("c", "8"))
    )
    assert first == second
    assert first != other


def test_uids_do_not_repeat(traffic: list[dict[str, Any]]) -> None:
    assert len({record["uid"] for record in traffic}) == 50_000


def test_shares_are_those_of_a_network(traffic: list[dict[str, Any]]) -> None:
    total = len(traffic)
    answers = Counter(record.get("rcode_name") for record in traffic)
    types = Counter(record.get("qtype_name") for record in traffic)
    assert 0.85 < answers["NOERROR"] / total < 0.97
    assert 0.005 < answers["NXDOMAIN"] / total < 0.1
    assert 0.01 < answers[None] / total < 0.08
    assert 0.5 < types["A"] / total < 0.8
    assert {"AAAA", "HTTPS", "PTR", "TXT", "MX", "NS", "SRV", "NB", None} <= set(types)


def test_no_reply_has_neither_code_nor_rtt_nor_answers(traffic: list[dict[str, Any]]) -> None:
    unanswered = [record for record in traffic if "rcode" not in record]
    assert unanswered
    assert not [r for r in unanswered if {"rtt", "answers", "TTLs", "rcode_name"} & r.keys()]


def test_names_are_of_every_sort(traffic: list[dict[str, Any]]) -> None:
    names = {record["query"] for record in traffic if "query" in record}
    sorts = (
        r"\.co\.uk$", r"\.com\.br$", r"\.in-addr\.arpa$", r"\.ip6\.arpa$", r"^wpad$", r"\.local$",
        r"^\*(\\x00){15}$", r"^WORKGROUP$", r"^$", r"^co\.uk$",
    )  # fmt: skip
    missing = [sort for sort in sorts if not any(re.search(sort, name) for name in names)]
    assert missing == []
    assert any("query" not in record for record in traffic)


def test_names_follow_zipf(traffic: list[dict[str, Any]]) -> None:
    """Ten times the rank, about a tenth of the records: some names rule, many are rare."""
    counts = [count for _, count in Counter(r.get("query") for r in traffic).most_common()]
    assert 4 < sum(counts[:3]) / sum(counts[30:33]) < 30
    assert len(counts) > 4000
    assert sum(count == 1 for count in counts) > 1000


def test_hosts_keep_to_names_of_their_own(traffic: list[dict[str, Any]]) -> None:
    """A host's ten most frequent names cover far more of its records than the network's do."""
    by_host: dict[str, Counter[str]] = {}
    for record in traffic:
        by_host.setdefault(record["id.orig_h"], Counter())[record.get("query", "")] += 1
    everyone = sum(by_host.values(), Counter())
    overall = {name for name, _ in everyone.most_common(10)}
    host = max(by_host.values(), key=Counter.total)
    own = sum(count for _, count in host.most_common(10)) / host.total()
    common = sum(everyone[name] for name in overall) / everyone.total()
    assert own > 1.5 * common


def test_the_office_is_empty_at_night() -> None:
    def share(hour: int) -> float:
        world = World(seed=3)
        start = NOON.replace(hour=hour).timestamp()
        at_desks = {host for host, office in zip(world.hosts, world._office, strict=True) if office}
        made = world.records(start, start + 10, 5000)
        return sum(record.host in at_desks for record in made) / len(made)

    assert share(3) < 0.6 * share(14)


def test_a_few_records_are_late_by_minutes_at_most(traffic: list[dict[str, Any]]) -> None:
    late = [record["ts"] for record in traffic if record["ts"] < NOON.timestamp()]
    assert 100 < len(late) < 2500
    assert min(late) > NOON.timestamp() - 601


def test_the_hard_case_has_nine_in_ten_groups_distinct() -> None:
    made = World(seed=1, distinct=True).records(0.0, 10.0, 50_000)
    groups = {(record.ts // 10, record.host, record.qname) for record in made}
    assert 0.88 < len(groups) / len(made) < 0.97


def test_backfill_ends_where_the_start_is(tmp_path: Path) -> None:
    made = records(simulate(tmp_path, "--backfill", "10m", "--rate", "10", "--count", "6005"))
    on_time = [r["ts"] for r in made if r["ts"] >= NOON.timestamp() - 600]
    assert min(on_time) < NOON.timestamp() - 595
    assert NOON.timestamp() < max(on_time) < NOON.timestamp() + 2


def test_rhythm_changes_the_rate_and_its_absence_does_not(tmp_path: Path) -> None:
    def minutes(name: str, *flags: str) -> list[int]:
        options = ("--rate", "10", "--backfill", "20m", "--count", "12000", *flags)
        made = records(simulate(tmp_path / name, *options))
        counts = Counter(int(r["ts"] - NOON.timestamp()) // 60 for r in made)
        return [counts[minute] for minute in range(-18, -1)]

    steady, swinging = minutes("steady"), minutes("swinging", "--rhythm")
    assert max(steady) - min(steady) < 60
    assert max(swinging) - min(swinging) > 100


def test_the_truth_file_counts_what_was_sent(tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    plans = [f"--incident={each}" for each in ("tunnel@-150s", "dga@-5m", "scan@1s")]
    options = ("--rate", "10", "--backfill", "5m", "--count", "5000", "--truth", str(truth))
    made = records(simulate(tmp_path, *plans, *options))
    told = {each["kind"]: each for each in map(json.loads, truth.read_text().splitlines())}
    assert told.keys() == {"tunnel", "dga", "scan"}

    tunnel = told["tunnel"]
    sent = [r for r in made if r.get("query", "").endswith(f".t.{tunnel['domain']}")]
    assert len(sent) == tunnel["records"] == 960
    assert {r["id.orig_h"] for r in sent} == {tunnel["host"]}
    assert tunnel["start"] == "2026-03-02T11:57:30+00:00"
    assert tunnel["end"] == "2026-03-02T11:59:30+00:00"
    assert all(NOON.timestamp() - 150 <= r["ts"] <= NOON.timestamp() - 30 for r in sent)


def test_an_incident_that_is_cut_short_is_told_as_far_as_it_went(tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    options = ("--incident=nxdomain", "--rate", "10", "--count", "500", "--truth", str(truth))
    made = records(simulate(tmp_path, *options))
    told = json.loads(truth.read_text())
    sent = [r for r in made if r.get("query", "").endswith(told["domain"])]
    assert len(made) == 500
    assert len(sent) == told["records"] < 1800
    assert datetime.fromisoformat(told["end"]) - NOON < timedelta(seconds=12)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_truth_about_what_was_sent(tmp_path: Path, how: signal.Signals) -> None:
    truth, log = tmp_path / "truth.jsonl", tmp_path / "current" / "dns.log"
    command = [sys.executable, "-m", "pipeline.demo.simulator", "--log-dir", str(tmp_path)]
    command += [
        "--incident=nxdomain",
        "--incident=tunnel",
        "--incident=dga@1h",
        "--truth",
        str(truth),
    ]
    process = subprocess.Popen(command, cwd=ROOT)
    deadline = time.monotonic() + 30
    while not (log.exists() and log.read_text().count("\n") > 100):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(how)
    assert process.wait(10) == 0
    told = {each["kind"]: each for each in map(json.loads, truth.read_text().splitlines())}
    assert told.keys() == {"nxdomain", "tunnel"}
    made = records(log.read_text().splitlines())
    for each in told.values():
        sent = [r for r in made if r.get("query", "").endswith(f".{each['domain']}")]
        assert len(sent) == each["records"]


def test_an_incident_begins_when_the_control_file_says_so(tmp_path: Path) -> None:
    simulator = Simulator(parse_options(["--start", NOON.isoformat(), "--rate", "10"]))
    control = Control(tmp_path / "control")
    (tmp_path / "control").write_text("scan\n")
    control.begin(simulator.incidents, NOON.timestamp())
    control.begin(simulator.incidents, NOON.timestamp())
    assert [each.kind for each in simulator.incidents.open] == ["scan"]


def test_an_incident_that_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownIncident, match="'tunel@5s' is no incident: tunnel, dga, beacon"):
        parse_plan("tunel@5s")


@pytest.mark.parametrize("rate", ["0", "50001"])
def test_a_rate_out_of_range_is_refused(rate: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_options(["--rate", rate])
    assert f"{rate} is not from 1 to 50000" in capsys.readouterr().err


def test_a_record_is_json_as_zeek_kafka_sends_it() -> None:
    assert to_json(RECORD) == (
        '{"ts":1772452800.500000,"uid":"CUid1","id.orig_h":"10.20.0.9","id.orig_p":40000,'
        '"id.resp_h":"10.20.0.53","id.resp_p":53,"proto":"udp","trans_id":7,"rtt":0.0125,'
        '"query":"www.example.co.uk","qclass":1,"qclass_name":"C_INTERNET","qtype":1,'
        '"qtype_name":"A","rcode":0,"rcode_name":"NOERROR","AA":false,"TC":false,"RD":true,'
        '"RA":true,"Z":0,"answers":["203.0.113.7"],"TTLs":[300.0],"rejected":false}'
    )


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("tagged", '{"dns": {"ts":1772452800.500000,"uid":"CUid1"'),
        ("iso", '{"ts":"2026-03-02T12:00:00.500000Z","uid":"CUid1"'),
        ("millis", '{"ts":1772452800500,"uid":"CUid1"'),
    ],
)
def test_other_forms_differ_where_zeek_kafka_differs(form: str, begins: str) -> None:
    text = FORMS[form](RECORD)
    assert text.startswith(begins)
    told = json.loads(text)
    assert {**told.get("dns", told), "ts": 0} == {**json.loads(to_json(RECORD)), "ts": 0}


def test_a_tsv_line_has_the_cells_of_its_header() -> None:
    fields = tsv_header(NOON).splitlines()[6].split("\t")[1:]
    cells = dict(zip(fields, to_tsv(RECORD).split("\t"), strict=True))
    assert (cells["ts"], cells["query"], cells["TTLs"]) == (
        "1772452800.500000", "www.example.co.uk", "300.000000",
    )  # fmt: skip
    root = to_tsv(RECORD._replace(qname="", rcode=None, rtt=None, answers=()))
    cells = dict(zip(fields, root.split("\t"), strict=True))
    assert (cells["query"], cells["rcode_name"], cells["answers"]) == ("(empty)", "-", "-")


def test_logs_are_archived_by_the_hour_as_zeekctl_does(tmp_path: Path) -> None:
    options = (
        "--form",
        "tsv",
        "--rotate",
        "1h",
        "--backfill",
        "90m",
        "--rate",
        "2",
        "--count",
        "10810",
    )
    live = simulate(tmp_path, *options)
    archived = sorted((tmp_path / "2026-03-02").iterdir())
    names = ["dns.10:00:00-11:00:00.log.gz", "dns.11:00:00-12:00:00.log.gz"]
    assert [file.name for file in archived] == names
    files = [*(gzip.decompress(file.read_bytes()).decode().splitlines() for file in archived), live]
    assert all(lines[0].startswith("#sep") and lines[-1].startswith("#close") for lines in files)
    assert sum(not line.startswith("#") for lines in files for line in lines) == 10_810
