-- What changes while the platform runs: the tenants' configurations, releases, revoked keys.
-- What belongs to the whole platform is a row of the tenant '*'.

CREATE TABLE IF NOT EXISTS configurations (
    tenant  text NOT NULL,
    name    text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    content jsonb NOT NULL,
    changed timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, name)
);

-- Besides its own rows everybody reads those of the platform, and the platform itself reads all:
-- one feed per process serves every tenant. Nobody writes but the owner of a row.
DROP POLICY IF EXISTS platform_configuration ON configurations;
CREATE POLICY platform_configuration ON configurations FOR SELECT
    USING (tenant = '*' OR current_setting('app.tenant', true) = '*');
