-- Written by hand: the role under which the rows of users are read and written, as 0000 creates `todo_user`. That one keeps
-- its rights, so that the version before runs on during a rolling deployment.
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app_user') THEN
		BEGIN
			CREATE ROLE "app_user" NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
		EXCEPTION WHEN duplicate_object OR unique_violation THEN
			NULL; -- a concurrent migration of another database was faster
		END;
	END IF;
	-- PostgreSQL 16 and later: creating a role does not include the right to SET ROLE to it.
	IF current_setting('server_version_num')::int >= 160000 THEN
		IF NOT pg_has_role(current_user, 'app_user', 'SET') THEN
			EXECUTE 'GRANT "app_user" TO CURRENT_USER WITH INHERIT FALSE, SET TRUE';
		END IF;
	ELSIF NOT pg_has_role(current_user, 'app_user', 'MEMBER') THEN
		EXECUTE 'GRANT "app_user" TO CURRENT_USER';
	END IF;
END $$;
--> statement-breakpoint
ALTER POLICY "idempotency_keys_owner_only" ON "idempotency_keys" TO "app_user", "todo_user";--> statement-breakpoint
ALTER POLICY "task_tags_owner_only" ON "task_tags" TO "app_user", "todo_user";--> statement-breakpoint
ALTER POLICY "tasks_owner_only" ON "tasks" TO "app_user", "todo_user";--> statement-breakpoint
GRANT USAGE ON SCHEMA "public" TO "app_user";--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "tasks", "task_tags", "idempotency_keys" TO "app_user";
