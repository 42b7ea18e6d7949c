"""``expire STUDY``: delete the data of those whose retention period (``retention_days``) is over."""

from __future__ import annotations

import argparse

from listening_tests import life, withdrawal
from listening_tests.clock import now
from listening_tests.store import Store
from ser_core.cli import Command


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the study's folder, or its id (its folder may be broken or gone)")
    parser.add_argument("--dry-run", action="store_true", help="only say whose data would be deleted")


def _run(options: argparse.Namespace) -> None:
    store = Store()
    study = store.current(life.named(store.engine, options.study))
    dues = withdrawal.dues(store.engine, study)
    over = [due for due in dues if due.due_at <= now()]
    for due in over:
        print(f"{due.participant}  last active {due.last_at[:10]}, due {due.due_at[:10]}")
    if not dues:
        print(f"Nothing of '{study.id}' has a date: it sets no 'retention_days:', or nobody has begun.")
    elif not options.dry_run:
        print(f"Deleted everything of {len(store.expire(study))} participants.")
    else:
        print(f"{len(over)} participants are due; nothing was deleted.")
    if waiting := [due for due in dues if due.due_at > now()]:
        print(f"The next of {len(waiting)} others is due on {waiting[0].due_at[:10]}.")


COMMAND = Command("delete the data of participants whose retention period is over", _arguments, _run)
