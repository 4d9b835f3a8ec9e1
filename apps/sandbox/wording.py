"""Names as agencies write them: accents, emoji, Japanese, quotes, and one that never ends."""

from __future__ import annotations

import random

# By trade and currency, which here also tells the country. All tuples of a trade are equally long.
CAMPAIGNS: dict[str, dict[str, tuple[str, ...]]] = {
    "shop": {
        "EUR": (
            "Prospecting | Bestseller | Broad",
            "Retargeting 30T – Warenkorbabbrecher",
            "DPA Katalog ✨ Herbst/Winter",
            "Été à Paris – « soldes »",
            "ASC+ Always-on",
            "Lookalike 1 % Käufer",
            'Der "große" Ausverkauf 🔥',
            "Neukunden – Größe & Farbe",
            "Gutschein zurück im Körbchen",
        ),
        "USD": (
            "Prospecting | Best sellers | Broad",
            "Retargeting 30d – cart abandoners",
            "DPA catalog ✨ Fall/Winter",
            "Free shipping “this week only”",
            "ASC+ Always-on",
            "Lookalike 1 % purchasers",
            'The "Big" Sale 🔥',
            "New customers – first order $10 off",
            "Winback 180d",
        ),
        "JPY": (
            "新規獲得 | 人気商品 | ブロード",
            "リターゲティング30日 – カゴ落ち",
            "カタログ広告 ✨ 秋冬",
            "送料無料キャンペーン「今週だけ」",
            "ASC+ 常時配信",
            "類似オーディエンス 1 % 購入者",
            "大感謝セール 🔥",
            "新商品 キャンペーン",
            "休眠顧客 180日",
        ),
        "BRL": (
            "Prospecção | Mais vendidos | Amplo",
            "Remarketing 30d – carrinho abandonado",
            "Catálogo ✨ primavera/verão",
            "Frete grátis “só esta semana”",
            "ASC+ sempre ativa",
            "Semelhantes 1 % compradores",
            'A "Grande" Liquidação 🔥',
            "São João – promoção relâmpago",
            "Reativação 180d",
        ),
    },
    "leads": {
        "EUR": (
            "Leads | Probefahrt | Berlin & Umland",
            "Terminbuchung – Website",
            "Lead-Formular “Gratis-Beratung”",
            "Probewoche – Lead Ads 💪",
            "Remarketing Besucher 60T",
        ),
        "USD": (
            "Leads | Free trial | Brooklyn & Queens",
            "Book a visit – website",
            "Lead form “Free consultation”",
            "Trial Week – Lead Ads 💪",
            "Remarketing visitors 60d",
        ),
        "JPY": (
            "リード獲得 | 体験予約 | 東京・神奈川",
            "来店予約 – サイト",
            "リードフォーム「無料相談」",
            "体験ウィーク 💪",
            "サイト訪問者 60日",
        ),
        "BRL": (
            "Leads | Aula experimental | Zona Sul",
            "Agendamento – site",
            "Formulário “Consulta grátis”",
            "Semana grátis – Lead Ads 💪",
            "Remarketing visitantes 60d",
        ),
    },
    "brand": {
        "EUR": (
            "Reichweite Q-Plan – Größe zählt",
            "Brand Lift | Video 15s",
            "Engagement: Rezept der Woche 🥨",
            "Herbst-Markenfilm",
            "Traffic → Speisekarte",
        ),
        "USD": (
            "Reach Q-plan – all of Brooklyn",
            "Brand Lift | Video 15s",
            "Engagement: recipe of the week 🍩",
            "Fall brand film",
            "Traffic → Menu",
        ),
        "JPY": (
            "リーチ 四半期プラン",
            "ブランドリフト | 動画15秒",
            "エンゲージメント: 今週のレシピ 🍡",
            "秋のブランド動画",
            "トラフィック → メニュー",
        ),
        "BRL": (
            "Alcance plano trimestral – São Paulo",
            "Brand Lift | Vídeo 15s",
            "Engajamento: o melhor açaí 🥣",
            "Filme de marca – verão",
            "Tráfego → Cardápio",
        ),
    },
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
# By currency, equally many of each.
AUDIENCES = {
    "EUR": (
        "Broad 18–65+",
        "LAL 1 % Käufer 180T",
        "Interessen: Wandern, Käse & Wein",
        "Retargeting – ViewContent 14T",
        "Femmes 25-44 « mode »",
        "Stories & Reels only",
        "Frauen 20–34",
        "Junge Eltern",
        "Newsletter (Ausschluss)",
        'Custom "VIP"',
    ),
    "USD": (
        "Broad 18–65+",
        "LAL 1 % purchasers 180d",
        "Interests: hiking, cheese & wine",
        "Retargeting – ViewContent 14d",
        "Women 25-44 “fashion”",
        "Stories & Reels only",
        "Men 20–34",
        "New parents",
        "Newsletter (excluded)",
        'Custom "VIP"',
    ),
    "JPY": (
        "ブロード 18〜65歳以上",
        "類似 1 % 購入者 180日",
        "興味関心: 登山・チーズ・ワイン",
        "リターゲティング – 閲覧 14日",
        "女性 25〜44歳「ファッション」",
        "ストーリーズとリールのみ",
        "女性 20〜34歳",
        "子育て世代",
        "メルマガ登録者(除外)",
        "カスタム「VIP」",
    ),
    "BRL": (
        "Amplo 18–65+",
        "Semelhantes 1 % compradores 180d",
        "Interesses: trilha, queijo & vinho",
        "Remarketing – ViewContent 14d",
        "Mulheres 25-44 “moda”",
        "Só Stories & Reels",
        "Mulheres 20–34",
        "Mães de primeira viagem",
        "Newsletter (exclusão)",
        'Personalizado "VIP"',
    ),
}
CREATIVES = {
    "EUR": (
        "UGC Video 9:16 – Zoë",
        "Karussell 5 Karten",
        "Statisch 1:1 „-20 %“",
        "Studio, blau",
        "Reel 12s 🔥 Hook A",
        "Reel 12s 🔥 Hook B",
        "Auspackvideo",
        "Testimonial André",
        "Sammlung – Brezel",
        "Split-Text 'kurz'",
    ),
    "USD": (
        "UGC video 9:16 – Zoë",
        "Carousel 5 cards",
        "Static 1:1 “-20 %”",
        "Studio shot, blue",
        "Reel 12s 🔥 hook A",
        "Reel 12s 🔥 hook B",
        "Unboxing",
        "Testimonial Andre",
        "Collection – cold brew",
        "Split copy 'short'",
    ),
    "JPY": (
        "UGC動画 9:16 – みき",
        "カルーセル 5枚",
        "静止画 1:1「-20 %」",
        "スタジオ・青",
        "リール12秒 🔥 フックA",
        "リール12秒 🔥 フックB",
        "開封動画",
        "お客様の声 – 佐藤さん",
        "コレクション – 抹茶",
        "コピー比較「短」",
    ),
    "BRL": (
        "UGC vídeo 9:16 – Zoé",
        "Carrossel 5 cartões",
        "Estático 1:1 “-20 %”",
        "Estúdio, azul",
        "Reel 12s 🔥 gancho A",
        "Reel 12s 🔥 gancho B",
        "Unboxing",
        "Depoimento André",
        "Coleção – tigela de açaí",
        "Texto 'curto'",
    ),
}
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
