"""What is printed is kept in order, up to a limit, and what is dropped is counted."""

import sys

from zones.runtime.printed import Printed


def test_what_is_printed_is_kept_in_order():
    """Text and bytes, as programs write them."""
    printed = Printed(1000)
    print("one", 2, file=printed.stream)
    printed.stream.buffer.write(b"three\n")
    printed.stream.write("vier: \u00e9\n")
    assert printed.text() == "one 2\nthree\nvier: \u00e9\n"
    assert printed.dropped_bytes == 0


def test_more_than_the_limit_is_counted_and_not_kept():
    """The beginning stays; memory does not grow."""
    printed = Printed(10)
    for _ in range(1000):
        printed.stream.write("0123456789")
    assert printed.text() == "0123456789"
    assert printed.dropped_bytes == 9990
    assert sys.getsizeof(printed.text()) < 200


def test_what_is_no_text_can_be_printed_all_the_same():
    """Half characters and foreign bytes, also where the limit cuts one in two."""
    printed = Printed(1000)
    printed.stream.write("\ud800")
    printed.stream.buffer.write(b"\xff")
    assert printed.text() == "\\ud800\ufffd"
    short = Printed(1)
    short.stream.write("\u20ac")
    assert short.text() == "\ufffd"
