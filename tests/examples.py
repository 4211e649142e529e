"""One good request for every rpc of the contract, in the order in which they can be called.

A test compares the names with the descriptors, so an rpc without an example is found.
"""

import itertools
import time
import uuid
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.protocols import Fields, Protocol3
from tests.rpcs import Rpc, rpcs

RPCS = {rpc.name: rpc for rpc in rpcs()}
PASSWORD = "another long password"
INSTRUMENT = "TEST.XNAS"
PAIR = "EUR/USD.IDEALPRO"


def instrument(identifier: str, kind: str, base: str = "") -> Fields:
    return {
        "instrument": identifier,
        "displayName": "A test",
        "instrumentClass": f"INSTRUMENT_CLASS_{kind}",
        "currency": "USD",
        "baseCurrency": base,
        "pricePrecision": 2,
        "sizePrecision": 0,
        "priceIncrement": {"value": "0.01"},
        "sizeIncrement": {"value": "1"},
        "multiplier": {"value": "1"},
    }


@dataclass(slots=True)
class Session:
    """Calls through one protocol and remembers what later requests name."""

    protocol: Protocol3
    token: str
    principal: str = field(default_factory=lambda: f"p{uuid.uuid4().hex[:12]}")
    known: dict[str, str] = field(default_factory=dict)

    def call(self, name: str, fields: Fields) -> Fields:
        rpc: Rpc = RPCS[name]
        token = "" if rpc.permission == "PUBLIC" else self.token
        return self.protocol.call(rpc, fields, token)

    def remember(self, name: str, value: object) -> None:
        self.known[name] = str(value)


type Step = Callable[[Session], Fields]


def _now_ns() -> str:
    return str(time.time_ns())


_prices = itertools.count(100)


def auth(s: Session) -> None:
    s.call("TokenService/GetJwks", {})
    caller = s.call("TokenService/GetCaller", {})
    assert caller["principal"]["name"].startswith("principals/")
    made = s.call(
        "PrincipalService/CreatePrincipal",
        {
            "principalId": s.principal,
            "displayName": "Ada",
            "kind": "PRINCIPAL_KIND_PERSON",
            "roles": ["ROLE_VIEWER"],
            "accounts": ["*"],
            "password": PASSWORD,
        },
    )["principal"]
    assert s.call("PrincipalService/ListPrincipals", {"pageSize": 1})["principals"]
    update = {"name": made["name"], "etag": made["etag"], "displayName": "Ada L."}
    changed = s.call("PrincipalService/UpdatePrincipal", update)["principal"]
    assert changed["displayName"] == "Ada L."
    credential = {"password": {"principalId": s.principal, "password": PASSWORD}}
    pair = s.call("TokenService/IssueToken", credential)["tokens"]
    again = s.call("TokenService/RefreshToken", {"refreshToken": pair["refreshToken"]})["tokens"]
    s.protocol.call(RPCS["TokenService/RevokeToken"], {}, again["accessToken"])
    s.call("PrincipalService/DisablePrincipal", {"name": made["name"]})


def keys(s: Session) -> None:
    machine = {
        "principalId": f"m{s.principal}",
        "kind": "PRINCIPAL_KIND_MACHINE",
        "roles": ["ROLE_PUBLISHER"],
    }
    owner = s.call("PrincipalService/CreatePrincipal", machine)["principal"]["name"]
    made = s.call("ApiKeyService/CreateApiKey", {"principal": owner, "displayName": "a key"})
    assert s.call("TokenService/IssueToken", {"apiKey": made["secret"]})["tokens"]["accessToken"]
    assert s.call("ApiKeyService/ListApiKeys", {"principal": owner})["apiKeys"]
    rotated = s.call(
        "ApiKeyService/RotateApiKey", {"name": made["apiKey"]["name"], "overlapSeconds": 60}
    )
    revoked = s.call("ApiKeyService/RevokeApiKey", {"name": rotated["apiKey"]["name"]})
    assert revoked["apiKey"]["revokeTime"]


def audit(s: Session) -> None:
    found = s.call("AuditService/ListAuditEvents", {"pageSize": 5})["auditEvents"]
    assert found[0]["action"]
    cursor = str(int(found[0]["id"]) - 1)
    assert s.call("AuditService/WatchAuditEvents", {"cursor": cursor})["auditEvents"]
    assert "firstBrokenId" not in s.call("AuditService/VerifyAuditLog", {})
    assert s.call("AuditService/ExportAuditLog", {})["auditEvents"][0]["id"] == "1"


def marketdata(s: Session) -> None:
    s.call("InstrumentService/UpsertInstrument", {"instrument": instrument(INSTRUMENT, "EQUITY")})
    pair = instrument(PAIR, "CURRENCY_PAIR", base="EUR")
    s.call("InstrumentService/UpsertInstrument", {"instrument": pair})
    sectors: Fields = {"csv": f"instrument,sector\n{INSTRUMENT},Energy\n"}
    assert not s.call("InstrumentService/ImportSectors", sectors).get("problems")
    for name in (INSTRUMENT, PAIR):
        found = s.call("InstrumentService/GetInstrument", {"instrument": name})
        assert found["instrument"]["instrument"] == name
    assert s.call("InstrumentService/ListInstruments", {})["instruments"]
    assert s.call("InstrumentService/SearchInstruments", {"query": "test"})["instruments"]
    publish(s)
    for name, field_name in (("Quotes", "quotes"), ("Trades", "trades")):
        s.call(f"HistoryService/List{name}", {"instrument": INSTRUMENT, "pageSize": 10})[field_name]
    s.call("HistoryService/ListBars", {"interval": "1d", "instrument": INSTRUMENT})
    s.call("HistoryService/ListBars", {"interval": "1d", "instrument": PAIR})
    assert "holes" in s.call("HistoryService/ListHoles", {"topic": f"quotes/{INSTRUMENT}"})


def publish(s: Session) -> None:
    price = str(next(_prices) * 100)
    sizes: Fields = {"bidSize": ["1"], "askSize": ["1"]}
    scales: Fields = {"instrument": INSTRUMENT, "pricePrecision": 2, "sizePrecision": 0}
    columns: Fields = {**scales, "eventTimeNs": [_now_ns()]}
    request: Fields = {
        "quotes": [{**columns, "bidPrice": [price], "askPrice": [price], **sizes}],
        "trades": [
            {**columns, "price": [price], "size": ["5"], "aggressorSide": ["AGGRESSOR_SIDE_BUYER"]}
        ],
        "bars": [
            {
                "instrument": INSTRUMENT,
                "interval": "1d",
                "closeTimeNs": [_now_ns()],
                **{name: [100.0] for name in ("open", "high", "low", "close", "volume")},
            }
        ],
    }
    assert len(s.call("IngestService/Publish", request)["acknowledgements"]) == 3
    assert s.call("IngestService/PublishStream", request)["rows"] == "3"


def sources(s: Session) -> None:
    assert s.call("SourceService/ListSources", {})["sources"]
    name = {"name": "sources/replay"}
    s.call("SourceService/GetSource", name)
    started = s.call("SourceService/StartSource", {**name, "replay": {"dataset": "bundled"}})
    if started["importJob"]:
        s.remember("job", started["importJob"])
    s.call("SourceService/StopSource", name)
    backfill(s, {"name": "sources/fred", "series": {"series": ["GNPCA"]}})
    backfill(s, {"name": "sources/edgar", "filings": {"companies": ["AAPL"], "facts": True}})


def backfill(s: Session, request: Fields) -> None:
    """Read from a vendor, and wait for the job."""
    job = {"name": s.call("SourceService/BackfillSource", request)["job"]}
    deadline = time.monotonic() + 20
    while not (found := s.call("JobService/GetJob", dict(job))["job"]).get("endTime"):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    assert found["state"] == "JOB_STATE_SUCCEEDED", found


def observations(s: Session) -> None:
    series = s.call("ObservationService/ListSeries", {"query": "gross"})["series"]
    name = series[0]["name"]
    assert s.call("ObservationService/GetSeries", {"name": name})["series"] == series[0]
    range_: Fields = {"series": name, "startDate": {"year": 2020, "month": 1, "day": 1}}
    found = s.call("ObservationService/ListObservations", range_)["observations"]
    assert found["value"] == [18651.5, "NaN", 20182.491]


def filings(s: Session) -> None:
    found = s.call("FilingService/ListFilings", {"forms": ["10-K"]})["filings"]
    name = {"name": found[0]["name"]}
    assert s.call("FilingService/GetFiling", name)["filing"]["companyName"] == "Apple Inc."
    wanted = {"company": found[0]["company"], "taxonomy": "us-gaap"}
    assert s.call("FilingService/GetCompanyFacts", wanted)["facts"][0]["unit"] == "USD"


def system(s: Session) -> None:
    assert "version" in s.call("HealthService/GetSystemHealth", {})
    assert s.call("HealthService/ListComponents", {})["components"]
    assert s.call("HealthService/WatchSystemHealth", {})["components"]
    jobs = s.call("JobService/ListJobs", {"pageSize": 10})["jobs"]
    job = {"name": jobs[0]["name"]}
    for rpc in ("GetJob", "WatchJob", "CancelJob"):
        assert s.call(f"JobService/{rpc}", job)["job"]["name"] == job["name"]
    prefix = {"prefix": "grpc_server_handled"}
    assert s.call("MetricService/GetMetricSnapshot", prefix)["metrics"]
    assert s.call("MetricService/WatchMetricSnapshot", prefix)["metrics"]


def nodes(s: Session) -> None:
    account = f"ACC-{s.principal}"
    s.remember("account", account)
    registered = s.call(
        "NodeService/RegisterNode",
        {
            "nodeId": s.principal,
            "mode": "NODE_MODE_PAPER",
            "engineVersion": "1.231.0",
            "accounts": [
                {
                    "account": account,
                    "baseCurrency": "USD",
                    "openingBalances": [{"currency": "USD", "total": {"value": "1000"}}],
                }
            ],
            "strategies": ["S-1"],
        },
    )
    name = {"name": registered["node"]["name"]}
    s.call("NodeService/ReportNode", {**name, "health": {"dataConnected": True}})
    assert s.call("NodeService/ListNodes", {})["nodes"]
    s.call("NodeService/GetNode", name)
    sent = s.call("NodeService/SendCommand", {**name, "kind": "COMMAND_KIND_SAVE_STATE"})
    waiting = s.call("NodeService/WatchCommands", name)["commands"]
    assert [c["name"] for c in waiting] == [sent["command"]["name"]]


def trading(s: Session) -> None:
    account, strategy = s.known["account"], "S-1"
    order: Fields = {
        "clientOrderId": "O-1",
        "instrument": INSTRUMENT,
        "status": "ORDER_STATUS_ACCEPTED",
        "side": "ORDER_SIDE_BUY",
        "orderType": "ORDER_TYPE_MARKET",
        "quantity": {"value": "2"},
    }
    fill: Fields = {
        "tradeId": "T-1",
        "clientOrderId": "O-1",
        "instrument": INSTRUMENT,
        "side": "ORDER_SIDE_BUY",
        "quantity": {"value": "2"},
        "price": {"value": "100.25"},
        "fee": {"value": "1.50"},
        "feeCurrency": "USD",
    }
    common: Fields = {
        "eventTime": "2012-01-03T15:00:00Z",
        "account": account,
        "strategy": strategy,
    }
    events = [
        {**common, "eventId": f"{s.principal}-{n}", **what}
        for n, what in enumerate([{"order": order}, {"fill": fill}])
    ]
    record = {"node": f"nodes/{s.principal}", "events": events}
    assert s.call("TradingEventService/RecordEvents", record)["recordedCount"] == 2
    assert s.call("TradingEventService/RecordEvents", record)["duplicateCount"] == 2
    paid: Fields = {"kind": "CASH_FLOW_KIND_DEPOSIT", "amount": {"value": "5"}, "currency": "USD"}
    flow: Fields = {**common, "strategy": "", "eventId": f"{s.principal}-flow", "cashFlow": paid}
    adjusted = s.call("TradingEventService/RecordAdjustments", {"events": [flow]})
    assert adjusted["recordedCount"] == 1
    header = "record,time,account,strategy,instrument,client_order_id,side,quantity,status,"
    row = f"order,2012-01-03T16:00:00Z,{account},{strategy},{INSTRUMENT},O-2,buy,1,accepted,limit"
    imported: Fields = {"csv": f"{header}order_type\n{row}\n", "dryRun": True}
    assert s.call("TradingEventService/ImportTradingEvents", imported)["recordedCount"] == 1
    scope = {"account": account, "strategy": strategy}
    assert s.call("TradingEventService/ListOrders", dict(scope))["orders"]
    assert s.call("TradingEventService/ListFills", dict(scope))["fills"]
    topic = {"topic": f"fills/{account}/{strategy}"}
    assert s.call("TradingEventService/ListTopicRecords", topic)["records"]
    opened = s.call("TradingEventService/WatchTrading", dict(scope))
    cursor = {"epoch": opened["cursor"]["epoch"], "position": opened["newestPosition"]}
    again = s.call("TradingEventService/WatchTrading", {**scope, "cursor": cursor})
    assert again["cursor"] == cursor


def portfolio(s: Session) -> None:
    account = {"account": s.known["account"]}
    assert s.call("PortfolioService/GetPortfolio", dict(account))["portfolio"]["positions"]
    positions = s.call("PortfolioService/ListPositions", {**account, "openOnly": True})
    assert positions["positions"]["instrument"] == [INSTRUMENT]
    wanted = {"table": "PORTFOLIO_TABLE_CASH", "format": "PORTFOLIO_FORMAT_CSV"}
    cash = s.call("PortfolioService/ExportPortfolio", {**account, **wanted})
    assert cash["contentType"] == "text/csv; charset=utf-8"
    head = f"account,currency,amount\r\n{s.known['account']},USD,"
    assert b64decode(cash["data"]).decode().startswith(head)
    assert s.call("PortfolioService/ListAccounts", {"pageSize": 1000})["accounts"]
    assert s.call("PortfolioService/WatchPortfolio", dict(account))["snapshot"]
    assert s.call("PortfolioService/GetEquityCurve", dict(account))["currency"] == "USD"
    assert s.call("PortfolioService/GetDailyEquity", dict(account))["currency"] == "USD"


def aggregates(s: Session) -> None:
    by_day: Fields = {"account": s.known["account"], "interval": "AGGREGATE_INTERVAL_DAY"}
    assert s.call("AggregateService/ListAggregates", dict(by_day))["currency"] == "USD"
    counted = s.call("AggregateService/ListActivity", dict(by_day))["activity"]
    assert counted["instrument"] == [INSTRUMENT]


def reconciliation(s: Session) -> None:
    account = s.known["account"]
    csv = f"record,account,instrument,quantity\nposition,{account},{INSTRUMENT},3\n"
    view: Fields = {"statement": {"broker": "brokers/examples", "csv": csv}}
    told = s.call("ReconciliationService/Reconcile", {**view, "dryRun": True})
    assert (told["openedCount"], told["breaks"][0]["kind"]) == (1, "BREAK_KIND_QUANTITY")
    s.call("ReconciliationService/Reconcile", view)
    breaks = s.call("ReconciliationService/ListBreaks", {"account": account})["breaks"]
    name = {"name": next(b["name"] for b in breaks if b["source"] == "brokers/examples")}
    assert s.call("ReconciliationService/GetBreak", name)["found"]["logQuantity"]["value"] == "2"
    reason = {**name, "reason": "settles tomorrow"}
    resolved = s.call("ReconciliationService/ResolveBreak", reason)["resolved"]
    assert resolved["state"] == "BREAK_STATE_RESOLVED"


def stream(s: Session) -> None:
    subscription = {"topic": f"quotes/{INSTRUMENT}"}
    opened = s.call("StreamService/Watch", {"subscriptions": [subscription]})
    assert opened["controls"][0]["sessionOpened"]["sessionId"]
    assert s.call("StreamService/ListTopics", {"prefix": "quotes/"})["topics"]
    assert s.call("StreamService/GetSnapshot", {"topics": ["quotes/*"]})["events"]
    replay = {"topics": [f"quotes/{INSTRUMENT}"], "startTime": "2020-01-01T00:00:00Z"}
    played = s.call("StreamService/Replay", replay)
    assert played["controls"][1]["subscribed"]["topic"] == f"quotes/{INSTRUMENT}"
    s.call("ConnectionService/ListConnections", {})
    s.call("ConnectionService/GetConnectionStats", {})
    notice = {"severity": "NOTICE_SEVERITY_INFO", "text": "a test"}
    s.call("ConnectionService/BroadcastNotice", notice)


def analytics(s: Session) -> None:
    subjects: list[Fields] = [
        {"portfolio": {"account": s.known["account"], "strategy": "S-1"}},
        {"instrument": INSTRUMENT},
        {"returns": {"days": [1, 2, 3], "returns": [0.01, -0.02, 0.03]}},
    ]
    counts = []
    for subject in subjects:
        answer = s.call("PerformanceService/ComputePerformance", {"subject": subject})
        counts.append(int(answer["performance"]["count"]))
        assert answer["performance"]["metrics"][0]["name"] == "total_return"
    assert counts[2] == 3
    watched: Fields = {"portfolio": {"account": s.known["account"]}}
    now = s.call("PerformanceService/WatchPerformance", watched)
    assert now["performance"]["metrics"][0]["formula"]
    rolling: Fields = {
        "subject": subjects[2],
        "metrics": ["ROLLING_METRIC_VOLATILITY"],
        "window": 2,
    }
    assert s.call("PerformanceService/ComputeRolling", rolling)["columns"][0]["windows"] == "2"
    twice: Fields = {"subjects": [subjects[2], subjects[2]]}
    compared = s.call("PerformanceService/ComparePerformance", twice)
    assert len(compared["correlations"]) == 4
    factors = {"subject": subjects[2], "factors": [{"name": "own", "subject": subjects[2]}]}
    regression = s.call("AttributionService/ComputeFactors", factors)["regression"]
    assert [one["name"] for one in regression["coefficients"]] == ["alpha", "own"]
    attribution(s)


def attribution(s: Session) -> None:
    account = {"account": s.known["account"]}
    changes = s.call("PositionChangeService/ListPositionChanges", account)["changes"]
    assert changes["kind"][0] == "POSITION_CHANGE_KIND_OPENED"
    by: Fields = {"key": "CONTRIBUTION_KEY_SIDE", **account}
    told = s.call("AttributionService/ComputeContributions", by)["contributions"]
    assert (told["groups"][0]["group"], told["currency"]) == ("long", "USD")
    series: Fields = {"groups": ["Energy", "Utilities"], "days": [1, 2]}
    own, other = ([{"weights": weights, "returns": [0.1, 0.0]}] * 2 for weights in ([1, 0], [0, 1]))
    sides: Fields = {
        "portfolio": {"groups": {**series, "rows": own}},
        "benchmark": {"groups": {**series, "rows": other}},
    }
    found = s.call("AttributionService/ComputeBrinson", sides)["attribution"]
    assert [one["group"] for one in found["groups"]] == ["Energy", "Utilities"]


def lives(s: Session) -> None:
    account = s.known["account"]
    life: Fields = {"account": account, "clientOrderId": "O-1", "kinds": ["fill"]}
    (logged,) = s.call("TradingEventService/ListTradingEvents", life)["events"]
    assert logged["event"]["fill"]["tradeId"] == "T-1"
    found = s.call("OrderLifeService/ListOrderLives", {"account": account})["lives"]
    assert found["fillCount"] == [1]


def execution(s: Session) -> None:
    scope: Fields = {"scope": {"account": s.known["account"], "strategy": "S-1"}}
    by: Fields = {**scope, "groupBy": "EXECUTION_KEY_INSTRUMENT"}
    (quality,) = s.call("ExecutionService/ComputeQuality", by)["qualities"]
    assert (quality["group"], quality["currency"]) == (INSTRUMENT, "USD")
    (slippage,) = s.call("ExecutionService/ListSlippage", dict(scope))["slippages"]
    assert slippage["averagePrice"] == 100.25
    planned: Fields = {"scope": {"instrument": INSTRUMENT}, "plannedQuantity": 10}
    assert s.call("ExecutionService/ComputeImpact", planned)["fit"]["coefficient"]["needed"] == "3"
    assert s.call("ExecutionService/WatchQuality", dict(scope))["window"]["newestTime"]


def reports(s: Session) -> None:
    returns = {"days": [1, 2], "returns": [0.5, -0.25]}
    subject: Fields = {"subject": {"returns": returns}}
    page = s.call("ReportService/RenderTearsheet", {**subject, "format": "TEARSHEET_FORMAT_HTML"})
    assert page["contentType"] == "text/html; charset=utf-8"
    assert b64decode(page["data"]).startswith(b"<!doctype html>")
    wanted = {"table": "REPORT_TABLE_RETURNS", "format": "TABLE_FORMAT_CSV"}
    table = s.call("ReportService/ExportTable", {**subject, **wanted})
    lines = (
        "date,return,growth,drawdown",
        "1970-01-02,0.5,1.5,0.0",
        "1970-01-03,-0.25,1.125,-0.25",
    )
    assert b64decode(table["data"]).decode() == "".join(f"{line}\r\n" for line in lines)


STEPS: tuple[Callable[[Session], None], ...] = (
    *(auth, keys, audit, marketdata, sources, observations, filings),
    *(system, nodes, trading, lives, portfolio, aggregates, analytics, execution),
    *(reports, reconciliation, stream),
)

# These need a stream that stays open while they are called; tests/contract/test_stream.py has them.
OPEN_STREAM = {
    "StreamService/UpdateSubscription",
    "ConnectionService/GetConnection",
    "ConnectionService/CloseConnection",
}
