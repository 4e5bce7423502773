"""Statements of a trait.

Owns: assignments, branches, loops, return, raise, try, match. Does not own: expressions
(`expressions.py`), what is looped over (`loops.py`).
"""

import ast

from zones.traits.native import arithmetic, entity, lists, loops
from zones.traits.native.calls import function_value, give_back
from zones.traits.native.comparing import compare
from zones.traits.native.conversion import (
    constant,
    int_argument,
    items_of,
    without_none,
)
from zones.traits.native.emitter import Emitter, Handler, Loop, Spot, both
from zones.traits.native.expressions import write_value
from zones.traits.native.naming import Naming, meet
from zones.traits.native.types import (
    UNKNOWN,
    FunctionType,
    ListType,
    OwnType,
    Ref,
    TupleType,
    Type,
    Value,
)


def write_statements(e: Emitter, body: list[ast.stmt]) -> None:
    """Write statements, up to the first that leaves nothing to come."""
    for statement in body:
        if e.bound is None:
            return
        e.line = statement.lineno
        e.check_size()
        before, e.statement_began = e.statement_began, e.clock
        _write(e, statement)
        e.statement_began = before


def _write(e: Emitter, node: ast.stmt) -> None:
    match node:
        case ast.Expr(ast.Constant()) | ast.Pass() | ast.Nonlocal():
            pass
        case ast.Expr(value):
            e.value(value)
        case ast.Assign(targets, value):
            _assign(e, targets, value)
        case ast.AnnAssign(target, _, value):
            if value is not None:
                _assign(e, [target], value)
        case ast.AugAssign():
            _augment(e, node)
        case ast.If(test, body, orelse):
            condition = e.truth(test)
            e.fork(condition, lambda: e.run(body), lambda: e.run(orelse))
        case ast.While():
            _while(e, node)
        case ast.For():
            _for(e, node)
        case ast.Break():
            loops.break_out(e, e.loops[-1])
        case ast.Continue():
            _continue(e)
        case ast.Return(value):
            result = constant(e, None) if value is None else e.value(value)
            give_back(e, e.frame, result)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            _define(e, node)
        case _:
            _write_other(e, node)


def _write_other(e: Emitter, node: ast.stmt) -> None:
    match node:
        case ast.Assert(test, message):
            if message is not None and not isinstance(message, ast.Constant):
                raise e.refuse("a message that is no literal")
            e.fault_unless(e.truth(test), "AssertionError")
        case ast.Raise():
            _raise(e, node)
        case ast.Try():
            _try(e, node)
        case ast.Match():
            _match(e, node)
        case _:
            raise e.refuse(_WHAT.get(type(node), f"the statement {type(node).__name__}"))


_WHAT: dict[type[ast.stmt], str] = {
    ast.With: "a with block",
    ast.Delete: "del",
    ast.ClassDef: "a class within a function",
    ast.Global: "a global variable",
    ast.Import: "an import within a function",
    ast.ImportFrom: "an import within a function",
}


# Assignments.


def _assign(e: Emitter, targets: list[ast.expr], node: ast.expr) -> None:
    value = e.value(node)
    is_new = isinstance(node, ast.Call | ast.Lambda)
    if e.loops and isinstance(value.type, FunctionType) and not is_new:
        raise e.refuse("a second name for a function, in a loop")
    if e.loops and isinstance(value.type, ListType) and len(targets) > 1:
        raise e.refuse("a second name for a list, in a loop")
    for target in targets:
        store_target(e, target, value)


def _is_shared(kind: Type) -> bool:
    """Tell whether a tuple has a list or function in it."""
    return isinstance(kind, TupleType) and any(
        isinstance(each, ListType | FunctionType) or _is_shared(each) for each in kind.items
    )


def store_target(e: Emitter, target: ast.expr, value: Value) -> None:
    """Write an assignment to a target."""
    match target:
        case ast.Name(name):
            _store_name(e, Spot(target), name, value)
        case ast.Attribute(owner, name):
            _store_attribute(e, owner, name, value)
        case ast.Subscript(owner, index):
            _store_item(e, owner, index, value)
        case ast.Tuple(elements) | ast.List(elements):
            _unpack(e, target, elements, value)
        case _:
            raise e.refuse("a target with a star")


def _store_name(e: Emitter, spot: Spot, name: str, value: Value) -> None:
    if value.type == UNKNOWN:
        return
    frame = e.frame
    while name not in frame.names:
        if frame.outer is None:
            raise e.refuse(f"{name} is not a name of the function")
        frame = frame.outer
    if isinstance(value.type, Ref) and value.type.kind == "names":
        raise e.refuse("a name for the traits of an entity")
    if e.loops and _is_shared(value.type):
        raise e.refuse("a tuple with a list or function, in a loop")
    if isinstance(value.type, ListType) and frame is not e.frame:
        raise e.refuse("a list under a nonlocal name")
    if isinstance(value.type, ListType) and e.loops:
        value = lists.owned(e, spot, value)
    if frame is e.frame:
        e.bind(name, spot, value)
    else:
        e.store(e.named(frame, name), value)


def _store_attribute(e: Emitter, owner: ast.expr, name: str, value: Value) -> None:
    if isinstance(owner, ast.Name) and owner.id == e.frame.owner != "":
        _store_self(e, name, value)
        return
    holder = e.value(owner)
    if UNKNOWN in (holder.type, value.type):
        return
    if isinstance(holder.type, OwnType):
        entity.store(e, name, value)
    elif isinstance(holder.type, Ref) and holder.type.kind in ("entity", "resource"):
        e.fault("AttributeError")
    else:
        raise e.refuse(f"setting {name} of {holder.type.named()}")


def _store_self(e: Emitter, name: str, value: Value) -> None:
    if name in e.source.kinds:
        if value.type != UNKNOWN:
            e.store(e.variable(0, name), value)
        return
    if name in e.source.init_constants and e.set_constants is not None:
        e.set_constants.add(name)
        return
    raise e.refuse(f"setting self.{name}")


def _store_item(e: Emitter, owner: ast.expr, index: ast.expr, value: Value) -> None:
    holder = without_none(e, e.value(owner))
    if holder.type == UNKNOWN:
        return
    if not isinstance(holder.type, ListType) or isinstance(index, ast.Slice):
        raise e.refuse(f"setting an item of {holder.type.named()}")
    register = int_argument(e, e.value(index))
    if register is not None and value.type != UNKNOWN:
        lists.write(e, holder, lists.checked_index(e, holder, register), value)


def _unpack(e: Emitter, target: ast.expr, elements: list[ast.expr], value: Value) -> None:
    if any(isinstance(each, ast.Starred) for each in elements):
        raise e.refuse("a target with a star")
    value = without_none(e, value)
    if value.type == UNKNOWN:
        return
    if isinstance(value.type, TupleType):
        items = items_of(value)
        if len(items) != len(elements):
            e.fault("ValueError")
            return
    elif isinstance(value.type, ListType):
        count = lists.length(e, value).parts[0]
        e.fault_unless(e.code.emit(f"icmp eq i64 {count}, {len(elements)}"), "ValueError")
        items = [lists.read(e, value, str(place)) for place in range(len(elements))]
    else:
        raise e.refuse(f"taking {value.type.named()} apart")
    for each, item in zip(elements, items, strict=True):
        store_target(e, each, item)


def _augment(e: Emitter, node: ast.AugAssign) -> None:
    target, operator = node.target, type(node.op).__name__
    spot = Spot(node)
    if isinstance(target, ast.Subscript):
        _augment_item(e, node, target, operator)
        return
    before = write_value(e, e.rounds.loaded(target))
    more = e.value(node.value)
    if UNKNOWN in (before.type, more.type):
        return
    if isinstance(before.type, ListType | Ref | TupleType):
        raise e.refuse(f"changing {before.type.named()} in place")
    store_target(e, target, arithmetic.operate(e, spot, operator, before, more))


def _augment_item(e: Emitter, node: ast.AugAssign, target: ast.Subscript, operator: str) -> None:
    holder = without_none(e, e.value(target.value))
    if holder.type == UNKNOWN:
        return
    if not isinstance(holder.type, ListType) or isinstance(target.slice, ast.Slice):
        raise e.refuse(f"changing an item of {holder.type.named()}")
    register = int_argument(e, e.value(target.slice))
    if register is None:
        return
    before = lists.read(e, holder, lists.checked_index(e, holder, register))
    more = e.value(node.value)
    if UNKNOWN in (before.type, more.type):
        return
    made = arithmetic.operate(e, Spot(node), operator, before, more)
    if made.type != UNKNOWN:
        lists.write(e, holder, lists.checked_index(e, holder, register), made)


def _define(e: Emitter, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    if node.decorator_list:
        raise e.refuse(f"{node.name} has a decorator")
    e.store(e.variable(e.frame.number, node.name), function_value(e, node))


# Loops.


def _continue(e: Emitter) -> None:
    again = e.loops[-1].again
    assert again is not None
    e.code.go(again)
    e.code.start("never")
    e.bound = None


def _while(e: Emitter, node: ast.While) -> None:
    code = e.code
    state = Loop(e.rounds.number(e.frame.number, Spot(node), "loop"), None)
    state.again, state.leave = code.block("again"), code.block("leave")
    body, done = code.block("while"), code.block("done")
    naming = loops.enter(e, state)
    code.go(state.again)
    code.place(state.again)
    e.line = node.lineno
    code.go_if(e.truth(node.test), body, done)
    before = None if e.bound is None else set(e.bound)
    endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
    code.place(body)
    e.spend("1")
    e.loops.append(state)
    with e.region() as bound_anew:
        e.run(node.body)
    e.loops.pop()
    if e.bound is not None:
        code.go(state.again)
    else:
        code.do("unreachable")
    loops.leave_naming(e, state, naming, bound_anew)
    code.place(done)
    e.bound = None if endless else before
    e.run(node.orelse)
    loops.leave_loop(e, state)


def _for(e: Emitter, node: ast.For) -> None:
    if isinstance(node.iter, ast.GeneratorExp):
        _for_generator(e, node)
        return
    items = loops.items_of_expression(e, node.iter)

    def body(item: Value) -> None:
        store_target(e, node.target, item)
        e.run(node.body)

    state = loops.loop(e, Spot(node), items, body)
    e.run(node.orelse)
    loops.leave_loop(e, state)


def _for_generator(e: Emitter, node: ast.For) -> None:
    state = Loop(e.rounds.number(e.frame.number, Spot(node), "loop"), 1)
    state.leave = e.code.block("leave")
    outer = e.frame
    loops.enter(e, state)

    def body(item: Value) -> None:
        e.spend("1")
        before, e.frame = e.frame, outer
        state.again = e.loops[-1].again
        e.loops.append(state)
        naming = e.frame.naming.copy()
        with e.region() as bound_anew:
            store_target(e, node.target, item)
            e.run(node.body)
        loops.leave_naming(e, state, naming, bound_anew)
        e.loops.pop()
        e.frame = before

    loops.close_loops(e, loops.each_item(e, node.iter, body))
    e.run(node.orelse)
    loops.leave_loop(e, state)


# Exceptions.


def _raise(e: Emitter, node: ast.Raise) -> None:
    raised = node.exc
    if node.cause is not None or raised is None:
        raise e.refuse("this form of raise")
    if isinstance(raised, ast.Call):
        plain = all(isinstance(each, ast.Constant) for each in raised.args)
        if raised.keywords or not plain:
            raise e.refuse("an exception with more than literals")
        raised = raised.func
    if not isinstance(raised, ast.Name) or not e.source.exceptions.knows(raised.id):
        raise e.refuse("raising anything but an exception class")
    e.fault(raised.id)


def _try(e: Emitter, node: ast.Try) -> None:
    if node.finalbody:
        raise e.refuse("finally")
    behind = e.code.block("tried")
    handlers = [Handler(_caught(e, each), e.code.block("except")) for each in node.handlers]
    before = None if e.bound is None else set(e.bound)
    naming = e.frame.naming.copy()
    e.handlers.append(handlers)
    with e.region() as bound_anew:
        e.run(node.body)
    e.handlers.pop()
    e.run(node.orelse)
    ends = [e.bound]
    ways = [e.frame.naming] if e.bound is not None else []
    e.code.go(behind)
    for handler, clause in zip(handlers, node.handlers, strict=True):
        e.code.place(handler.block)
        e.bound = None if before is None else set(before)
        e.frame.naming = naming.copy()
        e.frame.naming.blur(bound_anew)
        if clause.name:
            uses = [each for each in ast.walk(clause) if isinstance(each, ast.Name)]
            if any(each.id == clause.name for each in uses):
                raise e.refuse("an exception as a value")
        e.run(clause.body)
        ends.append(e.bound)
        ways += [e.frame.naming] if e.bound is not None else []
        e.code.go(behind)
    e.code.place(behind)
    e.frame.naming = meet(ways or [naming])
    e.bound = None
    for bound in ends:
        e.bound = both(e.bound, bound)


def _caught(e: Emitter, clause: ast.ExceptHandler) -> tuple[str, ...] | None:
    if clause.type is None:
        return None
    types = clause.type.elts if isinstance(clause.type, ast.Tuple) else [clause.type]
    names = []
    for each in types:
        if not isinstance(each, ast.Name) or not e.source.exceptions.knows(each.id):
            raise e.refuse("except with anything but an exception class")
        names.append(each.id)
    return tuple(names)


# match


def _match(e: Emitter, node: ast.Match) -> None:
    subject = e.value(node.subject)
    behind = e.code.block("matched")
    ends: list[set[int] | None] = []
    ways: list[Naming] = []
    for place, case in enumerate(node.cases):
        body, on = e.code.block("case"), e.code.block("on")
        found = _matches(e, Spot(node, str(place)), case.pattern, subject)
        e.code.go_if(found, body, on)
        before = None if e.bound is None else set(e.bound)
        naming = e.frame.naming.copy()
        e.code.place(body)
        _capture(e, case.pattern, subject)
        if case.guard is not None:
            passed = e.code.block("guarded")
            e.code.go_if(e.truth(case.guard), passed, on)
            e.code.place(passed)
        captured = e.frame.naming.copy() if case.guard is not None else naming
        e.run(case.body)
        ends.append(e.bound)
        ways += [e.frame.naming] if e.bound is not None else []
        e.code.go(behind)
        e.code.place(on)
        e.frame.naming = meet([naming, captured])
        e.bound = before
    e.code.go(behind)
    e.code.place(behind)
    ways += [e.frame.naming] if e.bound is not None else []
    e.frame.naming = meet(ways or [e.frame.naming])
    for bound in ends:
        e.bound = both(e.bound, bound)


def _matches(e: Emitter, spot: Spot, pattern: ast.pattern, subject: Value) -> str:
    match pattern:
        case ast.MatchValue(value):
            return compare(e, spot, "Eq", subject, e.value(value))
        case ast.MatchSingleton(None):
            return compare(e, spot, "Is", subject, constant(e, None))
        case ast.MatchOr(patterns):
            result = "false"
            for place, each in enumerate(patterns):
                found = _matches(e, spot.at(place), each, subject)
                result = e.code.emit(f"or i1 {result}, {found}")
            return result
        case ast.MatchAs(None, _):
            return "true"
        case ast.MatchAs(inner, _) if inner is not None:
            return _matches(e, spot.at("as"), inner, subject)
    raise e.refuse("a pattern of anything but literals")


def _capture(e: Emitter, pattern: ast.pattern, subject: Value) -> None:
    for each in ast.walk(pattern):
        if isinstance(each, ast.MatchAs) and each.name:
            _store_name(e, Spot(each), each.name, subject)
