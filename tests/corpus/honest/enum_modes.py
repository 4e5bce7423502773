from enum import Enum, auto


class Mode(Enum):
    SEARCH = auto()
    FEED = auto()
    REST = auto()


class EnumModes(Trait):
    """A finite state machine with an enum kept on self."""

    def __init__(self):
        super().__init__()
        self.mode = Mode.SEARCH
        self.ticks_in_mode = 0

    def _switch(self, mode: Mode) -> None:
        self.mode = mode
        self.ticks_in_mode = 0

    async def execute(self, entity):
        self.ticks_in_mode += 1
        if self.mode is Mode.SEARCH:
            if entity.nearby_resources(20.0):
                self._switch(Mode.FEED)
            else:
                entity.move(0.7, 0.3)
        elif self.mode is Mode.FEED:
            if entity.eat(5.0) <= 0 or entity.energy > 0.9 * entity.max_energy:
                self._switch(Mode.REST)
        elif self.ticks_in_mode > 30:
            self._switch(Mode.SEARCH)
