from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recovery", "0008_variants_may_carry_an_offer"),
        ("carts", "0005_payments_and_mergers_have_their_time"),
    ]

    operations = [
        migrations.AddField(
            model_name="credit",
            name="withdrawn_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
