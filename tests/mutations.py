"""The program with one call of a helper for names removed: somebody has to notice."""

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from pages.shared.look import inert
from tests.conftest import ROOT

HELPERS = frozenset("shown inert safe escaped defang neutralise unicode_form words _text".split())
VALUE = "lambda each, *rest, **more: each.value"
SAME = "lambda text, *rest, **more: text"
WITHOUT = {"words": VALUE}
"""What stands instead of a helper; the text itself, unless said here."""
NOTE = "__import__('tests.mutations', fromlist=['reached']).reached({}, {})"


@dataclass(frozen=True)
class Site:
    """A place in the code where a helper is named."""

    module: str
    line: int
    column: int
    helper: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}:{self.column} {self.helper}"


@cache
def sites() -> list[Site]:
    """Every place in pages/ and pipeline/, but for the demo, which shows nothing."""
    paths = [*(ROOT / "pages").rglob("*.py"), *(ROOT / "pipeline").glob("*.py")]
    return [site for path in sorted(paths) for site in _in_file(path)]


def _in_file(path: Path) -> Iterator[Site]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    known = _known(tree)
    for node in ast.walk(tree):
        if (helper := _helper(node)) in known:
            yield Site(module, node.lineno, node.col_offset, helper)


def _known(tree: ast.Module) -> set[str]:
    """Helpers that a module has imported or defines; another thing may have the same name."""
    imported = {
        each.name for node in tree.body if isinstance(node, ast.ImportFrom) for each in node.names
    }
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return HELPERS & (imported | defined) | {"html.escape"}


def _helper(node: ast.AST) -> str:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return node.id
    if isinstance(node, ast.Attribute) and ast.unparse(node) == "html.escape":
        return "html.escape"
    return ""


class Change(ast.NodeTransformer):
    """The tree with what stands at some sites replaced by other expressions."""

    def __init__(self, instead: Mapping[Site, str]) -> None:
        self.instead = {(each.line, each.column, each.helper): to for each, to in instead.items()}

    def visit(self, node: ast.AST) -> Any:
        """The node, or what stands in its place."""
        helper = _helper(node)
        place = (node.lineno, node.col_offset, helper) if helper else None
        if place in self.instead:
            return ast.copy_location(ast.parse(self.instead[place], mode="eval").body, node)
        return super().generic_visit(node)


@contextmanager
def changed(instead: Mapping[Site, str]) -> Iterator[None]:
    """The running program with other expressions at some sites."""
    before: dict[FunctionType, tuple[CodeType, Any]] = {}
    try:
        for module in {site.module for site in instead}:
            those = {site: to for site, to in instead.items() if site.module == module}
            whole = _compiled(module, those)
            for function in {_function(site) for site in those}:
                before[function] = (function.__code__, function.__kwdefaults__)
                function.__code__ = _code(whole, function.__code__)
                function.__kwdefaults__ = _defaults(function, those)
        inert.cache_clear()
        yield
    finally:
        for function, (code, defaults) in before.items():
            function.__code__, function.__kwdefaults__ = code, defaults
        inert.cache_clear()


def removed(site: Site) -> AbstractContextManager[None]:
    """The running program without that call."""
    return changed({site: WITHOUT.get(site.helper, SAME)})


REACHED: set[Site] = set()


def reached(place: int, helper: Any) -> Any:
    """Note that the program came by a site, and go on."""
    REACHED.add(sites()[place])
    return helper


def sites_of(run: Callable[[], None]) -> set[Site]:
    """Those that the program comes by while it runs."""
    REACHED.clear()
    with changed({each: NOTE.format(n, each.helper) for n, each in enumerate(sites())}):
        run()
    return set(REACHED)


def _path(module: str) -> Path:
    return ROOT / (module.replace(".", "/") + ".py")


def _compiled(module: str, instead: Mapping[Site, str]) -> CodeType:
    path = _path(module)
    tree = Change(instead).visit(ast.parse(path.read_text(encoding="utf-8")))
    return compile(ast.fix_missing_locations(tree), str(path), "exec")


@cache
def _function(site: Site) -> FunctionType:
    """The function of a module's first level, or of a class, in which the site lies."""
    for found in _functions(importlib.import_module(site.module)):
        if found.__code__.co_filename == str(_path(site.module)):
            lines, first = inspect.getsourcelines(found)
            if first <= site.line < first + len(lines):
                return found
    raise AssertionError(f"{site} lies in no function: it cannot be removed while tests run")


def _functions(holder: Any) -> Iterator[FunctionType]:
    name = getattr(holder, "__module__", None) or holder.__name__
    for each in list(vars(holder).values()):
        each = inspect.unwrap(each) if callable(each) else each
        if getattr(each, "__module__", "") != name:
            continue
        if inspect.isfunction(each):
            yield each
        elif inspect.isclass(each):
            yield from _functions(each)


def _defaults(function: FunctionType, instead: Mapping[Site, str]) -> dict[str, Any] | None:
    """Of the arguments; a default that is a helper is no part of the code."""
    helpers = {site.helper: to for site, to in instead.items() if _function(site) is function}
    return function.__kwdefaults__ and {
        name: eval(helpers[value.__name__], function.__globals__)
        if getattr(value, "__name__", None) in helpers
        else value
        for name, value in function.__kwdefaults__.items()
    }


def _code(whole: CodeType, like: CodeType) -> CodeType:
    """The code of the same function in the changed module."""
    found = _search(whole, like.co_qualname)
    assert found is not None, like.co_qualname
    return found


def _search(code: CodeType, name: str) -> CodeType | None:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    same = next((each for each in inner if each.co_qualname == name), None)
    return same or next((found for each in inner if (found := _search(each, name))), None)
