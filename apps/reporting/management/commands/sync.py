import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.connections.models import AdAccount
from apps.reporting import arguments, foreground, ledger, sets, sync
from apps.reporting.ledger import Stretch
from apps.reporting.models import Level, SyncRun


class Command(BaseCommand):
    help = (
        "Fetch numbers from Meta now, in the foreground: waits where Meta asks to, ends when everything is stored "
        "or its gap is named. Exit code 1 when gaps remain."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_accounts(parser)
        arguments.add_days(parser, required=False)
        arguments.add_breakdowns(parser, many=True)
        parser.add_argument(
            "--level",
            nargs="+",
            action="extend",
            choices=Level.values,
            default=[],
            help="default: account, campaign",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")

    def handle(
        self,
        *,
        account: list[str],
        since: date | None,
        until: date | None,
        level: list[str],
        breakdown: list[str],
        json: bool,
        **options: Any,
    ) -> str:
        arguments.check_window(since, until)
        _check_breakdowns(breakdown, since)
        accounts = arguments.accounts(account)
        if not accounts:
            raise CommandError("There are no ad accounts yet. Connect a token first: manage.py connect NAME.")
        runs = sync.request(
            accounts,
            SyncRun.Reason.COMMAND,
            since=since,
            until=until,
            levels=arguments.levels(level),
            breakdowns=list(dict.fromkeys(breakdown)),
        )
        ended = foreground.work_off(runs, tell=lambda text: None if json else self.stderr.write(text))
        gaps = _gaps(ended)
        if json:
            self.stdout.write(_as_json(ended, gaps))
        else:
            for gap in gaps:
                self.stderr.write(f"Gap: {gap.sentence}")
        if gaps or any(run.state == SyncRun.State.FAILED for run in ended):
            raise CommandError(_summary(ended, gaps))
        return "" if json else _summary(ended, gaps)


def _check_breakdowns(breakdowns: list[str], since: date | None) -> None:
    today = timezone.now().date()
    for breakdown in breakdowns:
        if refusal := sets.refusal(breakdown, since, today):
            raise CommandError(f"--breakdown {breakdown}: {refusal}")


def _gaps(runs: list[SyncRun]) -> list[Stretch]:
    """What is still not there of everything that was asked for."""
    gaps: list[Stretch] = []
    for run in runs:
        asked = [sets.of(window.level, window.breakdown) for window in sync.windows(run)]
        account: AdAccount = run.account
        gaps += ledger.gaps([account], run.since, run.until, {account.pk: asked}, strict=True)
    return gaps


def _summary(runs: list[SyncRun], gaps: list[Stretch]) -> str:
    failed = sum(run.state == SyncRun.State.FAILED for run in runs)
    rows, calls = sum(run.rows for run in runs), sum(run.calls for run in runs)
    done = f"{len(runs) - failed} of {len(runs)} ad accounts synced: {rows} rows in {calls} calls."
    if failed:
        return f"{done} {failed} failed; the lines above say why."
    return done if not gaps else f"{done} {len(gaps)} gaps remain; the lines above name them."


def _as_json(runs: list[SyncRun], gaps: list[Stretch]) -> str:
    return json.dumps(
        {
            "runs": [_run(run) for run in runs],
            "rows": sum(run.rows for run in runs),
            "calls": sum(run.calls for run in runs),
            "gaps": [gap.as_json() for gap in gaps],
        },
        ensure_ascii=False,
    )


def _run(run: SyncRun) -> dict[str, Any]:
    return {
        "id": run.pk,
        "account": run.account.act_id,
        "since": run.since.isoformat(),
        "until": run.until.isoformat(),
        "levels": run.levels,
        "breakdowns": [breakdown for breakdown in run.breakdowns if breakdown],
        "attempts": run.attempt,
        "state": run.state,
        "rows": run.rows,
        "added": run.added,
        "changed": run.changed,
        "removed": run.removed,
        "calls": run.calls,
        "error": run.error,
        "code": run.error_code,
        "subcode": run.error_subcode,
        "fbtrace_id": run.fbtrace_id,
    }
