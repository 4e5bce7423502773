"""The row of the command table for calls: `molt run`.

Owns: this row. Does not own: the table (`commands.py`), what it does (`call_commands.py`).
Pure data, standard library only.
"""

from Kernel.console.command_groups import TRUST
from Kernel.console.command_types import Argument, Command, Kind
from Kernel.contract.call_job import JOB_BYTES_MAX

TIMEOUT_S_MAX = 3600
"""The kernel's own limit is a key of kernel.yaml: call.wall_s."""

RUN = Command(
    "run",
    TRUST,
    "Run a Python file in a sealed process, and show what it prints and returns",
    (
        "molt run model.py",
        "molt run model.py 100 fast --timeout 30s",
        "molt run model.py --name growth --json",
    ),
    (
        Argument(
            "source",
            Kind.FILE,
            "a Python file; - reads stdin",
            metavar="FILE",
            required=True,
            high=JOB_BYTES_MAX,
        ),
        Argument(
            "args",
            Kind.STRINGS,
            "given to main, as text; those that begin with - follow a --",
            metavar="ARG",
        ),
        Argument(
            "timeout_s",
            Kind.DURATION,
            "interrupt it after so long; at most call.wall_s of kernel.yaml",
            metavar="TIME",
            option="--timeout",
            unit="s",
            high=TIMEOUT_S_MAX,
        ),
        Argument(
            "name",
            Kind.LABEL,
            "what it is called in tracebacks and events, in place of FILE",
            metavar="NAME",
            option="--name",
        ),
        Argument(
            "pickle",
            Kind.FLAG,
            "FILE is a pickled (function, args, kwargs), as zones.client.call sends it",
            option="--pickle",
        ),
    ),
    details="If the file defines main, it is loaded as module __molt__ and main(*ARG) is called; "
    "its value is the\nresult. Else it is run as __main__, with ARG in sys.argv, and what it "
    "leaves in the name `result` is.\nThe process can compute and nothing else: no file, socket, "
    "process, thread. docs/running-code.md has\nthe modules it may import, the limits, and what "
    "may be returned. Exits 0 when it returned, 65 when it\nraised or returned what is no plain "
    "data, 124 when its time was over, 5 when it was refused or ended\nby a limit or by the cage.",
    acts=True,
    open_ended=("source",),
)
