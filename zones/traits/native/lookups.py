"""What names and attributes stand for: variables, constants, fields, methods.

Owns: where each is looked for. Does not own: variables (`emitter.py`), fields of entities
(`entity.py`).
"""

import ast

from zones.traits.native import entity, module_calls
from zones.traits.native.calls import Arguments, call_function, decorated
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Frame, Spot
from zones.traits.native.source import arguments_of
from zones.traits.native.types import IS_NONE, UNKNOWN, FunctionType, OwnType, Ref, Value


def name_value(e: Emitter, name: str) -> Value:
    """Write a name that is read."""
    frame: Frame | None = e.frame
    while frame is not None:
        if name in frame.names:
            if name == frame.owner:
                raise e.refuse("self as a value")
            return e.load(e.named(frame, name))
        frame = frame.outer
    source = e.source
    if e.frame.is_class and name in source.class_constants:
        if name in source.constants:
            raise e.refuse(f"{name} in the class and in the module")
        return constant_value(e, source.class_constants[name], name, is_class=True)
    if name in source.functions:
        node = source.functions[name]
        decorated(e, node)
        return Value(FunctionType(node, 0))
    if name in source.constants:
        return constant_value(e, source.constants[name], name)
    if name in source.imports and source.imports[name][1]:
        return module_calls.module_constant(e, *source.imports[name])
    raise e.refuse(f"the name {name}")


def constant_value(e: Emitter, node: ast.expr | None, name: str, is_class: bool = False) -> Value:
    """Return a constant of the module or a class; a list of constants is as good as a tuple."""
    if node is None:
        raise e.refuse(f"{name} has no single value")
    if isinstance(node, ast.List):
        node = ast.copy_location(_tuple_like(e, node), node)
    before, e.frame = e.frame, Frame(0, None, frozenset(), is_class=is_class)
    handlers, e.handlers = e.handlers, []
    value = e.value(node)
    e.frame, e.handlers = before, handlers
    return value


def _tuple_like(e: Emitter, node: ast.List) -> ast.Tuple:
    known = e.rounds.tuples
    if node not in known:
        known[node] = ast.Tuple(node.elts, ast.Load())
    return known[node]


def attribute_value(e: Emitter, node: ast.Attribute) -> Value:
    """Write an attribute that is read."""
    name = node.attr
    if isinstance(node.value, ast.Name):
        base = node.value.id
        if base == owner_of(e):
            return _of_self(e, node, name)
        if not is_local(e, base):
            if base in e.source.imports:
                return module_calls.module_constant(e, e.source.imports[base][0], name)
            if base == e.source.trait.name:
                return _of_class(e, name)
            if base in e.source.classes:
                raise e.refuse(f"class {base}")
    owner = e.value(node.value)
    if owner.type == UNKNOWN:
        return owner
    if isinstance(owner.type, OwnType) or (
        isinstance(owner.type, Ref) and owner.type.kind in ("entity", "resource")
    ):
        return entity.attribute(e, owner, name)
    if owner.type == IS_NONE:
        return e.fault("AttributeError")
    raise e.refuse(f"attribute {name} of {owner.type.named()}")


def owner_of(e: Emitter) -> str | None:
    """Return what the function that is written calls its `self`, None for none."""
    return e.frame.owner or None


def is_local(e: Emitter, name: str) -> bool:
    """Tell whether the source itself binds a name."""
    frame: Frame | None = e.frame
    while frame is not None:
        if name in frame.names:
            return True
        frame = frame.outer
    return name in e.source.functions or name in e.source.constants


def _of_self(e: Emitter, node: ast.Attribute, name: str) -> Value:
    source = e.source
    if name in source.kinds:
        return e.load(e.variable(0, name), "AttributeError")
    if name in source.init_constants:
        if e.set_constants is not None and name not in e.set_constants:
            raise e.refuse(f"self.{name} is read before it is set")
        return constant_value(e, source.init_constants[name], name)
    if name in source.methods:
        method = source.methods[name]
        if decorated(e, method) == "property":
            kind = FunctionType(method, 0, is_method=True)
            return call_function(e, Spot(node), kind, Arguments())
    return _of_class(e, name)


def _of_class(e: Emitter, name: str) -> Value:
    source = e.source
    if name in source.class_constants:
        return constant_value(e, source.class_constants[name], name, is_class=True)
    if name in source.methods:
        return _method(e, name)
    raise e.refuse(f"attribute {name} of the trait")


def _method(e: Emitter, name: str) -> Value:
    """Return a method as a function; `self` is no argument of it."""
    method = e.source.methods[name]
    how = decorated(e, method)
    if how == "property":
        raise e.refuse(f"property {name} of the class")
    has_self = how != "staticmethod"
    if has_self and not arguments_of(method):
        raise e.refuse(f"{name} takes no self")
    return Value(FunctionType(method, 0, is_method=has_self))


def constant_item(e: Emitter, value: ast.expr, index: ast.expr) -> Value | None:
    """Read a dict of constants of the module or the class by a literal; None for anything else."""
    if not isinstance(index, ast.Constant):
        return None
    source = e.source
    held: ast.expr | None = None
    is_class = False
    if isinstance(value, ast.Name) and not any(
        value.id in names for names in (e.frame.names, source.functions, source.imports)
    ):
        held = source.constants.get(value.id)
    elif isinstance(value, ast.Attribute) and value.attr not in source.kinds:
        base = value.value.id if isinstance(value.value, ast.Name) else None
        if base is not None and base in (owner_of(e), source.trait.name):
            held, is_class = source.class_constants.get(value.attr), True
    if not isinstance(held, ast.Dict):
        return None
    for key, item in reversed(list(zip(held.keys, held.values, strict=True))):
        if not isinstance(key, ast.Constant):
            raise e.refuse("a dict")
        if key.value == index.value:
            return constant_value(e, item, "an item", is_class)
    return e.fault("KeyError")
