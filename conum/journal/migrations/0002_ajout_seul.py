from django.db import migrations

AJOUT_SEUL = """
CREATE FUNCTION journal_ajout_seul() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Le journal est en ajout seul : % refusé.', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER journal_ajout_seul BEFORE UPDATE OR DELETE ON journal_entree
    FOR EACH ROW EXECUTE FUNCTION journal_ajout_seul();
-- Seule une base jetable (essais, mesures) se vide d'un coup : elle le déclare dans sa connexion.
CREATE TRIGGER journal_ajout_seul_vidage BEFORE TRUNCATE ON journal_entree
    FOR EACH STATEMENT WHEN (current_setting('conum.base_jetable', true) IS DISTINCT FROM 'oui')
    EXECUTE FUNCTION journal_ajout_seul();
"""
DEFAIRE = """
DROP TRIGGER journal_ajout_seul ON journal_entree;
DROP TRIGGER journal_ajout_seul_vidage ON journal_entree;
DROP FUNCTION journal_ajout_seul();
"""


class Migration(migrations.Migration):
    dependencies = [("journal", "0001_initial")]
    operations = [migrations.RunSQL(AJOUT_SEUL, DEFAIRE)]
