"""A second opinion on accepted sources: a few absolute rules, written apart from the validator.

Owns: what must never be in an accepted tree, whatever the validator thinks of it. Shares no code
and no list with `zones/traits`, so that a hole there is not a hole here.
"""

import ast
import unicodedata
from collections.abc import Iterator

MODULES = {
    *("math", "random", "dataclasses", "typing", "enum", "collections", "functools", "itertools"),
    *("collections.abc", "__future__"),
}
NAMES = {
    *("exec", "eval", "compile", "open", "print", "input", "exit", "quit", "getattr", "setattr"),
    *("delattr", "vars", "globals", "locals", "dir", "breakpoint", "memoryview", "bytearray", "id"),
    *("hash", "help", "license", "copyright", "credits", "aiter", "anext", "BaseException"),
    *("SystemExit", "KeyboardInterrupt", "GeneratorExit"),
}
CALLED_ONLY = {"type": (1,), "hasattr": (2,), "super": (0, 2)}
"""Builtins that are named only where they are called, with so many plain arguments; annotations are
never evaluated."""
ATTRIBUTES = {
    *("gi_frame", "gi_code", "gi_yieldfrom", "cr_frame", "cr_code", "cr_await", "cr_origin"),
    *("ag_frame", "ag_code", "f_back", "f_globals", "f_locals", "f_builtins", "f_code"),
    *("tb_frame", "tb_next", "tb_lasti", "with_traceback", "co_code", "co_consts", "co_names"),
    *("func_globals", "func_code", "mro", "format_map"),
}
FOREIGN = {"sys", "os", "builtins", "types", "gc", "inspect", "abc", "operator", "warnings"}
"""What modules have of other modules."""
DUNDERS = {"__init__", "__name__", "__members__", "__post_init__", "__enter__", "__exit__"}
OF_SUPER = DUNDERS | {
    *("__contains__", "__getitem__", "__setitem__", "__delitem__", "__missing__", "__len__"),
    *("__iter__", "__reversed__", "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"),
    *("__bool__", "__or__", "__ior__", "__and__", "__sub__", "__xor__", "__add__", "__neg__"),
}
"""Of a base class, by `super()` alone: comparisons and containers."""
VARIABLES = {"__slots__", "__match_args__", "__all__", "__author__", "__version__"}


def objections(tree: ast.Module) -> Iterator[str]:
    """Yield each absolute rule that a tree breaks, with its line."""
    modules = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    called = {
        id(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and len(node.args) in CALLED_ONLY.get(node.func.id, ())
        and not node.keywords
        and not any(isinstance(argument, ast.Starred) for argument in node.args)
    }
    called |= {
        id(part)
        for node in ast.walk(tree)
        for name in ("annotation", "returns")
        if isinstance(getattr(node, name, None), ast.expr)
        for part in ast.walk(getattr(node, name))
    }
    for node in ast.walk(tree):
        for reason in _object(node, modules, called):
            yield f"line {getattr(node, 'lineno', 0)}: {reason}"


def _object(node: ast.AST, modules: set[str], called: set[int]) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from _object_to_import(node)
    elif isinstance(node, ast.Attribute):
        of_super = isinstance(node.value, ast.Call) and ast.unparse(node.value) == "super()"
        # It is read as type(self), which anybody may write.
        own_class = node.attr == "__class__" and ast.unparse(node.value) == "self"
        if not own_class and not (of_super and node.attr in OF_SUPER):
            yield from _object_to_attribute(node.attr)
        of_module = isinstance(node.value, ast.Name) and node.value.id in modules
        if of_module and (node.attr.startswith("_") or node.attr in FOREIGN):
            yield f"{ast.unparse(node)} is private"
    elif isinstance(node, ast.MatchClass):
        for name in node.kwd_attrs:
            yield from _object_to_attribute(name)
    elif isinstance(node, ast.Name):
        if node.id in NAMES or (_is_dunder(node.id) and node.id not in VARIABLES):
            yield f"names {node.id}"
        if node.id in CALLED_ONLY and isinstance(node.ctx, ast.Load) and id(node) not in called:
            yield f"keeps {node.id}, or calls it with more"
    elif isinstance(node, ast.ClassDef):
        if any(word.arg in {"metaclass", None} for word in node.keywords):
            yield "has a metaclass"
    elif isinstance(node, ast.arg | ast.keyword) and node.arg and _is_dunder(node.arg):
        yield f"an argument is called {node.arg}"


def _object_to_import(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name not in MODULES:
                yield f"imports {alias.name}"
        return
    if node.level or node.module not in MODULES:
        yield f"imports from {node.module}"
    for alias in node.names:
        if alias.name == "*" or alias.name.startswith("_") or alias.name in FOREIGN:
            yield f"imports {alias.name} from {node.module}"


def _object_to_attribute(name: str) -> Iterator[str]:
    if name in ATTRIBUTES or (_is_dunder(name) and name not in DUNDERS):
        yield f"attribute {name}"
    elif unicodedata.normalize("NFKC", name) != name:
        yield f"attribute {name!r} is another name to the parser"


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
