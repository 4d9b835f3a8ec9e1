"""Another server that speaks Graph, small and stubborn: it pages as it likes and knows names in any script.

It shares nothing with the sandbox or the client, so that what the product makes of it is judged by a third party.
"""

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

APP_ID, APP_SECRET, TOKEN = "987654321098765", "another-app-secret", "EAAothertoken1234567890"


class OtherGraph:
    """`pages(edge)` gives the sizes of its pages in order; the last one goes on for ever. 0 is an empty page."""

    def __init__(self, page_sizes=(2, 0, 3)):
        self.page_sizes = list(page_sizes)
        self.accounts = [
            {"id": "act_11", "account_id": "11", "name": "Çağrı Ltd – العربية", "account_status": 1,
             "currency": "EUR", "timezone_name": "Europe/Istanbul"},
            {"id": "act_12", "account_id": "12", "name": "売上 東京 🎌", "account_status": 1,
             "currency": "JPY", "timezone_name": "Asia/Tokyo"},
            {"id": "act_13", "account_id": "13", "name": "Ünïcødé \"quotes\" \\ back\tslash", "account_status": 1,
             "currency": "USD", "timezone_name": "America/New_York"},
        ]  # fmt: skip
        self.campaigns = {}
        self.insights = {}
        self.token = {"app_id": APP_ID, "type": "SYSTEM_USER", "application": "Other", "is_valid": True,
                      "issued_at": 1788608891, "expires_at": 0, "data_access_expires_at": 0,
                      "scopes": ["ads_read", "business_management"], "user_id": "5"}  # fmt: skip
        self.requests = []
        self.answer = None  # (status, content type, bytes) for every request, or a function of the path
        handler = type("Handler", (_Handler,), {"graph": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def add_campaign(self, account, campaign_id, name, days):
        """`days`: ISO day to (impressions, clicks, spend text, actions)."""
        self.campaigns.setdefault(account, []).append(
            {"id": campaign_id, "name": name, "status": "ACTIVE", "effective_status": "ACTIVE",
             "objective": "OUTCOME_SALES", "daily_budget": "5000"}
        )  # fmt: skip
        for day, (impressions, clicks, spend, actions) in days.items():
            self.insights.setdefault(account, []).append(
                {"account_id": account, "campaign_id": campaign_id, "campaign_name": name,
                 "impressions": str(impressions), "clicks": str(clicks), "spend": spend,
                 "reach": str(impressions // 2), "actions": actions, "date_start": day, "date_stop": day}
            )  # fmt: skip

    def handle(self, path, query, headers):
        proof = hmac.new(APP_SECRET.encode(), b"", hashlib.sha256)
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        proof.update(token.encode())
        if "access_token" in query:
            return 400, _error("Tokens in addresses are not welcome here", 1)
        if query.get("appsecret_proof") != proof.hexdigest():
            return 400, _error("Invalid appsecret_proof provided in the API argument", 100)
        version, _, edge = path.strip("/").partition("/")
        if version != "v26.0":
            return 400, _error("Unknown version", 2635)
        if edge == "debug_token":
            return 200, {"data": self.token}
        if token != TOKEN:
            return 401, _error("Invalid OAuth access token - Cannot parse access token", 190)
        if edge == "me":
            return 200, {"id": "5", "name": "Отчёты"}
        if edge == "me/adaccounts":
            return 200, self.page(self.accounts, query, edge)
        node, _, kind = edge.partition("/")
        account = node.removeprefix("act_")
        if kind == "campaigns":
            return 200, self.page(self.campaigns.get(account, []), query, edge)
        if kind == "insights":
            return 200, self.page(self.report(account, query), query, edge)
        return 400, _error(f"Unknown path components: /{kind}", 2500)

    def report(self, account, query):
        window = json.loads(query["time_range"])
        assert query["time_increment"] == "1"
        rows = [
            r for r in self.insights.get(account, []) if window["since"] <= r["date_start"] <= window["until"]
        ]
        if query["level"] == "campaign":
            return rows
        assert query["level"] == "account"
        together = {}
        for row in rows:
            total = together.setdefault(
                row["date_start"], {"account_id": account, "impressions": 0, "clicks": 0, "cents": 0}
            )
            total["impressions"] += int(row["impressions"])
            total["clicks"] += int(row["clicks"])
            total["cents"] += round(float(row["spend"]) * 100)
        return [
            {"account_id": account, "impressions": str(t["impressions"]), "clicks": str(t["clicks"]),
             "spend": f"{t['cents'] / 100:.2f}", "date_start": day, "date_stop": day}
            for day, t in together.items()
        ]  # fmt: skip

    def page(self, rows, query, edge):
        position, number = (int(part) for part in query.get("after", "0-0").split("-"))
        size = self.page_sizes[min(number, len(self.page_sizes) - 1)]
        size = min(size, int(query.get("limit", 25)))
        until = position + size
        answer = {"data": rows[position:until]}
        cursor = f"{until}-{number + 1}"
        # Cursors stand on the last page too: only `next` says whether there is more.
        answer["paging"] = {"cursors": {"before": f"{position}-{number}", "after": cursor}}
        if until < len(rows):
            answer["paging"]["next"] = f"http://elsewhere.invalid/{edge}?access_token=leaked&after={cursor}"
        return answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per answer

    def do_GET(self):
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.graph.requests.append((parts.path, query))
        if self.graph.answer:
            status, kind, body = self.graph.answer
        else:
            status, value = self.graph.handle(parts.path, query, self.headers)
            kind, body = "application/json; charset=UTF-8", json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def _error(message, code):
    return {"error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Atrace"}}
