"""Settings of one channel that are wrong keep back that channel alone."""

from collections.abc import AsyncIterator

import pytest

from tests.support.metadata import local_settings
from vending import wiring
from vending.adapters.smtp import SmtpMailer
from vending.adapters.webhook import HttpWebhook
from vending.errors import Transient
from vending.mail import Mail

SMTP = {
    "SMTP_HOST": "smtp.example",
    "MAIL_FROM": "fleet@vend.example",
    "NOTIFY_MAIL_TO": "a@b.example, c@d.example",
}
HOOK = {"NOTIFY_WEBHOOK_URL": "https://hooks.example/"}


@pytest.fixture
async def given(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, str]]:
    """The environment, which a test may change before it asks."""
    environment = local_settings()
    monkeypatch.setattr("os.environ", environment)
    await wiring.close()
    yield environment
    await wiring.close()


async def test_without_settings_there_is_no_channel(given: dict[str, str]) -> None:
    outgoing = wiring.outgoing()
    assert (outgoing.webhook, outgoing.mailing, outgoing.posts) == (None, None, True)


async def test_both(given: dict[str, str]) -> None:
    given |= SMTP | HOOK
    outgoing = wiring.outgoing()
    assert isinstance(outgoing.webhook, HttpWebhook)
    assert outgoing.mailing is not None
    assert isinstance(outgoing.mailing.mailer, SmtpMailer)
    assert outgoing.mailing.fallback == ("a@b.example", "c@d.example")
    assert wiring.alert_stores().posts


async def test_mails_alone(given: dict[str, str]) -> None:
    given |= SMTP
    assert not wiring.alert_stores().posts


@pytest.mark.parametrize("wrong", [{"SMTP_TLS": "maybe"}, {"NOTIFY_MAIL_TO": "nobody"}, {"MAIL_FROM": ""}])
async def test_a_wrong_mail_server_stops_no_post(given: dict[str, str], wrong: dict[str, str]) -> None:
    given |= SMTP | HOOK | wrong
    outgoing = wiring.outgoing()
    assert isinstance(outgoing.webhook, HttpWebhook)
    assert outgoing.mailing is not None
    with pytest.raises(Transient, match=next(iter(wrong))):
        await outgoing.mailing.mailer.send(Mail("a@b.example", "", "", "", ""))


async def test_a_wrong_webhook_stops_no_mail(given: dict[str, str]) -> None:
    given |= SMTP | {"NOTIFY_WEBHOOK_URL": "http://hooks.example/"}
    outgoing = wiring.outgoing()
    assert outgoing.webhook is not None
    with pytest.raises(Transient, match="NOTIFY_WEBHOOK_URL"):
        await outgoing.webhook.post({}, "k")
    assert outgoing.mailing is not None
    assert isinstance(outgoing.mailing.mailer, SmtpMailer)
