-- Trusted extensions: the owner of a database may add them, no superuser is needed.
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
--> statement-breakpoint
CREATE EXTENSION IF NOT EXISTS btree_gin SCHEMA public;
--> statement-breakpoint
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public;
--> statement-breakpoint
CREATE EXTENSION IF NOT EXISTS cube SCHEMA public;
--> statement-breakpoint
CREATE TABLE "fulltext_entries" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"index_id" uuid NOT NULL,
	"record_id" uuid NOT NULL,
	"document" tsvector NOT NULL,
	CONSTRAINT "fulltext_entries_tenant_id_graph_id_index_id_record_id_pk" PRIMARY KEY("tenant_id","graph_id","index_id","record_id")
);
--> statement-breakpoint
CREATE TABLE "geo_entries" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"index_id" uuid NOT NULL,
	"record_id" uuid NOT NULL,
	"place" cube NOT NULL,
	CONSTRAINT "geo_entries_tenant_id_graph_id_index_id_record_id_pk" PRIMARY KEY("tenant_id","graph_id","index_id","record_id")
);
--> statement-breakpoint
CREATE TABLE "index_entries" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"index_id" uuid NOT NULL,
	"record_id" uuid NOT NULL,
	"key" bytea NOT NULL,
	CONSTRAINT "index_entries_tenant_id_graph_id_index_id_key_record_id_pk" PRIMARY KEY("tenant_id","graph_id","index_id","key","record_id")
);
--> statement-breakpoint
CREATE TABLE "text_entries" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"index_id" uuid NOT NULL,
	"record_id" uuid NOT NULL,
	"body" text NOT NULL,
	CONSTRAINT "text_entries_tenant_id_graph_id_index_id_record_id_pk" PRIMARY KEY("tenant_id","graph_id","index_id","record_id")
);
--> statement-breakpoint
CREATE INDEX "fulltext_entries_document" ON "fulltext_entries" USING gin ("index_id","document");--> statement-breakpoint
CREATE INDEX "geo_entries_place" ON "geo_entries" USING gist ("index_id","place");--> statement-breakpoint
CREATE INDEX "text_entries_body" ON "text_entries" USING gin ("index_id","body" gin_trgm_ops);
--> statement-breakpoint
ALTER TABLE index_entries ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE index_entries FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON index_entries TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON index_entries TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON index_entries TO tendril_app;
--> statement-breakpoint
ALTER TABLE text_entries ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE text_entries FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON text_entries TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON text_entries TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON text_entries TO tendril_app;
--> statement-breakpoint
ALTER TABLE fulltext_entries ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE fulltext_entries FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON fulltext_entries TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON fulltext_entries TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON fulltext_entries TO tendril_app;
--> statement-breakpoint
ALTER TABLE geo_entries ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE geo_entries FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY owner_sees_all ON geo_entries TO CURRENT_USER USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY own_tenant ON geo_entries TO tendril_app
  USING (tenant_id = (SELECT tendril_tenant())) WITH CHECK (tenant_id = (SELECT tendril_tenant()));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON geo_entries TO tendril_app;
--> statement-breakpoint
-- A JSON value as bytes that sort as lists do: null and absent, strings by code point, numbers, false,
-- true, arrays, objects. A byte for the kind leads, a zero byte, which no text holds, ends what has
-- no fixed length, so keys of several fields stand one after the other and nothing begins with 0xff.
-- Of text, arrays and objects the first 200 bytes count: an index row holds 2,704.
CREATE FUNCTION tendril_sort_key(value jsonb) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  kind text := jsonb_typeof(value);
  bits bytea;
BEGIN
  IF kind = 'string' THEN
    RETURN '\x20'::bytea || substring(convert_to(left(value #>> '{}', 200), 'UTF8') FOR 200) || '\x00'::bytea;
  ELSIF kind = 'number' THEN
    -- IEEE 754, section 5.10: bits of doubles sort as integers once the sign bit of positive ones is
    -- set and all bits of negative ones are inverted.
    bits := float8send(value::float8);
    IF get_byte(bits, 0) < 128 THEN
      RETURN '\x30'::bytea || set_byte(bits, 0, get_byte(bits, 0) | 128);
    END IF;
    RETURN '\x30'::bytea || int8send(~('x' || encode(bits, 'hex'))::bit(64)::bigint);
  ELSIF kind = 'boolean' THEN
    RETURN CASE WHEN value::boolean THEN '\x41'::bytea ELSE '\x40'::bytea END;
  ELSIF kind = 'array' THEN
    RETURN '\x50'::bytea || substring(convert_to(left(value::text, 200), 'UTF8') FOR 200) || '\x00'::bytea;
  ELSIF kind = 'object' THEN
    RETURN '\x60'::bytea || substring(convert_to(left(value::text, 200), 'UTF8') FOR 200) || '\x00'::bytea;
  END IF;
  RETURN '\x10'::bytea;
END $$;
--> statement-breakpoint
-- The same of a name key, which is short enough to count in full.
CREATE FUNCTION tendril_name_sort_key(name_key text) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN '\x20'::bytea || convert_to(name_key, 'UTF8') || '\x00'::bytea;
END $$;
--> statement-breakpoint
-- The key of a record in a composite index of these fields: `name`, or `properties.` and a path.
CREATE FUNCTION tendril_index_key(fields text[], name_key text, properties jsonb) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  field text;
  key bytea := '';
BEGIN
  FOREACH field IN ARRAY fields LOOP
    key := key || CASE WHEN field = 'name' THEN tendril_name_sort_key(name_key)
      ELSE tendril_sort_key(properties #> (string_to_array(field, '.'))[2:]) END;
  END LOOP;
  RETURN key;
END $$;
--> statement-breakpoint
-- What a text index of these fields searches in: their strings, a line each; null without any.
CREATE FUNCTION tendril_index_body(fields text[], name_key text, properties jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  field text;
  value jsonb;
  body text;
BEGIN
  FOREACH field IN ARRAY fields LOOP
    IF field = 'name' THEN
      body := concat_ws(E'\n', body, nullif(name_key, ''));
    ELSE
      value := properties #> (string_to_array(field, '.'))[2:];
      IF jsonb_typeof(value) = 'string' THEN
        body := concat_ws(E'\n', body, nullif(value #>> '{}', ''));
      END IF;
    END IF;
  END LOOP;
  RETURN body;
END $$;
--> statement-breakpoint
-- The text whose words a full-text index of these fields holds: strings and numbers, also inside of
-- arrays and objects; null without any. Its first 100,000 characters: a tsvector holds 1 MB.
CREATE FUNCTION tendril_index_words(fields text[], name text, properties jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  field text;
  value jsonb;
  words text;
BEGIN
  FOREACH field IN ARRAY fields LOOP
    IF field = 'name' THEN
      words := concat_ws(E'\n', words, name);
    ELSE
      value := properties #> (string_to_array(field, '.'))[2:];
      IF jsonb_typeof(value) IN ('string', 'number') THEN
        words := concat_ws(E'\n', words, value #>> '{}');
      ELSIF jsonb_typeof(value) IN ('array', 'object') THEN
        words := concat_ws(E'\n', words, (
          SELECT string_agg(part #>> '{}', E'\n') FROM jsonb_path_query(value, 'strict $.**') AS part
          WHERE jsonb_typeof(part) IN ('string', 'number')));
      END IF;
    END IF;
  END LOOP;
  RETURN left(words, 100000);
END $$;
--> statement-breakpoint
CREATE FUNCTION tendril_document(words text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN nullif(to_tsvector('pg_catalog.simple'::regconfig, words), ''::tsvector);
--> statement-breakpoint
-- Where on the unit sphere a location is, null without one. The straight distance between two such
-- points grows with the great-circle distance and knows no antimeridian and no poles: the method of
-- PostgreSQL's earthdistance (contrib/earthdistance, cube-based), which itself is not trusted.
CREATE FUNCTION tendril_place(latitude float8, longitude float8) RETURNS cube
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN cube(ARRAY[
  cos(radians(latitude)) * cos(radians(longitude)),
  cos(radians(latitude)) * sin(radians(longitude)),
  sin(radians(latitude))]);
--> statement-breakpoint
-- The searches below run as the owner, since row security keeps operators that are not leakproof
-- (@@, LIKE, those of cube) from being conditions of an index for anybody else. Each names the tenant
-- by itself. Each leaves the planner no other way than the index that it is meant for: statistics
-- know nothing of one tenant's graph, and by them the key of the table would often look as good. So
-- the tenant is named by IS NOT DISTINCT FROM, which no b-tree serves, values are not looked up
-- (generic plans), and what the index cannot be read by is off.
--
-- Records whose document has the words, best first. `after_rank` and `after_id`: where the page before
-- ended, null for the first.
CREATE FUNCTION tendril_search(
  graph uuid, index uuid, words text, after_rank float8, after_id uuid, max_rows bigint
) RETURNS TABLE (id uuid, rank float8)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off
SET enable_bitmapscan = on AS $$
DECLARE
  query tsquery := websearch_to_tsquery('pg_catalog.simple', words);
BEGIN
  RETURN QUERY
  SELECT e.record_id, r.rank
  FROM fulltext_entries e, LATERAL (SELECT ts_rank(e.document, query)::float8 AS rank) r
  WHERE e.tenant_id IS NOT DISTINCT FROM tendril_tenant() AND e.graph_id IS NOT DISTINCT FROM graph
    AND e.index_id = index AND e.document @@ query
    AND (after_id IS NULL OR (r.rank, e.record_id) < (after_rank, after_id))
  ORDER BY r.rank DESC, e.record_id DESC LIMIT max_rows;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_search(uuid, uuid, text, float8, uuid, bigint) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_search(uuid, uuid, text, float8, uuid, bigint) TO tendril_app;
--> statement-breakpoint
-- The same records in no particular order.
CREATE FUNCTION tendril_word_matches(graph uuid, index uuid, words text, max_rows bigint)
RETURNS TABLE (id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off
SET enable_bitmapscan = on AS $$
DECLARE
  query tsquery := websearch_to_tsquery('pg_catalog.simple', words);
BEGIN
  RETURN QUERY
  SELECT e.record_id FROM fulltext_entries e
  WHERE e.tenant_id IS NOT DISTINCT FROM tendril_tenant() AND e.graph_id IS NOT DISTINCT FROM graph
    AND e.index_id = index AND e.document @@ query
  LIMIT max_rows;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_word_matches(uuid, uuid, text, bigint) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_word_matches(uuid, uuid, text, bigint) TO tendril_app;
--> statement-breakpoint
-- Records whose text is like `pattern`, in no particular order.
CREATE FUNCTION tendril_text_matches(graph uuid, index uuid, pattern text, max_rows bigint)
RETURNS TABLE (id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off
SET enable_bitmapscan = on AS $$
BEGIN
  RETURN QUERY
  SELECT e.record_id FROM text_entries e
  WHERE e.tenant_id IS NOT DISTINCT FROM tendril_tenant() AND e.graph_id IS NOT DISTINCT FROM graph
    AND e.index_id = index AND e.body LIKE pattern
  LIMIT max_rows;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_text_matches(uuid, uuid, text, bigint) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_text_matches(uuid, uuid, text, bigint) TO tendril_app;
--> statement-breakpoint
-- Records within `radius` of a place, nearest first, and those of one distance by id. Distances are
-- straight ones on the unit sphere. May return more than `max_rows`: the last distance is whole.
CREATE FUNCTION tendril_near(
  graph uuid, index uuid, latitude float8, longitude float8, radius float8,
  after_distance float8, after_id uuid, max_rows bigint
) RETURNS TABLE (id uuid, distance float8)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  middle cube := tendril_place(latitude, longitude);
  hit record;
  -- Found, and not returned yet: those of one distance.
  tied uuid[] := '{}';
  total bigint := 0;
BEGIN
  -- The index knows the order of distances, and a loop reads on as far as it goes: a sort by id as well
  -- would make some planners read everything first.
  FOR hit IN
    SELECT e.record_id, e.place <-> middle AS chord FROM geo_entries e
    WHERE e.tenant_id IS NOT DISTINCT FROM tendril_tenant() AND e.graph_id IS NOT DISTINCT FROM graph
      AND e.index_id = index
      -- A little more than the sphere's own box, for what rounding may take away.
      AND e.place <@ cube_enlarge(middle, radius + 1e-9, 3) AND e.place <-> middle <= radius
      AND (after_id IS NULL OR (e.place <-> middle, e.record_id) > (after_distance, after_id))
    ORDER BY e.place <-> middle
  LOOP
    IF hit.chord IS DISTINCT FROM distance THEN
      FOR id IN SELECT each FROM unnest(tied) AS each ORDER BY each LOOP
        RETURN NEXT;
      END LOOP;
      tied := '{}';
      distance := hit.chord;
      EXIT WHEN total >= max_rows;
    END IF;
    tied := tied || hit.record_id;
    total := total + 1;
  END LOOP;
  FOR id IN SELECT each FROM unnest(tied) AS each ORDER BY each LOOP
    RETURN NEXT;
  END LOOP;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_near(uuid, uuid, float8, float8, float8, float8, uuid, bigint) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_near(uuid, uuid, float8, float8, float8, float8, uuid, bigint) TO tendril_app;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION tendril_purge_deleted_graphs(max_rows int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  tab text;
  removed int := 0;
  n int;
BEGIN
  FOREACH tab IN ARRAY ARRAY['relationships', 'entities', 'types', 'type_tasks', 'index_entries',
    'text_entries', 'fulltext_entries', 'geo_entries'] LOOP
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
CREATE STATISTICS index_entries_graph_tenant (dependencies) ON tenant_id, graph_id, index_id FROM index_entries;
--> statement-breakpoint
-- Born with statistics, as the tables of 0002 are and for the same reason.
INSERT INTO index_entries (tenant_id, graph_id, index_id, record_id, key)
SELECT md5('t' || i % 10)::uuid, md5('g' || i % 30)::uuid, md5('i' || i % 60)::uuid, md5('e' || i)::uuid,
  tendril_sort_key(to_jsonb(i % 500))
FROM generate_series(1, 6000) AS i;
--> statement-breakpoint
INSERT INTO text_entries (tenant_id, graph_id, index_id, record_id, body)
SELECT md5('t' || i % 10)::uuid, md5('g' || i % 30)::uuid, md5('i' || i % 60)::uuid, md5('e' || i)::uuid,
  'some text of ' || md5('b' || i)
FROM generate_series(1, 6000) AS i;
--> statement-breakpoint
INSERT INTO fulltext_entries (tenant_id, graph_id, index_id, record_id, document)
SELECT md5('t' || i % 10)::uuid, md5('g' || i % 30)::uuid, md5('i' || i % 60)::uuid, md5('e' || i)::uuid,
  tendril_document('some words of ' || md5('b' || i))
FROM generate_series(1, 6000) AS i;
--> statement-breakpoint
INSERT INTO geo_entries (tenant_id, graph_id, index_id, record_id, place)
SELECT md5('t' || i % 10)::uuid, md5('g' || i % 30)::uuid, md5('i' || i % 60)::uuid, md5('e' || i)::uuid,
  tendril_place(i % 90, i % 180)
FROM generate_series(1, 6000) AS i;
--> statement-breakpoint
ANALYZE index_entries, text_entries, fulltext_entries, geo_entries;
--> statement-breakpoint
DELETE FROM index_entries WHERE tenant_id IN (SELECT md5('t' || i)::uuid FROM generate_series(0, 9) AS i);
--> statement-breakpoint
DELETE FROM text_entries WHERE tenant_id IN (SELECT md5('t' || i)::uuid FROM generate_series(0, 9) AS i);
--> statement-breakpoint
DELETE FROM fulltext_entries WHERE tenant_id IN (SELECT md5('t' || i)::uuid FROM generate_series(0, 9) AS i);
--> statement-breakpoint
DELETE FROM geo_entries WHERE tenant_id IN (SELECT md5('t' || i)::uuid FROM generate_series(0, 9) AS i);
