CREATE TABLE "dead_letters" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"id" text NOT NULL,
	"queue" text NOT NULL,
	"message" jsonb NOT NULL,
	"reason" text NOT NULL,
	"attempts" bigint NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "dead_letters_tenant_id_graph_id_id_pk" PRIMARY KEY("tenant_id","graph_id","id")
);
--> statement-breakpoint
CREATE TABLE "parked_events" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"consumer" text NOT NULL,
	"history_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"reason" text NOT NULL,
	"attempts" bigint NOT NULL,
	"parked_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "parked_events_tenant_id_graph_id_consumer_history_id_seq_pk" PRIMARY KEY("tenant_id","graph_id","consumer","history_id","seq")
);
--> statement-breakpoint
CREATE TABLE "replays" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"consumer" text NOT NULL,
	"history_id" uuid NOT NULL,
	"state" text NOT NULL,
	"from_seq" bigint NOT NULL,
	"to_seq" bigint,
	"seq" bigint NOT NULL,
	"generation" bigint,
	"events_per_second" bigint,
	"attempts" bigint DEFAULT 0 NOT NULL,
	"not_before" timestamp(3) with time zone,
	"reason" text,
	"created_at" timestamp(3) with time zone NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "replays_tenant_id_graph_id_id_pk" PRIMARY KEY("tenant_id","graph_id","id")
);
--> statement-breakpoint
CREATE TABLE "graph_activity" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"generation" bigint NOT NULL,
	"hour" timestamp(3) with time zone NOT NULL,
	"kind" text NOT NULL,
	"count" bigint NOT NULL,
	CONSTRAINT "graph_activity_tenant_id_graph_id_generation_hour_kind_pk" PRIMARY KEY("tenant_id","graph_id","generation","hour","kind")
);
--> statement-breakpoint
CREATE TABLE "graph_statistics" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"generation" bigint NOT NULL,
	"kind" text NOT NULL,
	"type" text NOT NULL,
	"count" bigint NOT NULL,
	"bytes" bigint NOT NULL,
	CONSTRAINT "graph_statistics_tenant_id_graph_id_generation_kind_type_pk" PRIMARY KEY("tenant_id","graph_id","generation","kind","type")
);
--> statement-breakpoint
ALTER TABLE "checkpoints" ADD COLUMN "generation" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "checkpoints" ADD COLUMN "attempts" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "checkpoints" ADD COLUMN "not_before" timestamp(3) with time zone;--> statement-breakpoint
ALTER TABLE "checkpoints" ADD COLUMN "reason" text;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "schema_version" bigint;--> statement-breakpoint
CREATE INDEX "dead_letters_at" ON "dead_letters" USING btree ("tenant_id","at");--> statement-breakpoint
CREATE INDEX "replays_created" ON "replays" USING btree ("tenant_id","created_at");
--> statement-breakpoint
ALTER TABLE parked_events ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE parked_events FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON parked_events TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON parked_events TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON parked_events TO tendril_app;
--> statement-breakpoint
ALTER TABLE dead_letters ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE dead_letters FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON dead_letters TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON dead_letters TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON dead_letters TO tendril_app;
--> statement-breakpoint
ALTER TABLE replays ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE replays FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON replays TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON replays TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON replays TO tendril_app;
--> statement-breakpoint
ALTER TABLE graph_statistics ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE graph_statistics FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON graph_statistics TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON graph_statistics TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON graph_statistics TO tendril_app;
--> statement-breakpoint
ALTER TABLE graph_activity ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE graph_activity FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON graph_activity TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON graph_activity TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON graph_activity TO tendril_app;
--> statement-breakpoint
-- Graphs of all tenants of which one of `consumers` has not read the newest events, unless somebody has
-- worked on it within `idle` or its next attempt is not due: names only. The one that waits longest of
-- each tenant, then the second of each, and so on.
CREATE FUNCTION tendril_lagging_consumers(consumers text[], idle interval, max_rows int)
RETURNS TABLE (tenant_id uuid, graph_id uuid, epoch bigint, consumer text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT g.tenant_id, g.id, g.epoch, n.name
  FROM graphs g CROSS JOIN unnest(consumers) AS n (name)
  LEFT JOIN checkpoints c ON c.tenant_id = g.tenant_id AND c.graph_id = g.id AND c.consumer = n.name
  WHERE g.deleted_at IS NULL AND g.seq > 0
    AND (c.seq IS NULL OR c.seq < g.seq OR c.history_id <> g.history_id)
    AND (c.updated_at IS NULL OR c.updated_at < now() - idle)
    AND (c.not_before IS NULL OR c.not_before <= now())
  ORDER BY row_number() OVER (PARTITION BY g.tenant_id ORDER BY c.updated_at NULLS FIRST),
    c.updated_at NULLS FIRST
  LIMIT max_rows;
$$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_lagging_consumers(text[], interval, int) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_lagging_consumers(text[], interval, int) TO tendril_app;
--> statement-breakpoint
-- Replays of all tenants that nobody has worked on for `idle`, although they are due.
CREATE FUNCTION tendril_waiting_replays(idle interval, max_rows int)
RETURNS TABLE (tenant_id uuid, graph_id uuid, epoch bigint, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.tenant_id, r.graph_id, g.epoch, r.id
  FROM replays r JOIN graphs g ON g.tenant_id = r.tenant_id AND g.id = r.graph_id
  WHERE r.state = 'running' AND g.deleted_at IS NULL AND r.updated_at < now() - idle
    AND (r.not_before IS NULL OR r.not_before <= now())
  ORDER BY row_number() OVER (PARTITION BY r.tenant_id ORDER BY r.updated_at), r.updated_at
  LIMIT max_rows;
$$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_waiting_replays(interval, int) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_waiting_replays(interval, int) TO tendril_app;
--> statement-breakpoint
-- Drops the months of the log that ended more than `keep` ago, the oldest first, and raises the floors
-- of their graphs; `keep` is a month or more. Stops before a month that one of `consumers` has not read
-- to its end. Returns how many were dropped.
CREATE FUNCTION tendril_drop_event_partitions(keep interval, consumers text[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
  part text;
  dropped int := 0;
  is_unread boolean;
BEGIN
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public.events'::regclass AND c.relname ~ '^events_[0-9]{4}_[0-9]{2}$'
      AND (to_date(substr(c.relname, 8), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC'
        <= now() - greatest(keep, interval '1 month')
    ORDER BY c.relname
  LOOP
    EXECUTE format(
      'SELECT EXISTS (
         SELECT FROM (SELECT tenant_id, graph_id, max(seq) AS seq FROM public.%I GROUP BY 1, 2) p
         JOIN graphs g ON g.tenant_id = p.tenant_id AND g.id = p.graph_id AND g.deleted_at IS NULL
         CROSS JOIN unnest($1) AS n (name)
         LEFT JOIN checkpoints c ON c.tenant_id = p.tenant_id AND c.graph_id = p.graph_id
           AND c.consumer = n.name AND c.history_id = g.history_id
         WHERE coalesce(c.seq, 0) < p.seq)', part) INTO is_unread USING consumers;
    EXIT WHEN is_unread;
    EXECUTE format(
      'UPDATE graphs g SET floor_seq = p.seq
       FROM (SELECT tenant_id, graph_id, max(seq) AS seq FROM public.%I GROUP BY 1, 2) p
       WHERE g.tenant_id = p.tenant_id AND g.id = p.graph_id AND g.floor_seq < p.seq', part);
    EXECUTE format('DROP TABLE public.%I', part);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_drop_event_partitions(interval, text[]) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_drop_event_partitions(interval, text[]) TO tendril_app;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION tendril_purge_deleted_graphs(max_rows int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  tab text;
  removed int := 0;
  n int;
BEGIN
  FOREACH tab IN ARRAY ARRAY['relationships', 'entities', 'types', 'type_tasks', 'index_entries',
    'text_entries', 'fulltext_entries', 'geo_entries', 'checkpoints', 'parked_events', 'dead_letters',
    'replays', 'graph_statistics', 'graph_activity'] LOOP
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
