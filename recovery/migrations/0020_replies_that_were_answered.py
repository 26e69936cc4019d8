from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recovery", "0019_lists_answer_at_once")]

    operations = [
        migrations.AddField("reply", "answered_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddIndex(
            "reply",
            models.Index(
                fields=["store", "at"],
                name="reply_that_waits",
                condition=models.Q(("answered_at", None), ("intent", "")),
            ),
        ),
    ]
