"""A feed: one of Zeek's logs, declared by its fields, and by the rows it is counted into.

Field names are Zeek's own (zeek.git, `scripts/base/protocols/dns/main.zeek`, v3.0 to v9.0).
"""

from dataclasses import dataclass

import pyarrow as pa

BUCKET_SECONDS = 10
ANSWER_CHARACTERS = 200
SAMPLE_CHARACTERS = 1000
SAMPLES = 5

NO_QUERY = "(no query)"
SINGLE_LABEL = "(single label)"
LOCAL = "(local)"
NETBIOS = "(netbios)"
IP_LITERAL = "(ip literal)"
SUFFIX = "(suffix)"
LABELS = (NO_QUERY, SINGLE_LABEL, LOCAL, NETBIOS, IP_LITERAL, SUFFIX)
"""What stands in `registered_domain` for a name that has none."""


@dataclass(frozen=True, eq=False)
class Feed:
    """A log that is counted: its path, its fields with Zeek's types, and what tells it apart."""

    path: str
    fields: dict[str, str]
    marks: tuple[str, ...]
    """Fields that only this log has: one of them set tells the feed of an unnamed record."""


DNS = Feed(
    path="dns",
    fields={
        "ts": "time",
        "uid": "string",
        "id.orig_h": "addr",
        "id.orig_p": "port",
        "id.resp_h": "addr",
        "id.resp_p": "port",
        "proto": "enum",
        "trans_id": "count",
        "rtt": "interval",
        "query": "string",
        "qclass": "count",
        "qclass_name": "string",
        "qtype": "count",
        "qtype_name": "string",
        "rcode": "count",
        "rcode_name": "string",
        "AA": "bool",
        "TC": "bool",
        "RD": "bool",
        "RA": "bool",
        "Z": "count",
        "answers": "vector[string]",
        "TTLs": "vector[interval]",
        "rejected": "bool",
        "opcode": "count",
        "opcode_name": "string",
        "auth": "set[string]",
        "addl": "set[string]",
    },
    marks=("query", "qtype", "qtype_name", "rcode", "rcode_name", "AA"),
)

OTHER_PATHS = (
    "conn dhcp http ssl x509 files notice weird dpd smtp ssh ftp ntp kerberos ntlm rdp smb_files "
    "smb_mapping dce_rpc snmp sip tunnel pe ocsp software known_hosts known_services known_certs "
    "stats capture_loss reporter loaded_scripts packet_filter mysql irc radius rfb socks syslog "
    "modbus dnp3 traceroute intel signatures analyzer quic ldap ldap_search postgresql websocket "
    "telemetry cluster broker notice_alarm"
).split()
"""Paths of Zeek's other logs: a record so named is another feed, whatever its fields."""

TIME = pa.timestamp("us", tz="UTC")
PARTIALS = pa.schema(
    [
        pa.field("bucket", TIME),
        pa.field("id_orig_h", pa.string()),
        pa.field("id_resp_h", pa.string()),
        pa.field("query", pa.string()),
        pa.field("registered_domain", pa.string()),
        pa.field("qtype_name", pa.string()),
        pa.field("rcode_name", pa.string()),
        pa.field("count", pa.int64()),
        pa.field("rtt_sum", pa.float64()),
        pa.field("rtt_count", pa.int64()),
        pa.field("first_ts", TIME),
        pa.field("last_ts", TIME),
        pa.field("uid", pa.string()),
        pa.field("answers", pa.string()),
    ]
)
"""Rows of one batch, already counted: added to the table, never put in place of its rows."""

KEYS = (
    "bucket",
    "id_orig_h",
    "id_resp_h",
    "query",
    "registered_domain",
    "qtype_name",
    "rcode_name",
)
