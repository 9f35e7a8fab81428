"""connexion's AsyncApp as it comes, over the same spec: python connexion_async.py PORT"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import jwt
import uvicorn
from connexion import AsyncApp
from connexion.exceptions import OAuthProblem
from connexion.resolver import Resolver

sys.path.insert(0, str(Path(__file__).parent))
import python_work


async def create_invoice(invoiceParams: Any) -> tuple[Any, int]:  # noqa: N803 - connexion passes the spec's own name
    return await python_work.platform().create(invoiceParams), 201


async def get_invoice(invoiceID: str) -> tuple[Any, int]:  # noqa: N803 - connexion passes the spec's own name
    return await python_work.platform().get(invoiceID), 200


async def not_served() -> tuple[Any, int]:
    return {}, 501


def check_token(header: str) -> dict[str, Any]:
    """connexion gives the whole header; it wants claims or an OAuthProblem."""
    try:
        return python_work.claims_of(header.removeprefix("Bearer "))
    except jwt.PyJWTError:
        raise OAuthProblem("bad token") from None


def spec() -> dict[str, Any]:
    """The spec with a security function; connexion knows a media type only without its charset."""
    text = json.loads(Path(os.environ["SPEC"]).read_text())
    text["consumes"] = text["produces"] = ["application/json"]
    text["securityDefinitions"]["bearer"]["x-apikeyInfoFunc"] = "connexion_async.check_token"
    return text


SERVED = {"createInvoice": create_invoice, "getInvoiceByID": get_invoice}

if __name__ == "__main__":
    app = AsyncApp(__name__)
    app.add_api(spec(), resolver=Resolver(lambda name: SERVED.get(name, not_served)))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False)
