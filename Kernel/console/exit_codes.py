"""What the exit codes of `molt` and of the kernel mean: the one table for help, docs and tests.

Owns: the meanings. Does not own: which error has which code (`Kernel/contract/errors.py`). Pure.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExitCode:
    """One code and what it says."""

    code: int
    meaning: str


EXIT_CODES: tuple[ExitCode, ...] = (
    ExitCode(0, "done, or stopped as asked"),
    ExitCode(1, "failed: a check of doctor or replay, verify found damage, or a fault of ours"),
    ExitCode(2, "wrong usage: no such command or option, or a word or file that cannot be read"),
    ExitCode(3, "status --check: degraded"),
    ExitCode(4, "status --check: safe mode"),
    ExitCode(
        5,
        "understood and refused: no such zone, parameter or event, a value out of range, not now; "
        "of reload: a key was refused, the others count; of validate: a file is no trait; of try "
        "and trait add: the trait is refused, by a rule or at its trial; of run: ended by a limit "
        "or by the cage; or the answer to a question was no",
    ),
    ExitCode(65, "of run: what was run has raised, or returned what is no plain data"),
    ExitCode(69, "no kernel answers at this home, no world lives there, or it has no ledger yet"),
    ExitCode(73, "no folder has room for a world's arena"),
    ExitCode(75, "another kernel holds this home"),
    ExitCode(78, "configuration or installation is wrong"),
    ExitCode(124, "wait ran out of time, or the time of run was over"),
    ExitCode(130, "ended by Ctrl-C"),
)
"""The code says whether the command worked; health is in it only where it is asked for."""

EXIT_CODES_NOTE = (
    "A question that finds nothing exits 0; a thing that is named and does not exist, 5. "
    "make turns every code but 0 into its own 2; python manifest.py gives them as they are."
)
