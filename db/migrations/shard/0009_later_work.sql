CREATE TABLE "unfinished_erasures" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"entity_ids" uuid[] NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "unfinished_erasures_tenant_id_graph_id_seq_pk" PRIMARY KEY("tenant_id","graph_id","seq")
);
--> statement-breakpoint
ALTER TABLE "checkpoints" ADD COLUMN "seed" jsonb;--> statement-breakpoint
ALTER TABLE "replays" ADD COLUMN "seed" jsonb;
--> statement-breakpoint
ALTER TABLE unfinished_erasures ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE unfinished_erasures FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON unfinished_erasures TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON unfinished_erasures TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON unfinished_erasures TO tendril_app;
--> statement-breakpoint
-- Erasures of all tenants that nobody has worked on for `idle`, of each tenant the oldest first.
CREATE FUNCTION tendril_unfinished_erasures(idle interval, max_rows int)
RETURNS TABLE (tenant_id uuid, graph_id uuid, epoch bigint, seq bigint, entity_ids uuid[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT u.tenant_id, u.graph_id, g.epoch, u.seq, u.entity_ids
  FROM unfinished_erasures u JOIN graphs g ON g.tenant_id = u.tenant_id AND g.id = u.graph_id
  WHERE u.updated_at < now() - idle
  ORDER BY row_number() OVER (PARTITION BY u.tenant_id ORDER BY u.updated_at), u.updated_at
  LIMIT max_rows;
$$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_unfinished_erasures(interval, int) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_unfinished_erasures(interval, int) TO tendril_app;
