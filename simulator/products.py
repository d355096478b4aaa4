"""What the machines sell, and the archetypes of machines that sell it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """``price`` in minor units of the euro; elsewhere it is scaled."""

    sku: str
    name: str
    category: str
    price: int


def _products(category: str, rows: str) -> list[Product]:
    found = []
    for row in rows.strip().splitlines():
        sku, name, price = (part.strip() for part in row.split("|"))
        found.append(Product(sku, name, category, int(price)))
    return found


DRINKS = _products(
    "cold drinks",
    """
    D-COLA-050 | Cola 0.5 l | 220
    D-COLAZ-050 | Cola Zero 0.5 l | 220
    D-WATER-050 | Still Water 0.5 l | 150
    D-SPARK-050 | Sparkling Water 0.5 l | 150
    D-ORANGE-050 | Orangeade 0.5 l | 220
    D-LEMON-050 | Lemonade 0.5 l | 220
    D-ICETEA-050 | Iced Tea Peach 0.5 l | 230
    D-APPLE-050 | Apple Spritzer 0.5 l | 230
    D-ENERGY-025 | Energy Drink 0.25 l | 280
    D-MATE-050 | Mate 0.5 l | 250
    D-LATTE-023 | Iced Latte 0.23 l | 270
    D-JUICE-033 | Orange Juice 0.33 l | 260
    """,
)
SNACKS = _products(
    "snacks",
    """
    S-CHIPS-040 | Crisps Salted 40 g | 150
    S-PAPRIKA-040 | Crisps Paprika 40 g | 150
    S-NUTS-050 | Roasted Peanuts 50 g | 160
    S-PRETZEL-045 | Mini Pretzels 45 g | 140
    S-CHOC-050 | Chocolate Bar 50 g | 140
    S-NUTBAR-050 | Nut Bar 50 g | 150
    S-CARAMEL-052 | Caramel Bar 52 g | 140
    S-WAFER-042 | Hazelnut Wafer 42 g | 130
    S-COOKIE-060 | Chocolate Cookies 60 g | 170
    S-GUMMI-085 | Fruit Gums 85 g | 180
    S-MINTS-016 | Peppermints 16 g | 120
    S-MUESLI-040 | Muesli Bar 40 g | 160
    S-RICE-030 | Rice Cakes 30 g | 150
    S-PROTEIN-055 | Protein Bar 55 g | 290
    S-DRIED-040 | Dried Mango 40 g | 260
    S-GUM-014 | Chewing Gum 14 g | 110
    """,
)
COFFEES = _products(
    "hot drinks",
    """
    C-CREMA | Caffè Crema | 130
    C-CAPP | Cappuccino | 160
    C-LATTE | Latte Macchiato | 180
    C-ESPR | Espresso | 120
    C-MILK | White Coffee | 150
    C-CHOC | Hot Chocolate | 160
    C-TEA | Black Tea | 110
    C-MOCHA | Mocha | 180
    """,
)
FOUNTAIN = _products(
    "fountain drinks",
    """
    F-COLA-030 | Fountain Cola 0.3 l | 190
    F-COLAZ-030 | Fountain Cola Zero 0.3 l | 190
    F-CHERRY-030 | Fountain Cherry Cola 0.3 l | 190
    F-VANILLA-030 | Fountain Vanilla Cola 0.3 l | 190
    F-ORANGE-030 | Fountain Orange 0.3 l | 190
    F-LEMON-030 | Fountain Lemon 0.3 l | 190
    F-GINGER-030 | Fountain Ginger Ale 0.3 l | 190
    F-PEACH-030 | Fountain Peach Tea 0.3 l | 190
    F-BERRY-030 | Fountain Berry 0.3 l | 190
    F-SODA-030 | Fountain Soda 0.3 l | 120
    """,
)
PRODUCTS = DRINKS + SNACKS + COFFEES + FOUNTAIN


@dataclass(frozen=True, slots=True)
class Archetype:
    """A kind of machine. ``cartridges`` are what runs down where selections are mixed, not dropped."""

    name: str
    label: str
    assortment: tuple[Product, ...]
    selections: int
    capacity: tuple[int, int]
    vends_per_day: tuple[float, float]
    zone: str | None
    cartridges: tuple[str, ...] = ()
    heartbeat_minutes: int = 15

    @property
    def counted(self) -> bool:
        """Whether a selection is a slot with units in it."""
        return not self.cartridges


ARCHETYPES = (
    Archetype("cold", "Cold Drinks", tuple(DRINKS), 10, (24, 60), (14, 45), "cabinet"),
    Archetype("snack", "Snacks", tuple(SNACKS), 30, (8, 15), (12, 40), None, heartbeat_minutes=6),
    Archetype("combo", "Snacks & Drinks", tuple(SNACKS + DRINKS), 36, (7, 14), (15, 50), "cabinet"),
    Archetype(
        "coffee", "Coffee", tuple(COFFEES), 8, (100, 100), (25, 90), "milk",
        ("BEANS", "MILK", "CHOCO", "CUPS"),
    ),
    Archetype(
        "fountain", "Fountain", tuple(FOUNTAIN), 10, (100, 100), (30, 100), "cooler",
        ("K-COLA", "K-COLAZ", "K-ORANGE", "K-LEMON", "K-TEA", "K-CO2", "CUPS"),
    ),
)  # fmt: skip
SHARES = (0.34, 0.26, 0.2, 0.14, 0.06)
