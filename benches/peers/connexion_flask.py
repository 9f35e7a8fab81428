"""connexion's FlaskApp as it comes, over the same spec: python connexion_flask.py PORT"""

import os
import sys
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from connexion import FlaskApp
from connexion.resolver import Resolver

sys.path.insert(0, str(Path(__file__).parent))
from connexion_async import spec

CLIENT = httpx.Client(base_url=os.environ["PLATFORM"], limits=httpx.Limits(max_keepalive_connections=64))


def create_invoice(invoiceParams: Any) -> tuple[Any, int]:  # noqa: N803 - connexion passes the spec's own name
    return CLIENT.post("/invoices", json=invoiceParams).json(), 201


def get_invoice(invoiceID: str) -> tuple[Any, int]:  # noqa: N803 - connexion passes the spec's own name
    return CLIENT.get(f"/invoices/{invoiceID}").json(), 200


def not_served() -> tuple[Any, int]:
    return {}, 501


SERVED = {"createInvoice": create_invoice, "getInvoiceByID": get_invoice}

if __name__ == "__main__":
    app = FlaskApp(__name__)
    app.add_api(spec(), resolver=Resolver(lambda name: SERVED.get(name, not_served)))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False)
