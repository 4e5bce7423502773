"""The whole kernel on a machine that exists on paper, run from one seed.

The real keepers, console handlers and bus run in one thread on a clock, processes, eventfds, a
disk and sockets of ours. Faults are injected within stated limits; every step is checked for
safety; then the faults stop and recovery is demanded. Model: TigerBeetle's VOPR (`src/vopr.zig`).
`python -m tests.sim --seed 7 --hours 24`.
"""
