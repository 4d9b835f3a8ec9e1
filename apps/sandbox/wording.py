"""Names as agencies write them: accents, emoji, Japanese, quotes, and one that never ends."""

from __future__ import annotations

import random

CAMPAIGNS = {
    "shop": (
        "Prospecting | Bestseller | Broad",
        "Retargeting 30T – Warenkorbabbrecher",
        "DPA Katalog ✨ Herbst/Winter",
        "Été à Paris – « soldes »",
        "ASC+ Always-on",
        "Lookalike 1 % Käufer",
        'The "Big" Sale 🔥',
        "São João – promoção relâmpago",
        "新商品 キャンペーン",
    ),
    "leads": (
        "Leads | Probefahrt | Berlin & Umland",
        "Terminbuchung – Website",
        "Lead-Formular “Gratis-Beratung”",
        "Trial Week – Lead Ads 💪",
        "Remarketing Besucher 60T",
    ),
    "brand": (
        "Reichweite Q-Plan – Größe zählt",
        "Brand Lift | Vídeo 15s",
        "Engagement: o melhor açaí 🥣",
        "秋のブランド動画",
        "Traffic → Speisekarte",
    ),
}
SERIES = {
    "EUR": "Saisonaktion №{n}: „Jetzt oder nie“",
    "USD": "Seasonal push #{n} – it's here 🍂",
    "JPY": "季節のセール 第{n}弾",
    "BRL": "Coleção {n} – verão & ação ☀️",
}
LEGACY = "[ALT] {name} (2022–2025)"
ENDLESS = (
    "DE_PROSP_CBO_Broad_18-65_AllPlacements_7dClick1dView_UGC-vs-Studio_Test-Matrix_Creative-Concepts-A-to-H"
    "_Landingpage-Variante-„Größer-Denken“_ohne-Bestandskunden_ohne-Newsletter_mit-Lookalike-1-3-5-Prozent"
    "_Budget-nach-Absprache-mit-Frau-Øvergård_bitte-nicht-umbenennen_vFINAL_final2_wirklich-final_🚴‍♀️"
)
AUDIENCES = (
    "Broad 18–65+",
    "LAL 1 % Käufer 180T",
    "Interessen: Wandern, Käse & Wein",
    "Retargeting – ViewContent 14T",
    "Femmes 25-44 « mode »",
    "Stories & Reels only",
    "女性 20〜34歳",
    "Mães de primeira viagem",
    "Newsletter (Ausschluss)",
    'Custom "VIP"',
)
CREATIVES = (
    "UGC Vídeo 9:16 – Zoë",
    "Karussell 5 Karten",
    "Statisch 1:1 „-20 %“",
    "Studio shot, blue",
    "Reel 12s 🔥 hook A",
    "Reel 12s 🔥 hook B",
    "開封動画",
    "Testimonial André",
    "Collection – Açaí bowl",
    "Split copy 'short'",
)
REGIONS = {
    "EUR": (
        "Berlin",
        "Bayern",
        "Nordrhein-Westfalen",
        "Baden-Württemberg",
        "Hamburg",
        "Hessen",
        "Sachsen",
        "Unknown",
    ),
    "USD": ("California", "New York", "Texas", "Florida", "Illinois", "Massachusetts", "Ohio", "Unknown"),
    "JPY": (
        "Tokyo",
        "Osaka Prefecture",
        "Aichi Prefecture",
        "Fukuoka Prefecture",
        "Hokkaido Prefecture",
        "Kyoto Prefecture",
        "Unknown",
    ),
    "BRL": (
        "São Paulo (state)",
        "Rio de Janeiro (state)",
        "Minas Gerais",
        "Bahia",
        "Paraná",
        "Ceará",
        "Unknown",
    ),
}
COUNTRIES = {
    "EUR": (("DE", 720), ("AT", 140), ("CH", 110), ("FR", 30)),
    "USD": (("US", 880), ("CA", 120)),
    "JPY": (("JP", 1000),),
    "BRL": (("BR", 960), ("PT", 40)),
}


def pick(words: tuple[str, ...], chance: random.Random) -> str:
    return words[chance.randrange(len(words))]
