# category: dunders; expect: refused; rule: attribute
from enum import StrEnum
class S(StrEnum):
    X = "x"
class K:
    _member_type_ = 1
class T(Trait):
    async def execute(self, entity):
        entity.vx = len(S._member_type_(K())) * 1.0
