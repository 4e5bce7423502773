"""Ask the kernel with nothing but the standard library, when all else is broken.

    python fallback/console_client.py [--home DIR] COMMAND [KEY=VALUE]...
    python fallback/console_client.py help words=drill

Owns: one request and its answer, or the lines of it, over the console socket. Does not own: what
commands there are; `help` asks the kernel. Imports nothing of ours, so that a broken checkout does
not stop it: the wire is written down a second time here, and a test holds the two together.
"""

import json
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

EXIT_USAGE = 2
EXIT_NO_KERNEL = 69
EXIT_INTERRUPTED = 130
PATIENCE_S = 3600.0
"""A day-long `wait` needs the real client; one answer is waited for no longer than this."""
REPLY_BYTES_MAX = 320 * 1024


def main(argv: list[str] | None = None, out: TextIO = sys.stdout, err: TextIO = sys.stderr) -> int:
    """Send one request, print the answer as JSON, and return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    home = Path(__file__).resolve().parents[1]
    given = ""
    if words[:1] == ["--home"] and len(words) > 1:
        home = Path(words[1]).absolute()
        given = f" --home {shlex.quote(words[1])}"
        words = words[2:]
    code = 0
    if not words or words[0].startswith("-"):
        print("cannot ask: no command\nhint: console_client.py help", file=err)
        return EXIT_USAGE
    try:
        args = parse_args(words[1:])
        for reply in ask(home, words[0], args):
            code = show(reply, out, err, given)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except ValueError as error:
        print(error, file=err)
        return EXIT_USAGE
    except OSError as error:
        print(f"cannot get an answer at {home}/run/console.sock: {error}", file=err)
        print(f"hint: python manifest.py{given}", file=err)
        return EXIT_NO_KERNEL
    return code


def parse_args(words: list[str]) -> dict[str, object]:
    """Return the arguments of KEY=VALUE words; a value that is JSON is taken as such.

    Raises:
        ValueError: a word has no "=".
    """
    args: dict[str, object] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not key or not equals:
            raise ValueError(f"cannot read {word!r}: write KEY=VALUE, as in at_tick=500")
        try:
            args[key] = json.loads(text)
        except ValueError:
            args[key] = text
    return args


def ask(home: Path, command: str, args: dict[str, object]) -> Iterator[dict[str, object]]:
    """Yield the kernel's answer; one that is a row of lines ("more") line by line.

    Raises:
        OSError: nobody listens, or the answer did not come.
    """
    dir_fd = os.open(home / "run", os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            # By descriptor: a Unix path ends at 108 bytes.
            peer.connect(f"/proc/self/fd/{dir_fd}/console.sock")
            peer.settimeout(PATIENCE_S)
            peer.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")
            rest = b""
            more = True
            while more:
                while b"\n" not in rest:
                    data = peer.recv(REPLY_BYTES_MAX)
                    if not data or len(rest) > REPLY_BYTES_MAX:
                        raise ConnectionError("the kernel hung up before its answer was whole")
                    rest += data
                line, _, rest = rest.partition(b"\n")
                reply = _parse(line)
                more = reply.get("more") is True
                yield reply
    finally:
        os.close(dir_fd)


def _parse(line: bytes) -> dict[str, object]:
    try:
        reply = json.loads(line)
    except ValueError as error:
        raise ConnectionError("the answer is not JSON") from error
    return reply if isinstance(reply, dict) else {"ok": False}


def show(reply: dict[str, object], out: TextIO, err: TextIO, given: str = "") -> int:
    """Print a result on `out`, or an error on `err`; return the exit code.

    Args:
        given: goes into a hint after `molt`, so that it can be pasted: " --home DIR", or "".
    """
    result, error = reply.get("result"), reply.get("error")
    if reply.get("ok") is True:
        indent = None if reply.get("more") is True else 2
        print(json.dumps(result, indent=indent), file=out, flush=True)
        return 0
    fields = error if isinstance(error, dict) else {}
    print(printable(fields.get("message", "cannot say why")), file=err)
    if fields.get("hint"):
        hint = printable(fields["hint"])
        if hint.startswith("molt ") and not hint.startswith("molt help"):
            hint = f"molt{given}{hint.removeprefix('molt')}"
        print(f"hint: {hint}", file=err)
    code = fields.get("code")
    return code if isinstance(code, int) and 0 < code < 256 else 1


def printable(text: object) -> str:
    """Return text that cannot steer the terminal."""
    return "".join(character if character.isprintable() else "?" for character in str(text))


if __name__ == "__main__":
    sys.exit(main())
