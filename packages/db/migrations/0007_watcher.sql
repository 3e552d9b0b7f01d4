-- Written by hand: the role that sees where the journal of each user ends, and which accounts exist; nothing else.
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app_watcher') THEN
		BEGIN
			CREATE ROLE "app_watcher" NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
		EXCEPTION WHEN duplicate_object OR unique_violation THEN
			NULL; -- a concurrent migration of another database was faster
		END;
	END IF;
	-- PostgreSQL 16 and later: creating a role does not include the right to SET ROLE to it.
	IF current_setting('server_version_num')::int >= 160000 THEN
		IF NOT pg_has_role(current_user, 'app_watcher', 'SET') THEN
			EXECUTE 'GRANT "app_watcher" TO CURRENT_USER WITH INHERIT FALSE, SET TRUE';
		END IF;
	ELSIF NOT pg_has_role(current_user, 'app_watcher', 'MEMBER') THEN
		EXECUTE 'GRANT "app_watcher" TO CURRENT_USER';
	END IF;
END $$;
--> statement-breakpoint
CREATE POLICY "journals_watcher" ON "journals" AS PERMISSIVE FOR SELECT TO "app_watcher" USING ((select current_setting('app.user_id', true)) = '');--> statement-breakpoint
GRANT USAGE ON SCHEMA "public" TO "app_watcher";--> statement-breakpoint
GRANT SELECT ("user_id", "seq") ON "journals" TO "app_watcher";--> statement-breakpoint
GRANT SELECT ("id") ON "user" TO "app_watcher";
