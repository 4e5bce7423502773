"""The prompt of `molt`: editing, history, Tab, and a line at the bottom that says how the world is.

Owns: the prompt's looks and keys, its history file, asking for the bottom line. Does not own: one
command (`cli.py`, given as a function), what Tab offers (`completion.py`). Imported only when
somebody sits at a terminal: prompt_toolkit takes longer to import than all the rest together.
"""

import os
import shlex
import stat
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.utils import is_dumb_terminal

from Kernel.console.batch import LINE_MAX, Runner, run_line
from Kernel.console.client import ask
from Kernel.console.completion import suggest
from Kernel.console.screen import VERSION
from Kernel.console.session import Session
from Kernel.console.values import count, fields_of, rows_of, span, whole, word
from Kernel.contract.errors import MoltError

PROMPT: Final = "molt> "
LEAVE: Final = ("exit", "quit")
HISTORY_FILE: Final = Path("run", "molt_history")
HISTORY_BYTES_MAX: Final = 256 * 1024
LOOK_S: Final = 1.0
"""How often the bottom line is asked for, at most."""
ANSWER_S: Final = 0.5
ENTRIES_MAX: Final = 10_000
"""Of a folder so many are looked at for Tab."""
EXIT_INTERRUPTED: Final = 130


def converse(root: click.Group, session: Session, run: Runner) -> int:
    """Read commands at the terminal until Ctrl-D and return 0.

    Args:
        session: home and form that hold for lines which say none.
        run: runs one command.
    """
    click.echo(header(session))
    bottom = BottomLine(session.home)
    read = _plain_reader() if is_dumb_terminal() else _reader(root, session, bottom)
    while True:
        bottom.start()
        try:
            line = read()
        except KeyboardInterrupt:
            click.echo()
            continue  # Ctrl-C clears the line.
        except EOFError:
            return 0
        finally:
            bottom.stop()
        if line.strip() in LEAVE:
            return 0
        if run_line(root, session, run, line) == EXIT_INTERRUPTED:
            click.echo()  # the terminal shows ^C where the cursor stood
        sys.stdout.flush()


def _reader(root: click.Group, session: Session, bottom: "BottomLine") -> Callable[[], str]:
    prompt: PromptSession[str] = PromptSession(
        PROMPT,
        history=open_history(session.home),
        completer=TableCompleter(root, session),
        complete_while_typing=False,
        complete_in_thread=True,
        bottom_toolbar=bottom.text,
        refresh_interval=LOOK_S,
        enable_open_in_editor=False,
    )
    return prompt.prompt


def _plain_reader() -> Callable[[], str]:
    """Return what reads a line where the cursor cannot be moved.

    prompt_toolkit has a prompt for such terminals, which Ctrl-D does not leave (3.0.53).
    """
    return lambda: input(PROMPT)


def header(session: Session) -> str:
    """Return the line that greets: which kernel, or that there is none."""
    keys = "help, Tab, Ctrl-D to leave"
    try:
        status = ask(session.home, "status", {}, ANSWER_S, connect_s=ANSWER_S).result
    except MoltError:
        start = session.pasteable("python manifest.py")
        return f"molt {VERSION} · no kernel, start one: {start}\n{keys}"
    kernel = fields_of(status, "kernel")
    up = span(kernel.get("uptime_s"))
    return f"molt {VERSION} · kernel {word(kernel, 'pid')} up {up} · {keys}"


def bottom_text(status: Mapping[str, object] | None) -> str:
    """Return the bottom line of a status; None: no kernel answered."""
    if status is None:
        return "○ no kernel"
    kernel, world = fields_of(status, "kernel"), fields_of(status, "world")
    facts = []
    if kernel.get("safe_mode") is True:
        facts.append("✕ safe mode")
    faults = rows_of(status, "degraded")
    if faults:
        facts.append(f"▲ degraded: {', '.join(word(fault, 'what') for fault in faults)[:40]}")
    if not facts:
        facts.append(f"● {word(kernel, 'state')}")
    if world:
        facts.append(f"tick {whole(world, 'tick')}{' paused' if world.get('paused') else ''}")
        facts.append(count(world, "population", "molbot"))
    return " · ".join(facts)


class BottomLine:
    """Asks for the bottom line beside the prompt, so that typing never waits for a kernel."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._text = ""
        self._stopped = threading.Event()

    def text(self) -> str:
        """Return the newest line there is; asks nobody."""
        return self._text

    def start(self) -> None:
        """Begin to look, once every LOOK_S; a command line that is running needs no bottom line."""
        self._stopped = threading.Event()  # a thread that still asks must not go on with it
        threading.Thread(target=self._look_on, args=(self._stopped,), daemon=True).start()

    def stop(self) -> None:
        """Look no more. Does not wait for an answer that is under way."""
        self._stopped.set()

    def look(self) -> None:
        """Ask once."""
        try:
            answer = ask(self._home, "status", {}, ANSWER_S, connect_s=ANSWER_S)
            self._text = bottom_text(answer.result)
        except (MoltError, OSError):
            self._text = bottom_text(None)

    def _look_on(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            self.look()
            stopped.wait(LOOK_S)


class TableCompleter(Completer):
    """Tab at the prompt: the very suggestions a shell gets."""

    def __init__(self, root: click.Group, session: Session) -> None:
        self._root = root
        self._session = session

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yield what the word at the cursor may become."""
        words, typed = words_before(document.text_before_cursor)
        items = suggest(self._root, self._session, words, typed)
        for kind in dict.fromkeys(item.type for item in items if item.type != "plain"):
            yield from _paths(typed, folders_only=kind == "dir")
        plain = [item for item in items if item.type == "plain"]
        for item in plain:
            # A word that can become nothing else is whole; FIELD= still wants its value.
            whole = len(plain) == 1 and not item.value.endswith("=")
            yield Completion(
                item.value + " " * whole,
                start_position=-len(typed),
                display=item.value,
                display_meta=item.help or "",
            )


def _paths(typed: str, folders_only: bool) -> Iterator[Completion]:
    """Yield the files and folders a half-written path may become; hidden ones when asked for."""
    folder, slash, begun = typed.rpartition("/")
    try:
        with os.scandir(os.path.expanduser(folder + slash) or ".") as found:
            near = [each for each in islice(found, ENTRIES_MAX) if each.name.startswith(begun)]
            rows = sorted((each.name, each.is_dir()) for each in near)
    except (OSError, ValueError):
        return
    for name, is_folder in rows:
        if (name.startswith(".") and not begun) or (folders_only and not is_folder):
            continue
        word = shlex.quote(name) if not folder + slash else folder + slash + shlex.quote(name)
        end = "/" if is_folder else " " if len(rows) == 1 else ""
        yield Completion(word + end, start_position=-len(typed), display=name + "/" * is_folder)


def words_before(text: str) -> tuple[list[str], str]:
    """Return the whole words of a half-written line and the one that is being typed."""
    words = click.shell_completion.split_arg_string(text[-LINE_MAX:])
    typed = words.pop() if words and not text[-1:].isspace() else ""
    return (words[1:] if words[:1] == ["molt"] else words), typed


def open_history(home: Path) -> History:
    """Return the history of this home, mode 0600; kept in memory only where it cannot be written.

    The oldest lines go when it has grown above HISTORY_BYTES_MAX.
    """
    path = home / HISTORY_FILE
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        fd = os.open(path, flags, 0o600)
    except OSError:
        return InMemoryHistory()
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            return InMemoryHistory()
        os.fchmod(fd, 0o600)
        if found.st_size > HISTORY_BYTES_MAX:
            _cut_history(fd, found.st_size)
    except OSError:
        return InMemoryHistory()
    finally:
        os.close(fd)
    return _QuietHistory(str(path))


def _cut_history(fd: int, size: int) -> None:
    """Keep the newer half, from the beginning of an entry on."""
    newer = os.pread(fd, HISTORY_BYTES_MAX // 2, size - HISTORY_BYTES_MAX // 2)
    _, mark, kept = newer.partition(b"\n\n# ")
    os.ftruncate(fd, 0)
    os.pwrite(fd, (mark + kept).lstrip(b"\n"), 0)


class _QuietHistory(FileHistory):
    """A history whose file may go bad meanwhile: a full disk must not end the prompt."""

    def store_string(self, string: str) -> None:
        try:
            super().store_string(string)
        except OSError:
            pass  # it is still in memory, for this prompt
