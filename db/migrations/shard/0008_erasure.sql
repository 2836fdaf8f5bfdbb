CREATE INDEX "events_deleted_external_id" ON "events" USING btree ("tenant_id","graph_id","external_id") WHERE kind = 'entity.deleted'::text;--> statement-breakpoint
CREATE INDEX "events_deleted_from" ON "events" USING btree ("tenant_id","graph_id","from_id") WHERE kind = 'relationship.deleted'::text;--> statement-breakpoint
CREATE INDEX "events_deleted_to" ON "events" USING btree ("tenant_id","graph_id","to_id") WHERE kind = 'relationship.deleted'::text;--> statement-breakpoint
-- What is left of an image once its record is erased: its place in the log, and how many bytes of content
-- it had, by which those who count what is stored stay right. The form stays that of a record.
CREATE FUNCTION tendril_erased_image(image jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT SET search_path = public, pg_temp AS $$
  SELECT jsonb_build_object('version', image -> 'version', 'external_id', NULL, 'name', NULL,
    'location', NULL, 'properties', '{}'::jsonb, 'created_at', image -> 'created_at',
    'updated_at', image -> 'updated_at', 'erased_bytes',
    octet_length(image ->> 'properties') + coalesce(octet_length(image ->> 'name'), 0)
      + coalesce(octet_length(image ->> 'external_id'), 0));
$$;
--> statement-breakpoint
-- Blanks up to `max_rows` events of the tenant's entities that are given, and of the relationships they
-- had, before a seq at which they were deleted; returns how many. The runtime may not update events in any other way: it can
-- make them say less, never something else. A relationship is found by the event of its deletion, which
-- is kept at least as long as those before it.
CREATE FUNCTION tendril_erase_events(graph uuid, entity_ids uuid[], before_seq bigint, max_rows int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  tenant uuid := tendril_tenant();
  n int;
BEGIN
  WITH lost AS MATERIALIZED (
    SELECT d.subject_id FROM unnest(entity_ids) AS g (id) CROSS JOIN LATERAL (
      SELECT v.subject_id FROM events v WHERE v.tenant_id = tenant AND v.graph_id = graph
        AND v.kind = 'relationship.deleted' AND v.from_id = g.id AND v.seq < before_seq
      UNION
      SELECT v.subject_id FROM events v WHERE v.tenant_id = tenant AND v.graph_id = graph
        AND v.kind = 'relationship.deleted' AND v.to_id = g.id AND v.seq < before_seq
      OFFSET 0) d
    GROUP BY 1
  ), target AS MATERIALIZED (
    SELECT t.seq, t.at FROM (
      SELECT v.seq, v.at FROM unnest(entity_ids) AS g (id) CROSS JOIN LATERAL (
        SELECT e.seq, e.at, e.kind, e.before, e.after FROM events e
        WHERE e.tenant_id = tenant AND e.graph_id = graph AND e.subject_id = g.id
          AND e.seq < before_seq OFFSET 0) v
      WHERE v.kind IN ('entity.created', 'entity.updated', 'entity.deleted')
        AND coalesce(v.after, v.before) -> 'erased_bytes' IS NULL
      UNION ALL
      -- An id may have been used again, between other entities.
      SELECT v.seq, v.at FROM lost l CROSS JOIN LATERAL (
        SELECT e.* FROM events e
        WHERE e.tenant_id = tenant AND e.graph_id = graph AND e.subject_id = l.subject_id
          AND e.seq < before_seq OFFSET 0) v
      WHERE v.kind IN ('relationship.created', 'relationship.updated', 'relationship.deleted')
        AND (v.from_id = ANY (entity_ids) OR v.to_id = ANY (entity_ids))
        AND coalesce(v.after, v.before) -> 'erased_bytes' IS NULL
    ) t LIMIT max_rows
  )
  UPDATE events v SET before = tendril_erased_image(v.before), after = tendril_erased_image(v.after),
    external_id = NULL
  FROM target t
  WHERE v.tenant_id = tenant AND v.graph_id = graph AND v.seq = t.seq AND v.at = t.at;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_erase_events(uuid, uuid[], bigint, int) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_erase_events(uuid, uuid[], bigint, int) TO tendril_app;
