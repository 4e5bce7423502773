from typing import Any, Optional


class OptionalTarget(Trait):
    """Commits to one target until it is reached."""

    def __init__(self) -> None:
        super().__init__()
        self.target_x: Optional[float] = None
        self.target_y: Optional[float] = None

    async def execute(self, entity: Any) -> None:
        if self.target_x is None or self.target_y is None:
            foods = entity.nearby_resources(80.0)
            if foods:
                self.target_x, self.target_y = foods[-1].x, foods[-1].y
            return
        dx = self.target_x - entity.x
        dy = self.target_y - entity.y
        if abs(dx) + abs(dy) < 3.0:
            entity.eat(5.0)
            self.target_x = self.target_y = None
        else:
            entity.move(0.1 * dx, 0.1 * dy)
