"""The command line of both packages: each file of ``<package>/commands/`` is one command.

A command's exit status is 0 when it did its work, 2 when the input is bad (every problem is printed, with file and line),
1 when the fault is ours (a traceback follows), 3 when an experiment was run and some of its models diverged.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from ser_core.errors import BadInput
from ser_core.registry import defined, discover


@dataclass(frozen=True)
class Command:
    """One verb: a line of help, its arguments, and what it does with them.

    ``run`` returns an exit status, or None for 0.
    """

    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int | None]


def main(package: str, argv: Sequence[str] | None = None) -> int:
    """Run ``python -m <package> VERB ...`` and return its exit status."""
    words = sys.argv[1:] if argv is None else list(argv)
    commands: dict[str, Command] = _commands(f"{package}.commands", words)
    parser = argparse.ArgumentParser(prog=f"python -m {package}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, command in commands.items():
        spoken = name.replace("_", "-")
        verb = verbs.add_parser(spoken, help=command.help, description=command.help)
        command.arguments(verb)
        verb.set_defaults(run=command.run)
    try:
        options = parser.parse_args(words)
        return options.run(options) or 0
    except BadInput as bad:
        for problem in bad.problems:
            print(problem, file=sys.stderr)
        print(f"{several(len(bad.problems), 'problem')}; nothing was done.", file=sys.stderr)
        return 2


def _commands(package: str, words: Sequence[str]) -> dict[str, Command]:
    """The one that is called, without what only the others import; all of them for who calls none."""
    called = words[0].replace("-", "_") if words else ""
    if called.isidentifier() and not called.startswith("_") and find_spec(f"{package}.{called}"):
        return {called: defined(f"{package}.{called}", "COMMAND")}
    return discover(package, "COMMAND")


def several(number: int, noun: str) -> str:
    """A number with its noun, in the singular or with an s.

    >>> several(1, "rating"), several(12, "rating")
    ('1 rating', '12 ratings')
    """
    return f"{number} {noun}{'s' if number != 1 else ''}"


def add_seed(parser: argparse.ArgumentParser, *, help: str, default: int | None = None) -> None:
    """``--seed``, a whole number from 0 on as every generator takes it; without ``default`` it must be given."""
    parser.add_argument("--seed", type=_seed, default=default, required=default is None, metavar="S", help=help)


def _seed(text: str) -> int:
    seed = int(text)  # what is no whole number is refused by argparse
    if seed < 0:
        raise BadInput(f"--seed must be 0 or more, not {seed}.")
    return seed
