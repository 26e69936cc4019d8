"""By which channels a step may go, in the marketer's order of preference."""

from __future__ import annotations

from dataclasses import dataclass

from recovery.models import FlowStep, Message


@dataclass(frozen=True, slots=True)
class Route:
    """One channel and the template that goes by it."""

    channel: str
    template_id: int


def routes_of(step: FlowStep) -> list[Route]:
    """The step's own channel, then its fallbacks. The step comes with its fallbacks prefetched."""
    others = sorted(step.fallbacks.all(), key=lambda fallback: fallback.position)
    return [Route(step.channel, step.template_id), *(Route(other.channel, other.template_id) for other in others)]


def open_routes(message: Message) -> list[Route]:
    """The routes that are left for the message: a fallback never goes back to a channel that has failed."""
    routes = routes_of(message.step)
    channels = [route.channel for route in routes]
    if message.fallback_of_id is None or message.channel not in channels:
        return routes
    return routes[channels.index(message.channel) :]


def next_channel(message: Message) -> str:
    """The channel after the message's own; "" when it was the last."""
    channels = [route.channel for route in routes_of(message.step)]
    after = channels[channels.index(message.channel) + 1 :] if message.channel in channels else []
    return after[0] if after else ""
