"""By which channels a step may go, in the marketer's order of preference."""

from __future__ import annotations

from collections.abc import Iterable
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


#: Steps of published versions, with their fallbacks. PostgreSQL itself sees to it that they never change.
_published: dict[int, FlowStep] = {}
_MOST = 10_000


def steps_of(step_ids: Iterable[int]) -> dict[int, FlowStep]:
    """The steps by their ids, with their fallbacks. Nobody may change the instances."""
    wanted = set(step_ids)
    found = {pk: _published[pk] for pk in wanted if pk in _published}
    if len(found) < len(wanted):
        rows = FlowStep.objects.filter(pk__in=wanted - found.keys()).select_related("version")
        fresh = {step.pk: step for step in rows.prefetch_related("fallbacks")}
        if len(_published) > _MOST:
            _published.clear()
        _published.update({pk: step for pk, step in fresh.items() if step.version.published_at})
        found |= fresh
    return found


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
