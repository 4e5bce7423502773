class PID:
    """A little PID controller."""

    def __init__(self, kp, ki, kd):
        self.kp, self.ki, self.kd = kp, ki, kd
        self.total = 0.0
        self.last = 0.0

    def update(self, error):
        self.total = max(-50.0, min(50.0, self.total + error))
        slope = error - self.last
        self.last = error
        return self.kp * error + self.ki * self.total + self.kd * slope


class HelperClassPid(Trait):
    """Holds the speed at a set point with a PID controller."""

    SET_POINT = 1.2

    def __init__(self):
        super().__init__()
        self.pid = PID(0.3, 0.01, 0.05)

    async def execute(self, entity):
        speed = (entity.vx ** 2 + entity.vy ** 2) ** 0.5
        correction = self.pid.update(self.SET_POINT - speed)
        if speed > 0.01:
            scale = max(0.0, 1.0 + correction / speed)
            entity.vx *= min(scale, 2.0)
            entity.vy *= min(scale, 2.0)
