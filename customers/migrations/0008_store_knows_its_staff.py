from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0007_store_margin")]

    operations = [
        migrations.AddField(
            model_name="store",
            name="staff_addresses",
            field=models.TextField(
                blank=True,
                help_text="Carts of these people are left out of the reports: one address or host a line, as @shop.example.",
                max_length=2_000,
            ),
        ),
    ]
