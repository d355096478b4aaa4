"""What is a row, and which rows are sales: nothing is left out, doubled or understood in silence."""

from pathlib import Path

import pytest

from vendctl.csv_table import NoTable, separator_of, table
from vendctl.replay import mapping_file, sales
from vendctl.replay.errors import ReplayError, RowsRefused
from vendctl.replay.sale import Sale
from vendctl.replay.sales import SalesFile
from vendctl.replay.two_readings import text_totals

MAP = """
currency = "EUR"
timezone = "Europe/Berlin"
[columns]
time = "When"
machine = "Machine"
selection = "Slot"
product = "Item"
amount = "Paid"
payment = "How"
"""
HEADER = "When;Machine;Slot;Item;Paid;How"
ROW = "2025-05-02 10:00;Hall 1;11;Coffee;1.50;cash"
QUOTED = '"a;b ""c"""'


def read(tmp_path: Path, text: str, mapping: str = MAP) -> SalesFile:
    (tmp_path / "sales.csv").write_text(text, encoding="utf-8")
    (tmp_path / "map.toml").write_text(mapping, encoding="utf-8")
    found = sales.read(tmp_path / "sales.csv", mapping_file.load(tmp_path / "map.toml"))
    text_totals(found)  # raises where the second reading differs
    return found


def paid(tmp_path: Path, text: str, mapping: str = MAP) -> list[tuple[int, int]]:
    return [(sale.line, sale.paid) for sale in read(tmp_path, text, mapping).sales]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{HEADER}\n;;;;;\n{ROW}\n ; ;;;;\n\n", [(3, 150)]),
        (f";;;;;\n{HEADER}\n{ROW}\n", [(3, 150)]),
        (f"{HEADER}\n{ROW};\n", [(2, 150)]),
        (f"{HEADER};;\n{ROW};;\n{ROW.replace('10:00', '10:01')}\n", [(2, 150), (3, 150)]),
        (f"sep=;\n{HEADER}\n{ROW}\n", [(3, 150)]),
        (f"\ufeffsep=;\r\n{HEADER}\r\n{ROW}\r\n", [(3, 150)]),
        (f'"sep=;"\n{HEADER}\n{ROW}\n', [(3, 150)]),
        (f'{HEADER}\n"2025-05-02\n10:00";Hall 1;11;Coffee;1.50;cash\n{ROW}\n', [(3, 150), (4, 150)]),
        (f'{HEADER}\n{ROW.replace("Coffee", QUOTED)}\n', [(2, 150)]),
    ],
)  # fmt: skip
def test_empty_lines_trailing_cells_and_the_line_of_excel(
    tmp_path: Path, text: str, expected: list[tuple[int, int]]
) -> None:
    assert paid(tmp_path, text) == expected


def test_separators_inside_quotes_do_not_count(tmp_path: Path) -> None:
    name = "Paid, gross, in EUR, with tax, rounded, not refunded, booked"
    header, mapping = HEADER.replace("Paid", f'"{name}"'), MAP.replace('"Paid"', f'"{name}"')
    assert paid(tmp_path, f"{header}\n{ROW}\n", mapping) == [(2, 150)]
    assert separator_of('"a;b;c\n;;",d\ne;f;g') == ","
    assert separator_of("a\tb,c\td") == "\t"
    assert separator_of("alone\n;;;") == ","


def test_a_cell_beyond_the_header_with_something_in_it_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="line 2: 7 cells, the header has 6"):
        read(tmp_path, f"{HEADER}\n{ROW};more\n")


def test_other_encodings_are_told(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(HEADER, encoding="utf-16")
    with pytest.raises(NoTable, match="is not UTF-8 but UTF-16: save it as UTF-8"):
        table(path)


STATUS = """Sale,When,Machine,Slot,Item,Price,Qty,Status,How
T-1,2026-06-12T17:17:00,R-06,A1,Tea,2.50,2,paid,cash
T-2,2026-06-12T17:20:00,R-06,A1,Tea,2.50,1,failed,cash
T-3,2026-06-12T17:30:00,R-06,A1,Tea,2.50,1,refunded,cash
T-1,2026-06-12T17:17:00,R-06,A1,Tea,2.50,2,paid,cash
"""
STATUS_MAP = """
[columns]
time = "When"
machine = "Machine"
selection = "Slot"
product = "Item"
unit_amount = "Price"
quantity = "Qty"
payment = "How"
transaction = "Sale"
[skip]
Status = ["failed", "refunded", "void"]
"""


def test_rows_are_left_out_by_column_and_cells_and_told(tmp_path: Path) -> None:
    found = read(tmp_path, STATUS, f'{STATUS_MAP}[rows]\nequal = "once"\n')
    assert [(sale.line, sale.paid, sale.quantity) for sale in found.sales] == [(2, 500, 2)]
    assert found.notes == [
        "[skip] left out 1 rows whose Status is 'failed'",
        "[skip] left out 1 rows whose Status is 'refunded'",
        "[skip] found no row whose Status is 'void'",
        "1 rows equal an earlier one and were left out: lines 5",
    ]


def test_equal_rows_are_refused_or_counted_as_the_mapping_says(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"line 5: equals line 2 in every cell; say under \[rows\]"):
        read(tmp_path, STATUS, STATUS_MAP)
    found = read(tmp_path, STATUS, f'{STATUS_MAP}[rows]\nequal = "keep"\n')
    assert [(sale.line, sale.paid) for sale in found.sales] == [(2, 500), (5, 500)]
    assert found.notes[-1] == "1 rows equal an earlier one and were counted, too: lines 5"


def test_rows_of_one_transaction_are_refused_or_its_lines_as_the_mapping_says(tmp_path: Path) -> None:
    text = STATUS.replace("paid,cash\n", "paid,card\n").replace("paid,card\n", "paid,cash\n", 1)
    with pytest.raises(ReplayError, match=r"line 5: has the transaction 'T-1' of line 2; .*same_transaction"):
        read(tmp_path, text, STATUS_MAP)
    found = read(tmp_path, text, f'{STATUS_MAP}[rows]\nsame_transaction = "keep"\n')
    assert len(found.sales) == 2
    assert found.notes[-1] == "1 rows are further lines of a transaction"


TOTALS = """
currency = "USD"
[columns]
selection = "Code"
product = "Item"
amount = "Paid"
quantity = "Qty"
[constants]
time = "2026-04-21"
machine = "Hall"
payment = "cash"
"""
TABLE = "Code,Item,Paid,Qty\n314,Tea,100.00,1\n499,Cola,100.00,1\n"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("Total,,200.00,2", "looks like a total: 'Total'"),
        ("TOTAL:,,199.00,2", "looks like a total: 'TOTAL:'"),
        ("Grand Total,x,1.00,2", "looks like a total: 'Grand Total'"),
        ("Summe Halle,,200.00,2", "looks like a total: 'Summe Halle'"),
        ("3,Subtotal,9.00,2", "looks like a total: 'Subtotal'"),
        ("Razem,,200.00,2", "looks like a total: it has the sum of all other rows, and blank cells"),
    ],
)
def test_a_row_of_totals_is_refused_with_its_line(tmp_path: Path, row: str, complaint: str) -> None:
    with pytest.raises(ReplayError, match=rf"line 4: {complaint}; leave it out by \[skip\], or"):
        read(tmp_path, f"{TABLE}{row}\n", TOTALS)


def test_a_row_of_totals_is_left_out_or_counted_as_the_mapping_says(tmp_path: Path) -> None:
    text = f"{TABLE}Total,,200.00,2\n"
    assert paid(tmp_path, text, f'{TOTALS}[skip]\nCode = "Total"\n') == [(2, 10_000), (3, 10_000)]
    assert len(paid(tmp_path, text, f'{TOTALS}[rows]\ntotals = "keep"\n')) == 3


@pytest.mark.parametrize(
    "row", ["5,Total Bran,2.00,1", "5,Sumatra,200.00,2", "5,Totally Nuts,,", "5,,150.00,2"]
)
def test_a_product_may_be_called_like_a_total(tmp_path: Path, row: str) -> None:
    whole = row.replace(",,", ",1.00,1") if row.endswith(",,") else row
    assert len(paid(tmp_path, f"{TABLE}{whole}\n", TOTALS)) == 3


def test_a_file_without_quantity_and_selection(tmp_path: Path) -> None:
    mapping = MAP.replace('selection = "Slot"\n', "")
    text = (
        f"{HEADER}\n{ROW}\n{ROW.replace('Coffee', 'Oat Bar with Nuts and Honey').replace('10:00', '10:01')}\n"
    )
    found = read(tmp_path, text, mapping)
    assert [(sale.selection, sale.quantity) for sale in found.sales] == [
        ("coffee", 1),
        ("oat-bar-6ade5a0e", 1),
    ]
    assert found.notes == [
        "no column says the quantity: each row is one unit",
        "no column says the selection: each product has one, made of its name",
    ]
    with pytest.raises(ReplayError, match=r"line 2: product \(column 'Item'\) is blank"):
        read(tmp_path, f"{HEADER}\n{ROW.replace('Coffee', '')}\n", mapping)


def currencies(found: list[Sale]) -> list[tuple[int, str]]:
    return [(sale.paid, sale.currency) for sale in found]


def test_a_currency_column_or_a_table_of_signs_makes_mixed_currencies_right(tmp_path: Path) -> None:
    rows = [ROW.replace("1.50", text) for text in ("$1.50", "€1.60", "£1.70")]
    text = "\n".join([HEADER, *rows])
    with pytest.raises(ReplayError, match=r"line 2: amount \(column 'Paid'\): '\$1.50' is not in EUR"):
        read(tmp_path, text)
    by_sign = read(tmp_path, text, f'{MAP}[currencies]\n"$" = "CAD"\n"£" = "GBP"\n')
    assert currencies(by_sign.sales) == [(150, "CAD"), (160, "EUR"), (170, "GBP")]
    rands = read(tmp_path, f"{HEADER}\n{ROW.replace('1.50', 'R 1.50')}", f'{MAP}[currencies]\nR = "ZAR"\n')
    assert currencies(rands.sales) == [(150, "ZAR")]
    reals = MAP.replace('"EUR"', '"BRL"')
    mixed = "\n".join([HEADER, ROW.replace("1.50", "R$1.50"), ROW.replace("1.50", "R1.50")])
    found = read(tmp_path, mixed, f'{reals}[currencies]\nR = "ZAR"\n')
    assert currencies(found.sales) == [(150, "BRL"), (150, "ZAR")]
    column = MAP.replace("[columns]", '[columns]\ncurrency = "Cur"')
    text = "\n".join(
        [f"{HEADER};Cur", f"{rows[0]};USD", f"{rows[1]};Euro", f"{ROW};jpy".replace("1.50", "150")]
    )
    by_column = read(tmp_path, text, f'{column}[currencies]\nEuro = "EUR"\n')
    assert currencies(by_column.sales) == [(150, "USD"), (160, "EUR"), (150, "JPY")]
    with pytest.raises(ReplayError, match=r"currency \(column 'Cur'\): 'Euro' is no ISO 4217 code"):
        read(tmp_path, text, column)


def test_faults_are_told_by_kind_with_a_count_and_all_of_them_are_kept(tmp_path: Path) -> None:
    rows = [
        ROW.replace("10:00", f"10:{n % 60:02}:{n // 60:02}").replace("1.50", f"1.{500 + n}")
        for n in range(1200)
    ]
    rows += [ROW.replace("cash", "barter"), f"{ROW};;x"]
    with pytest.raises(RowsRefused) as told:
        read(tmp_path, "\n".join([HEADER, *rows]))
    lines = str(told.value).splitlines()
    assert lines[0].endswith(
        "sales.csv cannot be replayed, nothing was sent. 1,202 rows are wrong, in 3 ways:"
    )
    assert lines[1].startswith("  line 2: amount (column 'Paid'): '1.500' has more decimals than EUR")
    assert lines[4] == "    and 1,197 more of this kind: lines 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, …"
    assert lines[5].startswith("  line 1202: payment (column 'How'): 'barter' is not known")
    assert lines[6] == "  line 1203: 8 cells, the header has 6"
    assert len(told.value.faults) == 1202
    assert told.value.faults[1199].startswith("line 1201: amount")


def test_thousands_in_one_place(tmp_path: Path) -> None:
    text = f"{HEADER}\n{ROW.replace('1.50', '1.500')}\n{ROW.replace('1.50', '12.000,50')}\n"
    numbers = '[numbers]\ndecimal = ","\nthousands = "."\n'
    assert paid(tmp_path, text, MAP + numbers) == [(2, 150_000), (3, 1_200_050)]
