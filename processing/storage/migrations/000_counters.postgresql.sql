-- Numbers that are given out once, in an order that a reader may follow, without one writer waiting for another.
-- A counter is a sequence, made by the first transaction that draws from it. A drawer first takes a shared lock named
-- by the number reached so far, then draws: whatever it gets lies above. Locks go when the transaction is over and to
-- be seen, so below every lock that is held, and below what was reached before the locks were looked at, nothing can
-- appear any more. The number in a lock's name is cut to 31 bits.
CREATE FUNCTION draw_number(counter TEXT) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    place   TEXT := format('%I', 'counter_' || counter);
    reached BIGINT;
BEGIN
    IF to_regclass(place) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('capi counters'), 0);
        EXECUTE 'CREATE SEQUENCE IF NOT EXISTS ' || place;
    END IF;
    EXECUTE 'SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM ' || place INTO reached;
    PERFORM pg_advisory_xact_lock_shared(hashtext(place), (reached % 2147483648)::INTEGER);
    RETURN nextval(place::regclass);
END $$;

CREATE FUNCTION settled_number(counter TEXT) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    place   TEXT := format('%I', 'counter_' || counter);
    reached BIGINT;
    behind  BIGINT;
BEGIN
    IF to_regclass(place) IS NULL THEN
        RETURN 0;
    END IF;
    EXECUTE 'SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM ' || place INTO reached;
    SELECT max((reached - objid::BIGINT + 2147483648) % 2147483648) INTO behind FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 2 AND granted AND classid = hashtext(place)::OID
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
    RETURN reached - coalesce(behind, 0);
END $$;
