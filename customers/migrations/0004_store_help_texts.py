from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_store_sends_sms")]

    operations = [
        migrations.AlterField(
            model_name="store",
            name="quiet_until",
            field=models.TimeField(
                blank=True,
                null=True,
                help_text="… until this one, by the shopper's clock where it is known, else the store's.",
            ),
        ),
    ]
