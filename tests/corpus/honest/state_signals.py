class StateSignals(Trait):
    """Signal alarm, and take over the alarm of the neighbours for a while."""

    HOLD = 15

    def __init__(self):
        super().__init__()
        self.alarm = 0

    async def execute(self, entity):
        neighbours = entity.nearby_entities(35.0)
        if len(neighbours) > 12 or entity.energy < 8.0:
            self.alarm = self.HOLD
        elif any(n.state == "alarm" for n in neighbours):
            self.alarm = max(self.alarm, self.HOLD // 2)
        if self.alarm > 0:
            self.alarm -= 1
            entity.state = "alarm"
            entity.color = "#ff3020"
        else:
            entity.state = "alive"
            entity.color = "#3060ff"
