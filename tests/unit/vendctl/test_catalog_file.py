"""Catalog files: three formats, one content; and what is wrong with a file is said by name."""

import json
from pathlib import Path

import msgspec
import pytest

from simulator.fleet import Fleet
from vendctl import catalog_file
from vendctl.catalog_file import read_file
from vending.errors import Rejected
from vending.writes.catalog_entries import CatalogFile

TOML = """
[[sites]]
id = "north"
timeZone = "Europe/Berlin"
[[machines]]
id = "m1"
site = "north"
since = "2026-11-10"
[[products]]
sku = "cola"
caseSize = 6
[[planograms]]
machine = "m1"
slots = {A1 = {sku = "cola", par = 8, priceMinor = 150}, A2 = {sku = "tea"}}
[[recipients]]
id = "anna"
address = "anna@ops.example"
severity = "warning"
sites = ["north", "south"]
criticalAlways = true
"""
CSV = {
    "sites": "id,timeZone\nnorth,Europe/Berlin\n",
    "machines": "id,site,since\nm1,north,2026-11-10\n",
    "products": "sku,caseSize\ncola,6\n",
    "planograms": "machine,selection,sku,par,priceMinor\nm1,A1,cola,8,150\nm1,A2,tea,,\n",
    "recipients": (
        "id,address,severity,sites,routes,criticalAlways\nanna,anna@ops.example,warning,north  south,,true\n"
    ),
}


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_three_formats_say_the_same(tmp_path: Path) -> None:
    toml = read_file(written(tmp_path, "a.toml", TOML))
    as_json = msgspec.json.encode(toml).decode()
    assert read_file(written(tmp_path, "a.json", as_json)) == toml
    parts = [read_file(written(tmp_path, f"{kind}.csv", "\ufeff" + text)) for kind, text in CSV.items()]
    kinds = parts[0].sites, parts[1].machines, parts[2].products, parts[3].planograms, parts[4].recipients
    assert CatalogFile(*kinds) == toml


def test_coordinates_are_columns_of_degrees(tmp_path: Path) -> None:
    text = "id,timeZone,latitude,longitude\nnorth,Etc/UTC,-33.5,151\n"
    [site] = read_file(written(tmp_path, "a.csv", text)).sites
    assert (site.latitude, site.longitude) == (-33.5, 151.0)
    for wrong in ("south", "1e1", "91", ""):
        with pytest.raises(Rejected, match="line 2"):
            read_file(written(tmp_path, "b.csv", text.replace("-33.5", wrong)))


def test_the_example_of_recipients_is_a_catalog(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    file = read_file(written(tmp_path, "a.toml", example))
    assert [one.id for one in file.recipients] == ["anna", "night-desk"]


def test_the_example_of_the_docs_is_a_catalog(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "rollups.md").read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    assert len(read_file(written(tmp_path, "a.toml", example)).entries()) == 4


def test_the_simulators_fleet_is_a_catalog(tmp_path: Path) -> None:
    text = json.dumps(Fleet(1, 7).describe())
    file = read_file(written(tmp_path, "fleet.json", text))
    assert len(file.entries()) == len(file.sites) + 7 + len(file.products) + 7


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("a.toml", "[[sites]]\nid = 'north'\n", "timeZone"),
        (
            "a.toml",
            "[[recipients]]\nid = 'a'\naddress = 'a@b, c@d'\n",
            r"address of a is none.*recipients\[0\]",
        ),
        ("a.toml", "[[recipients]]\nid = 'a'\naddress = 'a@b.c'\nhours = {mon = ['8-18']}\n", "hours"),
        (
            "a.csv",
            "id,address,criticalAlways\na,a@b.c,yes\n",
            "line 2, column criticalAlways: Expected `bool`",
        ),
        ("a.csv", "id,address\na,nobody\n", "line 2: address of a is none"),
        ("a.toml", "[[sites]]\nid = 'n'\ntimeZone = 'Etc/UTC'\ntimezone = 'x'\n", "unknown field `timezone`"),
        ("a.toml", "[[sites]\n", "cannot be read"),
        ("a.json", "[]", "Expected `object`"),
        ("a.json", '{"machines": [{"id": "m/1", "site": "n"}]}', r"machines\[0\].id"),
        ("a.csv", "id,name\nm1,Hall\n", "no column tells the kind"),
        ("a.csv", "sku,caseSize\ncola,six\n", "'six'"),
        ("a.csv", "sku,name\ncola,Cola,more\n", "line 2: 3 cells, the header has 2"),
        ("a.csv", "machine,selection,sku\nm1,A1,cola\nm1,A1,tea\n", "twice"),
        ("a.yaml", "", "none of .toml, .json, .csv"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, name: str, text: str, match: str) -> None:
    with pytest.raises(Rejected, match=match):
        read_file(written(tmp_path, name, text))


SEMICOLONS = """sep=;
sku;name;costMinor;;
;;;;
cola;Cola;61;;
tea;Tea;"1,50"
cola;Cola again;62
D/1;Juice;
nuts;Nuts;-5
"""


def test_faults_of_a_csv_file_are_told_with_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as told:
        read_file(written(tmp_path, "products.csv", SEMICOLONS))
    assert str(told.value).splitlines()[1:] == [
        "  line 5, column costMinor: '1,50' is no whole number of minor units (1.50 EUR is 150)",
        "  line 6: cola stands in line 4 already, so it is twice in the file",
        "  line 7, column sku: Expected `str` matching regex '^[A-Za-z0-9][A-Za-z0-9._:\\\\-]*$(?!\\\\n)'",
        "  line 8, column costMinor: Expected `int` >= 0",
    ]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("id;timeZone\ns1;Europe/Berlin\ns2;Berlin\n", "line 3: time zone 'Berlin' is not in the IANA"),
        ("id;timeZone\ns1;localtime\n", "line 2: time zone 'localtime' is this computer's; use a name"),
        ("id|site|since\nm1|s1|2026-02-31\n", "line 2: '2026-02-31' is no day"),
        ("id\tsite\nm1\ts 1\n", "line 2, column site: Expected `str` matching"),
        ("machine,selection,sku,par\nm1,A1,cola,8\nm1,A 2,cola,8\n", "line 3, column selection: Expected"),
        ("machine,selection,sku,par\nm1,A1,cola,800\n", "line 2, column par: Expected `int` <= 250"),
        ("machine,selection,sku\nm 1,A1,cola\n", "line 2, column machine: Expected `str` matching"),
        ("machine,selection,sku\nm1,,cola\n", "line 2.*: Expected `str`, got `null`"),
        ("sku,colour\ncola,red\n", "line 2: Object contains unknown field `colour`"),
        ("id,timeZone,name\n,Etc/UTC,North\n", "line 2: Object missing required field `id`"),
    ],
)
def test_each_fault_of_a_csv_file_has_its_line(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(Rejected, match=match):
        read_file(written(tmp_path, "a.csv", text))


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("quote.csv", b'id,timeZone\n"site"1,Etc/UTC\n', "line 2 is no CSV"),
        ("unclosed.csv", b'id,timeZone\n"s1,Etc/UTC\n', "line 2 is no CSV: unexpected end"),
        ("long.csv", b"id,timeZone,name\ns1,Etc/UTC," + b"x" * 140_000, "is no CSV: field larger"),
        ("nul.csv", b"id,timeZone\ns\x001,Etc/UTC\n", "line 2, column id"),
        ("latin.csv", b"id,timeZone,name\ns1,Etc/UTC,caf\xe9\n", "is not UTF-8"),
        ("empty.csv", b"", "is empty: the first line must name the columns"),
        ("deep.json", b"\n" + b"[" * 100_000 + b"]" * 100_000, "line 2: it is nested too deeply"),
        ("depth.json", b'{"sites":\n' + b'{"a":' * 5000 + b"1" + b"}" * 5001, "line 2: it is nested"),
        ("deep.toml", b"a=" + b"[" * 3000 + b"]" * 3000, "line 1: it is nested too deeply"),
        ("text.toml", b"a=\"[[[\"\nb='''\n[[[''' # [[[\nc=" + b"[" * 51, "line 4: it is nested too deeply"),
        (
            "half.json",
            rb'{"sites":[{"id":"s1","timeZone":"Etc/UTC","name":"\ud800"}]}',
            r"line 1: \\ud800 is half of a surrogate pair",
        ),
        ("twice.json", b'{"sites":[],"sites":[]}', "'sites' stands twice in one object"),
        ("line.json", rb'{"machines":[{"id":"vm1\n","site":"s1"}]}', r"machines\[0\]\.id"),
        ("line.json", rb'{"machines":[{"id":"vm1","site":"s1","since":"2026-01-01\n"}]}', "since"),
        ("digits.json", '{"machines":[{"id":"v","site":"s","since":"２０２６-01-01"}]}'.encode(), "since"),
        (
            "big.json",
            b'{"products":[{"sku":"a","costMinor":' + b"9" * 5000 + b"}]}",
            "line 1: a number of 5000",
        ),
        ("big.toml", b"[[products]]\nsku='a'\ncostMinor=" + b"9" * 5000, "line 3: a number of 5000 digits"),
        ("latin.json", b'{\n"sites":[{"id":"\xe9"}]}', "line 2 is not UTF-8"),
        (
            "name.json",
            rb'{"sites":[{"id":"s1","timeZone":"Etc/UTC","name":"a\u0000b"}]}',
            r"sites\[0\]\.name",
        ),
        ("name.json", rb'{"sites":[{"id":"s1","timeZone":"Etc/UTC","name":"a\n"}]}', r"sites\[0\]\.name"),
        ("sku.json", rb'{"products":[{"sku":"a","category":"a\u001b[2J"}]}', r"products\[0\]\.category"),
        ("long.json", b'{"products":[{"sku":"a","name":"%s"}]}' % (b"x" * 121), r"products\[0\]\.name"),
        ("route.json", b'{"sites":[{"id":"s","timeZone":"Etc/UTC","route":"r 1"}]}', r"sites\[0\]\.route"),
        ("device.json", b'{"machines":[{"id":"m","site":"s","device":"dev:1"}]}', r"machines\[0\]\.device"),
        ("slot.json", rb'{"planograms":[{"machine":"m","slots":{"A1\n":{"sku":"a"}}}]}', "slots"),
        (
            "hours.json",
            b'{"sites":[{"id":"s","timeZone":"Etc/UTC","openingHours":{"mon":[%s]}}]}'
            % b",".join(b'"%02d:00-%02d:30"' % (hour, hour) for hour in range(9)),
            "length <= 8",
        ),
        ("day.json", b'{"machines":[{"id":"m","site":"s","since":"2026-02-30"}]}', r"at `\$.machines\[0\]`"),
        ("site.toml", b"[[sites]]\nid='s'\ntimeZone='Berlin'", r"at `\$.sites\[0\]`"),
    ],
)
def test_hostile_files_are_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes, match: str
) -> None:
    """Each of them was a traceback, or was accepted and names what can never exist."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Rejected, match=match) as told:
        read_file(tmp_path / name)
    assert str(told.value).startswith(f"wrong-catalog: {tmp_path / name}")
    assert len(str(told.value).splitlines()) == 1


def test_a_file_of_any_size_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog_file, "LARGEST", 100)
    for name in ("a.json", "a.toml", "a.csv"):
        with pytest.raises(Rejected, match="over 100 bytes; import it in parts"):
            read_file(written(tmp_path, name, " " * 101))


def test_brackets_and_digits_within_texts_count_for_nothing(tmp_path: Path) -> None:
    text = json.dumps({"products": [{"sku": "a", "name": "[{" * 30 + '\\"9' + "9" * 40}]})
    assert len(read_file(written(tmp_path, "a.json", text)).products) == 1
    text = '[[products]]\nsku = \'a\'\nname = """' + "[{" * 30 + '""" # ' + "[" * 60 + "9" * 500
    assert len(read_file(written(tmp_path, "a.toml", text)).products) == 1


@pytest.mark.parametrize(
    "zone",
    ["localtime", "posixrules", "right/UTC", "posix/Europe/Berlin", "Factory", "../../etc/passwd", "Europe"],
)
def test_a_zone_that_is_none_everywhere_is_refused(tmp_path: Path, zone: str) -> None:
    text = json.dumps({"sites": [{"id": "s1", "timeZone": zone}]})
    with pytest.raises(Rejected, match=f"time zone '{zone}'"):
        read_file(written(tmp_path, "a.json", text)).entries()


@pytest.mark.parametrize(
    ("hours", "good"),
    [
        (["06:00-22:00"], True), (["18:00-24:00", "06:00-12:00"], True), (["22:00-06:00"], False),
        (["06:00-22:00", "07:00-09:00"], False), (["06:00-12:00", "12:00-13:00"], False),
        (["06:00-06:00"], False),
    ],
)  # fmt: skip
def test_opening_hours_do_not_overlap_or_end_before_they_begin(
    tmp_path: Path, hours: list[str], good: bool
) -> None:
    text = json.dumps({"sites": [{"id": "s1", "timeZone": "Etc/UTC", "openingHours": {"mon": hours}}]})
    path = written(tmp_path, "a.json", text)
    if good:
        assert len(read_file(path).entries()) == 1
    else:
        with pytest.raises(Rejected, match="openingHours mon of s1 overlap, touch or end before they begin"):
            read_file(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="cannot be read"):
        read_file(tmp_path / "none.toml")
