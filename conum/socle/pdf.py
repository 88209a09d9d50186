"""Documents PDF accessibles : un gabarit typst et des données, un PDF balisé (PDF/UA-1)."""

import json
from pathlib import Path
from typing import Any

import qrcode
import typst
from django.http import HttpResponse


def produire(gabarit: Path, donnees: dict[str, Any]) -> bytes:
    """Compile `gabarit` (.typ), qui lit `donnees` par `json(bytes(sys.inputs.donnees))`.

    Seules les polices contenues dans typst servent : le document est le même sur toute machine, réseau coupé.

    Raises:
        typst.TypstError: le gabarit est faux, ou le document ne respecte pas PDF/UA-1 (titre, langue, alternatives).
    """
    return typst.compile(
        gabarit,
        root=gabarit.parent,
        ignore_system_fonts=True,
        sys_inputs={"donnees": json.dumps(donnees, ensure_ascii=False)},
        format="pdf",
        pdf_standards=["ua-1"],
    )


def modules_qr(texte: str) -> list[str]:
    """Les modules du code QR, ligne par ligne : « 1 » noir. Le gabarit les dessine."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=2)
    code.add_data(texte)
    return ["".join("1" if module else "0" for module in ligne) for ligne in code.get_matrix()]


def reponse(contenu: bytes, nom: str) -> HttpResponse:
    """Réponse à télécharger, nommée `<nom>.pdf`."""
    response = HttpResponse(contenu, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{nom}.pdf"'
    return response
