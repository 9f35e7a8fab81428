"""Lines of libraries that use the standard library's `logging`, in our form: redacted JSON, from WARNING up."""

import logging

from telemetry import log

LEVELS = ((logging.ERROR, log.error), (logging.WARNING, log.warning), (logging.INFO, log.info), (0, log.debug))


class JsonLines(logging.Handler):
    """Hands each record to `telemetry.log` as the event `library.<logger name>`."""

    def emit(self, record: logging.LogRecord) -> None:
        write = next(write for level, write in LEVELS if record.levelno >= level)
        fields = {"message": record.getMessage()}
        if record.exc_info and record.exc_info[0] is not None:
            fields["exception"] = logging.Formatter().formatException(record.exc_info).splitlines()
        write(f"library.{record.name}", **fields)


def adopt(level: int = logging.WARNING) -> None:
    """Makes JsonLines the only handler of the root logger."""
    logging.basicConfig(handlers=[JsonLines()], level=level, force=True)
