from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

_before = import_module("recovery.migrations.0011_changes_touch_their_day")

# The day an order was placed is touched besides the days of carts: of orders themselves, and of what was given back.
_PLACED = {
    "carts_order": " UNION SELECT r.store_id, r.placed_at FROM {rows} r",
    "carts_refund": """ UNION SELECT o.store_id, o.placed_at FROM {rows} r
        JOIN carts_order o ON o.store_id = r.store_id AND o.external_id = r.order_external_id""",
}
_FUNCTION = """
CREATE OR REPLACE FUNCTION {table}_touches_its_day{way}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recovery_touchedday (store_id, at)
        SELECT DISTINCT store_id, date_bin('15 minutes', started_at, '2000-01-01T00:00Z') FROM ({both}) t;
    RETURN NULL;
END $$;
"""


def _functions(more: dict[str, str]) -> str:
    """Those of the two tables, whose triggers stay; `more`: what else of their rows touches a day."""
    return "".join(
        _FUNCTION.format(
            table=table,
            way=way,
            both=" UNION ALL ".join(
                f"({(_before.SOURCES[table] + more.get(table, '')).format(rows=rows)})" for rows in seen
            ),
        )
        for table in _PLACED
        for way, (_, _, seen) in _before.WAYS.items()
    )


# Days on which something was ordered and no cart began are summed by and by, too.
_SEED = """INSERT INTO recovery_touchedday (store_id, at)
           SELECT DISTINCT store_id, date_bin('15 minutes', placed_at, '2000-01-01T00:00Z') FROM carts_order"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0015_suppressions_are_the_stop_list"),
        ("recovery", "0026_figures_by_segment"),
    ]

    operations = [
        migrations.CreateModel(
            name="DailyOrders",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("orders", models.IntegerField()),
                ("amount", models.DecimalField(decimal_places=3, max_digits=20)),
                ("refunded_orders", models.IntegerField()),
                ("refunded", models.DecimalField(decimal_places=3, max_digits=20)),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="customers.store",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "daily orders",
                "constraints": [models.UniqueConstraint(fields=("store", "day", "currency"), name="orders_of_day")],
            },
        ),
        migrations.RunSQL(_functions(_PLACED), _functions({})),
        migrations.RunSQL(_SEED, migrations.RunSQL.noop),
    ]
