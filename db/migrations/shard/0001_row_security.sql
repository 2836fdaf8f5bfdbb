-- Raises from inside a statement, so that a failed check takes the whole batch with it.
CREATE FUNCTION tendril_raise(code text, message text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message;
END $$;
--> statement-breakpoint
-- The tenant this transaction speaks for; no tenant, no rows. Policies call it in a subquery: the
-- planner then takes an average tenant's share of a table, and not that of a tenant it has never seen.
CREATE FUNCTION tendril_tenant() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('tendril.tenant_id', true), '')::uuid;
--> statement-breakpoint
-- Makes the monthly partitions of "events" from the month of `first` on; those there stay.
CREATE FUNCTION tendril_add_event_partitions(first timestamptz, months int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  month timestamp := date_trunc('month', first AT TIME ZONE 'UTC');
  made int := 0;
  part text;
BEGIN
  FOR i IN 1..least(months, 120) LOOP
    part := 'events_' || to_char(month, 'YYYY_MM');
    IF to_regclass('public.' || part) IS NULL THEN
      BEGIN
        EXECUTE format(
          'CREATE TABLE public.%I PARTITION OF public.events FOR VALUES FROM (%L) TO (%L)',
          part, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
        made := made + 1;
      EXCEPTION WHEN check_violation THEN
        -- The default partition has events of that month already: there they stay.
        RAISE NOTICE 'events of % are in the default partition', to_char(month, 'YYYY-MM');
      END;
    END IF;
    month := month + interval '1 month';
  END LOOP;
  RETURN made;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_add_event_partitions(timestamptz, int) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_add_event_partitions(timestamptz, int) TO tendril_app;
--> statement-breakpoint
-- Forgets answers to requests older than `keep`, which is a day or more, at most `max_rows` of them;
-- returns how many.
CREATE FUNCTION tendril_purge_commits(keep interval, max_rows int) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH old AS (
    SELECT ctid FROM commits WHERE at < now() - greatest(keep, interval '24 hours') ORDER BY at LIMIT max_rows
  ), gone AS (
    DELETE FROM commits WHERE ctid IN (SELECT ctid FROM old) RETURNING 1
  )
  SELECT count(*)::int FROM gone;
$$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_purge_commits(interval, int) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_purge_commits(interval, int) TO tendril_app;
--> statement-breakpoint
-- Removes rows of graphs that were deleted, at most `max_rows` per table; returns how many. The
-- graph's own row and its events stay until the retention of the log ends.
CREATE FUNCTION tendril_purge_deleted_graphs(max_rows int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  tab text;
  removed int := 0;
  n int;
BEGIN
  FOREACH tab IN ARRAY ARRAY['relationships', 'entities', 'types'] LOOP
    EXECUTE format(
      'DELETE FROM public.%1$I WHERE ctid IN (
         SELECT r.ctid FROM public.graphs g
         JOIN public.%1$I r ON r.tenant_id = g.tenant_id AND r.graph_id = g.id
         WHERE g.deleted_at IS NOT NULL LIMIT $1)', tab) USING max_rows;
    GET DIAGNOSTICS n = ROW_COUNT;
    removed := removed + n;
  END LOOP;
  RETURN removed;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_purge_deleted_graphs(int) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_purge_deleted_graphs(int) TO tendril_app;
--> statement-breakpoint
ALTER TABLE graphs ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE graphs FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON graphs TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON graphs TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON graphs TO tendril_app;
--> statement-breakpoint
ALTER TABLE types ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE types FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON types TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON types TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON types TO tendril_app;
--> statement-breakpoint
ALTER TABLE entities ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE entities FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON entities TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON entities TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON entities TO tendril_app;
--> statement-breakpoint
ALTER TABLE relationships ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE relationships FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON relationships TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON relationships TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON relationships TO tendril_app;
--> statement-breakpoint
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE events FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON events TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON events TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT ON events TO tendril_app;
--> statement-breakpoint
ALTER TABLE commits ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE commits FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON commits TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON commits TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT ON commits TO tendril_app;
--> statement-breakpoint
ALTER TABLE checkpoints ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE checkpoints FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON checkpoints TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON checkpoints TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON checkpoints TO tendril_app;
