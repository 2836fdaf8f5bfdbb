CREATE TABLE "type_tasks" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"task" text NOT NULL,
	"since_seq" bigint NOT NULL,
	"cursor" uuid,
	"done" bigint DEFAULT 0 NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "type_tasks_tenant_id_graph_id_kind_name_task_pk" PRIMARY KEY("tenant_id","graph_id","kind","name","task")
);
--> statement-breakpoint
ALTER TABLE "types" ADD COLUMN "change" jsonb;--> statement-breakpoint
ALTER TABLE "types" ADD COLUMN "indexes" jsonb DEFAULT '[]'::jsonb NOT NULL;
--> statement-breakpoint
ALTER TABLE type_tasks ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE type_tasks FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON type_tasks TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON type_tasks TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON type_tasks TO tendril_app;
--> statement-breakpoint
-- Tasks of all tenants that nobody has worked on for `idle`, names only: the longest waiting task of
-- each tenant, then the second of each, and so on, so that no tenant waits for all those of another.
CREATE FUNCTION tendril_waiting_type_tasks(idle interval, max_rows int)
RETURNS TABLE (tenant_id uuid, graph_id uuid, epoch bigint, kind text, name text, task text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.tenant_id, t.graph_id, g.epoch, t.kind, t.name, t.task
  FROM type_tasks t JOIN graphs g ON g.tenant_id = t.tenant_id AND g.id = t.graph_id
  WHERE g.deleted_at IS NULL AND t.updated_at < now() - idle
  ORDER BY row_number() OVER (PARTITION BY t.tenant_id ORDER BY t.updated_at), t.updated_at
  LIMIT max_rows;
$$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_waiting_type_tasks(interval, int) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_waiting_type_tasks(interval, int) TO tendril_app;
