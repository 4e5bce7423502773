"""What a checked source defines, by name, for the native tier.

Owns: functions, methods, constants, imports, local names of a function. Does not own: what becomes
of them (`expressions.py`, `calls.py`).
"""

import ast
from typing import Final

from zones.traits.native.faults import Exceptions
from zones.traits.state import find_init, find_trait_class
from zones.traits.verdict import Checked

Function = ast.FunctionDef | ast.AsyncFunctionDef
Callee = Function | ast.Lambda
PLAIN_DECORATORS: Final = frozenset(("staticmethod", "classmethod", "property"))


class Source:
    """A checked source, taken apart.

    Attributes:
        constants: of the module, `class_constants` of the trait: the expression of each.
        init_constants: attributes that __init__ sets to constants.
        classes: names of classes that are not the trait and no exceptions.
    """

    def __init__(self, checked: Checked) -> None:
        self.checked = checked
        self.trait = find_trait_class(checked.tree)
        self.functions: dict[str, Function] = {}
        self.constants: dict[str, ast.expr | None] = {}
        self.imports: dict[str, tuple[str, str]] = {}
        self.classes: set[str] = set()
        self._locals: dict[Callee, frozenset[str]] = {}
        bases: dict[str, str] = {}
        for statement in checked.tree.body:
            self._read(statement, bases)
        self.exceptions = Exceptions(bases)
        self.methods = {each.name: each for each in self.trait.body if isinstance(each, Function)}
        self.class_constants = _constants_of(self.trait.body)
        self.init_constants = self._find_init_constants()
        self.kinds = {each.name: each.kind for each in checked.attributes}

    def _read(self, statement: ast.stmt, bases: dict[str, str]) -> None:
        if isinstance(statement, Function):
            self.functions[statement.name] = statement
        elif isinstance(statement, ast.ClassDef) and statement is not self.trait:
            base = statement.bases[0] if len(statement.bases) == 1 else None
            plain = all(isinstance(each, ast.Pass | ast.Expr) for each in statement.body)
            if plain and isinstance(base, ast.Name) and not statement.decorator_list:
                bases[statement.name] = base.id
            else:
                self.classes.add(statement.name)
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                self.imports[alias.asname or alias.name] = (alias.name, "")
        elif isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                self.imports[alias.asname or alias.name] = (statement.module or "", alias.name)
        else:
            for name, value in _constants_of([statement]).items():
                self.constants[name] = None if name in self.constants else value

    def _find_init_constants(self) -> dict[str, ast.expr]:
        init = find_init(self.trait)
        found: dict[str, ast.expr] = {}
        for statement in init.body if init else ():
            target: ast.expr | None = None
            if isinstance(statement, ast.Assign):
                target = statement.targets[0]
            elif isinstance(statement, ast.AnnAssign):
                target = statement.target
            value = getattr(statement, "value", None)
            if isinstance(target, ast.Attribute) and isinstance(value, ast.expr):
                found[target.attr] = value
        return {name: found[name] for name in self.checked.constants}

    def locals_of(self, callee: Callee) -> frozenset[str]:
        """Return the names that are local to a function."""
        if callee not in self._locals:
            self._locals[callee] = _find_locals(callee)
        return self._locals[callee]


def decorators_of(function: Function) -> list[str]:
    """Return the names of the decorators, "?" for what is no plain name."""
    return [
        each.id if isinstance(each, ast.Name) and each.id in PLAIN_DECORATORS else "?"
        for each in function.decorator_list
    ]


def arguments_of(callee: Callee) -> list[str]:
    """Return the names of the positional arguments."""
    return [each.arg for each in (*callee.args.posonlyargs, *callee.args.args)]


def _constants_of(body: list[ast.stmt]) -> dict[str, ast.expr | None]:
    """Return what a module or class body assigns; None for what is assigned twice."""
    found: dict[str, ast.expr | None] = {}
    for statement in body:
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(statement, ast.Assign):
            pairs = [(target, statement.value) for target in statement.targets]
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            pairs = [(statement.target, statement.value)]
        for target, value in pairs:
            if isinstance(target, ast.Name):
                found[target.id] = None if target.id in found else value
            elif isinstance(target, ast.Tuple | ast.List):
                same = isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts)
                for place, each in enumerate(target.elts):
                    if isinstance(each, ast.Name):
                        part = value.elts[place] if same and isinstance(value, ast.Tuple) else None
                        found[each.id] = None if each.id in found else part
    return found


def _find_locals(callee: Callee) -> frozenset[str]:
    found = {each.arg for each in (*callee.args.posonlyargs, *callee.args.args)}
    found |= {each.arg for each in callee.args.kwonlyargs}
    outside: set[str] = set()
    pending: list[ast.AST] = list(callee.body if isinstance(callee.body, list) else [callee.body])
    while pending:
        node = pending.pop()
        if isinstance(node, Function | ast.ClassDef):
            found.add(node.name)
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            outside |= set(node.names)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            # Its targets are its own; what `:=` binds within it belongs to the function.
            pending += [each.iter for each in node.generators]
            for each in ast.walk(node):
                if isinstance(each, ast.NamedExpr) and isinstance(each.target, ast.Name):
                    found.add(each.target.id)
            continue
        pending += ast.iter_child_nodes(node)
    return frozenset(found - outside)
