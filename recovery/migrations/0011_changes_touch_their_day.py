from django.db import migrations

# A local day begins at a quarter of an hour everywhere on earth, so marks are kept to the quarter.
#
# One mark for each statement and moment, in a table that is only added to: two writers never wait for one another.
# `changed` is the statement's rows after the change, `before` those of an update or delete before it.
SOURCES = {
    "carts_cart": "SELECT r.store_id, r.started_at FROM {rows} r",
    "carts_order": """
        SELECT c.store_id, c.started_at FROM {rows} r JOIN carts_cart c ON c.id = r.cart_id
        UNION SELECT c.store_id, c.started_at FROM {rows} r JOIN carts_cart c
            ON c.customer_id = r.customer_id AND c.started_at > r.placed_at
        UNION SELECT c.store_id, c.started_at FROM {rows} r JOIN recovery_credit k ON k.order_id = r.id
            JOIN recovery_message m ON m.id = k.message_id JOIN carts_cart c ON c.id = m.cart_id""",
    "carts_refund": """
        SELECT c.store_id, c.started_at FROM {rows} r
        JOIN carts_order o ON o.store_id = r.store_id AND o.external_id = r.order_external_id
        JOIN carts_cart c ON c.id = o.cart_id
        UNION SELECT c.store_id, c.started_at FROM {rows} r
        JOIN carts_order o ON o.store_id = r.store_id AND o.external_id = r.order_external_id
        JOIN recovery_credit k ON k.order_id = o.id
        JOIN recovery_message m ON m.id = k.message_id JOIN carts_cart c ON c.id = m.cart_id""",
    "recovery_message": "SELECT c.store_id, c.started_at FROM {rows} r JOIN carts_cart c ON c.id = r.cart_id",
    "recovery_enrolment": "SELECT c.store_id, c.started_at FROM {rows} r JOIN carts_cart c ON c.id = r.cart_id",
    "recovery_click": """
        SELECT c.store_id, c.started_at FROM {rows} r JOIN recovery_message m ON m.id = r.message_id
        JOIN carts_cart c ON c.id = m.cart_id
        UNION SELECT c.store_id, c.started_at FROM {rows} r JOIN recovery_credit k ON k.click_id = r.id
        JOIN recovery_message m ON m.id = k.message_id JOIN carts_cart c ON c.id = m.cart_id""",
    "recovery_credit": """
        SELECT c.store_id, c.started_at FROM {rows} r JOIN recovery_message m ON m.id = r.message_id
        JOIN carts_cart c ON c.id = m.cart_id""",
    "customers_consentevent": """
        SELECT c.store_id, c.started_at FROM {rows} r JOIN carts_cart c ON c.customer_id = r.customer_id
            AND c.last_activity_at >= r.at - interval '30 days'""",
}

FUNCTION = """
CREATE FUNCTION {table}_touches_its_day{way}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recovery_touchedday (store_id, at)
        SELECT DISTINCT store_id, date_bin('15 minutes', started_at, '2000-01-01T00:00Z') FROM ({both}) t;
    RETURN NULL;
END $$;
CREATE TRIGGER touches_its_day{way} AFTER {event} ON {table} REFERENCING {named}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_touches_its_day{way}();
"""

WAYS = {
    "_added": ("INSERT", "NEW TABLE AS changed", ["changed"]),
    "_changed": ("UPDATE", "OLD TABLE AS before NEW TABLE AS changed", ["before", "changed"]),
    "_dropped": ("DELETE", "OLD TABLE AS before", ["before"]),
}


def forward() -> str:
    return "".join(
        FUNCTION.format(
            table=table,
            way=way,
            event=event,
            named=named,
            both=" UNION ALL ".join(f"({source.format(rows=rows)})" for rows in seen),
        )
        for table, source in SOURCES.items()
        for way, (event, named, seen) in WAYS.items()
    )


def backward() -> str:
    return "".join(
        f"DROP TRIGGER touches_its_day{way} ON {table}; DROP FUNCTION {table}_touches_its_day{way}();"
        for table in SOURCES
        for way in WAYS
    )


# What is there already is summed by and by.
SEED = """INSERT INTO recovery_touchedday (store_id, at)
          SELECT DISTINCT store_id, date_bin('15 minutes', started_at, '2000-01-01T00:00Z') FROM carts_cart"""


class Migration(migrations.Migration):
    dependencies = [
        ("recovery", "0010_daily_figures"),
    ]
    operations = [
        migrations.RunSQL(forward(), backward()),
        migrations.RunSQL(SEED, migrations.RunSQL.noop),
    ]
