import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.reporting import arguments, foreground, sync
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
        summary, gaps = _summary(ended), [run for run in ended if run.state == SyncRun.State.FAILED]
        if json:
            self.stdout.write(_as_json(ended, gaps))
        if gaps:
            raise CommandError(summary)
        return "" if json else summary


def _summary(runs: list[SyncRun]) -> str:
    failed = sum(run.state == SyncRun.State.FAILED for run in runs)
    rows, calls = sum(run.rows for run in runs), sum(run.calls for run in runs)
    done = f"{len(runs) - failed} of {len(runs)} ad accounts synced: {rows} rows in {calls} calls."
    return done if not failed else f"{done} {failed} failed; the lines above say why."


def _as_json(runs: list[SyncRun], gaps: list[SyncRun]) -> str:
    return json.dumps(
        {
            "runs": [_run(run) for run in runs],
            "rows": sum(run.rows for run in runs),
            "calls": sum(run.calls for run in runs),
            "gaps": [_run(run) for run in gaps],
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
        "breakdowns": run.breakdowns,
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
