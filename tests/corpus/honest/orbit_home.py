import math


class OrbitHome(Trait):
    """Remember the birthplace and circle around it."""

    def __init__(self):
        self.home_x = 0.0
        self.home_y = 0.0
        self.known = False
        self.phase = 0.0

    async def execute(self, entity):
        if not self.known:
            self.home_x = entity.x
            self.home_y = entity.y
            self.known = True
        self.phase += 0.05
        if self.phase > math.tau:
            self.phase -= math.tau
        goal_x = self.home_x + 40.0 * math.cos(self.phase)
        goal_y = self.home_y + 40.0 * math.sin(self.phase)
        entity.move((goal_x - entity.x) * 0.1, (goal_y - entity.y) * 0.1)
