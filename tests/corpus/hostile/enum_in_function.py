# category: libraries; expect: refused; rule: class-body
class Sneaky(Trait):
    async def execute(self, entity):
        from enum import Enum

        class E(Enum):
            pass
        E('X', {'__del__': len})
