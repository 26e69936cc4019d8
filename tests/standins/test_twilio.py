"""The Twilio stand-in: rules, memory, and what it posts."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from tests.standins.twilio import ACCOUNT_SID, AUTH_TOKEN, NUMBER, SERVICE_SID, WHATSAPP_NUMBER, TwilioStandin
from tests.standins.twilio.published import json_problems

ANNA = "+358401234567"
PATH = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages"
GOOD = {"To": ANNA, "From": NUMBER, "Body": "Hi"}


@pytest.fixture
def twilio() -> Iterator[TwilioStandin]:
    with TwilioStandin() as standin:
        yield standin


def _post(twilio: TwilioStandin, form: dict[str, Any], sid: str = "") -> dict[str, Any]:
    path = f"{PATH}/{sid}.json" if sid else f"{PATH}.json"
    answer = requests.post(twilio.url + path, data=form, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5)
    content: dict[str, Any] = answer.json()
    return content


def _get(twilio: TwilioStandin, query: str) -> Any:
    return requests.get(f"{twilio.url}{PATH}.json?{query}", auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5).json()


REFUSALS = [
    ({"To": ""}, 21604),
    ({"From": ""}, 21603),
    ({"Body": ""}, 21602),
    ({"Body": "x" * 1601}, 21617),
    ({"To": "040 123"}, 21211),
    ({"From": "?"}, 21212),
    ({"From": "+15551112222"}, 21660),
    ({"From": "+15005550007"}, 21606),
    ({"From": "+15005550008"}, 21611),
    ({"From": WHATSAPP_NUMBER}, 21910),
    ({"To": f"whatsapp:{ANNA}", "From": "whatsapp:+15551112222"}, 63007),
    ({"MessagingServiceSid": "MG1"}, 21705),
    ({"MessagingServiceSid": "MG" + "9" * 32}, 21701),
    ({"StatusCallback": "http://my_host.example/"}, 21609),
    ({"ValidityPeriod": "36001"}, 21625),
    ({"ContentVariables": "{}"}, 21654),
    ({"ContentSid": "HX" + "0" * 32}, 21655),
    ({"ScheduleType": "fixed"}, 35111),
    ({"ScheduleType": "fixed", "SendAt": "2026-01-01T00:00:00Z"}, 35118),
    ({"ScheduleType": "fixed", "SendAt": "2020-01-01T00:00:00Z", "MessagingServiceSid": SERVICE_SID}, 35114),
]


@pytest.mark.parametrize(("changes", "code"), REFUSALS)
def test_it_refuses_what_twilio_refuses(twilio: TwilioStandin, changes: dict[str, str], code: int) -> None:
    assert _post(twilio, GOOD | changes)["code"] == code
    assert twilio.account.taken == 0


@pytest.mark.parametrize("variables", ["no json", "[]", '{"1": ""}', '{"1": null}'])
def test_it_refuses_variables_that_are_none(twilio: TwilioStandin, variables: str) -> None:
    made = {"language": "en", "types": {"twilio/text": {"body": "Hi {{1}}"}}, "variables": {"1": "Anna"}}
    sid = twilio.account.make_template(made).sid
    assert _post(twilio, GOOD | {"ContentSid": sid, "ContentVariables": variables})["code"] == 21656


def test_it_notes_what_twilio_does_not_publish(twilio: TwilioStandin) -> None:
    _post(twilio, GOOD | {"Tags": "x", "ProvideFeedback": "yes", "RiskCheck": "maybe", "MessageIntent": "marketing"})
    assert twilio.account.violations == [
        "Tags is not published",
        "ProvideFeedback is not as published: 'yes'",
        "RiskCheck is not as published: 'maybe'",
    ]


def test_its_answers_are_as_twilio_publishes_them(twilio: TwilioStandin) -> None:
    made = _post(twilio, GOOD | {"MessagingServiceSid": SERVICE_SID})
    template = twilio.account.make_template({"language": "en", "types": {"twilio/text": {"body": "Hi"}}})
    assert json_problems("message", made) == []
    assert json_problems("content", template.resource()) == json_problems("approval", template.approval()) == []
    assert sorted(json_problems("message", made | {"sid": "x", "tags": []})) == [
        "$.sid: 'x' does not match '^(SM|MM)[0-9a-fA-F]{32}$'",
        "$.sid: 'x' is too short",
        "$.tags is not published",
    ]


def test_a_service_accepts_first_and_chooses_the_sender_later(twilio: TwilioStandin) -> None:
    made = _post(twilio, {"To": ANNA, "MessagingServiceSid": SERVICE_SID, "Body": "Hi"})
    assert (made["status"], made["from"], made["num_segments"]) == ("accepted", None, "0")
    twilio.callbacks()
    assert (twilio.messages[0].status, twilio.messages[0].sender) == ("delivered", NUMBER)


def test_what_is_scheduled_can_be_cancelled_and_what_is_sent_cannot(twilio: TwilioStandin) -> None:
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    when = {"ScheduleType": "fixed", "SendAt": at, "MessagingServiceSid": SERVICE_SID}
    made = _post(twilio, GOOD | when)
    assert made["status"] == "scheduled"
    assert _post(twilio, {"Status": "canceled"}, made["sid"])["status"] == "canceled"
    assert _post(twilio, {"Status": "canceled"}, made["sid"])["code"] == 30409
    assert _post(twilio, {"Body": ""}, made["sid"])["body"] == ""
    assert _post(twilio, {"Body": "else"}, made["sid"])["code"] == 30400


def test_stop_and_start_count_for_number_and_service(twilio: TwilioStandin) -> None:
    twilio.receive(ANNA, NUMBER, "stop", "http://x.example/")
    assert _post(twilio, GOOD)["code"] == 21610
    assert _post(twilio, {"To": ANNA, "MessagingServiceSid": SERVICE_SID, "Body": "Hi"})["code"] == 21610
    twilio.receive(ANNA, NUMBER, "STOP PLEASE", "http://x.example/")
    twilio.receive(ANNA, NUMBER, "Start", "http://x.example/")
    assert _post(twilio, GOOD)["status"] == "queued"


def test_free_text_reaches_whatsapp_only_within_a_day(twilio: TwilioStandin) -> None:
    form = {"To": f"whatsapp:{ANNA}", "From": WHATSAPP_NUMBER, "Body": "Hi"}
    _post(twilio, form)
    twilio.receive(f"whatsapp:{ANNA}", WHATSAPP_NUMBER, "hello", "http://x.example/")
    _post(twilio, form)
    later = datetime.now(UTC) + timedelta(hours=25)
    twilio.account.now = lambda: later
    _post(twilio, form)
    twilio.callbacks()
    assert [message.error_code for message in twilio.messages] == [63016, None, 63016]


def test_lists_are_filtered_and_paged(twilio: TwilioStandin) -> None:
    for n in range(5):
        _post(twilio, GOOD | {"Body": f"{n}"})
    _post(twilio, GOOD | {"To": "+358400000000"})
    twilio.callbacks()
    day = datetime.now(UTC).date().isoformat()
    page = _get(twilio, f"To=%2B358401234567&PageSize=2&DateSent={day}")
    assert [row["body"] for row in page["messages"]] == ["4", "3"]
    assert "Page=1" in page["next_page_uri"]
    assert len(_get(twilio, f"From=%2B15005550006&DateSent%3E={day}")["messages"]) == 6
    assert _get(twilio, "To=%2B358401234567&DateSent%3C=2020-01-01")["messages"] == []
    assert _get(twilio, "PageSize=x")["code"] == 20001


def test_it_forgets_the_oldest_when_it_is_full() -> None:
    with TwilioStandin(keep=3) as twilio:
        for n in range(5):
            _post(twilio, GOOD | {"Body": f"{n}"})
        assert [message.body for message in twilio.messages] == ["2", "3", "4"]
        assert twilio.account.taken == 5


class _Shop(BaseHTTPRequestHandler):
    taken: list[tuple[str, dict[str, list[str]]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.taken.append((self.headers["X-Twilio-Signature"], parse_qs(body)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def shop() -> Iterator[tuple[str, list[tuple[str, dict[str, list[str]]]]]]:
    _Shop.taken = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Shop) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/cb/", _Shop.taken
        server.shutdown()


def test_callbacks_come_shuffled_and_twice(twilio: TwilioStandin, shop: Any) -> None:
    url, taken = shop
    _post(twilio, GOOD | {"StatusCallback": url})
    assert twilio.deliver(shuffle=True, double=True) == [204] * 6
    statuses = [form["MessageStatus"][0] for _, form in taken]
    assert sorted(statuses) == ["delivered", "delivered", "sending", "sending", "sent", "sent"]
    assert statuses != sorted(statuses, key=["sending", "sent", "delivered"].index)
    assert all(len(signature) == 28 for signature, _ in taken)


def test_alone_in_a_process_it_posts_by_itself_and_takes_orders(shop: Any) -> None:
    url, taken = shop
    command = [sys.executable, "-m", "tests.standins.twilio", "--port", "0", "--callbacks", "1", "--inbound-url", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        origin = f"http://127.0.0.1:{process.stdout.readline().rpartition(':')[2].strip()}"
        requests.post(f"{origin}/standin/fates", json={ANNA: "undelivered 30003"}, timeout=5)
        requests.post(
            origin + f"{PATH}.json", GOOD | {"StatusCallback": url}, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5
        )
        _wait(lambda: len(taken) == 3)
        tap = {"from": ANNA, "to": NUMBER, "body": "STOP"}
        assert requests.post(f"{origin}/standin/inbound", json=tap, timeout=5).json() == {"answered": 204}
        count = requests.get(f"{origin}/standin/count", timeout=5).json()
        process.terminate()
    assert count == {"taken": 1, "faults": [], "answered": {"204": 3}, "violations": []}
    assert (taken[2][1]["ErrorCode"], taken[3][1]["OptOutType"]) == (["30003"], ["STOP"])


def _wait(true: Any) -> None:
    deadline = time.monotonic() + 10
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert true()
