-- Searches in a graph's topology, by the contract of core/graph/engine.ts: level by level, each level
-- one set-based query, all levels in one round trip. They are functions because a search keeps a visited
-- set, which a recursive query cannot, and stops when it has found what it looks for; see
-- docs/decisions/graph-in-sql.md. All run with the caller's rights, so that row security applies.
--
-- What keeps plans from being bad, whatever the statistics say: generic plans, by index only; the edges of an entity are
-- looked up in a LATERAL subquery that cannot be flattened; membership in a set is an uncorrelated
-- `IN (SELECT unnest(…))` under NOT or IS TRUE, which always is a hash table; sets are matched by
-- grouping their union, since the planner would take any two arrays for tiny and join them in nested loops.
--
-- The edges of an entity. The four parts are switched on by parameters, so that the types, where there
-- are any, are conditions of the index.
CREATE FUNCTION tendril_edges_of(
  graph uuid, entity uuid, goes_out boolean, goes_in boolean, types text[]
) RETURNS TABLE (other uuid, arrives boolean, created_seq bigint, type text)
LANGUAGE sql STABLE AS $$
  SELECT r.to_id, false, r.created_seq, r.type FROM relationships r
  WHERE goes_out AND types IS NULL
    AND r.tenant_id = (SELECT tendril_tenant()) AND r.graph_id = (SELECT graph) AND r.from_id = entity
  UNION ALL
  SELECT r.to_id, false, r.created_seq, r.type FROM relationships r
  WHERE goes_out AND types IS NOT NULL
    AND r.tenant_id = (SELECT tendril_tenant()) AND r.graph_id = (SELECT graph) AND r.from_id = entity
    AND r.type = ANY (types)
  UNION ALL
  SELECT r.from_id, true, r.created_seq, r.type FROM relationships r
  WHERE goes_in AND types IS NULL
    AND r.tenant_id = (SELECT tendril_tenant()) AND r.graph_id = (SELECT graph) AND r.to_id = entity
  UNION ALL
  SELECT r.from_id, true, r.created_seq, r.type FROM relationships r
  WHERE goes_in AND types IS NOT NULL
    AND r.tenant_id = (SELECT tendril_tenant()) AND r.graph_id = (SELECT graph) AND r.to_id = entity
    AND r.type = ANY (types)
  OFFSET 0
$$;
--> statement-breakpoint
-- The same with the number that each edge has at `weight_path`; null where there is none of at least 0.
CREATE FUNCTION tendril_weighted_edges_of(
  graph uuid, entity uuid, goes_out boolean, goes_in boolean, types text[], weight_path text[]
) RETURNS TABLE (other uuid, arrives boolean, created_seq bigint, weight float8)
LANGUAGE sql STABLE AS $$
  SELECT e.other, e.arrives, e.created_seq,
    CASE WHEN jsonb_typeof(e.value) = 'number' AND e.value >= '0' THEN e.value::float8 END
  FROM (
    SELECT r.to_id AS other, false AS arrives, r.created_seq, r.properties #> weight_path AS value
    FROM relationships r
    WHERE goes_out AND r.tenant_id = (SELECT tendril_tenant()) AND r.graph_id = (SELECT graph)
      AND r.from_id = entity AND (types IS NULL OR r.type = ANY (types))
    UNION ALL
    SELECT r.from_id, true, r.created_seq, r.properties #> weight_path
    FROM relationships r
    WHERE goes_in AND r.tenant_id = (SELECT tendril_tenant()) AND r.graph_id = (SELECT graph)
      AND r.to_id = entity AND (types IS NULL OR r.type = ANY (types))
  ) e
  OFFSET 0
$$;
--> statement-breakpoint
-- Breadth-first search. `max_depth` null: as far as it goes. `room`: most entities besides the starts,
-- which end the search; null: any number. `max_listed`: how many of them are listed; null: all.
-- `edge_limit`: edges between them that are listed afterwards; null: none are looked for.
-- `max_ms` ends the search between two levels; a statement_timeout inside of one also ends it, and what
-- was found in the levels before is the answer. `missing`: the first of the starts that does not exist.
CREATE FUNCTION tendril_traverse(
  graph uuid, starts uuid[], goes_out boolean, goes_in boolean, types text[], entity_types text[],
  candidates uuid[], max_depth int, room bigint, max_listed int, with_tree boolean,
  edge_limit bigint, max_edges bigint, max_ms float8,
  OUT missing uuid, OUT by_depth bigint[], OUT edges bigint, OUT stopped text, OUT ids uuid[],
  OUT entities json, OUT links json
) LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  until timestamptz := clock_timestamp() + max_ms * interval '1 millisecond';
  undirected boolean := goes_out AND goes_in;
  -- Whether all levels are read in their order. Not needed while nothing is listed and nothing ends the
  -- search but the budget: if that does, the search begins again.
  exact boolean := room IS NOT NULL;
  in_order boolean;
  depth int := 0;
  frontier uuid[] := starts;
  -- What the next level may lead back to. Without directions that is no more than two levels.
  seen uuid[] := starts;
  via_from uuid[] := array_fill(NULL::uuid, ARRAY[cardinality(starts)]);
  via_seq bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(starts)]);
  via_type text[] := array_fill(NULL::text, ARRAY[cardinality(starts)]);
  via_in boolean[] := array_fill(NULL::boolean, ARRAY[cardinality(starts)]);
  -- A search that a limit may end reads a level piece by piece, each twice as large as the one before.
  piece_from int;
  piece_size int;
  piece uuid[];
  reached uuid[];
  looked bigint;
  next_ids uuid[];
  next_numbers bigint[];
  next_from uuid[];
  next_seq bigint[];
  next_type text[];
  next_in boolean[];
  one_too_many bigint;
  inside bigint;
BEGIN
  SELECT s.id INTO missing FROM unnest(starts) WITH ORDINALITY AS s(id, place)
  WHERE (SELECT true FROM entities e WHERE e.tenant_id = (SELECT tendril_tenant())
    AND e.graph_id = (SELECT graph) AND e.id = s.id) IS NULL
  ORDER BY s.place LIMIT 1;
  IF missing IS NOT NULL THEN RETURN; END IF;
  by_depth := ARRAY[cardinality(starts)];
  edges := 0;
  ids := CASE WHEN max_listed IS NULL THEN starts ELSE starts[:max_listed] END;
  WHILE stopped IS NULL AND cardinality(frontier) > 0 AND (max_depth IS NULL OR depth < max_depth) LOOP
    piece_from := 1;
    piece_size := CASE WHEN room IS NULL THEN cardinality(frontier) ELSE 64 END;
    reached := '{}';
    WHILE stopped IS NULL AND piece_from <= cardinality(frontier) LOOP
      IF clock_timestamp() >= until THEN
        stopped := 'deadline';
        EXIT;
      END IF;
      piece := frontier[piece_from:piece_from + piece_size - 1];
      in_order := exact OR cardinality(ids) < max_listed;
      one_too_many := NULL;
      BEGIN
        IF in_order AND with_tree THEN
          WITH edge AS (
            SELECT row_number() OVER (ORDER BY f.place, e.arrives, e.created_seq) AS n,
              f.id, e.other, e.arrives, e.created_seq, e.type
            FROM unnest(piece) WITH ORDINALITY AS f(id, place)
            CROSS JOIN LATERAL tendril_edges_of(graph, f.id, goes_out, goes_in, types) AS e
            ORDER BY f.place, e.arrives, e.created_seq
            LIMIT max_edges - edges + 1
          ), first AS (
            SELECT x.other, min(x.n) AS n FROM edge x WHERE x.n <= max_edges - edges GROUP BY x.other
          ), entered AS (
            SELECT x.n FROM first x
            WHERE x.other NOT IN (SELECT unnest(seen || reached))
              AND (entity_types IS NULL OR (SELECT e.type FROM entities e
                WHERE e.tenant_id = (SELECT tendril_tenant()) AND e.graph_id = (SELECT graph)
                  AND e.id = x.other) = ANY (entity_types))
              AND (candidates IS NULL OR (x.other IN (SELECT unnest(candidates))) IS TRUE)
            ORDER BY x.n LIMIT room + 1
          )
          SELECT (SELECT count(*) FROM edge),
            (SELECT x.n FROM entered x ORDER BY x.n OFFSET coalesce(room, 9007199254740991) LIMIT 1),
            coalesce(array_agg(x.other ORDER BY x.n), '{}'), array_agg(x.id ORDER BY x.n),
            array_agg(x.created_seq ORDER BY x.n), array_agg(x.type ORDER BY x.n),
            array_agg(x.arrives ORDER BY x.n)
          INTO looked, one_too_many, next_ids, next_from, next_seq, next_type, next_in
          FROM edge x WHERE (x.n IN (SELECT y.n FROM entered y ORDER BY y.n LIMIT room)) IS TRUE;
        ELSIF in_order THEN
          SELECT coalesce(sum(g.size), 0),
            coalesce(array_agg(g.other ORDER BY g.n) FILTER (WHERE g.is_new), '{}'),
            array_agg(g.n ORDER BY g.n) FILTER (WHERE g.is_new)
          INTO looked, next_ids, next_numbers
          FROM (
            SELECT x.other, min(x.n) AS n, count(*) AS size, min(x.n) <= max_edges - edges
              AND x.other NOT IN (SELECT unnest(seen || reached))
              AND (entity_types IS NULL OR (SELECT e.type FROM entities e
                WHERE e.tenant_id = (SELECT tendril_tenant()) AND e.graph_id = (SELECT graph)
                  AND e.id = x.other) = ANY (entity_types))
              AND (candidates IS NULL OR (x.other IN (SELECT unnest(candidates))) IS TRUE) AS is_new
            FROM (
              SELECT row_number() OVER (ORDER BY f.place, e.arrives, e.created_seq) AS n, e.other
              FROM unnest(piece) WITH ORDINALITY AS f(id, place)
              CROSS JOIN LATERAL tendril_edges_of(graph, f.id, goes_out, goes_in, types) AS e
              ORDER BY f.place, e.arrives, e.created_seq
              LIMIT max_edges - edges + 1
            ) x GROUP BY x.other
          ) g;
          one_too_many := next_numbers[room + 1];
          next_ids := next_ids[:coalesce(room, cardinality(next_ids))];
        ELSE
          SELECT coalesce(sum(g.size), 0), coalesce(array_agg(g.other) FILTER (WHERE g.is_new), '{}')
          INTO looked, next_ids
          FROM (
            SELECT x.other, count(*) AS size, x.other NOT IN (SELECT unnest(seen))
              AND (entity_types IS NULL OR (SELECT e.type FROM entities e
                WHERE e.tenant_id = (SELECT tendril_tenant()) AND e.graph_id = (SELECT graph)
                  AND e.id = x.other) = ANY (entity_types))
              AND (candidates IS NULL OR (x.other IN (SELECT unnest(candidates))) IS TRUE) AS is_new
            FROM (
              SELECT e.other FROM unnest(piece) AS f(id)
              CROSS JOIN LATERAL tendril_edges_of(graph, f.id, goes_out, goes_in, types) AS e
              LIMIT max_edges - edges + 1
            ) x GROUP BY x.other
          ) g;
        END IF;
      EXCEPTION WHEN query_canceled THEN
        stopped := 'deadline';
        EXIT;
      END;
      IF one_too_many IS NOT NULL THEN
        edges := edges + one_too_many;
        stopped := 'limit';
      ELSIF looked > max_edges - edges THEN
        edges := max_edges;
        stopped := 'cost';
        EXIT WHEN NOT in_order;
      ELSE
        edges := edges + looked;
      END IF;
      reached := reached || next_ids;
      room := room - cardinality(next_ids);
      IF max_listed IS NULL THEN
        ids := ids || next_ids;
      ELSIF cardinality(ids) < max_listed THEN
        ids := ids || next_ids[:max_listed - cardinality(ids)];
      END IF;
      IF with_tree THEN
        via_from := via_from || next_from;
        via_seq := via_seq || next_seq;
        via_type := via_type || next_type;
        via_in := via_in || next_in;
      END IF;
      piece_from := piece_from + piece_size;
      piece_size := piece_size * 2;
    END LOOP;
    IF stopped = 'cost' AND NOT in_order THEN
      exact := true;
      stopped := NULL;
      by_depth := ARRAY[cardinality(starts)];
      edges := 0;
      depth := 0;
      ids := starts[:max_listed];
      frontier := starts;
      seen := starts;
      CONTINUE;
    END IF;
    IF cardinality(reached) > 0 THEN by_depth := by_depth || cardinality(reached)::bigint; END IF;
    seen := CASE WHEN undirected THEN frontier ELSE seen END || reached;
    frontier := reached;
    depth := depth + 1;
  END LOOP;
  IF with_tree THEN
    SELECT json_agg(json_build_array(u.id, (SELECT e.type FROM entities e
        WHERE e.tenant_id = (SELECT tendril_tenant()) AND e.graph_id = (SELECT graph)
          AND e.id = u.id), u.from_id, u.seq, u.type, u.arrives) ORDER BY u.place)
    INTO entities
    FROM unnest(ids, via_from, via_seq, via_type, via_in)
      WITH ORDINALITY AS u(id, from_id, seq, type, arrives, place);
  END IF;
  IF edge_limit IS NULL OR stopped IN ('cost', 'deadline') THEN RETURN; END IF;
  BEGIN
    WITH edge AS (
      SELECT row_number() OVER (ORDER BY f.place, e.created_seq) AS n,
        f.id, e.other, e.created_seq, e.type
      FROM unnest(ids) WITH ORDINALITY AS f(id, place)
      CROSS JOIN LATERAL tendril_edges_of(graph, f.id, true, false, types) AS e
      ORDER BY f.place, e.created_seq
      LIMIT max_edges - edges + 1
    ), inner_edge AS (
      SELECT * FROM edge x
      WHERE x.n <= max_edges - edges AND (x.other IN (SELECT unnest(ids))) IS TRUE
    )
    SELECT (SELECT count(*) FROM edge), (SELECT count(*) FROM inner_edge),
      (SELECT json_agg(json_build_array(x.created_seq, x.type, x.id, x.other) ORDER BY x.created_seq)
        FROM (SELECT * FROM inner_edge y ORDER BY y.created_seq LIMIT edge_limit) x)
    INTO looked, inside, links;
  EXCEPTION WHEN query_canceled THEN
    stopped := 'deadline';
    RETURN;
  END;
  IF looked > max_edges - edges THEN
    edges := max_edges;
    stopped := 'cost';
  ELSE
    edges := edges + looked;
    IF inside > edge_limit THEN stopped := 'limit'; END IF;
  END IF;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_traverse(uuid, uuid[], boolean, boolean, text[], text[], uuid[], int,
  bigint, int, boolean, bigint, bigint, float8) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_traverse(uuid, uuid[], boolean, boolean, text[], text[], uuid[], int,
  bigint, int, boolean, bigint, bigint, float8) TO tendril_app;
--> statement-breakpoint
-- A path: of each edge its rank (`created_seq`, and 2^60 more where it is passed from its end to its
-- beginning, so that ranks are ordered as the contract orders edges), the entities, one more than edges,
-- and the edges' weights, all 0 without weights. `deviates`: edges it has in common with what it was
-- made from.
CREATE TYPE tendril_path AS (
  weight float8, length int, ranks bigint[], entities uuid[], weights float8[], deviates int
);
--> statement-breakpoint
-- The shortest path by (number of edges, ranks): breadth-first search from both ends. `banned_entities`
-- are not entered, `banned_edges` do not exist. `equally_short`: how many paths have as few edges, at
-- most 2^53 - 1, all of the floats that count exactly.
CREATE FUNCTION tendril_shortest_path(
  graph uuid, start uuid, goal uuid, goes_out boolean, goes_in boolean, types text[],
  entity_types text[], candidates uuid[], banned_entities uuid[], banned_edges bigint[],
  max_length int, max_edges bigint, until timestamptz,
  OUT path tendril_path, OUT equally_short float8, OUT edges bigint, OUT reached bigint,
  OUT stopped text
) LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  undirected boolean := goes_out AND goes_in;
  -- Levels one after the other, and where each begins; the last one also by itself, with the numbers
  -- of paths to its entities.
  start_ids uuid[] := ARRAY[start];
  start_levels int[] := '{1}';
  start_last uuid[] := ARRAY[start];
  start_paths float8[] := '{1}';
  goal_ids uuid[] := ARRAY[goal];
  goal_levels int[] := '{1}';
  goal_last uuid[] := ARRAY[goal];
  goal_paths float8[] := '{1}';
  from_start boolean;
  seen uuid[];
  opposite uuid;
  grown int := 0;
  looked bigint;
  next_ids uuid[];
  next_paths float8[];
  middle uuid[];
  total float8;
  -- Of the levels around `start` from the one before `middle` down to the first: what lies on a shortest
  -- path, and where each begins.
  good uuid[] := '{}';
  good_levels int[] := '{1}';
  target uuid[];
  steps int;
  here uuid := start;
  rank bigint;
  ranks bigint[] := '{}';
  entities uuid[] := ARRAY[start];
BEGIN
  edges := 0;
  reached := 2;
  IF start = goal THEN
    reached := 1;
    equally_short := 1;
    path := ROW(0, 0, '{}', entities, '{}', 0)::tendril_path;
    RETURN;
  END IF;
  LOOP
    IF cardinality(start_last) = 0 OR cardinality(goal_last) = 0 OR grown >= max_length THEN
      RETURN;
    END IF;
    IF clock_timestamp() >= until THEN
      stopped := 'deadline';
      RETURN;
    END IF;
    from_start := cardinality(start_last) <= cardinality(goal_last);
    opposite := CASE WHEN from_start THEN goal ELSE start END;
    -- Without directions a level leads back to itself and the one before only.
    IF from_start THEN
      next_ids := start_last;
      next_paths := start_paths;
      seen := CASE WHEN undirected
        THEN start_ids[start_levels[greatest(cardinality(start_levels) - 1, 1)]:] ELSE start_ids END;
    ELSE
      next_ids := goal_last;
      next_paths := goal_paths;
      seen := CASE WHEN undirected
        THEN goal_ids[goal_levels[greatest(cardinality(goal_levels) - 1, 1)]:] ELSE goal_ids END;
    END IF;
    SELECT coalesce(sum(g.size), 0), coalesce(array_agg(g.other) FILTER (WHERE g.is_new), '{}'),
      coalesce(array_agg(g.paths) FILTER (WHERE g.is_new), '{}')
    INTO looked, next_ids, next_paths
    FROM (
      SELECT x.other, count(*) AS size, least(sum(x.paths), 9007199254740991) AS paths,
        x.other NOT IN (SELECT unnest(seen)) AND NOT x.other = ANY (banned_entities)
        AND (x.other = opposite
          OR (entity_types IS NULL OR (SELECT e.type FROM entities e
            WHERE e.tenant_id = (SELECT tendril_tenant()) AND e.graph_id = (SELECT graph)
              AND e.id = x.other) = ANY (entity_types))
          AND (candidates IS NULL OR (x.other IN (SELECT unnest(candidates))) IS TRUE)) AS is_new
      FROM (
        SELECT e.other, f.paths FROM unnest(next_ids, next_paths) AS f(id, paths)
        CROSS JOIN LATERAL tendril_edges_of(graph, f.id,
          CASE WHEN from_start THEN goes_out ELSE goes_in END,
          CASE WHEN from_start THEN goes_in ELSE goes_out END, types) AS e
        WHERE NOT e.created_seq = ANY (banned_edges)
        LIMIT max_edges - edges + 1
      ) x GROUP BY x.other
    ) g;
    IF looked > max_edges - edges THEN
      edges := max_edges;
      stopped := 'cost';
      RETURN;
    END IF;
    edges := edges + looked;
    reached := reached + cardinality(next_ids);
    grown := grown + 1;
    IF from_start THEN
      start_levels := start_levels || cardinality(start_ids) + 1;
      start_ids := start_ids || next_ids;
      start_last := next_ids;
      start_paths := next_paths;
    ELSE
      goal_levels := goal_levels || cardinality(goal_ids) + 1;
      goal_ids := goal_ids || next_ids;
      goal_last := next_ids;
      goal_paths := next_paths;
    END IF;
    SELECT array_agg(m.id), least(sum(m.paths), 9007199254740991) INTO middle, total
    FROM (
      SELECT u.id, max(u.before) * max(u.after) AS paths
      FROM (
        SELECT s.id, s.paths AS before, NULL::float8 AS after
        FROM unnest(start_last, start_paths) AS s(id, paths)
        UNION ALL
        SELECT g.id, NULL, g.paths FROM unnest(goal_last, goal_paths) AS g(id, paths)
      ) u GROUP BY u.id HAVING count(*) = 2
    ) m;
    EXIT WHEN middle IS NOT NULL;
  END LOOP;
  reached := reached - cardinality(middle);
  equally_short := total;
  -- `start` is level 1 here, `middle` the last.
  steps := cardinality(start_levels) - 1;
  target := middle;
  FOR level IN REVERSE steps..2 LOOP
    SELECT array_agg(f.id) INTO target
    FROM unnest(start_ids[start_levels[level]:start_levels[level + 1] - 1]) AS f(id)
    WHERE (SELECT true FROM tendril_edges_of(graph, f.id, goes_out, goes_in, types) AS e
      WHERE (e.other IN (SELECT unnest(target))) IS TRUE AND NOT e.created_seq = ANY (banned_edges)
      LIMIT 1);
    good := good || target;
    good_levels := good_levels || cardinality(good) + 1;
  END LOOP;
  FOR step IN 1..grown LOOP
    IF step < steps THEN
      target := good[good_levels[steps - step]:good_levels[steps - step + 1] - 1];
    ELSIF step = steps THEN
      target := middle;
    ELSE
      target := goal_ids[goal_levels[grown - step + 1]:goal_levels[grown - step + 2] - 1];
    END IF;
    SELECT e.other, e.created_seq + CASE WHEN e.arrives THEN 1152921504606846976 ELSE 0 END
    INTO here, rank
    FROM tendril_edges_of(graph, here, goes_out, goes_in, types) AS e
    WHERE (e.other IN (SELECT unnest(target))) IS TRUE AND NOT e.created_seq = ANY (banned_edges)
    ORDER BY e.arrives, e.created_seq LIMIT 1;
    ranks := ranks || rank;
    entities := entities || here;
  END LOOP;
  path := ROW(0, grown, ranks, entities, array_fill(0::float8, ARRAY[grown]), 0)::tendril_path;
EXCEPTION WHEN query_canceled THEN
  stopped := 'deadline';
  path := NULL;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_shortest_path(uuid, uuid, uuid, boolean, boolean, text[], text[],
  uuid[], uuid[], bigint[], int, bigint, timestamptz) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_shortest_path(uuid, uuid, uuid, boolean, boolean, text[], text[],
  uuid[], uuid[], bigint[], int, bigint, timestamptz) TO tendril_app;
--> statement-breakpoint
-- The path of the smallest weight, by (weight, number of edges, ranks). From both ends labels, the best
-- weights known, are corrected in sets, those that are smallest first, until the two balls are wide enough
-- to hold every best path (Dantzig 1960, Nicholson 1966; in sets rather than entity by entity). Then the
-- labels around `goal`, which are (weight, edges) and added from the end, are brought on to `start`, over
-- entities on a best path only, as those around `start` tell.
CREATE FUNCTION tendril_lightest_path(
  graph uuid, start uuid, goal uuid, goes_out boolean, goes_in boolean, types text[],
  entity_types text[], candidates uuid[], banned_entities uuid[], banned_edges bigint[],
  weight_path text[], max_edges bigint, until timestamptz,
  OUT path tendril_path, OUT edges bigint, OUT reached bigint, OUT stopped text
) LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  -- The labels of the side that is at work, and those of the other. `changed`: since they were last
  -- passed on.
  from_start boolean := false;
  ids uuid[] := ARRAY[goal];
  weights float8[] := '{0}';
  lengths float8[] := '{0}';
  changed boolean[] := '{t}';
  nearest float8 := 0;
  pending bigint := 1;
  other_ids uuid[] := ARRAY[start];
  other_weights float8[] := '{0}';
  other_lengths float8[] := '{0}';
  other_changed boolean[] := '{t}';
  other_nearest float8 := 0;
  other_pending bigint := 1;
  -- No best path weighs more, rounding included; null until one is known.
  bound float8;
  meeting float8;
  turns boolean;
  -- The balls are wide enough.
  is_last boolean := false;
  best_weight float8;
  best_length float8;
  batch uuid[];
  batch_weights float8[];
  batch_lengths float8[];
  looked bigint;
  next_ids uuid[];
  next_weights float8[];
  next_lengths float8[];
  here uuid := start;
  edge_weight float8;
  rank bigint;
  path_weights float8[] := '{}';
  ranks bigint[] := '{}';
  entities uuid[] := ARRAY[start];
BEGIN
  edges := 0;
  reached := 1;
  IF start = goal THEN
    path := ROW(0, 0, '{}', entities, '{}', 0)::tendril_path;
    RETURN;
  END IF;
  LOOP
    IF clock_timestamp() >= until THEN
      stopped := 'deadline';
      RETURN;
    END IF;
    IF NOT is_last THEN
      IF pending = 0 OR other_pending = 0 OR nearest / 2 + other_nearest / 2 > bound / 2 THEN
        IF bound IS NULL THEN RETURN; END IF;
        is_last := true;
      END IF;
    END IF;
    -- The side with less to pass on is next; in the end that of the goal.
    turns := CASE WHEN is_last THEN from_start ELSE other_pending < pending END;
    IF turns THEN
      SELECT other_ids, other_weights, other_lengths, other_changed, other_nearest, other_pending,
        ids, weights, lengths, changed, nearest, pending, NOT from_start
      INTO ids, weights, lengths, changed, nearest, pending,
        other_ids, other_weights, other_lengths, other_changed, other_nearest, other_pending, from_start;
    END IF;
    IF is_last THEN
      SELECT min(l.weight), min(l.length) INTO best_weight, best_length
      FROM unnest(ids, weights, lengths) AS l(id, weight, length) WHERE l.id = start;
      SELECT array_agg(b.id), array_agg(b.weight), array_agg(b.length)
      INTO batch, batch_weights, batch_lengths
      FROM (
        SELECT u.id, max(u.weight) AS weight, max(u.length) AS length, max(u.before) AS before
        FROM (
          SELECT l.id, l.weight, l.length, NULL::float8 AS before
          FROM unnest(ids, weights, lengths, changed) AS l(id, weight, length, changed)
          WHERE l.changed AND (best_weight IS NULL OR (l.weight, l.length) < (best_weight, best_length))
          UNION ALL
          SELECT o.id, NULL, NULL, o.weight FROM unnest(other_ids, other_weights) AS o(id, weight)
        ) u GROUP BY u.id HAVING count(*) = 2
      ) b WHERE b.weight / 2 + b.before / 2 <= bound / 2;
    ELSE
      SELECT array_agg(b.id), array_agg(b.weight), array_agg(b.length)
      INTO batch, batch_weights, batch_lengths
      FROM (
        SELECT l.id, l.weight, l.length, row_number() OVER (ORDER BY l.weight) AS n
        FROM unnest(ids, weights, lengths, changed) AS l(id, weight, length, changed)
        WHERE l.changed
      ) b WHERE b.n <= greatest(256, pending / 4)
        AND (b.n = 1 OR bound IS NULL OR b.weight / 2 + other_nearest / 2 <= bound / 2);
    END IF;
    EXIT WHEN batch IS NULL;
    SELECT coalesce(sum(g.size), 0), array_agg(g.other) FILTER (WHERE g.is_entered),
      array_agg(g.label[1]) FILTER (WHERE g.is_entered), array_agg(g.label[2]) FILTER (WHERE g.is_entered)
    INTO looked, next_ids, next_weights, next_lengths
    FROM (
      SELECT x.other, count(*) AS size, min(x.label) AS label,
        coalesce(min(x.label) IS NOT NULL AND NOT x.other = ANY (banned_entities)
        AND (x.other = CASE WHEN from_start THEN goal ELSE start END
          OR (entity_types IS NULL OR (SELECT e.type FROM entities e
            WHERE e.tenant_id = (SELECT tendril_tenant()) AND e.graph_id = (SELECT graph)
              AND e.id = x.other) = ANY (entity_types))
          AND (candidates IS NULL OR (x.other IN (SELECT unnest(candidates))) IS TRUE)), false)
          AS is_entered
      FROM (
        SELECT e.other, CASE WHEN e.weight IS NULL THEN NULL
          -- The sum is infinite, which PostgreSQL takes for an error.
          WHEN e.weight > 1.7976931348623157e308 - b.weight THEN ARRAY['Infinity', b.length + 1]
          ELSE ARRAY[e.weight + b.weight, b.length + 1] END AS label
        FROM unnest(batch, batch_weights, batch_lengths) AS b(id, weight, length)
        CROSS JOIN LATERAL tendril_weighted_edges_of(graph, b.id,
          CASE WHEN from_start THEN goes_out ELSE goes_in END,
          CASE WHEN from_start THEN goes_in ELSE goes_out END, types, weight_path) AS e
        WHERE NOT e.created_seq = ANY (banned_edges)
        LIMIT max_edges - edges + 1
      ) x GROUP BY x.other
    ) g;
    IF looked > max_edges - edges THEN
      edges := max_edges;
      stopped := 'cost';
      RETURN;
    END IF;
    edges := edges + looked;
    -- An end that the other side has reached leads nowhere.
    SELECT array_agg(l.id), array_agg(l.label[1]), array_agg(l.label[2]),
      array_agg(l.is_changed), coalesce(min(l.label[1]) FILTER (WHERE l.is_changed), 'Infinity'),
      count(*) FILTER (WHERE l.is_changed)
    INTO ids, weights, lengths, changed, nearest, pending
    FROM (
      SELECT u.id, min(u.label) AS label, u.id <> CASE WHEN from_start THEN goal ELSE start END
        AND (coalesce(bool_or(u.is_changed), false) OR coalesce(
          min(u.label) FILTER (WHERE u.is_new) < min(u.label) FILTER (WHERE NOT u.is_new),
          bool_and(u.is_new))) AS is_changed
      FROM (
        SELECT o.id, ARRAY[o.weight, o.length] AS label, false AS is_new,
          o.changed AND o.id NOT IN (SELECT unnest(batch)) AS is_changed
        FROM unnest(ids, weights, lengths, changed) AS o(id, weight, length, changed)
        UNION ALL
        SELECT n.id, ARRAY[n.weight, n.length], true, NULL
        FROM unnest(next_ids, next_weights, next_lengths) AS n(id, weight, length)
      ) u GROUP BY u.id
    ) l;
    IF NOT is_last THEN
      SELECT min(m.weight) INTO meeting
      FROM (
        SELECT CASE WHEN max(u.weight) > 1.7976931348623157e308 - max(u.before) THEN 'Infinity'
          ELSE max(u.weight) + max(u.before) END AS weight
        FROM (
          SELECT n.id, n.weight, NULL::float8 AS before
          FROM unnest(next_ids, next_weights) AS n(id, weight)
          UNION ALL
          SELECT o.id, NULL, o.weight FROM unnest(other_ids, other_weights) AS o(id, weight)
        ) u GROUP BY u.id HAVING count(*) = 2
      ) m;
      bound := least(bound, CASE WHEN meeting > 1e307 THEN 'Infinity'
        ELSE meeting * (1 + 1e-9) END);
    END IF;
    reached := cardinality(ids) + cardinality(other_ids);
  END LOOP;
  -- Of the edges that begin a best path, always the one of the smallest rank.
  WHILE here <> goal LOOP
    SELECT t.id, t.rank, t.edge_weight INTO here, rank, edge_weight
    FROM (
      SELECT u.id, u.rank, u.edge_weight, max(u.weight) OVER same AS weight,
        max(u.length) OVER same AS length
      FROM (
        SELECT e.other AS id, e.weight AS edge_weight, NULL::float8 AS weight, NULL::float8 AS length,
          e.created_seq + CASE WHEN e.arrives THEN 1152921504606846976 ELSE 0 END AS rank
        FROM tendril_weighted_edges_of(graph, here, goes_out, goes_in, types, weight_path) AS e
        WHERE e.weight IS NOT NULL AND NOT e.created_seq = ANY (banned_edges)
          AND NOT e.other = ANY (entities)
        UNION ALL
        SELECT l.id, NULL, l.weight, l.length, NULL
        FROM unnest(ids, weights, lengths) AS l(id, weight, length)
      ) u WINDOW same AS (PARTITION BY u.id)
    ) t
    WHERE t.rank IS NOT NULL AND t.weight IS NOT NULL
    ORDER BY CASE WHEN t.edge_weight > 1.7976931348623157e308 - t.weight THEN 'Infinity'
      ELSE t.edge_weight + t.weight END, t.length, t.rank
    LIMIT 1;
    ranks := ranks || rank;
    entities := entities || here;
    path_weights := path_weights || edge_weight;
  END LOOP;
  path := ROW(best_weight, cardinality(ranks), ranks, entities, path_weights, 0)::tendril_path;
EXCEPTION WHEN query_canceled THEN
  stopped := 'deadline';
  path := NULL;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_lightest_path(uuid, uuid, uuid, boolean, boolean, text[], text[],
  uuid[], uuid[], bigint[], text[], bigint, timestamptz) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_lightest_path(uuid, uuid, uuid, boolean, boolean, text[], text[],
  uuid[], uuid[], bigint[], text[], bigint, timestamptz) TO tendril_app;
--> statement-breakpoint
-- The first `k` paths without repeated entities (Yen 1971, with Lawler's rule of 1972: a path is deviated
-- from only where, or after, it deviates itself). Weights count when `weight_path` is not null.
CREATE FUNCTION tendril_paths(
  graph uuid, start uuid, goal uuid, goes_out boolean, goes_in boolean, types text[],
  entity_types text[], candidates uuid[], k int, weight_path text[], max_length int,
  max_edges bigint, max_ms float8,
  OUT missing uuid, OUT paths json, OUT equally_short float8, OUT edges bigint, OUT reached bigint,
  OUT stopped text
) LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  until timestamptz := clock_timestamp() + max_ms * interval '1 millisecond';
  result tendril_path[] := '{}';
  waiting tendril_path[] := '{}';
  last tendril_path;
  found_path tendril_path;
  banned bigint[] := '{}';
  searched record;
  total float8;
BEGIN
  SELECT s.id INTO missing FROM unnest(ARRAY[start, goal]) WITH ORDINALITY AS s(id, place)
  WHERE (SELECT true FROM entities e WHERE e.tenant_id = (SELECT tendril_tenant())
    AND e.graph_id = (SELECT graph) AND e.id = s.id) IS NULL
  ORDER BY s.place LIMIT 1;
  IF missing IS NOT NULL THEN RETURN; END IF;
  IF weight_path IS NULL THEN
    SELECT s.* INTO searched
    FROM tendril_shortest_path(graph, start, goal, goes_out, goes_in, types, entity_types, candidates,
      '{}', '{}', max_length, max_edges, until) AS s;
    equally_short := coalesce(searched.equally_short, 0);
  ELSE
    SELECT s.* INTO searched
    FROM tendril_lightest_path(graph, start, goal, goes_out, goes_in, types, entity_types, candidates,
      '{}', '{}', weight_path, max_edges, until) AS s;
  END IF;
  edges := searched.edges;
  reached := searched.reached;
  stopped := searched.stopped;
  found_path := searched.path;
  IF (found_path).length IS NOT NULL THEN result := ARRAY[found_path]; END IF;
  WHILE cardinality(result) BETWEEN 1 AND k - 1 LOOP
    last := result[cardinality(result)];
    FOR spur IN (last).deviates..(last).length - 1 LOOP
      SELECT array_agg((p).ranks[spur + 1] & 1152921504606846975) INTO banned
      FROM unnest(result) AS p WHERE (p).ranks[:spur] = (last).ranks[:spur];
      IF weight_path IS NULL THEN
        SELECT s.* INTO searched
        FROM tendril_shortest_path(graph, (last).entities[spur + 1], goal, goes_out, goes_in, types,
          entity_types, candidates, (last).entities[:spur], banned, max_length - spur,
          max_edges - edges, until) AS s;
      ELSE
        SELECT s.* INTO searched
        FROM tendril_lightest_path(graph, (last).entities[spur + 1], goal, goes_out, goes_in, types,
          entity_types, candidates, (last).entities[:spur], banned, weight_path,
          max_edges - edges, until) AS s;
      END IF;
      edges := edges + searched.edges;
      reached := greatest(reached, searched.reached);
      stopped := searched.stopped;
      found_path := searched.path;
      EXIT WHEN stopped IS NOT NULL;
      CONTINUE WHEN (found_path).length IS NULL;
      total := (found_path).weight;
      FOR i IN REVERSE spur..1 LOOP
        total := CASE WHEN (last).weights[i] > 1.7976931348623157e308 - total THEN 'Infinity'
          ELSE (last).weights[i] + total END;
      END LOOP;
      waiting := waiting || ROW(total, spur + (found_path).length,
        (last).ranks[:spur] || (found_path).ranks, (last).entities[:spur] || (found_path).entities,
        (last).weights[:spur] || (found_path).weights, spur)::tendril_path;
    END LOOP;
    EXIT WHEN stopped IS NOT NULL OR cardinality(waiting) = 0;
    SELECT w.path, coalesce(w.others, '{}') AS others INTO searched
    FROM (
      SELECT p AS path, array_agg(p) OVER (ORDER BY (p).weight, (p).length, (p).ranks
        ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS others,
        row_number() OVER (ORDER BY (p).weight, (p).length, (p).ranks) AS n
      FROM unnest(waiting) AS p
    ) w WHERE w.n = 1;
    waiting := searched.others;
    result := result || searched.path;
  END LOOP;
  IF cardinality(result) = 0 THEN RETURN; END IF;
  SELECT json_agg(json_build_object(
    'weight', CASE WHEN weight_path IS NOT NULL THEN r.weight::text END,
    'entities', (SELECT json_agg(json_build_array(u.id, (SELECT e.type FROM entities e
        WHERE e.tenant_id = (SELECT tendril_tenant()) AND e.graph_id = (SELECT graph)
          AND e.id = u.id)) ORDER BY u.place)
      FROM unnest(r.entities) WITH ORDINALITY AS u(id, place)),
    'hops', (SELECT json_agg(json_build_array(u.rank & 1152921504606846975, (SELECT e.type
        FROM relationships e WHERE e.tenant_id = (SELECT tendril_tenant())
          AND e.graph_id = (SELECT graph) AND e.created_seq = u.rank & 1152921504606846975),
        u.rank >= 1152921504606846976) ORDER BY u.place)
      FROM unnest(r.ranks) WITH ORDINALITY AS u(rank, place))) ORDER BY r.place)
  INTO paths
  FROM unnest(result) WITH ORDINALITY
    AS r(weight, length, ranks, entities, weights, deviates, place);
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION tendril_paths(uuid, uuid, uuid, boolean, boolean, text[], text[], uuid[], int,
  text[], int, bigint, float8) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION tendril_paths(uuid, uuid, uuid, boolean, boolean, text[], text[], uuid[], int,
  text[], int, bigint, float8) TO tendril_app;
