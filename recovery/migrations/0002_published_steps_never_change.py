from django.db import migrations

FORWARD = """
CREATE FUNCTION recovery_published_steps_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM recovery_flowversion WHERE id = NEW.version_id AND published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a published version of a flow never changes: make a draft of it';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER published_steps_never_change BEFORE INSERT OR UPDATE ON recovery_flowstep
    FOR EACH ROW EXECUTE FUNCTION recovery_published_steps_never_change();
"""
BACKWARD = """
DROP TRIGGER published_steps_never_change ON recovery_flowstep;
DROP FUNCTION recovery_published_steps_never_change();
"""


class Migration(migrations.Migration):
    dependencies = [("recovery", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
