from django.db import migrations

# A merge may hand proof over to another row of the same person, an erasure may blank the address, and with the person
# (or the store) the proof goes. Nothing else about it ever changes.
FORWARD = """
CREATE FUNCTION customers_consent_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.store_id, NEW.channel, NEW.state, NEW.at, NEW.source, NEW.words, NEW.recorded_at)
       IS DISTINCT FROM (OLD.store_id, OLD.channel, OLD.state, OLD.at, OLD.source, OLD.words, OLD.recorded_at)
       OR NEW.address NOT IN (OLD.address, '') THEN
        RAISE EXCEPTION 'proof of consent is append-only';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER consent_is_append_only BEFORE UPDATE ON customers_consentevent
    FOR EACH ROW EXECUTE FUNCTION customers_consent_is_append_only();
"""
BACKWARD = """
DROP TRIGGER consent_is_append_only ON customers_consentevent;
DROP FUNCTION customers_consent_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
