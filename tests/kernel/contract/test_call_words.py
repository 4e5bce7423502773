"""The end of a call in words: as Python writes a traceback."""

from Kernel.contract.call_words import HEAD, reason, traceback_text

ERROR = {
    "type": "ValueError",
    "message": "no",
    "line": 3,
    "frames": [["a.py", 9, "<module>", "f()"], ["", 0, "(7 more)", ""], ["b.py", 3, "f", ""]],
}


def test_a_traceback_reads_as_one_of_python():
    """Lines that the process had not got are read where the files are."""
    text = traceback_text(ERROR, lambda file, line: f"  line {line} of {file}\n")
    assert text.splitlines() == [
        HEAD,
        '  File "a.py", line 9, in <module>',
        "    f()",
        "  (7 more)",
        '  File "b.py", line 3, in f',
        "    line 3 of b.py",
        "ValueError: no",
    ]


def test_what_has_no_frames_is_its_reason():
    """A process that died, a message that is empty."""
    assert traceback_text({**ERROR, "frames": []}) == "ValueError: no"
    assert reason({"type": "KeyboardInterrupt", "message": ""}) == "KeyboardInterrupt"
