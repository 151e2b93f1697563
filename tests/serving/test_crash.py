"""A mistake of ours costs one pod its admission, and leaves its trace in log, metric and answer."""

from __future__ import annotations

import json
import logging

import pytest

from tests.serving.local_server import local_server
from tests.serving.reviews import body
from webhook.admission.handler import Admission
from webhook.serving.log import JsonFormatter

JSON = {"content-type": "application/json"}


class CrashingHandler:
    """A handler whose engine has a mistake."""

    def handle(self, body: bytes) -> Admission:  # noqa: ARG002
        """Fail as no handler should."""
        raise ZeroDivisionError("the engine divides by nothing")


def test_crash_is_answered_logged_and_counted_once(caplog: pytest.LogCaptureFixture) -> None:
    """The answer has the request's uid and status 500, the log one traceback, the counter one."""
    with caplog.at_level(logging.INFO), local_server(CrashingHandler()) as server:
        with server.client() as client:
            answer = client.post("/inject", content=body(uid="u-9"), headers=JSON)
        assert server.count("pillion_crashes_total") == 1
        labels = {"operation": "CREATE", "decision": "error", "reason": "crashed"}
        assert server.count("pillion_admissions_total", **labels) == 1
    response = answer.json()["response"]
    assert (answer.status_code, response["uid"], response["allowed"]) == (200, "u-9", False)
    assert response["status"]["code"] == 500
    (record,) = (record for record in caplog.records if record.exc_info)
    line = json.loads(JsonFormatter().format(record))
    assert (line["message"], line["uid"]) == ("admission crashed", "u-9")
    assert line["traceback"].endswith("ZeroDivisionError: the engine divides by nothing")
