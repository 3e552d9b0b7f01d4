-- Written by hand: everybody may create temporary tables in a database unless that is revoked, `todo_user` too.
DO $$
BEGIN
	EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;
