-- Run once, as a superuser. The engine's role owns its database and is under
-- row-level security; a superuser is refused.
CREATE ROLE piq LOGIN PASSWORD :'password'
    NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
CREATE DATABASE piq OWNER piq ENCODING 'UTF8' TEMPLATE template0;
