class Fuzzed(Trait):

    async def execute(self, entity):
        for o12 in entity.nearby_resources(1.0):
            if 'Explorer' not in entity.traits:
                continue
            entity.state = 'fleeing'
