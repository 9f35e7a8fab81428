-- What happened cannot be changed by any statement of any program.
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change('what happened is not changed');

CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change('what happened is not deleted');

CREATE TRIGGER events_are_not_emptied BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('events are not emptied');
