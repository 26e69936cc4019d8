"""By which channels a step may go, in the marketer's order of preference."""

from __future__ import annotations

from dataclasses import dataclass

from recovery.experiments.door import variant_of
from recovery.models import FlowStep, Message, StepVariant


@dataclass(frozen=True, slots=True)
class Route:
    """One channel and the template that goes by it. `drawn_from`: until the variant is drawn, any of these may."""

    channel: str
    template_id: int
    drawn_from: tuple[int, ...] = ()

    @property
    def templates(self) -> tuple[int, ...]:
        """Every template that may go."""
        return self.drawn_from or (self.template_id,)


def routes_of(step: FlowStep) -> list[Route]:
    """The step's own channel, then its fallbacks."""
    own = Route(step.channel, step.template_id)
    return [own, *(Route(other.channel, other.template_id) for other in step.detours)]


def open_routes(message: Message) -> list[Route]:
    """The routes that are left for the message: a fallback never goes back to a channel that has failed."""
    own, *others = routes_of(message.step)
    routes = [_with_variants(own, message), *others]
    channels = [route.channel for route in routes]
    if message.fallback_of_id is None or message.channel not in channels:
        return routes
    return routes[channels.index(message.channel) :]


def _with_variants(own: Route, message: Message) -> Route:
    step, drawn = message.step, variant_of(message)
    if drawn:
        return by_variant(own, step, drawn)
    return Route(own.channel, own.template_id, tuple(one.template_of(step) for one in step.arms))


def by_variant(route: Route, step: FlowStep, variant: StepVariant) -> Route:
    """The route as the variant goes it. A fallback's template is the same in every arm."""
    return Route(route.channel, variant.template_of(step)) if route.channel == step.channel else route


def next_channel(message: Message) -> str:
    """The channel after the message's own; "" when it was the last."""
    channels = [route.channel for route in routes_of(message.step)]
    after = channels[channels.index(message.channel) + 1 :] if message.channel in channels else []
    return after[0] if after else ""
