"""The stand-ins as processes of their own, as the benchmark and the demo start them."""

from __future__ import annotations

import smtplib
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests


@pytest.fixture(params=["smtp", "esp"])
def standin(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    command = [sys.executable, "-m", f"tests.standins.{request.param}", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield request.param, int(process.stdout.readline().rpartition(":")[2])
        process.terminate()


def test_it_runs_alone_counts_and_takes_orders(standin: tuple[str, int]) -> None:
    kind, port = standin
    if kind == "esp":
        url = f"http://127.0.0.1:{port}"
        assert requests.post(f"{url}/standin/faults", json=["429 7"], timeout=5).json() == {
            "taken": 0,
            "faults": ["429 7"],
        }
        refused = requests.post(f"{url}/emails", json={"to": ["a@b.example"]}, timeout=5)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
        return
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        assert client.docmd("XFAULT", "rcpt 550 5.1.1 nobody") == (250, b"noted")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("a@x.example", ["b@x.example"], b"hi")
        client.sendmail("a@x.example", ["b@x.example"], b"hi")
        assert client.docmd("XCOUNT") == (250, b"1")
