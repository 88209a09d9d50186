"""Le code imprimé sur un document, qui mène à sa page de vérification publique."""

import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LONGUEUR_CODE = 12


def nouveau_code() -> str:
    """60 bits tirés au sort, sans lettre qui se confonde avec un chiffre."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LONGUEUR_CODE))


def lisible(code: str) -> str:
    """« ABCD-EFGH-JKLM »."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))
