from django.db import migrations

# What an order, a refund, a cart or the draw itself may change in the sums of draws, with how long after the draw it
# was. A draw may also make a later one of the same shopper no longer their first. Orders of the 90 days before an experiment also tell how large an order can be (recovery.reports.trial_sums): they
# mark their own moment, when nobody was drawn yet.
#
# `changed` is the statement's rows after the change, `before` those of an update or delete before it.
OF_CARTS = """
    SELECT a.experiment_id, a.assigned_at, r.started_at - a.assigned_at
        FROM {rows} r JOIN recovery_assignment a ON a.cart_id = r.id WHERE r.first_abandoned_at IS NOT NULL
    UNION ALL SELECT a.experiment_id, a.assigned_at, r.started_at - a.assigned_at
        FROM {rows} r JOIN recovery_assignment a ON a.customer_id = r.customer_id AND a.assigned_at < r.started_at
        WHERE r.first_abandoned_at IS NOT NULL"""
SOURCES = {
    "carts_order": """
        SELECT a.experiment_id, a.assigned_at, r.placed_at - a.assigned_at
            FROM {rows} r JOIN recovery_assignment a ON a.customer_id = r.customer_id
        UNION ALL SELECT e.id, r.placed_at, interval '0' FROM {rows} r JOIN recovery_experiment e
            ON e.store_id = r.store_id AND r.placed_at < e.started_at
            AND r.placed_at >= e.started_at - interval '90 days'""",
    "carts_refund": """
        SELECT a.experiment_id, a.assigned_at, o.placed_at - a.assigned_at FROM {rows} r
            JOIN carts_order o ON o.store_id = r.store_id AND o.external_id = r.order_external_id
            JOIN recovery_assignment a ON a.customer_id = o.customer_id""",
    "carts_cart": OF_CARTS,
    "recovery_assignment": """
        SELECT r.experiment_id, r.assigned_at, interval '0' FROM {rows} r
        UNION ALL SELECT a.experiment_id, a.assigned_at, interval '0'
            FROM {rows} r JOIN recovery_assignment a ON a.customer_id = r.customer_id
            AND a.assigned_at >= r.assigned_at""",
}
# Carts change with every webhook, and hardly ever in what counts here.
TOLD = "id, customer_id, started_at, first_abandoned_at, is_test, merged_into_id, merged_at"
MOVED = f"""(
    (SELECT {TOLD} FROM before EXCEPT SELECT {TOLD} FROM changed)
    UNION ALL (SELECT {TOLD} FROM changed EXCEPT SELECT {TOLD} FROM before))"""

FUNCTION = """
CREATE FUNCTION {table}_touches_its_draws{way}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recovery_toucheddraw (experiment_id, at, after)
        SELECT experiment_id, at, min(after) FROM ({both}) t(experiment_id, at, after) GROUP BY 1, 2;
    RETURN NULL;
END $$;
CREATE TRIGGER touches_its_draws{way} AFTER {event} ON {table} REFERENCING {named}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_touches_its_draws{way}();
"""

WAYS = {
    "_added": ("INSERT", "NEW TABLE AS changed", ["changed"]),
    "_changed": ("UPDATE", "OLD TABLE AS before NEW TABLE AS changed", ["before", "changed"]),
    "_dropped": ("DELETE", "OLD TABLE AS before", ["before"]),
}


def rows_of(table: str, way: str) -> list[str]:
    return [MOVED] if (table, way) == ("carts_cart", "_changed") else WAYS[way][2]


def forward() -> str:
    return "".join(
        FUNCTION.format(
            table=table,
            way=way,
            event=event,
            named=named,
            both=" UNION ALL ".join(f"({source.format(rows=rows)})" for rows in rows_of(table, way)),
        )
        for table, source in SOURCES.items()
        for way, (event, named, _) in WAYS.items()
    )


def backward() -> str:
    return "".join(
        f"DROP TRIGGER touches_its_draws{way} ON {table}; DROP FUNCTION {table}_touches_its_draws{way}();"
        for table in SOURCES
        for way in WAYS
    )


class Migration(migrations.Migration):
    dependencies = [
        ("recovery", "0028_sums_of_draws"),
    ]
    operations = [
        migrations.RunSQL(forward(), backward()),
    ]
