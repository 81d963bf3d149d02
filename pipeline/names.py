"""Names that attackers chose, as text that does nothing: on a page, in a report, in a sheet."""

import re
import unicodedata

MAX_CHARACTERS = 255
ELLIPSIS = "…"
# A cell that begins so is a formula in a spreadsheet (OWASP, CSV injection), also in full width;
# and where a spreadsheet separates cells by another sign than a comma, so is what follows it.
FORMULA = re.compile('(^|[;|\t])(?=(?:[^\\S\t\r\n]|[\x00-\x08\x0e-\x1b"])*[=+\\-@\t\r\n＝＋－＠])')
# Invisible, yet none of the categories below: fillers, and the blank Braille cell.
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
HIDDEN_CATEGORIES = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])


def is_hidden(character: str) -> bool:
    """Whether a character shows nothing, moves others about, or is another space than U+0020.

    >>> is_hidden("\\u202e"), is_hidden("a")
    (True, False)
    """
    category = unicodedata.category(character)
    variation = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    space = category == "Zs" and character != " "
    return category in HIDDEN_CATEGORIES or character in BLANK or variation or space


def shown(name: str | None, limit: int = MAX_CHARACTERS) -> str:
    """The name as visible text of `limit` characters at most, hidden ones as `\\u{…}`.

    >>> shown("exa\\u200bmple.com")
    'exa\\\\u{200b}mple.com'
    """
    text = "" if name is None else str(name)
    # Most are, and all of a page's texts come through here at each refresh.
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    # No more than `limit` characters can be shown: the rest is not looked at.
    parts = [_escaped(each) if is_hidden(each) else each for each in text[: limit + 1]]
    whole = "".join(parts)
    if len(whole) <= limit:
        return whole
    while sum(map(len, parts)) > limit - len(ELLIPSIS):
        parts.pop()
    return "".join(parts) + ELLIPSIS


def _escaped(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"


def defang(name: str | None, limit: int = MAX_CHARACTERS) -> str:
    """The name so that nothing makes a link of it.

    >>> defang("www.example.com")
    'www[.]example[.]com'
    """
    text = shown(name, limit).replace(".", "[.]").replace("://", "[://]")
    return re.sub(r"^(\s*)(h)(?:tt|xx)(ps?)(?=\W)", r"\1\2xx\3", text, flags=re.IGNORECASE)


def neutralise(cell: str) -> str:
    """The cell so that a spreadsheet takes it for text: a formula gets an apostrophe before it.

    >>> neutralise("=1+1"), neutralise("a;=1"), neutralise("example.com")
    ("'=1+1", "a;'=1", 'example.com')
    """
    return FORMULA.sub(r"\1'", cell)


def unicode_form(name: str) -> str | None:
    """The Unicode that a punycode name stands for, inert; None where there is none.

    >>> unicode_form("xn--bcher-kva.example")
    'bücher.example'
    """
    labels = [_decoded(label) for label in name.split(".")]
    decoded = ".".join(labels)
    return None if decoded == name else shown(decoded)


def _decoded(label: str) -> str:
    if not label.lower().startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label
