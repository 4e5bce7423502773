from dataclasses import dataclass, field, replace, asdict, astuple, fields, KW_ONLY, InitVar
from typing import ClassVar
@dataclass
class Base:
    a: int
    b: float = 2.0
    tags: list[str] = field(default_factory=list)
    LIMIT: ClassVar[int] = 9
@dataclass
class Derived(Base):
    c: int = 5
    scale: InitVar[float] = 2.0
    total: float = field(init=False, default=0.0)
    _: KW_ONLY
    d: bool = True
    def __post_init__(self, scale):
        self.total = (self.a + self.b) * scale
@dataclass(frozen=True)
class Key:
    x: int
    y: int
    def __str__(self):
        return f"<{self.x},{self.y}>"
class DC(Trait):
    async def execute(self, entity):
        one = Derived(1, tags=["q"], d=False)
        two = replace(one, a=4, scale=1.0)
        text = f"{one}{two}{asdict(one)}{astuple(two)}{[f.name for f in fields(one)]}{one == two}{Derived(1) == Derived(1)}{Key(1, 2)}{Key(1, 2)!r}"
        table = {Key(1, 2): 5.0}
        try:
            Key(1, 2).x = 5
        except AttributeError as e:
            text += str(e)
        total = 0
        for ch in text:
            total = (total * 31 + ord(ch)) % 100003
        entity.vx = total % 97 * 0.5
        entity.vy = table[Key(1, 2)] + Base.LIMIT * 0.1
