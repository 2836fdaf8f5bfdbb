CREATE TABLE "jobs" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"graph_id" uuid,
	"graph_name" text,
	"params" jsonb NOT NULL,
	"state" text DEFAULT 'queued' NOT NULL,
	"priority" text NOT NULL,
	"progress" jsonb NOT NULL,
	"cursor" jsonb,
	"attempt" bigint DEFAULT 0 NOT NULL,
	"lease_owner" uuid,
	"lease_until" timestamp(3) with time zone,
	"run_at" timestamp(3) with time zone NOT NULL,
	"enqueued_at" timestamp(3) with time zone NOT NULL,
	"result" jsonb,
	"error" jsonb,
	"actor" text NOT NULL,
	"request_key" text,
	"fingerprint" text DEFAULT '' NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"started_at" timestamp(3) with time zone,
	"updated_at" timestamp(3) with time zone NOT NULL,
	"finished_at" timestamp(3) with time zone,
	CONSTRAINT "jobs_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "jobs_id" ON "jobs" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "jobs_request" ON "jobs" USING btree ("tenant_id","request_key");--> statement-breakpoint
CREATE INDEX "jobs_active" ON "jobs" USING btree ("tenant_id","id") WHERE finished_at is null;--> statement-breakpoint
CREATE INDEX "jobs_finished" ON "jobs" USING btree ("finished_at");
--> statement-breakpoint
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE jobs FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON jobs TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON jobs TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
-- A row may be read by whoever can name it: a message of a queue names nothing else.
CREATE POLICY known_by_name ON jobs FOR SELECT TO tendril_app
  USING (id = (SELECT nullif(current_setting('tendril.job_id', true), '')::uuid));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON jobs TO tendril_app;
--> statement-breakpoint
-- Jobs of all tenants that could go on and of which nothing was heard for `idle`, names only: their
-- messages may be lost. Those named count as sent from now on. The oldest of each tenant come first,
-- so that no tenant waits for all those of another.
CREATE FUNCTION tendril_waiting_jobs(idle interval, max_running int, max_rows int)
RETURNS TABLE (id uuid, priority text)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH running AS (
    SELECT tenant_id, count(*) AS jobs FROM jobs
    WHERE state = 'running' AND finished_at IS NULL GROUP BY tenant_id
  ), ready AS (
    SELECT j.id, j.enqueued_at, row_number() OVER (PARTITION BY j.tenant_id
        ORDER BY j.state = 'running' DESC, array_position('{high,normal,low}', j.priority), j.id) AS turn,
      j.state, coalesce(r.jobs, 0) AS running
    FROM jobs j LEFT JOIN running r USING (tenant_id)
    WHERE j.finished_at IS NULL AND j.state IN ('queued', 'running') AND j.run_at <= now()
      AND (j.lease_until IS NULL OR j.lease_until < now())
  ), chosen AS (
    SELECT ready.id FROM ready
    WHERE enqueued_at < now() - idle AND (state = 'running' OR running < max_running)
    ORDER BY turn, ready.id LIMIT max_rows
  )
  UPDATE jobs j SET enqueued_at = now() FROM chosen WHERE j.id = chosen.id
  RETURNING j.id, j.priority;
$$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_waiting_jobs(interval, int, int) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_waiting_jobs(interval, int, int) TO tendril_app;
--> statement-breakpoint
-- Jobs of all tenants that ended longer ago than `keep`, a day at least, or whose upload did not end
-- within a day: their files and rows are to go.
CREATE FUNCTION tendril_expired_jobs(keep interval, max_rows int)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT j.tenant_id, j.id FROM jobs j
  WHERE j.state IN ('succeeded', 'failed', 'cancelled')
      AND j.finished_at < now() - greatest(keep, interval '24 hours')
    OR j.state = 'uploading' AND j.finished_at IS NULL AND j.updated_at < now() - interval '24 hours'
  ORDER BY j.updated_at LIMIT max_rows;
$$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_expired_jobs(interval, int) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_expired_jobs(interval, int) TO tendril_app;
