-- Whom work waits upon, a bank for instance: of one lane a worker does only so much at a time, so that a bank that hangs
-- keeps no other bank's payments waiting. '' is no lane.
ALTER TABLE jobs ADD COLUMN lane TEXT NOT NULL DEFAULT '';
