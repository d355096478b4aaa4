"""The same tables as text and as HTML, each as a whole."""

from vending.reports.layout import CELL, Report, Table, as_html, as_text

WHOLE = Report(
    "Mon <2>",
    ["Wait & see."],
    [
        Table("Sales", [("vends", "1,200"), ("free", "7")], ("", "now"), "and 3 more"),
        Table("Alerts: 0", heads=("machine", "since")),
    ],
    "https://vend.example/?a=1&b=2",
)


def test_text() -> None:
    assert as_text(WHOLE) == (
        "Mon <2>\n"
        "Wait & see.\n"
        "\n"
        "Sales\n"
        "           now\n"
        "  vends  1,200\n"
        "  free       7\n"
        "  and 3 more\n"
        "\n"
        "Alerts: 0\n"
        "\n"
        "https://vend.example/?a=1&b=2\n"
    )


def test_html() -> None:
    def cell(tag: str, side: str, text: str) -> str:
        return f'<{tag} style="{CELL}{side}">{text}</{tag}>'

    rows = [
        cell("th", "left", "") + cell("th", "right", "now"),
        cell("td", "left", "vends") + cell("td", "right", "1,200"),
        cell("td", "left", "free") + cell("td", "right", "7"),
    ]
    table = "".join(f"<tr>{row}</tr>" for row in rows)
    link = "https://vend.example/?a=1&amp;b=2"
    assert as_html(WHOLE) == (
        '<!doctype html><html lang="en"><body style="font-family:sans-serif">'
        f"<h2>Mon &lt;2&gt;</h2><p>Wait &amp; see.</p><h3>Sales</h3><table>{table}</table><p>and 3 more</p>"
        f'<h3>Alerts: 0</h3><p><a href="{link}">{link}</a></p></body></html>\n'
    )


def test_without_a_link_nothing_stands_at_the_end() -> None:
    bare = Report("Mon", [], [])
    assert as_text(bare) == "Mon\n"
    assert as_html(bare).endswith("<h2>Mon</h2></body></html>\n")
