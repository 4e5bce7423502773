class ClosureSteering(Trait):
    """Builds a steering function with the weights closed over."""

    @staticmethod
    def make_steering(weight, limit):
        def steer(value):
            return max(-limit, min(limit, value * weight))

        return steer

    async def execute(self, entity):
        hungry = entity.energy < 0.5 * entity.max_energy
        steer = self.make_steering(0.1 if hungry else 0.02, 1.0)
        foods = entity.nearby_resources(50.0)
        if foods:
            entity.move(steer(foods[0].x - entity.x), steer(foods[0].y - entity.y))
