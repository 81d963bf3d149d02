"""Names that try to be more than text, made by rule; each may stand in a log's `query`.

Whatever they would fetch, link or run is of `evil.example`, which is reserved.
"""

from collections.abc import Iterable

EVIL = "evil.example"
LABEL, NAME = 63, 255
"""Bytes of the longest label and of the longest name."""


def around(characters: Iterable[str]) -> list[str]:
    """A name for each character, which stands within a word, where it does most."""
    return [f"pay{each}lap.{ord(each[0]):x}.example" for each in characters]


def span(first: int, last: int) -> list[str]:
    """The characters between two, both included."""
    return [chr(code) for code in range(first, last + 1)]


def punycode(label: str) -> str:
    """The label as the wire carries it.

    >>> punycode("bücher")
    'xn--bcher-kva'
    """
    return "xn--" + label.encode("punycode").decode("ascii")


TITLE = "document.title='gone'"
CONTROL = [*span(0x00, 0x1F), "\x7f", "\x80", "\x85", "\x9b", "\x9f"]
BIDIRECTIONAL = [*span(0x202A, 0x202E), *span(0x2066, 0x2069), "\u200e", "\u200f", "\u061c"]
INVISIBLE = [
    *span(0x200B, 0x200D), *span(0x2060, 0x2064), "\ufeff", "\xad", "\u034f", "\u180e",
    "\ufe0f", "\u3164", "\u115f", "\u2800", "\U000e0041", "\U000e0100", "\u2028", "\u2029",
    "\xa0", "\u3000", "\ufff9", "\uffff", "\ue000",
]  # fmt: skip
LOOK_ALIKES = ["\u0430", "\u03bf", "\u0585", "\u217c", "\uff45", "\U0001d41e", "\u2044", "\u3002"]

HOSTILE: dict[str, list[str]] = {
    "html": [
        f"{opening} {attribute}>.{EVIL}"
        for opening in ("<img", '"><svg', "'><iframe", "</div><video")
        for attribute in (f"src=//{EVIL}/x", f'src=x onerror="{TITLE}"', f"onload={TITLE}")
    ]
    + [
        f"<script>{TITLE}</script>.{EVIL}",
        f"<script src=//{EVIL}/x.js></script>",
        f"<a href=http://{EVIL}>here</a>.{EVIL}",
        f"<style>*{{display:none}}</style>.{EVIL}",
        f"<style>@import'//{EVIL}/x.css'</style>",
        f"<link rel=stylesheet href=//{EVIL}/x>",
        f"<meta http-equiv=refresh content=0;url=//{EVIL}>",
        f"<base href=//{EVIL}/>.{EVIL}",
        f"<form action=//{EVIL}><button>go</button></form>",
        f"<marquee><h1>big</h1></marquee>.{EVIL}",
        f"</b></div></div><!--.{EVIL}",
        f"&lt;img src=x onerror={TITLE}&gt;.{EVIL}",
        f'" title="x" onmouseover="{TITLE}.{EVIL}',
        f"' style='background:url(//{EVIL}/x)'.{EVIL}",
    ],
    "markdown": [
        f"![x](http://{EVIL}/x.png).{EVIL}",
        f"![x][y] [y]: http://{EVIL}/y.png",
        f"[here](http://{EVIL}/).{EVIL}",
        f"[here](javascript:{TITLE}).{EVIL}",
        f"<http://{EVIL}/>",
        f"[x]: http://{EVIL}/ 'x'",
        *(f"{sign}x{sign}.{EVIL}" for sign in ("**", "__", "~~", "`", "$", "$$", "```")),
        *(f"{sign} x.{EVIL}" for sign in ("#", "######", ">", "1.", "|a|b|", "- [ ]", "***")),
    ],
    "link": [
        f"www.{EVIL}",
        f"http://{EVIL}/x",
        f"https://user@{EVIL}:8080/?x=y#z",
        f"ftp://{EVIL}/x",
        f"//{EVIL}/x",
        f"mailto:x@{EVIL}",
        f"x@{EVIL}",
        f"javascript:{TITLE}//.{EVIL}",
        f"data:text/html,<script>{TITLE}</script>",
        f"file:///etc/passwd.{EVIL}",
    ],
    "directive": [
        f":{word}.{EVIL}"
        for word in (
            "red[x]", "blue-background[x]", "rainbow[x]", "red-badge[x]", "small[x]", "primary[x]",
            "material/bolt:", "streamlit:", "skull:", "grey[![x](http://evil.example/d.png)]",
        )
    ],
    "formula": [
        *(f"{sign}1+1.{EVIL}" for sign in "=+-@＝＋－＠"),
        *(f"x{sign}=1+1.{EVIL}" for sign in ";|\t"),
        f'=HYPERLINK("http://{EVIL}/","x").{EVIL}',
        f"=cmd|' /c calc'!a1.{EVIL}",
        f'"=1+1.{EVIL}',
        f" =1+1.{EVIL}",
        f"\r=1+1.{EVIL}",
    ],
    "expression": [
        f"'+alert(1)+'.{EVIL}",
        f"\\'];alert(1)//.{EVIL}",
        f"datum.x\\.y[0].{EVIL}",
        f"${{alert(1)}}{{{{7*7}}}}.{EVIL}",
        f"'; drop table dns_counts; --.{EVIL}",
        f'"}},"x":{{"y":"z.{EVIL}',
        f"%s%n{{0}}{{x}}.{EVIL}",
        f"__proto__.{EVIL}",
    ],
    "address": [
        f"-{EVIL}",
        f"*.{EVIL}",
        f"\\-*.{EVIL}",
        f"x&host=10.0.0.1#y?range=5m.{EVIL}",
        f"%3Cimg%20src=x%3E%00.{EVIL}",
        f"../../x%2f..%2f.{EVIL}",
        f"host:10.0.0.1 -type:a.{EVIL}",
    ],
    "control": around(CONTROL),
    "bidirectional": [*around(BIDIRECTIONAL), f"אבג.{EVIL}", f"مثال-1.{EVIL}"],
    "invisible": around(INVISIBLE),
    "homograph": [*around(LOOK_ALIKES), f"ѕсоре.{EVIL}", f"evil․example.{EVIL}"],
    "punycode": [
        f"{punycode(label)}.{place}.example"
        for place, label in enumerate(
            [
                *(f"pay{each}lap" for each in (*BIDIRECTIONAL[:6], *INVISIBLE[:8], *LOOK_ALIKES)),
                "ü<img src=x>", "ü=1+1", "-ü[x](y)", "ü\x00\n",
            ]
        )
    ] + ["xn--.example", "xn--99999999999999.example", "xn--a-\u00fc.example"],
    "long": [
        ".".join(["l" * LABEL] * 3 + ["l" * (NAME - 3 * LABEL - 3 - 9), EVIL[5:]]),
        "w" * (NAME - 9) + ".example",
        "m." * ((NAME - 13) // 2) + EVIL,
        "\\xff" * (NAME - 13) + "." + EVIL,
        "€" * ((NAME - 13) // 3) + "." + EVIL,
    ],
    "empty label": [".evil", f"..{EVIL}", f"evil...{EVIL}", f". {EVIL}", f" .{EVIL}"],
    "zeek": [
        f"{escape}x.{EVIL}"
        for escape in (
            r"\x00", r"\x0a", r"\xe2\x80\xae", r"\x3cimg\x3e", r"\xff\xfe", r"\\x41", "\\",
        )
    ],
}  # fmt: skip
NAMES = [name for names in HOSTILE.values() for name in names]
ONE_OF_EACH = [names[0] for names in HOSTILE.values()]


def as_counted(name: str) -> str:
    """The name as the table has it.

    >>> as_counted("Evil.example.")
    'evil.example'
    """
    return name.rstrip(".").lower()
