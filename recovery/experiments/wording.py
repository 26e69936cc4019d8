"""Words that change while they are tested.

Decision: a marketer may mend a text at any time, also in the middle of a test, for a wrong price must not wait for a
verdict. But then the arms are not what the plan named: the editor says so before, and the experiment's page after, with
the day. The versions of a template never change and say when each was published, so that nothing needs to be noted.
"""

from __future__ import annotations

from django.db.models import Q

from recovery.models import (
    Experiment,
    FlowStep,
    MessageTemplate,
    StepFallback,
    StepVariant,
    TemplateVersion,
)


def templates_of(experiment: Experiment) -> set[int]:
    """The ids of the templates whose words belong to what is compared: of the arms, and of the step's other channels;
    of a flow's holdout those of every step. None of a holdout over all flows, whose messages come and go."""
    if experiment.flow_id is None:
        return set()
    named = {arm["template"] for arm in experiment.arms if arm.get("template")}
    until = Q(version__published_at__lt=experiment.ended_at) if experiment.ended_at else Q()
    steps = FlowStep.objects.filter(
        until, version__flow=experiment.flow_id, version__published_at__gte=experiment.started_at
    )
    if experiment.position is not None:
        steps = steps.filter(position=experiment.position)
    else:
        variants = StepVariant.objects.filter(step__in=steps, template__isnull=False)
        named |= {*steps.values_list("template_id", flat=True), *variants.values_list("template_id", flat=True)}
    return named | set(StepFallback.objects.filter(step__in=steps).values_list("template_id", flat=True))


def reworded(experiment: Experiment) -> list[TemplateVersion]:
    """The versions that were published while the experiment ran, oldest first. Figures before and after one of them
    cannot be compared."""
    until = Q(published_at__lt=experiment.ended_at) if experiment.ended_at else Q()
    found = TemplateVersion.objects.filter(
        until, template__in=templates_of(experiment), published_at__gt=experiment.started_at, number__gt=1
    )
    return list(found.select_related("template").order_by("published_at"))


def running_with(template: MessageTemplate) -> list[Experiment]:
    """The running experiments that the template's words are part of."""
    running = Experiment.objects.running().filter(store=template.store_id).select_related("flow")
    return [one for one in running if template.pk in templates_of(one)]
