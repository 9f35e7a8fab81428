"""`python -m capi_v1`: v1 as a process; see translator.process."""

from capi_v1.app import VERSION, create_app
from capi_v1.conventions import CONVENTIONS
from translator.process import cats_alone, run

ANSWERS = cats_alone(CONVENTIONS)

if __name__ == "__main__":
    run(VERSION, create_app, ANSWERS)
