"""A record as Zeek writes it: one JSON object a line, or a line of tab separated cells."""

from collections.abc import Callable
from datetime import UTC, datetime
from json.encoder import encode_basestring

from pipeline.demo.questions import TYPES, words
from pipeline.demo.world import RCODES, Record

Form = Callable[[Record], str]

FIELDS = words(
    "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto trans_id rtt query qclass qclass_name "
    "qtype qtype_name rcode rcode_name AA TC RD RA Z answers TTLs rejected"
)
TSV_TYPES = words(
    "time string addr port addr port enum count interval string count string count string count "
    "string bool bool bool bool count vector[string] vector[interval] bool"
)


def to_json(record: Record) -> str:
    """What zeek-kafka sends by default: `ts` in seconds."""
    return f'{{"ts":{record.ts:.6f},{_rest(record)}}}'


def to_tagged(record: Record) -> str:
    """With `Kafka::tag_json = T`."""
    return f'{{"dns": {to_json(record)}}}'


def to_iso(record: Record) -> str:
    """With `Kafka::json_timestamps = JSON::TS_ISO8601`."""
    return (
        f'{{"ts":"{datetime.fromtimestamp(record.ts, UTC):%Y-%m-%dT%H:%M:%S.%fZ}",{_rest(record)}}}'
    )


def to_millis(record: Record) -> str:
    """With `Kafka::json_timestamps = JSON::TS_MILLIS`."""
    return f'{{"ts":{int(record.ts * 1000)},{_rest(record)}}}'


def to_tsv(record: Record) -> str:
    """A line of Zeek's own default format; `tsv_header` tells its columns."""
    r, answers = record, record.answers
    asked = ("1", "C_INTERNET", str(TYPES[r.qtype]), r.qtype) if r.qtype else ("-",) * 4
    query = "-" if r.qname is None else r.qname.replace("\\x", "\\\\x") or "(empty)"
    cells = (
        f"{r.ts:.6f}", r.uid, r.host, str(r.port), r.resolver, str(r.server_port), "udp",
        str(r.trans_id), "-" if r.rtt is None else f"{r.rtt:.6f}", query, *asked,
        *((str(RCODES[r.rcode]), r.rcode) if r.rcode else ("-", "-")),
        "F", "F", "T", "T" if r.rcode else "F", "0",
        ",".join(answer.replace(",", "\\x2c") for answer in answers) or "-",
        ",".join([f"{r.ttl:.6f}"] * len(answers)) or "-", "T" if r.rcode == "REFUSED" else "F",
    )  # fmt: skip
    return "\t".join(cells)


def tsv_header(opened: datetime) -> str:
    """The eight lines above a log's records, each with its line end."""
    lines = (
        "#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-",
        "#path\tdns", f"#open\t{opened:%Y-%m-%d-%H-%M-%S}",
        "\t".join(["#fields", *FIELDS]), "\t".join(["#types", *TSV_TYPES]),
    )  # fmt: skip
    return "\n".join(lines) + "\n"


FORMS: dict[str, Form] = {
    "json": to_json,
    "tagged": to_tagged,
    "iso": to_iso,
    "millis": to_millis,
}


def _rest(r: Record) -> str:
    """Everything after `ts`, in Zeek's order, unset fields left out."""
    rtt = "" if r.rtt is None else f'"rtt":{r.rtt},'
    query = "" if r.qname is None else f'"query":{encode_basestring(r.qname)},'
    asked = "" if r.qtype is None else _QTYPES[r.qtype]
    rcode = "" if r.rcode is None else _RCODES[r.rcode]
    answers = ""
    if r.answers:
        listed = ",".join([encode_basestring(answer) for answer in r.answers])
        ttls = ",".join([str(r.ttl)] * len(r.answers))
        answers = f'"answers":[{listed}],"TTLs":[{ttls}],'
    return (
        f'"uid":"{r.uid}","id.orig_h":"{r.host}","id.orig_p":{r.port},"id.resp_h":"{r.resolver}",'
        f'"id.resp_p":{r.server_port},"proto":"udp","trans_id":{r.trans_id},{rtt}{query}{asked}'
        f'{rcode}"AA":false,"TC":false,"RD":true,"RA":{"true" if r.rcode else "false"},"Z":0,'
        f'{answers}"rejected":{"true" if r.rcode == "REFUSED" else "false"}'
    )


_QTYPES = {
    name: f'"qclass":1,"qclass_name":"C_INTERNET","qtype":{number},"qtype_name":"{name}",'
    for name, number in TYPES.items()
}
_RCODES = {name: f'"rcode":{number},"rcode_name":"{name}",' for name, number in RCODES.items()}
