CREATE TABLE "installation" (
	"name" text PRIMARY KEY NOT NULL,
	"tenant_id" uuid NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "invitations" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"hash" text NOT NULL,
	"email" text,
	"created_by" text NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"expires_at" timestamp(3) with time zone NOT NULL,
	"used_at" timestamp(3) with time zone,
	"used_by" uuid,
	"revoked_at" timestamp(3) with time zone,
	CONSTRAINT "invitations_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "invitations_hash" ON "invitations" USING btree ("hash");--> statement-breakpoint
ALTER TABLE installation ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE installation FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON installation TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON installation FOR SELECT TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
-- The one name there is: another one would be a mark that nothing looks for.
CREATE POLICY first_owner ON installation FOR INSERT TO tendril_app
  WITH CHECK (tenant_id = (SELECT tendril_tenant()) AND name = 'operator');
--> statement-breakpoint
-- No update and no delete: what has happened once must not happen again.
GRANT SELECT, INSERT ON installation TO tendril_app;
--> statement-breakpoint
-- Whether there is an operator's tenant; which one it is, only that tenant sees.
CREATE FUNCTION tendril_is_set_up() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM installation WHERE name = 'operator');
$$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_is_set_up() FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_is_set_up() TO tendril_app;
--> statement-breakpoint
ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE invitations FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON invitations TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON invitations FOR SELECT TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
-- Only the operator's tenant invites: the subquery finds its mark, and nobody else's.
CREATE POLICY operator_invites ON invitations FOR INSERT TO tendril_app
  WITH CHECK (tenant_id = (SELECT tendril_tenant())
    AND EXISTS (SELECT FROM installation WHERE name = 'operator' AND tenant_id = (SELECT tendril_tenant())));
--> statement-breakpoint
CREATE POLICY own_tenant_revokes ON invitations FOR UPDATE TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant()))
  WITH CHECK (tenant_id = (SELECT tendril_tenant()) AND used_by IS NULL);
--> statement-breakpoint
-- A row may be read by whoever can name it: the hash of a code presented.
CREATE POLICY known_by_name ON invitations FOR SELECT TO tendril_app
  USING (hash = (SELECT current_setting('tendril.invitation_hash', true)));
--> statement-breakpoint
-- And used, in the name of the tenant that registers with it.
CREATE POLICY used_by_name ON invitations FOR UPDATE TO tendril_app
  USING (hash = (SELECT current_setting('tendril.invitation_hash', true)) AND used_by IS NULL)
  WITH CHECK (hash = (SELECT current_setting('tendril.invitation_hash', true))
    AND used_by = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (used_at, used_by, revoked_at) ON invitations TO tendril_app;
--> statement-breakpoint
-- Removes tenants whose registration came to nothing, at most `max_rows` of them; returns how many.
-- Not before a day has passed: a repeat of the same request may be on its way, and raises the term of
-- that row.
CREATE FUNCTION tendril_purge_pending_tenants(keep interval, max_rows int) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH old AS (
    SELECT id FROM tenants
    WHERE state = 'pending' AND created_at < now() - greatest(keep, interval '24 hours')
    LIMIT max_rows FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM tenants WHERE id IN (SELECT id FROM old) RETURNING 1
  )
  SELECT count(*)::int FROM gone;
$$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_purge_pending_tenants(interval, int) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_purge_pending_tenants(interval, int) TO tendril_app;
