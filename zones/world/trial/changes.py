"""A change without a source, as what the two runs of a pair differ in.

Owns: which inputs it is, for the candidate or for the control; what keeps it from being tried. Does
not own: the runs (`pairs.py`). Reads the registry of the copied world.

Values of parameters are set in the candidate's first tick. What a trait that is in the world brings
is the difference to a control that it is taken out of: there the candidate is the world as it is.
"""

from Kernel.contract.errors import MoltError, Refused
from Kernel.contract.inputs import REMOVE_TRAIT, SET_PARAM, Input
from Kernel.contract.parameters import hash_of_values
from zones.traits.verdict import Verdict
from zones.world.columns import Buffer
from zones.world.parameters import PARAMETERS
from zones.world.registry import ACTIVE, read_entries
from zones.world.trial.document import Findings, Halted
from zones.world.trial.job import PARAMS, Job
from zones.world.trial.pairs import Change
from zones.world.trial.tiers import Tiered


def find_change(job: Job, buffer: Buffer, findings: Findings) -> Change:
    """Return what a job's pairs differ in; puts into the findings what is known of it.

    Raises:
        Halted: the world takes no such values.
        MoltError: the trait is not there any more.
    """
    if job.kind == PARAMS:
        findings.verdict = Verdict(False, code_hash=hash_of_values(job.params))
        return Change(inputs=tuple(_values(job)))
    found = (each for each in read_entries(buffer) if each.name == job.without)
    entry = next((each for each in found if each.status == ACTIVE), None)
    if entry is None:
        raise MoltError(f"cannot try without '{job.without[:64]}': the world has no such trait")
    findings.verdict = Verdict(False, state=entry.state, name=entry.name, code_hash=entry.hash)
    findings.version, findings.tiered = entry.version, Tiered(entry.tier)
    return Change(without=(Input(REMOVE_TRAIT, name=entry.name),))


def _values(job: Job) -> list[Input]:
    """Return the inputs that set a job's values, each held to its bounds."""
    known = {each.name: each for each in PARAMETERS}
    given = []
    for name, value in sorted(job.params.items()):
        if name not in known:
            raise Halted("validation", PARAMS, f"the world has no parameter '{name[:64]}'")
        try:
            known[name].check(value)
        except Refused as refused:
            raise Halted("validation", PARAMS, refused.message) from refused
        given.append(Input(SET_PARAM, param=name, value=value))
    return given
