"""What the demo's people have been talking about, as data."""

from webapp.demo.story import CHROME, SAFARI, Conversation, Said


def _c(text: str, after: float = 1) -> Said:
    return Said("customer", text, after)


def _note(who: str, text: str, after: float = 1) -> Said:
    return Said(who, text, after, "note")


CONVERSATIONS = (
    Conversation(
        "Amelia Hart",
        "amelia.hart@example.com",
        4,
        (
            _c("Hi! I ordered the Storm jacket in M yesterday, order 20418. Can I still change it to L?"),
            _c("It says “packing” in my account.", 0.5),
        ),
        page="/orders",
        client=SAFARI,
        priority="high",
    ),
    Conversation(
        "Luca Moretti",
        "luca.moretti@example.com",
        11,
        (_c("Do you ship the 40 m mooring rope to Italy, and what would that cost?"),),
        page="/products/mooring-rope",
        client=CHROME,
        tier="basic",
        absorbs=True,
    ),
    Conversation(
        "Sofia Berg",
        "sofia.berg@example.com",
        18,
        (
            _c("My discount code ANCHOR10 says it has expired, but the newsletter came this morning?"),
            _c("Trying to check out right now.", 2),
        ),
        page="/checkout",
    ),
    Conversation(
        "Daniel Osei",
        "daniel.osei@example.com",
        26,
        (
            _c("The lantern I got does not switch on. New batteries, both ways round."),
            Said(
                "Mei",
                "Hello Daniel, I am sorry about that! Does the little red dot light up when you press it?",
                3,
            ),
            _c("No, nothing at all.", 2),
            _note("Mei", "Third one from batch B7 this week. @Tomas @Nora shall we pull them?", 1),
            Said("Mei", "Thank you. I am sending you a new one today; you can keep the old one.", 2),
            _c("That is kind, thank you! Same address as before please.", 3),
        ),
        page="/products/lantern",
        agent="Mei",
        team="Returns",
        category="Defect",
        tags=("Defect", "Warranty"),
        fields={"cause": "Product"},
    ),
    Conversation(
        "Hannah Schulz",
        "hannah.schulz@nordsee-charter.example",
        108,
        (
            _c("Could I get an invoice with our company's VAT number on it? DE 811 555 000."),
            Said("Jonas", "Of course. Which order is it for?", 4),
            _c("20377, from Monday.", 6),
        ),
        page="/account",
        agent="Jonas",
        category="Invoice",
        tier="enterprise",
        fields={"order_number": "20377"},
    ),
    Conversation(
        "Yusuf Demir",
        "yusuf.demir@example.com",
        70,
        (
            _c("I was charged twice for order 20391. €184 each. Please fix this today."),
            _c("Hello?", 12),
        ),
        page="/orders",
        client=CHROME,
        priority="critical",
        team="Orders",
        category="Payment",
        fields={"order_number": "20391"},
    ),
    Conversation(
        "Grace Kim",
        "grace.kim@example.com",
        95,
        (
            _c("Which size of life vest fits a 9-year-old of 31 kg?"),
            Said("Tomas", "Hello Grace! For 31 kg the Junior (30 to 40 kg) is the right one.", 2),
            Said(
                "Tomas", "It should be snug: lift it by the shoulders, and it must not come over the ears.", 1
            ),
            _c("Perfect, ordering that one. Thanks Tomas!", 5),
        ),
        page="/products/life-vest",
        client=SAFARI,
        agent="Tomas",
        status="resolved",
        category="Advice",
        fields={"cause": "Advice"},
    ),
    Conversation(
        "Pieter de Vries",
        "pieter.devries@example.com",
        180,
        (
            _c("Is the brass compass back in stock soon? I would take four."),
            Said("Mei", "We expect 60 pieces next Tuesday. Shall I put four aside for you?", 5),
            _c("Yes please!", 4),
            Said("Mei", "Done. I write to you as soon as they are here.", 2),
        ),
        page="/products/compass",
        agent="Mei",
        status="pending",
        own_status="Waiting for stock",
        category="Stock",
    ),
    Conversation(
        "Marie Laurent",
        "marie.laurent@example.com",
        260,
        (
            _c("Bonjour, do you also sell in your shop in Kiel, or only online?"),
            Said("Jonas", "Bonjour Marie! We are at the harbour, Monday to Saturday from 9 to 18.", 6),
            _c("Super, see you on Saturday.", 3),
        ),
        page="/contact",
        agent="Jonas",
        status="closed",
        fields={"cause": "Advice"},
    ),
    Conversation(
        "Ingrid Solheim",
        "ingrid.solheim@example.com",
        340,
        (
            _c("The zip of my two-year-old jacket broke. Is that something you repair?"),
            Said("Tomas", "Gladly: zips are repaired free of charge for five years. I mail you a label.", 9),
            _note("Tomas", "Label RT-3391 sent. Workshop says about ten days.", 4),
        ),
        page="/repairs",
        agent="Tomas",
        team="Returns",
        status="pending",
        own_status="In the workshop",
        category="Repair",
        tags=("Warranty",),
        fields={"cause": "Product"},
    ),
    Conversation(
        "Ben Whitaker",
        "ben.whitaker@lakeside-sailing.example",
        520,
        (
            Said(
                "Nora",
                "Called in: wants an offer for 25 crew jackets with the club's crest by Friday.",
                0,
                "note",
            ),
            _note("Nora", "@Jonas you did the one for Lübeck, can you take this?", 2),
        ),
        agent="Jonas",
        priority="high",
        category="Offer",
        title="Offer for 25 crew jackets with crest",
        tier="premium",
        tags=("Bulk order",),
        followers=("Nora",),
    ),
    Conversation(
        "Ruth Calloway",
        "ruth.calloway@lakeside-sailing.example",
        410,
        (
            _c(
                "Ben asked me to send you the crest for the crew jackets. Is a photograph of our pennant "
                "good enough, or do you need a drawing?\n\nRuth Calloway\nLakeside Sailing Club"
            ),
            Said(
                "Jonas",
                "Dear Ruth, a drawing please, as SVG or PDF. The photograph helps for the colours.",
                38,
            ),
            _c("Our sailmaker has one. I will send it on as soon as she is back at her desk.\n\nRuth", 55),
            Said("Jonas", "Perfect, no hurry before Thursday.", 12),
        ),
        agent="Jonas",
        title="The crest for our crew jackets",
        status="pending",
        channel="email",
        tier="basic",
        tags=("Bulk order",),
        child_of="Ben Whitaker",
    ),
    Conversation(
        "Henrik Dahl",
        "henrik.dahl@example.com",
        150,
        (
            _c("I need 60 m of 10 mm anchor chain, galvanised. Can you cut it to length?"),
            Said("Tomas", "We can. Shall I call you about the markings? It is quicker than typing.", 7),
            _c("Yes, tomorrow after ten please, I am on the water today.", 3),
        ),
        page="/products/anchor-chain",
        client=SAFARI,
        agent="Tomas",
        category="Advice",
        snooze_hours=20,
    ),
    Conversation(
        "Frieda Maar",
        "frieda.maar@example.com",
        58,
        (
            _c(
                "I would like to send back the deck shoes of order 20355: they are fine, just a size too "
                "small. Do I need a label, or can I bring them along to Kiel?"
            ),
        ),
        team="Returns",
        title="Returning the deck shoes",
        channel="form",
    ),
    Conversation(
        "Luca Moretti",
        "luca.moretti@example.com",
        34,
        (_c("Hello, what would the 40 m mooring rope cost with delivery to Genoa?\n\nLuca Moretti"),),
        title="Mooring rope to Italy",
        channel="email",
        tier="basic",
    ),
    Conversation(
        "Noah Fischer",
        "noah.fischer@example.com",
        7,
        (
            _c("The jacket came in red, but I ordered it in navy. Order 20402."),
            _c("Can I swap it? I leave for Norway on Sunday.", 1),
        ),
        page="/orders",
        client=CHROME,
        is_routed=True,
        fields={"order_number": "20402"},
    ),
    Conversation(
        "Olivia Santos",
        "olivia.santos@example.com",
        900,
        (
            _c("Where is my parcel? The tracking has not moved since Thursday."),
            Said("Mei", "It is held at the depot because of the storm; it goes out again tomorrow.", 8),
            _c("Ah, thanks for looking!", 15),
        ),
        page="/orders",
        client=CHROME,
        agent="Mei",
        status="resolved",
        category="Delivery",
        tags=("Storm delay",),
        fields={"cause": "Delivery"},
    ),
    Conversation(
        "SEO Wizards",
        "offers@seo-wizards.example",
        1100,
        (_c("Dear owner, we can bring your web site to the 1st place in all searches!!!"),),
        spam=True,
    ),
    Conversation(
        "Karim Haddad",
        "karim.haddad@example.com",
        1500,
        (
            _c("Are the deck shoes true to size? I am between 43 and 44."),
            Said("Jonas", "They run a little small: take the 44.", 4),
            _c("Thanks, 44 it is.", 2),
            Said("Jonas", "Fair winds!", 1),
        ),
        page="/products/deck-shoes",
        agent="Jonas",
        status="closed",
        category="Advice",
        fields={"cause": "Advice"},
    ),
)
