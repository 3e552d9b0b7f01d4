-- Written by hand: roles belong to the whole cluster, so another database may have made it already.
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'todo_user') THEN
		BEGIN
			CREATE ROLE "todo_user" NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
		EXCEPTION WHEN duplicate_object OR unique_violation THEN
			NULL; -- another migration was faster
		END;
	END IF;
	-- PostgreSQL 16 and later: making a role does not give its maker the right to SET ROLE to it.
	IF current_setting('server_version_num')::int >= 160000 THEN
		IF NOT pg_has_role(current_user, 'todo_user', 'SET') THEN
			EXECUTE 'GRANT "todo_user" TO CURRENT_USER WITH INHERIT FALSE, SET TRUE';
		END IF;
	ELSIF NOT pg_has_role(current_user, 'todo_user', 'MEMBER') THEN
		EXECUTE 'GRANT "todo_user" TO CURRENT_USER';
	END IF;
END $$;
--> statement-breakpoint
CREATE TABLE "account" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"account_id" text NOT NULL,
	"provider_id" text NOT NULL,
	"password" text,
	"access_token" text,
	"refresh_token" text,
	"id_token" text,
	"access_token_expires_at" timestamp (3) with time zone,
	"refresh_token_expires_at" timestamp (3) with time zone,
	"scope" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "jwks" (
	"id" text PRIMARY KEY NOT NULL,
	"public_key" text NOT NULL,
	"private_key" text NOT NULL,
	"alg" text,
	"crv" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "session" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"token" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"ip_address" text,
	"user_agent" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "user" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"email_verified" boolean DEFAULT false NOT NULL,
	"image" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "verification" (
	"id" text PRIMARY KEY NOT NULL,
	"identifier" text NOT NULL,
	"value" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"user_id" text NOT NULL,
	"key" text collate "C" NOT NULL,
	"fingerprint" text NOT NULL,
	"answer" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY("user_id","key"),
	CONSTRAINT "idempotency_keys_key_length" CHECK (char_length("idempotency_keys"."key") between 1 and 255)
);
--> statement-breakpoint
ALTER TABLE "idempotency_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "task_tags" (
	"user_id" text NOT NULL,
	"task_id" uuid NOT NULL,
	"tag" text collate "C" NOT NULL,
	CONSTRAINT "task_tags_pkey" PRIMARY KEY("user_id","task_id","tag"),
	CONSTRAINT "task_tags_tag_length" CHECK (char_length("task_tags"."tag") between 1 and 50)
);
--> statement-breakpoint
ALTER TABLE "task_tags" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "tasks" (
	"user_id" text NOT NULL,
	"id" uuid NOT NULL,
	"title" text NOT NULL,
	"description" text,
	"status" text DEFAULT 'todo' NOT NULL,
	"priority" text DEFAULT 'none' NOT NULL,
	"due_date" date,
	"completed_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"title_key" text collate "C" GENERATED ALWAYS AS (lower(title collate "C")) STORED,
	"priority_rank" smallint GENERATED ALWAYS AS (case priority when 'none' then 0 when 'low' then 1 when 'medium' then 2 else 3 end) STORED,
	CONSTRAINT "tasks_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "tasks_status" CHECK ("tasks"."status" in ('todo', 'in_progress', 'done')),
	CONSTRAINT "tasks_priority" CHECK ("tasks"."priority" in ('none', 'low', 'medium', 'high')),
	CONSTRAINT "tasks_title_length" CHECK (char_length("tasks"."title") between 1 and 255),
	CONSTRAINT "tasks_title_no_control" CHECK ("tasks"."title" !~ '[\u0001-\u001F\u007F-\u009F]'),
	CONSTRAINT "tasks_description_length" CHECK (char_length("tasks"."description") <= 10000),
	CONSTRAINT "tasks_done_has_completed_at" CHECK (("tasks"."status" = 'done') = ("tasks"."completed_at" is not null)),
	CONSTRAINT "tasks_due_date_year" CHECK ("tasks"."due_date" between '0001-01-01' and '9999-12-31'),
	CONSTRAINT "tasks_version_positive" CHECK ("tasks"."version" >= 1)
);
--> statement-breakpoint
ALTER TABLE "tasks" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "account" ADD CONSTRAINT "account_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session" ADD CONSTRAINT "session_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "task_tags" ADD CONSTRAINT "task_tags_task_fkey" FOREIGN KEY ("user_id","task_id") REFERENCES "public"."tasks"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "account_provider_id_account_id_key" ON "account" USING btree ("provider_id","account_id");--> statement-breakpoint
CREATE INDEX "account_user_id_idx" ON "account" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "session_token_key" ON "session" USING btree ("token");--> statement-breakpoint
CREATE INDEX "session_user_id_idx" ON "session" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "user_email_key" ON "user" USING btree ("email");--> statement-breakpoint
CREATE INDEX "verification_identifier_idx" ON "verification" USING btree ("identifier");--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_created_at" ON "idempotency_keys" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "task_tags_by_tag" ON "task_tags" USING btree ("user_id","tag","task_id");--> statement-breakpoint
CREATE INDEX "tasks_by_created_at" ON "tasks" USING btree ("user_id","created_at","id");--> statement-breakpoint
CREATE INDEX "tasks_by_updated_at" ON "tasks" USING btree ("user_id","updated_at","id");--> statement-breakpoint
CREATE INDEX "tasks_by_priority" ON "tasks" USING btree ("user_id","priority_rank","id");--> statement-breakpoint
CREATE INDEX "tasks_by_title" ON "tasks" USING btree ("user_id","title_key","id");--> statement-breakpoint
CREATE INDEX "tasks_by_due_date" ON "tasks" USING btree ("user_id",(case when due_date is null then 'infinity'::date else due_date end),"id");--> statement-breakpoint
CREATE INDEX "tasks_by_due_date_desc" ON "tasks" USING btree ("user_id",(case when due_date is null then '-infinity'::date else due_date end),"id");--> statement-breakpoint
CREATE INDEX "tasks_by_status" ON "tasks" USING btree ("user_id","status","created_at","id");--> statement-breakpoint
CREATE POLICY "idempotency_keys_owner_only" ON "idempotency_keys" AS PERMISSIVE FOR ALL TO "todo_user" USING (user_id = (select current_setting('app.user_id', true))) WITH CHECK (user_id = (select current_setting('app.user_id', true)));--> statement-breakpoint
CREATE POLICY "task_tags_owner_only" ON "task_tags" AS PERMISSIVE FOR ALL TO "todo_user" USING (user_id = (select current_setting('app.user_id', true))) WITH CHECK (user_id = (select current_setting('app.user_id', true)));--> statement-breakpoint
CREATE POLICY "tasks_owner_only" ON "tasks" AS PERMISSIVE FOR ALL TO "todo_user" USING (user_id = (select current_setting('app.user_id', true))) WITH CHECK (user_id = (select current_setting('app.user_id', true)));
--> statement-breakpoint
-- Written by hand: bind the owner too, and give the role these tables alone.
ALTER TABLE "tasks" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "task_tags" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "idempotency_keys" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
GRANT USAGE ON SCHEMA "public" TO "todo_user";--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "tasks", "task_tags", "idempotency_keys" TO "todo_user";
