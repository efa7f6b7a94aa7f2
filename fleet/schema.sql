-- SPDX-License-Identifier: BSD-2-Clause
-- The fleet's part of a PostgreSQL database (13 or newer): a log of changes for each group of hosts,
-- the signed heads of these logs, and who may see and append what. It may be run again at any time.
--
-- A superuser runs it, or a role with CREATEROLE that may create schemas in this database:
--
--     wfapikey-fleetd --print-sql | psql -v ON_ERROR_STOP=1 DATABASE
--
-- PostgreSQL is not trusted with keys. Issuing hosts sign and seal every frame, and every host
-- checks it. What is here bounds what hosts can do to each other.

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = pg_catalog, pg_temp;
-- A host that keeps a table locked would make this wait for ever, and all other hosts behind it.
SET LOCAL lock_timeout = '10s';

DO $do$
DECLARE
        r text;
BEGIN
        PERFORM set_config('wfapikey.caller', current_user, true);
        PERFORM pg_advisory_xact_lock(hashtext('wfapikey'));
        FOREACH r IN ARRAY ARRAY['wfapikey_owner', 'wfapikey_member', 'wfapikey_issuer', 'wfapikey_site'] LOOP
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
                        EXECUTE format('CREATE ROLE %I NOLOGIN', r);
                END IF;
        END LOOP;
        -- It makes the login roles of hosts.
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wfapikey_owner' AND rolcreaterole) THEN
                ALTER ROLE wfapikey_owner CREATEROLE;
        END IF;
        GRANT wfapikey_member TO wfapikey_issuer;
        -- PostgreSQL 16 and newer: only a role with ADMIN OPTION puts others into a role.
        GRANT wfapikey_member, wfapikey_issuer TO wfapikey_owner WITH ADMIN OPTION;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = current_user AND rolsuper) THEN
                EXECUTE format('GRANT wfapikey_owner TO %I', current_user);
        END IF;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO wfapikey_member, wfapikey_site', current_database());
        -- A limit that hosts cannot change themselves: see limit_host().
        IF current_setting('server_version_num')::integer >= 150000
                AND EXISTS (SELECT FROM pg_roles WHERE rolname = current_user AND rolsuper) THEN
                EXECUTE 'GRANT SET ON PARAMETER temp_file_limit TO wfapikey_owner';
        END IF;
END
$do$;

CREATE SCHEMA IF NOT EXISTS wfapikey AUTHORIZATION wfapikey_owner;
SET LOCAL ROLE wfapikey_owner;
REVOKE ALL ON SCHEMA wfapikey FROM PUBLIC;
GRANT USAGE ON SCHEMA wfapikey TO wfapikey_member, wfapikey_site;

CREATE TABLE IF NOT EXISTS wfapikey.fleet (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        version integer NOT NULL
);
INSERT INTO wfapikey.fleet (version) VALUES (1) ON CONFLICT DO NOTHING;
DO $do$
BEGIN
        IF (SELECT version FROM wfapikey.fleet) <> 1 THEN
                RAISE 'the fleet in this database is of a newer version';
        END IF;
END
$do$;

-- Whether this database is the copy of a site. Only PostgreSQL's own replication writes there.
ALTER TABLE wfapikey.fleet ADD COLUMN IF NOT EXISTS site boolean NOT NULL DEFAULT false;

-- A group, and the number of its last change. A channel, wfapikey_NAME, has at most 63 bytes.
CREATE TABLE IF NOT EXISTS wfapikey.hostgroup (
        name text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9._-]{1,48}$'),
        number bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO wfapikey.hostgroup (name) SELECT 'all' WHERE NOT (SELECT site FROM wfapikey.fleet) ON CONFLICT DO NOTHING;

-- The first change that is kept.
ALTER TABLE wfapikey.hostgroup ADD COLUMN IF NOT EXISTS oldest bigint NOT NULL DEFAULT 1;

-- The name of a role has at most 63 bytes, 14 of them for wfapikey_host_.
CREATE TABLE IF NOT EXISTS wfapikey.host (
        name text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9._-]{1,49}$'),
        role name NOT NULL UNIQUE,
        issuing boolean NOT NULL,
        added_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS wfapikey.host_group (
        host text COLLATE "C" REFERENCES wfapikey.host ON DELETE CASCADE,
        grp text COLLATE "C" REFERENCES wfapikey.hostgroup,
        PRIMARY KEY (host, grp)
);

-- What PostgreSQL keeps of the password of a host that does not issue. A site needs it to make the
-- host's role. An issuing host has none here: the superuser of a site could learn from a login with
-- it how to log in at home.
ALTER TABLE wfapikey.host ADD COLUMN IF NOT EXISTS verifier text;

-- The hosts of each group that do not issue, as the server of a site needs them: a row filter sees
-- the columns of one table.
CREATE TABLE IF NOT EXISTS wfapikey.site_host (
        grp text COLLATE "C",
        host text COLLATE "C",
        grps text[] NOT NULL,
        verifier text NOT NULL,
        PRIMARY KEY (grp, host)
);

-- A frame is signed and sealed, so compression has no effect.
CREATE TABLE IF NOT EXISTS wfapikey.change (
        grp text COLLATE "C",
        number bigint,
        frame bytea NOT NULL CHECK (octet_length(frame) BETWEEN 1 AND 16777216),
        PRIMARY KEY (grp, number)
);
ALTER TABLE wfapikey.change ALTER COLUMN frame SET STORAGE EXTERNAL;

CREATE TABLE IF NOT EXISTS wfapikey.head (
        grp text COLLATE "C",
        issuer text COLLATE "C",
        number bigint NOT NULL,
        frame bytea NOT NULL CHECK (octet_length(frame) BETWEEN 1 AND 4096),
        changed_at timestamptz NOT NULL,
        PRIMARY KEY (grp, issuer)
) WITH (fillfactor = 50);

-- The state of a group at a number, for hosts that lack changes that are not kept any more. Each
-- issuing host has one of its own, because a host may not know the newest issuing host yet.
CREATE TABLE IF NOT EXISTS wfapikey.snapshot (
        grp text COLLATE "C",
        issuer text COLLATE "C",
        number bigint NOT NULL,
        pages bigint NOT NULL,
        made_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (grp, issuer)
);
CREATE TABLE IF NOT EXISTS wfapikey.page (
        grp text COLLATE "C",
        issuer text COLLATE "C",
        number bigint,
        page bigint,
        frame bytea NOT NULL CHECK (octet_length(frame) BETWEEN 1 AND 16777216),
        PRIMARY KEY (grp, issuer, number, page)
);
ALTER TABLE wfapikey.page ALTER COLUMN frame SET STORAGE EXTERNAL;

-- Who takes a snapshot: at most so many hosts at a time as there are places. A host that is heard of
-- no more loses its place. For another number of hosts, insert places or delete some.
CREATE TABLE IF NOT EXISTS wfapikey.turn (
        place integer PRIMARY KEY,
        holder name NOT NULL DEFAULT '',
        at timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);
INSERT INTO wfapikey.turn SELECT i FROM generate_series(1, 16) i WHERE NOT EXISTS (SELECT FROM wfapikey.turn);

-- What hosts report to the issuing hosts: uses of keys, and their audit logs.
CREATE TABLE IF NOT EXISTS wfapikey.report (
        host text COLLATE "C",
        number bigint,
        frame bytea NOT NULL CHECK (octet_length(frame) BETWEEN 1 AND 540672),
        put_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (host, number)
);
ALTER TABLE wfapikey.report ALTER COLUMN frame SET STORAGE EXTERNAL;

-- A row for each host, which its own sessions lock so that they go one at a time. A host can hold such
-- a lock for long: by one expression that PostgreSQL does not interrupt. So it locks nothing that
-- others need, and they neither lock nor wait for these rows.
CREATE TABLE IF NOT EXISTS wfapikey.latch (
        host text COLLATE "C" PRIMARY KEY
);

-- Roles of hosts that were dropped, until no session of theirs is left. Nobody else could end one
-- whose role is gone.
CREATE TABLE IF NOT EXISTS wfapikey.gone (
        role name PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Who asks. Only the table host counts, because roles belong to all databases of a server, and
-- another database may have a fleet of its own. session_user is the role that has logged in.

CREATE OR REPLACE FUNCTION wfapikey.my_name() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        SELECT name FROM wfapikey.host WHERE role = session_user;
$$;

CREATE OR REPLACE FUNCTION wfapikey.is_issuing() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        SELECT EXISTS (SELECT FROM wfapikey.host WHERE role = session_user AND issuing);
$$;

CREATE OR REPLACE FUNCTION wfapikey.my_groups() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        SELECT CASE WHEN wfapikey.is_issuing() THEN ARRAY(SELECT name FROM wfapikey.hostgroup)
                ELSE ARRAY(SELECT grp FROM wfapikey.host_group WHERE host = wfapikey.my_name()) END;
$$;

-- What hosts see. A host that is not issuing sees what its own groups have, and no other host.

ALTER TABLE wfapikey.hostgroup ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfapikey.host ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfapikey.host_group ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfapikey.change ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfapikey.head ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfapikey.snapshot ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfapikey.page ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfapikey.site_host ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfapikey.report ENABLE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS own ON wfapikey.hostgroup;
DROP POLICY IF EXISTS own ON wfapikey.host;
DROP POLICY IF EXISTS own ON wfapikey.host_group;
DROP POLICY IF EXISTS own ON wfapikey.change;
DROP POLICY IF EXISTS own ON wfapikey.head;
DROP POLICY IF EXISTS own ON wfapikey.snapshot;
DROP POLICY IF EXISTS own ON wfapikey.page;
DROP POLICY IF EXISTS issuing ON wfapikey.report;
CREATE POLICY own ON wfapikey.hostgroup FOR SELECT TO wfapikey_member
        USING (name = ANY ((SELECT wfapikey.my_groups())::text[]));
CREATE POLICY own ON wfapikey.host FOR SELECT TO wfapikey_member
        USING (role = session_user OR (SELECT wfapikey.is_issuing()));
CREATE POLICY own ON wfapikey.host_group FOR SELECT TO wfapikey_member
        USING (host = (SELECT wfapikey.my_name()) OR (SELECT wfapikey.is_issuing()));
CREATE POLICY own ON wfapikey.change FOR SELECT TO wfapikey_member
        USING (grp = ANY ((SELECT wfapikey.my_groups())::text[]));
CREATE POLICY own ON wfapikey.head FOR SELECT TO wfapikey_member
        USING (grp = ANY ((SELECT wfapikey.my_groups())::text[]));
CREATE POLICY own ON wfapikey.snapshot FOR SELECT TO wfapikey_member
        USING (grp = ANY ((SELECT wfapikey.my_groups())::text[]));
CREATE POLICY own ON wfapikey.page FOR SELECT TO wfapikey_member
        USING (grp = ANY ((SELECT wfapikey.my_groups())::text[]));
CREATE POLICY issuing ON wfapikey.report FOR SELECT TO wfapikey_member
        USING ((SELECT wfapikey.is_issuing()));

-- A publication decides what a site gets. The role has nothing else to read.
DO $do$
DECLARE
        t text;
BEGIN
        FOREACH t IN ARRAY ARRAY['hostgroup', 'change', 'head', 'snapshot', 'page', 'site_host'] LOOP
                EXECUTE format('DROP POLICY IF EXISTS site ON wfapikey.%I', t);
                EXECUTE format('CREATE POLICY site ON wfapikey.%I FOR SELECT TO wfapikey_site USING (true)', t);
        END LOOP;
END
$do$;

-- A hot standby gives the same SQLSTATE.
CREATE OR REPLACE FUNCTION wfapikey.check_home() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
        IF (SELECT site FROM wfapikey.fleet) THEN
                RAISE read_only_sql_transaction
                        USING MESSAGE = 'this database is the copy of a site, where nothing is written: connect to the home database';
        END IF;
END
$$;

-- Every role may fill PostgreSQL's queue of bells, and keep others from emptying it. A commit that
-- rings fails then. Who hears no bell looks a little later.
CREATE OR REPLACE FUNCTION wfapikey.bell(channel text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
        IF pg_notification_queue_usage() < 0.5 THEN
                PERFORM pg_notify(channel, '');
        END IF;
END
$$;

-- Hosts and groups. Only append() and an administrator call these.

-- At home. A row that stays is updated: a site must not drop a role and make it again.
CREATE OR REPLACE FUNCTION wfapikey.tell_sites(host_name text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
        DELETE FROM wfapikey.site_host s WHERE s.host = host_name AND NOT EXISTS (
                SELECT FROM wfapikey.host h JOIN wfapikey.host_group g ON g.host = h.name
                WHERE h.name = host_name AND g.grp = s.grp AND h.verifier IS NOT NULL);
        INSERT INTO wfapikey.site_host (grp, host, grps, verifier)
                SELECT g.grp, h.name, array_agg(g.grp) OVER (), h.verifier
                FROM wfapikey.host h JOIN wfapikey.host_group g ON g.host = h.name
                WHERE h.name = host_name AND h.verifier IS NOT NULL
                ON CONFLICT (grp, host) DO UPDATE SET grps = excluded.grps, verifier = excluded.verifier;
$$;

-- PostgreSQL 16 and newer: a right is taken away in the name of the role that has given it. All are
-- given by the owner, also when an administrator calls.
CREATE OR REPLACE FUNCTION wfapikey.by_owner() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
        SELECT CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN ' GRANTED BY wfapikey_owner' ELSE '' END;
$$;

-- A host could keep a transaction open that has locked its role. This ends it soon, but not while it
-- evaluates an expression. So what drops or moves a host waits for no lock longer than lock_timeout.
CREATE OR REPLACE FUNCTION wfapikey.end_sessions_of(host_role name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error SET lock_timeout = '500ms' AS $$
DECLARE
        sessions integer[] := ARRAY(SELECT pid FROM pg_stat_activity WHERE usename = host_role AND pid <> pg_backend_pid());
BEGIN
        IF cardinality(sessions) = 0 THEN
                RETURN;
        ELSIF pg_has_role(current_user, host_role, 'USAGE') THEN
                PERFORM pg_terminate_backend(p) FROM unnest(sessions) p;
        ELSE
                -- only a member of a role may end its sessions
                EXECUTE format('GRANT %I TO %I', host_role, current_user);
                PERFORM pg_terminate_backend(p) FROM unnest(sessions) p;
                EXECUTE format('REVOKE %I FROM %I', host_role, current_user);
        END IF;
EXCEPTION
        -- The role has locked that right. PostgreSQL 14 and older let every role give itself to others.
        WHEN lock_not_available OR internal_error THEN
                RAISE WARNING 'wfapikey: sessions of role % go on: %', host_role, SQLERRM;
END
$$;

CREATE OR REPLACE FUNCTION wfapikey.end_sessions(host_name text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
        SELECT wfapikey.end_sessions_of(role) FROM wfapikey.host WHERE name = host_name;
$$;

-- Takes every right from the role of a host that was dropped. The role may keep its own rows of the
-- catalog locked, as by ALTER ROLE. Then end_old() does it later: only the table host counts.
CREATE OR REPLACE FUNCTION wfapikey.disarm(host_role name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error SET lock_timeout = '500ms' AS $$
BEGIN
        BEGIN
                EXECUTE format('REVOKE wfapikey_member FROM %I%s', host_role, wfapikey.by_owner());
                IF pg_has_role(host_role, 'wfapikey_issuer', 'MEMBER') THEN
                        EXECUTE format('REVOKE wfapikey_issuer FROM %I%s', host_role, wfapikey.by_owner());
                END IF;
        EXCEPTION
                WHEN OTHERS THEN
                        RAISE WARNING 'wfapikey: the rights of role %: %', host_role, SQLERRM;
        END;
        BEGIN
                EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL', host_role);
        EXCEPTION
                WHEN OTHERS THEN
                        RAISE WARNING 'wfapikey: the login of role %: %', host_role, SQLERRM;
        END;
END
$$;

-- What a host has left, but the last report: it tells a host of that name which numbers there were.
-- Rows that a session of the host has locked go when that has ended, with the role.
CREATE OR REPLACE FUNCTION wfapikey.forget_rows(host_name text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
        DELETE FROM wfapikey.head WHERE issuer = host_name AND grp IN (
                SELECT grp FROM wfapikey.head WHERE issuer = host_name FOR UPDATE SKIP LOCKED);
        DELETE FROM wfapikey.snapshot WHERE issuer = host_name AND grp IN (
                SELECT grp FROM wfapikey.snapshot WHERE issuer = host_name FOR UPDATE SKIP LOCKED);
        DELETE FROM wfapikey.page WHERE issuer = host_name AND (grp, number, page) IN (
                SELECT grp, number, page FROM wfapikey.page WHERE issuer = host_name FOR UPDATE SKIP LOCKED);
        DELETE FROM wfapikey.report WHERE host = host_name AND number IN (
                SELECT number FROM wfapikey.report WHERE host = host_name
                        AND number < (SELECT max(number) FROM wfapikey.report WHERE host = host_name) FOR UPDATE SKIP LOCKED);
$$;

-- The last that is there of a host. A role that cannot be dropped stays without any right: everybody
-- may own large objects, in any database of the server, and the owner of one stays.
CREATE OR REPLACE FUNCTION wfapikey.drop_gone(host_role name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning SET lock_timeout = '500ms' AS $$
DECLARE
        host_name text := substr(host_role, length('wfapikey_host_') + 1);
BEGIN
        PERFORM wfapikey.end_sessions_of(host_role);
        IF NOT (SELECT site FROM wfapikey.fleet) THEN
                PERFORM wfapikey.forget_rows(host_name);
        END IF;
        DELETE FROM wfapikey.latch WHERE host = host_name;
        EXECUTE format('DROP SEQUENCE IF EXISTS %s', wfapikey.tries_of(host_name));
        DELETE FROM wfapikey.gone WHERE role = host_role;
        EXECUTE format('DROP ROLE IF EXISTS %I', host_role);
EXCEPTION
        WHEN lock_not_available OR internal_error THEN
                RAISE WARNING 'wfapikey: role % has locked what goes with it: %', host_role, SQLERRM;
        WHEN OTHERS OR query_canceled THEN
                DELETE FROM wfapikey.gone WHERE role = host_role;
                RAISE WARNING 'wfapikey: role % stays, and cannot log in: %', host_role, SQLERRM;
END
$$;

-- A host that keeps a transaction open keeps PostgreSQL from removing old rows, from emptying the
-- queue of bells, and from throwing away the log that sites do not need any more. It may change all
-- limits of time that its role has. No statement of a host takes longer than some seconds.
CREATE OR REPLACE FUNCTION wfapikey.patience() RETURNS interval
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
        SELECT interval '1 min';
$$;

-- The owner is a member of the roles of hosts, and of no others: for end_old(), and for nothing else,
-- because the owner does not log in.
CREATE OR REPLACE FUNCTION wfapikey.join_role(host_role text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error SET lock_timeout = '500ms' AS $$
BEGIN
        EXECUTE format(CASE WHEN current_setting('server_version_num')::integer >= 160000
                THEN 'GRANT %I TO wfapikey_owner WITH INHERIT TRUE, SET FALSE' ELSE 'GRANT %I TO wfapikey_owner' END, host_role);
END
$$;

-- The owner sees since when transactions of hosts are open, and may end these: see join_role().
CREATE OR REPLACE FUNCTION wfapikey.end_old() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
        old integer;
        hidden name;
        gone wfapikey.gone;
BEGIN
        -- One that has logged in while its host was dropped. Nobody can log in since, and a session
        -- that was about to begin is here a few seconds later.
        FOR gone IN SELECT * FROM wfapikey.gone ORDER BY random() FOR UPDATE SKIP LOCKED LOOP
                -- each may keep this waiting, and a statement of an issuing host has 4 s
                EXIT WHEN clock_timestamp() > statement_timestamp() + interval '1 s';
                IF EXISTS (SELECT FROM pg_roles WHERE rolname = gone.role
                                AND (rolcanlogin OR pg_has_role(oid, 'wfapikey_member', 'MEMBER'))) THEN
                        PERFORM wfapikey.end_sessions_of(gone.role);
                        PERFORM wfapikey.disarm(gone.role);
                ELSIF gone.at < clock_timestamp() - interval '10 s'
                        AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE usename = gone.role) THEN
                        PERFORM wfapikey.drop_gone(gone.role);
                ELSE
                        PERFORM wfapikey.end_sessions_of(gone.role);
                END IF;
        END LOOP;
        -- PostgreSQL 13 and 14: a host may take its role from its members.
        FOR hidden IN SELECT role FROM (
                        SELECT DISTINCT h.role FROM pg_stat_activity a JOIN wfapikey.host h ON h.role = a.usename
                                WHERE NOT pg_has_role(a.usesysid, 'USAGE')) r ORDER BY random() LOOP
                EXIT WHEN clock_timestamp() > statement_timestamp() + interval '1 s';
                BEGIN
                        PERFORM wfapikey.join_role(hidden);
                EXCEPTION
                        -- it has locked that right
                        WHEN OTHERS THEN
                                RAISE WARNING 'wfapikey: old transactions of role % go on: %', hidden, SQLERRM;
                END;
        END LOOP;
        FOR old IN SELECT a.pid FROM pg_stat_activity a JOIN wfapikey.host h ON h.role = a.usename
                        WHERE a.xact_start < clock_timestamp() - wfapikey.patience() AND a.pid <> pg_backend_pid() LOOP
                BEGIN
                        PERFORM pg_terminate_backend(old);
                EXCEPTION
                        -- It has ended, and another session has its number.
                        WHEN OTHERS THEN NULL;
                END;
        END LOOP;
END
$$;

-- What a host tries is counted here, and a transaction that is rolled back does not undo that. The
-- value is the hour, and behind it in three digits how often it has tried in that hour.
CREATE OR REPLACE FUNCTION wfapikey.tries_of(host_name text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
        SELECT format('wfapikey.%I', 'tries_of_' || host_name);
$$;

-- What the functions that a host calls need. Done again it changes nothing.
CREATE OR REPLACE FUNCTION wfapikey.make_own(host_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
        INSERT INTO wfapikey.latch (host) VALUES (host_name) ON CONFLICT DO NOTHING;
        EXECUTE format('CREATE SEQUENCE IF NOT EXISTS %s', wfapikey.tries_of(host_name));
END
$$;

-- What bounds the role of a host, and the host cannot change. Done again it changes nothing.
CREATE OR REPLACE FUNCTION wfapikey.limit_host(host_role text, is_issuer boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error SET lock_timeout = '500ms' AS $$
BEGIN
        PERFORM wfapikey.join_role(host_role);
        -- A sort could fill the disk. An issuing host sorts the reports of all hosts.
        EXECUTE format(CASE WHEN is_issuer THEN 'ALTER ROLE %I RESET temp_file_limit'
                ELSE 'ALTER ROLE %I SET temp_file_limit = ''64MB''' END, host_role);
EXCEPTION
        -- PostgreSQL 13 and 14: only a superuser may say this. The set-up does for the hosts that are there.
        WHEN insufficient_privilege THEN
                IF current_setting('server_version_num')::integer < 160000 THEN
                        PERFORM wfapikey.join_role(host_role);
                END IF;
        -- It has locked its own settings. A host is moved all the same.
        WHEN lock_not_available OR internal_error THEN
                RAISE WARNING 'wfapikey: role % is limited by the next set-up: %', host_role, SQLERRM;
END
$$;

-- What 'fleet drop' takes: see fleet_join_is_host(). Nobody would see a host of another name.
CREATE OR REPLACE FUNCTION wfapikey.is_name(host_name text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
        SELECT host_name ~ '^[a-z0-9][a-z0-9.-]{0,47}$';
$$;

-- A host and its role, in the groups grps, at home and at a site.
CREATE OR REPLACE FUNCTION wfapikey.put_host(host_name text, verifier text, is_issuer boolean, grps text[])
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
        host_role text := 'wfapikey_host_' || host_name;
        there boolean;
BEGIN
        IF NOT wfapikey.is_name(host_name) THEN
                RAISE 'the name of a host is 1 to 48 of a-z, 0-9, dot and hyphen, and begins with a letter or digit';
        END IF;
        -- Its settings are those of a host that was dropped.
        PERFORM wfapikey.drop_gone(role) FROM wfapikey.gone WHERE role = host_role;
        there := EXISTS (SELECT FROM pg_roles WHERE rolname = host_role);
        IF verifier !~ '^SCRAM-SHA-256\$' THEN
                RAISE 'a SCRAM verifier is required, not a password';
        ELSIF EXISTS (SELECT FROM wfapikey.gone WHERE role = host_role) THEN
                RAISE 'the host % was dropped, and a session of it has not ended yet: try again later', host_name;
        ELSIF there AND NOT EXISTS (SELECT FROM wfapikey.host WHERE name = host_name) THEN
                RAISE 'there is a role % that is not of this fleet: choose another name, or have a superuser run %, in every database in which it owns something, and then %',
                        host_role, format('DROP OWNED BY %I;', host_role), format('DROP ROLE %I;', host_role);
        END IF;
        PERFORM wfapikey.end_sessions(host_name);
        INSERT INTO wfapikey.host (name, role, issuing) VALUES (host_name, host_role, is_issuer)
                ON CONFLICT (name) DO UPDATE SET issuing = is_issuer;
        PERFORM wfapikey.make_own(host_name);
        DELETE FROM wfapikey.host_group WHERE host = host_name;
        INSERT INTO wfapikey.host_group (host, grp) SELECT DISTINCT host_name, g FROM unnest(grps || 'all'::text) g;
        BEGIN
                IF NOT there THEN
                        EXECUTE format('CREATE ROLE %I', host_role);
                        -- PostgreSQL 16 and newer: a role that an administrator has made is not the owner's to end.
                        IF current_setting('server_version_num')::integer >= 160000
                                AND NOT pg_has_role('wfapikey_owner', host_role, 'MEMBER WITH ADMIN OPTION') THEN
                                EXECUTE format('GRANT %I TO wfapikey_owner WITH ADMIN TRUE, INHERIT FALSE, SET FALSE', host_role);
                        END IF;
                END IF;
                EXECUTE format('ALTER ROLE %I LOGIN CONNECTION LIMIT 10 PASSWORD %L', host_role, verifier);
                EXECUTE format('ALTER ROLE %I SET statement_timeout = ''4s''', host_role);
                EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''10s''', host_role);
                PERFORM wfapikey.limit_host(host_role, is_issuer);
                EXECUTE format('GRANT wfapikey_member TO %I%s', host_role, wfapikey.by_owner());
                IF is_issuer THEN
                        EXECUTE format('GRANT wfapikey_issuer TO %I%s', host_role, wfapikey.by_owner());
                ELSIF pg_has_role(host_role, 'wfapikey_issuer', 'MEMBER') THEN
                        EXECUTE format('REVOKE wfapikey_issuer FROM %I%s', host_role, wfapikey.by_owner());
                END IF;
        EXCEPTION
                -- It has locked its role. At a site its groups count all the same.
                WHEN lock_not_available OR internal_error THEN
                        IF NOT (SELECT site FROM wfapikey.fleet) THEN
                                RAISE;
                        END IF;
                        RAISE WARNING 'wfapikey: role % stays as it was: %', host_role, SQLERRM;
        END;
END
$$;

-- verifier is what PostgreSQL keeps of a password. The password itself does not come here, so it is
-- in no log of the server.
CREATE OR REPLACE FUNCTION wfapikey.add_host(host_name text, verifier text, is_issuer boolean, grps text[])
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
        missing text := (SELECT min(g) FROM unnest(grps) g WHERE g NOT IN (SELECT name FROM wfapikey.hostgroup));
BEGIN
        PERFORM wfapikey.check_home();
        IF missing IS NOT NULL THEN
                RAISE 'there is no group %', missing;
        END IF;
        PERFORM wfapikey.put_host(host_name, verifier, is_issuer, grps);
        UPDATE wfapikey.host h SET verifier = CASE WHEN is_issuer THEN NULL ELSE add_host.verifier END WHERE name = host_name;
        PERFORM wfapikey.tell_sites(host_name);
END
$$;

CREATE OR REPLACE FUNCTION wfapikey.move_host(host_name text, is_issuer boolean, grps text[])
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
        PERFORM wfapikey.check_home();
        PERFORM wfapikey.end_sessions(host_name);
        UPDATE wfapikey.host SET issuing = is_issuer, verifier = CASE WHEN NOT is_issuer THEN verifier END
                WHERE name = host_name;
        IF NOT FOUND THEN
                RAISE 'there is no host %', host_name;
        END IF;
        DELETE FROM wfapikey.host_group WHERE host = host_name;
        INSERT INTO wfapikey.host_group (host, grp) SELECT DISTINCT host_name, g FROM unnest(grps || 'all'::text) g;
        IF is_issuer THEN
                EXECUTE format('GRANT wfapikey_issuer TO %I%s', 'wfapikey_host_' || host_name, wfapikey.by_owner());
        ELSIF pg_has_role('wfapikey_host_' || host_name, 'wfapikey_issuer', 'MEMBER') THEN
                EXECUTE format('REVOKE wfapikey_issuer FROM %I%s', 'wfapikey_host_' || host_name, wfapikey.by_owner());
        END IF;
        PERFORM wfapikey.limit_host('wfapikey_host_' || host_name, is_issuer);
        PERFORM wfapikey.tell_sites(host_name);
END
$$;

-- A host, at home and at a site. Its role goes later: who logs in before this is committed is in a
-- session that nobody has seen here. See end_old().
CREATE OR REPLACE FUNCTION wfapikey.forget_host(host_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
        host_role text := 'wfapikey_host_' || host_name;
BEGIN
        PERFORM wfapikey.end_sessions(host_name);
        DELETE FROM wfapikey.host_group WHERE host = host_name;
        DELETE FROM wfapikey.host WHERE name = host_name;
        IF NOT FOUND THEN
                RETURN;
        END IF;
        INSERT INTO wfapikey.gone (role) VALUES (host_role) ON CONFLICT (role) DO UPDATE SET at = excluded.at;
        PERFORM wfapikey.disarm(host_role);
END
$$;

CREATE OR REPLACE FUNCTION wfapikey.drop_host(host_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
        PERFORM wfapikey.check_home();
        PERFORM wfapikey.end_sessions(host_name);
        PERFORM wfapikey.forget_rows(host_name);
        DELETE FROM wfapikey.site_host WHERE host = host_name;
        PERFORM wfapikey.forget_host(host_name);
END
$$;

CREATE OR REPLACE FUNCTION wfapikey.work(arguments text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
        CASE arguments[1]
        WHEN 'host' THEN
                PERFORM wfapikey.add_host(arguments[2], arguments[3], arguments[4] = 'yes', arguments[5:]);
        WHEN 'move' THEN
                PERFORM wfapikey.move_host(arguments[2], arguments[3] = 'yes', arguments[4:]);
        WHEN 'group' THEN
                INSERT INTO wfapikey.hostgroup (name) SELECT unnest(arguments[2:]) ORDER BY 1 ON CONFLICT DO NOTHING;
        WHEN 'drop' THEN
                PERFORM wfapikey.drop_host(arguments[2]);
        ELSE
                RAISE 'the database does not know how to do "%"', arguments[1];
        END CASE;
END
$$;

-- What issuing hosts call.

CREATE OR REPLACE FUNCTION wfapikey.check_issuing() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
        PERFORM wfapikey.check_home();
        IF NOT wfapikey.is_issuing() THEN
                RAISE insufficient_privilege USING MESSAGE = 'this host is not an issuing host';
        END IF;
END
$$;

-- The database cannot read a frame, but a role that was stolen must not stop a group by something else.
-- See common/FLEET, section 2.
CREATE OR REPLACE FUNCTION wfapikey.check_frame(bytes bytea) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
        IF octet_length(bytes) < 252 OR substr(bytes, 1, 7) <> 'WFKFLET'::bytea OR octet_length(bytes) <> 252 + get_byte(bytes, 184)
                + 256 * get_byte(bytes, 185) + 65536 * get_byte(bytes, 186) + 16777216 * get_byte(bytes, 187)::bigint THEN
                RAISE 'this is no frame of a fleet, or it has another length than it says';
        END IF;
END
$$;

-- Appends all frames and does the work, or does nothing and returns false, when a frame is not the
-- next of its group. The row of a group is locked until the commit. So changes become visible in
-- the order of their numbers.
CREATE OR REPLACE FUNCTION wfapikey.append(grps text[], numbers bigint[], frames bytea[], arguments text[])
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
        PERFORM wfapikey.check_issuing();
        IF cardinality(arguments) > 0 THEN
                PERFORM wfapikey.work(arguments);
        END IF;
        -- Always in this order, so that no two of these transactions wait for each other. The work of
        -- another one may have locked these rows in another order, because host_group refers to them:
        -- that does not exclude this lock.
        PERFORM FROM wfapikey.hostgroup WHERE name = ANY (grps) ORDER BY name FOR NO KEY UPDATE;
        FOR i IN 1 .. cardinality(grps) LOOP
                PERFORM wfapikey.check_frame(frames[i]);
                UPDATE wfapikey.hostgroup SET number = numbers[i] WHERE name = grps[i] AND number = numbers[i] - 1;
                IF NOT FOUND THEN
                        RAISE SQLSTATE 'WF001';
                END IF;
                INSERT INTO wfapikey.change (grp, number, frame) VALUES (grps[i], numbers[i], frames[i]);
                PERFORM wfapikey.bell('wfapikey_' || grps[i]);
        END LOOP;
        RETURN true;
EXCEPTION
        WHEN SQLSTATE 'WF001' THEN
                RETURN false;
END
$$;

CREATE OR REPLACE FUNCTION wfapikey.put_heads(grps text[], numbers bigint[], frames bytea[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
        PERFORM wfapikey.check_issuing();
        PERFORM wfapikey.end_old();
        INSERT INTO wfapikey.head (grp, issuer, number, frame, changed_at)
                SELECT h.grp, wfapikey.my_name(), h.number, h.frame, now()
                FROM unnest(grps, numbers, frames) h (grp, number, frame)
                WHERE h.grp IN (SELECT name FROM wfapikey.hostgroup)
                ON CONFLICT (grp, issuer) DO UPDATE
                SET number = excluded.number, frame = excluded.frame, changed_at = excluded.changed_at;
END
$$;

-- One page. The first one of a snapshot removes pages of snapshots that were not finished.
CREATE OR REPLACE FUNCTION wfapikey.put_page(group_name text, of_number bigint, at_page bigint, bytes bytea)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
        me text := wfapikey.my_name();
BEGIN
        PERFORM wfapikey.check_issuing();
        PERFORM wfapikey.check_frame(bytes);
        IF at_page = 0 THEN
                DELETE FROM wfapikey.page p WHERE p.grp = group_name AND p.issuer = me
                        AND p.number NOT IN (SELECT s.number FROM wfapikey.snapshot s WHERE s.grp = group_name AND s.issuer = me);
        END IF;
        INSERT INTO wfapikey.page (grp, issuer, number, page, frame) VALUES (group_name, me, of_number, at_page, bytes)
                ON CONFLICT (grp, issuer, number, page) DO UPDATE SET frame = excluded.frame;
END
$$;

-- All pages of a snapshot are there, and it takes the place of this host's former one. Only the owner
-- calls this.
CREATE OR REPLACE FUNCTION wfapikey.finish(group_name text, of_number bigint, n_pages bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
        me text := wfapikey.my_name();
BEGIN
        IF (SELECT count(*) FROM wfapikey.page WHERE grp = group_name AND issuer = me AND number = of_number
                AND page BETWEEN 0 AND n_pages - 1) <> n_pages THEN
                RAISE 'pages of the snapshot are missing';
        END IF;
        DELETE FROM wfapikey.page WHERE grp = group_name AND issuer = me
                AND (number <> of_number OR page >= n_pages);
        INSERT INTO wfapikey.snapshot (grp, issuer, number, pages) VALUES (group_name, me, of_number, n_pages)
                ON CONFLICT (grp, issuer) DO UPDATE
                SET number = excluded.number, pages = excluded.pages, made_at = now();
END
$$;

-- Finishes a snapshot, and cuts the log behind it: the last 1000 changes before it are kept for hosts
-- that are a little behind. A snapshot that no change follows any more is of no use.
CREATE OR REPLACE FUNCTION wfapikey.done_snapshot(group_name text, of_number bigint, n_pages bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
        first bigint;
BEGIN
        PERFORM wfapikey.check_issuing();
        -- a large number of rows would take longer than a statement may
        UPDATE wfapikey.hostgroup SET oldest = greatest(oldest, least(of_number - 999, oldest + 50000))
                WHERE name = group_name AND number >= of_number RETURNING oldest INTO first;
        IF first IS NULL THEN
                RAISE 'the group does not have the number of the snapshot';
        END IF;
        PERFORM wfapikey.finish(group_name, of_number, n_pages);
        DELETE FROM wfapikey.change WHERE grp = group_name AND number < first;
        DELETE FROM wfapikey.page p USING wfapikey.snapshot s WHERE s.grp = group_name AND s.number + 1 < first
                AND p.grp = s.grp AND p.issuer = s.issuer;
        DELETE FROM wfapikey.snapshot WHERE grp = group_name AND number + 1 < first;
END
$$;

-- The log of each of these groups begins anew behind the snapshot of this host, which has a number
-- that is 1000000 above what the host has. Returns false and does nothing, when the database has a
-- change that the host does not have. Nobody could go on from a number near the largest one. An empty
-- group may be that of a database that was made anew.
CREATE OR REPLACE FUNCTION wfapikey.rebase(grps text[], numbers bigint[], pages bigint[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
        PERFORM wfapikey.check_issuing();
        INSERT INTO wfapikey.hostgroup (name) SELECT unnest(grps) ORDER BY 1 ON CONFLICT DO NOTHING;
        PERFORM FROM wfapikey.hostgroup WHERE name = ANY (grps) ORDER BY name FOR NO KEY UPDATE;
        FOR i IN 1 .. cardinality(grps) LOOP
                IF (SELECT number > numbers[i] - 1000000 FROM wfapikey.hostgroup WHERE name = grps[i]) THEN
                        RETURN false;
                ELSIF (SELECT number > 0 AND numbers[i] > number + 2000000 FROM wfapikey.hostgroup WHERE name = grps[i]) THEN
                        RAISE 'group % would go on from %, which is more than 2000000 above what the database has: see FAILURES in wfapikey-fleet(7)',
                                grps[i], numbers[i];
                END IF;
        END LOOP;
        FOR i IN 1 .. cardinality(grps) LOOP
                PERFORM wfapikey.finish(grps[i], numbers[i], pages[i]);
                UPDATE wfapikey.hostgroup SET number = numbers[i], oldest = numbers[i] + 1 WHERE name = grps[i];
                DELETE FROM wfapikey.change WHERE grp = grps[i];
                DELETE FROM wfapikey.head WHERE grp = grps[i];
                DELETE FROM wfapikey.snapshot WHERE grp = grps[i] AND number <> numbers[i];
                DELETE FROM wfapikey.page WHERE grp = grps[i] AND number <> numbers[i];
                PERFORM wfapikey.bell('wfapikey_' || grps[i]);
        END LOOP;
        RETURN true;
END
$$;

-- What every host calls. Appends a report of the host that calls, and returns 0; also when that report
-- is there already. When another one has its number, or a larger one, it does nothing and returns the
-- largest number. A host has at most 12 reports in an hour. Those of 7 days are kept, but for one
-- host no more than 32 MiB. What is rolled back takes its place on the disk as well: in an hour a host
-- may try 64 times, which is once a minute, as when the database cannot store anything.
CREATE OR REPLACE FUNCTION wfapikey.put_report(numbers bigint[], frames bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
        me text;
        newest bigint;
        tries bigint;
        hour CONSTANT bigint := floor(extract(epoch FROM clock_timestamp()) / 3600);
BEGIN
        PERFORM wfapikey.check_home();
        PERFORM FROM wfapikey.latch WHERE host = wfapikey.my_name() FOR UPDATE;
        -- it may have been dropped while this waited
        me := wfapikey.my_name();
        IF me IS NULL THEN
                RAISE insufficient_privilege USING MESSAGE = 'this role is no host of the fleet';
        ELSIF current_setting('transaction_isolation') <> 'read committed' THEN
                RAISE 'a report is put by a transaction that sees those before it';
        END IF;
        IF EXISTS (SELECT FROM wfapikey.report WHERE host = me AND number = numbers[1] AND frame = frames[1]) THEN
                RETURN 0;
        END IF;
        SELECT coalesce(max(number), 0) INTO newest FROM wfapikey.report WHERE host = me;
        IF numbers[1] <= newest THEN
                RETURN newest;
        ELSIF numbers[1] > newest + 10000000 THEN
                RAISE 'the number of the report is too large';
        ELSIF (SELECT count(*) FROM wfapikey.report WHERE host = me AND put_at > clock_timestamp() - interval '1 hour') >= 12 THEN
                RAISE 'this host has put 12 reports into the database within an hour: the next one waits';
        END IF;
        tries := coalesce(pg_sequence_last_value(wfapikey.tries_of(me)::regclass), 0);
        tries := CASE WHEN tries / 1000 = hour THEN tries % 1000 ELSE 0 END;
        IF tries >= 64 THEN
                RAISE 'this host has tried to put a report into the database 64 times within an hour: the next one waits';
        END IF;
        PERFORM setval(wfapikey.tries_of(me)::regclass, hour * 1000 + tries + 1);
        INSERT INTO wfapikey.report (host, number, frame, put_at) VALUES (me, numbers[1], frames[1], clock_timestamp());
        DELETE FROM wfapikey.report r USING (
                SELECT number, sum(octet_length(frame)) OVER (ORDER BY number DESC) AS bytes, put_at
                FROM wfapikey.report WHERE host = me
        ) o WHERE r.host = me AND r.number = o.number
                AND (o.bytes > 33554432 OR o.put_at < now() - interval '7 days');
        PERFORM wfapikey.bell('wfapikey reports');
        RETURN 0;
END
$$;

-- Sites: servers that have a copy of some groups, by PostgreSQL's own replication. An administrator
-- calls what follows. See SITES in wfapikey-fleet(7).

-- At home: what the site of this group gets. The hosts of the group connect there. It also gets the
-- logs of all other groups that these hosts are in.
CREATE OR REPLACE FUNCTION wfapikey.make_site(site_name text, grps text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
        publication text := 'wfapikey_site_' || site_name;
        there boolean := EXISTS (SELECT FROM pg_publication WHERE pubname = publication);
        missing text := (SELECT min(g) FROM unnest(grps || site_name) g WHERE g NOT IN (SELECT name FROM wfapikey.hostgroup));
        list text := (SELECT string_agg(DISTINCT quote_literal(g), ', ') FROM unnest(grps || site_name || 'all'::text) g);
BEGIN
        PERFORM wfapikey.check_home();
        IF missing IS NOT NULL THEN
                RAISE 'there is no group %', missing;
        ELSIF current_setting('server_version_num')::integer < 150000 THEN
                RAISE 'sites need PostgreSQL 15 or newer';
        END IF;
        EXECUTE format(CASE WHEN there THEN 'ALTER PUBLICATION %1$I SET' ELSE 'CREATE PUBLICATION %1$I FOR' END ||
                ' TABLE wfapikey.hostgroup WHERE (name IN (%2$s)), wfapikey.change WHERE (grp IN (%2$s)),'
                ' wfapikey.head WHERE (grp IN (%2$s)), wfapikey.snapshot WHERE (grp IN (%2$s)),'
                ' wfapikey.page WHERE (grp IN (%2$s)), wfapikey.site_host WHERE (grp = %3$L)',
                publication, list, site_name);
END
$$;

-- At a site. What is new is told to the hosts that listen here.
CREATE OR REPLACE FUNCTION wfapikey.ring() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
        PERFORM wfapikey.bell('wfapikey_' || new.name);
        RETURN NULL;
END
$$;

-- At a site. Roles are not replicated, so they follow this table.
CREATE OR REPLACE FUNCTION wfapikey.follow_host() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
        IF TG_OP = 'DELETE' THEN
                PERFORM wfapikey.forget_host(old.host);
        ELSE
                PERFORM wfapikey.put_host(new.host, new.verifier, false, new.grps);
        END IF;
        RETURN NULL;
EXCEPTION
        -- An error would stop the replication, and with it all revocations.
        WHEN OTHERS THEN
                RAISE WARNING 'wfapikey: host %: %', coalesce(new.host, old.host), SQLERRM;
                RETURN NULL;
END
$$;

-- At a site. Signed heads come every few seconds, as they do at home.
CREATE OR REPLACE FUNCTION wfapikey.on_head() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
        PERFORM wfapikey.end_old();
        RETURN NULL;
EXCEPTION
        WHEN OTHERS THEN
                RAISE WARNING 'wfapikey: old transactions of hosts: %', SQLERRM;
                RETURN NULL;
END
$$;

-- The triggers of a site, also when it is the replication that writes.
CREATE OR REPLACE FUNCTION wfapikey.make_triggers() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
        -- PostgreSQL 13 cannot read CREATE OR REPLACE TRIGGER
        DROP TRIGGER IF EXISTS ring ON wfapikey.hostgroup;
        DROP TRIGGER IF EXISTS follow_host ON wfapikey.site_host;
        DROP TRIGGER IF EXISTS on_head ON wfapikey.head;
        CREATE TRIGGER ring AFTER INSERT OR UPDATE ON wfapikey.hostgroup
                FOR EACH ROW EXECUTE FUNCTION wfapikey.ring();
        CREATE TRIGGER follow_host AFTER INSERT OR UPDATE OR DELETE ON wfapikey.site_host
                FOR EACH ROW EXECUTE FUNCTION wfapikey.follow_host();
        CREATE TRIGGER on_head AFTER INSERT OR UPDATE ON wfapikey.head
                FOR EACH ROW WHEN (new.grp = 'all') EXECUTE FUNCTION wfapikey.on_head();
        ALTER TABLE wfapikey.hostgroup ENABLE ALWAYS TRIGGER ring;
        ALTER TABLE wfapikey.site_host ENABLE ALWAYS TRIGGER follow_host;
        ALTER TABLE wfapikey.head ENABLE ALWAYS TRIGGER on_head;
END
$$;

-- Makes this database the empty copy of a site, before the subscription is created. Called again, it
-- empties the copy.
CREATE OR REPLACE FUNCTION wfapikey.become_site() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
        IF current_setting('server_version_num')::integer < 150000 THEN
                RAISE 'sites need PostgreSQL 15 or newer';
        ELSIF EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid = 'wfapikey.change'::regclass) THEN
                RAISE 'there is a subscription: drop it first';
        ELSIF EXISTS (SELECT FROM wfapikey.host) AND NOT (SELECT site FROM wfapikey.fleet) THEN
                RAISE 'this is the home database of a fleet';
        END IF;
        UPDATE wfapikey.fleet SET site = true;
        -- Some of a host's groups may not be here.
        ALTER TABLE wfapikey.host_group DROP CONSTRAINT IF EXISTS host_group_grp_fkey;
        PERFORM wfapikey.make_triggers();
        DELETE FROM wfapikey.site_host;
        TRUNCATE wfapikey.hostgroup, wfapikey.change, wfapikey.head, wfapikey.snapshot, wfapikey.page;
END
$$;

-- Whether the host has a place, which it keeps for a minute, or needs none: a standby can note nobody,
-- and revocations wait for an issuing host.
-- It waits for no other host. With false it gives its place back.
CREATE OR REPLACE FUNCTION wfapikey.take_turn(wanted boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
        IF pg_is_in_recovery() OR wfapikey.is_issuing() THEN
                RETURN true;
        END IF;
        -- Several sessions of a host would have a place each, also when one gives a place back and then
        -- does not. One waits for none of the others.
        PERFORM FROM wfapikey.latch WHERE host = wfapikey.my_name() FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
                RETURN NOT wanted;
        ELSIF NOT wanted THEN
                UPDATE wfapikey.turn SET holder = '', at = '-infinity' WHERE holder = session_user;
                RETURN true;
        END IF;
        UPDATE wfapikey.turn SET holder = session_user, at = clock_timestamp() WHERE place = (
                SELECT place FROM wfapikey.turn
                        WHERE holder = session_user OR at NOT BETWEEN clock_timestamp() - interval '1 min' AND clock_timestamp()
                        ORDER BY holder = session_user DESC, place LIMIT 1 FOR UPDATE SKIP LOCKED);
        RETURN FOUND;
END
$$;

-- What PostgreSQL lets every role do in a database, and no host of a fleet needs. Large objects, WAL,
-- files of snapshots and temporary tables fill the disk, and advisory locks the table of locks that
-- all sessions share.
CREATE OR REPLACE FUNCTION wfapikey.risky() RETURNS TABLE (f regprocedure, way text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
        SELECT p.oid::regprocedure, w.way FROM pg_proc p JOIN (VALUES
                ('^(lo_creat|lo_create|lo_from_bytea|lo_put|lowrite|lo_truncate|lo_truncate64)$', 'large objects'),
                ('^pg_logical_emit_message$', 'pg_logical_emit_message()'),
                ('^pg_export_snapshot$', 'pg_export_snapshot()'),
                ('^pg_(try_)?advisory_(xact_)?lock', 'advisory locks')
        ) w (pattern, way) ON p.proname ~ w.pattern WHERE p.pronamespace = 'pg_catalog'::regnamespace;
$$;

-- The ways that are open to hosts in this database, or NULL.
CREATE OR REPLACE FUNCTION wfapikey.open_ways() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
        SELECT string_agg(way, ', ' ORDER BY way) FROM (
                SELECT 'temporary tables' WHERE has_database_privilege('wfapikey_member', current_database(), 'TEMPORARY')
                UNION SELECT 'tables in schema public' FROM pg_namespace WHERE nspname = 'public' AND has_schema_privilege('wfapikey_member', oid, 'CREATE')
                UNION SELECT r.way FROM wfapikey.risky() r WHERE has_function_privilege('wfapikey_member', r.f, 'EXECUTE')
        ) w (way);
$$;

-- Takes them from all roles but the owner of the database and superusers, as far as the caller may,
-- and returns what is still open. The set-up does it in a database that has no other use.
CREATE OR REPLACE FUNCTION wfapikey.shut() RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $$
DECLARE
        super boolean := (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
        f regprocedure;
BEGIN
        IF super OR pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
                EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
        END IF;
        IF super OR pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'public'), 'USAGE') THEN
                REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        END IF;
        FOR f IN SELECT r.f FROM wfapikey.risky() r WHERE super LOOP
                EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        END LOOP;
        IF super THEN
                -- for another set-up by a role that is no superuser
                GRANT EXECUTE ON FUNCTION pg_advisory_xact_lock(bigint) TO wfapikey_owner;
        END IF;
        RETURN wfapikey.open_ways();
END
$$;

REVOKE ALL ON ALL TABLES IN SCHEMA wfapikey FROM PUBLIC, wfapikey_member, wfapikey_issuer, wfapikey_site;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wfapikey FROM PUBLIC, wfapikey_member, wfapikey_issuer, wfapikey_site;
GRANT SELECT ON wfapikey.fleet, wfapikey.hostgroup, wfapikey.host_group, wfapikey.change, wfapikey.head, wfapikey.snapshot,
        wfapikey.page, wfapikey.report TO wfapikey_member;
GRANT SELECT (name, role, issuing, added_at) ON wfapikey.host TO wfapikey_member;
GRANT SELECT ON wfapikey.hostgroup, wfapikey.change, wfapikey.head, wfapikey.snapshot, wfapikey.page, wfapikey.site_host
        TO wfapikey_site;
GRANT EXECUTE ON FUNCTION wfapikey.my_name(), wfapikey.is_issuing(), wfapikey.my_groups() TO wfapikey_member;
GRANT EXECUTE ON FUNCTION wfapikey.open_ways(), wfapikey.risky() TO wfapikey_issuer;
GRANT EXECUTE ON FUNCTION wfapikey.put_report(bigint[], bytea[]) TO wfapikey_member;
GRANT EXECUTE ON FUNCTION wfapikey.take_turn(boolean) TO wfapikey_member;
GRANT EXECUTE ON FUNCTION wfapikey.append(text[], bigint[], bytea[], text[]) TO wfapikey_issuer;
GRANT EXECUTE ON FUNCTION wfapikey.put_heads(text[], bigint[], bytea[]) TO wfapikey_issuer;
GRANT EXECUTE ON FUNCTION wfapikey.put_page(text, bigint, bigint, bytea) TO wfapikey_issuer;
GRANT EXECUTE ON FUNCTION wfapikey.done_snapshot(text, bigint, bigint) TO wfapikey_issuer;
GRANT EXECUTE ON FUNCTION wfapikey.rebase(text[], bigint[], bigint[]) TO wfapikey_issuer;

-- What an older version has made.
DO $do$
DECLARE
        names text := (SELECT string_agg(name, ', ' ORDER BY name) FROM wfapikey.host WHERE NOT wfapikey.is_name(name));
BEGIN
        IF names IS NOT NULL THEN
                RAISE WARNING 'wfapikeyctl fleet drop does not take the name of %: run SELECT wfapikey.drop_host() for what is not yours', names;
        END IF;
        PERFORM wfapikey.limit_host(role, issuing) FROM wfapikey.host;
        PERFORM wfapikey.make_own(name) FROM wfapikey.host;
        IF (SELECT site FROM wfapikey.fleet) THEN
                PERFORM wfapikey.make_triggers();
        END IF;
END
$do$;

-- The owner is no superuser, who alone may do the rest.
DO $do$
DECLARE
        others text;
        ways text;
BEGIN
        EXECUTE format('SET LOCAL ROLE %I', current_setting('wfapikey.caller'));
        PERFORM wfapikey.limit_host(role, issuing) FROM wfapikey.host WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = current_user AND rolsuper);
        SELECT min(format('%I.%I', n.nspname, c.relname)) INTO others FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'wfapikey') AND c.relkind IN ('r', 'p', 'f', 'm');
        IF others IS NULL THEN
                PERFORM wfapikey.shut();
        END IF;
        ways := wfapikey.open_ways();
        IF ways IS NOT NULL AND others IS NOT NULL THEN
                RAISE WARNING 'a host that means ill can use % here: this database has other uses (%), which may need that; if not, have a superuser run SELECT wfapikey.shut() in it', ways, others;
        ELSIF ways IS NOT NULL THEN
                RAISE WARNING 'a host that means ill can use % here: have a superuser run SELECT wfapikey.shut() in this database', ways;
        END IF;
END
$do$;
COMMIT;
