"""Find what a source keeps beyond one call other than on `self`.

Owns: state of modules, classes and functions, and ways by which `self` gets out of sight. Does not
own: attributes of `self` (`state.py`). When in doubt it finds something: that only costs the trait
its carried state.
"""

import ast
from collections.abc import Iterator
from typing import Final

from zones.traits.scopes import Function, every_argument, is_static

_DECORATORS_TEXT: Final = (
    "staticmethod classmethod property setter dataclass unique total_ordering final "
    "override overload wraps abstractmethod"
)
DECORATORS: Final = frozenset(_DECORATORS_TEXT.split())
"""Those that keep nothing."""
_PURE_CALLS_TEXT: Final = (
    "namedtuple TypeVar NewType frozenset float int bool str round abs min max sum len "
    "range tuple field auto"
)
PURE_CALLS: Final = frozenset(_PURE_CALLS_TEXT.split())
_READERS_TEXT: Final = (
    "len sum min max sorted any all enumerate zip list tuple set frozenset reversed dict "
    "map filter choice sample choices isinstance iter"
)
READERS: Final = frozenset(_READERS_TEXT.split())
READING_METHODS: Final = frozenset(["get", "items", "keys", "values", "index", "count", "copy"])
PLAIN_DUNDERS: Final = frozenset(("__init__", "__repr__", "__str__", "__doc__", "__slots__"))
ENUMS: Final = frozenset(("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"))

Found = tuple[int, str]


def find_lasting(
    tree: ast.Module, trait: ast.ClassDef, foreign: list[ast.Attribute]
) -> Found | None:
    """Return line and reason of the first thing that outlives a call, None if there is none.

    Args:
        foreign: attributes that are set on what may be neither an entity nor the trait's `self`.
    """
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found = [
        *_of_class(trait),
        *_of_definitions(tree),
        *_of_containers(tree, above),
        *_of_classes_as_values(tree, trait, above),
        *_of_self(trait, above),
        *_of_foreign(foreign, trait, above),
    ]
    return min(found, default=None)


def _of_class(trait: ast.ClassDef) -> Iterator[Found]:
    for each in (*trait.decorator_list, *(keyword.value for keyword in trait.keywords)):
        yield each.lineno, f"class {trait.name} is decorated or has a metaclass"
    for base in trait.bases:
        if not (isinstance(base, ast.Name) and base.id == "Trait"):
            yield base.lineno, f"class {trait.name} derives from more than Trait"
    names = [each.name for each in trait.body if isinstance(each, Function)]
    for statement in trait.body:
        if isinstance(statement, Function):
            name = statement.name
            if name.startswith("__") and name not in PLAIN_DUNDERS:
                yield statement.lineno, f"class {trait.name} defines {name}"
            if names.count(name) > 1 and not statement.decorator_list:
                yield statement.lineno, f"class {trait.name} defines {name} twice"
        elif not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr | ast.Pass):
            yield statement.lineno, f"class {trait.name} holds more than methods and constants"


def _of_definitions(tree: ast.Module) -> Iterator[Found]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield node.lineno, f"`global {node.names[0]}` changes the module"
        if isinstance(node, ast.ClassDef):
            for keyword in node.keywords:
                yield keyword.value.lineno, f"class {node.name} has a metaclass or class arguments"
            if _is_enum(node):
                yield from _of_enum(node)
        if isinstance(node, Function | ast.ClassDef):
            for decorator in node.decorator_list:
                if _last_name(decorator) not in DECORATORS:
                    yield decorator.lineno, f"a decorator of {node.name} may keep something"
        if isinstance(node, Function | ast.Lambda):
            for default in (*node.args.defaults, *node.args.kw_defaults):
                if default is not None and not _is_lasting_constant(default, frozenset()):
                    yield default.lineno, "a default argument may be changed"


def _of_enum(node: ast.ClassDef) -> Iterator[Found]:
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and not isinstance(each.ctx, ast.Load):
            yield each.lineno, f"members of {node.name} are changed"
    for _, value in _assigned(node.body):
        if not _is_lasting_constant(value, frozenset()) and _last_name(value) != "auto":
            yield value.lineno, f"a member of {node.name} may be changed"


def _is_enum(node: ast.ClassDef) -> bool:
    return any(_last_name(base) in ENUMS for base in node.bases)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_lasting_constant(node: ast.expr, changeable: frozenset[str]) -> bool:
    """Tell whether nothing can change the value of an expression."""
    match node:
        case ast.Constant() | ast.Lambda() | ast.JoinedStr():
            return True
        case ast.Name(name):
            return name not in changeable
        case ast.Attribute(value):
            return isinstance(value, ast.Name) and value.id not in changeable
        case ast.Subscript(value):
            return _is_lasting_constant(value, changeable)
        case ast.Call(func, arguments):
            name = _last_name(func)
            known = name in PURE_CALLS or (
                isinstance(func, ast.Attribute) and _last_name(func.value) == "math"
            )
            return known and (
                name in ("namedtuple", "field", "sum", "len", "min", "max", "frozenset", "tuple")
                or all(_is_lasting_constant(each, changeable) for each in arguments)
            )
        case ast.UnaryOp() | ast.BinOp() | ast.BoolOp() | ast.Compare() | ast.IfExp() | ast.Tuple():
            inner = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
            return all(_is_lasting_constant(each, changeable) for each in inner)
    return False


def _is_fixed_display(node: ast.expr, changeable: frozenset[str]) -> bool:
    """Tell whether it is a container of constants: reading it gives nothing that can change."""
    match node:
        case ast.List(elements) | ast.Set(elements):
            return all(_is_lasting_constant(each, changeable) for each in elements)
        case ast.Dict(keys, values):
            inner = [*(each for each in keys if each is not None), *values]
            return None not in keys and all(
                _is_lasting_constant(each, changeable) for each in inner
            )
    return False


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for statement in body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                for each in ast.walk(target):
                    if isinstance(each, ast.Name):
                        yield each.id, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            yield _last_name(statement.target), statement.value


def _of_containers(tree: ast.Module, above: dict[ast.AST, ast.AST]) -> Iterator[Found]:
    """Find uses of containers of the module or of a class that are more than reading."""
    bodies = [tree.body]
    bodies += [
        each.body
        for each in ast.walk(tree)
        if isinstance(each, ast.ClassDef) and not _is_enum(each)
    ]
    displays: set[str] = set()
    changeable: frozenset[str] = frozenset()
    for body in bodies:
        for name, value in _assigned(body):
            if not _is_lasting_constant(value, changeable):
                changeable |= {name}
                if _is_fixed_display(value, changeable):
                    displays.add(name)
    for node in ast.walk(tree):
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        if name not in changeable or _is_definition(node, above):
            continue
        if name not in displays or not _is_read_only(node, above):
            yield getattr(node, "lineno", 0), f"{name} outlives the call and may be changed"


def _is_definition(node: ast.AST, above: dict[ast.AST, ast.AST]) -> bool:
    """Tell whether it is the target of the assignment in the body of the module or of a class."""
    if not isinstance(getattr(node, "ctx", None), ast.Store):
        return False
    statement = above[node]
    return isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(
        above[statement], ast.Module | ast.ClassDef
    )


def _is_read_only(node: ast.AST, above: dict[ast.AST, ast.AST]) -> bool:
    if not isinstance(getattr(node, "ctx", None), ast.Load):
        return False
    holder = above[node]
    match holder:
        case ast.Subscript(value, ctx=ctx):
            return value is node and isinstance(ctx, ast.Load)
        case ast.For(iter=iterable) | ast.comprehension(iter=iterable):
            return iterable is node
        case ast.Compare():
            return True
        case ast.Call(func) if func is not node:
            return _last_name(func) in READERS
        case ast.Attribute(attr=name):
            call = above[holder]
            return isinstance(call, ast.Call) and call.func is holder and name in READING_METHODS
    return False


def _of_classes_as_values(
    tree: ast.Module, trait: ast.ClassDef, above: dict[ast.AST, ast.AST]
) -> Iterator[Found]:
    """Find classes that are more than called, read and compared with."""
    classes = {each.name for each in ast.walk(tree) if isinstance(each, ast.ClassDef)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name) or node.id not in classes:
            continue
        holder = above[node]
        if isinstance(holder, ast.Attribute) and isinstance(holder.ctx, ast.Load):
            continue
        is_called = isinstance(holder, ast.Call) and node not in holder.args[:1]
        if is_called and node.id != trait.name:
            continue
        if isinstance(holder, ast.ExceptHandler | ast.ClassDef | ast.Raise | ast.MatchClass):
            continue
        if isinstance(holder, ast.arg | ast.AnnAssign | ast.Subscript | ast.FunctionDef):
            continue  # an annotation
        if isinstance(holder, ast.For | ast.comprehension | ast.AsyncFunctionDef | ast.BinOp):
            continue
        yield node.lineno, f"class {node.id} is used as a value"


def _changes(holder: ast.AST) -> bool:
    """Tell whether what holds `self.__class__` does more than read or compare it."""
    if isinstance(holder, ast.Attribute):
        return not isinstance(holder.ctx, ast.Load)
    return not isinstance(holder, ast.Compare)


def _of_self(trait: ast.ClassDef, above: dict[ast.AST, ast.AST]) -> Iterator[Found]:
    """Find uses of `self` that are no attribute of it."""
    for method in trait.body:
        if not isinstance(method, Function) or is_static(method):
            continue
        arguments = [*method.args.posonlyargs, *method.args.args]
        if not arguments:
            continue
        name = arguments[0].arg
        for node in ast.walk(method):
            if isinstance(node, Function | ast.Lambda) and node is not method:
                arguments = every_argument(node.args)
                if name in [each.arg for each in arguments]:
                    yield node.lineno, f"a function within {method.name} has its own {name}"
            if isinstance(node, ast.Name) and node.id == name:
                holder = above[node]
                is_class = isinstance(holder, ast.Attribute) and holder.attr == "__class__"
                if not isinstance(holder, ast.Attribute) or (is_class and _changes(above[holder])):
                    yield node.lineno, f"{name} is more than read and written by its attributes"
                elif isinstance(holder.ctx, ast.Del):
                    yield node.lineno, f"{name}.{holder.attr} is deleted"
                elif _is_class_method(method) and isinstance(holder.ctx, ast.Store):
                    yield node.lineno, f"{name}.{holder.attr} changes the class"


def _is_class_method(method: Function) -> bool:
    return any(_last_name(each) == "classmethod" for each in method.decorator_list)


def _of_foreign(
    foreign: list[ast.Attribute], trait: ast.ClassDef, above: dict[ast.AST, ast.AST]
) -> Iterator[Found]:
    """Find attributes that are set on what may last: not on a new instance in a local name."""
    for node in foreign:
        function: ast.AST = node
        while not isinstance(function, Function | ast.Module | ast.Lambda):
            function = above[function]
        if isinstance(node.value, ast.Name) and isinstance(function, Function):
            name = node.value.id
            if _is_self_of_helper(function, name, trait, above) or _is_new(function, name, above):
                continue
        yield node.lineno, f"setting {node.attr} may change something that outlives the call"


def _is_self_of_helper(
    function: Function, name: str, trait: ast.ClassDef, above: dict[ast.AST, ast.AST]
) -> bool:
    holder = above[function]
    arguments = [*function.args.posonlyargs, *function.args.args]
    return (
        isinstance(holder, ast.ClassDef)
        and holder is not trait
        and not is_static(function)
        and not _is_class_method(function)
        and bool(arguments)
        and arguments[0].arg == name
    )


def _is_new(function: Function, name: str, above: dict[ast.AST, ast.AST]) -> bool:
    """Tell whether a name of a function is only ever bound to what a class of the source makes."""
    if any(each.arg == name for each in every_argument(function.args)):
        return False
    bindings = 0
    for node in ast.walk(function):
        if isinstance(node, ast.Global | ast.Nonlocal) and name in node.names:
            return False
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
            holder = above[node]
            value = holder.value if isinstance(holder, ast.Assign | ast.AnnAssign) else None
            if not (isinstance(value, ast.Call) and _is_class_name(value.func, above)):
                return False
            bindings += 1
    return bindings > 0


def _is_class_name(func: ast.expr, above: dict[ast.AST, ast.AST]) -> bool:
    if not isinstance(func, ast.Name):
        return False
    root: ast.AST = func
    while root in above:
        root = above[root]
    assert isinstance(root, ast.Module)
    return any(isinstance(each, ast.ClassDef) and each.name == func.id for each in root.body)
