"""From a tree to the source of a trait that a person can read, and to words that say what it does.

Owns: what each part means in Python, the text around it, the docstring. Does not own: the grammar
(`grammar.py`), the contract (`zones/traits/contract.py`). Pure; one tree gives one text.

Written are only forms that both tiers know: plain floats, `if`, `min` and `max`, two searches at
most. What is acted on is cut to the range of its unit, so that no number a tree comes to is a
fault. A trait that heads nowhere (no food in sight) leaves the velocity alone.
"""

from collections.abc import Callable
from typing import Final

from zones.agents.authors.genetic.grammar import (
    FOOD_SENSES,
    HOLD_MIN,
    NEAR_SENSES,
    OPERATORS,
    UNITS,
    WAY,
    Tree,
)
from zones.agents.authors.genetic.trees import names_in, parts

RECENT_TICKS: Final = 50
"""What a moving average mostly looks back on."""
LINE_MAX: Final = 88
_TEXTS: Final = {
    "energy": "entity.energy",
    "food_amount": "food_amount",
    "food_distance": "food_distance",
    "near_distance": "near_distance",
    "food_count": "float(len(foods))",
    "near_count": "float(len(others))",
    "fullness": "entity.energy / max(entity.max_energy, 1.0)",
    "chance": "random.random()",
    "speed": "math.hypot(entity.vx, entity.vy)",
    "age": "float(entity.age)",
}
_SIGNS: Final = {"plus": "+", "minus": "-", "part": "*", "less": "<"}
_WORDS: Final = {
    "energy": "its energy",
    "food_amount": "what the nearest food holds",
    "food_distance": "the way to the nearest food",
    "near_distance": "the way to the nearest other",
    "food_count": "how many places of food it sees",
    "near_count": "how many others it sees",
    "fullness": "how full it is",
    "chance": "a throw of dice",
    "speed": "its speed",
    "age": "its age",
    "to_food": "for the nearest food",
    "to_near": "for the nearest other",
    "onward": "onward",
    "anywhere": "anywhere",
    "stop": "stands still",
}


def write(tree: Tree, name: str) -> str:
    """Return the source of a trait.

    Args:
        tree: canonical.
        name: of its class.
    """
    return _Writer(tree).source(name)


def describe(tree: Tree) -> str:
    """Return in words what a trait does, as one sentence without its full stop."""
    return "; ".join(_say_step(step) for step in tree[3:])


def _say_step(step: Tree) -> str:
    if step[0] == "do":
        return _say_action(step[1])
    if step[0] == "when":
        return f"when {_say(step[1])}, {_say_action(step[2])}"
    return f"when {_say(step[1])}, {_say_action(step[2])}, else {_say_action(step[3])}"


def _say_action(action: Tree) -> str:
    name = action[0]
    if name == "stop":
        return _WORDS["stop"]
    if name in ("steer", "walk"):
        verb = "heads" if name == "steer" else "walks"
        return f"{verb} {_say(action[1])} at speed {_say(action[2])}"
    if name == "eat":
        return f"eats up to {_say(action[1])} more"
    if name == "body":
        return f"makes its body {_say(action[1])} wide"
    return f"stores no more energy than {_say(action[1])}"


def _say(tree: Tree) -> str:
    name, rest = tree[0], tree[1:]
    if name.startswith("num."):
        return f"{rest[0]:g}"
    if not rest:
        return _WORDS[name]
    said = [_say(each) for each in rest]
    word = name.split(".")[0]
    forms = {
        "and": "{0} and {1}", "or": "{0} or {1}", "not": "not ({0})", "less": "{0} is below {1}",
        "plus": "{0} plus {1}", "minus": "{0} less {1}", "least": "the lesser of {0} and {1}",
        "most": "the larger of {0} and {1}", "part": "{1} of {0}",
        "upto": "{0}, no farther than {1}", "recent": "the recent mean of {0}",
        "since": "the ticks since {0}", "back": "away from ({0})",
        "aside": "aside of ({0})", "blend": "{0} and by {2} {1}",
    }  # fmt: skip
    return forms[word].format(*said)


class _Writer:
    """Writes one trait: lines of its call, and the state they need."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._names = names_in(tree)
        self._lines: list[str] = []
        self._keeps: list[str] = []
        self._indent = ""
        self._ways = 0
        self._kept: dict[Tree, str] = {}

    def source(self, name: str) -> str:
        """Return the whole text."""
        self._sense()
        self._keep()
        for step in self._tree[3:]:
            self._step(step)
        body = [f"        {line}" if line else "" for line in self._lines]
        modules = [
            module
            for module, is_used in (
                ("math", any("math." in line for line in body)),
                ("random", any("random." in line for line in body)),
            )
            if is_used
        ]
        head = [f"import {module}" for module in modules]
        if head:
            head += ["", ""]
        init = []
        if self._keeps:
            init = ["    def __init__(self):"]
            init += [f"        self.{each} = 0.0" for each in self._keeps] + [""]
        said = _sentence(describe(self._tree))
        lines = [
            *head, f"class {name}(Trait):", *_docstring(said), "", *init,
            "    async def execute(self, entity):", *body,
        ]  # fmt: skip
        return "\n".join(lines) + "\n"

    def _say(self, line: str) -> None:
        self._lines.append(self._indent + line)

    def _sense(self) -> None:
        """Write the searches and what is made of them, where something needs it."""
        if self._names & FOOD_SENSES:
            self._search("food", "foods", "nearby_resources", self._tree[1][1])
        if self._names & NEAR_SENSES:
            self._search("near", "others", "nearby_entities", self._tree[2][1])

    def _search(self, what: str, several: str, method: str, radius: float) -> None:
        noun = "food" if what == "food" else "other"
        self._say(f"# The nearest {noun} within {radius:g}, and the way to it.")
        self._say(f"{several} = entity.{method}({radius!r})")
        is_far = f"{what}_distance" in self._names
        is_headed = f"to_{what}" in self._names
        is_rich = what == "food" and "food_amount" in self._names
        if is_far or is_headed:
            self._say(f"{what}_distance = {radius!r}")
        if is_headed:
            self._say(f"{what}_x = 0.0")
            self._say(f"{what}_y = 0.0")
        if is_rich:
            self._say("food_amount = 0.0")
        if not (is_far or is_headed or is_rich):
            return
        self._say(f"if {several}:")
        if is_rich:
            self._say(f"    food_amount = {several}[0].amount")
        if is_far or is_headed:
            self._say(f"    dx = {several}[0].x - entity.x")
            self._say(f"    dy = {several}[0].y - entity.y")
            self._say(f"    {what}_distance = math.hypot(dx, dy)")
        if is_headed:
            self._say(f"    if {what}_distance > 0.0:")
            self._say(f"        {what}_x = dx / {what}_distance")
            self._say(f"        {what}_y = dy / {what}_distance")

    def _keep(self) -> None:
        """Write what is carried from tick to tick, the innermost first."""
        found = [part for _, part in parts(self._tree) if part[0][:6] in ("recent", "since")]
        for part in reversed(found):
            if part in self._kept:
                continue
            if not self._kept:
                self._say("# What it remembers from tick to tick.")
            name = f"{part[0].split('.')[0]}_{len(self._kept) + 1}"
            text = self._text(part[1])
            if part[0] == "since":
                self._say(f"self.{name} = 0.0 if {text} else self.{name} + 1.0")
            else:
                self._say(f"self.{name} += ({text} - self.{name}) / {float(RECENT_TICKS)!r}")
            self._keeps.append(name)
            self._kept[part] = f"self.{name}"

    def _step(self, step: Tree) -> None:
        if len(self._tree) > 4:  # of a single one the docstring has said it
            for line in _wrapped(_sentence(_say_step(step)), "# ", "# "):
                self._say(line)
        if step[0] == "do":
            self._action(step[1])
            return
        text = self._text(step[1])
        if step[1][0] in ("and", "or", "not") or step[1][0].startswith("less."):
            text = text[1:-1]
        self._inside(f"if {text}:", step[2])
        if step[0] == "either":
            self._inside("else:", step[3])

    def _inside(self, head: str, action: Tree) -> None:
        self._say(head)
        self._indent += "    "
        self._action(action)
        self._indent = self._indent[:-4]

    def _action(self, action: Tree) -> None:
        name = action[0]
        if name == "stop":
            self._say("entity.vx = 0.0")
            self._say("entity.vy = 0.0")
        elif name == "eat":
            self._say(f"entity.eat({self._cut(action[1], 'energy')})")
        elif name == "body":
            self._say(f"entity.radius = {self._cut(action[1], 'girth')}")
        elif name == "hold":
            most = self._cut(action[1], "energy", HOLD_MIN)
            self._say(f"entity.max_energy = max(entity.energy, {most})")
        else:
            self._go(action)

    def _go(self, action: Tree) -> None:
        x, y = self._way(action[1])
        speed = self._cut(action[2], "speed")
        if not action[2][0].startswith("num."):  # read once: a part of the velocity is set first
            self._say(f"pace = {speed}")
            speed = "pace"
        self._say(f"if {x} != 0.0 or {y} != 0.0:")
        if action[0] == "steer":
            self._say(f"    entity.vx = {speed} * {x}")
            self._say(f"    entity.vy = {speed} * {y}")
        else:
            self._say(f"    entity.move({speed} * {x}, {speed} * {y})")

    def _way(self, way: Tree) -> tuple[str, str]:
        """Return the names of both parts of a way, of length 1 or 0; writes what they need."""
        name = way[0]
        if name in ("to_food", "to_near"):
            what = name.removeprefix("to_")
            return f"{what}_x", f"{what}_y"
        below = [self._way(each) for each in way[1:] if OPERATORS[each[0]].makes == WAY]
        self._ways += 1
        x, y = f"x_{self._ways}", f"y_{self._ways}"
        makers: dict[str, Callable[[], None]] = {
            "anywhere": lambda: self._anywhere(x, y),
            "onward": lambda: self._unit(x, y, "entity.vx", "entity.vy"),
        }
        if name in makers:
            makers[name]()
        elif name == "back":
            self._pair(x, y, f"-{below[0][0]}", f"-{below[0][1]}")
        elif name == "aside":
            self._pair(x, y, f"-{below[0][1]}", below[0][0])
        else:
            share = self._cut(way[3], "share")
            self._say(f"bend = {share}")
            (ax, ay), (bx, by) = below
            self._pair(x, y, f"{ax} + bend * ({bx} - {ax})", f"{ay} + bend * ({by} - {ay})")
            self._unit(x, y, x, y)
        return x, y

    def _pair(self, x: str, y: str, to_x: str, to_y: str) -> None:
        self._say(f"{x} = {to_x}")
        self._say(f"{y} = {to_y}")

    def _anywhere(self, x: str, y: str) -> None:
        self._say("turn = random.uniform(0.0, 2.0 * math.pi)")
        self._pair(x, y, "math.cos(turn)", "math.sin(turn)")

    def _unit(self, x: str, y: str, from_x: str, from_y: str) -> None:
        self._say(f"reach = max(math.hypot({from_x}, {from_y}), 0.000001)")
        self._pair(x, y, f"{from_x} / reach", f"{from_y} / reach")

    def _cut(self, tree: Tree, unit: str, low: float = 0.0) -> str:
        """Return the text of a number that is acted on, within the range of its unit."""
        if tree[0].startswith("num."):
            return repr(max(float(tree[1]), low))
        return f"min(max({self._text(tree)}, {low!r}), {UNITS[unit].high!r})"

    def _text(self, tree: Tree) -> str:
        """Return a number or truth as an expression that may stand anywhere."""
        name, rest = tree[0], tree[1:]
        if tree in self._kept:
            return self._kept[tree]
        if name.startswith("num."):
            return repr(float(rest[0]))
        if not rest:
            return _TEXTS[name] if name != "fullness" else f"({_TEXTS[name]})"
        texts = [self._text(each) for each in rest]
        word = name.split(".")[0]
        if word in ("least", "upto"):
            return f"min({texts[0]}, {texts[1]})"
        if word == "most":
            return f"max({texts[0]}, {texts[1]})"
        if word == "not":
            return f"(not {texts[0]})"
        return f"({texts[0]} {_SIGNS.get(word, word)} {texts[1]})"


def _sentence(said: str) -> str:
    return said[:1].upper() + said[1:] + "."


def _docstring(said: str) -> list[str]:
    lines = _wrapped(said, '    """', "    ")
    return [f'{lines[0]}"""'] if len(lines) == 1 else [*lines, '    """']


def _wrapped(said: str, first: str, rest: str) -> list[str]:
    """Return lines of words, the first and the others behind what they begin with."""
    lines, line = [], first
    for word in said.split():
        if len(line) + len(word) >= LINE_MAX - 12:
            lines.append(line.rstrip())
            line = rest
        line += f"{word} "
    return [*lines, line.rstrip()]
