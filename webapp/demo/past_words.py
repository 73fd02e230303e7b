"""What the demo's customers wrote about in the weeks before, as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """Something that people ask again and again. `weight`: how often, among the others."""

    weight: int
    subject: str
    category: str
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    team: str | None = None
    tag: str | None = None
    cause: str = "Advice"


TOPICS = (
    Topic(
        9,
        "Where is my order?",
        "Delivery",
        (
            "My order was to be here two days ago and the tracking page has not moved since. Where is it?",
            "Hi, has my parcel left your warehouse yet? We sail on Saturday.",
            "The carrier says delivered, but nothing has arrived here.",
        ),
        (
            "It is with the carrier and comes tomorrow before noon. I have put the link into your account.",
            "I am sorry! The depot had held it back; it is on the van now.",
        ),
        team="Orders",
        cause="Delivery",
    ),
    Topic(
        7,
        "The wrong size",
        "Exchange",
        (
            "The oilskin trousers are too long for me. Can I change them for an M short?",
            "I ordered deck shoes in 42 and need a 43. How do I send them back?",
        ),
        (
            "Of course. The label is in your account, and the other size leaves today.",
            "Gladly: put them back into their box, the carrier collects it on Thursday.",
        ),
        team="Returns",
        cause="Product",
    ),
    Topic(
        6,
        "Which rope for a 34-foot boat?",
        "Advice",
        (
            "What diameter would you take for mooring lines on a 34-foot boat of six tonnes?",
            "Is the polyester halyard much better than the nylon one, or only dearer?",
        ),
        (
            "14 mm is right for six tonnes; take four lines of one and a half boat lengths.",
            "For a halyard always the polyester: it does not stretch, and lasts twice as long.",
        ),
    ),
    Topic(
        5,
        "Charged twice",
        "Payment",
        (
            "My card shows the amount twice for one order. Please put that right.",
            "I cancelled yesterday, but the money was taken this morning.",
        ),
        (
            "The second one is only reserved and goes away within two days. I have asked the bank.",
            "I have sent it back just now; your bank needs one to three days.",
        ),
        team="Orders",
        cause="Payment",
    ),
    Topic(
        5,
        "A lamp that does not work",
        "Defect",
        (
            "The head torch goes out after a minute, with new batteries too.",
            "There is water behind the glass of the compass light after its first trip.",
        ),
        (
            "That should not be. A new one is on its way; you need not send the old one back.",
            "We change it, of course. Could you send me a photograph for the maker?",
        ),
        team="Returns",
        tag="Defect",
        cause="Product",
    ),
    Topic(
        4,
        "Invoice with our VAT number",
        "Invoice",
        (
            "We need an invoice with our VAT number on it for last month's order.",
            "Could you send the invoice to our bookkeeping as well?",
        ),
        (
            "Done: the new invoice is in your inbox, and the number stays in your account.",
            "I have sent it to both addresses, and will do so from now on.",
        ),
        cause="Payment",
    ),
    Topic(
        3,
        "An offer for our club",
        "Offer",
        (
            "We are forty members and would like the same life vest for everybody. What can you offer us?",
            "What would 20 pairs of gloves with our crest cost?",
        ),
        (
            "From thirty pieces it is twelve per cent less, delivery included. The offer is attached.",
            "I have made you an offer with two sorts of embroidery; it holds until the end of the month.",
        ),
        tag="Bulk order",
    ),
    Topic(
        3,
        "Repair of a life vest",
        "Repair",
        (
            "My inflatable vest is due for service. Do you do that, and how long does it take?",
            "The zip of the bag has come off. Is that covered by the guarantee?",
        ),
        (
            "We do: send it in with the label from your account, it is back within eight days.",
            "It is. I have ordered the part, and the workshop calls you.",
        ),
        team="Returns",
        tag="Warranty",
        cause="Product",
    ),
    Topic(
        3,
        "Late because of the storm",
        "Delivery",
        (
            "The ferry to the island does not run. What happens to my parcel?",
            "Will it still come this week with this weather?",
        ),
        (
            "It waits at the harbour and goes with the first ferry. We keep an eye on it.",
            "The carrier hopes for Thursday. If you need it sooner you can collect it in Kiel.",
        ),
        tag="Storm delay",
        cause="Delivery",
    ),
)
MORE = (
    "Thank you. And does it need anything special for salt water?",
    "And if I am not at home then?",
    "Good to know. Can I add a pair of gloves to the same parcel?",
    "One more thing: would express be possible?",
    "Sorry, I have just seen that there is another one missing as well.",
)
AGAIN = (
    "I am afraid it is still not right.",
    "Hello again, this has come up once more.",
    "It worked for a day, and now it is as before.",
)
REPLIES = (
    "Yes, that is no problem at all.",
    "I have noted that for you; you will see it in your account.",
    "I have asked the warehouse: it can be done today.",
    "Of course. I have changed it just now.",
)
NOTES = (
    "Called the carrier, they promise tomorrow.",
    "Second time for this customer, be generous.",
    "Warehouse says batch B6.",
)
FIRST_NAMES = (
    "Anna", "Ben", "Clara", "David", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jakob", "Karin", "Leo", "Maja",
    "Nils", "Olivia", "Paul", "Rosa", "Samuel", "Tilda", "Viktor",
)  # fmt: skip
LAST_NAMES = (
    "Ahlgren", "Becker", "Costa", "Dietrich", "Eriksen", "Fontaine", "Graf", "Hansen", "Ivanova", "Jansen",
    "Keller", "Larsson", "Martin", "Novak", "Olsen", "Petrov", "Rossi", "Schmidt", "Thomsen", "Vogel",
)  # fmt: skip
