"""`random` for traits: draws that depend on the seed, the tick, the entity and their number.

Owns: the functions of that module as `signatures.py` says what each makes of draws. Does not own:
the draws (`numerics.py`).
"""

import math
from typing import Any, Final

from zones.traits.facades.tools import Tools
from zones.traits.word_lists import words

_NAMES: Final = words(
    "betavariate choice choices expovariate gammavariate gauss getrandbits lognormvariate "
    "normalvariate paretovariate randint random randrange sample shuffle triangular "
    "uniform vonmisesvariate weibullvariate"
)
_TRIES_MAX: Final = 1000


class Draws:
    """`random` of one trait.

    Attributes:
        key, entity, stream: of the call that runs.
        drawn: draws of this call so far.
    """

    __slots__ = ("arithmetic", "drawn", "entity", "key", "machine", "meter", "stream")

    def __init__(self, tools: Tools) -> None:
        self.meter = tools.meter
        self.arithmetic = tools.arithmetic
        self.machine = tools.arithmetic.machine
        self.key = self.entity = self.stream = self.drawn = 0

    def public(self) -> dict[str, Any]:
        """Return the module's names."""
        return {name: getattr(self, name) for name in _NAMES}

    def random(self) -> Any:
        """Return a float from 0 up to 1."""
        number = self.drawn
        self.drawn = number + 1
        return self.machine.draw_unit(self.key, self.entity, self.stream, number)

    def _below(self, width: Any) -> Any:
        value = self.machine.draw_below(self.key, self.entity, self.stream, self.drawn, width)
        self.drawn += 1
        return value

    def uniform(self, a: Any, b: Any) -> float:
        """Return a + (b - a) * random()."""
        width = self.arithmetic.sub(_number(b), _number(a))
        return float(a + width * self.random())

    def randrange(self, start: Any, stop: Any = None, step: Any = 1) -> int:
        """Return one of a range."""
        if stop is None:
            start, stop = 0, start
        for bound in (start, stop, step):
            if not isinstance(bound, int):
                raise TypeError("randrange takes ints")
        if step == 0:
            raise ValueError("zero step for randrange")
        width = max(0, -((start - stop) // step) if step > 0 else -((stop - start) // -step))
        return int(self.arithmetic.add(start, step * self._below(_width(width))))

    def randint(self, a: Any, b: Any) -> int:
        """Return an int from a to b."""
        return self.randrange(a, b + 1 if isinstance(b, int) else b)

    def choice(self, items: Any) -> Any:
        """Return one item."""
        if len(items) == 0:
            raise IndexError("cannot choose from an empty sequence")
        return items[self._below(len(items))]

    def choices(
        self, population: Any, weights: Any = None, *, cum_weights: Any = None, k: Any = 1
    ) -> list[Any]:
        """Return k items, each drawn from all."""
        if not isinstance(k, int):
            raise TypeError("k is an int")
        self.meter.building(max(int(k), 0))
        if weights is None and cum_weights is None:
            return [self.choice(population) for _ in self.meter.taking(range(k))]
        sums = list(self.meter.take(weights if cum_weights is None else cum_weights))
        if len(sums) != len(population):
            raise ValueError("the number of weights does not match the population")
        if cum_weights is None:
            for place in range(1, len(sums)):
                sums[place] = self.arithmetic.add(sums[place - 1], sums[place])
        total = float(sums[-1]) if sums else 0.0
        if not total > 0.0 or not math.isfinite(total):
            raise ValueError("the total of weights must be above zero and finite")
        return [self._weighted(population, sums, total) for _ in self.meter.taking(range(k))]

    def _weighted(self, population: Any, sums: list[Any], total: float) -> Any:
        wanted = self.random() * total
        self.meter.comparing(len(sums))
        place = next((p for p, one in enumerate(sums) if one > wanted), len(sums) - 1)
        return population[place]

    def shuffle(self, items: Any) -> None:
        """Put the items of a list in any order, in place."""
        for place in self.meter.taking(range(len(items) - 1, 0, -1)):
            other = self._below(place + 1)
            items[place], items[other] = items[other], items[place]

    def sample(self, population: Any, k: Any) -> list[Any]:
        """Return k different places' items."""
        if not isinstance(k, int):
            raise TypeError("k is an int")
        pool = list(self.meter.take(population))
        size = len(pool)
        if not 0 <= k <= size:
            raise ValueError("sample larger than population or negative")
        taken = []
        for place in self.meter.taking(range(k)):
            chosen = self._below(size - place)
            taken.append(pool[chosen])
            pool[chosen] = pool[size - place - 1]
        return taken

    def gauss(self, mu: Any = 0.0, sigma: Any = 1.0) -> Any:
        """Return a normally distributed float."""
        number = self.drawn
        mu, sigma = float(_number(mu)), float(_number(sigma))
        self.drawn = number + 2
        return self.machine.draw_gauss(self.key, self.entity, self.stream, number, mu, sigma)

    def normalvariate(self, mu: Any = 0.0, sigma: Any = 1.0) -> Any:
        """Return gauss(mu, sigma)."""
        return self.gauss(mu, sigma)

    def lognormvariate(self, mu: Any = 0.0, sigma: Any = 1.0) -> Any:
        """Return exp(gauss(mu, sigma))."""
        return self.machine.exp(self.gauss(mu, sigma))

    def expovariate(self, lambd: Any = 1.0) -> float:
        """Return an exponentially distributed float."""
        return float(self.arithmetic.div(-self.machine.log(1.0 - self.random()), _number(lambd)))

    def triangular(self, low: Any = 0.0, high: Any = 1.0, mode: Any = None) -> float:
        """Return a float between low and high, mostly near the mode."""
        arithmetic = self.arithmetic
        low, high = _number(low), _number(high)
        middle = 0.5
        if low != high and mode is not None:
            span = arithmetic.sub(high, low)
            middle = arithmetic.div(arithmetic.sub(_number(mode), low), span)
        drawn = self.random()
        if low == high:
            return float(low)
        if drawn > middle:
            drawn, middle, low, high = 1.0 - drawn, 1.0 - middle, high, low
        return float(low + arithmetic.sub(high, low) * self.machine.sqrt(drawn * middle))

    def paretovariate(self, alpha: Any) -> Any:
        """Return a Pareto distributed float."""
        power = self.arithmetic.div(-1.0, _number(alpha))
        return self.machine.pow_float(1.0 - self.random(), power)

    def weibullvariate(self, alpha: Any, beta: Any) -> float:
        """Return a Weibull distributed float."""
        power = self.arithmetic.div(1.0, _number(beta))
        return float(
            _number(alpha) * self.machine.pow_float(-self.machine.log(1.0 - self.random()), power)
        )

    def getrandbits(self, k: Any) -> int:
        """Return an int of k random bits."""
        if not isinstance(k, int):
            raise TypeError("the number of bits is an int")
        if k < 0:
            raise ValueError("number of bits must be non-negative")
        if k > 63:
            raise OverflowError("int too large for 64 bits")
        bits = self.machine.draw_bits(self.key, self.entity, self.stream, self.drawn)
        self.drawn += 1
        return (int(bits) & 0xFFFF_FFFF_FFFF_FFFF) >> (64 - k)

    def gammavariate(self, alpha: Any, beta: Any) -> Any:
        """Return a Gamma distributed float.

        Source: Marsaglia, Tsang, "A Simple Method for Generating Gamma Variables", 2000.
        """
        alpha, beta = float(_number(alpha)), float(_number(beta))
        if alpha <= 0.0 or beta <= 0.0:
            raise ValueError("gammavariate: alpha and beta must be > 0.0")
        boost = 1.0
        if alpha < 1.0:
            boost = self.machine.pow_float(1.0 - self.random(), 1.0 / alpha)
            alpha += 1.0
        d = alpha - 1.0 / 3.0
        c = 1.0 / math.sqrt(9.0 * d)
        for _ in self.meter.taking(range(_TRIES_MAX)):
            x = self.gauss()
            v = 1.0 + c * x
            if v > 0.0:
                v = v * v * v
                if self.machine.log(
                    1.0 - self.random()
                ) < 0.5 * x * x + d - d * v + d * self.machine.log(v):
                    return boost * d * v * beta
        return boost * d * beta

    def betavariate(self, alpha: Any, beta: Any) -> float:
        """Return a Beta distributed float."""
        first = self.gammavariate(alpha, 1.0)
        second = self.gammavariate(beta, 1.0)
        return first / (first + second) if first else 0.0

    def vonmisesvariate(self, mu: Any, kappa: Any) -> Any:
        """Return an angle near mu.

        Source: Best, Fisher, "Efficient Simulation of the von Mises Distribution", 1979.
        """
        mu, kappa = float(_number(mu)), float(_number(kappa))
        if kappa <= 1e-6:
            return math.tau * self.random()
        s = 0.5 / kappa
        r = s + math.sqrt(1.0 + s * s)
        z = 1.0
        for _ in self.meter.taking(range(_TRIES_MAX)):
            z = self.machine.cos(math.pi * self.random())
            d = z / (r + z)
            u = self.random()
            if u < 1.0 - d * d or u <= (1.0 - d) * self.machine.exp(d):
                break
        q = 1.0 / r
        angle = self.machine.acos((q + z) / (1.0 + q * z))
        angle = angle if self.random() > 0.5 else -angle
        return self.machine.mod_float(mu + angle, math.tau)


def _number(value: Any) -> Any:
    if isinstance(value, (int, float)):
        return value
    raise TypeError(f"must be real number, not {type(value).__name__}")


def _width(width: int) -> int:
    if width > (1 << 63) - 1:
        raise OverflowError("int too large for 64 bits")
    if width <= 0:
        raise ValueError("empty range for randrange()")
    return width
