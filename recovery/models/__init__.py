"""Flows, messages, links and what they brought. Import from here; inside, imports run one way."""

from recovery.models.credits import Credit
from recovery.models.discounts import Audience, CodeSource, CodeState, DiscountCode, Offer, OfferKind, StoreDiscount
from recovery.models.experiments import Assignment, DrawSums, Experiment, ExperimentKind, TouchedDraw
from recovery.models.figures import (
    DailyFigures,
    DailyOrders,
    DailySpread,
    DailySteps,
    MonthlySpread,
    RolledDay,
    RolledMonth,
    TouchedDay,
)
from recovery.models.first_run import FirstRun
from recovery.models.flows import (
    Enrolment,
    EnrolmentState,
    Flow,
    FlowStatus,
    FlowStep,
    FlowVersion,
    StepFallback,
    StepVariant,
    WithoutOffer,
)
from recovery.models.links import Click, Link, LinkKind
from recovery.models.messages import Decision, Message, MessageState
from recovery.models.prices import MessagePrice
from recovery.models.provider_events import EventState, Notice, ProviderEvent, Reply
from recovery.models.providers import ProviderPause
from recovery.models.surveys import SurveyAsk, SurveyButtons, SurveyKind, SurveyVia
from recovery.models.templates import MessageTemplate, TemplateText, TemplateVersion

__all__ = [
    "Audience",
    "Assignment",
    "Click",
    "CodeSource",
    "CodeState",
    "Credit",
    "DailyFigures",
    "DailyOrders",
    "DailySpread",
    "DailySteps",
    "Decision",
    "DiscountCode",
    "Enrolment",
    "EnrolmentState",
    "DrawSums",
    "Experiment",
    "ExperimentKind",
    "FirstRun",
    "Flow",
    "FlowStatus",
    "FlowStep",
    "FlowVersion",
    "Link",
    "LinkKind",
    "Message",
    "MessagePrice",
    "MessageState",
    "MessageTemplate",
    "EventState",
    "Notice",
    "Offer",
    "OfferKind",
    "ProviderEvent",
    "ProviderPause",
    "Reply",
    "MonthlySpread",
    "RolledDay",
    "RolledMonth",
    "StepFallback",
    "StoreDiscount",
    "StepVariant",
    "SurveyAsk",
    "SurveyButtons",
    "SurveyKind",
    "SurveyVia",
    "TemplateText",
    "TemplateVersion",
    "TouchedDay",
    "TouchedDraw",
    "WithoutOffer",
]
