-- Run once, as a superuser, in the coordinator's database, before the schema is
-- made with piq_shards=shard_0,shard_1,shard_2: one server a shard. Each shard
-- is a database of its own with a role (role.sql) and
-- max_prepared_transactions = 100 in its postgresql.conf.
--
--   psql -d piq -v name=shard_0 -v host=db1.example -v port=5432 \
--        -v dbname=piq -v password=... -f shards.sql
--
-- `options` is for the coordinator's own reads of all learners; the engine
-- connects to the shard by the other words, and says itself whose rows it wants.
CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE SERVER :"name" FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host :'host', port :'port', dbname :'dbname',
             connect_timeout '3', options '-c piq.tenant=*');
GRANT USAGE ON FOREIGN SERVER :"name" TO piq;
CREATE USER MAPPING FOR piq SERVER :"name"
    OPTIONS (user 'piq', password :'password');
