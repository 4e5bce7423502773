class T(Trait):
    async def execute(self, entity):
        if entity.state == "hunting" and entity.energy > 30:
            entity.state = "fleeing"
            entity.color = "#FF0080"
        elif entity.state in ("fleeing", "resting"):
            entity.state = "alive"
            entity.color = "#12345"
        elif entity.color == "#ff0080" or entity.color != "#000000":
            mood = "hunting" if entity.age % 2 else "nosuchmood"
            entity.state = mood
        same = [o for o in entity.nearby_entities(50) if o.state == entity.state and o.id != entity.id]
        entity.vx = len(same) / 10
        if "Explorer" in entity.traits: entity.vy = 1
        if any("Predator" not in o.traits for o in same): entity.vy += 0.5
        for o in same:
            if o.color == entity.color: entity.vx += 1
        r = int(entity.energy * 2); g = entity.age % 300
        entity.color = f"#{r:02x}{g:02x}{40:02x}"
        entity.state = entity.state
