CREATE TABLE "changes" (
	"user_id" text NOT NULL,
	"seq" bigint NOT NULL,
	"revision" bigint NOT NULL,
	"at" timestamp(6) with time zone NOT NULL,
	"kind" text NOT NULL,
	"id" uuid NOT NULL,
	"operation" text NOT NULL,
	"version" integer NOT NULL,
	"via" text DEFAULT 'session' NOT NULL,
	"diff" json,
	CONSTRAINT "changes_pkey" PRIMARY KEY("user_id","seq"),
	CONSTRAINT "changes_position" CHECK (seq >= 1 and revision between 1 and seq),
	CONSTRAINT "changes_kind" CHECK (kind in ('start', 'task')),
	CONSTRAINT "changes_operation" CHECK (operation in ('started', 'created', 'updated', 'deleted', 'restored')),
	CONSTRAINT "changes_via_length" CHECK (char_length(via) <= 100)
);
--> statement-breakpoint
ALTER TABLE "changes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "journals" (
	"user_id" text PRIMARY KEY NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp(6) with time zone NOT NULL,
	"floor" integer DEFAULT 0 NOT NULL,
	"tasks" integer DEFAULT 0 NOT NULL,
	"bytes" bigint DEFAULT 0 NOT NULL,
	"trimmed" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "journals_seq_positive" CHECK (seq >= 1)
);
--> statement-breakpoint
ALTER TABLE "journals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD COLUMN "revision" bigint;--> statement-breakpoint
ALTER TABLE "changes" ADD CONSTRAINT "changes_journal_fkey" FOREIGN KEY ("user_id") REFERENCES "public"."journals"("user_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "journals" ADD CONSTRAINT "journals_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "changes_by_resource" ON "changes" USING btree ("user_id","id","seq");--> statement-breakpoint
CREATE INDEX "changes_in_trash" ON "changes" USING btree ("user_id","seq") WHERE operation = 'deleted' and diff is not null;--> statement-breakpoint
CREATE POLICY "changes_owner_only" ON "changes" AS PERMISSIVE FOR ALL TO "app_user" USING (user_id = (select current_setting('app.user_id', true))) WITH CHECK (user_id = (select current_setting('app.user_id', true)));--> statement-breakpoint
CREATE POLICY "journals_owner_only" ON "journals" AS PERMISSIVE FOR ALL TO "app_user" USING (user_id = (select current_setting('app.user_id', true))) WITH CHECK (user_id = (select current_setting('app.user_id', true)));
--> statement-breakpoint
-- Written by hand: bind the owner too, and give the role of users these tables. Each user with tasks gets a first entry: a
-- client that has none of them must not begin at an empty journal.
ALTER TABLE "tasks" NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
INSERT INTO "journals" ("user_id", "seq", "at", "tasks") SELECT "user_id", 1, now(), count(*) FROM "tasks" GROUP BY "user_id";--> statement-breakpoint
ALTER TABLE "tasks" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
INSERT INTO "changes" ("user_id", "seq", "revision", "at", "kind", "id", "operation", "version")
	SELECT "user_id", 1, 1, "at", 'start', '00000000-0000-0000-0000-000000000000', 'started', 0 FROM "journals";--> statement-breakpoint
ALTER TABLE "journals" SET (fillfactor = 50);--> statement-breakpoint
ALTER TABLE "journals" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "changes" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "journals", "changes" TO "app_user";
--> statement-breakpoint
-- A write that inserts rows of a user calls it before it locks anything else. It locks the row of the user as the foreign keys
-- of those rows do it later: the deletion of an account would otherwise wait for the row of the journal, and the write for that
-- of the user. `app_user` may not read that table, so the function runs as its owner.
CREATE FUNCTION "lock_user"("user_id" text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	PERFORM FROM "public"."user" u WHERE u."id" = $1 FOR KEY SHARE;
	RETURN true;
END $$;--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION "lock_user"(text) FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "lock_user"(text) TO "app_user";
