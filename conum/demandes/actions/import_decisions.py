"""Import d'un tableau de décisions : lire, montrer ligne à ligne, puis appliquer en revérifiant sous verrou."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from conum.comptes.models import Role
from conum.demandes import rules
from conum.demandes.access import peut_tenir_session
from conum.demandes.actions.comite import DecisionVoulue, Lot, decider_en_lot
from conum.demandes.models import Demande, ImportDecisions, Nature, SensDecision, SessionComite, Soldes
from conum.demandes.states import DECIDES, EtatSession
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.socle.tableaux import Ligne, lire_xlsx
from conum.socle.texte import normaliser

LIGNES_MAX = 5_000
COLONNES = {
    "reference": "Référence",
    "siret": "SIRET",
    "structure": "Structure",
    "demandes": "Postes demandés",
    "avis": "Avis",
    "decision": "Décision",
    "postes": "Postes accordés",
    "motif": "Motif",
    "precisions": "Précisions",
    "observations": "Observations",
}
OBLIGATOIRES = ("reference", "decision")
_DECISIONS = {
    **dict.fromkeys(
        ("attribuer", "attribuee", "attribue", "attribution", "positif", "accorder"), SensDecision.ATTRIBUEE
    ),
    **dict.fromkeys(("refuser", "refusee", "refuse", "refus", "negatif"), SensDecision.REFUSEE),
}


def modele(session: SessionComite) -> Iterator[list[Any]]:
    """L'ordre du jour à remplir, dans l'ordre de `COLONNES` ; les décisions déjà prises n'y sont plus."""
    demandes = Demande.objects.ouvertes().filter(session=session).select_related("structure").prefetch_related("avis")
    for demande in demandes.order_by("departement_id", "pk"):
        avis = demande.avis_en_vigueur
        assert demande.structure is not None
        yield [
            demande.reference, demande.structure.numero, demande.structure.nom, demande.postes_demandes,
            avis.get_sens_display() if avis else "Sans objet", "", None, "", "", "",
        ]  # fmt: skip


def deposer_import(session: SessionComite, contenu: bytes, *, fichier: str, par: Acteur) -> ImportDecisions:
    """Lit le classeur et garde le compte rendu ligne à ligne. Aucune décision n'est prise.

    Raises:
        TableauIllisible: le fichier entier est refusé (format, colonnes, taille).
        TransitionImpossible: la session est tenue.
    """
    if not isinstance(par, Role) or not peut_tenir_session(par, session):
        raise PermissionDenied
    if session.etat != EtatSession.PREPARATION:
        raise TransitionImpossible(f"Le {session} est tenu : ses décisions ne changent plus.")
    lues = lire_xlsx(contenu, COLONNES, obligatoires=OBLIGATOIRES, maximum=LIGNES_MAX)
    with transaction.atomic():
        import_ = ImportDecisions.objects.create(
            session=session, fichier=fichier[:200], lignes=_Examen(session).examiner(lues), role=par
        )
        noter(session, "deposer_import", par=par, donnees={"import": import_.pk, "lignes": len(import_.lignes)})
    return import_


def _motifs(texte: str, type_poste: str) -> tuple[list[str], list[str]]:
    """Codes reconnus et morceaux inconnus d'une cellule « motif ; motif » (code, ou libellé publié)."""
    formes = {}
    for code, libelle in rules.motifs_refus(type_poste).items():
        formes[normaliser(code)] = formes[normaliser(libelle)] = code
    morceaux = [m.strip() for m in texte.split(";") if m.strip()]
    codes = [formes[normaliser(m)] for m in morceaux if normaliser(m) in formes]
    return list(dict.fromkeys(codes)), [m for m in morceaux if normaliser(m) not in formes]


class _Examen:
    """Passe les lignes en revue dans l'ordre, en décomptant les enveloppes comme le fera l'application."""

    def __init__(self, session: SessionComite) -> None:
        self.session = session
        self.soldes = Soldes.de(session.date.year)
        self.pris_national = 0
        self.pris: dict[str, int] = {}
        self.vues: dict[int, int] = {}
        demandes = Demande.objects.filter(session=session).select_related("structure", "departement")
        self.demandes = {d.pk: d for d in demandes.prefetch_related("avis").order_by("pk")}

    def examiner(self, lues: list[Ligne]) -> list[dict[str, Any]]:
        return [self._ligne(lue) for lue in lues]

    def _ligne(self, lue: Ligne) -> dict[str, Any]:
        c = lue.cellules
        compte_rendu: dict[str, Any] = {
            "ligne": lue.numero, "reference": c["reference"][:40], "siret": c["siret"][:40], "structure": "",
            "demande": None, "decision": "", "postes": 0, "motifs": [], "motif_libre": c["precisions"],
            "observations": c["observations"], "erreur": "",
        }  # fmt: skip
        numero = rules.numero_de_reference(c["reference"])
        demande = self.demandes.get(numero) if numero else None
        if demande is None:
            compte_rendu["erreur"] = "Cette référence n'est pas à l'ordre du jour de la session."
            return compte_rendu
        assert demande.structure is not None
        compte_rendu |= {"demande": demande.pk, "reference": demande.reference, "structure": demande.structure.nom}
        compte_rendu["erreur"] = self._lire(demande, lue, compte_rendu)
        return compte_rendu

    def _lire(self, demande: Demande, lue: Ligne, compte_rendu: dict[str, Any]) -> str:
        """Remplit la décision lue ; rend la raison du refus de la ligne, vide si elle est bonne."""
        c = lue.cellules
        assert demande.structure is not None
        if demande.pk in self.vues:
            return f"Cette demande est déjà à la ligne {self.vues[demande.pk]}."
        self.vues[demande.pk] = lue.numero
        if c["siret"] and _chiffres(c["siret"]) != demande.structure.numero:
            return f"Le SIRET n'est pas celui de {demande.reference}."
        if not c["decision"]:
            return ""
        sens = _DECISIONS.get(normaliser(c["decision"]))
        if sens is None:
            return (
                f"Décision « {c['decision'][:40]} » inconnue : écrivez « attribuer » ou « refuser », ou laissez vide."
            )
        if demande.etat in DECIDES:
            return f"Déjà décidée : {demande.get_etat_display().lower()}."
        if len(c["precisions"]) > rules.TEXTE_MAX or len(c["observations"]) > rules.TEXTE_MAX:
            return f"Précisions et observations : {rules.TEXTE_MAX} caractères au plus."
        compte_rendu["decision"] = sens.value
        if sens == SensDecision.REFUSEE:
            return self._lire_refus(demande, c, compte_rendu)
        return self._lire_attribution(demande, c, compte_rendu)

    def _lire_refus(self, demande: Demande, c: Mapping[str, str], compte_rendu: dict[str, Any]) -> str:
        codes, inconnus = _motifs(c["motif"], demande.type_poste)
        if inconnus:
            return f"Motif inconnu : « {inconnus[0][:80]} »."
        if c["postes"] not in ("", "0"):
            return "Un refus n'accorde aucun poste : videz la colonne « Postes accordés »."
        compte_rendu["motifs"] = codes
        return " ".join(e.message for e in rules.verifier_refus(codes, demande.type_poste))

    def _lire_attribution(self, demande: Demande, c: Mapping[str, str], compte_rendu: dict[str, Any]) -> str:
        if not (c["postes"].isascii() and c["postes"].isdigit() and len(c["postes"]) < 5):
            return "Écrivez le nombre de postes accordés en chiffres."
        postes = compte_rendu["postes"] = int(c["postes"])
        if demande.nature != Nature.RENDU and demande.avis_en_vigueur is None:
            return "La préfecture n'a pas rendu d'avis sur cette demande."
        code = demande.departement_id or ""
        national = departement = None
        if demande.nature != Nature.RENDU:
            annee = self.session.date.year
            national = (f"nationale {annee}", self._solde(self.soldes.national, self.pris_national))
            solde = self._solde(self.soldes.du_departement(code), self.pris.get(code, 0))
            departement = (f"du département {demande.departement} pour {annee}", solde)
        erreurs = rules.verifier_attribution(
            postes=postes, demandes=demande.postes_demandes or 0, national=national, departement=departement
        )
        if not erreurs and national is not None:
            self.pris_national += postes
            self.pris[code] = self.pris.get(code, 0) + postes
        return " ".join(e.message for e in erreurs)

    @staticmethod
    def _solde(solde: rules.Solde, pris: int) -> rules.Solde:
        return rules.Solde(solde.postes, solde.attribues + pris)


def _chiffres(texte: str) -> str:
    return "".join(c for c in texte if c.isdigit())


def a_decider(lignes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Les lignes lues sans erreur qui portent une décision."""
    return [ligne for ligne in lignes if ligne["decision"] and not ligne["erreur"]]


def appliquer_import(import_: ImportDecisions, *, par: Acteur, tout_ou_rien: bool) -> Lot:
    """Applique les lignes retenues, une seule fois, tout revérifié sous verrou ; le reste n'écrit rien.

    Raises:
        TransitionImpossible: déjà appliqué, rien à appliquer, ou une ligne refusée alors qu'on voulait tout.
    """
    with transaction.atomic():
        courant = ImportDecisions.objects.select_for_update(of=("self",), no_key=True).get(pk=import_.pk)
        if courant.applique_le is not None:
            raise TransitionImpossible("Ce fichier est déjà appliqué.")
        if tout_ou_rien and any(ligne["erreur"] for ligne in courant.lignes):
            raise TransitionImpossible("Des lignes sont refusées : corrigez le fichier, ou n'appliquez que les bonnes.")
        lignes = a_decider(courant.lignes)
        if not lignes:
            raise TransitionImpossible("Aucune ligne ne porte de décision à appliquer.")
        voulues = [
            DecisionVoulue(
                demande=ligne["demande"], sens=ligne["decision"], postes=ligne["postes"],
                motifs=tuple(ligne["motifs"]), motif_libre=ligne["motif_libre"], observations=ligne["observations"],
            )
            for ligne in lignes
        ]  # fmt: skip
        lot = decider_en_lot(courant.session, voulues, par=par, tout_ou_rien=tout_ou_rien)
        for ligne in courant.lignes:
            if ligne["demande"] in lot.erreurs and ligne["decision"]:
                ligne["erreur"] = " ".join(e.message for e in lot.erreurs[ligne["demande"]])
        if not lot.annule:
            courant.applique_le = timezone.now()
            noter(
                courant.session, "appliquer_import", par=par,
                donnees={"import": courant.pk, "decidees": len(lot.decidees), "refusees": len(lot.erreurs)},
            )  # fmt: skip
        courant.save(update_fields=["lignes", "applique_le"])
        return lot


def purger_imports(avant: Any) -> int:
    """Efface les imports déposés avant cet instant ; rend leur nombre."""
    return ImportDecisions.objects.filter(created_at__lt=avant).delete()[0]
