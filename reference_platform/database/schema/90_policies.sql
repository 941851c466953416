-- Who may touch what. Every table of the schema has a column `tenant`.

GRANT USAGE ON SCHEMA platform TO platform_app, platform_pilot;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA platform
    TO platform_app, platform_pilot;

DO $$
DECLARE
    owned record;
BEGIN
    FOR owned IN SELECT tablename FROM pg_tables WHERE schemaname = 'platform' LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned.tablename);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', owned.tablename);
        EXECUTE format('DROP POLICY IF EXISTS own_tenant ON %I', owned.tablename);
        EXECUTE format(
            'CREATE POLICY own_tenant ON %I USING (tenant = current_setting(''app.tenant'', true)) '
            'WITH CHECK (tenant = current_setting(''app.tenant'', true))', owned.tablename);
    END LOOP;
END
$$;
