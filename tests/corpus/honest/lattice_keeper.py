class LatticeKeeper(Trait):
    """Go to the centre of the current 50 x 50 cell: spreads the population evenly."""

    CELL = 50

    async def execute(self, entity):
        col = int(entity.x // self.CELL)
        row = int(entity.y // self.CELL)
        target_x = (col + 0.5) * self.CELL
        target_y = (row + 0.5) * self.CELL
        entity.move((target_x - entity.x) * 0.01, (target_y - entity.y) * 0.01)
