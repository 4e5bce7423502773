"""Ask the kernel with nothing but the standard library, when all else is broken.

    python fallback/console_client.py [--home DIR] COMMAND [KEY=VALUE]...
    python fallback/console_client.py help words=drill

Owns: one request and one answer over the console socket. Does not own: what commands there are;
`help` asks the kernel. Imports nothing of ours, so that a broken checkout does not stop it: the
wire is written down a second time here, and a test holds the two together.
"""

import json
import os
import shlex
import socket
import sys
from pathlib import Path
from typing import TextIO

EXIT_USAGE = 2
EXIT_NO_KERNEL = 69
PATIENCE_S = 3600.0
"""A day-long `wait` needs the real client; one answer is waited for no longer than this."""
REPLY_BYTES_MAX = 64 * 1024


def main(argv: list[str] | None = None, out: TextIO = sys.stdout, err: TextIO = sys.stderr) -> int:
    """Send one request, print the answer as JSON, and return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    home = Path(__file__).resolve().parents[1]
    given = ""
    if words[:1] == ["--home"] and len(words) > 1:
        home = Path(words[1]).absolute()
        given = f" --home {shlex.quote(words[1])}"
        words = words[2:]
    if not words or words[0].startswith("-"):
        print("cannot ask: no command\nhint: console_client.py help", file=err)
        return EXIT_USAGE
    try:
        args = parse_args(words[1:])
        reply = ask(home, words[0], args)
    except ValueError as error:
        print(error, file=err)
        return EXIT_USAGE
    except OSError as error:
        print(f"cannot get an answer at {home}/run/console.sock: {error}", file=err)
        print(f"hint: python manifest.py{given}", file=err)
        return EXIT_NO_KERNEL
    return show(reply, out, err, given)


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


def ask(home: Path, command: str, args: dict[str, object]) -> dict[str, object]:
    """Return the kernel's answer.

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
            line = b""
            while not line.endswith(b"\n"):
                data = peer.recv(REPLY_BYTES_MAX)
                if not data or len(line) + len(data) > REPLY_BYTES_MAX:
                    raise ConnectionError("the kernel hung up before its answer was whole")
                line += data
    finally:
        os.close(dir_fd)
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
        print(json.dumps(result, indent=2), file=out)
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
