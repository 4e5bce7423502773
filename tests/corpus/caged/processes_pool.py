# category: processes; where: execute
# Has other processes do its work.
import multiprocessing
import os


def work(number):
    os._exit(number)


class Master(Trait):
    async def execute(self, entity):
        worker = multiprocessing.get_context("fork").Process(target=work, args=(7,))
        worker.start()
        worker.join(2.0)
        if worker.exitcode == 7:
            os._exit(77)
