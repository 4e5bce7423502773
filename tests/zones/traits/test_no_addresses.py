"""No text that a trait can make shows where a thing lies in memory: replay would differ."""

import pytest

from tests.zones.traits.interpreting import outcome, run
from tests.zones.traits.scenes import make_scene
from zones.traits.word_lists import words

TOP = """
import collections, dataclasses, enum, functools, itertools, math, random, typing


class Plain:
    pass


class Mode(enum.Enum):
    A = 1


class Err(Exception):
    pass


@dataclasses.dataclass
class Data:
    x: object = None


@functools.lru_cache
def cached(a):
    return a


def gen():
    yield 1


Point = collections.namedtuple("Point", "a")
"""
VALUES = words("""
object() Plain() Plain [Plain()] {1:Plain()} (Plain(),) {Plain()} frozenset([Plain()])
Data(Plain()) Point(Plain()) Err(Plain()) ValueError(Plain(),1) Mode Mode.A self self.execute
entity entity.move entity.nearby_entities(500) entity.nearby_resources(500) cached gen gen() len
[].append {}.get ''.join str.upper dict.fromkeys int list Exception range(3) slice(Plain(),1)
map(abs,[]) iter([]) zip() enumerate([]) reversed([1]) {}.items() {1:Plain()}.values()
NotImplemented ... property(gen) staticmethod(gen) type(Plain()) type(len) type(gen())
itertools.count() itertools.chain([1]) itertools.groupby([1]) itertools.tee([1])
functools.partial(cached,Plain()) functools.cmp_to_key(gen) functools.cached_property(gen)
collections.deque([Plain()]) collections.Counter([Plain()]) collections.defaultdict(Plain)
collections.OrderedDict(a=Plain()) collections.ChainMap({1:Plain()}) dataclasses.MISSING
dataclasses.fields(Data)[0] dataclasses.field(default=Plain()) typing.List[int] typing.Any
typing.TypeVar('T') typing.NewType('N',int) random.random math.sin enum.auto()
""")
FAILURES = words("""
Mode(Plain()) [].index(Plain()) {}[Plain()] [1].remove(Plain()) int(Plain()) math.sin(Plain())
Plain()+Plain() Plain()<Plain() Plain()() len(Plain()) iter(Plain()) next(Plain()) [][Plain()]
'a'+Plain() ''.join([Plain()]) sorted([Plain(),Plain()]) cached([Plain()]) Point(1,2) Plain(1)
Mode['B'] entity.move(Plain(),1) random.choice(Plain()) chr(Plain()) dict([Plain()]) -Plain()
{1:2}.pop(Plain()) sum([Plain()]) f'{Plain():d}' '%d'%Plain() isinstance(1,Plain())
collections.deque(Plain())
""")


@pytest.mark.slow
def test_no_text_shows_an_address() -> None:
    """str, repr, formats and messages of errors hold no address, whatever they are of."""
    makers = ",\n".join(f"            lambda: {each}" for each in (*VALUES, *FAILURES))
    source = f"""{TOP}

class Nosy(Trait):
    async def execute(self, entity):
        entity.vx = 0
        makers = [
{makers}
        ]
        for number, make in enumerate(makers):
            try:
                o = make()
                text = str(o) + repr(o) + f"{{o}}{{o!r}}{{[o]}}" + "%s%r" % (o, o)
                text += "{{}}".format(o)
            except Exception as error:
                text = str(error) + repr(error) + f"{{error}}" + str(error.args)
            if "0x" in text:
                entity.vx = number + 1
                return
"""
    scene = make_scene(3, entities=3, fuel_max=1_000_000)
    run(source, scene)
    assert outcome(scene)[0] == 0
    leaking = int(scene.arrays["new_vx"][scene.arrays["carriers"][0]])
    assert not leaking, (*VALUES, *FAILURES)[leaking - 1]
