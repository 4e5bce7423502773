# category: dunders; expect: refused; rule: attribute
from enum import Enum
class S(Enum):
    X = "x"
class K:
    def __init__(self):
        self._value2member_map_ = 1
class T(Trait):
    async def execute(self, entity):
        S._value2member_map_["a"] = entity
        entity.vx = 42.0
