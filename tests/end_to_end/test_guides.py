"""What guides tell a reader to type works when it is typed, and what they tell a receiver to check holds."""

import os
import re
import subprocess
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from docs_site.guides import PAGES
from tests.end_to_end.running import System

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
START = "make run"
SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"id":"evt_1","object":"event"}'


def blocks(slug: str, language: str) -> list[str]:
    """The code of a guide in one language, in order."""
    text = (PAGES / f"{slug}.md").read_text(encoding="utf-8")
    return [code for found, code in BLOCK.findall(text) if found == language]


def test_the_first_payment_as_the_guide_says_it_ends_captured(system: System, tmp_path):
    first, *rest = blocks("first-payment", "sh")
    assert first.strip() == START
    script = "set -eu\n" + "\n".join(rest)
    script = script.replace("http://127.0.0.1:8083", system.url("GATEWAY_V3"))
    script = script.replace("http://127.0.0.1:8093", system.url("GATEWAY_V3_TOKENS"))
    script = script.replace("var/secrets", str(system.state / "secrets"))
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^pay_\S+ is captured$", done.stdout, re.MULTILINE)


@pytest.fixture
def delivery() -> dict[str, str]:
    """Headers of a genuine delivery of BODY, signed by an independent library."""
    now = datetime.now(UTC)
    signature = Webhook(SECRET).sign("evt_1", now, BODY.decode())
    return {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": f"v1a,AAAA {signature}",
    }


def test_the_guides_python_tells_a_genuine_webhook_from_a_forged_one(delivery):
    place: dict = {}
    exec(blocks("webhooks", "python")[0], place)
    assert place["is_genuine"](SECRET, delivery, BODY)
    assert not place["is_genuine"](SECRET, delivery, BODY + b" ")
    assert not place["is_genuine"](SECRET, {**delivery, "webhook-timestamp": "1"}, BODY)


def test_the_guides_shell_makes_the_signature_that_a_genuine_webhook_carries(delivery, tmp_path):
    (tmp_path / "body").write_bytes(BODY)
    environment = {
        **os.environ, "SECRET": SECRET, "WEBHOOK_ID": "evt_1", "WEBHOOK_TIMESTAMP": delivery["webhook-timestamp"],
    }  # fmt: skip
    [code] = blocks("webhooks", "sh")
    done = subprocess.run(["sh", "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert f"v1,{done.stdout.strip()}" in delivery["webhook-signature"].split(" ")
