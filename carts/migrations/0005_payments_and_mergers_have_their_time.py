from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("carts", "0004_cart_region")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="paid_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="was_unpaid",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="cart",
            name="merged_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        # What was known before has no better time than these.
        migrations.RunSQL("UPDATE carts_order SET paid_at = version WHERE paid", migrations.RunSQL.noop),
    ]
