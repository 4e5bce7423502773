"""Statements of a trait.

Owns: which node means what; `if`, loops, return, functions within functions. Does not own:
assignments (`targets.py`), raise, try and match (`branches.py`), expressions (`expressions.py`),
what is looped over (`loops.py`).
"""

import ast

from zones.traits.native import loops
from zones.traits.native.branches import write_match, write_raise, write_try
from zones.traits.native.calls import function_value, give_back
from zones.traits.native.conversion import constant
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Loop, Spot
from zones.traits.native.targets import assign, augment, store_target
from zones.traits.native.types import Value


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
            assign(e, targets, value)
        case ast.AnnAssign(target, _, value):
            if value is not None:
                assign(e, [target], value)
        case ast.AugAssign():
            augment(e, node)
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
            write_raise(e, node)
        case ast.Try():
            write_try(e, node)
        case ast.Match():
            write_match(e, node)
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


def _define(e: Emitter, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    if node.decorator_list:
        raise e.refuse(f"{node.name} has a decorator")
    e.store(e.variable(e.frame.number, node.name), function_value(e, node))


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
