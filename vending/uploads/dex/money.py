"""ID4: an audit's decimal point and currency."""

from vending.uploads.dex.audit import Money
from vending.uploads.dex.fields import Fields

MOST_DECIMALS = 4
LETTERS = {
    "036": "AUD", "124": "CAD", "156": "CNY", "203": "CZK", "208": "DKK", "344": "HKD", "348": "HUF",
    "352": "ISK", "356": "INR", "360": "IDR", "376": "ILS", "392": "JPY", "410": "KRW", "458": "MYR",
    "484": "MXN", "498": "MDL", "554": "NZD", "578": "NOK", "608": "PHP", "643": "RUB", "682": "SAR",
    "702": "SGD", "704": "VND", "710": "ZAR", "752": "SEK", "756": "CHF", "764": "THB", "784": "AED",
    "826": "GBP", "840": "USD", "901": "TWD", "941": "RSD", "946": "RON", "949": "TRY", "975": "BGN",
    "978": "EUR", "980": "UAH", "985": "PLN", "986": "BRL",
}  # fmt: skip
"""ISO 4217: letters by number, where vending machines are known to stand; others keep their number."""


def money(fields: Fields) -> Money:
    """What ID4 says; decimals and currency that it does not say, or not so, are the default and none."""
    [decimals] = fields.numbers(1)
    if decimals is not None and decimals > MOST_DECIMALS:
        fields.refuse(1, f"no number of decimals up to {MOST_DECIMALS}")
        decimals = None
    currency = _currency(fields)
    return Money(2 if decimals is None else decimals, currency, decimals is not None)


def _currency(fields: Fields) -> str:
    """``1`` and three digits are ISO 4217. A leading 0 is a telephone code, which names no currency."""
    code, letters = fields.sent(2), fields.sent(3).upper()
    by_code = code[1:] if len(code) == 4 and code[0] == "1" and code.isascii() and code.isdigit() else ""
    by_code = LETTERS.get(by_code, by_code)
    named = len(letters) == 3 and letters.isascii() and letters.isalpha()
    if letters and not named:
        fields.refuse(3, "no currency's three letters")
    if code and not by_code and not (code[0] == "0" and code.isdigit()):
        fields.refuse(2, "neither 1 with a currency's number nor 0 with a telephone code")
    if named and by_code.isalpha() and by_code != letters:
        fields.refuse(3, f"not the currency that ID402 names ({by_code}); neither is claimed")
        return ""
    return letters if named else by_code
