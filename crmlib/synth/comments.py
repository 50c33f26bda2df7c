"""What customers write beside their score: short, in their language, about the touchpoint they were asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.synth import columns

if TYPE_CHECKING:
    from crmlib.arrays import Bools, Ints


__all__ = ["TOUCHPOINTS", "write_comments"]

TOUCHPOINTS = ("relationship", "checkout", "delivery", "product", "returns", "support")
"""Touchpoints of the surveys: the relationship as a whole (NPS), then single moments (CSAT)."""

# By touchpoint, then unhappy / in between / happy, then openings and endings that are put together at random.
_ITALIAN = (
    ((("La consegna è stata un problema", "Mi aspettavo di più", "Prezzi saliti troppo", "Troppe email"),
      (", peccato.", ", non so se torno.", " e l'assistenza non risponde.", ".")),
     (("Tutto nella norma", "Qualche ritardo ma prodotti buoni", "Discreto"),
      (".", ", si può migliorare.", ", vediamo.")),
     (("Prodotti ottimi", "Caffè buonissimo", "Bel negozio", "Sempre gentili", "Ottimo rapporto qualità prezzo"),
      (", consigliato!", ", tornerò di sicuro.", " 😊", ". Grazie!"))),
    ((("Il codice sconto non funzionava", "Pagamento rifiutato due volte", "Troppi passaggi per pagare"),
      (".", ", ho quasi rinunciato.")),
     (("Pagamento ok", "Abbastanza semplice"), (".", ", ma la pagina è lenta.")),
     (("Ordine fatto in due minuti", "Pagamento semplice", "Molto chiaro"), (".", ", bravi!"))),
    ((("Pacco in ritardo", "Corriere mai passato", "Scatola rovinata", "Consegna una settimana dopo"),
      (" e nessun avviso.", ", era un regalo!", ".", " 😡")),
     (("Arrivato con un giorno di ritardo", "Consegna nella media"), (".", ", imballo buono.")),
     (("Consegna velocissima", "Corriere puntuale", "Imballo perfetto"), (".", ", complimenti!"))),
    ((("Diverso dalla foto", "Si è rotto subito", "Qualità bassa per il prezzo"), (".", ", delusa.", ", lo rimando.")),
     (("Carino", "Buono ma caro"), (".", ", nulla di speciale.")),
     (("Bellissimo", "Qualità eccellente", "Profumo fantastico"), (".", ", lo ricompro.", " ❤️"))),
    ((("Rimborso dopo un mese", "Reso complicato", "Spese di reso a mio carico"), (".", ", mai più.")),
     (("Reso accettato ma lento", "Procedura così così"), (".", ", meglio un'etichetta già pronta.")),
     (("Reso facile", "Rimborso rapido"), (".", ", grazie."))),
    ((("Nessuno risponde", "Tre giorni per una risposta", "Mi hanno fatto ripetere tutto"), (".", ", assurdo.")),
     (("Risposta arrivata, un po' fredda", "Problema risolto a metà"), (".", ", va bene.")),
     (("Risolto in un'ora", "Operatrice gentilissima", "Assistenza ottima"), (".", ", grazie mille!"))),
)  # fmt: skip
_ENGLISH = (
    ((("Delivery was a problem", "I expected more", "Prices went up", "Too many emails"),
      (", shame.", ", not sure I will be back.", " and nobody answers.", ".")),
     (("Fine overall", "Some delay but good products", "Average"), (".", ", could be better.")),
     (("Great products", "Lovely coffee", "Nice shop", "Always kind"),
      (", recommended!", ", will be back.", " 😊", "."))),
    ((("The discount code did not work", "Card declined twice", "Too many steps to pay"), (".", ", nearly gave up.")),
     (("Payment ok", "Simple enough"), (".", ", but the page is slow.")),
     (("Ordered in two minutes", "Easy checkout"), (".", ", well done!"))),
    ((("Parcel late", "The courier never came", "Box damaged", "Delivered a week later"),
      (" and no notice.", ", it was a present!", ".")),
     (("One day late", "Ordinary delivery"), (".", ", well packed.")),
     (("Very fast delivery", "Courier on time", "Perfect packing"), (".", ", well done!"))),
    ((("Not as in the picture", "Broke at once", "Poor quality for the price"), (".", ", sending it back.")),
     (("Nice", "Good but dear"), (".", ", nothing special.")),
     (("Beautiful", "Excellent quality", "Smells wonderful"), (".", ", will buy again."))),
    ((("Refund after a month", "Complicated return", "Had to pay for the return"), (".", ", never again.")),
     (("Return accepted but slow", "So-so procedure"), (".",)),
     (("Easy return", "Quick refund"), (".", ", thanks."))),
    ((("Nobody answers", "Three days for a reply", "Had to repeat everything"), (".", ", absurd.")),
     (("Answered, a little cold", "Half solved"), (".",)),
     (("Solved within an hour", "Very kind operator", "Great support"), (".", ", thank you!"))),
)  # fmt: skip
_WRITES = (0.48, 0.18, 0.30)  # share of those who answer that also write: unhappy, in between, happy


def write_comments(
    rng: np.random.Generator,
    touchpoint: Ints,
    mood: Ints,
    english: Bools,
    answered: Bools,
) -> Any:
    """Return a comment per answer, null for most.

    Parameters
    ----------
    rng
        Where the randomness comes from.
    touchpoint
        Position in `TOUCHPOINTS`.
    mood
        0 unhappy, 1 in between, 2 happy.
    english, answered
        The language, and whether there is an answer at all.
    """
    pool: list[str] = []
    start = np.zeros((2, len(TOUCHPOINTS), 3), dtype=np.int64)
    length = np.zeros_like(start)
    for language, texts in enumerate((_ITALIAN, _ENGLISH)):
        for place, moods in enumerate(texts):
            for feeling, (openings, endings) in enumerate(moods):
                start[language, place, feeling] = len(pool)
                pool += [opening + ending for opening in openings for ending in endings]
                length[language, place, feeling] = len(pool) - start[language, place, feeling]
    writes = answered & (rng.random(len(mood)) < np.array(_WRITES)[mood])
    cell = (english.astype(np.int64), touchpoint, mood)
    text = start[cell] + (rng.random(len(mood)) * length[cell]).astype(np.int64)
    return columns.labels(pool, np.where(writes, text, -1))
