CREATE TABLE "text_backfill" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "tasks" ALTER COLUMN "title_key" DROP EXPRESSION;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "description_key" text collate "C";--> statement-breakpoint
-- Written by hand, from here on. The rows that are there are normalized and folded after the migrations, in batches.
INSERT INTO "text_backfill" ("user_id") SELECT "id" FROM "user";--> statement-breakpoint
-- The version of the app that is being replaced writes neither key. Its rows are sorted and searched as it would do it, and
-- their owner is noted for the next `pnpm db:migrate`; todo_user may not do that, so the function runs as its own owner.
CREATE FUNCTION "tasks_await_backfill"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	IF NEW."title" IS DISTINCT FROM OLD."title" AND NEW."title_key" IS NOT DISTINCT FROM OLD."title_key" THEN
		NEW."title_key" := lower(NEW."title" COLLATE "C");
	END IF;
	NEW."description_key" := NULL;
	INSERT INTO "public"."text_backfill" ("user_id") VALUES (NEW."user_id");
	RETURN NEW;
END $$;--> statement-breakpoint
-- A trigger needs no right of whoever sets it off.
REVOKE EXECUTE ON FUNCTION "tasks_await_backfill"() FROM PUBLIC;--> statement-breakpoint
CREATE TRIGGER "tasks_inserted_without_keys" BEFORE INSERT ON "tasks" FOR EACH ROW
	WHEN (NEW."description_key" IS NULL) EXECUTE FUNCTION "tasks_await_backfill"();--> statement-breakpoint
CREATE TRIGGER "tasks_updated_without_keys" BEFORE UPDATE ON "tasks" FOR EACH ROW
	WHEN (NEW."version" <> OLD."version" AND current_setting('app.writes_text_keys', true) IS DISTINCT FROM 'on')
	EXECUTE FUNCTION "tasks_await_backfill"();
