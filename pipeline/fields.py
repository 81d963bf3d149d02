"""The fields of Zeek's logs, with Zeek's types.

Names are Zeek's own (zeek.git, `scripts/base/protocols/dns/main.zeek`, v3.0 to v9.0).
"""

DNS_FIELDS = {
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
}
