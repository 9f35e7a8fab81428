"""`python -m capi_v3`: v3 as a process; see translator.process."""

from capi_v3.app import create_app
from capi_v3.conventions import CONVENTIONS, VERSION
from capi_v3.problems import unread, unserved
from serving.probes import ErrorAnswer, Headers
from settings import Settings
from translator.oops import Cats
from translator.process import run
from translator.response_headers import ResponseHeaders


def answers(settings: Settings) -> ErrorAnswer:
    """What no operation answers: the cat for a crash and for "not ready", a problem for a request that is broken."""
    cats = Cats(settings.gateway.cats_directory)
    always = ResponseHeaders(settings.gateway.cors_origin, CONVENTIONS).always

    def answer(status: int) -> tuple[Headers, bytes]:
        if status >= 500:
            return cats.headers(status, [*always, *unserved(status)]), cats.body(status)
        headers, body = unread(status, settings.docs_url())
        return [*always, *headers], body

    return answer


if __name__ == "__main__":
    run(VERSION, create_app, answers)
