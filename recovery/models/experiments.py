from __future__ import annotations

from django.db import models
from django.db.models import Q

from carts.models import Cart
from config.lib.checks import in_choices
from customers.models import Customer, Store
from recovery.models.flows import Flow


class ExperimentKind(models.TextChoices):
    HOLDOUT = "holdout", "Holdout"
    VARIANTS = "variants", "Variants of a step"


class ExperimentQuerySet(models.QuerySet["Experiment"]):
    def running(self) -> ExperimentQuerySet:
        return self.filter(ended_at=None)


class Experiment(models.Model):
    """A draw of lots among shoppers, under a plan that was written before it began.

    `flow` None: over all flows of the store. Only `ended_at` ever changes (a trigger keeps the rest): other arms or
    weights are another experiment, with another salt.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="experiments")
    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, null=True, blank=True, related_name="experiments")
    kind = models.CharField(max_length=10, choices=ExperimentKind)
    position = models.PositiveSmallIntegerField(null=True, blank=True)  # of the step whose variants are compared
    salt = models.CharField(max_length=32)
    arms = models.JSONField()  # [{"name": "A", "weight": 1, …}, …]: see experiments.plans.Arm
    plan = models.JSONField(default=dict)  # see experiments.plans.DEFAULTS
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            in_choices("kind", ExperimentKind),
            models.CheckConstraint(
                name="experiment_position_is_of_variants",
                condition=Q(kind="holdout", position=None)
                | Q(kind="variants", flow__isnull=False, position__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["store"], name="store_holdout_is_one", condition=Q(flow=None, ended_at=None)
            ),
            models.UniqueConstraint(
                fields=["flow"], name="flow_holdout_is_one", condition=Q(kind="holdout", ended_at=None)
            ),
            models.UniqueConstraint(
                fields=["flow", "position"],
                name="variants_test_is_one_per_step",
                condition=Q(kind="variants", ended_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} x{self.pk}"


class Assignment(models.Model):
    """Into which arm a shopper was drawn, and by which cart: written when the first message would have gone out.

    One row for each shopper of every arm, also of the one that gets nothing. What they do from `assigned_at` on counts,
    whatever became of the message.
    """

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="assignments", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="assignments")
    arm = models.CharField(max_length=20)
    cart = models.ForeignKey(Cart, on_delete=models.SET_NULL, null=True, blank=True, related_name="assignments")
    assigned_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["experiment", "customer"], name="assignment_is_once")]
        indexes = [
            models.Index(fields=["experiment", "assigned_at"], name="assignment_by_time", include=["arm", "customer"])
        ]

    def __str__(self) -> str:
        return f"{self.arm} of {self.experiment}"

    @classmethod
    def give_way(cls, kept_id: int, gone_id: int) -> None:
        """Two customers become one: of two draws in one experiment the earlier stays (see customers.identity.merge)."""
        drawn: set[int] = set()
        later = []
        rows = cls.objects.filter(customer_id__in=[kept_id, gone_id]).order_by("assigned_at", "pk")
        for row in rows:
            (later.append(row.pk) if row.experiment_id in drawn else drawn.add(row.experiment_id))
        cls.objects.filter(pk__in=later).delete()


class TouchedDraw(models.Model):
    """Something has changed that may count for draws of an experiment which were made at this moment.

    `after`: how long after the draw it happened, or was said to; less than nothing: before it. Written by triggers,
    whoever makes the change. A row for each, never one that two would wait for.
    """

    # No constraint: an experiment that is deleted takes its draws along, and their trigger would still leave marks.
    experiment = models.ForeignKey(
        Experiment, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    at = models.DateTimeField()
    after = models.DurationField()

    class Meta:
        indexes = [models.Index(fields=["experiment", "at"], name="touched_draw")]

    def __str__(self) -> str:
        return f"touched draws of {self.at:%Y-%m-%d}"


class DrawSums(models.Model):
    """What a question of the report adds up to over an experiment's draws from `since` until before `until`. It holds
    for every moment from `valid_from` until before `valid_until`, if nothing within `reach` of a draw is touched."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="+", db_index=False)
    question = models.CharField(max_length=10)
    since = models.DateTimeField()
    until = models.DateTimeField()
    reach = models.DurationField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)  # None: nothing of it is still to come
    settings = models.CharField(max_length=64)  # all else that they were made by
    rows = models.JSONField()  # [[arm, kind, [number as text, …]], …]

    class Meta:
        verbose_name_plural = "draw sums"
        constraints = [models.UniqueConstraint(fields=["experiment", "question", "since"], name="draw_sums_are_one")]

    def __str__(self) -> str:
        return f"{self.question} of {self.experiment}, {self.since:%Y-%m-%d}"
