-- The roles that services sign in with, and the schema that holds everything.

DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES ('platform_app', 'NOBYPASSRLS'), ('platform_pilot', 'BYPASSRLS'))
            AS roles (name, bypass)
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) THEN
            EXECUTE format('CREATE ROLE %I', wanted.name);
        END IF;
        EXECUTE format(
            'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE %s PASSWORD %L',
            wanted.name, wanted.bypass, current_setting('platform.password'));
        EXECUTE format('ALTER ROLE %I SET search_path = platform', wanted.name);
    END LOOP;
END
$$;

CREATE SCHEMA IF NOT EXISTS platform;
