-- A graph belongs to one tenant; without knowing it the planner takes a graph for far too small.
CREATE STATISTICS entities_graph_tenant (dependencies) ON tenant_id, graph_id FROM entities;
--> statement-breakpoint
CREATE STATISTICS relationships_graph_tenant (dependencies) ON tenant_id, graph_id FROM relationships;
--> statement-breakpoint
CREATE STATISTICS commits_graph_tenant (dependencies) ON tenant_id, graph_id FROM commits;
--> statement-breakpoint
-- Until its first ANALYZE the planner takes a table for tiny and any index that starts with
-- (tenant_id, graph_id) for as good as the key: commits into a new shard then scan whole graphs,
-- slower with every row, until autovacuum comes by. So the tables are born with statistics, taken
-- from rows that are like real ones and are gone again at the end of this migration.
INSERT INTO entities (tenant_id, graph_id, id, type, external_id, name, name_key, properties, version, created_at, updated_at)
SELECT md5('t' || i % 10)::uuid, md5('g' || i % 30)::uuid, md5('e' || i)::uuid, 'type' || i % 7,
  CASE WHEN i % 2 = 0 THEN 'x' || i END, 'name ' || i, 'name ' || i, '{}', i,
  timestamptz '2026-01-01' + i * interval '1 second', timestamptz '2026-01-01' + i * interval '1 second'
FROM generate_series(1, 6000) AS i;
--> statement-breakpoint
INSERT INTO relationships (tenant_id, graph_id, id, type, from_id, to_id, external_id, properties, version, created_seq, created_at, updated_at)
SELECT md5('t' || i % 10)::uuid, md5('g' || i % 30)::uuid, md5('r' || i)::uuid, 'type' || i % 7,
  md5('e' || i / 3)::uuid, md5('e' || i * 7 % 6000)::uuid, CASE WHEN i % 2 = 0 THEN 'x' || i END, '{}', i, i,
  timestamptz '2026-01-01' + i * interval '1 second', timestamptz '2026-01-01' + i * interval '1 second'
FROM generate_series(1, 6000) AS i;
--> statement-breakpoint
INSERT INTO commits (tenant_id, graph_id, commit_id, fingerprint, answer, at)
SELECT md5('t' || i % 10)::uuid, md5('g' || i % 30)::uuid, 'c' || i, 'f', '{}',
  timestamptz '2026-01-01' + i * interval '1 second'
FROM generate_series(1, 6000) AS i;
--> statement-breakpoint
ANALYZE entities, relationships, commits;
--> statement-breakpoint
DELETE FROM entities WHERE tenant_id IN (SELECT md5('t' || i)::uuid FROM generate_series(0, 9) AS i);
--> statement-breakpoint
DELETE FROM relationships WHERE tenant_id IN (SELECT md5('t' || i)::uuid FROM generate_series(0, 9) AS i);
--> statement-breakpoint
DELETE FROM commits WHERE tenant_id IN (SELECT md5('t' || i)::uuid FROM generate_series(0, 9) AS i);
