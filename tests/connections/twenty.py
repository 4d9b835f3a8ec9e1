"""A program of its own: does the same command in so many processes that begin together. Prints what each printed.

python -m tests.connections.twenty 2026-11-23T10:00:00+00:00 20 refresh_tokens --json

They live at the moment that is given, like the test that starts them.
"""

import io
import os
import sys
from datetime import datetime

import django
import time_machine
from django.core.management import CommandError, call_command


def main() -> int:
    django.setup()
    moment, number, *words = sys.argv[1:]
    hold, go = os.pipe()
    with time_machine.travel(datetime.fromisoformat(moment)):
        children = [_begin(hold, go, words) for _ in range(int(number))]
    os.close(hold)
    os.close(go)  # nobody can write any more: all of them read the end, and start
    return sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)


def _begin(hold: int, go: int, words: list[str]) -> int:
    """A child with an own session at the database: nothing was opened before it was born."""
    child = os.fork()
    if child:
        return child
    os.close(go)
    os.read(hold, 1)
    told = io.StringIO()
    try:
        call_command(*words, stdout=told)
    except CommandError as error:
        told.write(f"{error}\n")
    os.write(1, told.getvalue().encode())  # one write: lines of two processes do not mix
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
