"""The bank's response codes in our failure tree, after the bank's manual; what is not listed there is unknown."""

CARD = "authorization_failed:payment_tool_rejected:bank_card_rejected"
ACCOUNT_LIMIT = "authorization_failed:account_limit_exceeded"
PROVIDER_LIMIT = "authorization_failed:provider_limit_exceeded"
UNKNOWN = "authorization_failed:unknown"
UNREACHABLE = "authorization_failed:temporarily_unavailable"
NOT_FINISHED = "preauthorization_failed:three_ds_not_finished"
TOOL_REJECTED = "authorization_failed:payment_tool_rejected:unknown"
CANCELLED_BY_US = "17"
DEADLINE_REACHED = "authorization_failed:processing_deadline_reached"

BY_CODE = {
    "03": "authorization_failed:merchant_blocked",
    "05": "authorization_failed:rejected_by_issuer",
    "06": UNKNOWN,
    "12": TOOL_REJECTED,
    "14": f"{CARD}:card_number_invalid",
    "15": f"{CARD}:issuer_not_found",
    CANCELLED_BY_US: UNREACHABLE,
    "43": "authorization_failed:account_stolen",
    "51": "authorization_failed:insufficient_funds",
    "54": f"{CARD}:card_expired",
    "56": "authorization_failed:account_not_found",
    "57": "authorization_failed:operation_blocked",
    "61": f"{ACCOUNT_LIMIT}:unknown",
    "62": "authorization_failed:account_blocked",
    "63": "authorization_failed:security_policy_violated",
    "65": f"{ACCOUNT_LIMIT}:number",
    "91": UNREACHABLE,
    "1A": "preauthorization_failed:three_ds_failed",
    "1B": NOT_FINISHED,
    "1C": "preauthorization_failed:unknown",
    "B1": "authorization_failed:operation_blocked",
    "B2": "authorization_failed:operation_blocked",
    "B4": "authorization_failed:rejected_by_issuer",
    "N0": f"{CARD}:unknown",
    "N3": f"{CARD}:card_holder_invalid",
    "N7": f"{CARD}:cvv_invalid",
    "Q1": f"{PROVIDER_LIMIT}:unknown",
    "Q2": f"{PROVIDER_LIMIT}:number",
}
BY_CODE_AND_DETAIL = {
    (code, detail): f"{limit}:amount:{leaf}"
    for code, limit in (("61", ACCOUNT_LIMIT), ("Q1", PROVIDER_LIMIT))
    for detail, leaf in (
        ("AMOUNT", "unknown"),
        ("OPERATION", "operation"),
        ("DAY", "daily"),
        ("WEEK", "weekly"),
        ("MONTH", "monthly"),
    )
}


# What was waited for -> what an authorisation fails with that we ended ourselves.
CALLED_OFF = {"challenge": NOT_FINISHED, "pending": DEADLINE_REACHED}


def path_of(code: str, detail: str | None) -> str:
    """The path in the failure tree; `authorization_failed:unknown` for a code that the manual did not have."""
    return BY_CODE_AND_DETAIL.get((code, detail or "")) or BY_CODE.get(code, UNKNOWN)
