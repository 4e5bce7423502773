"""Ways that a value or an exception decides: raise, try, match.

Owns: which handler and which case is taken. Does not own: `if` and loops (`statements.py`), classes
of exceptions (`faults.py`).
"""

import ast

from zones.traits.native.comparing import compare
from zones.traits.native.conversion import constant
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Handler, Spot, both
from zones.traits.native.naming import Naming, meet
from zones.traits.native.targets import store_name
from zones.traits.native.types import Value


def write_raise(e: Emitter, node: ast.Raise) -> None:
    """Write `raise` of a class of exceptions."""
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


def write_try(e: Emitter, node: ast.Try) -> None:
    """Write `try` with its handlers."""
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


def write_match(e: Emitter, node: ast.Match) -> None:
    """Write `match` of literals, with what it captures."""
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
            store_name(e, Spot(each), each.name, subject)
