"""Expressions of a trait: which node means what.

Owns: names, attributes, operators, subscripts, calls as they stand in the source. Does not own:
what operators and functions give (the modules it calls).
"""

import ast
from typing import Final

from zones.traits.call_kinds import is_super
from zones.traits.contract import METHODS
from zones.traits.native import (
    arithmetic,
    consuming,
    entity,
    lists,
    loops,
    module_calls,
    texts,
)
from zones.traits.native.builtin_calls import call_builtin, sort_call
from zones.traits.native.calls import (
    Arguments,
    arguments_of_call,
    call_function,
    decorated,
    function_value,
)
from zones.traits.native.comparing import compare, inverted
from zones.traits.native.conversion import (
    bit,
    constant,
    int_argument,
    items_of,
    truth,
    tuple_of,
    without_none,
)
from zones.traits.native.emitter import Emitter, Frame, Spot
from zones.traits.native.source import arguments_of
from zones.traits.native.types import (
    IS_BOOL,
    IS_INT,
    IS_NONE,
    UNKNOWN,
    FunctionType,
    ListType,
    OwnType,
    Ref,
    TupleType,
    Value,
)

TUPLE_MAX: Final = 64


def write_value(e: Emitter, node: ast.expr) -> Value:
    """Write an expression."""
    match node:
        case ast.Constant(value):
            return texts.text(e, value) if isinstance(value, str) else constant(e, value)
        case ast.Name(name):
            return _name(e, name)
        case ast.Attribute():
            return _attribute(e, node)
        case ast.BinOp(left, operator, right):
            return _operator(e, node, type(operator).__name__, left, right)
        case ast.UnaryOp(ast.Not()):
            return bit(e.truth(node))
        case ast.UnaryOp(operator, operand):
            return arithmetic.negate(e, Spot(node), e.value(operand), type(operator).__name__)
        case ast.Compare():
            return _comparison(e, node)
        case ast.BoolOp():
            return _either(e, node)
        case ast.IfExp(test, body, orelse):
            result = e.temporary(Spot(node), "if")
            condition = e.truth(test)
            e.fork(
                condition,
                lambda: e.store(result, e.value(body)),
                lambda: e.store(result, e.value(orelse)),
            )
            return e.load(result)
        case ast.Call():
            return _call(e, node)
    return _composed(e, node)


def write_truth(e: Emitter, node: ast.expr) -> str:
    """Write an expression of which only the truth is needed, and return its bit."""
    match node:
        case ast.UnaryOp(ast.Not(), operand):
            return e.code.emit(f"xor i1 {e.truth(operand)}, true")
        case ast.BoolOp(operator, values):
            return _both_true(e, node, isinstance(operator, ast.And), values)
    return truth(e, e.value(node))


def _both_true(e: Emitter, node: ast.BoolOp, is_and: bool, values: list[ast.expr]) -> str:
    result = e.temporary(Spot(node), "truth")
    behind = e.code.block("truth")
    before: set[int] | None = None
    for place, each in enumerate(values):
        found = e.truth(each)
        e.store(result, bit(found))
        if place == 0:
            before = None if e.bound is None else set(e.bound)
        if place + 1 < len(values):
            on = e.code.block("next")
            e.code.go_if(found, *((on, behind) if is_and else (behind, on)))
            e.code.place(on)
    e.code.go(behind)
    e.code.place(behind)
    e.bound = before
    return e.load(result).parts[0]


def _composed(e: Emitter, node: ast.expr) -> Value:
    match node:
        case ast.Tuple(elements):
            if len(elements) > TUPLE_MAX:
                raise e.refuse("so long a tuple")
            return tuple_of([e.value(_plain(e, each)) for each in elements])
        case ast.List(elements):
            values = [e.value(_plain(e, each)) for each in elements]
            return lists.of_values(e, Spot(node), values)
        case ast.Subscript(value, index):
            return _subscript(e, node, value, index)
        case ast.ListComp():
            return loops.listed(e, Spot(node), node)
        case ast.NamedExpr(target, value):
            result = e.value(value)
            e.store_target(target, result)
            if isinstance(result.type, ListType) and e.loops:
                raise e.refuse("a list that := binds, in a loop")
            return result
        case ast.Await(ast.Call() as called):
            return _call(e, called, is_awaited=True)
        case ast.Lambda():
            return function_value(e, node)
        case ast.JoinedStr():
            return texts.painted(e, node)
    raise e.refuse(_WHAT.get(type(node), f"{type(node).__name__} as a value"))


_WHAT: Final[dict[type[ast.expr], str]] = {
    ast.Dict: "a dict",
    ast.DictComp: "a dict",
    ast.Set: "a set",
    ast.SetComp: "a set",
    ast.GeneratorExp: "a generator that is kept",
    ast.Yield: "a generator",
    ast.YieldFrom: "a generator",
    ast.Await: "an await of anything but a call",
}


def _plain(e: Emitter, node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Starred):
        raise e.refuse("a star in a list or tuple")
    return node


# Names and attributes.


def _name(e: Emitter, name: str) -> Value:
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
        return _constant(e, source.class_constants[name], name, is_class=True)
    if name in source.functions:
        node = source.functions[name]
        decorated(e, node)
        return Value(FunctionType(node, 0))
    if name in source.constants:
        return _constant(e, source.constants[name], name)
    if name in source.imports and source.imports[name][1]:
        return module_calls.module_constant(e, *source.imports[name])
    raise e.refuse(f"the name {name}")


def _constant(e: Emitter, node: ast.expr | None, name: str, is_class: bool = False) -> Value:
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


def _attribute(e: Emitter, node: ast.Attribute) -> Value:
    name = node.attr
    if isinstance(node.value, ast.Name):
        base = node.value.id
        if base == _owner(e):
            return _of_self(e, node, name)
        if not _is_local(e, base):
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


def _owner(e: Emitter) -> str | None:
    return e.frame.owner or None


def _is_local(e: Emitter, name: str) -> bool:
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
        return _constant(e, source.init_constants[name], name)
    if name in source.methods:
        method = source.methods[name]
        if decorated(e, method) == "property":
            kind = FunctionType(method, 0, is_method=True)
            return call_function(e, Spot(node), kind, Arguments())
    return _of_class(e, name)


def _of_class(e: Emitter, name: str) -> Value:
    source = e.source
    if name in source.class_constants:
        return _constant(e, source.class_constants[name], name, is_class=True)
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


# Operators.


def _operator(
    e: Emitter, node: ast.BinOp, operator: str, left_node: ast.expr, right_node: ast.expr
) -> Value:
    left, right = e.value(left_node), e.value(right_node)
    if isinstance(left.type, ListType) or isinstance(right.type, ListType):
        return _of_list(e, node, operator, left, right)
    if isinstance(left.type, TupleType) and isinstance(right.type, TupleType):
        if operator == "Add" and not (left.type.may_be_none or right.type.may_be_none):
            items = [*items_of(left), *items_of(right)]
            if len(items) < 16:
                return tuple_of(items)
        raise e.refuse("this operator on tuples")
    if isinstance(left.type, Ref | TupleType) or isinstance(right.type, Ref | TupleType):
        raise e.refuse("an operator on texts, tuples or entities")
    return arithmetic.operate(e, Spot(node), operator, left, right)


def _of_list(e: Emitter, node: ast.BinOp, operator: str, left: Value, right: Value) -> Value:
    """Write [x] * n, for a list of one item and a constant."""
    if (
        operator == "Mult"
        and isinstance(node.left, ast.List)
        and len(node.left.elts) == 1
        and type(right.literal) is int
        and 0 < right.literal <= lists.LENGTH_MAX
    ):
        count = right.literal
        spot = Spot(node)
        item = lists.read(e, left, "0")
        e.spend(str(count // 16))
        made = lists.new_site(e, spot, count, item.type)
        e.code.store("i64", str(count), made.parts[0])
        zero, one = constant(e, 0), constant(e, 1)
        numbers = loops.RangeItems(e, zero, right, one)
        state = loops.loop(
            e, spot, numbers, lambda k: lists.write(e, made, k.parts[0], item), fuel=0
        )
        loops.close_loops(e, [state])
        return made
    raise e.refuse("an operator on lists")


def _compared(e: Emitter, spot: Spot, operator: str, left: Value, right: Value) -> str:
    if operator in ("In", "NotIn") and isinstance(right.type, ListType):
        right = without_none(e, right)
        if UNKNOWN in (left.type, right.type):
            return "false"
        return inverted(e, consuming.is_in(e, spot, left, right), operator == "NotIn")
    return compare(e, spot, operator, left, right)


def _comparison(e: Emitter, node: ast.Compare) -> Value:
    left = e.value(node.left)
    spot = Spot(node)
    if len(node.ops) == 1:
        right = e.value(node.comparators[0])
        return bit(_compared(e, spot, type(node.ops[0]).__name__, left, right))
    result = e.temporary(spot, "chain")
    behind = e.code.block("chained")
    before: set[int] | None = None
    for place, (operator, other) in enumerate(zip(node.ops, node.comparators, strict=True)):
        right = e.value(other)
        found = _compared(e, spot.at(place), type(operator).__name__, left, right)
        e.store(result, bit(found))
        if place == 0:
            before = None if e.bound is None else set(e.bound)
        if place + 1 < len(node.ops):
            on = e.code.block("chain")
            e.code.go_if(found, on, behind)
            e.code.place(on)
        left = right
    e.code.go(behind)
    e.code.place(behind)
    e.bound = before if e.bound is not None else e.bound
    return e.load(result)


def _either(e: Emitter, node: ast.BoolOp) -> Value:
    """Write `and` and `or`, which give one of their values."""
    is_and = isinstance(node.op, ast.And)
    result = e.temporary(Spot(node), "either")
    behind = e.code.block("either")
    before: set[int] | None = None
    for place, each in enumerate(node.values):
        value = e.value(each)
        e.store(result, value)
        if place == 0:
            before = None if e.bound is None else set(e.bound)
        if place + 1 < len(node.values):
            on = e.code.block("next")
            found = truth(e, value)
            e.code.go_if(found, *((on, behind) if is_and else (behind, on)))
            e.code.place(on)
    e.code.go(behind)
    e.code.place(behind)
    e.bound = before
    return e.load(result)


def _subscript(e: Emitter, node: ast.Subscript, value: ast.expr, index: ast.expr) -> Value:
    fixed = _of_constant_dict(e, value, index)
    if fixed is not None:
        return fixed
    holder = e.value(value)
    if isinstance(index, ast.Slice):
        return _slice(e, node, holder, index)
    place = e.value(index)
    if UNKNOWN in (holder.type, place.type):
        return Value(UNKNOWN)
    holder = without_none(e, holder)
    told = place.literal
    if isinstance(holder.type, TupleType) and type(told) is int:
        items = items_of(holder)
        if -len(items) <= told < len(items):
            return items[told]
        return e.fault("IndexError")
    if isinstance(holder.type, TupleType):
        holder = lists.of_values(e, Spot(node, "tuple"), items_of(holder))
    if not isinstance(holder.type, ListType):
        if isinstance(holder.type, Ref):
            raise e.refuse("an item of a text")
        return e.fault("TypeError") if holder.type != UNKNOWN else holder
    register = int_argument(e, place)
    if register is None:
        return Value(UNKNOWN)
    return lists.read(e, holder, lists.checked_index(e, holder, register))


def _of_constant_dict(e: Emitter, value: ast.expr, index: ast.expr) -> Value | None:
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
        if base is not None and base in (_owner(e), source.trait.name):
            held, is_class = source.class_constants.get(value.attr), True
    if not isinstance(held, ast.Dict):
        return None
    for key, item in reversed(list(zip(held.keys, held.values, strict=True))):
        if not isinstance(key, ast.Constant):
            raise e.refuse("a dict")
        if key.value == index.value:
            return _constant(e, item, "an item", is_class)
    return e.fault("KeyError")


def _slice(e: Emitter, node: ast.Subscript, holder: Value, index: ast.Slice) -> Value:
    bounds: list[str | None] = []
    for each in (index.lower, index.upper):
        value = e.value(each) if each is not None else constant(e, None)
        if value.type != IS_NONE and value.type not in (IS_INT, IS_BOOL, UNKNOWN):
            raise e.refuse("a slice whose bounds may be no whole numbers")
        bounds.append(None if value.type == IS_NONE else int_argument(e, value))
    if index.step is not None:
        raise e.refuse("a slice with a step")
    holder = without_none(e, holder)
    if isinstance(holder.type, TupleType) and len(holder.type.items) < 16:
        told = [each if each is None else int(each) for each in bounds if _is_number(each)]
        if len(told) == 2:
            return tuple_of(items_of(holder)[told[0] : told[1]])
    if not isinstance(holder.type, ListType):
        raise e.refuse(f"a slice of {holder.type.named()}")
    return lists.slice_of(e, Spot(node), holder, *bounds)


def _is_number(register: str | None) -> bool:
    return register is None or register.lstrip("-").isdigit()


# Calls.


def _call(e: Emitter, node: ast.Call, is_awaited: bool = False) -> Value:
    func = node.func
    if isinstance(func, ast.Name):
        builtin = loops.called_builtin(e, node)
        if builtin is not None:
            return call_builtin(e, node, builtin)
        name = func.id
        if not _is_local(e, name) and name in e.source.imports:
            module, member = e.source.imports[name]
            return _call_module(e, node, module, member)
    if isinstance(func, ast.Attribute):
        direct = _call_attribute(e, node, func)
        if direct is not None:
            return direct
    callee = e.value(func)
    if callee.type == UNKNOWN:
        return callee
    if not isinstance(callee.type, FunctionType):
        raise e.refuse(f"a call of {callee.type.named()}")
    kind = callee.type
    is_async = isinstance(kind.node, ast.AsyncFunctionDef)
    if is_async != is_awaited:
        raise e.refuse("a coroutine that is not awaited at once")
    given = arguments_of_call(e, node)
    return call_function(e, Spot(node), kind, given)


def _call_module(e: Emitter, node: ast.Call, module: str, name: str) -> Value:
    given = arguments_of_call(e, node)
    values = module_calls.placed(e, module, name, given.by_place, given.by_name)
    return module_calls.call_module(e, Spot(node), module, name, values)


def _call_attribute(e: Emitter, node: ast.Call, func: ast.Attribute) -> Value | None:
    """Write a call of a method of anything but the trait itself; None for that."""
    name = func.attr
    if isinstance(func.value, ast.Name):
        base = func.value.id
        if base == _owner(e) or (base == e.source.trait.name and not _is_local(e, base)):
            return None
        if not _is_local(e, base) and base in e.source.imports:
            return _call_module(e, node, e.source.imports[base][0], name)
    if is_super(func.value) and name == "__init__" and not node.args:
        return constant(e, None)
    holder = e.value(func.value)
    if isinstance(holder.type, OwnType) and name in METHODS:
        given = arguments_of_call(e, node)
        values = _by_names(e, name, given)
        return entity.call(e, Spot(node), name, values)
    if isinstance(holder.type, ListType):
        return _list_method(e, node, holder, name)
    if isinstance(holder.type, TupleType) and name == "index" and len(node.args) == 1:
        made = lists.of_values(e, Spot(node, "tuple"), items_of(holder))
        return consuming.index_of(e, Spot(node), made, e.value(node.args[0]))
    if holder.type == UNKNOWN:
        return holder
    raise e.refuse(f"method {name} of {holder.type.named()}")


_PARAMETERS: Final = {
    "move": ("dx", "dy"),
    "eat": ("amount",),
    "nearby_entities": ("radius",),
    "nearby_resources": ("radius",),
}


def _by_names(e: Emitter, name: str, given: Arguments) -> list[Value]:
    values = list(given.by_place)
    for each in _PARAMETERS[name][len(values) :]:
        if each in given.by_name:
            values.append(given.by_name.pop(each))
    if given.by_name:
        raise e.refuse(f"arguments of {name} that do not fit")
    return values


def _list_method(e: Emitter, node: ast.Call, holder: Value, name: str) -> Value:
    spot = Spot(node)
    holder = without_none(e, holder, "AttributeError")
    if holder.type == UNKNOWN:
        return holder
    if name == "sort" and not node.args:
        e.spend(e.code.load("i64", holder.parts[0]))
        named = {each.arg or "": each.value for each in node.keywords}
        if not set(named) <= {"key", "reverse"}:
            raise e.refuse("sort with other names")
        sort_call(e, spot, holder, named)
        return constant(e, None)
    if name in ("pop", "clear") and not node.args and not node.keywords:
        return lists.pop_last(e, holder) if name == "pop" else lists.clear(e, holder)
    if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
        raise e.refuse(f"method {name} of a list")
    item = e.value(node.args[0])
    if name == "append":
        lists.append(e, spot, holder, item)
        return constant(e, None)
    if name == "index":
        return consuming.index_of(e, spot, holder, item)
    if name == "count":
        return consuming.count_of(e, spot, holder, item)
    raise e.refuse(f"method {name} of a list")
