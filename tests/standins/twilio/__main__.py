from __future__ import annotations

import argparse

from tests.standins.twilio import ACCOUNT_SID, AUTH_TOKEN, Automatic, TwilioStandin


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.standins.twilio", description="A stand-in for Twilio")
    parser.add_argument("--port", type=int, default=8027)
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds before each answer")
    parser.add_argument("--keep", type=int, default=1000, help="how many of the last messages to hold in memory")
    parser.add_argument("--account-sid", default=ACCOUNT_SID)
    parser.add_argument("--auth-token", default=AUTH_TOKEN)
    parser.add_argument("--inbound-url", default="", help="where incoming messages are posted to")
    parser.add_argument("--callbacks", type=float, metavar="MS", help="post callbacks, so many milliseconds apart")
    parser.add_argument("--shuffle", type=float, default=0.0, help="share of the callbacks that come late")
    parser.add_argument("--double", type=float, default=0.0, help="share of the callbacks that come twice")
    chosen = parser.parse_args()
    automatic = None
    if chosen.callbacks is not None:
        automatic = Automatic(chosen.callbacks / 1000, chosen.shuffle, chosen.double)
    standin = TwilioStandin(
        chosen.port,
        account_sid=chosen.account_sid,
        auth_token=chosen.auth_token,
        latency=chosen.latency / 1000,
        keep=chosen.keep,
        automatic=automatic,
    )
    standin.inbound_url = chosen.inbound_url
    standin.run("Twilio stand-in on")


if __name__ == "__main__":
    main()
