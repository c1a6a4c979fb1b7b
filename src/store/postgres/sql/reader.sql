-- Run as piq, in the engine's database: lets an existing role `analyst` read
-- one tenant's rows. The tenant is what its policies say, not what it says:
-- `piq.tenant` is free for anybody to set, so a role of its own gets policies of
-- its own, for each table of learners. Here tenant 7.
SET search_path = piq;
GRANT USAGE ON SCHEMA piq TO analyst;
DO $$
DECLARE t TEXT;
BEGIN
    FOREACH t IN ARRAY ARRAY['user_profiles', 'learning_paths',
                             'content_recommendations', 'events'] LOOP
        EXECUTE format('GRANT SELECT ON %I TO analyst', t);
        EXECUTE format('CREATE POLICY analyst ON %I AS RESTRICTIVE FOR SELECT '
                       'TO analyst USING (user_id >> 40 = 7)', t);
    END LOOP;
END $$;
-- The permissive policy `tenant` still asks for piq.tenant = '*' or '7'.
