"""The mock bank's own books, read as its auditor would: what it really took and gave back."""

from dataclasses import dataclass

import requests


@dataclass
class Books:
    """`key` opens the bank's door."""

    url: str
    key: str

    def authorisations(self, made: dict) -> list[dict]:
        """Everything the bank authorised for one invoice."""
        booked = requests.get(f"{self.url}/books", headers={"X-Api-Key": self.key}, timeout=20).json()
        return [row for row in booked["authorisations"] if row["reference"].split(".")[0] == made["invoice"]["id"]]

    def captured(self, made: dict) -> list[int]:
        """Minor units that the bank took for the invoice, an amount an authorisation that took any."""
        return [row["taken"] for row in self.authorisations(made) if row["taken"]]

    def held(self, made: dict) -> list[int]:
        """Minor units that the bank holds and has not taken."""
        return [row["held"] for row in self.authorisations(made) if row["held"]]

    def refunded(self, made: dict) -> list[int]:
        """Minor units of each refund that the bank made for the invoice."""
        booked = requests.get(f"{self.url}/books", headers={"X-Api-Key": self.key}, timeout=20).json()
        return [
            row["amount"]
            for row in booked["operations"]
            if row["kind"] == "REFUND"
            and row["result"] == "APPROVED"
            and (row["reference"] or "").split(".")[0] == made["invoice"]["id"]
        ]
