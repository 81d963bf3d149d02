"""A feed: one of Zeek's logs, declared by its fields, and by the rows it is counted into."""

from dataclasses import dataclass

import pyarrow as pa

from pipeline.fields import DNS_FIELDS

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


@dataclass(frozen=True, eq=False)
class Feed:
    """A log that is counted: its path, its fields with Zeek's types, and what tells it apart."""

    path: str
    fields: dict[str, str]
    marks: tuple[str, ...]
    """Fields that only this log has: one of them set tells the feed of an unnamed record."""


DNS = Feed(
    path="dns",
    fields=DNS_FIELDS,
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

PACKED = "counts"
"""The one column of what travels to the driver: a worker's counts as one value, Arrow's stream
format. As rows of Spark's, the JVM would take each of them and all its columns apart and put them
together again."""
