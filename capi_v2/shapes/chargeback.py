"""Disputes: domain.Chargeback -> Chargeback. A merchant reads them; only a bank or an operator opens one."""

from capi_v2.shapes.absent import Json, without_absent
from rpc.protocol import domain

STAGE = {
    domain.ChargebackStage.CHARGEBACK: "chargeback",
    domain.ChargebackStage.PRE_ARBITRATION: "pre-arbitration",
    domain.ChargebackStage.ARBITRATION: "arbitration",
}
STATUS = {
    domain.ChargebackStatus.PENDING: "pending",
    domain.ChargebackStatus.ACCEPTED: "accepted",
    domain.ChargebackStatus.REJECTED: "rejected",
    domain.ChargebackStatus.CANCELLED: "cancelled",
}


def chargeback_to_json(chargeback: domain.Chargeback) -> Json:
    return without_absent(
        {
            "id": chargeback.id,
            "createdAt": chargeback.created_at,
            "body": chargeback.body.amount,
            "levy": chargeback.levy.amount,
            "currency": chargeback.body.currency,
            "reasonCode": chargeback.reason_code,
            "stage": STAGE[chargeback.stage],
            "status": STATUS[chargeback.status],
        }
    )
