import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

_MAIL = ("subject", "preheader", "headline", "body", "button", "offer", "closing")

FORWARD = """
CREATE FUNCTION recovery_published_templates_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NOT NULL THEN
        RAISE EXCEPTION 'a published version of a template never changes: make a draft of it';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER published_templates_never_change BEFORE UPDATE ON recovery_templateversion
    FOR EACH ROW EXECUTE FUNCTION recovery_published_templates_never_change();
"""
BACKWARD = """
DROP TRIGGER published_templates_never_change ON recovery_templateversion;
DROP FUNCTION recovery_published_templates_never_change();
"""


def first_versions(apps, schema_editor):
    """What is live is the first version of each template."""
    version = apps.get_model("recovery", "TemplateVersion")
    for template in apps.get_model("recovery", "MessageTemplate").objects.prefetch_related("texts"):
        texts = {text.locale: _written(template.channel, text) for text in template.texts.all()}
        if texts:
            at = max(text.updated_at for text in template.texts.all())
            version.objects.create(template=template, number=1, texts=texts, edited_at=at, published_at=at)


def _written(channel, text):
    if channel == "email":
        return {name: getattr(text, name) for name in _MAIL}
    buttons = {button["id"]: button["title"] for button in text.buttons}
    names = ("question", "help", "stop") if channel == "whatsapp" else ()
    return {"body": text.body, **{name: buttons.get(name, "") for name in names}}


class Migration(migrations.Migration):
    dependencies = [("recovery", "0012_replies_and_events_at_the_desk")]
    operations = [
        migrations.AddField("templatetext", "earlier", models.JSONField(default=list, editable=False)),
        migrations.CreateModel(
            name="TemplateVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("texts", models.JSONField(default=dict)),
                ("layout", models.TextField(blank=True)),
                ("edited_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("author", models.CharField(blank=True, max_length=150)),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="recovery.messagetemplate",
                    ),
                ),
            ],
            options={
                "ordering": ["-number"],
                "constraints": [
                    models.UniqueConstraint(fields=("template", "number"), name="template_version_is_one"),
                    models.UniqueConstraint(
                        condition=models.Q(("published_at", None)), fields=("template",), name="template_has_one_draft"
                    ),
                ],
            },
        ),
        migrations.RunPython(first_versions, migrations.RunPython.noop),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
