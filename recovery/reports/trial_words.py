"""What an experiment's numbers mean, written once for its page and its documentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recovery.experiments.plans import control_of
from recovery.models import Experiment, ExperimentKind
from recovery.reports.definitions import Definition
from recovery.reports.lifts import Lift
from recovery.reports.trials import Comparison

_WHO = (
    "Every shopper who was drawn and whose window is over, whatever became of the message: bounced, unread, "
    "unsubscribed or overtaken by an order."
)
_DRAWN = "A shopper is drawn when the first message would go out to them, after every other check has passed."

ORDERED = Definition(
    "Ordered, looked at once, at the planned end",
    "share of the arm that ordered − share of the control that ordered",
    "Shoppers with at least one paid order within the window from the draw, from any cart, device or channel. "
    "The interval is Newcombe's (1998, method 10).",
    _WHO,
)
ANY_TIME = Definition(
    "Ordered, looked at any time",
    "the same difference, with an always-valid interval",
    "An interval that holds however often one looks: an asymptotic confidence sequence (Waudby-Smith and others, arXiv "
    "2103.06476), narrowest at the planned number of shoppers. The verdict is taken from it alone. Where several arms "
    "are set against one, each gets its part of the 5 % (Bonferroni), so that the 95 % hold for all of them together.",
    _WHO,
    "Until each arm has 100 settled shoppers and 10 of them ordered, there is none.",
)
REVENUE = Definition(
    "Net revenue a shopper",
    "mean of the arm − mean of the control",
    "What each shopper paid in the window, less tax, shipping and refunds; those who bought nothing count with 0. "
    "Welch's interval.",
    _WHO,
    "Orders in another currency than the store's: they count as orders, not as money.",
)
CAPPED = Definition(
    "… with large orders cut off",
    "the same, each shopper's revenue at most the cap",
    "The cap is the 99.5 % quantile of the store's orders in the 90 days before the start, so that one large order "
    "does not decide.",
    _WHO,
)
ADJUSTED = Definition(
    "… less what could be foretold",
    "y − θ(x − mean of x), θ = cov(x, y) ÷ var(x)",
    "Revenue adjusted for what the shopper had spent in the 90 days before the draw (CUPED; Deng and others, 2013). "
    "It takes noise away, never an effect; how much it took is told.",
    _WHO,
)
STRATIFIED = Definition(
    "Ordered, new and returning apart",
    "sum over both groups of their share of all × their difference",
    "New and returning shoppers are compared among themselves first, and then weighted by how many they are.",
    _WHO,
)
MARGIN = Definition(
    "Margin a shopper",
    "net revenue − (1 − margin) × (net revenue + discount), mean of the arm − mean of the control",
    "What is left when the goods, at their price before the discount, have been paid. Needs the store's margin.",
    _WHO,
)
PER_ORDER = Definition(
    "Net revenue an order",
    "revenue ÷ orders of the arm − revenue ÷ orders of the control",
    "A ratio of two sums over shoppers, with the delta method's interval (Deng, Knoblich, Lu, 2018).",
    _WHO,
)
CHANCE = Definition(
    "Chance to be the better one",
    "P(order rate of the arm > order rate of the control), given what was seen",
    "By Bayes' rule with nothing assumed before the start (both rates Beta(1, 1)), in closed form. It says how likely "
    "the arm is ahead at all, be it by a hair, and swings while shoppers are still coming in. No verdict rests on it.",
    _WHO,
    "Until each arm has 100 settled shoppers and 10 of them ordered, there is none.",
)
MISMATCH = Definition(
    "Were the arms filled as planned?",
    "chi-squared test of the drawn, and of the settled, against the planned shares",
    "Below 0.001 something removes shoppers from one arm, and the arms cannot be compared: no verdict is given. "
    + _DRAWN,
)
CURVE = Definition(
    "Who comes back, and when",
    "1 − Kaplan and Meier's estimate of the carts without an order, by hours after the cart went silent",
    "Of the shoppers who were drawn, how many had ordered by each hour. Those without messages are the natural return: "
    "beside variants of a flow's first step stand the held out of that flow, of the same days. Where their curve has "
    "flattened out, a message no longer takes the credit for what would have come anyway; where it still climbs, an "
    "early message may only be in time to be thanked.",
    left_out="Whoever ordered before the first message was due: they are never drawn, so every curve begins with that "
    "hour. What happened after 14 days. A cart that is still open counts up to the last of these "
    "hours that it was watched to.",
)


def title(experiment: Experiment) -> str:
    """What is compared, in words: Holdout of “Standard”."""
    if experiment.flow is None:
        return "Holdout over all flows"
    if experiment.kind == ExperimentKind.HOLDOUT:
        return f"Holdout of “{experiment.flow}”"
    return f"Variants of step {experiment.position} of “{experiment.flow}”"


def against(experiment: Experiment, one: Comparison) -> str:
    """B against A; of a holdout there is but one comparison: with messages, against without."""
    if experiment.kind == ExperimentKind.HOLDOUT:
        return "with messages against without"
    return f"{one.arm.name} against {control_of(experiment.arms)}"


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict as a list tells it: the word, of which arms, and what is missing or why."""

    word: str
    arms: str  # B and C against A; "" of a holdout, where it goes without saying
    rest: str


def in_short(experiment: Experiment, lifts: Sequence[Lift]) -> list[Said]:
    """One for each different verdict, with all the arms that it is of."""
    alike: dict[tuple[str, str], list[Lift]] = {}
    for one in lifts:
        more = f"about {one.verdict.about} more shoppers" if one.verdict.more else ""
        alike.setdefault((one.verdict.word, one.verdict.why or more), []).append(one)
    return [Said(word, _arms(experiment, group), rest) for (word, rest), group in alike.items()]


def _arms(experiment: Experiment, lifts: Sequence[Lift]) -> str:
    if experiment.kind == ExperimentKind.HOLDOUT:
        return ""
    *names, last = [one.arm for one in lifts]
    return (
        f"{', '.join(names)} and {last} against {lifts[0].against}" if names else f"{last} against {lifts[0].against}"
    )


def gained(one: Comparison) -> str:
    """How many ordered more, or fewer, than the control's rate would have made of them; "" while too early."""
    found = one.gained_orders
    if found is None or one.by_themselves is None or one.arm.outcomes is None:
        return ""
    more, low, high = (_more(value) for value in (found.value, found.low, found.high))
    return (
        f"At the control's rate about {one.by_themselves:,.0f} of the {one.arm.settled:,} settled shoppers would have "
        f"ordered; {one.arm.outcomes.ordered.y:,.0f} did: {more} (95 %, for one look: {low} to {high})."
    )


def _more(count: float) -> str:
    return f"{abs(count):,.0f} {'more' if round(count) >= 0 else 'fewer'}"


def chance_alone(p: float) -> str:
    """A p in as many digits as anybody reads: p 0.16, p 0.0011, p below 0.0001."""
    return "p below 0.0001" if p < 0.0001 else f"p {p:.4f}" if p < 0.01 else f"p {p:.2f}"
