-- Rows of nobody, to stay: a hundred of the nil tenant, whom no policy shows to anybody. They are the
-- least that the planner ever takes a table for. ANALYZE of a table that was emptied, with its pages
-- still there, would otherwise say "no rows", and until the next ANALYZE any index that starts with
-- (tenant_id, graph_id) would count as good as the key: commits scan whole graphs, slower with every
-- row that comes in.
INSERT INTO entities (tenant_id, graph_id, id, type, external_id, name, name_key, properties, version, created_at, updated_at)
SELECT '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', md5('e' || i)::uuid, 'type' || i % 7,
  'x' || i, 'name ' || i, 'name ' || i, '{}', i,
  timestamptz '2026-01-01' + i * interval '1 second', timestamptz '2026-01-01' + i * interval '1 second'
FROM generate_series(1, 100) AS i;
--> statement-breakpoint
INSERT INTO relationships (tenant_id, graph_id, id, type, from_id, to_id, external_id, properties, version, created_seq, created_at, updated_at)
SELECT '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', md5('r' || i)::uuid, 'type' || i % 7,
  md5('e' || 1 + i * 7 % 100)::uuid, md5('e' || 1 + i * 13 % 100)::uuid, 'x' || i, '{}', i, i,
  timestamptz '2026-01-01' + i * interval '1 second', timestamptz '2026-01-01' + i * interval '1 second'
FROM generate_series(1, 100) AS i;
--> statement-breakpoint
-- Of a time that never gets old: answers are forgotten after a day.
INSERT INTO commits (tenant_id, graph_id, commit_id, fingerprint, answer, at)
SELECT '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', 'c' || i, 'f', '{}',
  timestamptz '2999-01-01' + i * interval '1 second'
FROM generate_series(1, 100) AS i;
