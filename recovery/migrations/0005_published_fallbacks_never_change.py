from django.db import migrations

FORWARD = """
CREATE FUNCTION recovery_published_fallbacks_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM recovery_flowversion AS v JOIN recovery_flowstep AS s ON s.version_id = v.id
               WHERE s.id = NEW.step_id AND v.published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a published version of a flow never changes: make a draft of it';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER published_fallbacks_never_change BEFORE INSERT OR UPDATE ON recovery_stepfallback
    FOR EACH ROW EXECUTE FUNCTION recovery_published_fallbacks_never_change();
"""
BACKWARD = """
DROP TRIGGER published_fallbacks_never_change ON recovery_stepfallback;
DROP FUNCTION recovery_published_fallbacks_never_change();
"""


class Migration(migrations.Migration):
    dependencies = [("recovery", "0004_messages_by_any_channel")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
