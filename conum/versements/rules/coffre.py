"""Chiffrer au repos ce qui mène à un compte bancaire : IBAN et fichiers de virements. Sans Django.

La première clé chiffre, toutes déchiffrent : on change de clé en ajoutant la nouvelle devant, puis en rechiffrant.
"""

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class ClePerdue(Exception):
    """Aucune des clés données n'ouvre ce qui est chiffré."""


def _trousseau(cles: Sequence[str]) -> MultiFernet:
    return MultiFernet([Fernet(cle) for cle in cles])


def chiffrer(clair: bytes, cles: Sequence[str]) -> bytes:
    return _trousseau(cles).encrypt(clair)


def dechiffrer(chiffre: bytes, cles: Sequence[str]) -> bytes:
    """Raises: ClePerdue."""
    try:
        return _trousseau(cles).decrypt(chiffre)
    except InvalidToken:
        raise ClePerdue("Aucune clé de CONUM_CLES_BANCAIRES ne déchiffre cette donnée.") from None


def empreinte(texte: str, cle: str) -> str:
    """HMAC-SHA-256 : reconnaît un même texte sans le révéler à qui n'a pas la clé."""
    derivee = hashlib.sha256(b"conum, empreinte" + cle.encode()).digest()
    return hmac.new(derivee, texte.encode(), hashlib.sha256).hexdigest()


def empreintes(texte: str, cles: Sequence[str]) -> tuple[str, ...]:
    """Une par clé : pendant un changement de clé, l'une ou l'autre peut être en base."""
    return tuple(empreinte(texte, cle) for cle in cles)


def est_une_cle(cle: str) -> bool:
    try:
        Fernet(cle)
    except ValueError:
        return False
    return True


def nouvelle_cle() -> str:
    return Fernet.generate_key().decode()
