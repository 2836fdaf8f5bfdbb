CREATE TABLE "entities" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"type" text NOT NULL,
	"external_id" text,
	"name" text,
	"name_key" text COLLATE "C" NOT NULL,
	"latitude" double precision,
	"longitude" double precision,
	"properties" jsonb NOT NULL,
	"version" bigint NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "entities_tenant_id_graph_id_id_pk" PRIMARY KEY("tenant_id","graph_id","id")
);
--> statement-breakpoint
CREATE TABLE "graphs" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"history_id" uuid NOT NULL,
	"seq" bigint DEFAULT 0 NOT NULL,
	"epoch" bigint DEFAULT 1 NOT NULL,
	"term" bigint DEFAULT 0 NOT NULL,
	"schema_seq" bigint DEFAULT 0 NOT NULL,
	"floor_seq" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp(3) with time zone,
	CONSTRAINT "graphs_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "checkpoints" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"consumer" text NOT NULL,
	"history_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "checkpoints_tenant_id_graph_id_consumer_pk" PRIMARY KEY("tenant_id","graph_id","consumer")
);
--> statement-breakpoint
CREATE TABLE "commits" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"commit_id" text NOT NULL,
	"fingerprint" text NOT NULL,
	"answer" jsonb NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "commits_tenant_id_graph_id_commit_id_pk" PRIMARY KEY("tenant_id","graph_id","commit_id")
);
--> statement-breakpoint
CREATE TABLE "events" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"kind" text NOT NULL,
	"subject_id" uuid,
	"type" text,
	"external_id" text,
	"from_id" uuid,
	"to_id" uuid,
	"actor" text NOT NULL,
	"request_id" text NOT NULL,
	"commit_id" text NOT NULL,
	"before" jsonb,
	"after" jsonb,
	CONSTRAINT "events_tenant_id_graph_id_seq_at_pk" PRIMARY KEY("tenant_id","graph_id","seq","at")
) PARTITION BY RANGE ("at");
--> statement-breakpoint
CREATE TABLE "events_default" PARTITION OF "events" DEFAULT;
--> statement-breakpoint
CREATE TABLE "relationships" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"type" text NOT NULL,
	"from_id" uuid NOT NULL,
	"to_id" uuid NOT NULL,
	"external_id" text,
	"properties" jsonb NOT NULL,
	"version" bigint NOT NULL,
	"created_seq" bigint NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "relationships_tenant_id_graph_id_id_pk" PRIMARY KEY("tenant_id","graph_id","id")
);
--> statement-breakpoint
CREATE TABLE "types" (
	"tenant_id" uuid NOT NULL,
	"graph_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"json_schema" jsonb NOT NULL,
	"version" bigint NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "types_tenant_id_graph_id_kind_name_pk" PRIMARY KEY("tenant_id","graph_id","kind","name")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "entities_external_id" ON "entities" USING btree ("tenant_id","graph_id","external_id") WHERE external_id is not null;--> statement-breakpoint
CREATE INDEX "entities_created" ON "entities" USING btree ("tenant_id","graph_id","created_at","id");--> statement-breakpoint
CREATE INDEX "entities_type_created" ON "entities" USING btree ("tenant_id","graph_id","type","created_at","id");--> statement-breakpoint
CREATE INDEX "entities_name" ON "entities" USING btree ("tenant_id","graph_id","name_key","id");--> statement-breakpoint
CREATE INDEX "commits_at" ON "commits" USING btree ("at");--> statement-breakpoint
CREATE INDEX "events_subject" ON "events" USING btree ("tenant_id","graph_id","subject_id","seq");--> statement-breakpoint
CREATE UNIQUE INDEX "relationships_created_seq" ON "relationships" USING btree ("tenant_id","graph_id","created_seq");--> statement-breakpoint
CREATE UNIQUE INDEX "relationships_external_id" ON "relationships" USING btree ("tenant_id","graph_id","external_id") WHERE external_id is not null;--> statement-breakpoint
CREATE INDEX "relationships_type_created" ON "relationships" USING btree ("tenant_id","graph_id","type","created_at","id");--> statement-breakpoint
CREATE INDEX "relationships_out" ON "relationships" USING btree ("tenant_id","graph_id","from_id","type","created_seq") INCLUDE ("to_id","id");--> statement-breakpoint
CREATE INDEX "relationships_in" ON "relationships" USING btree ("tenant_id","graph_id","to_id","type","created_seq") INCLUDE ("from_id","id");