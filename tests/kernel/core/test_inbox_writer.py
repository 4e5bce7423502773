"""The kernel's end of an inbox: numbers, limits, inputs for later, what a death leaves."""

import os
from pathlib import Path

import pytest

from Kernel.contract.arena import INBOX_WINDOW, Header, State
from Kernel.contract.errors import Refused
from Kernel.contract.inputs import PAUSE, RESUME, SET_PARAM, Input, decode_input
from Kernel.contract.rings import append, read
from Kernel.core.inbox_writer import LATER_MAX, InboxWriter
from tests.support.arena_stage import Stage
from tests.support.fakes import FakeMachine


@pytest.fixture
def stage(machine: FakeMachine, folders: list[Path]) -> Stage:
    """Give a keeper at its beginning."""
    return Stage(machine, folders)


class TestInbox:
    ORDINARY = Input(SET_PARAM, param="friction", value=0.5)

    def fill(self, stage: Stage, posted: Input = ORDINARY) -> int:
        """Post inputs until one is refused; return how many went in."""
        for count in range(INBOX_WINDOW * 2):
            try:
                stage.keeper.inbox.post(posted)
            except Refused as error:
                assert error.message.startswith(f"cannot send {posted.kind} to stable")
                return count
        raise AssertionError("the inbox has no end")

    def test_inputs_are_numbered_and_readable(self, stage):
        """What is posted stands in the ring, in order, under the sequence that was returned."""
        stage.serve()
        posted = [Input(PAUSE, at_tick=9), Input(SET_PARAM, param="friction", value=0.5)]
        assert [stage.keeper.inbox.post(each).sequence for each in posted] == [0, 1]
        offset = 0
        for sequence, expected in enumerate(posted):
            entry = read(stage.words.inbox(), offset, stage.words.get(Header.INBOX_HEAD), sequence)
            assert decode_input(entry.payload) == expected
            offset = entry.next_offset
        assert stage.words.get(Header.INBOX_NEXT) == 2

    def test_a_quarter_of_the_window_is_kept_for_safety(self, stage):
        """Ordinary inputs fill three quarters; a pause still gets in, up to the whole window."""
        stage.serve()
        assert self.fill(stage) == INBOX_WINDOW * 3 // 4
        assert self.fill(stage, Input(PAUSE)) == INBOX_WINDOW // 4

    def test_a_quarter_of_the_ring_is_kept_for_safety(self, stage):
        """When bytes run out first, the last quarter of the ring still takes a pause."""
        stage.serve()
        inbox = stage.words.inbox()
        # One entry, larger than any input may be, leaves less than a quarter free.
        head = append(inbox, 0, 0, 0, bytes(len(inbox) // 2 - 64))
        head = append(inbox, head, 0, 1, bytes(len(inbox) // 4))
        stage.words.put(Header.INBOX_HEAD, head)
        stage.words.put(Header.INBOX_NEXT, 2)
        writer = InboxWriter("stable", stage.words, stage.keeper.arena.side, lambda: None)
        with pytest.raises(Refused, match="cannot append"):
            writer.post(self.ORDINARY)
        assert writer.post(Input(PAUSE)).sequence == 2

    def test_a_far_input_holds_up_nobody(self, stage):
        """Inputs for a late tick wait in the kernel; hundreds of others go past them."""
        stage.serve()
        inbox = stage.keeper.inbox
        late = inbox.post(Input(SET_PARAM, at_tick=10**6, param="friction", value=0.5))
        for _ in range(INBOX_WINDOW):
            ticket = inbox.post(self.ORDINARY)
            tick = stage.words.get(Header.COMMIT)
            stage.words.put_state(tick, State.INBOX_CURSOR, ticket.sequence + 1)
            stage.words.put_state(tick, State.INBOX_OFFSET, stage.words.get(Header.INBOX_HEAD))
        assert late.sequence is None
        stage.words.put(Header.COMMIT, 10**6 - 50)
        stage.words.put_state(10**6 - 50, State.TICK, 10**6 - 50)
        stage.keeper.inbox.send_later_ones()
        assert late.sequence == INBOX_WINDOW, "it is sent when its tick is near"

    def test_what_is_kept_for_later_has_a_limit(self, stage):
        """More inputs for later than the kernel keeps are refused in words."""
        stage.serve()
        for _ in range(LATER_MAX):
            stage.keeper.inbox.post(Input(PAUSE, at_tick=10**6))
        with pytest.raises(Refused, match=f"{LATER_MAX} inputs already wait"):
            stage.keeper.inbox.post(Input(PAUSE, at_tick=10**6))
        assert stage.keeper.inbox.post(Input(PAUSE)).sequence == 0, "a pause always gets through"

    def test_torn_words_of_a_dead_kernel_lose_nothing(self, stage):
        """A kernel that died between its two words: the next finds the end from the entries."""
        stage.serve()
        stage.keeper.inbox.post(self.ORDINARY)
        end = stage.words.get(Header.INBOX_HEAD)
        stage.words.put(Header.INBOX_HEAD, end + 64)  # the second input's head, not its number
        writer = InboxWriter("stable", stage.words, stage.keeper.arena.side, lambda: None)
        assert stage.words.get(Header.INBOX_HEAD) == end
        assert writer.post(self.ORDINARY).sequence == 1
        assert read(stage.words.inbox(), end, stage.words.get(Header.INBOX_HEAD), 1)

    def test_a_full_outbox_refuses_all_but_safety(self, stage):
        """When the archive is far behind, changes are refused with the reason; a pause is not."""
        stage.serve()
        told = len(stage.words.outbox()) * 3 // 4
        stage.words.put_state(stage.words.get(Header.COMMIT), State.OUTBOX_HEAD, told)
        with pytest.raises(Refused, match="archive is behind"):
            stage.keeper.inbox.post(self.ORDINARY)
        assert stage.keeper.inbox.post(Input(PAUSE)).sequence == 0

    def test_words_a_zone_has_spoilt_do_not_end_the_kernel(self, stage):
        """What the world wrote is hostile: the kernel's own count goes on."""
        stage.serve()
        stage.words.put(Header.INBOX_NEXT, 2**64 - 1)
        stage.words.put_state(stage.words.get(Header.COMMIT), State.INBOX_CURSOR, 2**64 - 1)
        assert stage.keeper.inbox.post(Input(PAUSE)).sequence == 0

    def test_applied_inputs_make_room(self, stage):
        """The window follows the cursor of the committed tick."""
        stage.serve()
        count = self.fill(stage)
        tick = stage.words.get(Header.COMMIT)
        stage.words.put_state(tick, State.INBOX_CURSOR, count)
        stage.words.put_state(tick, State.INBOX_OFFSET, stage.words.get(Header.INBOX_HEAD))
        assert self.fill(stage) == INBOX_WINDOW * 3 // 4

    def test_an_input_rings_the_door(self, stage):
        """A paused world sleeps at its door: posting wakes it."""
        active, _ = stage.serve()
        serial = stage.keeper.berth_of(active).serial
        door = stage.machine.zygote.descriptors[serial]["door"]
        try:
            os.eventfd_read(door)
        except BlockingIOError:
            pass
        stage.keeper.inbox.post(Input(RESUME))
        assert os.eventfd_read(door) == 1
