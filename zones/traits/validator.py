"""The validator: default-deny over the syntax tree of a source.

Owns: which nodes a tree may hold and in which order they are judged. Does not own: the rules of
each (`rules/`), the lists (`names.py`), the text before it is parsed (`gate.py`), the state of a
trait (`state.py`). Pure: it reads the tree and changes nothing in it.

A node without an entry in `_HANDLERS` is refused. A name is of the source or on the list of
builtins; an attribute is defined by the source or on the list of attributes; a module is only
what stands before a dot. What a rule cannot see (types, sizes known only when it runs) is bounded
by both tiers; neither counts on the other.
"""

import ast
from typing import Final

from zones.traits.contract import NODES_MAX
from zones.traits.rules import classes, definitions, expressions, modules, statements
from zones.traits.rules.facts import gather
from zones.traits.rules.scopes import COMPREHENSIONS
from zones.traits.rules.walk import Handler, Walk
from zones.traits.verdict import Refusal

DEPTH_MAX: Final = 100
_FORMS: Final = {
    ast.AsyncFor: "write a plain for: a trait waits for nothing",
    ast.AsyncWith: "write a plain with: a trait waits for nothing",
    ast.TryStar: "write a plain except",
}


def check_tree(tree: ast.Module) -> ast.ClassDef:
    """Return the trait's class of a tree that keeps all rules.

    Raises:
        Refusal: it breaks one; the first that is met.
    """
    nodes = _counted(tree)
    modules.check_top(tree)
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules.check_import(node)
    facts = gather(tree, nodes)
    loose = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in nodes)
    walk = Walk(facts, _HANDLERS, _FORMS, expressions.type_part, loose)
    for statement in tree.body:
        walk.visit(statement)
    return classes.find_trait(tree, facts)


def _counted(tree: ast.Module) -> list[ast.AST]:
    """Return all nodes, if they are not too many and not too deep."""
    nodes: list[ast.AST] = []
    row: list[ast.AST] = [tree]
    for _ in range(DEPTH_MAX):
        if not row:
            return nodes
        nodes += row
        if len(nodes) > NODES_MAX:
            raise Refusal("size", 0, f"the source has more than {NODES_MAX} parts")
        row = [child for node in row for child in ast.iter_child_nodes(node)]
    line = next((node.lineno for node in row if isinstance(node, ast.expr | ast.stmt)), 0)
    raise Refusal("depth", line, f"parts lie more than {DEPTH_MAX} deep: name some of them")


_CHILDREN: Final = (
    *(ast.Return, ast.Delete, ast.For, ast.If, ast.With, ast.Match, ast.Raise, ast.Try),
    *(ast.Assert, ast.Expr, ast.BoolOp, ast.UnaryOp, ast.IfExp, ast.Dict, ast.Set, ast.Compare),
    *(ast.FormattedValue, ast.Subscript, ast.Starred, ast.List, ast.Tuple, ast.Slice),
    *(ast.keyword, ast.withitem, ast.match_case, ast.MatchValue, ast.MatchSingleton),
    *(ast.MatchSequence, ast.MatchOr),
)
_NOTHING: Final = (
    *(ast.Pass, ast.Break, ast.Continue, ast.Load, ast.Store, ast.Del),
    *(ast.And, ast.Or, ast.Not, ast.Invert, ast.UAdd, ast.USub),
    *(ast.Add, ast.Sub, ast.Mult, ast.MatMult, ast.Div, ast.Mod, ast.Pow, ast.FloorDiv),
    *(ast.LShift, ast.RShift, ast.BitOr, ast.BitXor, ast.BitAnd),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.In, ast.NotIn),
)
_HANDLERS: Final[dict[type[ast.AST], Handler]] = {
    **dict.fromkeys(_CHILDREN, Walk.children),
    **dict.fromkeys(_NOTHING, Walk.nothing),
    **dict.fromkeys(COMPREHENSIONS, definitions.comprehension_),
    ast.FunctionDef: definitions.function_def,
    ast.AsyncFunctionDef: definitions.function_def,
    ast.Lambda: definitions.lambda_,
    ast.ClassDef: definitions.class_def,
    ast.Assign: statements.assign,
    ast.AnnAssign: statements.ann_assign,
    ast.AugAssign: statements.aug_assign,
    ast.While: statements.while_,
    ast.Import: definitions.import_,
    ast.ImportFrom: definitions.import_,
    ast.Global: definitions.declaration,
    ast.Nonlocal: definitions.declaration,
    ast.ExceptHandler: statements.handler,
    ast.MatchAs: statements.match_name,
    ast.MatchStar: statements.match_name,
    ast.MatchMapping: statements.match_mapping,
    ast.MatchClass: statements.match_class,
    ast.Name: expressions.name,
    ast.Attribute: expressions.attribute,
    ast.Call: expressions.call,
    ast.Await: expressions.await_,
    ast.Yield: expressions.yield_,
    ast.YieldFrom: expressions.yield_,
    ast.BinOp: expressions.binary,
    ast.Constant: expressions.constant_,
    ast.JoinedStr: expressions.joined,
    ast.NamedExpr: expressions.named,
}
