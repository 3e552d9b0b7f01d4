CREATE TABLE "lists" (
	"user_id" text NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"position" text collate "C" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "lists_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "lists_by_position" UNIQUE("user_id","position") DEFERRABLE,
	CONSTRAINT "lists_name_length" CHECK (char_length("lists"."name") between 1 and 255),
	CONSTRAINT "lists_name_no_control" CHECK ("lists"."name" !~ '[\u0001-\u001F\u007F-\u009F]'),
	CONSTRAINT "lists_version_positive" CHECK ("lists"."version" >= 1)
);
--> statement-breakpoint
ALTER TABLE "lists" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "changes" DROP CONSTRAINT "changes_kind";--> statement-breakpoint
ALTER TABLE "journals" ADD COLUMN "lists" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "list_id" uuid;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "parent_id" uuid;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "position" text collate "C";--> statement-breakpoint
-- Written by hand: the tasks that are there stand in the order in which they were created. The owner is bound by the policies,
-- too. The generated column comes after, since adding it rewrites the table without the rows that this leaves behind.
ALTER TABLE "tasks" NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
UPDATE "tasks" SET "position" = (4999999999 + numbered."number")::text FROM (
	SELECT "user_id", "id", row_number() OVER (PARTITION BY "user_id" ORDER BY "created_at", "id") AS "number" FROM "tasks"
) numbered WHERE "tasks"."user_id" = numbered."user_id" AND "tasks"."id" = numbered."id";--> statement-breakpoint
ALTER TABLE "tasks" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "tasks" ALTER COLUMN "position" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "place" uuid GENERATED ALWAYS AS (coalesce(parent_id, list_id, '00000000-0000-0000-0000-000000000000'::uuid)) STORED;--> statement-breakpoint
ALTER TABLE "lists" ADD CONSTRAINT "lists_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_list_fkey" FOREIGN KEY ("user_id","list_id") REFERENCES "public"."lists"("user_id","id") ON DELETE no action ON UPDATE no action DEFERRABLE INITIALLY DEFERRED;--> statement-breakpoint
CREATE INDEX "tasks_in_inbox" ON "tasks" USING btree ("user_id","created_at","id") WHERE list_id is null;--> statement-breakpoint
CREATE INDEX "tasks_by_list" ON "tasks" USING btree ("user_id","list_id","created_at","id") WHERE list_id is not null;--> statement-breakpoint
CREATE INDEX "tasks_by_parent" ON "tasks" USING btree ("user_id","parent_id","created_at","id") WHERE parent_id is not null;--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_by_place" UNIQUE("user_id","place","position") DEFERRABLE;--> statement-breakpoint
-- Written by hand: the primary key is created again, after the other indexes. The checks of foreign keys are planned once for a connection;
-- where the statistics still show an empty table, all indexes cost the same, and PostgreSQL takes the newest. Another one than
-- this would read all tasks of the user for each that is deleted.
ALTER TABLE "task_tags" DROP CONSTRAINT "task_tags_task_fkey";--> statement-breakpoint
ALTER TABLE "tasks" DROP CONSTRAINT "tasks_pkey";--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_pkey" PRIMARY KEY("user_id","id");--> statement-breakpoint
ALTER TABLE "task_tags" ADD CONSTRAINT "task_tags_task_fkey" FOREIGN KEY ("user_id","task_id") REFERENCES "public"."tasks"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_parent_fkey" FOREIGN KEY ("user_id","parent_id") REFERENCES "public"."tasks"("user_id","id") ON DELETE no action ON UPDATE no action DEFERRABLE INITIALLY DEFERRED;--> statement-breakpoint
CREATE POLICY "lists_owner_only" ON "lists" AS PERMISSIVE FOR ALL TO "app_user" USING (user_id = (select current_setting('app.user_id', true))) WITH CHECK (user_id = (select current_setting('app.user_id', true)));
--> statement-breakpoint
ALTER TABLE "lists" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "lists" TO "app_user";
--> statement-breakpoint
-- Written by hand: positions. Ten digits, then a fraction without zeros at its end, so that they compare byte by byte as the
-- numbers do. Returns the one of number "i" of "n" that lie between two others, spread evenly; null for a bound is none. At the
-- ends it counts. Null where the first one is not below the second.
CREATE FUNCTION "key_between"("low" text, "high" text, "i" int DEFAULT 1, "n" int DEFAULT 1) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	WITH bounds AS (
		SELECT (left(low, 10) || '.' || substr(low, 11) || '0')::numeric AS l, (left(high, 10) || '.' || substr(high, 11) || '0')::numeric AS h
	), spread AS (
		SELECT CASE
			WHEN l IS NULL AND h IS NULL THEN 4999999999 + i
			WHEN h IS NULL THEN trunc(l) + i
			WHEN l IS NULL THEN ceil(h) - 1 - n + i
			-- With a digit more than their distance needs.
			WHEN l < h THEN round(l + (h - l) * i / (n + 1), ceil(-log((h - l)::float8 / (n + 1)))::int + 1)
		END AS x FROM bounds
	)
	SELECT lpad(trunc(x)::text, 10, '0') || rtrim(substr((x - trunc(x))::text, 3), '0') FROM spread
$$;
--> statement-breakpoint
-- Fails the statement, and with it the batch, for a reason that is in the message.
CREATE FUNCTION "refuse"("reason" text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING ERRCODE = 'TW001', MESSAGE = reason;
END $$;
--> statement-breakpoint
-- The version of the app that is being replaced writes no position: its tasks come last.
CREATE FUNCTION "tasks_place_last"() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
	NEW."position" := "public"."key_between"((
		SELECT t."position" FROM "public"."tasks" t
		WHERE t."user_id" = NEW."user_id" AND t."place" = coalesce(NEW."parent_id", NEW."list_id", '00000000-0000-0000-0000-000000000000'::uuid)
		ORDER BY t."position" DESC LIMIT 1
	), NULL);
	RETURN NEW;
END $$;--> statement-breakpoint
CREATE TRIGGER "tasks_inserted_without_position" BEFORE INSERT ON "tasks" FOR EACH ROW
	WHEN (NEW."position" IS NULL) EXECUTE FUNCTION "tasks_place_last"();
