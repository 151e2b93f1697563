"""One JSON line for each admission, with a constant message and the facts as fields."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest

from tests.serving.local_server import LocalServer
from tests.serving.reviews import body, pod
from webhook.serving.log import JsonFormatter

JSON = {"content-type": "application/json"}


@pytest.fixture(autouse=True)
def at_info(caplog: pytest.LogCaptureFixture) -> None:
    """Log as the program does."""
    caplog.set_level(logging.INFO)


def admissions(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the lines of the admission log."""
    formatter = JsonFormatter()
    return [
        json.loads(formatter.format(record))
        for record in caplog.records
        if record.name == "pillion.admission"
    ]


def test_line_has_the_facts(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    """Namespace, pod, uid, decision, reason and microseconds are fields of one line."""
    client.post("/inject", content=body(name="web"), headers=JSON)
    (line,) = admissions(caplog)
    assert line["microseconds"] > 0
    del line["time"], line["microseconds"]
    assert line == {
        "level": "info",
        "logger": "pillion.admission",
        "message": "admission",
        "namespace": "shop",
        "pod": "web",
        "uid": "00000000-0000-0000-0000-000000000001",
        "decision": "inject",
        "reason": "policy-enabled",
    }


def test_controllers_pods_are_named_by_their_prefix(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """A pod that has no name yet is logged by the prefix that its name will have."""
    subject = pod(generateName="web-5d9c-")
    del subject["metadata"]["name"]
    client.post("/inject", content=body(subject, dryRun=True), headers=JSON)
    (line,) = admissions(caplog)
    assert (line["pod"], line["dryRun"]) == ("web-5d9c-", True)


def test_denial_says_why(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    """What the pod's author is told is in the log too."""
    subject = pod(annotations={"sidecar.istio.io/proxyCPU": "lots"})
    answer = client.post("/inject", content=body(subject), headers=JSON)
    (line,) = admissions(caplog)
    assert line["decision"] == "deny"
    assert line["denial"] == answer.json()["response"]["status"]["message"]
    assert "proxyCPU" in line["denial"]


def test_lines_stay_lines_and_short(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    """A name with line feeds, quotes and a surrogate makes one line of bounded length."""
    name = 'a\n{"level":"info"}' + "x" * 100_000
    client.post("/inject", content=body(name=name), headers=JSON)
    client.post("/inject", content=body(name="\ud800"), headers=JSON)
    formatter = JsonFormatter()
    lines = [formatter.format(each) for each in caplog.records if each.name == "pillion.admission"]
    assert lines
    assert all("\n" not in line and len(line) < 2000 for line in lines)
    assert all(json.loads(line)["message"] == "admission" for line in lines)


def test_refused_requests_leave_no_line(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever sends rubbish cannot fill the log; it is counted instead."""
    client.post("/inject", content=b"rubbish", headers=JSON)
    assert not [record for record in caplog.records if record.name.startswith("pillion")]


def test_keys_never_reach_a_line(server: LocalServer) -> None:
    """An authority that is logged by mistake shows its certificate and not its key."""
    record = logging.makeLogRecord({"msg": "made", "authority": server.authority})
    line = JsonFormatter().format(record)
    assert "BEGIN CERTIFICATE" in line
    assert "PRIVATE KEY" not in line
