class PropertyHunger(Trait):
    """Hunger as a property of the trait."""

    def __init__(self):
        super().__init__()
        self._level = 0.0

    @property
    def hunger(self) -> float:
        return self._level

    @hunger.setter
    def hunger(self, value: float) -> None:
        self._level = max(0.0, min(1.0, value))

    async def execute(self, entity):
        self.hunger += 0.02
        if self.hunger > 0.5:
            eaten = entity.eat(5.0)
            self.hunger -= eaten * 0.1
