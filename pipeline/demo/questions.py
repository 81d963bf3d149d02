"""Names that are asked for: generated ones under real suffixes, and the odd ones of any network."""

import random
from typing import NamedTuple


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


DOMAINS = 3000
MULTICAST, MULTICAST_6, BROADCAST = "224.0.0.251", "ff02::fb", "10.20.255.255"
NETBIOS_WILDCARD = "*" + "\\x00" * 15

SYLLABLES = words(
    "al an ar bel bo bra ca cor da del dor el en fa fen gra ha hel in ka kel la lo lu ma mer mi "
    "mon na nor o pa per pra qui ra ren ri ro sa sel so ta tel ti tor u va vel vi vo wen xa yo za"
)
SUFFIXES = {
    "com": 46, "net": 11, "org": 8, "io": 5, "de": 4, "co.uk": 4, "com.br": 3, "fr": 2, "nl": 2,
    "co.jp": 2, "com.au": 2, "app": 2, "dev": 1, "cloud": 1, "info": 2, "eu": 1, "pl": 1, "tv": 1,
    "ac.uk": 1, "gov.br": 1, "online": 1, "xn--p1ai": 1,
}  # fmt: skip
SERVICES = words(
    "www api cdn img static mail login edge assets media push sync auth events telemetry "
    "config updates eu-west-1 us-east-2 s3 track ads metrics"
)
TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "NB": 32,
    "SRV": 33, "HTTPS": 65, "*": 255,
}  # fmt: skip


class Question(NamedTuple):
    """What is asked, of whom (None: of the host's resolver), and how it goes as a rule."""

    qname: str | None
    qtype: str | None
    answers: tuple[str, ...]
    nxdomain: float = 0.01
    silent: float = 0.02
    server: str | None = None
    server_port: int = 53


def make_domain(dice: random.Random) -> str:
    """A registered domain, made of syllables."""
    stem = "".join(dice.choices(SYLLABLES, k=dice.randint(2, 4)))
    return f"{stem}.{dice.choices(list(SUFFIXES), list(SUFFIXES.values()))[0]}"


def make_domains(dice: random.Random, count: int) -> list[str]:
    """So many different ones."""
    made = dict.fromkeys(make_domain(dice) for _ in range(count * 2))
    return list(made)[:count]


def make_questions(dice: random.Random, domains: list[str]) -> list[Question]:
    """In the order of their rank; local and odd names stand among the frequent ones."""
    made = []
    for rank, domain in enumerate(domains):
        known = dice.randint(1, max(2, 12 - rank // 200))
        for service in ["", *dice.sample(SERVICES, known)]:
            qname = f"{service}.{domain}".lstrip(".")
            made.append(_question(dice, qname, domains[dice.randrange(20)]))
    places = [place + dice.expovariate(1 / 60) for place in range(len(made))]
    ranked = [question for _, question in sorted(zip(places, made, strict=True))]
    for place, odd in enumerate(_odd_questions()):
        ranked.insert(9 + place * 13, odd)
    return ranked


def _question(dice: random.Random, qname: str, host: str) -> Question:
    kinds, shares = ("A", "AAAA", "HTTPS", "TXT", "MX", "NS"), (64, 22, 10, 2, 1, 1)
    qtype = dice.choices(kinds, shares)[0]
    a, b = dice.randint(1, 254), dice.randint(1, 254)
    answers = {
        "A": (f"203.0.113.{a}", f"198.51.100.{b}")[: 1 + a % 2],
        "AAAA": (f"2001:db8:{a:x}::{b:x}",),
        "TXT": (f"TXT 26 v=spf1 ip4:203.0.113.{a} -all",),
        "MX": (f"mx{a % 3}.{qname}",),
        "NS": (f"ns1.{qname}", f"ns2.{qname}"),
    }.get(qtype, ())
    if qname.startswith(("cdn.", "img.", "edge.")):
        answers = (f"edge-{a}.{host}", *answers)
    return Question(qname, qtype, answers, nxdomain=0.4 if a < 6 else 0.004)


def _odd_questions() -> list[Question]:
    reverse = [
        Question(f"{n * 7 % 250}.{n % 4}.20.10.in-addr.arpa", "PTR", (f"pc-{n}.corp.local",), 0.3)
        for n in range(40)
    ]
    reverse_6 = ".".join("8b0d0100" + "2" * 24) + ".ip6.arpa"
    chatter = [
        Question(name, "PTR", (), 0.0, 1.0, server, 5353)
        for name in ("_ipp._tcp.local", "_airplay._tcp.local", "_googlecast._tcp.local")
        for server in (MULTICAST, MULTICAST_6)
    ]
    return [
        Question("wpad", "A", (), 0.9), Question("fileserver", "A", ("10.20.0.20",)),
        Question("print-3.corp.local", "A", ("10.20.3.9",)), *chatter,
        Question("macbook-ana.local", "AAAA", (), 0.0, 1.0, MULTICAST_6, 5353),
        Question(NETBIOS_WILDCARD, "SRV", (), 0.0, 0.9, BROADCAST, 137),
        Question("WORKGROUP", "NB", (), 0.0, 1.0, BROADCAST, 137),
        Question("FILESRV", "NB", (), 0.0, 1.0, BROADCAST, 137),
        Question("", "NS", ("a.root-servers.net", "b.root-servers.net")),
        Question("co.uk", "NS", ("dns1.nic.uk",)), Question("localhost", "A", ("127.0.0.1",)),
        Question(None, None, (), 0.0, 0.0), Question("10.20.0.1", "A", (), 0.95),
        Question("_ldap._tcp.dc._msdcs.corp.local", "SRV", ("dc1.corp.local",)),
        Question(reverse_6, "PTR", (), 0.8), *reverse,
    ]  # fmt: skip
