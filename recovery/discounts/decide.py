"""At the door, once the gate has said yes: which code goes with a message, or why none does.

Runs inside the sender's transaction, which holds the shopper's row, so that nobody is given two codes at once. It never
speaks to a shop: a code that the shop has to make is written down as wanted (`recovery.discounts.make` asks for it) and
the message waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from zoneinfo import ZoneInfo

from carts.storefront import makes_codes
from recovery.discounts import people
from recovery.discounts.budget import Budgets
from recovery.discounts.codes import ends_at, new_code
from recovery.discounts.people import Shopper
from recovery.discounts.terms import Terms
from recovery.models import CodeSource, CodeState, DiscountCode, Message, Offer
from recovery.models.discounts import BEING_MADE

#: A code that dies sooner than this after the message is no gift.
_TOO_SHORT = td(hours=1)
#: How soon a message looks again for its code; whoever makes it rings sooner.
_LOOK_AGAIN = td(seconds=15)


@dataclass(frozen=True, slots=True)
class Asked:
    """A message that may go and whose step carries an offer. `zone` is the shopper's."""

    message: Message
    offer: Offer
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Carry:
    """The message goes with this code, which is alive until `expires_at` counted from now."""

    code: DiscountCode
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Wait:
    """The shop is being asked for the code: look again then."""

    until: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Without:
    """No code for this message, and why."""

    reason: str
    detail: str = ""


Decided = Carry | Wait | Without


def decide(asked: Sequence[Asked], *, now: datetime) -> dict[int, Decided]:
    """For each message, by its id. Two messages to one shopper in a batch see each other's code."""
    shoppers = people.shoppers((one.message.customer_id for one in asked), now=now)
    budgets = Budgets({one.offer.pk: one.offer for one in asked}.values(), now=now)
    decided: dict[int, Decided] = {}
    for one in asked:
        desk = _Desk(one, shoppers[one.message.customer_id], budgets, now)
        decided[one.message.pk] = desk.decide()
    return decided


@dataclass(slots=True)
class _Desk:
    """One message before the offer."""

    asked: Asked
    shopper: Shopper
    budgets: Budgets
    now: datetime

    @property
    def message(self) -> Message:
        return self.asked.message

    @property
    def offer(self) -> Offer:
        return self.asked.offer

    def decide(self) -> Decided:
        held = self._held()
        if held:
            return held
        failed = DiscountCode.objects.filter(message=self.message).first()
        if failed:
            return Without(failed.reason or failed.state, failed.detail)
        return self._refusal() or self._new()

    # -- what the shopper has already

    def _held(self) -> Decided | None:
        """A code that is alive is told again, of whichever offer it is; one that is being made is waited for."""
        for code in self.shopper.held:
            if code.state != CodeState.LIVE:
                return self._waiting(code)
            expires_at = self._expires_at(code)
            if expires_at < self.now + _TOO_SHORT:
                continue
            if self._fits(code):
                return Carry(code, expires_at)
            return Without("has_a_code", f"{code} does not fit this cart")
        return None

    def _expires_at(self, code: DiscountCode) -> datetime:
        """Counted from the actual send of the message that it was made for."""
        if code.expires_at is None or code.message_id == self.message.pk:
            return self.now + Terms.read(code.terms).valid_for
        return code.expires_at

    def _fits(self, code: DiscountCode) -> bool:
        return not self._misfit(Terms.read(code.terms))

    def _waiting(self, code: DiscountCode) -> Decided:
        """Until shortly before the message would be too late; then it goes as the marketer chose."""
        message = self.message
        last = message.expires_at - min(td(minutes=5), message.step.late_after / 10)
        if self.now < last:
            until = max(code.due_at or self.now, self.now) + _LOOK_AGAIN
            return Wait(min(until, last), code.detail)
        # It may have been made all the same: it is taken out of the shop again.
        given_up = DiscountCode.objects.filter(pk=code.pk, state__in=[CodeState.WANTED, CodeState.CREATING])
        given_up.update(state=CodeState.FAILED, due_at=None, reason="shop_too_slow", close_at=self.now + BEING_MADE)
        self.shopper.held.remove(code)
        return Without("shop_too_slow", code.detail)

    # -- whether they may have one

    def _refusal(self) -> Without | None:
        offer, shopper, now = self.offer, self.shopper, self.now
        if not offer.is_active:
            return Without("offer_off", str(offer))
        misfit = self._misfit(Terms.of(offer))
        if misfit:
            return misfit
        if not people.belongs(shopper, offer.audience, now=now):
            return Without("audience", offer.get_audience_display())
        if people.had_one_lately(shopper, offer, now=now):
            return Without("had_a_code", f"at most one in {offer.days_between} days")
        if offer.guard_fishing and people.is_fishing(shopper):
            return Without("fishing", f"{shopper.carts_left} carts left within 30 days, and a code used before")
        return self._below_floor()

    def _misfit(self, terms: Terms) -> Without | None:
        cart = self.message.cart
        if terms.speaks_of_money and cart.currency != terms.currency:
            return Without("other_currency", f"the cart is in {cart.currency}")
        if cart.total < terms.minimum:
            return Without("cart_too_small", f"{cart.total} is below {terms.minimum}")
        if terms.goods(cart.lines, cart.total) <= 0:
            return Without("no_item", "nothing in the cart takes part")
        return None

    def _below_floor(self) -> Without | None:
        """What is left of the price after the goods and the discount, as a share of what is paid."""
        offer, cart, terms = self.offer, self.message.cart, Terms.of(self.offer)
        if offer.margin_floor is None:
            return None
        if offer.store.margin is None:
            return Without("margin", "the store's margin is not known")
        goods = terms.goods(cart.lines, cart.total)
        cost = terms.cost(goods, cart.currency)
        left, paid = goods * offer.store.margin / 100 - cost, goods - cost
        if paid > 0 and left / paid >= offer.margin_floor / 100:
            return None
        return Without("margin", f"less than {offer.margin_floor.normalize():f} % would be left")

    # -- a new one

    def _new(self) -> Decided:
        terms = Terms.of(self.offer)
        code = new_code(self.offer, self.message, terms, now=self.now)
        if self.offer.monthly_budget is not None and code.currency != self.offer.currency:
            return Without("other_currency", f"the budget is in {self.offer.currency}")
        if not self.budgets.take(self.offer, code.possible_cost):
            return Without("discount_budget", f"{self.offer.monthly_budget:.2f} {self.offer.currency} a month")
        code.ends_at = ends_at(self.message.expires_at + terms.valid_for, self.asked.zone)
        made = {
            CodeSource.STATIC.value: self._static,
            CodeSource.POOL.value: self._from_pool,
            CodeSource.STORE_API.value: self._from_shop,
        }[self.offer.source](code, terms)
        if not isinstance(made, Without):
            self.shopper.held.insert(0, code)
            self.shopper.last_code_at = self.now
        return made

    def _static(self, code: DiscountCode, terms: Terms) -> Decided:
        code.code, code.is_shared, code.state = self.offer.static_code, True, CodeState.LIVE
        code.save(force_insert=True)
        return Carry(code, self.now + terms.valid_for)

    def _from_pool(self, code: DiscountCode, terms: Terms) -> Decided:
        spare = DiscountCode.objects.filter(offer=self.offer, state=CodeState.SPARE).order_by("pk")
        taken = spare.select_for_update(skip_locked=True, no_key=True).first()
        if taken is None:
            return Without("pool_empty", "import more codes")
        code.pk, code.code, code.state = taken.pk, taken.code, CodeState.LIVE
        code.save(force_update=True)
        return Carry(code, self.now + terms.valid_for)

    def _from_shop(self, code: DiscountCode, terms: Terms) -> Decided:
        if not makes_codes(self.offer.store):
            return Without("no_store_api", "the store has no access to the shop's API")
        code.state, code.due_at = CodeState.WANTED, self.now
        code.save(force_insert=True)
        return Wait(min(self.now + _LOOK_AGAIN, self.message.expires_at))
