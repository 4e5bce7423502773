from enum import Enum, auto
class S(Enum):
    IDLE = auto()
    SEEK = auto()
    EAT = auto()
TRANSITIONS = {
    (S.IDLE, "hungry"): S.SEEK,
    (S.SEEK, "found"): S.EAT,
    (S.EAT, "full"): S.IDLE,
}
class FSM(Trait):
    def __init__(self):
        self.mode = S.IDLE
        self.log: list[str] = []
    def fire(self, event: str) -> None:
        new = TRANSITIONS.get((self.mode, event))
        if new is not None:
            self.log.append(f"{self.mode.name}->{new.name}")
            self.mode = new
    async def execute(self, entity):
        if entity.energy < 0.9 * entity.max_energy:
            self.fire("hungry")
        if entity.nearby_resources(60.0):
            self.fire("found")
        if self.mode == S.EAT:
            entity.eat(2.0)
            self.fire("full")
        elif self.mode is S.SEEK:
            entity.move(1.0, 0.0)
        entity.vx = len(self.log) * 0.1 + self.mode.value
