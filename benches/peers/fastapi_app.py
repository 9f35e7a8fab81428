"""FastAPI with pydantic models of the same schemas: python fastapi_app.py PORT"""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import jwt
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

sys.path.insert(0, str(Path(__file__).parent))
import python_work

app = FastAPI(openapi_url=None)
Int64 = Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]
Id = Annotated[str, Field(min_length=1, max_length=40)]


class TaxMode(BaseModel):
    type: Literal["InvoiceLineTaxVAT"]
    rate: Literal["0%", "10%", "18%", "20%", "10/110", "18/118", "20/120"]


class Line(BaseModel):
    product: Annotated[str, Field(max_length=1000)]
    quantity: Int64
    price: Int64
    taxMode: TaxMode | None = None  # noqa: N815 - the contract's name


class InvoiceParams(BaseModel):
    shopID: Id  # noqa: N815
    partyID: Id | None = None  # noqa: N815
    externalID: Id | None = None  # noqa: N815
    dueDate: datetime  # noqa: N815
    amount: Int64 | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    product: Annotated[str, Field(max_length=100)]
    description: Annotated[str | None, Field(max_length=1000)] = None
    cart: Annotated[list[Line] | None, Field(min_length=1, max_length=100)] = None
    metadata: dict[str, Any]


def claims(authorization: Annotated[str, Header()]) -> dict[str, Any]:
    try:
        return python_work.claims_of(authorization.removeprefix("Bearer "))
    except jwt.PyJWTError:
        raise HTTPException(401) from None


RequestId = Annotated[str, Header(min_length=1, max_length=32)]
Claims = Annotated[dict[str, Any], Depends(claims)]


@app.exception_handler(RequestValidationError)
async def refuse(request: Any, problem: RequestValidationError) -> JSONResponse:
    return JSONResponse({"code": "invalidRequest", "message": str(problem.errors()[0]["msg"])}, 400)


@app.post("/v2/processing/invoices", status_code=201)
async def create_invoice(body: InvoiceParams, x_request_id: RequestId, claims: Claims) -> Any:
    if not python_work.may(claims, "invoices:write"):
        raise HTTPException(401)
    made = await python_work.platform().create(body.model_dump(mode="json", exclude_none=True))
    return JSONResponse(made, 201, {"x-request-id": x_request_id})


@app.get("/v2/processing/invoices/{invoice_id}")
async def get_invoice(invoice_id: Id, x_request_id: RequestId, claims: Claims) -> Any:
    if not python_work.may(claims, "invoices:read"):
        raise HTTPException(401)
    return JSONResponse(await python_work.platform().get(invoice_id), 200, {"x-request-id": x_request_id})


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False)
