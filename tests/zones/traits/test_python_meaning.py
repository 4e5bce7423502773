"""The interpreted tier gives what Python gives, wherever Python's own answer is a fair one."""

import math

import pytest

from tests.zones.traits.interpreting import interpret
from zones.traits.guards.meter import Stop

MODULES = (
    "import math\nimport itertools\nimport functools\nimport collections\n"
    "from dataclasses import dataclass, field, replace, asdict, astuple, fields, is_dataclass\n"
    "from enum import Enum, IntEnum, Flag, StrEnum, auto, unique\n"
    "from collections import deque, defaultdict, Counter, OrderedDict, namedtuple, ChainMap\n"
    "from functools import partial, reduce, lru_cache, total_ordering, cmp_to_key, wraps\n"
    "from typing import NamedTuple, Optional, Protocol, TypedDict, Generic, TypeVar\n"
    "from typing import NewType, cast\n"
    "from collections.abc import Iterable, Sequence, Mapping\n"
)
TRAIT = """

class Made(Trait):
    async def execute(self, entity):
        entity.vx = 1.0
"""
EXPRESSIONS = """
1 + 2 * 3 - 4 // 3 % 2
7 // -2, 7 % -2, -7 // 2, -7 % 2
7.5 // 2, 7.5 % 2, -7.5 // 2, -7.5 % 2, 5 % -3.0
2 ** 10, 2 ** -1, 2.0 ** 3, 4 ** 0.5, (-2) ** 3
1 << 5, -8 >> 1, 6 & 3, 6 | 3, 6 ^ 3, ~6
True + True, True & False, True | 2, -True
10 / 4, 1 / 3, divmod(7, -2), divmod(7.5, 2)
abs(-3), abs(-2.5), round(2.5), round(3.5), round(2.675, 2), round(1234, -2), round(-0.5)
pow(2, 5), pow(3, 4, 5), pow(2, -1), int('42'), int(' -7 '), int('ff', 16), int(3.9), int(-3.9)
float('1.5'), float(3), float(' inf '), bool(''), bool('a'), str(1.0), str(None), str(True)
1 < 2 < 3, 1 < 3 < 2, 1 == 1.0, 'a' < 'b', (1, 2) < (1, 3), [1] < [1, 0], (1, 'a') == (1, 'a')
[1, 2] == [1, 2], [1, [2, 3]] == [1, [2, 3]], {'a': [1]} == {'a': [1]}, {1: 2} != {1: 3}
1 in [1, 2], 3 not in (1, 2), 'a' in 'cat', 'x' in {'x': 1}, 2 in range(5), (1,) in [(1,)]
[3, 1, 2][0], [3, 1, 2][-1], [3, 1, 2][::-1], 'hello'[1:3], (1, 2, 3)[1:], 'abc'[::2]
[1, 2] + [3], (1,) + (2,), 'a' + 'b', [0] * 3, 'ab' * 2, 2 * (1,)
[x * x for x in range(5) if x % 2], {x: x + 1 for x in 'ab' if x > 'a'} if False else 0
{k: v for k, v in zip('ab', (1, 2))}, sorted({3, 1, 2}), list({1, 2, 2}), len({1, 1})
sum([1, 2, 3]), sum([0.1] * 3), sum([[1], [2]], []), sum((1.5, 2), 1), sum([])
min(3, 1, 2), max([1, 5, 3]), min('b', 'a'), max([], default=7), min([3, 1], key=lambda v: -v)
max(1, 2.0), min(2.0, 2), max((1, 'a'), (1, 'b')), max(range(4))
sorted([3, 1, 2]), sorted('cab'), sorted([3, 1, 2], reverse=True)
sorted(['b', 'A'], key=str.lower)
sorted([(1, 'b'), (1, 'a'), (0, 'z')]), sorted([1.5, True, 0]), sorted([(2, [1]), (1, [2])])
any([0, 1]), all([1, 0]), any([]), all([]), any(x > 2 for x in range(4))
list(enumerate('ab')), list(enumerate('ab', 5)), list(zip('ab', [1, 2, 3])), list(zip())
list(map(abs, [-1, 2])), list(map(lambda a, b: a + b, [1, 2], [3, 4]))
list(filter(None, [0, 1, 2]))
list(reversed([1, 2, 3])), list(reversed('ab')), list(reversed(range(3))), list(range(5, 0, -2))
next(iter([1])), next(iter([]), 'x'), list(iter([1, 2])), tuple(x for x in 'ab')
list('abc'), tuple([1, 2]), dict([('a', 1)]), dict(a=1, b=2), dict({'a': 1}, b=2)
set('aab') == {'a', 'b'}
'%d %s %.2f %5d|%-5d|%05d %x %r %%' % (1, 'a', 1.5, 7, 7, 7, 255, 'q')
'%(a)s-%(b)d' % {'a': 1, 'b': 2}, '%s' % 'x', '%5.1f' % 2.25, '%c' % 'z'
f'{1}', f'{1.5:.2f}', f'{"a":>5}', f'{[1, "a"]}', f'{3!r:>4}', f'{True}', f'{None}'
f'{1234567:,}', f'{255:#x}', f'{0.5:%}', f'{"é"!a}', f"{'a' 'b'}{1+1=}"
'{} {}'.format(1, 'a'), '{0}{1}{0}'.format('a', 'b'), '{a:>4}'.format(a=1)
repr('a'), repr([1, 'a', (2,)]), repr({'a': 1}), repr((1,)), repr(1.0), str([1.5, None])
repr(())
'a,b'.split(','), ' a b '.split(), 'a-b'.partition('-'), '-'.join(['a', 'b'])
'abc'.replace('b', 'xx')
'abc'.upper(), 'Abc'.lower(), 'abc'.title(), ' a '.strip(), 'abc'.find('c'), 'abc'.index('b')
'aXa'.count('a')
'abc'.startswith('a'), 'abc'.endswith(('c', 'd')), 'a'.center(5, '*'), 'a'.ljust(3)
'a'.rjust(3), '7'.zfill(3)
'abc'.isalpha(), '12'.isdigit(), 'a b'.capitalize(), 'aB'.swapcase(), 'a\\tb'.expandtabs(4)
'abc'.translate(str.maketrans('ab', 'xy')), 'a1'.isalnum(), 'x'.join('ab')
'aXbXc'.rsplit('X', 1)
[1, 2, 1].count(1), [1, 2].index(2), (1, 2, 1).count(1), (5, 6).index(6), [1, 2].copy()
{'a': 1}.get('a'), {'a': 1}.get('b', 2), list({'a': 1}.keys()), list({'a': 1}.values())
list({'a': 1}.items())
{'a': 1, 'b': 2}.pop('a'), {**{'a': 1}, 'b': 2}, {'a': 1} | {'b': 2}, 'a' in {'a': 1}.keys()
len({'a': 1}.items())
dict.fromkeys('ab', 0), list(dict(b=1, a=2)), {1: 'a'}.setdefault(2, 'b')
{1, 2} | {3}, {1, 2} & {2}, {1, 2} - {2}, {1, 2} ^ {2, 3}, {1} < {1, 2}, {1, 2} >= {1}
{1}.union([2], [3])
frozenset([1, 2]) == {1, 2}, len(frozenset('aab')), {1}.isdisjoint({2}), {1}.issubset([1, 2])
1 in {1, 2}
(5).bit_length(), (7).bit_count(), (2.0).is_integer(), (0.5).as_integer_ratio(), (5).real
(1.5).hex()
isinstance(1, int), isinstance(True, int), isinstance(1.0, (int, float)), isinstance([], list)
isinstance('a', str)
isinstance({1}, set), isinstance((), tuple), isinstance(1, bool), issubclass(bool, int)
isinstance({}, dict)
type(1) is int, type('a') == str, type([]) is list, type(1.5).__name__, isinstance(None, int)
callable(len)
isinstance([], Iterable), isinstance((), Sequence), isinstance({}, Mapping)
isinstance(1, Iterable)
chr(97), ord('a'), hex(255), oct(8), bin(5), len('abc'), hasattr('a', 'upper')
hasattr(1, 'nothing')
math.floor(-1.5), math.ceil(1.2), math.trunc(-1.7), math.sqrt(2.0), math.fabs(-1)
math.gcd(12, 18), math.lcm(4, 6)
math.pi, math.inf, math.factorial(10), math.comb(5, 2), math.perm(5, 2), math.perm(4)
math.isqrt(17), math.prod([1, 2, 3])
math.isclose(1.0, 1.0 + 1e-12), math.isnan(math.nan), math.isinf(math.inf)
math.copysign(1, -0.0), math.fmod(7, -3)
math.fsum([0.1] * 10), math.frexp(8.0), math.modf(1.5), math.ldexp(0.5, 3)
math.degrees(math.pi), math.radians(180)
list(itertools.accumulate([1, 2, 3])), list(itertools.chain([1], [2]))
list(itertools.chain.from_iterable([[1], [2]]))
list(itertools.combinations('abc', 2)), list(itertools.permutations('abc', 2))
list(itertools.product('ab', repeat=2))
list(itertools.combinations_with_replacement('ab', 2))
list(itertools.compress('abc', [1, 0, 1])), list(itertools.permutations([1, 2, 3]))
list(itertools.islice(itertools.count(), 3)), list(itertools.islice('abcdef', 1, 5, 2))
list(itertools.takewhile(lambda v: v < 3, [1, 2, 3, 1]))
list(itertools.dropwhile(lambda v: v < 3, [1, 3, 1])), list(itertools.filterfalse(None, [0, 1]))
list(itertools.pairwise([1, 2, 3]))
[(k, list(g)) for k, g in itertools.groupby('aabba')], list(itertools.repeat(1, 2))
list(itertools.starmap(pow, [(2, 3)]))
list(itertools.zip_longest('ab', [1], fillvalue=0)), [list(t) for t in itertools.tee([1, 2])]
list(itertools.islice(itertools.cycle('ab'), 5))
list(itertools.product([1, 2], 'ab')), list(itertools.accumulate([1, 2], initial=5))
list(itertools.accumulate([3, 1], max))
reduce(lambda a, b: a * b, [1, 2, 3]), reduce(lambda a, b: a + b, [], 5), partial(pow, 2)(3)
partial(int, base=2)('101')
list(deque([1, 2, 3], maxlen=2)), deque([1, 2]) == deque([1, 2]), str(deque([1]))
repr(deque([1], 3)), deque([1, 2])[1]
dict(Counter('aab')), Counter('aab').most_common(1), Counter(a=2)['b']
Counter('ab') + Counter('b'), Counter('aab').total()
dict(defaultdict(int, {'a': 1})), repr(defaultdict(list))
list(OrderedDict([('b', 1), ('a', 2)])), ChainMap({'a': 1}, {'b': 2})['b']
namedtuple('P', 'x y')(1, 2), namedtuple('P', ['x', 'y'])(y=1, x=2).x
namedtuple('P', 'x y', defaults=[5])(1)
tuple(namedtuple('P', 'x y')(1, 2)), namedtuple('P', 'x')(1)._replace(x=2)
namedtuple('P', 'x')(1)._asdict(), namedtuple('P', 'x y')._fields
sorted([3, 1, 2], key=cmp_to_key(lambda a, b: b - a)), cast(int, 'a'), NewType('T', int)(5)
(lambda *a, **k: (a, k))(1, *[2, 3], **{'z': 4}), [*range(2), *'ab'], (*[1], 2)
{*[1], 2} == {1, 2}
[a for a, *b in [(1, 2, 3)]], (lambda x: (y := x + 1, y))(1), 'yes' if [] or 'a' else 'no'
not [], None is None
str(ValueError('a')), repr(ValueError('a', 1)), str(KeyError('a')), ValueError('x').args
str(ValueError())
1 if True else 2, [1, 2, 3][slice(1, None)], range(3)[1], len(range(0, 10, 3))
str(range(3)), repr(slice(1, 2)), str(...), repr(NotImplemented), [[]] * 2, "a" "b", 1_000, 0x10
1e3, -0.0
'%s %s' % ((1, 2), [3]), '%s' % ((1,),), '%5s|%-5s|' % ('a', 'b'), f'{(1, 2)}', f'{ {"a": 1} }'
'%i' % 3.7, '%.3s' % 'abcdef'
"""


def probe(expressions, before=""):
    """Return what expressions give in the interpreted tier."""
    source = MODULES + before + f"\n\ndef probe():\n    return ({expressions},)\n" + TRAIT
    trait = interpret(source)
    trait.meter.begin(100_000)
    return trait, trait.namespace["probe"]()


def in_python(expressions, space):
    """Return what expressions give in CPython."""
    exec(f"def probe():\n    return ({expressions},)", space)
    return space["probe"]()


@pytest.fixture(scope="module")
def python():
    space = {}
    exec(MODULES, space)
    return space


@pytest.mark.parametrize("line", [line for line in EXPRESSIONS.strip().splitlines()])
def test_expressions_mean_what_they_mean_in_python(line, python):
    """Each expression gives what CPython gives, of the same types, and the same text."""
    trait, given = probe(line)
    wanted = in_python(line, dict(python))
    texts = trait.outfit.tools.texts
    trait.meter.begin(1_000_000)
    assert texts.represent(given) == repr(wanted)
    assert math.pi == trait.outfit.module("math").pi


PROGRAMS = {
    "dataclass": (
        """
@dataclass(order=True)
class P:
    x: int
    y: float = 1.5
    z: list = field(default_factory=list, compare=False)

    def total(self):
        return self.x + self.y

@dataclass(frozen=True)
class Q:
    a: int = 1
""",
        "P(1), P(1, 2.0, [3]) == P(1, 2.0), P(1) < P(2), P(2).total(), asdict(P(1)), "
        "astuple(P(1)), "
        "replace(P(1), x=5), [f.name for f in fields(P)], is_dataclass(P), Q() == Q(1), "
        "{Q(): 1}[Q()], "
        "P(x=3, y=1), P(1).z is P(1).z",
    ),
    "enum": (
        """
class C(Enum):
    RED = 1
    BLUE = 'b'
    ALIAS = 1

class N(IntEnum):
    A = auto()
    B = auto()

class S(StrEnum):
    X = 'x'

class F(Flag):
    R = 1
    W = 2
""",
        "C.RED, C(1), C['BLUE'], C.RED is C.ALIAS, [c.name for c in C], C.RED.value, "
        "C.RED == C(1), "
        "N.B + 1, N(2), list(N), S.X == 'x', f'{S.X}', F.R | F.W, F.R in (F.R | F.W), str(C.RED), "
        "len(C), {C.RED: 1}[C.RED], C.RED in [C.BLUE, C.RED], N.A < N.B, list(C.__members__)",
    ),
    "classes": (
        """
class A:
    kind = 'a'

    def __init__(self, v=0):
        self.v = v

    @property
    def double(self):
        return self.v * 2

    @double.setter
    def double(self, value):
        self.v = value // 2

    @staticmethod
    def s(x):
        return x + 1

    @classmethod
    def made(cls, v):
        return cls(v)

    def __add__(self, other):
        return A(self.v + other.v)

    def __eq__(self, other):
        return self.v == other.v

    def __lt__(self, other):
        return self.v < other.v

    def __repr__(self):
        return f'A({self.v})'

    def __len__(self):
        return self.v

    def __getitem__(self, i):
        if i >= self.v:
            raise IndexError(i)
        return i * 10

    def __call__(self, x):
        return self.v + x

    def __iadd__(self, other):
        self.v += other
        return self

    def __contains__(self, x):
        return x == self.v

class B(A):
    def __init__(self, v):
        super().__init__(v + 1)
        self.items = []

    def __bool__(self):
        return self.v > 3

class Pair:
    def __enter__(self):
        return range(3)

    def __exit__(self, *error):
        return False

class D(dict):
    def __missing__(self, key):
        return key * 2

@total_ordering
class T:
    def __init__(self, v):
        self.v = v

    def __eq__(self, other):
        return self.v == other.v

    def __lt__(self, other):
        return self.v < other.v

def work():
    a = A(2)
    a.double = 10
    a += 3
    l = [1, 2]
    l.append(3)
    b = [1]
    b += (2, 3)
    b[0] += 10
    x = y = 5
    (p, *q), r = [1, 2, 3], 4
    m, *(n, *o), t = 1, 2, 3, 4, 5
    u, (v, *z) = [*k, (w0, *w1)] = 7, (8, 9, 10)
    for i0, (i1, *i2), *i3 in [(1, (2, 3, 4), 5, 6)]:
        pass
    try:
        (a0, *a1), a2 = 1, 2
    except TypeError:
        a2 = 'refused'
    nested = [(h, g) for h, (_, *g) in [(1, (2, 3))]]
    with Pair() as (j0, *j1):
        pass
    d = {}
    d['k'] = d.get('k', 0) + 1
    for d['i'], w in [(1, 2)]:
        pass
    del b[1]
    more = (m, n, o, t, u, v, z, k, w0, w1, i0, i1, i2, i3, a2, nested, j0, j1)
    return more, a, l, b, x, y, p, q, r, d, w
""",
        "A(1) + A(2), A(3).double, A.s(1), A.made(4), A(1) == A(1), sorted([A(3), A(1)]), "
        "list(A(3)), "
        "A(1)(2), 5 in A(5), B(1), bool(B(1)), max([A(1), A(7)]), isinstance(B(1), A), work(), "
        "D()['ab'], T(1) >= T(1), T(2) > T(1), B.kind, len(A(4)), [A(1)] == [A(1)], "
        "A(2) in [A(1), A(2)]",
    ),
    "flow": (
        """
def gen(n):
    got = []
    for i in range(n):
        x = yield i
        if x:
            got.append(x)
    return got

def outer():
    result = yield from gen(2)
    yield result

def sends():
    g = gen(3)
    first = next(g)
    second = g.send('a')
    return first, second, list(g)

class CM:
    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log.append('in')
        return self

    def __exit__(self, kind, error, trace):
        self.log.append('out')
        return kind is ValueError

def managers():
    log = []
    with CM(log) as one:
        log.append(one is not None)
        raise ValueError('x')
    return log

def handled():
    log = []
    for v in (1, 'a', None):
        try:
            log.append(10 // v)
        except TypeError as error:
            log.append('type')
        except (ValueError, ZeroDivisionError):
            log.append('other')
        else:
            log.append('else')
        finally:
            log.append('finally')
    return log

def closing():
    log = []
    def g():
        try:
            yield 1
        finally:
            log.append('closed')
    it = g()
    next(it)
    it.close()
    return log

def matching(v):
    match v:
        case 0:
            return 'zero'
        case int(n) if n > 5:
            return 'big'
        case [a, *rest]:
            return a, rest
        case {'k': k, **more}:
            return k, more
        case str() | None:
            return 'text'
        case (x, y) | {'x': x, 'y': y}:
            return x
        case _:
            return 'other'

def counter():
    n = 0
    def up():
        nonlocal n
        n += 1
        return n
    return [up(), up()]

def loops():
    out = []
    for i in range(5):
        if i == 1:
            continue
        if i == 4:
            break
        out.append(i)
    else:
        out.append('else')
    while out and out[-1] > 2:
        out.pop()
    else:
        out.append('done')
    return out

@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def deco(f):
    @wraps(f)
    def inner(*args, **kw):
        return f(*args, **kw) * 2
    return inner

@deco
def twice(x, /, y=1, *, z=0):
    return x + y + z

class NT(NamedTuple):
    x: int
    y: int = 2

    def total(self):
        return self.x + self.y

class TD(TypedDict):
    a: int
""",
        "list(gen(3)), list(outer()), sends(), managers(), handled(), closing(), "
        "[matching(v) for v in (0, 9, [1, 2, 3], {'k': 1, 'z': 2}, 'a', None, 3)], counter(), "
        "loops(), "
        "fib(20), twice(1, z=5), twice.__name__, NT(1), NT(1).total(), NT(1) == (1, 2), TD(a=1), "
        "[x for x in (y * 2 for y in range(3))], fib.cache_info().hits",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_mean_what_they_mean_in_python(name, python):
    """Classes, generators, handlers, patterns and decorators do what they do in CPython."""
    before, line = PROGRAMS[name]
    trait, given = probe(line, before)
    space = dict(python)
    exec(before, space)
    wanted = in_python(line, space)
    trait.meter.begin(1_000_000)
    for mine, theirs in zip(given, wanted, strict=True):
        assert trait.outfit.tools.texts.represent(mine) == repr(theirs)


def test_a_stop_is_no_exception():
    """What stops a trait is of no class that a source can name."""
    assert not issubclass(Stop, Exception)
